"""What becomes of every estate on every plane, in digests: `python -m tests.conformance.digests`.

For a process with another order of sets than that of the tests, see `test_output`.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import ExitStack

from segkit.artifacts import canonical_json
from segkit.compiler import compile_model
from segkit.verify import prove
from tests.conformance.estates import modes, ranges, shop, tiers, two_networks
from tests.conformance.planes import ENCODINGS, PLANES


def main() -> None:
    """Writes a line for each estate in each encoding: documents, what is said of them, and their proof."""
    with ExitStack() as stack:
        for plane in PLANES:
            stack.enter_context(plane.unlimited())
        for plane, encoding in ENCODINGS:
            for make in (shop, ranges, modes, two_networks, tiers):
                done = compile_model(make(plane, encoding).build())
                proof = prove(done.model, done.fragment, intent=done.intent, residuals=done.residuals)
                said = [*map(str, done.residuals), *(w.text() for w in done.warnings), proof.text()]
                text = canonical_json(done.fragment) + "\n".join([*said, *proof.notes]).encode()
                digest = hashlib.sha256(text).hexdigest()
                sys.stdout.write(f"{plane.name} {encoding} {make.__name__} {digest}\n")


if __name__ == "__main__":
    main()

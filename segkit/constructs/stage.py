"""What a segmentation does while its stack is synthesised.

The library calls `toTerraform` to prepare, then aspects, then validations, then `toTerraform` for good. So
the model is compiled at the first call and its errors kept; the validation reports them all and proves the
model against the whole stack; and the last call proves by itself where validations were skipped, so nothing
leaves unproved.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from segkit.artifacts import canonical_json, literal, write_atomic
from segkit.artifacts.fragment import prune
from segkit.compiler import Compilation, compile_model
from segkit.constructs import hcl
from segkit.constructs.findings import (
    Wanted,
    missing_memberships,
    overlaid,
    same_name,
    shared_addresses,
    unknown_workloads,
    untaken,
)
from segkit.constructs.library import classes
from segkit.constructs.tokens import plain, resolve_model
from segkit.errors import Problem, SegkitError
from segkit.model.intent_file import dump_intent
from segkit.model.segmentation import Segmentation as Builder
from segkit.verify import Proof, problems, prove

SKIP_PROOF = "SEGKIT_SKIP_PROOF"


class Outcome(NamedTuple):
    """What compiling gave: a compilation and its fragment, or what is wrong."""

    revision: int
    compilation: Compilation | None
    fragment: dict[str, Any]
    error: SegkitError | None = None


class SynthStage:
    """Compiles once, proves once a synth, and hands out the fragment."""

    def __init__(self, library: Any, scope: Any, name: str, builder: Builder, verify: bool) -> None:
        self.library = library
        self.builder = builder
        self.verify = verify
        self.revision = 0
        self.wanted: dict[str, Wanted] = {}
        self.problems: list[Problem] = []
        # The names declared in code; None when an inventory may hold more.
        self.workloads: set[str] | None = set()
        self.proof: Proof | None = None
        self._outcome: Outcome | None = None
        self._armed = False
        self._found: list[str] | None = None
        self._checked: Outcome | None = None
        self._sent: tuple[Outcome, dict[str, Any]] | None = None
        self._warned: set[str] = set()
        self._parts: dict[str, Any] = {}
        self.element = classes(library.__name__).element(scope, name, self)
        self.path: str = self.element.node.path
        self.stack = library.TerraformStack.of(self.element)
        self._root = self.element.node.root
        # Kept on the app, so that they live as long as it does.
        self._peers: list[SynthStage] = self._root.__dict__.setdefault("_segkit_stages", [])
        self._peers.append(self)

    def compiled(self) -> Outcome:
        """The compiled model; compiled again only when something was declared since."""
        if self._outcome is None or self._outcome.revision != self.revision:
            self._outcome = self._compile(self.revision)
        return self._outcome

    def arm(self) -> None:
        """A synth begins: its output has to be proved, and by this synth."""
        self._armed, self._found = True, None
        if os.environ.get("SYNTH_HCL_OUTPUT") in ("1", "true"):
            self._make_parts()

    def validate(self) -> list[str]:
        """The library's validation of the stack: what it returns ends the synth."""
        found = self.check()
        self._armed = self._armed and not found
        return found

    def check(self) -> list[str]:
        """Everything that forbids the output, as text: problems of the model, or what the proof found.

        Writes the intent and the proof beside the stacks.
        """
        outcome = self._checked = self.compiled()
        try:
            found = [*self.problems, *self._clashes(outcome)]
            if outcome.error is not None or outcome.compilation is None:
                found += outcome.error.problems if outcome.error else ()
                raise SegkitError([*found, *unknown_workloads(self.wanted.values(), self.workloads)])
            found += missing_memberships(self.wanted.values(), outcome.fragment, outcome.compilation.model)
            if found:
                raise SegkitError(found)
            if self._parts:
                self._make_parts()
            self._warn(problem.text() for problem in outcome.compilation.warnings)
            self._write("intent", dump_intent(outcome.compilation.model))
            self._found = self._prove(outcome.compilation)
        except SegkitError as error:
            self._found = [str(error)]
        except Exception:
            self._found = [_crash()]
        return self._found

    def emit(self) -> dict[str, Any]:
        """The fragment. Raises when nothing may be written."""
        self._refuse_unproved()
        outcome = self.compiled()
        if outcome.error is not None:
            # A preparing call: the validation will say so. Should anybody write this, Terraform refuses it.
            name = "_" + re.sub(r"\W", "_", self.builder.name)
            return {"resource": {"segkit_refused": {name: {"problems": literal(str(outcome.error))}}}}
        if self._sent is None or self._sent[0] is not outcome:
            # Each block crosses over to Node once; later calls only name it there.
            as_any = self.library.Token.as_any
            self._sent = outcome, {block: as_any(value) for block, value in outcome.fragment.items()}
        return self._sent[1]

    def emit_hcl(self) -> dict[str, Any]:
        """What the parts of `synth --hcl` leave. Raises when nothing may be written."""
        self._refuse_unproved()
        fragment = self.compiled().fragment
        if any(address not in self._parts for address, _ in hcl.parts(fragment)):
            raise RuntimeError(
                f"{self.path}: HCL was asked for without SYNTH_HCL_OUTPUT in the environment\n"
                "  why: the library writes one resource of each element, so segkit must know beforehand\n"
                "  fix: run cdktf synth --hcl, or set SYNTH_HCL_OUTPUT=true"
            )
        return hcl.rest(fragment)

    def _refuse_unproved(self) -> None:
        if not self._armed or _Reading.depth:
            return
        found = self._found
        if found is None or self.compiled() is not self._checked:
            # The library's validations are switched off, or something was declared after them: check here.
            found = self.check()
        self._armed = False
        if found:
            raise RuntimeError(f"{self.path}: " + "\n".join(found))

    def _compile(self, revision: int) -> Outcome:
        try:
            model = resolve_model(self.builder.build(), self._resolve)
            self._warn(problem.text() for problem in self.builder.warnings)
            compilation = compile_model(model)
            return Outcome(revision, compilation, prune(plain(compilation.fragment)))
        except SegkitError as error:
            return Outcome(revision, None, {}, error)
        except Exception:
            return Outcome(revision, None, {}, SegkitError(Problem(_crash())))

    def _resolve(self, data: dict[str, Any]) -> dict[str, Any]:
        library = self.library
        resolver = library.DefaultTokenResolver(library.StringConcat())
        found: dict[str, Any] = library.Tokenization.resolve(
            data, scope=self.stack, resolver=resolver, preparing=True
        )
        return found

    def _prove(self, compilation: Compilation) -> list[str]:
        if not self.verify or os.environ.get(SKIP_PROOF, "") not in ("", "0"):
            self._warn([f"the proof was skipped ({SKIP_PROOF if self.verify else 'verify=False'})"])
            return []
        with _reading():
            document = self.stack.to_terraform()
        if found := list(overlaid(self.path, self.compiled().fragment, document)):
            raise SegkitError(found)
        self.proof = prove(
            compilation.model, document, intent=compilation.intent, residuals=compilation.residuals
        )
        self._write("proof", canonical_json(self.proof.to_json()))
        self._warn(untaken(self.proof.memberships, self.wanted))
        if self.proof.ok:
            return []
        fixes = sorted({problem.fix for problem in problems(self.proof)})
        return ["\n".join([self.proof.text(), *(f"fix: {fix}" for fix in fixes)])]

    def _clashes(self, outcome: Outcome) -> Iterator[Problem]:
        for peer in self._peers[: self._peers.index(self)]:
            if peer.builder.name == self.builder.name:
                yield same_name(self.builder.name, self.path, peer.path)
            elif peer.stack is self.stack:
                others = peer.compiled().fragment
                yield from shared_addresses(self.path, outcome.fragment, peer.path, others)

    def _make_parts(self) -> None:
        current = dict(hcl.parts(self.compiled().fragment))
        for address, element in self._parts.items():
            element.blocks = current.get(address, {})
        part = classes(self.library.__name__).part
        for address, blocks in current.items():
            if address not in self._parts:
                self._parts[address] = part(self.element, address, blocks)

    def _warn(self, texts: Iterable[str]) -> None:
        for text in texts:
            if text not in self._warned:
                self._warned.add(text)
                self.library.Annotations.of(self.element).add_warning(text)

    def _write(self, kind: str, data: bytes) -> None:
        if isinstance(self._root, self.library.App):
            folder = Path(self._root.outdir) / "segkit"
            write_atomic(folder / f"{self.builder.name}.{kind}.json", data)
            self._forget_others(folder)

    def _forget_others(self, folder: Path) -> None:
        """Removes what synths of other apps left: it would be held against stacks it says nothing of."""
        names = {peer.builder.name for peer in self._peers}
        for suffix in (".intent.json", ".proof.json"):
            for old in folder.glob(f"*{suffix}"):
                if old.name.removesuffix(suffix) not in names:
                    old.unlink(missing_ok=True)


class _Reading:
    depth = 0


@contextmanager
def _reading() -> Iterator[None]:
    """While a proof reads the stack, every segmentation in it shows its fragment unproved."""
    _Reading.depth += 1
    try:
        yield
    finally:
        _Reading.depth -= 1


def _crash() -> str:
    # jsii would lose the traceback on the way through Node.
    return f"segkit failed; please report this:\n{traceback.format_exc()}"

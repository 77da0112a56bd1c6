"""What a segmentation writes into one stack, and what must be settled before the library may have it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from segkit.artifacts import literal
from segkit.constructs import hcl
from segkit.constructs.library import classes

if TYPE_CHECKING:
    from segkit.constructs.stage import Outcome, SynthStage

SYNTH_HCL = "SYNTH_HCL_OUTPUT"


class Outlet:
    """Stands in one stack for a segmentation: gives the library that stack's fragment, once it is proved."""

    def __init__(self, stage: SynthStage, scope: Any, name: str) -> None:
        self.stage = stage
        self.element = classes(stage.library.__name__).element(scope, name, self)
        self.path: str = self.element.node.path
        self.stack = stage.library.TerraformStack.of(self.element)
        self.name: str = self.stack.node.id
        self._armed = self._checked = False
        self.written: dict[str, Any] | None = None
        self._prepared: Outcome | None = None
        self._tokens: tuple[Outcome, dict[str, Any]] | None = None
        self._parts: dict[str, Any] = {}

    def arm(self) -> None:
        """A synth of this stack begins: its output has to be proved, and by this synth."""
        self._armed, self._checked, self.written = True, False, None
        self.stage.begin(self)
        if os.environ.get(SYNTH_HCL) in ("1", "true"):
            self._make_parts()

    def validate(self) -> list[str]:
        """The library's validation of the stack: what it returns ends the synth."""
        found = self.stage.check(self)
        self._armed, self._checked = self._armed and not found, True
        if self._parts and not found:
            self._make_parts()
        return found

    def emit(self) -> dict[str, Any]:
        """The fragment. Raises when nothing may be written."""
        self._refuse_unproved()
        outcome = self.stage.compiled()
        if not self._armed and not self.stage.reading():
            self._prepared = outcome
        if outcome.error is not None:
            # A preparing call: the validation will say so. Should anybody write this, Terraform refuses it.
            name = "_" + re.sub(r"\W", "_", self.stage.builder.name)
            return {"resource": {"segkit_refused": {name: {"problems": literal(str(outcome.error))}}}}
        if self._tokens is None or self._tokens[0] is not outcome:
            token = classes(self.stage.library.__name__).token
            self._tokens = (
                outcome,
                {
                    # A kind of resource at a time: less waits in Node to be taken apart.
                    block: {kind: token(named) for kind, named in value.items()}
                    if block in ("resource", "data")
                    else token(value)
                    for block, value in self.fragment().items()
                },
            )
        return self._tokens[1]

    def emit_hcl(self) -> dict[str, Any]:
        """What the parts of `synth --hcl` leave. Raises when nothing may be written."""
        self._refuse_unproved()
        fragment = self.fragment()
        if any(address not in self._parts for address, _ in hcl.parts(fragment)):
            raise RuntimeError(
                f"{self.path}: HCL was asked for without {SYNTH_HCL} in the environment\n"
                "  why: the library writes one resource of each element, so segkit must know beforehand\n"
                f"  fix: run cdktf synth --hcl, or set {SYNTH_HCL}=true"
            )
        return hcl.rest(fragment)

    def prepare(self) -> bool:
        """Has the stack publish what others take of it, as the library does when an app is synthesised.

        Returns whether that was still to be done.
        """
        if self._prepared is self.stage.compiled():
            return False
        self._prepared = self.stage.compiled()
        self.stack.prepare_stack()
        return True

    def fragment(self) -> dict[str, Any]:
        """What the segmentation writes here; nothing where it could not be compiled."""
        return self.stage.compiled().fragments.get(self.name, {})

    def _refuse_unproved(self) -> None:
        if not self._armed or self.stage.reading():
            return
        # Where validations are switched off, or something was declared after them, this checks.
        found = self.stage.verdict() if self._checked else None
        found = self.stage.check(self) if found is None else found
        self._armed = False
        if found:
            raise RuntimeError(f"{self.path}: " + "\n".join(found))
        self.written = self.fragment()

    def _make_parts(self) -> None:
        current = dict(hcl.parts(self.fragment()))
        for address, element in self._parts.items():
            element.blocks = current.get(address, {})
        part = classes(self.stage.library.__name__).part
        for address, blocks in current.items():
            if address not in self._parts:
                self._parts[address] = part(self.element, address, blocks)

"""The construct that everything else of a segmentation hangs on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from segkit.constructs.findings import Wanted
from segkit.constructs.library import classes, library_of
from segkit.errors import Problem, SegkitError
from segkit.model.caller import caller
from segkit.model.ends import End
from segkit.model.inventory import Inventory, Source
from segkit.model.model import Model
from segkit.model.policy_files import PolicyPath
from segkit.model.segmentation import Segmentation as Builder
from segkit.model.split import Part
from segkit.model.workloads import LabelSchema, Workload
from segkit.sets import ALL, Predicate

if TYPE_CHECKING:
    from segkit.compiler import Compilation
    from segkit.constructs.outlet import Outlet
    from segkit.verify import Proof


class Segmentation:
    """A segmentation inside a cdktf or cdktn app.

    `scope` is a stack or a construct in it, where the targets then are too, or the app, where each target
    names its stack; `id` names the segmentation and its files. `schema`,
    `inventory`, `today` and `policies` (policy files that add to what code declares) are those of
    `segkit.model.Segmentation`. At each synth the intent and its proof
    are written to `<outdir>/segkit/<id>.intent.json` and `<id>.proof.json`, and a difference between intent
    and Terraform fails the synth. `verify=False`, or SEGKIT_SKIP_PROOF=1 in the environment, leaves the proof
    out (never the checks). `since` is the intent file of what is deployed now: then this synth is the first
    of two, after which both forms are there, and what both intents allow passes at every moment; an apply
    without `since` takes the former form away. "nothing" stands for no file: groups and memberships come
    first, and what is decided with them in the second apply.

    Mistakes in what is declared do not raise here: the synth reports all of them together.

    Raises SegkitError when `scope` is in no app of either library.
    """

    def __init__(
        self,
        scope: Any,
        id: str,  # noqa: A002
        *,
        schema: str | os.PathLike[str] | Mapping[str, Any] | LabelSchema | None = None,
        inventory: Source | Sequence[Source] | None = None,
        today: date | str | None = None,
        policies: PolicyPath | Sequence[PolicyPath] | None = None,
        verify: bool = True,
        since: str | os.PathLike[str] | None = None,
    ) -> None:
        # Not at the top: the compiler and the proof are only needed once there is a stack.
        from segkit.constructs.stage import SynthStage

        library = library_of(scope)
        here = caller()
        where = f"{_path(scope, id)} ({here})"
        builder = Builder(id, schema=schema, inventory=inventory, today=today, policies=policies, where=where)
        self._tokens: dict[str, list[str]] = {}
        self._references: dict[str, str] = {}
        self._stage = SynthStage(library, scope, id, builder, verify, since)
        if inventory is not None or policies is not None:
            self._stage.workloads = None

    @property
    def name(self) -> str:
        """The id given to it."""
        return self._stage.builder.name

    @property
    def path(self) -> str:
        """Its construct path."""
        return self._stage.path

    @property
    def node(self) -> Any:
        """The construct node of its element in the tree; that of the app, where it belongs to no stack."""
        return self._stage.root.node if self._stage.home is None else self._stage.home.element.node

    def add(self, inventory: Inventory | Iterable[Workload]) -> None:
        """Take over workloads that were read elsewhere."""
        self._stage.workloads = None
        self._record().add(inventory)

    def end(self, text: str) -> End:
        """What a text in a policy file would stand for now; see `segkit.model.Segmentation.end`."""
        return self._record().end(text, where=self._where(text))

    def split_by(self, *keys: str, select: Predicate = ALL) -> tuple[Part, ...]:
        """The estate in parts, one for each combination of values of some labels: give each a stack and a
        target. See `segkit.model.Segmentation.split_by`."""
        return self._record().split_by(*keys, select=select, where=self._where("split_by"))

    def model(self) -> Model:
        """The model as compiled. Raises SegkitError with every problem."""
        return self.compile().model

    def compile(self) -> Compilation:
        """Compile now, for a test or a report; the synth uses the same result.

        Raises SegkitError with every problem.
        """
        outcome = self._stage.compiled()
        if outcome.compilation is None:
            raise outcome.error or SegkitError(())
        return outcome.compilation

    @property
    def proof(self) -> Proof | None:
        """The proof of the last synth; None before one."""
        return self._stage.proof

    # What the other constructs use.

    def _record(self) -> Builder:
        """The builder, to declare something."""
        self._stage.revision += 1
        return self._stage.builder

    def _where(self, name: object) -> str:
        """Construct path, file and line of what is being declared."""
        return f"{self._stage.path}/{name} ({caller()})"

    def _declared(self, workload: Workload) -> Workload:
        if self._stage.workloads is not None:
            self._stage.workloads.add(workload.name)
        return workload

    def _outlet(self, stack: Any, what: str, where: str) -> Outlet | None:
        """The outlet in a stack; without one, that of the segmentation's own, if it has any."""
        if stack is None:
            return self._stage.home
        if not self._stage.library.TerraformStack.is_stack(stack):
            kind = type(stack).__name__
            fix = "pass the TerraformStack itself"
            self._problem(f"the {what} is {kind}, which is no stack of this app", where, "", fix)
            return self._stage.home
        if stack.node.root is not self._stage.root:
            self._problem(
                f"the {what} is {stack.node.path}, of another app",
                where,
                "one app is synthesised at a time",
                "pass a stack of the app that the segmentation is in",
            )
            return self._stage.home
        return self._stage.outlet(stack)

    def _problem(self, what: str, where: str, why: str, fix: str) -> None:
        """Note what is wrong, for the synth to report."""
        self._stage.problems.append(Problem(what, where, why, fix))

    def _membership(
        self, target: str, workload: str, interface: str, local: str, outlet: Outlet | None
    ) -> list[str]:
        """A list token for the ids that the fragment of a stack will publish under the name `local`."""
        if local not in self._tokens:
            reference = self._published(target, workload, interface, local, outlet, "groups")
            if reference is None:
                return []
            self._tokens[local] = self._stage.library.Token.as_list(reference)
        return self._tokens[local]

    def _published(
        self, target: str, workload: str, interface: str, local: str, outlet: Outlet | None, what: str
    ) -> str | None:
        """A reference to something that the fragment of a stack will publish under the name `local`; None for
        a target in no stack, of which the synth says so."""
        stage = self._stage
        where = self._where(target)
        stage.wanted.setdefault(local, Wanted(local, target, workload, interface, where))
        if outlet is None:
            return None
        expression = f"{local}.{what}"
        if expression not in self._references:
            refer = classes(stage.library.__name__).reference
            kept = f"membership-{local}" if what == "groups" else f"{what}-{local}"
            self._references[expression] = refer(outlet.element, kept, "local", expression).fqn
        return self._references[expression]


def _path(scope: Any, name: str) -> str:
    return f"{scope.node.path}/{name}".lstrip("/")

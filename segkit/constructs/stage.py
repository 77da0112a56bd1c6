"""What a segmentation does while its stacks are synthesised.

The library calls `toTerraform` of all stacks to prepare, then for each stack aspects, validations, and
`toTerraform` for good. So the model is compiled at the first call and its errors kept; the first validation
reports them all and proves the model against all its stacks together, before any of them is written; and the
last call proves by itself where validations were skipped, so nothing leaves unproved. Aspects of a later
stack may change it after the proof: then there is another, once, when the last of them has run.
"""

from __future__ import annotations

import hashlib
import json
import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from segkit.artifacts import canonical_json, write_atomic
from segkit.artifacts.divided import Crossing
from segkit.artifacts.fragment import prune
from segkit.artifacts.joined import Joined, join
from segkit.compiler import Compilation, Since, compile_model
from segkit.constructs.findings import (
    Wanted,
    missing_memberships,
    overlaid,
    same_name,
    shared_addresses,
    too_late,
    unknown_workloads,
    unplaced,
    untaken,
)
from segkit.constructs.library import classes
from segkit.constructs.outlet import Outlet
from segkit.constructs.tokens import plain, readable, resolve_model
from segkit.errors import Problem, SegkitError
from segkit.model.intent_file import SINCE, check_kept, dump_intent, load_intent
from segkit.model.model import Model
from segkit.model.segmentation import Segmentation as Builder
from segkit.verify import Proof, problems, proved

SKIP_PROOF = "SEGKIT_SKIP_PROOF"


class Outcome(NamedTuple):
    """What compiling gave: a compilation and its fragments by stack, or what is wrong."""

    revision: int
    compilation: Compilation | None
    fragments: dict[str, dict[str, Any]]
    error: SegkitError | None = None


class SynthStage:
    """Compiles once, proves once a synth, and has an outlet in every stack that a target is in."""

    def __init__(
        self,
        library: Any,
        scope: Any,
        name: str,
        builder: Builder,
        verify: bool,
        since: str | os.PathLike[str] | None = None,
    ) -> None:
        self.library = library
        self.builder = builder
        self.verify = verify
        self.since = since
        self.revision = 0
        self.wanted: dict[str, Wanted] = {}
        self.problems: list[Problem] = []
        # The names declared in code; None when an inventory may hold more.
        self.workloads: set[str] | None = set()
        self.proof: Proof | None = None
        self._id = name
        self._outcome: Outcome | None = None
        self._round: list[Outlet] = []
        self._found: list[str] | None = None
        self._checked: Outcome | None = None
        self._read: dict[str, str] = {}
        self._changed = False
        self._warned: set[str] = set()
        self._crossed: dict[str, str] = {}
        self.outlets: dict[str, Outlet] = {}
        self.root = scope.node.root
        # An app is no stack: what hangs on it says of each target where it is.
        in_stack = any(library.TerraformStack.is_stack(one) for one in scope.node.scopes)
        self.home = Outlet(self, scope, name) if in_stack else None
        if self.home is not None:
            self.outlets[self.home.name] = self.home
        else:
            scope.node.add_validation(classes(library.__name__).validation(self))
        self.path: str = f"{scope.node.path}/{name}".lstrip("/")
        # Kept on the app, so that they live as long as it does.
        self._peers: list[SynthStage] = self.root.__dict__.setdefault("_segkit_stages", [])
        self._peers.append(self)

    def outlet(self, stack: Any) -> Outlet:
        """The outlet in a stack, given as the stack or a construct in it."""
        name: str = self.library.TerraformStack.of(stack).node.id
        if name not in self.outlets:
            self.outlets[name] = Outlet(self, stack, self._id)
        return self.outlets[name]

    def compiled(self) -> Outcome:
        """The compiled model; compiled again only when something was declared since."""
        if self._outcome is None or self._outcome.revision != self.revision:
            self._outcome = self._compile(self.revision)
        return self._outcome

    def reading(self) -> bool:
        """Does a proof read the stacks? Then every segmentation shows its fragment unproved."""
        return _Reading.depth > 0

    def validate(self) -> list[str]:
        """The validation of an app, which comes last: what has no outlet was seen by no stack."""
        return [] if self.outlets else _safely(lambda: self._everything(self.compiled()))

    def begin(self, outlet: Outlet) -> None:
        """The synth of a stack begins; that of the first begins a round."""
        if outlet in self._round or not self._round:
            self._round, self._found = [], None
        self._round.append(outlet)

    def verdict(self) -> list[str] | None:
        """What the last check found; None where there was none, or something was declared since."""
        return self._found if self.compiled() is self._checked else None

    def check(self, outlet: Outlet) -> list[str]:
        """Everything that forbids the output, as text: problems of the model, or what the proof found.

        Writes the intent and the proof beside the stacks.
        """
        found = self.verdict()
        if found is None or outlet not in self._round or len(self.outlets) == 1:
            self._checked = self.compiled()
            self._found = _safely(lambda: self._everything(self.compiled()))
        elif not found and outlet.name in self._read:
            self._changed = self._changed or _digest(_document(outlet.stack)) != self._read[outlet.name]
            if self._changed and len(self._round) == len(self.outlets):
                self._found = _safely(lambda: self._prove(self.compiled()))
        return self._found or []

    def _everything(self, outcome: Outcome) -> list[str]:
        found = [*self.problems, *self._clashes(outcome), *too_late(self._round)]
        if outcome.error is not None or outcome.compilation is None:
            found += outcome.error.problems if outcome.error else ()
            raise SegkitError([*found, *unknown_workloads(self.wanted.values(), self.workloads)])
        found += missing_memberships(
            self.wanted.values(), outcome.compilation.fragment, outcome.compilation.model
        )
        if found:
            raise SegkitError(found)
        self._warn(problem.text() for problem in outcome.compilation.warnings)
        self._write("intent", dump_intent(outcome.compilation.model))
        if isinstance(since := outcome.compilation.since, Compilation):
            self._write("since", dump_intent(since.model))
        return self._prove(outcome)

    def _compile(self, revision: int) -> Outcome:
        try:
            model = self._placed(resolve_model(self.builder.build(), self._resolve))
            self._warn(problem.text() for problem in self.builder.warnings)
            compilation = compile_model(model, self._deployed())
            fragments = compilation.divided.stacks(self._refer)
            if not model.stacks:
                fragments = {} if self.home is None else {self.home.name: fragments[""]}
            return Outcome(revision, compilation, {n: prune(plain(f)) for n, f in fragments.items()})
        except SegkitError as error:
            return Outcome(revision, None, {}, SegkitError(readable(error.problems, self._resolve)))
        except Exception:
            return Outcome(revision, None, {}, SegkitError(Problem(_crash())))

    def _deployed(self) -> Since:
        """What is there now, for the first of two applies."""
        if self.since is None:
            return None
        if self.since == "nothing":
            return "nothing"
        if isinstance(self.root, self.library.App):
            check_kept(self.since, self._file("intent"))
        return load_intent(self.since)

    def _placed(self, model: Model) -> Model:
        """The model with a stack for every target, where one names its own."""
        if self.home is not None:
            home = self.home.name
            if not set(model.stacks) - {home}:
                # All in one stack: nothing to tell apart.
                return replace(
                    model, targets=tuple(replace(t, stack="", identities="") for t in model.targets)
                )
            model = replace(model, targets=tuple(replace(t, stack=t.stack or home) for t in model.targets))
        if problems := list(unplaced(model, self.outlets)):
            raise SegkitError(problems)
        return model

    def _refer(self, crossing: Crossing) -> str:
        """A reference to something of another stack: the library makes it an output there, a remote state
        here."""
        if crossing.identifier not in self._crossed:
            kind, _, name = crossing.identifier.partition(".")
            owner = self.outlets[crossing.owner].element
            made = classes(self.library.__name__).reference(owner, f"crossing-{name}", kind, name)
            self._crossed[crossing.identifier] = made.fqn
        return self._crossed[crossing.identifier]

    def _resolve(self, stack: str, data: dict[str, Any]) -> dict[str, Any]:
        library = self.library
        outlet = self.outlets.get(stack, self.home) if stack else self.home
        if outlet is None:
            return data  # in no stack, or in none that is there: told later
        resolver = library.DefaultTokenResolver(library.StringConcat())
        found: dict[str, Any] = library.Tokenization.resolve(
            data, scope=outlet.stack, resolver=resolver, preparing=True
        )
        return found

    def _prove(self, outcome: Outcome) -> list[str]:
        compilation = outcome.compilation
        assert compilation is not None
        self._changed, self._read = False, {}
        if not self.verify or os.environ.get(SKIP_PROOF, "") not in ("", "0"):
            self._warn([f"the proof was skipped ({SKIP_PROOF if self.verify else 'verify=False'})"])
            return []
        read = self._documents(outcome)
        if len(self.outlets) > 1:
            self._read = {name: _digest(document) for name, document in read.items()}
        if found := [
            problem
            for name, fragment in outcome.fragments.items()
            for problem in overlaid(self.path, fragment, read[name])
        ]:
            raise SegkitError(found)
        model = compilation.model
        document: Mapping[str, Any] | Joined = (
            join(read, model.stacks) if model.stacks else next(iter(read.values()), {})
        )
        self.proof = proved(compilation, document)
        self._write("proof", canonical_json(self.proof.to_json()))
        self._warn(untaken(self.proof.memberships, self.wanted))
        if self.proof.ok:
            return []
        fixes = sorted({problem.fix for problem in problems(self.proof)})
        return ["\n".join([self.proof.text(), *(f"fix: {fix}" for fix in fixes)])]

    def _documents(self, outcome: Outcome) -> dict[str, Any]:
        """The stacks as Terraform JSON; with several, those of the whole app: any may read ours."""
        stacks = {name: self.outlets[name].stack for name in outcome.fragments}
        others = {} if len(stacks) < 2 else {s.node.id: s for s in self._stacks() if s.node.id not in stacks}
        with _reading():
            unprepared = [name for name in stacks if self.outlets[name].prepare()]
            # A synth of the app has prepared every stack; that of one stack, no other.
            for stack in others.values() if unprepared else ():
                stack.prepare_stack()
            return {name: stack.to_terraform() for name, stack in {**stacks, **others}.items()}

    def _stacks(self) -> list[Any]:
        """The stacks of the app, in its order."""
        return [one for one in self.root.node.find_all() if isinstance(one, self.library.TerraformStack)]

    def _clashes(self, outcome: Outcome) -> Iterator[Problem]:
        for peer in self._peers[: self._peers.index(self)]:
            if peer.builder.name == self.builder.name:
                yield same_name(self.builder.name, self.path, peer.path)
                continue
            others: Mapping[str, Any] = peer.compiled().fragments
            for name, fragment in outcome.fragments.items():
                yield from shared_addresses(self.path, fragment, peer.path, others.get(name, {}))

    def _warn(self, texts: Iterable[str]) -> None:
        for text in texts:
            if text not in self._warned and self.outlets:
                self._warned.add(text)
                element = next(iter(self.outlets.values())).element
                self.library.Annotations.of(element).add_warning(text)

    def _write(self, kind: str, data: bytes) -> None:
        if isinstance(self.root, self.library.App):
            write_atomic(self._file(kind), data)
            self._forget_others(self._file(kind).parent)

    def _file(self, kind: str) -> Path:
        return Path(self.root.outdir) / "segkit" / f"{self.builder.name}.{kind}.json"

    def _forget_others(self, folder: Path) -> None:
        """Removes what synths of other apps left: it would be held against stacks it says nothing of."""
        names = {peer.builder.name for peer in self._peers}
        between = {peer.builder.name for peer in self._peers if peer.since is not None}
        for suffix, kept in ((".intent.json", names), (".proof.json", names), (SINCE, between)):
            for old in folder.glob(f"*{suffix}"):
                if old.name.removesuffix(suffix) not in kept:
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


def _document(stack: Any) -> Any:
    with _reading():
        return stack.to_terraform()


def _digest(document: Any) -> str:
    """What tells documents apart, without keeping them."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode("ascii")).hexdigest()


def _safely(check: Callable[[], list[str]]) -> list[str]:
    try:
        return check()
    except SegkitError as error:
        return [str(error)]
    except Exception:
        return [_crash()]


def _crash() -> str:
    # jsii would lose the traceback on the way through Node.
    return f"segkit failed; please report this:\n{traceback.format_exc()}"

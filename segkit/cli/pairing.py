"""Which stack each intent is proved against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segkit.artifacts import Joined, join
from segkit.cli.discover import INTENTS, intent_files, known_as, only_intent, read_json, stack_files
from segkit.cli.source import deployed, load
from segkit.compiler import Since
from segkit.errors import Problem, SegkitError
from segkit.model.findings import nearest
from segkit.model.intent_file import SINCE
from segkit.model.model import Model
from segkit.platforms.base import platform


@dataclass(frozen=True, slots=True)
class Pair:
    """A model and the Terraform JSON that is to mean the same; or, with what was deployed `since`, to be
    between the two."""

    subject: str
    model: Model
    document: Mapping[str, Any] | Joined
    since: Since = None


def pairs(path: Path, intent: str | None, stack: str | None, since: str | None = None) -> Iterator[Pair]:
    """Every intent of an output folder (or the one that is named) with its stack. `since` names what was
    deployed before the first of two applies; else a file beside the intent does.

    Raises SegkitError when there is nothing to read, or it is not clear which stack an intent belongs to.
    """
    if not path.exists():
        raise SegkitError(
            Problem(f"there is no {path}", fix="synthesise first, or name the output folder or file")
        )
    if path.is_file():
        # <outdir>/stacks/<stack>/cdk.tf.json
        outdir = path.resolve().parents[min(2, len(path.resolve().parents) - 1)]
        model = _model(intent or str(only_intent(outdir)))
        if model.stacks:
            raise _is_split(model, f"name the folder: {outdir}")
        yield Pair(f"{model.name} against {path}", model, read_json(path), _since(since, model, outdir))
        return
    intents = [known_as(intent, path)] if intent is not None else [str(f) for f in intent_files(path)]
    if not intents:
        only_intent(path)  # raises, saying what to do
    documents = {name: read_json(file) for name, file in _wanted(stack_files(path), stack).items()}
    for text in intents:
        model = _model(text)
        if model.stacks:
            if stack is not None:
                raise _is_split(model, "leave out --stack")
            joined = join(documents, model.stacks)
            subject = f"{model.name} against {len(joined.stacks)} stacks"
            yield Pair(subject, model, joined, _since(since, model, path))
            continue
        name = _stack_of(model, documents)
        yield Pair(f"{model.name} against stack {name}", model, documents[name], _since(since, model, path))


def _model(text: str) -> Model:
    return load(text).model


def _since(text: str | None, model: Model, out: Path) -> Since:
    beside = out / INTENTS / f"{model.name}{SINCE}"
    return deployed(str(beside) if text is None and beside.is_file() else text)


def _is_split(model: Model, fix: str) -> SegkitError:
    why = f"its rules are in the stacks {', '.join(model.stacks)}, and a proof is about all of them"
    return SegkitError(Problem(f"{model.name!r} cannot be proved against one stack", why=why, fix=fix))


def _wanted(found: dict[str, Path], stack: str | None) -> dict[str, Path]:
    if stack is None:
        return found
    if stack not in found:
        raise SegkitError(Problem(f"there is no stack {stack!r}", fix=nearest(stack, found, "stacks")))
    return {stack: found[stack]}


def _stack_of(model: Model, documents: Mapping[str, Mapping[str, Any]]) -> str:
    """The stack that publishes the memberships of the model's targets; the only stack, where there is one."""
    if len(documents) == 1:
        return next(iter(documents))
    published = {
        platform(t.platform).membership_local(t.name, w.name, i.name)
        for t in model.targets
        for w in model.workloads
        for i in w.interfaces
        if t.owns(w.label_map, i.realm, i.network)
    }
    holding = [name for name, document in documents.items() if published & set(document.get("locals", {}))]
    if len(holding) == 1:
        return holding[0]
    found = (
        f"stacks {', '.join(holding)} all hold"
        if holding
        else f"none of the stacks {', '.join(documents)} holds"
    )
    raise SegkitError(Problem(f"{found} what {model.name!r} compiles to", fix="name the stack with --stack"))

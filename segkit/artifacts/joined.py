"""Several stacks read as one configuration, with what one takes from the state of another in its place.

Terraform language, "The terraform_remote_state data source": `outputs` holds the root outputs of the state
that `backend` and `config` name. Where a stack keeps its state there, an output is what that stack says it
is. A state that belongs to no stack at hand stays what it is: a data source of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from segkit.artifacts.traversals import renamed, renamed_expression
from segkit.errors import Problem, SegkitError

Document = Mapping[str, Any]

# What tells one state from another ("Backend Configuration" in Terraform's documentation); of other backends,
# everything that is configured.
_TELLING = {
    "azurerm": ("storage_account_name", "container_name", "key"),
    "cloud": ("hostname", "organization", "workspaces"),
    "gcs": ("bucket", "prefix"),
    "local": ("path",),
    "remote": ("hostname", "organization", "workspaces"),
    "s3": ("bucket", "key"),
}
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1}
_SAME_WORKSPACE = (None, "", "default", "${terraform.workspace}")


@dataclass(frozen=True)
class Joined:
    """Several stacks as one configuration, to be read (it is not to be applied).

    Everything that a stack defines has the stack's name behind its own: `aws_vpc.main--prod`.
    """

    document: dict[str, Any]
    stacks: tuple[str, ...]
    _names: Mapping[str, _Names]

    def inside(self, stack: str, value: Any) -> Any:
        """A piece of Terraform JSON that belongs to a stack, as it stands in the document."""
        names = self._names.get(stack)
        return value if names is None else _leaves(value, names)


def join(documents: Mapping[str, Document], wanted: Iterable[str]) -> Joined:
    """The stacks that are wanted, all that read their outputs, and whatever any of these reads itself.

    Who reads an output (a group's id) may add to what it names, so readers belong to the whole; they count
    through further stacks too. Raises SegkitError where a wanted stack is not at hand.

    >>> state = {"backend": "s3", "config": {"bucket": "b", "key": "net"}}
    >>> net = {"terraform": {"backend": {"s3": {"bucket": "b", "key": "net"}}},
    ...        "output": {"vpc": {"value": "vpc-1"}}}
    >>> app = {"data": {"terraform_remote_state": {"net": state}},
    ...        "locals": {"vpc": "${data.terraform_remote_state.net.outputs.vpc}"}}
    >>> join({"net": net, "app": app}, ["app"]).document["locals"]
    {'vpc--app': '${local.vpc--net--output}', 'vpc--net--output': 'vpc-1'}
    """
    ordered = sorted(set(wanted))
    missing = [name for name in ordered if name not in documents]
    if missing:
        there = ", ".join(sorted(documents)) or "none"
        raise SegkitError(
            Problem(
                f"there is no stack {name!r}",
                why="a target of the segmentation is written into it",
                fix=f"synthesise again, or name one of: {there}",
            )
            for name in missing
        )
    states = _states(documents)
    found = {name: list(_reads(documents[name], states)) for name in documents}
    reads = {name: {state: owner for state, owner, one in found[name] if one} for name in found}
    owners = {name: set(reads[name].values()) for name in found}
    readers: dict[str, set[str]] = {name: set() for name in found}
    for name in found:
        for _, owner, _ in found[name]:
            readers[owner].add(name)
    stacks = tuple(sorted(_reached(_reached(ordered, readers), owners)))
    joint = _joint(documents, stacks)
    short: dict[str, str] = {}
    for name in stacks:
        plain = re.sub(r"[^\w-]", "_", name)
        short[name] = f"{plain}_{len(short)}" if plain in short.values() else plain
    names = {name: _Names(short[name], joint, documents[name], reads[name]) for name in stacks}
    for one in names.values():
        one.others = names
    out: dict[str, Any] = {}
    for name in stacks:
        _take(out, documents[name], names[name])
    return Joined(out, stacks, names)


def _reached(start: Iterable[str], steps: Mapping[str, set[str]]) -> set[str]:
    """Where steps lead to from the start, which is part of it."""
    found = set(start)
    todo = list(found)
    while todo:
        new = steps[todo.pop()] - found
        found |= new
        todo += new
    return found


class _Names:
    """How the names of one stack are written where several stand side by side."""

    def __init__(self, stack: str, joint: str, document: Document, reads: Mapping[str, str]) -> None:
        self.stack = stack
        self.joint = joint
        self.known = {
            (block, *labels)
            for block, count in _LABELS.items()
            for labels, _ in _blocks(document.get(block), count)
        }
        self.known |= {("locals", name) for _, body in _blocks(document.get("locals"), 0) for name in body}
        self.reads = reads
        self.outputs = {labels[0] for labels, _ in _blocks(document.get("output"), 1)}
        self.others: Mapping[str, _Names] = {}

    def of(self, name: str) -> str:
        """A name of this stack."""
        return f"{name}{self.joint}{self.stack}"

    def output(self, name: str) -> str:
        """The local that stands for an output of this stack."""
        return f"{self.of(name)}{self.joint}output"

    def provider(self, address: str) -> str:
        """A provider of this stack: `aws`, `aws.prod`."""
        kind, _, alias = address.partition(".")
        return f"{kind}.{self.of(alias) if alias else self.stack}"

    def rename(self, words: tuple[str, ...]) -> tuple[int, str] | None:
        """See `traversals.Rename`."""
        root, *rest = words
        if root == "var" and rest:
            return 2, f"var.{self.of(rest[0])}"
        if root in ("local", "module") and rest:
            known = ("locals" if root == "local" else root, rest[0]) in self.known
            return (2, f"{root}.{self.of(rest[0])}") if known else None
        if root in ("data", "ephemeral"):
            if words[1:2] == ("terraform_remote_state",) and (found := self._remote(words)):
                return found
            return (3, f"{root}.{rest[0]}.{self.of(rest[1])}") if words[:3] in self.known else None
        return (2, f"{root}.{self.of(rest[0])}") if ("resource", *words[:2]) in self.known else None

    def _remote(self, words: tuple[str, ...]) -> tuple[int, str] | None:
        other = self.others.get(self.reads.get(words[2], "")) if len(words) > 4 else None
        if other is None or words[3] != "outputs" or words[4] not in other.outputs:
            return None
        return 5, f"local.{other.output(words[4])}"


def _take(out: dict[str, Any], document: Document, names: _Names) -> None:
    """Adds a stack to the whole."""
    for block, count in _LABELS.items():
        for labels, body in _blocks(document.get(block), count):
            table = out.setdefault(block, {})
            for label in labels[:-1]:
                table = table.setdefault(label, {})
            new = _leaves(body, names)
            if block != "module":
                given = _plain(body.get("provider"))
                new["provider"] = names.provider(given or labels[0].partition("_")[0])
            table[names.of(labels[-1])] = new
    for _, body in _blocks(document.get("locals"), 0):
        for name, value in body.items():
            out.setdefault("locals", {})[names.of(name)] = _leaves(value, names)
    for (name,), body in _blocks(document.get("output"), 1):
        out.setdefault("locals", {})[names.output(name)] = _leaves(body.get("value"), names)
    for (kind,), body in _blocks(document.get("provider"), 1):
        alias = body.get("alias")
        new = {**_leaves(body, names), "alias": names.provider(f"{kind}.{alias}" if alias else kind)}
        new["alias"] = new["alias"].partition(".")[2]
        out.setdefault("provider", {}).setdefault(kind, []).append(new)
    for _, body in _blocks(document.get("import"), 0):
        to = renamed_expression(_plain(body.get("to")), names.rename)
        out.setdefault("import", []).append({"to": to, "id": _leaves(body.get("id"), names)})


def _leaves(value: Any, names: _Names) -> Any:
    if isinstance(value, str):
        return renamed(value, names.rename)
    if isinstance(value, Mapping):
        return {key: _leaves(inner, names) for key, inner in value.items() if key != "//"}
    return [_leaves(inner, names) for inner in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> str:
    return str(value or "").removeprefix("${").removesuffix("}").strip()


def _blocks(raw: Any, labels: int, found: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Document]]:
    """Blocks with their labels; an object or a list of objects at each level (JSON configuration syntax)."""
    for item in raw if isinstance(raw, list) else [raw]:
        if isinstance(item, Mapping):
            if labels == 0:
                yield found, {key: value for key, value in item.items() if key != "//"}
            else:
                for name in sorted(item):
                    if name != "//":
                        yield from _blocks(item[name], labels - 1, (*found, name))


def _joint(documents: Mapping[str, Document], stacks: Iterable[str]) -> str:
    """Dashes enough to stand nowhere else, so that no two names become one."""
    texts = list(stacks)
    for stack in stacks:
        document = documents[stack]
        for block, count in {**_LABELS, "output": 1}.items():
            texts += [labels[-1] for labels, _ in _blocks(document.get(block), count)]
        texts += [name for _, body in _blocks(document.get("locals"), 0) for name in body]
    runs = [len(run) for text in texts for run in re.findall(r"-+", text)]
    return "-" * max(2, 1 + max(runs, default=0))


# -- states


def _states(documents: Mapping[str, Document]) -> dict[Any, str]:
    """The stack that keeps its state in each place; places that two claim are left out."""
    out: dict[Any, str] = {}
    twice = set()
    for name, document in sorted(documents.items()):
        for _, settings in _blocks(document.get("terraform"), 0):
            kinds = list(_blocks(settings.get("backend"), 1))
            kinds += [(("cloud",), body) for _, body in _blocks(settings.get("cloud"), 0)]
            for (kind,), body in kinds:
                place = _place(kind, body)
                if place is not None and out.setdefault(place, name) != name:
                    twice.add(place)
    return {place: name for place, name in out.items() if place not in twice}


def _reads(document: Document, states: Mapping[Any, str]) -> Iterator[tuple[str, str, bool]]:
    """The remote states of a stack that are those of stacks at hand, and whether each is one, not several."""
    for (kind, name), body in _blocks(document.get("data"), 2):
        if kind != "terraform_remote_state" or body.get("workspace") not in _SAME_WORKSPACE:
            continue
        config = next((c for _, c in _blocks(body.get("config"), 0)), {})
        place = _place(str(body.get("backend")), config)
        if place in states:
            yield name, states[place], body.get("count") is None and body.get("for_each") is None


def _place(kind: str, config: Document) -> Any:
    """What tells a state from every other; None where that is not written down."""
    given = {key: value for key, value in config.items() if value is not None}
    telling = {key: given[key] for key in _TELLING.get(kind, sorted(given)) if key in given}
    text = repr(sorted(telling.items()))
    if not telling or "${" in text:
        return None
    path = telling.get("path", "")
    if kind == "local" and not (PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()):
        return None  # relative to wherever Terraform runs
    return "remote" if kind == "cloud" else kind, text

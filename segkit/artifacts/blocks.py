"""The blocks of a Terraform JSON document, and what its expressions can refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any

from segkit.artifacts.scope import Block, Mapped, Scope, Trail, Unknown, bodies, spelled
from segkit.errors import Problem, SegkitError


def read_scope(doc: Mapping[str, Any]) -> Scope:
    """What expressions of a stack can refer to, sorted by address.

    Raises SegkitError where the document is no Terraform JSON.
    """
    if not isinstance(doc, Mapping):
        raise SegkitError(Problem("a stack is an object", fix="give the parsed content of cdk.tf.json"))
    blocks = {block.address: block for key in ("resource", "data") for block in _blocks(doc, key)}
    return Scope(dict(sorted(blocks.items(), key=itemgetter(0))), _locals(doc))


def _blocks(doc: Mapping[str, Any], key: str) -> Iterator[Block]:
    for (kind, name), body in labelled(doc, key, 2):
        yield Block(kind, name, body, data=key == "data")


def _locals(doc: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, body in labelled(doc, "locals", 0):
        found.update((name, value) for name, value in body.items() if name != "//")
    return found


def read_imports(doc: Mapping[str, Any]) -> dict[str, str]:
    """Resource address -> id, for `import` blocks with a literal id."""
    found = {}
    for _, body in labelled(doc, "import", 0):
        to, identity = body.get("to"), body.get("id")
        if isinstance(to, str) and isinstance(identity, str) and "${" not in identity:
            found[to.removeprefix("${").removesuffix("}").strip()] = identity
    return found


def entries(scope: Scope, raw: Any, trail: Trail | None = None) -> Iterator[Mapping[str, Any] | Unknown]:
    """The bodies of a nested block: one object, a list of them, or an expression with such a value."""
    if bodies(raw):
        yield from raw
        return
    for value in scope.items(raw, trail):
        yield value.entries if isinstance(value, Mapped) else Unknown(spelled(value))


def labelled(
    doc: Mapping[str, Any], key: str, labels: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Blocks of a Terraform JSON document with their labels.

    At each label level an object or a list of objects may stand ("JSON Configuration Syntax", Terraform
    language); keys "//" are comments. Raises SegkitError where something else stands there.
    """
    yield from _labelled(doc.get(key), labels, (), key)


def _labelled(
    raw: Any, labels: int, found: tuple[str, ...], where: str
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if raw is None:
        return
    for item in raw if isinstance(raw, list) else [raw]:
        if not isinstance(item, Mapping):
            raise SegkitError(
                Problem(
                    f"an object is needed, not {type(item).__name__}",
                    where=".".join((where, *found)),
                    fix="give the Terraform JSON of a whole stack (cdk.tf.json)",
                )
            )
        if labels == 0:
            yield found, item
        else:
            for name in sorted(item):
                if name != "//":
                    yield from _labelled(item[name], labels - 1, (*found, name), where)

"""Readable, stable names for security groups and Terraform resources: cut ones end in a hash of the whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from segkit.intent.boxes import Piece
from segkit.model.model import Model
from segkit.sets import ALL, Predicate

SCHEME = 1
"""Version of the naming scheme. A release that changes a name must raise it and keep the old scheme
available."""

NO_FLOWS = "no-flows"
EVERY_WORKLOAD = "every-workload"

_FOREIGN = re.compile(r"[^A-Za-z0-9_]+")


def slug(text: str, limit: int = 48) -> str:
    """A text as part of a Terraform name; a hash is added when something had to be changed or cut.

    >>> slug("web")
    'web'
    >>> slug("web tier")
    'web-tier-003a55'
    """
    plain = _FOREIGN.sub("-", text).strip("-")
    if plain == text and len(plain) <= limit:
        return plain
    return f"{plain[:limit].rstrip('-')}-{digest(text)}"


def digest(text: str, length: int = 6) -> str:
    """A short hash that tells names apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def membership_local(target: str, workload: str, interface: str = "") -> str:
    """The Terraform local that publishes the group ids of an interface.

    >>> membership_local("aws", "web-1")
    'segkit_aws_web-1'
    """
    parts = [slug(p) for p in (target, workload, interface) if p]
    return "segkit_" + "_".join(parts)


class GroupNames:
    """Names of selectors: a group's own name, `zone-<name>` for a zone; what denies left of one, its name
    with a hash.

    `hints` are the ends that pieces were cut from. `before` answers with the names that `moved_from`
    declares, so that renames become moves.
    """

    def __init__(self, model: Model, hints: Mapping[Piece, Iterable[str]], before: bool = False) -> None:
        self._by_key: dict[str, str] = {"builtin:anywhere": EVERY_WORKLOAD}
        self._known: dict[Predicate, str] = {}
        for zone in reversed(model.zones):
            self._by_key[f"zone:{zone.name}"] = "zone-" + ((before and zone.moved_from) or zone.name)
            self._known[zone.predicate] = self._by_key[f"zone:{zone.name}"]
        for group in reversed(model.groups):
            self._by_key[f"group:{group.name}"] = (before and group.moved_from) or group.name
            self._known[group.predicate] = self._by_key[f"group:{group.name}"]
        self._known.setdefault(ALL, EVERY_WORKLOAD)
        self._hints = hints

    def name(self, piece: Piece) -> str:
        """The name of the workloads in a piece."""
        name = self._known.get(piece.predicate)
        if name is None:
            bases = sorted({self._by_key.get(hint, "") for hint in self._hints.get(piece, ())} - {""})
            base = bases[0] if bases else readable(piece.predicate)
            name = f"{slug(base, 40)}-{digest(str(piece.predicate))}"
        if not piece.whole:
            where = str(piece.inside) + ",".join(f" unknown{f}" for f in sorted(piece.unknown))
            name = f"{name}-at-{digest(where)}"
        return name


def readable(predicate: Predicate) -> str:
    """A selector without the marks that AWS refuses in names and tags."""
    return str(predicate).replace("!=", "is not").replace('"', "").replace("==", "=")

"""Readable, stable names for groups and Terraform resources: cut ones end in a hash of the whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from segkit.intent.boxes import Piece
from segkit.model.model import Model
from segkit.sets import Predicate

SCHEME = 1
"""Version of the naming scheme. A release that changes a name must raise it and keep the old scheme
available."""

NO_FLOWS = "no-flows"
EVERY_WORKLOAD = "every-workload"

_FOREIGN = re.compile(r"[^A-Za-z0-9_]+")
_PLAIN = re.compile(r"[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*")


def slug(text: str, limit: int = 48) -> str:
    """A text as part of a Terraform name; a hash is added when something had to be changed or cut.

    >>> slug("web")
    'web'
    >>> slug("web tier")
    'web-tier-003a55'
    """
    if len(text) <= limit and _PLAIN.fullmatch(text):
        return text
    plain = _FOREIGN.sub("-", text).strip("-")
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
    """Names of groups: the end a piece was cut from gives the name, `web` or `zone-cde`.

    Denies may leave several pieces of one end. The one that holds all others keeps the plain name, so that a
    deny for everybody (a quarantine) renames nothing; the others add a hash of what they hold. `hints` are
    the ends of each piece. `before` answers with the names that `moved_from` declares, so that renames become
    moves.
    """

    def __init__(self, model: Model, hints: Mapping[Piece, Iterable[str]], before: bool = False) -> None:
        self._bases = {"builtin:anywhere": EVERY_WORKLOAD, "builtin:internet": "at-internet"}
        for zone in model.zones:
            name = (before and zone.moved_from) or zone.name
            self._bases[f"zone:{zone.name}"] = f"zone-{name}"
            self._bases[f"network:{zone.name}"] = f"at-zone-{name}"
        for group in model.groups:
            self._bases[f"group:{group.name}"] = (before and group.moved_from) or group.name
        # What a mode opens was cut from no end: it is called as it is elsewhere, or by its selector.
        self._base_of = {
            piece: min(map(self._base, filter(None, keys)), default="") or slug(readable(piece.predicate))
            for piece, keys in hints.items()
        }
        self._largest = _largest(self._base_of)
        self._names: dict[Piece, str] = {}

    def name(self, piece: Piece) -> str:
        """The name of the workloads in a piece."""
        found = self._names.get(piece)
        if found is None:
            base = self._base_of.get(piece) or slug(readable(piece.predicate))
            found = base if self._largest.get(base) == piece else f"{base}-{digest(_text(piece))}"
            self._names[piece] = found
        return found

    def _base(self, hint: str) -> str:
        kind, _, name = hint.partition(":")
        if hint in self._bases:
            return self._bases[hint]
        return f"at-{name}" if kind == "addresses" else slug(name.replace("==", "="))


def _largest(bases: Mapping[Piece, str]) -> dict[str, Piece]:
    """For each base, the piece that holds every other piece of it, where there is one."""
    pieces: dict[str, list[Piece]] = {}
    for piece, base in bases.items():
        pieces.setdefault(base, []).append(piece)
    out = {}
    for base, found in pieces.items():
        top = [p for p in found if all(_inside(other, p) for other in found)]
        if len(top) == 1:
            out[base] = top[0]
    return out


def _inside(one: Piece, other: Piece) -> bool:
    return one.predicate <= other.predicate and one.inside <= other.inside and one.unknown <= other.unknown


def _text(piece: Piece) -> str:
    where = "" if piece.whole else f" at {piece.inside} {sorted(piece.unknown)}"
    return f"{piece.predicate}{where}"


def readable(predicate: Predicate) -> str:
    """A selector without the marks that platforms refuse in names and tags."""
    return str(predicate).replace("!=", "is not").replace('"', "").replace("==", "=")


def resource_name(*parts: str) -> str:
    """A Terraform name from parts (letters, digits, `-`, `_`; not starting with a digit; at most 120
    characters)."""
    name = "_".join(map(name_part, parts))
    name = name if len(name) <= 120 else f"{name[:110]}-{digest(name)}"
    return name if name[0].isalpha() else f"_{name}"


def name_part(text: str) -> str:
    """A text as a part of a Terraform name; what is one already stays as it is, several joined by `_` too."""
    if text.isalnum() and text.isascii():  # a word or a hash: not worth remembering
        return text
    return _name_part(text)


@lru_cache(maxsize=65536)
def _name_part(text: str) -> str:
    plain = text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    return text if plain else slug(text)

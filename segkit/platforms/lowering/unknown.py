"""Where somebody may be whose address nobody knows: in no address set that rules name, and so beyond all of
them."""

from __future__ import annotations

from segkit.intent.boxes import FAMILIES
from segkit.model.model import Model
from segkit.sets import EVERYWHERE, Addresses


def named_ranges(model: Model, realm: str) -> Addresses:
    """Every address set that rules of a realm name, but for those that hold a whole family: whoever is at an
    unknown address is in these, and in no other."""
    ends = {end for rule in model.rules for side in rule.sides for end in side if end.realm in (None, realm)}
    held = [end.inside.family(family) for end in ends for family in FAMILIES]
    return Addresses.union(part for part in held if not _whole(part))


def may_hold_unknown(ranges: Addresses, family: int, named: Addresses) -> bool:
    """May somebody at an unknown address be in ranges that were cut from address sets?

    >>> corp = Addresses.of("10.0.0.0/8")
    >>> may_hold_unknown(corp, 4, corp), may_hold_unknown(EVERYWHERE - corp, 4, corp)
    (False, True)
    """
    part = ranges.family(family)
    return _whole(part) or not part <= named


def _whole(part: Addresses) -> bool:
    return any(part == EVERYWHERE.family(family) for family in FAMILIES)

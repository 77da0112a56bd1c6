"""What policies, associations and tags are called at Google Cloud."""

from __future__ import annotations

import re

from segkit.platforms.google.limits import NAME_LIMIT
from segkit.platforms.lowering.names import digest

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NOT_IN_NAME = re.compile(r"[^a-z0-9]+")


def name(*parts: str) -> str:
    """A name of lower-case letters, digits and single dashes that begins with a letter; a hash is added when
    something had to be changed or cut.

    >>> name("shop", "web"), name("shop", "Übersicht")
    ('shop-web', 'shop-bersicht-e85c98')
    """
    whole = "-".join(parts)
    if len(whole) <= NAME_LIMIT and _NAME.fullmatch(whole) and not whole.startswith("goog"):
        return whole
    plain = _NOT_IN_NAME.sub("-", whole.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"n-{plain}".rstrip("-")
    # Names that begin with goog are the platform's own ([API] Tags, Labels).
    plain = f"n-{plain}" if plain.startswith("goog") else plain
    return f"{plain[: NAME_LIMIT - 7].rstrip('-')}-{digest(whole)}"

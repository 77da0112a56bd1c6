"""What policies, associations and tags are called at Google Cloud."""

from __future__ import annotations

import re

from segkit.platforms.google.limits import NAME_LIMIT
from segkit.platforms.lowering.names import digest

_FOREIGN = re.compile(r"[^a-z0-9]+")


def name(*parts: str) -> str:
    """A name of lower-case letters, digits and single dashes that begins with a letter; a hash is added when
    something had to be changed or cut.

    >>> name("shop", "web"), name("shop", "Übersicht")
    ('shop-web', 'shop-bersicht-e85c98')
    """
    whole = "-".join(parts)
    plain = _FOREIGN.sub("-", whole.lower()).strip("-")
    # Names that begin with goog are the platform's own ([API] Tags, Labels).
    if not plain[:1].isalpha() or plain.startswith("goog"):
        plain = f"n-{plain}".rstrip("-")
    if plain == whole and len(whole) <= NAME_LIMIT:
        return whole
    return f"{plain[: NAME_LIMIT - 7].rstrip('-')}-{digest(whole)}"

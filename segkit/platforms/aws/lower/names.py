"""What a security group or a prefix list is called at AWS."""

from __future__ import annotations

from segkit.platforms.aws.limits import TEXT_LIMIT, text
from segkit.platforms.lowering.names import digest


def physical_name(*parts: str) -> str:
    """The name of a group or a prefix list at AWS; a hash is added when something had to be changed or cut.

    >>> physical_name("shop", "web"), physical_name("shop", "web → db")
    ('shop-web', 'shop-web - db-f9b918')
    """
    whole = "-".join(parts)
    # AWS keeps these beginnings for itself (EC2 API Reference, CreateSecurityGroup, CreateManagedPrefixList).
    kept = whole.lower().startswith(("sg-", "com.amazonaws"))
    wanted = f"segkit-{whole}" if kept else whole
    if text(wanted) == wanted:
        return wanted
    return f"{text(wanted, TEXT_LIMIT - 7)}-{digest(whole)}"

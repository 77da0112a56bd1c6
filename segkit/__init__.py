"""Network segmentation as code: zones, labels and policies in, proved Terraform out.

The names below are the public ones. Each is loaded when it is first used, so that `import segkit` stays
instant and pulls in no other package.

>>> from segkit import L, tcp
>>> str((L.app == "shop") & (L.role == "web"))
'app == "shop" and role == "web"'
>>> str(tcp(443))
'tcp/443'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segkit.errors import Problem as Problem
    from segkit.errors import SegkitError as SegkitError
    from segkit.sets import ANY as ANY
    from segkit.sets import Addresses as Addresses
    from segkit.sets import L as L
    from segkit.sets import Predicate as Predicate
    from segkit.sets import ServiceSet as ServiceSet
    from segkit.sets import icmp as icmp
    from segkit.sets import icmpv6 as icmpv6
    from segkit.sets import protocol as protocol
    from segkit.sets import sctp as sctp
    from segkit.sets import tcp as tcp
    from segkit.sets import udp as udp

__version__ = "0.1.0"

_HOME = {
    "segkit.errors": "Problem SegkitError",
    "segkit.sets": "ANY Addresses L Predicate ServiceSet icmp icmpv6 protocol sctp tcp udp",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = [
    "ANY",
    "Addresses",
    "L",
    "Predicate",
    "Problem",
    "SegkitError",
    "ServiceSet",
    "__version__",
    "icmp",
    "icmpv6",
    "protocol",
    "sctp",
    "tcp",
    "udp",
]


def __getattr__(name: str) -> Any:
    if module := _MODULE_OF.get(name):
        value = getattr(import_module(module), name)
        globals()[name] = value  # the next look-up does not come here
        return value
    raise AttributeError(f"module 'segkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

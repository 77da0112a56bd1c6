"""What all parts of the reader share: blocks, notes, and how a value names a group, VPC or addresses."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts import reading
from segkit.artifacts.scope import Block, Ref, Unknown, Value, spelled
from segkit.platforms.aws.state import Opaque, Range, State
from segkit.sets.addresses import NOWHERE, Addresses

_ID = re.compile(r"(?:[0-9]{12}/)?(sg-[0-9A-Za-z_-]+)")
_ELSEWHERE = re.compile(r"[0-9]{12}/\$\{(aws_security_group\.[0-9A-Za-z_-]+)\.id\}")
_GROUP_KINDS = ("aws_security_group", "aws_default_security_group")
DEFAULT_VPC = "default vpc"


@dataclass(slots=True)
class Reading(reading.Reading):
    """One pass over one stack."""

    snapshot: State = field(default_factory=State)
    aliases: dict[str, str] = field(default_factory=dict)  # other names of a group -> its key

    def group_key(self, value: Value) -> str | Unknown:
        """The key of the group that a value names.

        `ACCOUNT/sg-...` is how a group of another account is referenced (Amazon VPC peering guide, "Update
        your security groups to reference peer security groups"); the id alone is unique.
        """
        if isinstance(value, str):
            match = _ID.fullmatch(value.strip())
            return self.alias(match.group(1)) if match else Unknown(value)
        if isinstance(value, Unknown) and (match := _ELSEWHERE.fullmatch(value.text)):
            return self.alias(match.group(1))
        if not isinstance(value, Ref):
            return value if isinstance(value, Unknown) else Unknown(spelled(value))
        kind = value.address.removeprefix("data.").split(".")[0]
        if kind in _GROUP_KINDS and value.path and value.path[-1] == "id" and len(value.path) <= 2:
            return self.alias(Ref(value.address, value.path[:-1]).text)
        if value.path == ("default_security_group_id",):
            return self.alias(default_group(self.vpc(Ref(value.address, ("id",)))))
        if value.path[-1:] == ("cluster_security_group_id",):
            return value.text
        return Unknown(value.text)

    def alias(self, key: str) -> str:
        """The key that a group is listed under."""
        return self.aliases.get(key, key)

    def vpc(self, raw: Any, provider: Any = None) -> str | None:
        """The text that names a VPC, for a `vpc_id` argument; without one, the account's default VPC."""
        value = raw if isinstance(raw, Ref) else self.scope.value(raw)
        if value is None:
            return DEFAULT_VPC if provider in (None, "", "aws") else f"{DEFAULT_VPC} of {provider}"
        if isinstance(value, Ref):
            block = self.scope.blocks.get(value.address)
            if block is not None and value.path == ("id",) and _is_default_vpc(block):
                return self.vpc(None, block.body.get("provider"))
        return spelled(value)

    def subnet_vpc(self, raw: Any) -> str | None:
        """The VPC of the first subnet that a value names, None where the stack does not tell."""
        for value in self.scope.items(raw):
            if isinstance(value, Ref) and value.path == ("id",):
                block = self.scope.blocks.get(value.address)
                if block is not None and block.body.get("vpc_id") is not None:
                    return self.vpc(block.body["vpc_id"])
        return None

    def cidr(self, value: Value, where: str) -> Range | Opaque:
        """A CIDR as a peer. Host bits are cleared, as the EC2 API does (API reference, IpRange)."""
        if not isinstance(value, str):
            return self.opaque(value, where, "an address range that is not known")
        try:
            network = ipaddress.ip_network(value.strip(), strict=False)
        except ValueError:
            return self.opaque(value, where, "an address range that is not known")
        if (
            str(network) != value
            and "/" in value
            and ipaddress.ip_interface(value.strip()).ip != network.network_address
        ):
            self.note(where, f"{value} has host bits set; read as {network}")
        return Range(Addresses.of(str(network)))

    def opaque(self, value: Value, where: str, what: str) -> Opaque:
        """A peer that cannot be told, and the note of it."""
        self.note(where, f"{what}: {spelled(value)}")
        return Opaque(spelled(value))


def _is_default_vpc(block: Block) -> bool:
    if block.data:
        return block.kind == "aws_vpc" and block.body.get("default") is True
    return block.kind == "aws_default_vpc"


def default_group(vpc: str | None) -> str:
    """The key of a VPC's default group, where nothing in the stack names it."""
    return f"default group of {vpc or 'an unknown vpc'}"


def union(sets: list[Addresses]) -> Addresses:
    """All addresses of the sets."""
    found = NOWHERE
    for one in sets:
        found = found | one
    return found

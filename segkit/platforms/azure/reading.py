"""What all parts of the reader share: how a value names a resource, and a rule from what is written of it.

Sources: Terraform AzureRM provider documentation of `azurerm_network_security_group` and
`azurerm_network_security_rule`; Azure REST API, SecurityRule; [NSG] Azure Virtual Network, “Network security
groups overview”; [IPV6] “What is IPv6 for Azure Virtual Network?”.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segkit.artifacts import reading
from segkit.artifacts.scope import Ref, Unknown, Value, spelled
from segkit.platforms.azure.evaluate import TAGS
from segkit.platforms.azure.state import Direction, Members, Range, Rule, Side
from segkit.sets.addresses import EVERYWHERE, NOWHERE, Addresses
from segkit.sets.services import ANY, NOTHING, ServiceSet, icmp, protocol, tcp, udp

_ID = re.compile(r"/subscriptions/[^/]+/resourcegroups/(.+)")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_PROTOCOLS: dict[str, ServiceSet] = {
    "tcp": tcp(),
    "udp": udp(),
    # ICMPv6 is not supported in network security groups ([IPV6] “Limitations”): only `*` may speak of it.
    "icmp": icmp(),
    "esp": protocol(50),
    "ah": protocol(51),
    "*": ANY,
}
IGNORES = "changes of some of its arguments are ignored"
_EVERY_PORT = ("*", "0-65535")
_ALL_OF_IPV4 = "0.0.0.0/0"
"""It stands for all addresses in the table of default rules ([NSG] “Default security rules”), and for those
of its own family by what is said of IPv6 ([IPV6])."""


@dataclass(slots=True)
class Reading(reading.Reading):
    """One pass over one stack. `aliases` are other names of what the stack makes, with its address; `untold`
    are keys that were asked for and do not tell which resource they mean."""

    aliases: dict[str, str] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)

    def key(self, raw: Any) -> str | None:
        """The key of the resource that a value names by its id; None where nothing is named.

        Ids are compared without regard to case, and from their resource group on: Azure gives them back with
        differing case.
        """
        return self.key_of(self.scope.value(raw))

    def key_of(self, value: Value) -> str | None:
        """The same for a value that was read."""
        if value is None or value == "":
            return None
        if isinstance(value, Ref):
            text = value.address if value.path == ("id",) else value.text
        else:
            match = _ID.fullmatch(spelled(value).lower())
            text = match.group(1) if match else spelled(value)
            if isinstance(value, Unknown):
                self.untold.add(text)
        return self.aliases.get(text, text)

    def named(self, kind: str, body: Mapping[str, Any], name: str) -> str:
        """The key that something has by the names of its resource group and of itself; `kind` is the provider
        path of its type, in small letters."""
        parts = [spelled(self.scope.value(body.get(n))).lower() for n in ("resource_group_name", name)]
        key = f"{parts[0]}/providers/{kind}/{parts[1]}"
        return self.aliases.get(key, key)

    def rule(self, body: Mapping[str, Any], where: str) -> Rule:
        """One rule, from the arguments of either Terraform resource."""
        doubts: list[str] = []
        services = self._services(body, where, doubts)
        sides = [self._side(body, end, where, doubts) for end in ("source", "destination")]
        direction = self._word(body, "direction", {d.value.lower(): d for d in Direction}, doubts)
        access = self._word(body, "access", {"allow": True, "deny": False}, doubts)
        priority = self.scope.value(body.get("priority"))
        if isinstance(priority, str) and priority.isdigit():
            priority = int(priority)
        if isinstance(priority, bool) or not isinstance(priority, int):
            doubts.append("its priority is not known")
            priority = 0
        if direction is None:
            priority = 0
        if ignores(body):
            doubts.append(IGNORES)
        return Rule(
            name=spelled(self.scope.value(body.get("name"))),
            priority=priority,
            direction=direction or Direction.INBOUND,
            allow=access is not False,
            services=services,
            source=sides[0],
            destination=sides[1],
            where=where,
            doubt="; ".join(doubts),
        )

    def _word(self, body: Mapping[str, Any], name: str, known: Mapping[str, Any], doubts: list[str]) -> Any:
        found = known.get(spelled(self.scope.value(body.get(name))).lower())
        if found is None:
            doubts.append(f"its {name} is not known")
        return found

    # -- services

    def _services(self, body: Mapping[str, Any], where: str, doubts: list[str]) -> ServiceSet:
        if any(text not in _EVERY_PORT for text in self._texts(body, "source_port_range", doubts)):
            doubts.append("it speaks of source ports")
        ports = self._texts(body, "destination_port_range", doubts)
        found = _PROTOCOLS.get(spelled(self.scope.value(body.get("protocol"))).lower())
        if found is None:
            doubts.append("its protocol is not known")
            return NOTHING
        if any(text in _EVERY_PORT for text in ports) or found not in (ANY, tcp(), udp()):
            return found
        spans = [_span(text) for text in ports]
        if not spans or None in spans:
            doubts.append("its ports are not known")
        known = [span for span in spans if span is not None]
        if not known:
            return NOTHING
        if found == ANY:
            self.note(where, "ports of every protocol are read as those of TCP and UDP")
            return tcp(*known) | udp(*known)
        return tcp(*known) if found == tcp() else udp(*known)

    # -- ends

    def _side(self, body: Mapping[str, Any], end: str, where: str, doubts: list[str]) -> Side:
        texts = self._texts(body, f"{end}_address_prefix", doubts, "es")
        ranges = [self._range(text, where, doubts) for text in texts]
        groups = [
            self.key_of(value)
            for value in self.scope.items(body.get(f"{end}_application_security_group_ids"))
        ]
        if ranges and groups:
            doubts.append(f"its {end} is given by addresses and by groups")
        if groups:
            return Members(frozenset(group for group in groups if group is not None))
        if not ranges:
            doubts.append(f"its {end} is not known")
        addresses = Addresses.union(ranges)
        return Range(addresses, _ALL_OF_IPV4 in texts and addresses != EVERYWHERE)

    def _range(self, text: str, where: str, doubts: list[str]) -> Addresses:
        if text.lower() in ("*", "any"):
            return EVERYWHERE
        if text.lower() in TAGS:
            addresses, doubt = TAGS[text.lower()]
            if doubt:
                doubts.append(doubt)
            return addresses
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            what = "the service tag" if _TAG.fullmatch(text) else "the range"
            doubts.append(f"which addresses {what} {text} stands for is not known")
            return NOWHERE
        if ipaddress.ip_interface(text).ip != network.network_address and "/" in text:
            self.note(where, f"{text} has host bits set; read as {network}")
        return Addresses.of(network)

    def _texts(
        self, body: Mapping[str, Any], name: str, doubts: list[str], plural: str = "s"
    ) -> tuple[str, ...]:
        """What stands at an argument and at its plural. Numbers are texts, too."""
        found = []
        for argument in (name, name + plural):
            raw = body.get(argument)
            if raw is None or raw == "":
                continue
            for value in self.scope.items(raw):
                if isinstance(value, str | int) and not isinstance(value, bool):
                    found.append(str(value).strip())
                else:
                    doubts.append(f"{name} is not known: {spelled(value)}")
        return tuple([text for text in found if text])


def ignores(body: Mapping[str, Any]) -> bool:
    """Are there arguments of a resource whose changes are not applied?"""
    given = body.get("lifecycle")
    return given is not None and "ignore_changes" in json.dumps(given, default=str)


def _span(text: str) -> tuple[int, int] | None:
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    low, high = int(match.group(1)), int(match.group(2) or match.group(1))
    return (low, high) if low <= high <= 65535 else None

"""Zones, groups and the rules of all four tiers. Where the machines stand is `stack.py`'s business."""

from __future__ import annotations

from collections.abc import Iterator

from segkit import ANY, L, Predicate, tcp
from segkit.constructs import AddressSet, Group, LabelPolicy, Segmentation, Zone
from segkit.model import anywhere, internet, outside

NETSEC, PAYMENTS, PLATFORM = "netsec", "team-payments", "team-platform"


class CardPolicy:
    """Declares everything into `seg`; `zones` and `groups` hold what others may refer to, by name."""

    def __init__(self, seg: Segmentation) -> None:
        self.seg = seg
        self.zones = {zone.name: zone for zone in _zones(seg)}
        # With the zone in the selector, a machine that is labelled into another zone loses its role's flows.
        self.groups = {
            role: Group(seg, role, select=(L.role == role) & (L.zone == zone) & (L.cloud == cloud))
            for role, (zone, cloud) in ROLES.items()
        }
        # Dual stack: the office and the acquirer reach us, and are reached, by IPv4 and by IPv6.
        self.admins = AddressSet(seg, "admins", ["10.90.0.0/22", "fd80:90::/48"])
        self.vendor = AddressSet(seg, "vendor", ["203.0.113.40/32"])
        self.acquirer = AddressSet(seg, "acquirer", ["198.51.100.0/25", "2001:db8:acc::/48"])
        self._quarantine()
        self._global()
        self._zone_rules()
        self._application()

    def _quarantine(self) -> None:
        """A machine with the label quarantine=true talks to nobody; investigators may still log in."""
        isolated: Predicate = L.quarantine == "true"
        policy = LabelPolicy(self.seg, "quarantine", tier="quarantine", owner=NETSEC)
        policy.deny(isolated, anywhere, ANY, id="out", purpose="no word from a suspect")
        policy.deny(
            anywhere, isolated, ANY - tcp(22), id="in", purpose="investigators only, and they only log in"
        )
        policy.deny(
            anywhere,
            isolated,
            "ssh",
            id="in-ssh",
            unless_source=self.groups["bastion"],
            purpose="investigators come through the bastion",
        )

    def _global(self) -> None:
        """Guardrails that no team can open, and what every machine may use."""
        zones, groups = self.zones, self.groups
        card_data = [zones["cde"], zones["keys"]]
        policy = LabelPolicy(self.seg, "guardrails", tier="global", owner=NETSEC)
        policy.deny(
            anywhere,
            list(zones.values()),
            "ssh",
            id="bastion-only",
            unless_source=groups["bastion"],
            unless_destination=groups["bastion"],
            purpose="no administration around the bastion",
        )
        policy.deny(
            outside, card_data, ANY, id="no-way-in", purpose="PCI DSS 4.0 1.4.4: no path from outside"
        )
        policy.deny(
            card_data,
            outside,
            ANY,
            id="no-way-out",
            unless_destination=self.acquirer,
            purpose="PCI DSS 4.0 1.3.2: nothing leaves but to the acquirer",
        )
        policy.allow(
            list(zones.values()),
            groups["collector"],
            "syslog-tls",
            id="logs",
            purpose="PCI DSS 4.0 10.3.3: a central log",
        )

    def _zone_rules(self) -> None:
        """What the owners of the card-data environment and of the keys let in, whatever teams ask for."""
        zones, groups = self.zones, self.groups
        cde = LabelPolicy(self.seg, "cde", tier="zone", owner=PAYMENTS, zone=zones["cde"])
        cde.allow(groups["api"], groups["tokeniser"], "https", id="tokenise", purpose="cards become tokens")
        cde.allow(groups["tokeniser"], groups["database"], "postgresql", id="store", purpose="tokens at rest")
        cde.deny(
            anywhere,
            zones["cde"],
            "postgresql",
            id="database-callers",
            unless_source=groups["tokeniser"],
            purpose="nothing else ever reads card data",
        )
        keys = LabelPolicy(self.seg, "keys", tier="zone", owner=NETSEC, zone=zones["keys"])
        keys.allow(groups["tokeniser"], groups["vault"], tcp(8200), id="unwrap", purpose="wrapped data keys")
        keys.allow(groups["vault"], groups["hsm"], tcp(1792), id="hsm", purpose="the master key stays there")
        keys.deny(
            anywhere,
            zones["keys"],
            ANY - tcp(22),
            id="nobody-else",
            unless_source=[groups["tokeniser"], groups["vault"]],
            purpose="two callers, and the bastion",
        )

    def _application(self) -> None:
        """What the teams need."""
        zones, groups = self.zones, self.groups
        shop = LabelPolicy(self.seg, "payments", tier="application", owner=PAYMENTS)
        shop.allow(internet, groups["lb"], "https", id="customers", purpose="the payment page")
        shop.allow(groups["lb"], groups["web"], "https-alt", id="page", purpose="the payment page")
        shop.allow(groups["web"], groups["api"], tcp(8080), id="api", purpose="orders and payments")
        shop.allow(groups["api"], groups["ledger"], tcp(1414), id="booking", purpose="queue to the ledger")
        shop.allow(groups["tokeniser"], self.acquirer, "https", id="authorise", purpose="card authorisation")
        operations = LabelPolicy(self.seg, "operations", tier="application", owner=PLATFORM)
        operations.allow(self.admins, groups["bastion"], "ssh", id="admins", purpose="administration")
        operations.allow(
            groups["bastion"],
            list(zones.values()),
            "ssh",
            id="login",
            unless_destination=[groups["lb"], groups["database"]],
            purpose="administration; the load balancer and the database have no shell",
        )
        operations.allow(
            self.vendor,
            groups["bastion"],
            "ssh",
            id="vendor",
            purpose="migration of the vault",
            ticket="CHG-20417",
            created="2026-09-01",
            expires="2027-03-31",
        )


ROLES = {
    "lb": ("edge", "aws"),
    "web": ("edge", "aws"),
    "api": ("app", "aws"),
    "tokeniser": ("cde", "aws"),
    "database": ("cde", "aws"),
    "vault": ("keys", "aws"),
    "bastion": ("mgmt", "aws"),
    "collector": ("mgmt", "aws"),
    "hsm": ("keys", "dc"),
    "ledger": ("office", "dc"),
}
"""Where each role stands: its zone and its cloud."""


def _zones(seg: Segmentation) -> Iterator[Zone]:
    pci = ["pci-dss"]
    yield Zone(seg, "edge", select=L.zone == "edge", classification="public")
    yield Zone(seg, "app", select=L.zone == "app")
    yield Zone(seg, "cde", select=L.zone == "cde", classification="sensitive", compliance=pci)
    yield Zone(seg, "keys", select=L.zone == "keys", classification="critical", compliance=pci)
    yield Zone(seg, "mgmt", select=L.zone == "mgmt", classification="sensitive", compliance=pci)
    yield Zone(seg, "office", select=(L.zone == "office") & (L.cloud == "dc"))

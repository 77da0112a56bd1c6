"""The card payment service: what its policies mean, and that AWS is told the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from segkit import ServiceSet
from segkit.model import Tier

if TYPE_CHECKING:
    from segkit.intent import Case
    from tests.stacks.conftest import Synth, Synthesised


def ask(pci: Synthesised, source: str, destination: str, service: str) -> Case:
    """How one workload (or address) reaches another; both families and all members agree."""
    found = pci.intent.explain(source, destination, ServiceSet.parse(service))
    assert len(found.cases) == 1, [case.decided_by for case in found.cases]
    return found.cases[0]


ALLOWED = [
    ("8.8.8.8", "lb", "tcp/443", "payments/customers"),
    ("2606:4700::1", "lb", "tcp/443", "payments/customers"),
    ("web", "api", "tcp/8080", "payments/api"),
    ("api", "tokeniser", "tcp/443", "cde/tokenise"),
    ("tokeniser", "card-database", "tcp/5432", "cde/store"),
    ("tokeniser", "vault", "tcp/8200", "keys/unwrap"),
    ("vault", "hsm-1", "tcp/1792", "keys/hsm"),
    ("api", "ledger-1", "tcp/1414", "payments/booking"),
    ("tokeniser", "198.51.100.7", "tcp/443", "payments/authorise"),
    ("tokeniser", "2001:db8:acc::7", "tcp/443", "payments/authorise"),
    ("10.90.1.5", "bastion", "tcp/22", "operations/admins"),
    ("203.0.113.40", "bastion", "tcp/22", "operations/vendor"),
    ("bastion", "vault", "tcp/22", "operations/login"),
    ("bastion", "report", "tcp/22", "operations/login"),
    ("card-database", "collector", "tcp/6514", "guardrails/logs"),
]

DENIED = [
    ("web", "api", "tcp/8081", "default deny"),
    ("web", "card-database", "tcp/5432", "cde/database-callers"),
    ("8.8.8.8", "card-database", "tcp/5432", "guardrails/no-way-in"),
    ("tokeniser", "8.8.8.8", "tcp/443", "guardrails/no-way-out"),
    ("10.90.1.5", "web", "tcp/22", "guardrails/bastion-only"),
    ("collector", "vault", "tcp/22", "guardrails/bastion-only"),
    ("api", "vault", "tcp/8200", "keys/nobody-else"),
    ("collector", "bastion", "tcp/22", "posture of zone mgmt"),
    ("report", "collector", "tcp/6514", "quarantine/out"),
    ("tokeniser", "report", "tcp/443", "quarantine/in"),
    ("web", "report", "tcp/22", "quarantine/in-ssh"),
]


@pytest.mark.parametrize(("source", "destination", "service", "rule"), ALLOWED)
def test_allowed(pci: Synthesised, source: str, destination: str, service: str, rule: str) -> None:
    case = ask(pci, source, destination, service)
    assert (case.verdict, case.decided_by) == ("allow", rule)


@pytest.mark.parametrize(("source", "destination", "service", "rule"), DENIED)
def test_denied(pci: Synthesised, source: str, destination: str, service: str, rule: str) -> None:
    case = ask(pci, source, destination, service)
    assert case.verdict == "deny" and case.decided_by.startswith(rule)


def test_it_has_what_a_card_data_environment_has(pci: Synthesised) -> None:
    assert {r.tier for r in pci.model.rules} == set(Tier)
    assert {z.classification for z in pci.model.zones} == {"public", "internal", "sensitive", "critical"}
    assert {z.name for z in pci.model.zones if "pci-dss" in z.compliance} == {"cde", "keys", "mgmt"}
    assert [r.id for r in pci.model.rules if r.expires] == ["operations/vendor"]


def test_it_is_proved_up_to_what_is_accepted(pci: Synthesised) -> None:
    assert pci.proof.status == "equal"
    assert {d.residual for d in pci.proof.accepted} == {"internet-as-anywhere"}
    assert {d.destination for d in pci.proof.accepted} == {"lb"}
    assert {r.name for r in pci.proof.residuals} == {"internet-as-anywhere", "snapshot"}


def test_database_load_balancer_and_fleets_take_their_groups(pci: Synthesised) -> None:
    where = {m.workload: (m.status, m.where) for m in pci.proof.memberships}
    assert where["card-database"] == ("seen", "aws_db_instance.card-database")
    assert where["lb"] == ("seen", "aws_lb.lb")
    assert where["web"] == ("seen", "aws_launch_template.web-template")
    assert {status for status, _ in where.values()} == {"seen"}


def test_aws_is_told_both_families(pci: Synthesised) -> None:
    rules = pci.resources("aws_vpc_security_group_ingress_rule").values()
    assert {r.get("cidr_ipv6") for r in rules} >= {"::/0", "fd80:90::/48"}
    assert {r.get("cidr_ipv4") for r in rules} >= {"0.0.0.0/0", "10.90.0.0/22"}


def test_the_vendor_is_out_the_day_after(synth: Synth, settings: pytest.MonkeyPatch) -> None:
    from stacks.pci_three_tier import PciThreeTier

    with settings.context() as here:
        here.setenv("SEGKIT_TODAY", "2027-04-01")
        later = synth(PciThreeTier, "pci_three_tier")
    assert ask(later, "203.0.113.40", "bastion", "tcp/22").verdict == "deny"
    text = str(later.document["resource"])
    assert "203.0.113.40" not in text and later.proof.status == "equal"

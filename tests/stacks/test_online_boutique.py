"""Online Boutique: what is compiled is what the authors' own network policies allow, and what is emitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from segkit import ServiceSet
from segkit.intent import Cell
from tests.stacks.network_policies import Flow, load, passes

if TYPE_CHECKING:
    from tests.stacks.conftest import Synth, Synthesised

NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}


@pytest.fixture(scope="session")
def policies(shared_dir: Path) -> list[dict[str, Any]]:
    """The authors' network policies."""
    return load(shared_dir / "cases/online-boutique/kustomize/components/network-policies")


def labels_of(cell: Cell) -> dict[str, str] | None:
    """The pod that a cell stands for; every cell of workloads here holds one service."""
    assert len(cell.workloads) <= 1
    return {"app": cell.workloads[0]} if cell.is_workload else None


def edges(services: ServiceSet, ports: set[int]) -> list[int]:
    """Ports between which neither side can change its mind: mentioned ones and their neighbours."""
    near = {0, 65535, *ports}
    for part in services.parts():
        near |= {part.lo, part.hi}
    return sorted({p for n in near for p in (n - 1, n, n + 1) if 0 <= p <= 65535})


def ends(boutique: Synthesised) -> Iterator[tuple[Cell, Cell]]:
    cells = boutique.intent.cells
    for source in cells:
        for destination in cells:
            same_space = (source.realm, source.family) == (destination.realm, destination.family)
            if same_space and (source.is_workload or destination.is_workload):
                yield source, destination


def test_the_reader_of_network_policies_can_say_no(policies: list[dict[str, Any]]) -> None:
    cart, front = {"app": "cartservice"}, {"app": "frontend"}
    assert passes(policies, Flow(front, cart, "TCP", 7070))
    assert not passes(policies, Flow(front, cart, "TCP", 7071))
    assert not passes(policies, Flow(front, cart, "UDP", 7070))
    assert not passes(policies, Flow({"app": "adservice"}, cart, "TCP", 7070))
    assert not passes(policies, Flow(None, cart, "TCP", 7070))
    assert not passes(policies, Flow(front, {"app": "loadgenerator"}, "TCP", 80))
    assert passes(policies, Flow(None, front, "UDP", 1)) and passes(policies, Flow(cart, None, "UDP", 53))


def test_intent_is_what_the_authors_allow_on_every_port(
    boutique: Synthesised, policies: list[dict[str, Any]]
) -> None:
    mentioned = {
        port["port"] for p in policies for rule in p.get("ingress", ()) for port in rule.get("ports", ())
    }
    seen = set()
    for source, destination in ends(boutique):
        services = boutique.intent.services(source.index, destination.index)
        pods = labels_of(source), labels_of(destination)
        seen.add((pods[0] and pods[0]["app"], pods[1] and pods[1]["app"]))
        for name, number in NUMBERS.items():
            for port in edges(services, mentioned):
                wanted = passes(policies, Flow(*pods, name, port))
                assert services.contains(number, port) is wanted, (
                    f"{source.text} -> {destination.text} {port}"
                )
        # Protocols without ports: a network policy speaks of them only where it names no ports at all.
        for number in (47, 50, 1 if source.family == 4 else 58):
            wanted = passes(policies, Flow(*pods, str(number), None))
            assert services.contains(number) is wanted, f"{source.text} -> {destination.text} {number}"
    assert len(seen) == 13 * 13 - 1, "twelve services and the outside, but not outside to outside"


def test_what_is_emitted_is_proved(boutique: Synthesised) -> None:
    assert boutique.proof.status == "equal"
    assert not boutique.proof.accepted and not boutique.proof.residuals
    assert {m.status for m in boutique.proof.memberships} == {"seen"}
    assert len(boutique.proof.memberships) == 12


def test_a_machine_for_each_service_with_few_groups(boutique: Synthesised) -> None:
    machines = boutique.resources("aws_instance")
    assert len(machines) == 12
    for machine in machines.values():
        assert machine["vpc_security_group_ids"].startswith("${local.segkit_aws_")
    assert max(len(m.groups) for m in boutique.proof.memberships) == 3


def test_a_rule_more_adds_its_two_resources_only(boutique: Synthesised, synth: Synth) -> None:
    from segkit import tcp
    from segkit.constructs import LabelPolicy
    from stacks.online_boutique import OnlineBoutique

    class WithOneMore(OnlineBoutique):
        def __init__(self, scope: Any, id: str) -> None:  # noqa: A002
            super().__init__(scope, id)
            more = LabelPolicy(self.segmentation, "more", tier="application")
            more.allow(self.groups["adservice"], self.groups["redis-cart"], tcp(6379), id="cache")

    after = synth(WithOneMore, "online_boutique")
    added = {
        (kind, name)
        for kind, named in after.document["resource"].items()
        for name in named
        if name not in boutique.resources(kind)
    }
    assert {kind for kind, _ in added} == {
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
    }
    assert len(added) == 2
    for kind, named in boutique.document["resource"].items():
        for name, body in named.items():
            assert after.resources(kind)[name] == body, f"{kind}.{name} changed"


def test_renaming_a_zone_moves_its_resources(boutique: Synthesised, synth: Synth) -> None:
    from dataclasses import replace

    from stacks.online_boutique import OnlineBoutique
    from stacks.online_boutique.stack import ZONES

    renamed = tuple(
        replace(zone, name="storage", moved_from="data") if zone.name == "data" else zone for zone in ZONES
    )
    after = synth(lambda app, name: OnlineBoutique(app, name, zones=renamed), "online_boutique")
    moves = after.document["moved"]
    assert {"from": "aws_security_group.aws_zone-data", "to": "aws_security_group.aws_zone-storage"} in moves
    group = after.resources("aws_security_group")["aws_zone-storage"]
    assert group["name"] == boutique.resources("aws_security_group")["aws_zone-data"]["name"]
    assert after.proof.status == "equal"


def test_the_stack_goes_to_a_local_server_when_told(synth: Synth, settings: pytest.MonkeyPatch) -> None:
    from stacks.online_boutique import OnlineBoutique

    with settings.context() as here:
        here.setenv("SEGKIT_AWS_ENDPOINT", "http://127.0.0.1:5000")
        local = synth(OnlineBoutique, "online_boutique").document["provider"]["aws"][0]
    assert local["endpoints"][0]["ec2"] == "http://127.0.0.1:5000"
    assert local["skip_credentials_validation"] is True and local["secret_key"] == "test"
    real = synth(OnlineBoutique, "online_boutique").document["provider"]["aws"][0]
    assert real == {"region": "eu-west-1"}

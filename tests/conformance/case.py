"""A model in the making on one plane, and what cases ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from segkit.compiler import Compilation
from segkit.errors import SegkitError
from segkit.model import Segmentation
from segkit.sets import Addresses, ServiceSet
from segkit.verify import Proof, prove
from tests.conformance.compiling import compile_model
from tests.conformance.planes import Plane
from tests.oracles.intent_oracle import Oracle, Packet, Spot
from tests.strategies import TODAY


class Case:
    """A model in the making on one plane, and the questions a case asks of it."""

    def __init__(self, plane: Plane, encoding: str) -> None:
        self.plane, self.encoding = plane, encoding
        self.seg = Segmentation("m", today=TODAY)
        self.targets: list[Any] = []

    def target(self, name: str = "t", choice: int = 0, **more: Any) -> Any:
        select, realm = more.pop("select", None), more.pop("realm", "default")
        names = more.pop("names", [name])
        place = {**self.plane.placement(self.encoding)(name, names, choice), **more}
        extra = {} if select is None else {"select": select}
        self.targets.append(self.seg.target(name, self.plane.name, realm=realm, placement=place, **extra))
        for residual in self.plane.always:
            self.targets[-1].accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")
        return self.targets[-1]

    def must_accept(self, name: str, *words: str) -> None:
        """Refused without a residual, unless the plane has it in nearly any model; then it is accepted."""
        if name not in self.plane.always:
            self.refused(name, *words)
            self.accept(name)

    def accept(self, *names: str) -> None:
        for name in sorted({*names}.difference(self.plane.always)):
            for target in self.targets:
                target.accept_residual(name, owner="me", reason="a test", expires="2999-01-01")

    def compiled(self) -> Compilation:
        if not self.targets:
            self.target()
        return compile_model(self.seg.build())

    def proof(self, change: Callable[[dict[str, Any]], None] | None = None) -> Proof:
        done = self.compiled()
        document = self.plane.stack(done.model, done.fragment)
        if change is not None:
            change(document)
        return prove(done.model, document, intent=done.intent, residuals=done.residuals)

    def residuals(self) -> set[str]:
        """What is lost on this plane, but what nearly any model loses there."""
        return {r.name for r in self.compiled().residuals}.difference(self.plane.always)

    def passes(self, source: str, destination: str, services: ServiceSet) -> bool:
        """Do all of these services pass, by the packet oracle? The intent oracle has to agree."""
        done = self.compiled()
        document = self.plane.stack(done.model, done.fragment)
        oracle, plane = Oracle(done.model), self.plane.packets(done.model, document)
        answers = set()
        for packet in packets(oracle, source, destination, services):
            assert plane(packet) == oracle.passes(packet), packet
            answers.add(plane(packet))
        assert len(answers) == 1, f"{source} -> {destination}: {answers}"
        return answers.pop()

    def exact(self) -> None:
        proof = self.proof()
        assert proof.status == "equal" and not proof.accepted, proof.text()

    def refused(self, *words: str) -> None:
        with pytest.raises(SegkitError) as raised:
            self.compiled()
        text = str(raised.value)
        assert all(word in text for word in words), text
        assert all(p.fix for p in raised.value.problems)


def packets(oracle: Oracle, source: str, destination: str, services: ServiceSet) -> Iterator[Packet]:
    for one in ends(oracle, source):
        for two in ends(oracle, destination):
            if one[:2] == two[:2]:
                for part in services.parts():
                    if part.protocol != (58 if one.family == 4 else 1):
                        yield Packet(one, two, part.protocol, part.lo)
                        yield Packet(one, two, part.protocol, part.hi)


def ends(oracle: Oracle, name: str) -> list[Spot]:
    """A workload's name (with `@address` for one of its endpoints), or an address outside."""
    workload, _, at = name.partition("@")
    held = [s for s in oracle.spots() if s.workload is not None and s.workload.name == workload]
    if held:
        return [s for s in held if not at or str(s.address) == at]
    address = ip_address(workload)
    return [Spot(at or "default", address.version, address)]


def addresses_of(*items: str) -> Addresses:
    return Addresses.of(*items)


def aws_only(case: Case) -> None:
    if case.plane.name != "aws":
        pytest.skip("about security groups")

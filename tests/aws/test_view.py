"""The reading model: whose target an interface is, by its labels and its place together."""

from __future__ import annotations

from segkit.compiler import compile_model
from segkit.model import Segmentation
from segkit.platforms.aws.view import AwsView
from segkit.sets import L, tcp
from tests.strategies import TODAY


def memberships(seg: Segmentation) -> set[tuple[str, str, str]]:
    model = seg.build()
    view = AwsView(model, model.targets, compile_model(model).fragment)
    return {(m.workload, m.target, m.status) for m in view.memberships()}


def test_equal_labels_in_two_networks_have_two_targets() -> None:
    seg = Segmentation("two", today=TODAY)
    seg.policy("p", "application", owner="o").allow(L.role == "web", L.role == "web", tcp(443))
    for n, network in enumerate(("one", "two")):
        seg.workload(f"w{n}", {"role": "web"}, [f"10.0.0.{n}"], network=network)
        place = {"vpc_id": f"vpc-{n}", "network": network}
        seg.target(f"t{n}", "aws", placement=place).accept_residual(
            "snapshot", owner="o", reason="r", expires="2030-01-01"
        )
    assert memberships(seg) == {("w0", "t0", "assumed"), ("w1", "t1", "assumed")}


def test_equal_labels_in_two_realms_have_two_targets() -> None:
    seg = Segmentation("two", today=TODAY)
    seg.policy("p", "application", owner="o").allow(L.role == "web", L.role == "web", tcp(443))
    for n, realm in enumerate(("one", "two")):
        seg.workload(f"w{n}", {"role": "web"}, [f"10.0.0.{n}"], realm=realm)
        seg.target(f"t{n}", "aws", realm=realm, placement={"vpc_id": f"vpc-{n}"})
    assert memberships(seg) == {("w0", "t0", "assumed"), ("w1", "t1", "assumed")}

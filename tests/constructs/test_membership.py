"""Who carries which groups: references that work in this stack and in others."""

from __future__ import annotations

from typing import Any

import pytest

from segkit import L, SegkitError
from segkit.constructs import AwsSecurityGroups, Workload
from tests.constructs.conftest import Shop, document, new_app


def test_a_membership_is_a_plain_reference_before_and_after_the_policies(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    shop.attach(shop.stack, "early", shop.before)
    shop.attach(shop.stack, "late", shop.aws.membership(shop.web_1))
    app.synth()
    written = document("retail")
    reference = "${local.segkit_aws_web-1.groups}"
    machines = written["resource"]["aws_instance"]
    assert machines["early"]["vpc_security_group_ids"] == reference
    assert machines["late"]["vpc_security_group_ids"] == reference
    published = written["locals"]["segkit_aws_web-1"]
    assert (published["target"], published["workload"], published["interface"]) == ("aws", "web-1", "")
    assert published["groups"]
    assert shop.seg.compile().membership("aws", "web-1") == reference


def test_further_groups_are_put_behind_ours(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    other = lib.TerraformResource(shop.stack, "other", terraform_resource_type="aws_security_group")
    other.add_override("vpc_id", shop.vpc.get_string_attribute("id"))
    extra = [other.get_string_attribute("id")]
    shop.attach(shop.stack, "web", shop.aws.membership(shop.web_1, extra=extra))
    app.synth()
    machine = document("retail")["resource"]["aws_instance"]["web"]
    assert machine["vpc_security_group_ids"] == (
        "${concat(local.segkit_aws_web-1.groups, [aws_security_group.other.id])}"
    )


def test_another_stack_gets_an_output_and_a_remote_state(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)
    machines = lib.TerraformStack(app, "machines")
    shop.attach(machines, "web", shop.aws.membership(shop.web_1, scope=machines))
    app.synth()
    written = document("retail")
    (output,) = (o for o in written["output"].values() if "web-1" in o["value"])
    assert output["value"] == "${local.segkit_aws_web-1.groups}"
    used = document("machines")["resource"]["aws_instance"]["web"]["vpc_security_group_ids"]
    assert used.startswith("${data.terraform_remote_state.cross-stack-reference-input-retail.outputs.")


def test_the_vpc_may_live_in_another_stack(lib: Any) -> None:
    app = new_app(lib, "out")
    network = lib.TerraformStack(app, "network")
    vpc = lib.TerraformResource(network, "shared", terraform_resource_type="aws_vpc")
    Shop(lib, app, vpc_id=vpc.get_string_attribute("id")).attach_all()
    app.synth()
    groups = document("retail")["resource"]["aws_security_group"]
    remote = "${data.terraform_remote_state.cross-stack-reference-input-network.outputs."
    assert all(group["vpc_id"].startswith(remote) for group in groups.values())
    assert any("aws_vpc.shared.id" in o["value"] for o in document("network")["output"].values())


def test_an_alias_may_be_a_provider_or_its_address(lib: Any) -> None:
    app = new_app(lib, "out")
    shop = Shop(lib, app)

    class Provider(lib.TerraformProvider):  # type: ignore[misc]
        @property
        def alias(self) -> str:
            return "prod"

    provider = Provider(shop.stack, "prod", terraform_resource_type="aws")
    one = AwsSecurityGroups(
        shop.seg,
        "one",
        vpc_id="vpc-1",
        region="eu-west-1",
        select=L.cloud == "one",
        provider=provider,
        peered_with=[shop.aws],
    )
    two = AwsSecurityGroups(
        shop.seg, "two", vpc_id="vpc-2", region="eu-west-1", select=L.cloud == "two", provider="aws.prod"
    )
    for target in (shop.aws, one, two):
        target.accept_residual("snapshot", owner="netsec", reason="test", expires="2027-01-31")
    placements = {t.name: t.placement for t in shop.seg.model().targets}
    assert placements["one"]["provider"] == placements["two"]["provider"] == "aws.prod"
    assert placements["one"]["peered_with"] == ["aws"]
    assert placements["aws"]["network"] == "${aws_vpc.main.id}"


@pytest.mark.parametrize(
    ("workload", "interface", "expected"),
    [
        ("wbe-1", "", "there is no workload or workload class of this name"),
        ("elsewhere", "", "the target does not own it"),
        ("web-1", "eth7", "its interface 'eth7' is unknown, or the target does not own it"),
    ],
)
def test_a_membership_that_nobody_publishes_is_reported(
    cdktf: Any, workload: str, interface: str, expected: str
) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    Workload(shop.seg, "elsewhere", {"cloud": "azure"}, addresses=["10.7.0.1"])
    shop.aws.membership(workload, interface)
    with pytest.raises(RuntimeError) as caught:
        app.synth()
    assert f"target aws has no membership for '{workload}'" in str(caught.value)
    assert expected in str(caught.value)
    assert "test_membership.py:" in str(caught.value)


def test_a_use_in_another_app_is_reported(cdktf: Any) -> None:
    app, other = new_app(cdktf, "out"), new_app(cdktf, "other")
    shop = Shop(cdktf, app)
    shop.aws.membership(shop.web_1, scope=cdktf.TerraformStack(other, "stranger"))
    with pytest.raises(RuntimeError, match="membership of 'web-1' is used by stranger of another app"):
        app.synth()


def test_compile_gives_the_problems_as_they_are(cdktf: Any) -> None:
    shop = Shop(cdktf, new_app(cdktf, "out"))
    shop.policy.allow(shop.web, shop.db)
    with pytest.raises(SegkitError) as caught:
        shop.seg.compile()
    assert len(caught.value.problems) == 1


def test_several_interfaces_have_a_membership_each(cdktf: Any) -> None:
    app = new_app(cdktf, "out")
    shop = Shop(cdktf, app)
    Workload(
        shop.seg,
        "gw",
        {"app": "shop", "role": "web", "cloud": "aws"},
        interfaces=[
            {"name": "front", "addresses": ["10.0.0.9"]},
            {"name": "back", "addresses": ["10.0.0.10"]},
        ],
    )
    shop.attach(shop.stack, "gw", shop.aws.membership("gw", "back"))
    app.synth()
    published = document("retail")["locals"]["segkit_aws_gw_back"]
    assert (published["workload"], published["interface"]) == ("gw", "back")


def test_accepted_residuals_reach_the_model(cdktf: Any) -> None:
    shop = Shop(cdktf, new_app(cdktf, "out"))
    assert (
        shop.aws.accept_residual("unproved", owner="netsec", reason="audit", expires="2027-01-31") is shop.aws
    )
    (accepted,) = shop.seg.model().targets[0].accepted
    assert (accepted.residual, accepted.owner) == ("unproved", "netsec")
    assert accepted.where.startswith("retail/segmentation/aws (")

"""The construct for Google Cloud: tags of machines that are made in the stack, or elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from segkit import L, tcp
from segkit.constructs import GoogleNetworkFirewall, LabelPolicy, Segmentation, Workload
from tests.constructs.conftest import document, new_app

VALUES = "google_tags_tag_value"


class Estate:
    """A network and a segmentation of two machines in it."""

    def __init__(self, lib: Any, **placement: Any) -> None:
        self.app = new_app(lib)
        self.lib, self.stack = lib, lib.TerraformStack(self.app, "shop")
        vpc = lib.TerraformResource(self.stack, "vpc", terraform_resource_type="google_compute_network")
        vpc.add_override("name", "vpc")
        vpc.add_override("network_firewall_policy_enforcement_order", "BEFORE_CLASSIC_FIREWALL")
        self.seg = Segmentation(self.stack, "seg")
        self.target = GoogleNetworkFirewall(
            self.seg, "net", network_id=vpc.get_string_attribute("id"), project="p", **placement
        )
        self.target.accept_residual("snapshot", owner="me", reason="egress", expires="2999-01-01")
        self.web = Workload(self.seg, "web", {"app": "web"}, addresses=["10.0.0.1"])
        Workload(self.seg, "db", {"app": "db"}, addresses=["10.0.0.2"])
        policy = LabelPolicy(self.seg, "shop", tier="application")
        policy.allow(L.app == "web", L.app == "db", tcp(5432), id="orders")

    def machine(self, name: str, tags: Any, stack: Any = None) -> None:
        kind = "google_compute_instance"
        made = self.lib.TerraformResource(stack or self.stack, name, terraform_resource_type=kind)
        made.add_override("params", {"resource_manager_tags": tags})


def test_a_machine_takes_its_tags_when_it_is_made(lib: Any) -> None:
    estate = Estate(lib)
    for name in ("web", "db"):
        estate.machine(name, estate.target.resource_manager_tags(name))
    estate.app.synth()
    written = document("shop")
    for name in ("web", "db"):
        tags = written["resource"]["google_compute_instance"][name]["params"]["resource_manager_tags"]
        assert tags == f"${{zipmap(local.segkit_net_{name}.keys, local.segkit_net_{name}.groups)}}"
    published = written["locals"]["segkit_net_web"]
    assert len(published["keys"]) == len(published["groups"]) == 2
    proof = estate.seg.proof
    assert proof is not None and proof.ok and {m.status for m in proof.memberships} == {"seen"}


def test_tags_of_ones_own_go_beside(lib: Any) -> None:
    estate = Estate(lib)
    mine = {"tagKeys/1": "tagValues/2"}
    estate.machine("web", estate.target.resource_manager_tags(estate.web, extra=mine))
    estate.app.synth()
    tags = document("shop")["resource"]["google_compute_instance"]["web"]["params"]["resource_manager_tags"]
    assert tags.startswith("${merge(zipmap(") and '"tagKeys/1"' in tags
    assert estate.seg.proof is not None and estate.seg.proof.ok


def test_a_machine_of_another_stack(lib: Any) -> None:
    estate = Estate(lib)
    other = lib.TerraformStack(estate.app, "machines")
    estate.machine("web", estate.target.resource_manager_tags("web", scope=other), other)
    estate.app.synth()
    values = [o["value"] for o in document("shop")["output"].values()]
    assert {"${local.segkit_net_web.groups}", "${local.segkit_net_web.keys}"} <= set(values)
    used = document("machines")["resource"]["google_compute_instance"]["web"]["params"]
    assert used["resource_manager_tags"].startswith("${zipmap(data.terraform_remote_state.")


def test_network_tags_are_a_list(cdktf: Any) -> None:
    estate = Estate(cdktf, tags="network")
    made = cdktf.TerraformResource(estate.stack, "web", terraform_resource_type="google_compute_instance")
    made.add_override("tags", estate.target.membership("web"))
    estate.app.synth()
    assert (
        document("shop")["resource"]["google_compute_instance"]["web"]["tags"]
        == "${local.segkit_net_web.groups}"
    )
    assert estate.seg.proof is not None and estate.seg.proof.ok
    other = Estate(cdktf, tags="network")
    assert other.target.resource_manager_tags("web") == {}
    with pytest.raises(Exception, match="has no resource manager tags: tags is 'network'"):
        other.app.synth()


def test_a_machine_runs_as_its_account(lib: Any) -> None:
    accounts = "{app}@p.iam.gserviceaccount.com"
    estate = Estate(lib, tags="service-accounts", accounts=accounts)
    made = lib.TerraformResource(estate.stack, "web", terraform_resource_type="google_compute_instance")
    email = estate.target.service_account("web")
    made.add_override("service_account", [{"email": email, "scopes": ["cloud-platform"]}])
    estate.app.synth()
    written = document("shop")["resource"]["google_compute_instance"]["web"]["service_account"]
    assert written[0]["email"] == "${element(local.segkit_net_web.groups, 0)}"
    proof = estate.seg.proof
    assert proof is not None and proof.ok
    assert {m.workload: m.status for m in proof.memberships} == {"web": "seen", "db": "assumed"}


def test_accounts_are_for_targets_that_name_them(cdktf: Any) -> None:
    estate = Estate(cdktf)
    assert estate.target.service_account("web") == ""
    with pytest.raises(Exception, match="gives machines no service account: tags is 'secure'"):
        estate.app.synth()


def test_a_machine_that_exists_has_its_tags_bound(lib: Any) -> None:
    estate = Estate(lib)
    number = "//compute.googleapis.com/projects/1/zones/europe-west1-b/instances/77"
    Workload(estate.seg, "old", {"app": "web"}, addresses=["10.0.0.9"], interface_id=number)
    estate.app.synth()
    bound = document("shop")["resource"]["google_tags_location_tag_binding"]
    assert {(b["parent"], b["location"]) for b in bound.values()} == {(number, "europe-west1-b")}
    assert bound["net_old_enforced"]["depends_on"]


@pytest.mark.parametrize(
    ("placement", "what"),
    [
        ({"egress": "wide"}, "egress is 'wide'"),
        ({"order": "FIRST"}, "order is 'FIRST'"),
        ({"tags_parent": "shop"}, "tags_parent is 'shop'"),
        ({"quotas": {"tags": 1}}, "unknown quota 'tags'"),
        ({"ancestors": ["my-folder"]}, "ancestors has 'my-folder'"),
        ({"logging": "yes"}, "logging is 'yes'"),
        ({"vpc": "x"}, "unknown argument 'vpc'"),
        ({"peered_with": ["net"]}, "peered_with names 'net'"),
    ],
)
def test_what_is_wrong_with_a_placement_is_said_before_anything_is_written(
    cdktf: Any, placement: dict[str, Any], what: str
) -> None:
    estate = Estate(cdktf, **placement)
    with pytest.raises(Exception, match="Validation failed") as raised:
        estate.app.synth()
    assert what in str(raised.value)


def test_the_tiers_above_the_network(cdktf: Any) -> None:
    above = {"ancestors": ["organizations/1"], "global_tier": "admin", "global_at": "organizations/1"}
    estate = Estate(cdktf, **above)
    LabelPolicy(estate.seg, "rail", tier="global").deny(L.app == "web", L.app == "db", tcp(22), id="ssh")
    estate.machine("web", estate.target.resource_manager_tags("web"))
    estate.app.synth()
    written = document("shop")
    (policy,) = written["resource"]["google_compute_firewall_policy_with_rules"].values()
    assert {rule["action"] for rule in policy["rule"]} == {"deny"}
    assert policy["rule"][0]["target_resources"] == ["${google_compute_network.vpc.self_link}"]
    assert len(written["locals"]["segkit_net_web"]["keys"]) == 3
    assert estate.seg.proof is not None and estate.seg.proof.ok

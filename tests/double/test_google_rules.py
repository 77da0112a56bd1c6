"""What the google double's platform refuses, call by call; no Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.double import rules_google
from tests.double.api import Api, RefusedError
from tests.double.bench import api
from tests.double.google_parts import POLICY
from tests.double.wire import UNKNOWN

Body = dict[str, Any]

FIREWALL, NETWORK = "google_compute_firewall", "google_compute_network"
PLAIN, RULE = "google_compute_network_firewall_policy", "google_compute_network_firewall_policy_rule"
KEY, VALUE = "google_tags_tag_key", "google_tags_tag_value"
BINDING = "google_tags_location_tag_binding"
LINK = f"{PLAIN}_association"
ABOVE, ATTACHED = (f"google_compute_firewall_policy_{part}" for part in ("with_rules", "association"))


@pytest.fixture
def google(schemas: Path, tmp_path: Path) -> Api:
    made = api(schemas, tmp_path, "google", rules_google.TABLE)
    for name in ("net", "other"):
        made.create(NETWORK, {"name": name})
    made.create(PLAIN, {"name": "plain"})
    return made


def _key(google: Api, name: str = "role", **more: Any) -> str:
    body = {"parent": "projects/4711", "short_name": name, "purpose": "GCE_FIREWALL"}
    return str(google.create(KEY, {**body, "purpose_data": {"network": "shop/net"}, **more})["id"])


def _value(google: Api, key: str, name: str) -> str:
    return str(google.create(VALUE, {"parent": key, "short_name": name})["id"])


def _machine(google: Api, name: str, **more: Any) -> str:
    """A machine; gives back its full name."""
    nic = {"network": "net", "network_ip": None}
    made = google.create(
        "google_compute_instance",
        {"name": name, "instance_id": UNKNOWN, "zone": None, "network_interface": [nic], **more},
    )
    return f"//compute.googleapis.com/projects/4711/zones/{made['zone']}/instances/{made['instance_id']}"


def _rule(priority: int = 1, match: Body | None = None, **more: Any) -> Body:
    base = {"layer4_config": [{"ip_protocol": "tcp", "ports": ["443"]}], "src_ip_ranges": ["0.0.0.0/0"]}
    return {"priority": priority, "action": "allow", "match": [{**base, **(match or {})}], **more}


def _policy(*rules: Body, name: str = "p") -> Body:
    return {"name": name, "rule": list(rules)}


def _above(*rules: Body, **more: Any) -> Body:
    return {"short_name": "p", "parent": "folders/2", "rule": list(rules), **more}


def _firewall(**more: Any) -> Body:
    allow = [{"protocol": "tcp", "ports": ["80"]}]
    return {"name": "f", "network": "net", "allow": allow, "source_ranges": ["10.0.0.0/8"], **more}


def _layer4(protocol: str, *ports: str) -> Body:
    return {"layer4_config": [{"ip_protocol": protocol, "ports": list(ports)}]}


def _tags(count: int) -> list[Body]:
    return [{"name": f"tagValues/{n}"} for n in range(count)]


MANY = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}/32" for n in range(5001)]
EGRESS: Body = {"direction": "EGRESS"}

REFUSED: dict[str, tuple[str, Body, str]] = {
    "one priority twice": (POLICY, _policy(_rule(7), _rule(7)), "2 rules have the priority 7"),
    "a reserved priority": (POLICY, _policy(_rule(2147483647)), "not in 0 to 2147483547"),
    "an upper-case action": (POLICY, _policy(_rule(action="ALLOW")), "not one of allow, deny"),
    "host bits": (POLICY, _policy(_rule(match={"src_ip_ranges": ["10.0.0.1/8"]})), "10.0.0.0/8 is meant"),
    "ports without a meaning": (POLICY, _policy(_rule(match=_layer4("icmp", "8"))), "icmp has no ports"),
    "a port beyond": (POLICY, _policy(_rule(match=_layer4("tcp", "70000"))), "neither a port"),
    "an unknown protocol": (POLICY, _policy(_rule(match=_layer4("icmpv6"))), "neither a number nor one of"),
    "no source": (POLICY, _policy(_rule(match={"src_ip_ranges": []})), "an ingress rule needs a source"),
    "no destination": (POLICY, _policy(_rule(**EGRESS)), "an egress rule needs a destination"),
    "a source tag on the way out": (
        POLICY,
        _policy(_rule(match={"src_secure_tag": _tags(1), "dest_ip_ranges": ["10.0.0.0/8"]}, **EGRESS)),
        "an egress rule cannot have source tags",
    ),
    "both families": (
        POLICY,
        _policy(_rule(match={"src_ip_ranges": ["10.0.0.0/8", "2001:db8::/32"]})),
        "IPv4 and IPv6 ranges in one rule",
    ),
    "too many tags": (POLICY, _policy(_rule(target_secure_tag=_tags(257))), "257 tags as target, 256 can be"),
    "too many ranges": (POLICY, _policy(_rule(match={"src_ip_ranges": MANY})), "5001 ranges as src"),
    "an unknown tag": (POLICY, _policy(_rule(target_secure_tag=_tags(1))), "tagValues/0 does not exist"),
    "a tag of no kind": (POLICY, _policy(_rule(target_secure_tag=[{"name": "web"}])), "no tag value"),
    "an odd policy name": (POLICY, _policy(_rule(), name="Main"), "names have 1 to 63"),
    "the name of another policy": (POLICY, _policy(_rule(), name="plain"), "has this name already"),
    "a rule of no policy": (RULE, _rule(firewall_policy="none", direction="INGRESS"), "none does not exist"),
    "a network that is not": (
        LINK,
        {"name": "l", "firewall_policy": "plain", "attachment_target": "projects/shop/global/networks/none"},
        "networks/none does not exist",
    ),
    "a firewall without sources": (FIREWALL, _firewall(source_ranges=None), "must be defined"),
    "a firewall with an end too many": (FIREWALL, _firewall(direction="EGRESS"), "has no sources"),
    "a firewall of both families": (FIREWALL, _firewall(source_ranges=["10.0.0.0/8", "::/0"]), "IPv4 and"),
    "a firewall for too many accounts": (
        FIREWALL,
        _firewall(target_service_accounts=[f"a{n}@p.iam.gserviceaccount.com" for n in range(11)]),
        "11 service accounts as target, 10 can be",
    ),
    "a firewall of no network": (FIREWALL, _firewall(network="none"), "none does not exist"),
    "an odd network tag": (FIREWALL, _firewall(target_tags=["Web"]), "network tags look like"),
    "an odd tag name": (KEY, {"parent": "projects/1", "short_name": "a/b"}, "1 to 256 characters"),
    "a firewall key for nothing": (
        KEY,
        {"parent": "projects/1", "short_name": "a", "purpose": "GCE_FIREWALL"},
        "needs purpose_data",
    ),
    "a key for a network that is not": (
        KEY,
        {"parent": "projects/1", "short_name": "a", "purpose_data": {"network": "shop/none"}},
        "shop/none does not exist",
    ),
    "a hierarchical policy of a project": (ABOVE, _above(_rule(), parent="projects/1"), "neither an organiz"),
    "one priority twice above": (ABOVE, _above(_rule(7), _rule(7)), "2 rules have the priority 7"),
    "a network that is not above": (
        ABOVE,
        _above(
            _rule(target_resources=["https://www.googleapis.com/compute/v1/projects/shop/global/networks/x"])
        ),
        "networks/x does not exist",
    ),
    "a key of a project for the organization": (
        KEY,
        {
            "parent": "projects/1",
            "short_name": "a",
            "purpose": "GCE_FIREWALL",
            "purpose_data": {"organization": "auto"},
        },
        "for a key of an organization",
    ),
    "a value of no key": (VALUE, {"parent": "tagKeys/1", "short_name": "web"}, "tagKeys/1 does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(google: Api, case: str) -> None:
    kind, body, told = REFUSED[case]
    with pytest.raises(RefusedError, match=told):
        google.create(kind, body)


def test_one_policy_for_a_network(google: Api) -> None:
    google.create(POLICY, _policy(_rule()))
    target = {"attachment_target": "https://www.googleapis.com/compute/v1/projects/shop/global/networks/net"}
    google.create(LINK, {"name": "a", "firewall_policy": "p", **target})
    with pytest.raises(RefusedError, match="has a firewall policy already"):
        google.create(LINK, {"name": "b", "firewall_policy": "plain", **target})
    for kind, path in ((POLICY, "firewallPolicies/p"), (NETWORK, "networks/net")):
        with pytest.raises(RefusedError, match=r"is in use by \S*associations/a"):
            google.delete(kind, f"projects/shop/global/{path}")


def test_one_policy_for_a_folder(google: Api) -> None:
    made = google.create(ABOVE, _above(_rule(target_resources=["projects/shop/global/networks/net"])))
    other = google.create(ABOVE, _above(_rule(), short_name="q"))
    place = {"attachment_target": "folders/2"}
    google.create(ATTACHED, {"name": "a", "firewall_policy": made["id"], **place})
    with pytest.raises(RefusedError, match="folders/2 already has an association"):
        google.create(ATTACHED, {"name": "b", "firewall_policy": other["id"], **place})
    with pytest.raises(RefusedError, match="is in use by"):
        google.delete(ABOVE, str(made["id"]))
    with pytest.raises(RefusedError, match="has this name already"):
        google.create(ABOVE, _above(_rule(), parent="folders/3"))


def test_hierarchical_rules_name_tags_of_the_organization(google: Api) -> None:
    near = _value(google, _key(google), "web")
    whole = {"parent": "organizations/1", "purpose_data": {"organization": "auto"}}
    far = _value(google, _key(google, "tier", **whole), "web")
    with pytest.raises(RefusedError, match="is for one network"):
        google.create(ABOVE, _above(_rule(target_secure_tag=[{"name": near}])))
    made = google.create(ABOVE, _above(_rule(target_secure_tag=[{"name": far}])))
    assert made["policy_id"]


def test_a_machine_has_one_value_of_a_key(google: Api) -> None:
    key = _key(google)
    web, db = (_value(google, key, name) for name in ("web", "db"))
    place = {"parent": _machine(google, "one"), "location": "europe-west1-b"}
    google.create(BINDING, {**place, "tag_value": web})
    with pytest.raises(RefusedError, match=f"has 2 values of {key}; one can be bound"):
        google.create(BINDING, {**place, "tag_value": db})
    with pytest.raises(RefusedError, match="is in use by"):
        google.delete(VALUE, web)
    other = {"parent": "//compute.googleapis.com/projects/4711/zones/europe-west1-b/instances/1"}
    with pytest.raises(RefusedError, match="instances/1 does not exist"):
        google.create(BINDING, {**place, **other, "tag_value": db})


def test_tags_given_at_birth_count(google: Api) -> None:
    key = _key(google)
    web, db = (_value(google, key, name) for name in ("web", "db"))
    machine = _machine(google, "one", params=[{"resource_manager_tags": {key: web}}])
    with pytest.raises(RefusedError, match="has 2 values"):
        google.create(BINDING, {"parent": machine, "tag_value": db, "location": "europe-west1-b"})
    with pytest.raises(RefusedError, match="tagValues/1 is no value of"):
        _machine(google, "two", params=[{"resource_manager_tags": {key: "tagValues/1"}}])


def test_ten_tags_at_most(google: Api) -> None:
    place = {"parent": _machine(google, "one"), "location": "europe-west1-b"}
    values = [_value(google, _key(google, f"k{n}"), "on") for n in range(11)]
    for value in values[:10]:
        google.create(BINDING, {**place, "tag_value": value})
    with pytest.raises(RefusedError, match="has 11 tags, 10 can be"):
        google.create(BINDING, {**place, "tag_value": values[10]})


def test_tags_of_other_keys_are_none_for_firewalls(google: Api) -> None:
    value = _value(google, _key(google, "cost", purpose=None, purpose_data=None), "shop")
    with pytest.raises(RefusedError, match="no value of a key for firewalls"):
        google.create(POLICY, _policy(_rule(target_secure_tag=[{"name": value}])))
    with pytest.raises(RefusedError, match="has this name already"):
        _key(google, "cost")


def test_rules_know_tags_by_name(google: Api) -> None:
    _value(google, _key(google), "web")
    made = google.create(
        POLICY, _policy(_rule(target_secure_tag=[{"name": "4711/role/web", "state": UNKNOWN}]))
    )
    assert made["rule"][0]["target_secure_tag"][0]["state"] == "EFFECTIVE"


def test_a_policy_tells_what_it_costs(google: Api) -> None:
    ranges = {"src_ip_ranges": ["10.0.0.0/24", "10.1.0.0/24"], **_layer4("tcp", "80", "443", "8080")}
    google.create(POLICY, _policy(_rule(match=ranges)))
    shown = google.read(POLICY, "projects/shop/global/firewallPolicies/p")
    assert shown is not None
    assert shown["rule_tuple_count"] == 6


def test_a_project_is_needed(google: Api) -> None:
    with pytest.raises(RefusedError, match="project: required field is not set"):
        google.configure({})

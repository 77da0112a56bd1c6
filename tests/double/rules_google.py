"""What Google Cloud's APIs and the google provider refuse, and what they fill in.

Sources: the provider's documentation of each resource; the compute API's reference of Firewall,
FirewallPolicyRule and FirewallPolicyRuleMatcher; "Firewall policy rules" and "Secure tags for firewalls" of
the Cloud NGFW documentation. Where those leave it open, the double is the stricter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.double import checks_google as checks
from tests.double.store import Body
from tests.double.table import Choice, Limits, Ref, Table, among, at_most, below, between, matches, network

_COMPUTE = "projects/{project}/global"
_POLICY_PATH = _COMPUTE + "/firewallPolicies/{firewall_policy:last}"
_HIERARCHY_PATH = "locations/global/firewallPolicies/{firewall_policy:last}"

NETWORK, SUBNETWORK, INSTANCE = (f"google_compute_{k}" for k in ("network", "subnetwork", "instance"))
FIREWALL, POLICY = checks.FIREWALL, checks.POLICY
WITH_RULES, RULE, ASSOCIATION = checks.WITH_RULES, checks.RULE, checks.ASSOCIATION
HIERARCHY, ATTACHED, ABOVE = checks.HIERARCHY, checks.ATTACHED, checks.HIERARCHY_WITH_RULES
KEY, VALUE, BINDING, LOCATION_BINDING = checks.KEY, checks.VALUE, checks.BINDING, checks.LOCATION_BINDING
ADDRESS_GROUP = "google_network_security_address_group"

IDS = {
    NETWORK: _COMPUTE + "/networks/{name}",
    SUBNETWORK: "projects/{project}/regions/{region}/subnetworks/{name}",
    INSTANCE: "projects/{project}/zones/{zone}/instances/{name}",
    FIREWALL: _COMPUTE + "/firewalls/{name}",
    POLICY: _COMPUTE + "/firewallPolicies/{name}",
    WITH_RULES: _COMPUTE + "/firewallPolicies/{name}",
    RULE: _POLICY_PATH + "/rules/{priority}",
    ASSOCIATION: _POLICY_PATH + "/associations/{name}",
    HIERARCHY: "locations/global/firewallPolicies/{number}",
    ABOVE: "locations/global/firewallPolicies/{number}",
    f"{HIERARCHY}_rule": _HIERARCHY_PATH + "/rules/{priority}",
    ATTACHED: _HIERARCHY_PATH + "/associations/{name}",
    ADDRESS_GROUP: "{parent}/locations/{location}/addressGroups/{name}",
    KEY: "tagKeys/{number}",
    VALUE: "tagValues/{number}",
    BINDING: "tagBindings/{parent:quoted}/{tag_value}",
    LOCATION_BINDING: "{location}/tagBindings/{parent:quoted}/{tag_value}",
}

_LINK = {"project": "{default_project}", "self_link": "https://www.googleapis.com/compute/v1/{id}"}
_LINKED = {**_LINK, "self_link_with_id": "https://www.googleapis.com/compute/v1/{id}"}

FILLS: Mapping[str, Mapping[str, str]] = {
    NETWORK: {**_LINK, "numeric_id": "{number}", "network_id": "{number}"},
    SUBNETWORK: {**_LINK, "region": "{default_region}"},
    INSTANCE: {**_LINK, "zone": "{default_zone}", "instance_id": "{number}"},
    FIREWALL: {**_LINK, "direction": "INGRESS"},
    POLICY: {**_LINKED, "network_firewall_policy_id": "{number}", "policy_type": "VPC_POLICY"},
    WITH_RULES: {**_LINKED, "network_firewall_policy_id": "{number}", "policy_type": "VPC_POLICY"},
    RULE: {"project": "{default_project}"},
    ASSOCIATION: {"project": "{default_project}", "short_name": "{name}"},
    HIERARCHY: {"name": "{number}", "firewall_policy_id": "{number}"},
    ABOVE: {
        "policy_id": "{number}",
        "self_link": _LINK["self_link"],
        "self_link_with_id": _LINK["self_link"],
    },
    ATTACHED: {"short_name": "{name}"},
    KEY: {"name": "{number}", "namespaced_name": "{parent:last}/{short_name}"},
    VALUE: {"name": "{number}"},
    BINDING: {"name": "{parent:quoted}/{tag_value}"},
    LOCATION_BINDING: {"name": "{parent:quoted}/{tag_value}"},
}

_POLICIES = Ref((POLICY, WITH_RULES))
_NETWORK, _SUBNETWORK = Ref((NETWORK,)), Ref((SUBNETWORK,))
_TAG = Ref((VALUE,), holds=False)  # a rule with a deleted tag stays, without effect
_BOUND = Ref((VALUE,))

REFERENCES: Mapping[str, Mapping[str, Ref]] = {
    SUBNETWORK: {"network": _NETWORK},
    INSTANCE: {"network_interface.network": _NETWORK, "network_interface.subnetwork": _SUBNETWORK},
    FIREWALL: {"network": _NETWORK},
    WITH_RULES: {"rule.match.src_secure_tag.name": _TAG, "rule.target_secure_tag.name": _TAG},
    RULE: {
        "firewall_policy": _POLICIES,
        "match.src_secure_tags.name": _TAG,
        "target_secure_tags.name": _TAG,
        "match.src_networks": _NETWORK,
    },
    ASSOCIATION: {"firewall_policy": _POLICIES, "attachment_target": _NETWORK},
    ABOVE: {
        "rule.match.src_secure_tag.name": _TAG,
        "rule.target_secure_tag.name": _TAG,
        "rule.target_resources": Ref((NETWORK,), holds=False),
    },
    f"{HIERARCHY}_rule": {"firewall_policy": Ref((HIERARCHY,)), "target_resources": _NETWORK},
    ATTACHED: {"firewall_policy": Ref((HIERARCHY, ABOVE))},
    KEY: {"purpose_data.network": _NETWORK},
    VALUE: {"parent": Ref((KEY,))},
    BINDING: {"tag_value": _BOUND},
    LOCATION_BINDING: {"tag_value": _BOUND, "parent": Ref((INSTANCE,))},
}

_NAME = matches(
    r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "names have 1 to 63 of a-z, 0-9 and '-', start with a letter"
)
_TAG_NAME = matches(r"[^'\"\\/]{1,256}", "1 to 256 characters without ' \" \\ /")
_NETWORK_TAG = matches(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "network tags look like names")
_DIRECTION = among("INGRESS", "EGRESS")

_RULE_VALID: Limits = {"direction": [_DIRECTION]}
_PLACE = matches(r"(organizations|folders)/\d+", "neither an organization nor a folder")


def _rule_limits(layer4: str, source: str, target: str) -> Limits:
    """What the API wants of a rule; the two resources that hold rules name its blocks differently."""
    return {
        "priority": [between(0, checks.HIGHEST_PRIORITY)],
        "action": [among("allow", "deny", "goto_next", "apply_security_profile_group")],
        "match.src_ip_ranges": [network],
        "match.dest_ip_ranges": [network],
        f"match.{layer4}.ip_protocol": [checks.protocol],
        f"match.{source}.name": [matches(r"tagValues/\d+|[^/]+/[^/]+/[^/]+", "no tag value")],
        f"{target}.name": [matches(r"tagValues/\d+|[^/]+/[^/]+/[^/]+", "no tag value")],
    }


def _account(config: Body) -> Mapping[str, str] | str:
    if not config.get("project"):
        return "project: required field is not set"
    given = ("project", "region", "zone")
    return {f"default_{name}": config[name] for name in given if config.get(name)}


def _smaller(prior: Body, planned: Body) -> Iterator[str]:
    """A subnetwork grows in place; it is replaced when its new range lacks some of the old."""
    old, new = prior.get("ip_cidr_range"), planned.get("ip_cidr_range")
    if isinstance(old, str) and isinstance(new, str) and not checks.covers(new, old):
        yield "ip_cidr_range"


TABLE = Table(
    account=_account,
    ids=IDS,
    resolve=checks.resolve,
    fills=FILLS,
    references=REFERENCES,
    validated={
        FIREWALL: {
            "name": [_NAME],
            "direction": [_DIRECTION],
            "priority": [between(0, 65535)],
            "log_config.metadata": [among("EXCLUDE_ALL_METADATA", "INCLUDE_ALL_METADATA")],
        },
        RULE: _RULE_VALID,
        WITH_RULES: below("rule", _RULE_VALID),
        ABOVE: below("rule", _RULE_VALID),
        KEY: {
            "short_name": [_TAG_NAME],
            "description": [at_most(256)],
            "purpose": [among("GCE_FIREWALL", "DATA_GOVERNANCE")],
        },
        VALUE: {"short_name": [_TAG_NAME], "description": [at_most(256)]},
        NETWORK: {
            "name": [_NAME],
            "network_firewall_policy_enforcement_order": [
                among("BEFORE_CLASSIC_FIREWALL", "AFTER_CLASSIC_FIREWALL")
            ],
        },
        SUBNETWORK: {"name": [_NAME]},
        INSTANCE: {"name": [_NAME]},
    },
    choices={
        FIREWALL: [
            Choice(("allow", "deny")),
            *(
                Choice((one, other), needed=False)
                for one in ("source_tags", "target_tags")
                for other in ("source_service_accounts", "target_service_accounts")
            ),
        ],
        RULE: [Choice(("target_secure_tags", "target_service_accounts"), needed=False)],
        WITH_RULES: [Choice(("target_secure_tag", "target_service_accounts"), "rule", needed=False)],
        ABOVE: [Choice(("target_secure_tag", "target_service_accounts"), "rule", needed=False)],
    },
    limits={
        FIREWALL: {
            "source_ranges": [network],
            "destination_ranges": [network],
            "source_tags": [_NETWORK_TAG],
            "target_tags": [_NETWORK_TAG],
            "allow.protocol": [checks.protocol],
            "deny.protocol": [checks.protocol],
        },
        POLICY: {"name": [_NAME]},
        WITH_RULES: {
            "name": [_NAME],
            **below("rule", _rule_limits("layer4_config", "src_secure_tag", "target_secure_tag")),
        },
        ABOVE: {
            "short_name": [_NAME],
            "parent": [_PLACE],
            **below("rule", _rule_limits("layer4_config", "src_secure_tag", "target_secure_tag")),
        },
        ATTACHED: {"name": [_NAME], "attachment_target": [_PLACE]},
        RULE: _rule_limits("layer4_configs", "src_secure_tags", "target_secure_tags"),
        ASSOCIATION: {"name": [_NAME]},
        INSTANCE: {"tags": [_NETWORK_TAG]},
        SUBNETWORK: {"ip_cidr_range": [network]},
        ADDRESS_GROUP: {"items": [network]},
    },
    checks=checks.CHECKS,
    complete={
        INSTANCE: checks.give_addresses,
        RULE: checks.mark_tags,
        WITH_RULES: checks.mark_tags,
        ABOVE: checks.mark_tags,
        VALUE: checks.call_value,
    },
    shown=dict.fromkeys((POLICY, WITH_RULES, ABOVE), checks.counted),
    replaces={SUBNETWORK: _smaller},
)

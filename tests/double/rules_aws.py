"""What EC2 refuses of security groups, and what it fills in: as much as it takes to look at the states that a
deployment goes through. How the provider and the API behave in full, the tests with moto show.

Sources: the provider's documentation of each resource; the EC2 API reference of CreateSecurityGroup,
AuthorizeSecurityGroupIngress, DeleteSecurityGroup and ModifyManagedPrefixList; "Amazon VPC quotas".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.double.store import Body, State, Thing
from tests.double.table import Choice, Limits, Ref, Table, between, families, matches, network, values
from tests.double.wire import UNKNOWN

GROUP, NIC, LIST = "aws_security_group", "aws_network_interface", "aws_ec2_managed_prefix_list"
RULES = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
ATTACHMENT = f"{NIC}_sg_attachment"
FAR_ENDS = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
RULES_PER_GROUP, GROUPS_PER_NIC = 60, 5

_ARN = {"arn": "arn:aws:ec2:::{id}"}
_TEXT = matches(r"[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]{0,255}", "characters that EC2 does not take")
_RULE_LIMITS: Limits = {
    "description": [_TEXT],
    "cidr_ipv4": [network],
    "cidr_ipv6": [network],
    "from_port": [between(-1, 65535)],
    "to_port": [between(-1, 65535)],
}


def _rules_of(state: State, kind: str, group: str) -> list[Thing]:
    return [t for t in state.of(kind) if t.body["security_group_id"] == group]


def _one_of_a_kind(state: State, rule: Thing) -> Iterator[str]:
    said = ("ip_protocol", "from_port", "to_port", *FAR_ENDS)
    own = [rule.body.get(name) for name in said]
    for other in _rules_of(state, rule.kind, rule.body["security_group_id"]):
        if other.key != rule.key and [other.body.get(name) for name in said] == own:
            yield f"the same rule is there already, as {other.id}"


def _not_too_many(state: State, rule: Thing) -> Iterator[str]:
    for family in (4, 6):
        rules = _rules_of(state, rule.kind, rule.body["security_group_id"])
        weight = sum(_weight(state, other.body, family) for other in rules)
        if weight > RULES_PER_GROUP:
            yield f"{rule.body['security_group_id']} has {weight} rules of IPv{family}, 60 can be"


def _weight(state: State, rule: Body, family: int) -> int:
    if rule.get(f"cidr_ipv{10 - family}"):
        return 0
    listed = state.get(LIST, rule.get("prefix_list_id") or "")
    if listed is None:
        return 1
    return int(listed.body["max_entries"]) if listed.body["address_family"] == f"IPv{family}" else 0


def _own_name(state: State, group: Thing) -> Iterator[str]:
    for other in state.of(GROUP):
        same = all(other.body.get(key) == group.body.get(key) for key in ("name", "vpc_id"))
        if same and other.key != group.key:
            yield f"the name {group.body['name']} is taken by {other.id}"


def _fits(state: State, listed: Thing) -> Iterator[str]:
    ranges = list(values("entry.cidr", listed.body))
    if len(ranges) > listed.body["max_entries"]:
        yield f"{len(ranges)} entries, max_entries is {listed.body['max_entries']}"
    if len(set(ranges)) < len(ranges):
        yield "an entry is there twice"
    if families(ranges) - {int(listed.body["address_family"][-1])}:
        yield f"entries are not all {listed.body['address_family']}"


def _groups(state: State, thing: Thing) -> Iterator[str]:
    nic = thing.id if thing.kind == NIC else thing.body["network_interface_id"]
    found = state.get(NIC, nic)
    own = set(found.body.get("security_groups") or ()) if found else set()
    added = {t.body["security_group_id"] for t in state.of(ATTACHMENT) if _on(t, nic)}
    if len(own | added) > GROUPS_PER_NIC:
        yield f"{nic} has {len(own | added)} groups, {GROUPS_PER_NIC} can be"


def _on(attachment: Thing, nic: str) -> bool:
    return bool(attachment.body["network_interface_id"] == nic)


def _other_kind(prior: Body, planned: Body) -> Iterator[str]:
    """A far end of another kind makes another rule."""
    if [prior.get(name) is None for name in FAR_ENDS] != [planned.get(name) is None for name in FAR_ENDS]:
        yield from FAR_ENDS


def _groups_to_see(state: State, nic: Thing) -> Body:
    """An interface as it is read back: with the groups that attachments put on it."""
    added = [t.body["security_group_id"] for t in state.of(ATTACHMENT) if _on(t, nic.id)]
    return {**nic.body, "security_groups": sorted({*(nic.body.get("security_groups") or ()), *added})}


def _give_address(state: State, nic: Body) -> None:
    if nic.get("private_ip") is UNKNOWN and isinstance(nic.get("private_ips"), list):
        nic["private_ip"] = min(nic["private_ips"])


def _account(config: Body) -> Mapping[str, str] | str:
    return {"region": config["region"]} if config.get("region") else "region is needed"


_IN_GROUP = {
    "security_group_id": Ref((GROUP,)),
    "referenced_security_group_id": Ref((GROUP,)),
    "prefix_list_id": Ref((LIST,)),
}

TABLE = Table(
    account=_account,
    ids={
        "aws_vpc": "vpc-{number}",
        "aws_subnet": "subnet-{number}",
        GROUP: "sg-{number}",
        LIST: "pl-{number}",
        NIC: "eni-{number}",
        ATTACHMENT: "{security_group_id}_{network_interface_id}",
        **dict.fromkeys(RULES, "sgr-{number}"),
    },
    resolve=lambda *named: named[1],
    fills={
        **dict.fromkeys(("aws_vpc", "aws_subnet", GROUP, LIST, NIC), _ARN),
        **{kind: {**_ARN, "security_group_rule_id": "{id}"} for kind in RULES},
    },
    references={
        "aws_subnet": {"vpc_id": Ref(("aws_vpc",))},
        GROUP: {"vpc_id": Ref(("aws_vpc",))},
        NIC: {"subnet_id": Ref(("aws_subnet",)), "security_groups": Ref((GROUP,))},
        ATTACHMENT: {"network_interface_id": Ref((NIC,)), "security_group_id": Ref((GROUP,))},
        **dict.fromkeys(RULES, _IN_GROUP),
    },
    validated={GROUP: {"name": [matches("(?!sg-).{1,255}", "may not begin with sg-")]}},
    choices={kind: [Choice(FAR_ENDS)] for kind in RULES},
    limits={GROUP: {"name": [_TEXT], "description": [_TEXT]}, **dict.fromkeys(RULES, _RULE_LIMITS)},
    checks={
        GROUP: (_own_name,),
        LIST: (_fits,),
        NIC: (_groups,),
        ATTACHMENT: (_groups,),
        **dict.fromkeys(RULES, (_one_of_a_kind, _not_too_many)),
    },
    complete={NIC: _give_address},
    shown={NIC: _groups_to_see},
    replaces=dict.fromkeys(RULES, _other_kind),
)

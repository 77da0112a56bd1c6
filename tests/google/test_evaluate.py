"""Who reaches whom: tables written by hand from Google's documentation of the evaluation order.

Sources: [RULES] Cloud NGFW, “Firewall policy rules”; [ORDER] Cloud NGFW, “Evaluation order for firewall
policies and rules”; [VPC] “VPC firewall rules”; [TAGS] Cloud NGFW, “Secure tags for firewalls”; [API] Compute
Engine API, FirewallPolicyRule and Firewall. A test that names none is about our own ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.platforms.base import Spot
from segkit.platforms.google.evaluate import Enforcement, Profile
from segkit.platforms.google.rows import Rows
from segkit.platforms.google.state import (
    AFTER,
    BEFORE,
    Action,
    Direction,
    Holders,
    Network,
    Order,
    Rule,
    Stage,
    State,
)
from segkit.sets import ANY, EVERYWHERE, Addresses, IntervalSet, ServiceSet, icmp, tcp, udp
from segkit.sets.planes import Row

IN, OUT = Direction.INGRESS, Direction.EGRESS
V4 = EVERYWHERE.family(4)


def rule(
    priority: int,
    action: Action,
    direction: Direction = IN,
    services: ServiceSet = ANY,
    ranges: Addresses = EVERYWHERE,
    targets: str = "",
    peers: str = "",
) -> Rule:
    """A rule; targets and peers are secure tags, or network tags with a dash before them."""
    to = held(targets) if targets else None
    far = held(peers)
    ranges = Addresses() if peers and ranges == EVERYWHERE else ranges
    return Rule(priority, action, direction, services, f"r{priority}", to, ranges, far)


def held(names: str) -> Holders:
    words = names.split()
    return Holders(
        frozenset(w for w in words if w[0] not in "-@"),
        frozenset(w[1:] for w in words if w[0] == "-"),
        frozenset(w[1:] for w in words if w[0] == "@"),
    )


def network(
    policy: list[Rule] | None = None,
    classic: list[Rule] | None = None,
    order: Order | None = None,
) -> Network:
    return Network(
        "net",
        order,
        classic=Stage("classic", tuple(classic)) if classic else None,
        policies=(Stage("policy", tuple(policy)),) if policy else (),
    )


ABOVE = ("organizations/1", "folders/2")


def under(found: Network, organization: list[Rule], folder: list[Rule] | None = None) -> State:
    """A network with hierarchical policies above it."""
    held_there = zip(ABOVE, (organization, folder or []), strict=True)
    return State({"net": found}, hierarchy={p: (Stage(p, tuple(rules)),) for p, rules in held_there})


def spot(address: str | None, names: str | None = "", on: str = "net") -> Spot:
    profile = None if names is None else Profile(on, held(names))
    family = 6 if address and ":" in address else 4
    return Spot(profile, None if address is None else Addresses.of(address), family)


def passes(found: Network | State, source: Spot, destination: Spot, services: ServiceSet) -> bool:
    """Do all of some services pass? None of them otherwise."""
    state = State({"net": found}) if isinstance(found, Network) else found
    rows = Rows(Enforcement(state, ancestors={"net": ABOVE}), [source, destination])
    answers = {
        holds(rows.outgoing(0), part.protocol, x) and holds(rows.incoming(0), part.protocol, x)
        for part in services.parts()
        for x in (part.lo, part.hi)
    }
    assert len(answers) == 1
    return answers.pop()


def holds(row: Row, protocol: int, x: int) -> bool:
    """Is the destination in a row at one service?"""
    found = [_services(lo, hi) for lo, hi, held_ in row if held_ & 0b10]
    return ServiceSet.union(found).contains(protocol, x)


def _services(lo: int, hi: int) -> ServiceSet:
    return ServiceSet.from_line(IntervalSet.of((lo, hi)))


WEB, DB, OUTSIDE = spot("10.0.0.1", "web"), spot("10.0.0.2", "db"), spot("8.8.8.8", None)


def test_implied_rules() -> None:
    """[VPC] “Implied rules”: egress is allowed, ingress denied, in both families."""
    assert passes(network(), WEB, OUTSIDE, ANY)
    assert not passes(network(), OUTSIDE, WEB, ANY)
    assert not passes(network(), WEB, DB, tcp(443))
    assert not passes(network(), spot("2600::1", None), spot("fd00::1"), ANY)


def test_the_lowest_number_decides() -> None:
    """[RULES] “Priority”."""
    found = network([rule(10, "deny", services=tcp(22)), rule(20, "allow", services=tcp())])
    assert passes(found, OUTSIDE, WEB, tcp(443)) and not passes(found, OUTSIDE, WEB, tcp(22))
    found = network([rule(30, "deny", services=tcp(22)), rule(20, "allow", services=tcp())])
    assert passes(found, OUTSIDE, WEB, tcp(22))


def test_among_vpc_rules_of_one_priority_a_deny_wins() -> None:
    """[VPC] “Priority”; [API] Firewall, priority."""
    found = network(classic=[rule(1000, "allow"), rule(1000, "deny", services=tcp(22))])
    assert passes(found, OUTSIDE, WEB, tcp(80)) and not passes(found, OUTSIDE, WEB, tcp(22))


@pytest.mark.parametrize(("order", "opened"), [(None, True), (AFTER, True), (BEFORE, False)])
def test_a_broad_vpc_rule_bypasses_the_policy_unless_the_order_says_otherwise(
    order: Order | None, opened: bool
) -> None:
    """[ORDER] “Network firewall policy enforcement order”: by default VPC firewall rules are walked before
    the network's policies."""
    found = network([rule(1, "deny")], [rule(65534, "allow")], order=order)
    assert passes(found, OUTSIDE, WEB, tcp(22)) is opened


def test_a_policy_that_does_not_decide_leaves_it_to_what_comes_next() -> None:
    """[ORDER] “Network firewall policy enforcement order”, BEFORE_CLASSIC_FIREWALL: VPC rules come next,
    implied rules last."""
    found = network([rule(1, "deny", services=tcp(22))], [rule(1, "allow", services=tcp())], order=BEFORE)
    assert passes(found, OUTSIDE, WEB, tcp(80)) and not passes(found, OUTSIDE, WEB, tcp(22))
    assert not passes(found, OUTSIDE, WEB, udp(53))


def test_goto_next_leaves_a_policy() -> None:
    """[RULES] “Action on match”: what comes after it in the same policy is passed over."""
    above = [rule(1, "goto_next", services=tcp(443)), rule(2, "deny", services=tcp())]
    found = under(network([rule(5, "allow")]), above)
    assert passes(found, OUTSIDE, WEB, tcp(443)) and not passes(found, OUTSIDE, WEB, tcp(444))
    assert passes(found, OUTSIDE, WEB, udp(1))


def test_hierarchical_policies_come_first() -> None:
    """[ORDER] “Firewall rule evaluation process”: before any other rule, whatever the enforcement order."""
    found = under(network(classic=[rule(0, "allow")]), [rule(9, "deny", services=tcp(22))])
    assert not passes(found, OUTSIDE, WEB, tcp(22)) and passes(found, OUTSIDE, WEB, tcp(23))


def test_the_organization_decides_before_its_folders() -> None:
    """[ORDER] “Firewall rule evaluation process”: the organization first, then its folders from the top."""
    found = under(network(), [rule(9, "deny", services=tcp(22))], [rule(1, "allow", services=tcp())])
    assert not passes(found, OUTSIDE, WEB, tcp(22)) and passes(found, OUTSIDE, WEB, tcp(23))


def test_a_rule_of_a_hierarchical_policy_may_be_for_some_networks() -> None:
    """[API] FirewallPolicyRule, targetResources: the networks whose machines get the rule."""
    limited = replace(rule(1, "allow", services=tcp(22)), networks=frozenset({"far"}))
    found = under(network(), [limited, rule(2, "allow", services=tcp(23))])
    assert not passes(found, OUTSIDE, WEB, tcp(22)) and passes(found, OUTSIDE, WEB, tcp(23))
    assert passes(under(network(), [replace(limited, networks=frozenset({"net"}))]), OUTSIDE, WEB, tcp(22))


def test_hierarchical_rules_name_machines_by_tag_and_by_account() -> None:
    """[TAGS] “Types of tags”: secure tags are sources and targets in a hierarchical policy too. [API]
    FirewallPolicyRule, targetServiceAccounts: the instances that a rule is applied to."""
    above = [
        rule(1, "deny", services=tcp(22), targets="db", peers="web"),
        rule(2, "deny", services=tcp(23), targets="@ops"),
    ]
    found = under(network(classic=[rule(0, "allow")]), above)
    assert not passes(found, WEB, DB, tcp(22)) and passes(found, OUTSIDE, DB, tcp(22))
    assert not passes(found, WEB, spot("10.0.0.5", "@ops"), tcp(23)) and passes(found, WEB, DB, tcp(23))


def test_a_network_among_the_target_resources_and_a_tag_are_both_asked_for() -> None:
    """[API] FirewallPolicyRule: targetResources control which network's machines get a rule, targetSecureTags
    which of them."""
    both = replace(rule(1, "deny", targets="db", services=tcp(22)), networks=frozenset({"net"}))
    found = under(network(classic=[rule(0, "allow")]), [both])
    assert not passes(found, OUTSIDE, DB, tcp(22)) and passes(found, OUTSIDE, WEB, tcp(22))
    far = under(network(classic=[rule(0, "allow")]), [replace(both, networks=frozenset({"far"}))])
    assert passes(far, OUTSIDE, DB, tcp(22))


def test_goto_next_goes_from_the_organization_to_the_folder() -> None:
    """[RULES] “Action on match”: evaluation goes on at the next level."""
    skip, deny = rule(1, "goto_next", services=tcp()), rule(2, "deny")
    found = under(network(classic=[rule(0, "allow")]), [skip, deny], [rule(1, "deny", services=tcp(22))])
    assert passes(found, OUTSIDE, WEB, tcp(80)) and not passes(found, OUTSIDE, WEB, tcp(22))
    assert not passes(found, OUTSIDE, WEB, udp(53))


def test_accounts_and_ranges_of_one_vpc_rule_add_up() -> None:
    """[API] Firewall, sourceServiceAccounts: a packet need not match both."""
    found = network(
        classic=[rule(1, "allow", targets="@db", peers="@web", ranges=Addresses.of("8.8.8.0/24"))]
    )
    db = spot("10.0.0.2", "@db")
    assert passes(found, spot("10.0.0.1", "@web"), db, tcp(1)) and passes(found, OUTSIDE, db, tcp(1))
    assert not passes(found, spot("10.0.0.1", "web"), db, tcp(1))
    assert not passes(found, spot("10.0.0.1", "@web"), DB, tcp(1))


def test_accounts_say_nothing_in_a_peered_network() -> None:
    """[VPC] “Source”: service accounts stand for machines of the same network."""
    found = network(classic=[rule(1, "allow", peers="@web")])
    joined = State({"net": found}, peerings=frozenset({("net", "other")}))
    assert not passes(joined, spot("10.1.0.1", "@web", on="other"), WEB, tcp(1))


def test_secure_tags_name_sources_and_targets() -> None:
    """[TAGS] “Types of tags”; the addresses that a source tag stands for: [RULES] “Sources”."""
    found = network([rule(1, "allow", services=tcp(5432), targets="db", peers="web")])
    assert passes(found, WEB, DB, tcp(5432)) and not passes(found, DB, WEB, tcp(5432))
    assert not passes(found, spot("10.0.0.3", "api"), DB, tcp(5432))
    assert passes(found, spot("fd00::1", "web"), spot("fd00::2", "db"), tcp(5432)), "both families"


def test_ranges_and_tags_of_one_rule_add_up() -> None:
    """[RULES] “Sources”: several source parameters are a union."""
    found = network([rule(1, "allow", targets="db", peers="web", ranges=Addresses.of("8.8.8.0/24"))])
    assert passes(found, WEB, DB, tcp(1)) and passes(found, OUTSIDE, DB, tcp(1))
    assert not passes(found, spot("9.9.9.9", None), DB, tcp(1))


def test_network_tags_and_accounts_name_machines_of_the_same_network() -> None:
    """[API] Firewall, sourceTags: machines of the same VPC network with the tag; accounts: [VPC] “Source”.

    One rule has both here for brevity; the API takes either tags or accounts.
    """
    found = network(classic=[rule(1, "allow", targets="-db", peers="-web @app")])
    db = spot("10.0.0.2", "-db")
    assert passes(found, spot("10.0.0.1", "-web"), db, tcp(1))
    assert passes(found, spot("10.0.0.1", "@app"), db, tcp(1))
    assert not passes(found, spot("10.0.0.1", "web"), db, tcp(1))
    assert not passes(found, spot("10.0.0.1", "-web", on="other"), db, tcp(1))


def test_secure_tags_reach_into_peered_networks_and_network_tags_do_not() -> None:
    """[TAGS] “Specifications” on peered networks; [API] Firewall, sourceTags: of the same VPC network."""
    both = network([rule(1, "allow", peers="web")], [rule(1, "allow", services=tcp(1), peers="-old")])
    far, old = spot("10.1.0.1", "web", on="other"), spot("10.1.0.2", "-old", on="other")
    apart = State({"net": both})
    joined = State({"net": both}, peerings=frozenset({("net", "other")}))
    assert not passes(apart, far, DB, tcp(1)) and passes(joined, far, DB, tcp(1))
    assert not passes(joined, old, DB, tcp(1))


def test_everyone_of_one_family_is_nobody_of_the_other() -> None:
    """[RULES] “IP address ranges”."""
    found = network([rule(1, "allow", ranges=V4)])
    assert passes(found, OUTSIDE, WEB, tcp(1)) and not passes(
        found, spot("2600::1", None), spot("fd00::1"), tcp(1)
    )


def test_egress_is_closed_by_a_rule_only() -> None:
    """[VPC] “Implied rules”: egress is allowed; [RULES] “Targets”: a rule is for whom it names."""
    policy = [
        rule(1, "allow", OUT, tcp(443), Addresses.of("8.8.8.0/24"), targets="web"),
        rule(9, "deny", OUT, targets="web db"),
    ]
    assert passes(network(policy), WEB, OUTSIDE, tcp(443))
    assert not passes(network(policy), WEB, OUTSIDE, tcp(80) | icmp())
    assert not passes(network(policy), DB, OUTSIDE, tcp(443))
    assert passes(network(policy), spot("10.0.0.3", "api"), OUTSIDE, ANY)


def test_an_unknown_address_is_in_a_whole_family_only() -> None:
    found = network([rule(1, "allow", ranges=Addresses.of("10.0.0.0/8")), rule(2, "allow", OUT)])
    assert not passes(found, spot(None), WEB, tcp(1))
    assert passes(network([rule(1, "allow")]), spot(None), WEB, tcp(1))


NAMES = ("web", "db", "-old", "@app")
SPOTS = [
    *(spot(f"10.0.0.{n}", names) for n, names in enumerate(("", "web", "db", "web db", "-old", "@app db"))),
    *(spot(f"10.1.0.{n}", names, on="other") for n, names in enumerate(("web", "-old"))),
    spot("8.8.8.8", None),
    spot("9.9.9.9", None),
    spot(None, "web"),
    spot("fd00::1", "db"),
]
RULES = st.builds(
    rule,
    st.integers(0, 5),
    st.sampled_from(("allow", "deny", "goto_next")),
    st.sampled_from((IN, OUT)),
    st.sampled_from((ANY, tcp(443), tcp("1-500"), udp())),
    st.sampled_from((EVERYWHERE, V4, Addresses.of("8.0.0.0/8"), Addresses.of("10.0.0.0/16"))),
    st.sampled_from(("", *NAMES, "web db")),
    st.sampled_from(("", "", *NAMES)),
)


@given(
    st.lists(st.lists(RULES, max_size=4), min_size=3, max_size=3),
    st.sampled_from((AFTER, BEFORE)),
    st.booleans(),
)
def test_rows_are_what_walking_the_rules_says(stages: list[list[Rule]], order: Order, peered: bool) -> None:
    """Point by point, against a walk that is written without bitsets."""
    pairs = frozenset({("net", "other")}) if peered else frozenset()
    policy, classic, above = stages
    state = replace(under(network(policy, classic, order), above), peerings=pairs)
    enforcement = Enforcement(state, ancestors={"net": ABOVE})
    rows = Rows(enforcement, SPOTS)
    points: Mapping[int, list[int]] = {6: [0, 443, 500, 501], 17: [7], 47: [0]}
    for (a, source), (b, destination) in product(enumerate(SPOTS), enumerate(SPOTS)):
        for protocol, values in points.items():
            for x in values:
                out = walked(enforcement, source, destination, OUT, protocol, x)
                into = walked(enforcement, destination, source, IN, protocol, x)
                assert bit(rows.outgoing(a), b, protocol, x) is out
                assert bit(rows.incoming(a), b, protocol, x) is into


def bit(row: Row, position: int, protocol: int, x: int) -> bool:
    found = [_services(lo, hi) for lo, hi, at in row if at >> position & 1]
    return any(one.contains(protocol, x) for one in found)


def walked(found: Enforcement, own: Spot, far: Spot, way: Direction, protocol: int, x: int) -> bool:
    if not isinstance(own.profile, Profile):
        return True
    peer = far.profile if isinstance(far.profile, Profile) else None
    for stage in found.stages(own.profile.network):
        for one in sorted(stage.rules, key=lambda r: (r.priority, r.action != "deny", r.where)):
            if one.direction is not way or not (one.targets is None or one.targets.meets(own.profile.held)):
                continue
            here = found.matches(one, own.profile, peer, far.addresses, far.family)
            if here and one.services.contains(protocol, x):
                if one.action == "goto_next":
                    break
                return one.action == "allow"
    return way is OUT

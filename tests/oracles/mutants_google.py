"""Mistakes that a compiler could make, put into a document on purpose.

`mutants` yields changed copies of a stack's Terraform JSON: the same ones in the same order for the same
document and seed, the kinds taken in turns so that a small limit still holds one of each. `judge_google`
looks for the packet that shows one.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterator
from functools import partial

from tests.oracles.mutants import Body, Change, Doc, Mutant, Named, chosen
from tests.oracles.packet_google import HIERARCHY, POLICY

FIREWALL = "google_compute_firewall"
BINDING, KEY, VALUE = (f"google_tags_{k}" for k in ("location_tag_binding", "tag_key", "tag_value"))


def mutants(doc: Doc, seed: int, limit: int) -> Iterator[Mutant]:
    """At most `limit` mutants of a document, chosen and ordered by `seed` alone."""
    return chosen(_KINDS, doc, seed, limit)


# Places


def _rules(doc: Doc) -> Iterator[tuple[str, int, Body]]:
    """The rules of all policies, each with the address of its policy and its number in it."""
    for kind in (POLICY, HIERARCHY):
        for policy, body in sorted(doc.get("resource", {}).get(kind, {}).items()):
            for number, rule in enumerate(body["rule"]):
                yield f"{kind}.{policy}", number, rule


def _policy(doc: Doc, address: str) -> Body:
    kind, _, name = address.partition(".")
    found: Body = doc["resource"][kind][name]
    return found


def _on_rule(policy: str, number: int, edit: Callable[[Body], object]) -> Change:
    def change(doc: Doc) -> None:
        edit(_policy(doc, policy)["rule"][number])

    return change


def _each_rule(kind: str, doc: Doc, edit: Callable[[Body], object]) -> Iterator[Named]:
    for policy, number, rule in _rules(doc):
        yield f"{kind}: {policy} {rule['description']} {number}", _on_rule(policy, number, edit)


def _tags(doc: Doc) -> list[str]:
    return [f"${{{VALUE}.{name}.id}}" for name in sorted(doc.get("resource", {}).get(VALUE, {}))]


# Kinds


def _drop_rule(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for policy, number, rule in _rules(doc):

        def change(other: Doc, policy: str = policy, number: int = number) -> None:
            del _policy(other, policy)["rule"][number]

        yield f"drop rule: {policy} {rule['description']} {number}", change


def _flip_action(doc: Doc, chance: random.Random) -> Iterator[Named]:
    def edit(rule: Body) -> None:
        rule["action"] = "deny" if rule["action"] == "allow" else "allow"

    yield from _each_rule("flip action", doc, edit)


def _go_next(doc: Doc, chance: random.Random) -> Iterator[Named]:
    yield from _each_rule("goto next", doc, lambda rule: rule.update(action="goto_next"))


def _turn(doc: Doc, chance: random.Random) -> Iterator[Named]:
    def edit(rule: Body) -> None:
        match = rule["match"]
        into = rule["direction"] == "INGRESS"
        if "src_secure_tag" not in match:
            rule["direction"] = "EGRESS" if into else "INGRESS"
            old, new = ("src_ip_ranges", "dest_ip_ranges") if into else ("dest_ip_ranges", "src_ip_ranges")
            match[new] = match.pop(old)

    yield from _each_rule("turn round", doc, edit)


def _disable(doc: Doc, chance: random.Random) -> Iterator[Named]:
    yield from _each_rule("disable", doc, lambda rule: rule.update(disabled=True))


def _all_services(doc: Doc, chance: random.Random) -> Iterator[Named]:
    yield from _each_rule(
        "every service", doc, lambda rule: rule["match"].update(layer4_config=[{"ip_protocol": "all"}])
    )


def _move_ports(doc: Doc, chance: random.Random) -> Iterator[Named]:
    def edit(rule: Body) -> None:
        for one in rule["match"]["layer4_config"]:
            for n, span in enumerate(one.get("ports", ())):
                low, _, high = span.partition("-")
                one["ports"][n] = f"{low}-{min(int(high or low) + 1, 65535)}"

    yield from _each_rule("widen ports", doc, edit)


def _other_protocol(doc: Doc, chance: random.Random) -> Iterator[Named]:
    def edit(rule: Body) -> None:
        for one in rule["match"]["layer4_config"]:
            one["ip_protocol"] = {"tcp": "udp", "udp": "tcp", "icmp": "58", "58": "icmp"}.get(
                one["ip_protocol"], one["ip_protocol"]
            )

    yield from _each_rule("other protocol", doc, edit)


def _ranges(doc: Doc, chance: random.Random, kind: str, edit: Callable[[str], str]) -> Iterator[Named]:
    for policy, number, rule in _rules(doc):
        for side in ("src_ip_ranges", "dest_ip_ranges"):
            for at, cidr in enumerate(rule["match"].get(side, ())):
                new = edit(cidr)

                def change(rule: Body, side: str = side, at: int = at, new: str = new) -> None:
                    rule["match"][side][at] = new

                yield f"{kind}: {policy} {number} {cidr} -> {new}", _on_rule(policy, number, change)


def _wider(cidr: str) -> str:
    network = ipaddress.ip_network(cidr)
    return str(network.supernet() if network.prefixlen else network)


def _narrower(cidr: str) -> str:
    network = ipaddress.ip_network(cidr)
    return str(next(network.subnets())) if network.prefixlen < network.max_prefixlen else cidr


def _widen_range(doc: Doc, chance: random.Random) -> Iterator[Named]:
    yield from _ranges(doc, chance, "widen range", _wider)


def _narrow_range(doc: Doc, chance: random.Random) -> Iterator[Named]:
    yield from _ranges(doc, chance, "narrow range", _narrower)


def _other_tag(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """A rule that names another tag, one more, or (as a target) none at all."""
    tags = _tags(doc)
    for policy, number, rule in _rules(doc):
        other = chance.choice(tags)

        def source(rule: Body, other: str = other) -> None:
            if "src_secure_tag" in rule["match"]:
                rule["match"]["src_secure_tag"] = [{"name": other}]

        def target(rule: Body, other: str = other) -> None:
            rule["target_secure_tag"] = [{"name": other}]

        def more(rule: Body, other: str = other) -> None:
            rule["target_secure_tag"] = [*rule["target_secure_tag"], {"name": other}]

        for kind, edit in (("other source", source), ("other target", target), ("one more target", more)):
            yield f"{kind}: {policy} {number} {other}", _on_rule(policy, number, edit)
        yield f"no target: {policy} {number}", _on_rule(policy, number, lambda r: r.pop("target_secure_tag"))


def _last_priority(doc: Doc, chance: random.Random) -> Iterator[Named]:
    last = max((rule["priority"] for _, _, rule in _rules(doc)), default=0)
    for number, (policy, at, rule) in enumerate(_rules(doc)):
        if rule["action"] == "allow":
            wanted = partial(dict.update, priority=last + 1 + number)
            yield f"come last: {policy} {at}", _on_rule(policy, at, lambda r, w=wanted: w(r))  # type: ignore[misc]


def _first_deny(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for number, (policy, at, rule) in enumerate(_rules(doc)):
        if rule["action"] == "deny":
            yield (
                f"deny first: {policy} {at}",
                _on_rule(policy, at, lambda r, n=number: r.update(priority=n)),  # type: ignore[misc]
            )


def _holders(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """A machine that lacks a tag, or has one too many."""
    ready = sorted(k for k in doc.get("locals", {}) if k.startswith(("segkit-tag_", "segkit-account_")))
    for name, body in sorted(doc.get("locals", {}).items()):
        if isinstance(body, dict) and "groups" in body:
            for at, held in enumerate(body["groups"]):

                def lose(other: Doc, name: str = name, at: int = at) -> None:
                    del other["locals"][name]["groups"][at]

                yield f"lose tag: {name} {held}", lose
            more = f"${{local.{chance.choice(ready)}}}"

            def gain(other: Doc, name: str = name, more: str = more) -> None:
                other["locals"][name]["groups"].append(more)

            yield f"gain tag: {name} {more}", gain
    for name, body in sorted(doc.get("resource", {}).get(BINDING, {}).items()):
        other = f"${{local.{chance.choice(ready)}}}"

        def unbind(doc: Doc, name: str = name) -> None:
            del doc["resource"][BINDING][name]

        def rebind(doc: Doc, name: str = name, other: str = other) -> None:
            doc["resource"][BINDING][name]["tag_value"] = other

        yield f"unbind: {name}", unbind
        yield f"rebind: {name} {body['tag_value']} -> {other}", rebind


def _keys(doc: Doc, chance: random.Random) -> Iterator[Named]:
    for name in sorted(doc.get("resource", {}).get(KEY, {})):

        def elsewhere(other: Doc, name: str = name) -> None:
            other["resource"][KEY][name]["purpose_data"] = {"network": "p/elsewhere"}

        yield f"other network: {name}", elsewhere


def _links(doc: Doc, chance: random.Random) -> Iterator[Named]:
    kind = "google_compute_network_firewall_policy_association"
    for name in sorted(doc.get("resource", {}).get(kind, {})):

        def unlink(other: Doc, name: str = name) -> None:
            del other["resource"][kind][name]

        yield f"not attached: {name}", unlink


def _above(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """A hierarchical policy that is elsewhere, or rules that hold for other networks, or for all."""
    kind = "google_compute_firewall_policy_association"
    for name in sorted(doc.get("resource", {}).get(kind, {})):

        def moved(other: Doc, name: str = name) -> None:
            other["resource"][kind][name]["attachment_target"] = "folders/999"

        yield f"other folder: {name}", moved
    other = "https://www.googleapis.com/compute/v1/projects/p/global/networks/elsewhere"
    for policy, number, rule in _rules(doc):
        if "target_resources" in rule:
            for what, limits in (("other network", [other]), ("every network", [])):
                edit = partial(dict.update, target_resources=limits)
                yield f"{what}: {policy} {number}", _on_rule(policy, number, lambda r, e=edit: e(r))  # type: ignore[misc]


def _foreign(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """Somebody's VPC firewall rule: it decides where the network's order puts it first."""
    links = doc.get("resource", {}).get("google_compute_network_firewall_policy_association", {})
    networks = {name: link["attachment_target"] for name, link in links.items()}
    networks |= {b["network"]: b["network"] for b in doc.get("resource", {}).get(FIREWALL, {}).values()}
    for name, network in sorted(networks.items()):
        body = {
            "name": "theirs",
            "priority": 7,
            "network": network,
            "allow": [{"protocol": "tcp", "ports": ["22"]}],
            "source_ranges": ["0.0.0.0/0"],
        }

        def add(other: Doc, body: Body = body) -> None:
            other["resource"].setdefault(FIREWALL, {})["theirs"] = body

        yield f"foreign rule: {name}", add


def _classic(doc: Doc, chance: random.Random) -> Iterator[Named]:
    """VPC firewall rules: gone, turned off, turned round, moved, with other ends or services."""
    bodies = sorted(doc.get("resource", {}).get(FIREWALL, {}).items())
    kind_of = "service_accounts" if any("target_service_accounts" in b for _, b in bodies) else "tags"
    to, by = f"target_{kind_of}", f"source_{kind_of}"
    marks = sorted({mark for _, body in bodies for mark in body[to]})
    for name, body in bodies:
        had, has = ("allow", "deny") if "allow" in body else ("deny", "allow")
        other = chance.choice(marks)
        edits: dict[str, Callable[[Body], object]] = {
            "turn off": lambda b: b.update(disabled=True),
            "flip": lambda b, had=had, has=has: b.update({has: b.pop(had)}),  # type: ignore[misc]
            "move": lambda b: b.update(priority=50 if "deny" in b else 200),
            "everybody": lambda b: b.pop(to),
            "retarget": lambda b, other=other: b.update({to: [other]}),  # type: ignore[misc]
            "resource": lambda b, other=other: by in b and b.update({by: [other]}),  # type: ignore[misc]
            "all services": lambda b, had=had: b.update({had: [{"protocol": "all"}]}),  # type: ignore[misc]
            "elsewhere": lambda b: b.update(network="projects/p/global/networks/elsewhere"),
            "widen": lambda b: _each_range(b, _wider),
            "narrow": lambda b: _each_range(b, _narrower),
        }
        for kind, edit in edits.items():
            yield f"{kind}: {name}", _on_firewall(name, edit)

        def gone(other: Doc, name: str = name) -> None:
            del other["resource"][FIREWALL][name]

        yield f"gone: {name}", gone


def _on_firewall(name: str, edit: Callable[[Body], object]) -> Change:
    def change(doc: Doc) -> None:
        edit(doc["resource"][FIREWALL][name])

    return change


def _each_range(body: Body, edit: Callable[[str], str]) -> None:
    for side in ("source_ranges", "destination_ranges"):
        if side in body:
            body[side] = [edit(cidr) for cidr in body[side]]


_KINDS = (
    _classic,
    _drop_rule,
    _flip_action,
    _go_next,
    _turn,
    _disable,
    _all_services,
    _move_ports,
    _other_protocol,
    _widen_range,
    _narrow_range,
    _other_tag,
    _last_priority,
    _first_deny,
    _holders,
    _keys,
    _links,
    _above,
    _foreign,
)

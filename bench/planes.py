"""10,000 rules on each platform, from the model to files; and VPC firewall rules against Aerleon's generator.

Aerleon writes no policies with secure tags (`gcp_hf` refuses tags), so both write VPC firewall rules with
network tags here, egress by the addresses of the far end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from segkit.artifacts import write_cdktf_out
from segkit.compiler import Compilation, compile_model
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.platforms.base import platform
from segkit.sets import L, tcp
from segkit.verify import prove

ROLES, LINES = 5, 10
"""Roles of an application, and the rules that each of them has in either direction."""
TOGETHER = 5
"""Applications in one subnet."""


def _azure(applications: int) -> Mapping[str, Any]:
    count = -(-applications // TOGETHER)
    subnets = {f"s{n}": {"id": f"/subnets/s{n}", "prefixes": [_subnet(n)]} for n in range(count)}
    return {
        "resource_group": "bench",
        "location": "westeurope",
        "vnet_id": "/vnets/bench",
        "subnets": subnets,
    }


GOOGLE = {"network_id": "projects/bench/global/networks/bench", "project": "bench"}
PLACEMENTS: Mapping[str, Callable[[int], Mapping[str, Any]]] = {
    "aws": lambda _: {"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"},
    "azure": _azure,
    # A policy of so many rules needs more attributes than a project has by default; so do VPC firewall rules.
    "google": lambda _: {**GOOGLE, "quotas": {"attributes_per_policy": 1_000_000}},
    "network-tags": lambda _: {**GOOGLE, "tags": "network", "quotas": {"rules_per_project": 100_000}},
}
KIND = {"network-tags": "google"}
"""The platform, where it is called otherwise."""
RULES: Mapping[str, Callable[[str, Any], list[Mapping[str, Any]]]] = {
    "aws": lambda kind, body: [body] if kind.endswith("gress_rule") else [],
    "azure": lambda kind, body: body.get("security_rule", []) if kind.endswith("security_group") else [],
    "google": lambda kind, body: body["rule"] if kind.endswith("with_rules") else [],
    "network-tags": lambda kind, body: [body] if kind.endswith("compute_firewall") else [],
}
"""The rules in a resource."""


def whole(plane: str, rules: int, machines: int = 1) -> dict[str, Any]:
    """Compiles, lowers, proves and writes about so many rules of a platform. `whole` is that from their
    declaration on, `unproved` the same without the proof."""
    kind = KIND.get(plane, plane)
    providers = dict(platform(kind).providers)
    load(kind)
    start = time.perf_counter()
    model = estate(plane, rules, machines)
    declared = time.perf_counter()
    done = compile_model(model)
    compiled = time.perf_counter()
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    proved = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        needed = {"terraform": {"required_providers": providers}}
        write_cdktf_out(Path(folder), {"bench": {**needed, **done.fragment}})
        end = time.perf_counter()
    return {
        "seconds": end - declared,
        "whole": end - start,
        "unproved": compiled - start + end - proved,
        "compile": compiled - declared,
        "prove": proved - compiled,
        "rules": len(list(_written(plane, done))),
        "status": proof.status,
    }


def load(kind: str) -> None:
    """Loads what a platform and selectors load when first used: no peer is timed with its own."""
    for name in ("lower", "view"):
        import_module(f"segkit.platforms.{kind}.{name}")
    for name in ("label_schema", "label_text"):
        import_module(f"segkit.sets.{name}")


def generate(rules: int, machines: int) -> dict[str, Any]:
    """What Aerleon's aclgen does, on the rules that segkit writes for `networks`: definitions and a policy
    from files, the rules to a file. Reading the policy and generating, without the copy of the policy and the
    files, are told apart."""
    aclgen = import_module("aerleon.aclgen")
    gce, naming, plugins, policy = (
        import_module(f"aerleon.lib.{name}") for name in ("gce", "naming", "plugin_supervisor", "policy")
    )
    plugins.PluginSupervisor.Start()
    sources = _sources(_written("network-tags", compile_model(estate("network-tags", rules, machines))))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in sources.items():
            root.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            root.joinpath(name).write_text(text, encoding="utf-8")
        start = time.perf_counter()
        names, found = naming.Naming(str(root / "def")), list[tuple[Path, str]]()
        aclgen.RenderFile(root, root / POLICY, root, names, 2, False, False, found)
        aclgen.WriteFiles(found)
        end = time.perf_counter()
    again = time.perf_counter()
    str(gce.GCE(policy.ParsePolicy(sources[POLICY], names), 2))
    alone = time.perf_counter() - again
    return {
        "whole": end - start,
        "unproved": end - start,
        "alone": alone,
        "rules": found[0][1].count('"direction"'),
    }


POLICY = "policies/pol/bench.pol"


def _sources(written: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """VPC firewall rules as the files of Aerleon: a network for each list of ranges, a service for a port."""
    networks: dict[tuple[str, ...], str] = {}
    services: dict[str, str] = {}
    texts: dict[str, list[str]] = {"INGRESS": [], "EGRESS": []}
    for number, rule in enumerate(written):
        if "allow" not in rule:
            continue  # what Aerleon leaves to the implied rules
        (allowed,) = rule["allow"]
        ports = [services.setdefault(port, f"P{port}") for port in allowed["ports"]]
        lines = [f"destination-port:: {' '.join(ports)}"]
        held = " ".join(rule["target_tags"])
        if rule["direction"] == "INGRESS":
            lines += [f"source-tag:: {' '.join(rule['source_tags'])}", f"destination-tag:: {held}"]
        else:
            ranges = tuple(rule["destination_ranges"])
            named = networks.setdefault(ranges, f"N{len(networks)}")
            lines += [f"source-tag:: {held}", f"destination-address:: {named}"]
        body = "\n".join(["  action:: accept", "  protocol:: tcp", *(f"  {line}" for line in lines)])
        texts[rule["direction"]].append(f"term r{number} {{\n{body}\n}}\n")
    ranges_of = {name: "\n  ".join(held) for held, name in networks.items()}
    return {
        "def/bench.net": "".join(f"{name} = {held}\n" for name, held in ranges_of.items()),
        "def/bench.svc": "".join(f"{name} = {port}/tcp\n" for port, name in services.items()),
        POLICY: "".join(
            f"header {{\n  target:: gce {way} global/networks/bench\n}}\n{''.join(terms)}"
            for way, terms in texts.items()
        ),
    }


def estate(plane: str, rules: int, machines: int = 1) -> Model:
    """A model that becomes about so many rules: half of them let out, half let in. Each role of an
    application has so many machines, at whatever addresses their subnet had left."""
    applications = max(1, rules // (2 * ROLES * LINES))
    free: list[str] = []
    rng = Random(1)
    seg = Segmentation("bench", today=date(2026, 1, 1))
    policy = seg.policy("apps", tier="application", owner="bench")
    for number in range(applications):
        inside = L.app == f"app-{number}"
        ends = [inside & (L.role == f"role-{role}") for role in range(ROLES)]
        if number % TOGETHER == 0:
            free = _addresses(number // TOGETHER)
            rng.shuffle(free)
        for role in range(ROLES):
            labels = {"app": f"app-{number}", "role": f"role-{role}"}
            for machine in range(machines):
                seg.workload(f"w{number}-{role}-{machine}", labels, addresses=[free.pop()])
            for line in range(LINES):
                to = (role + 1 + line % (ROLES - 1)) % ROLES
                policy.allow(ends[role], ends[to], tcp(1000 + line), id=f"r{number}-{role}-{line}")
    target = seg.target(plane, KIND.get(plane, plane), placement=PLACEMENTS[plane](applications))
    target.accept_residual("snapshot", owner="bench", reason="egress by address", expires="2026-12-31")
    return seg.build()


def _written(plane: str, done: Compilation) -> Iterator[Mapping[str, Any]]:
    for kind, bodies in done.fragment["resource"].items():
        for body in bodies.values():
            yield from RULES[plane](kind, body)


def _subnet(number: int) -> str:
    return f"10.{number >> 8}.{number & 0xFF}.0/24"


def _addresses(subnet: int) -> list[str]:
    """What machines may have in a subnet: clouds keep the first few and the last for themselves."""
    return [f"10.{subnet >> 8}.{subnet & 0xFF}.{place}" for place in range(4, 255)]

"""10,000 rules on each platform, from the model to files; and Google Cloud against Aerleon's generator."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
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


PLACEMENTS: Mapping[str, Callable[[int], Mapping[str, Any]]] = {
    "aws": lambda _: {"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"},
    "azure": _azure,
    "google": lambda _: {
        "network_id": "projects/bench/global/networks/bench",
        "project": "bench",
        # A policy of so many rules needs more attributes than a project has by default.
        "quotas": {"attributes_per_policy": 1_000_000},
    },
}
RULES: Mapping[str, Callable[[str, Any], list[Mapping[str, Any]]]] = {
    "aws": lambda kind, body: [body] if kind.endswith("gress_rule") else [],
    "azure": lambda kind, body: body.get("security_rule", []) if kind.endswith("security_group") else [],
    "google": lambda kind, body: body["rule"] if kind.endswith("with_rules") else [],
}
"""The rules in a resource."""


def whole(plane: str, rules: int) -> dict[str, Any]:
    """Compiles, lowers, proves and writes about so many rules of a platform; declaring them is told apart."""
    start = time.perf_counter()
    model = estate(plane, rules)
    declared = time.perf_counter()
    done = compile_model(model)
    compiled = time.perf_counter()
    proof = prove(model, done.fragment, intent=done.intent, residuals=done.residuals)
    proved = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        needed = {"terraform": {"required_providers": dict(platform(plane).providers)}}
        write_cdktf_out(Path(folder), {"bench": {**needed, **done.fragment}})
        end = time.perf_counter()
    return {
        "seconds": end - declared,
        "declare": declared - start,
        "compile": compiled - declared,
        "prove": proved - compiled,
        "rules": len(list(_written(plane, done))),
        "status": proof.status,
    }


def generate(rules: int) -> dict[str, Any]:
    """Aerleon on the rules that segkit writes for Google Cloud: reading its policy, generating."""
    gce, naming, policy = (import_module(f"aerleon.lib.{name}") for name in ("gce", "naming", "policy"))
    done = compile_model(estate("google", rules))
    names, texts = naming.Naming(), {"INGRESS": list[str](), "EGRESS": list[str]()}
    declared: set[str] = set()

    def token(prefix: str, text: str, declare: Callable[[list[str]], Any]) -> str:
        name = prefix + "".join(c if c.isalnum() else "_" for c in text)
        if name not in declared:
            declared.add(name)
            declare([f"{name} = {text}"])
        return name

    for number, rule in enumerate(_written("google", done)):
        lines = texts.get(rule["direction"], [])
        match = rule["match"]
        if rule["action"] != "allow":
            continue  # what Aerleon leaves to the implied rules
        lines += [f"term r{number} {{", "  action:: accept", "  protocol:: tcp"]
        (config,) = match["layer4_config"]
        ports = [token("P", f"{port}/tcp", names.ParseServiceList) for port in config["ports"]]
        lines.append(f"  destination-port:: {' '.join(ports)}")
        held = " ".join(_tag(tag["name"]) for tag in rule["target_secure_tag"])
        if rule["direction"] == "INGRESS":
            sources = " ".join(_tag(tag["name"]) for tag in match["src_secure_tag"])
            lines += [f"  source-tag:: {sources}", f"  destination-tag:: {held}"]
        else:
            ranges = [token("N", cidr, names.ParseNetworkList) for cidr in match["dest_ip_ranges"]]
            lines += [f"  source-tag:: {held}", f"  destination-address:: {' '.join(ranges)}"]
        lines.append("}")
    headers = (
        f"header {{\n  target:: gce {direction} global/networks/bench\n}}\n" + "\n".join(lines)
        for direction, lines in texts.items()
    )
    text = "\n".join(headers)
    start = time.perf_counter()
    parsed = policy.ParsePolicy(text, names)
    read = time.perf_counter()
    made = str(gce.GCE(parsed, 52))
    end = time.perf_counter()
    return {"seconds": end - start, "read": read - start, "rules": made.count('"direction"')}


def estate(plane: str, rules: int) -> Model:
    """A model that becomes about so many rules: half of them let out, half let in."""
    applications = max(1, rules // (2 * ROLES * LINES))
    seg = Segmentation("bench", today=date(2026, 1, 1))
    policy = seg.policy("apps", tier="application", owner="bench")
    for number in range(applications):
        inside = L.app == f"app-{number}"
        ends = [inside & (L.role == f"role-{role}") for role in range(ROLES)]
        for role in range(ROLES):
            labels = {"app": f"app-{number}", "role": f"role-{role}"}
            seg.workload(f"w{number}-{role}", labels, addresses=[_address(number, role)])
            for line in range(LINES):
                to = (role + 1 + line % (ROLES - 1)) % ROLES
                policy.allow(ends[role], ends[to], tcp(1000 + line), id=f"r{number}-{role}-{line}")
    target = seg.target(plane, plane, placement=PLACEMENTS[plane](applications))
    target.accept_residual("snapshot", owner="bench", reason="egress by address", expires="2026-12-31")
    return seg.build()


def _written(plane: str, done: Compilation) -> Iterator[Mapping[str, Any]]:
    for kind, bodies in done.fragment["resource"].items():
        for body in bodies.values():
            yield from RULES[plane](kind, body)


def _tag(reference: str) -> str:
    """A network tag for a secure tag."""
    name = reference.removeprefix("${").removesuffix("}").split(".")[1]
    return "t" + "".join(c if c.isalnum() else "-" for c in name.lower())[-50:]


def _subnet(number: int) -> str:
    return f"10.{number >> 8}.{number & 0xFF}.0/24"


def _address(application: int, role: int) -> str:
    subnet, place = divmod(application, TOGETHER)
    return f"10.{subnet >> 8}.{subnet & 0xFF}.{4 + place * ROLES + role}"

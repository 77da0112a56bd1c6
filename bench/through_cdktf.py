"""The same security groups and rules through cdktf three ways: segkit, one bulk override, typed bindings."""

from __future__ import annotations

import json
import os
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.planes import load
from segkit.intent.engine import Intent
from segkit.model.intent_file import dump_intent
from segkit.model.model import Model
from segkit.model.validate import validate

ROLES = 5
LINES = 10
"""Rules that each group sends, and receives."""

TYPED = {
    "aws_security_group": ("security_group", "SecurityGroup"),
    "aws_vpc_security_group_ingress_rule": (
        "vpc_security_group_ingress_rule",
        "VpcSecurityGroupIngressRule",
    ),
    "aws_vpc_security_group_egress_rule": ("vpc_security_group_egress_rule", "VpcSecurityGroupEgressRule"),
}


def segkit_stack(rules: int, prove: bool, keep: str = "", apart: bool = False) -> dict[str, Any]:
    """A program of `rules` AWS rules: declared, compiled, lowered, proved (or not) and written.

    Half of them are ingress and half egress, so the policy has half as many. `synth` times what follows the
    declarations, and `meaning`, if it is to be told `apart`, the part of it that is neither lowering nor
    emission. `keep` is where to leave the finished resources for the other ways.
    """
    from cdktf import App, TerraformStack

    from segkit import L, tcp
    from segkit.constructs import AwsSecurityGroups, LabelPolicy, Segmentation, Workload

    os.environ["SEGKIT_SKIP_PROOF"] = "" if prove else "1"
    load("aws")
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder)
        stack = TerraformStack(app, "bench")
        seg = Segmentation(stack, "bench", today="2026-01-01")
        AwsSecurityGroups(seg, "aws", vpc_id="vpc-0a1b2c3d", region="eu-west-1")
        policy = LabelPolicy(seg, "apps", tier="application")
        for number in range(max(1, rules // (2 * ROLES * LINES))):
            inside = L.app == f"app-{number}"
            ends = [inside & (L.role == f"role-{role}") for role in range(ROLES)]
            for role in range(ROLES):
                Workload(seg, f"w{number}-{role}", {"app": f"app-{number}", "role": f"role-{role}"})
                for line in range(LINES):
                    to = (role + 1 + line % (ROLES - 1)) % ROLES
                    policy.allow(ends[role], ends[to], tcp(1000 + line), id=f"r{number}-{role}-{line}")
        start = time.perf_counter()
        app.synth()
        seconds = time.perf_counter() - start
        if keep:
            document = json.loads(Path(folder, "stacks", "bench", "cdk.tf.json").read_text(encoding="utf-8"))
            Path(keep).write_text(json.dumps(document["resource"]), encoding="utf-8")
    resources = seg.compile().fragment["resource"]
    lines = sum(len(found) for kind, found in resources.items() if kind.endswith("_rule"))
    proof = None if seg.proof is None else seg.proof.status
    meaning = _meaning(seg.model()) if apart else 0.0
    return {"synth": seconds, "meaning": meaning, "lines": lines, "proof": proof}


def _meaning(model: Model) -> float:
    """Seconds to check a model, to write it down, and to work out its intent: done once more to be timed."""
    start = time.perf_counter()
    list(validate(model, frozenset()).errors)
    dump_intent(model)
    Intent(model)
    return time.perf_counter() - start


def bulk_override(resources: str) -> dict[str, Any]:
    """Finished resources, handed to cdktf in one override."""
    from cdktf import App, TerraformStack

    found = json.loads(Path(resources).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder)
        stack = TerraformStack(app, "bench")
        start = time.perf_counter()
        stack.add_override("resource", found)
        app.synth()
        return {"synth": time.perf_counter() - start}


def typed_bindings(resources: str) -> dict[str, Any]:
    """Finished resources, each as an object of the typed AWS bindings."""
    from cdktf import App, TerraformStack

    provider = import_module("cdktf_cdktf_provider_aws.provider")
    found = json.loads(Path(resources).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder)
        stack = TerraformStack(app, "bench")
        start = time.perf_counter()
        provider.AwsProvider(stack, "aws", region="eu-west-1")
        for kind, bodies in found.items():
            if kind in TYPED:
                module, name = TYPED[kind]
                make = getattr(import_module(f"cdktf_cdktf_provider_aws.{module}"), name)
                for key, body in bodies.items():
                    make(stack, key, **body)
        app.synth()
        return {"synth": time.perf_counter() - start}

"""`cdktf synth --hcl` loses nothing: one element a resource, text and blocks as HCL wants them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segkit import L, tcp
from segkit.constructs import AwsSecurityGroups, Group, LabelPolicy, Segmentation, Workload, hcl
from tests.constructs.conftest import Shop, new_app

PROVIDER = {
    "provider": {
        "aws": {
            "region": "eu-west-1",
            "access_key": "x",
            "secret_key": "x",
            "skip_credentials_validation": True,
            "skip_requesting_account_id": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
        }
    },
}


def _estate(lib: Any, outdir: str, groups: int) -> None:
    """Every pair of some groups, both ways: many rules on few machines. No VPC of its own."""
    app = new_app(lib, outdir)
    stack = lib.TerraformStack(app, "big")
    required = {"source": "hashicorp/aws", "version": ">= 5.60, < 7.0"}
    stack.add_override("terraform.required_providers.aws", required)
    seg = Segmentation(stack, "big")
    policy = LabelPolicy(seg, "mesh", tier="application", owner='[the "mesh" team]')
    made = [Group(seg, f"g{n:02}", select=L.app == f"a{n:02}") for n in range(groups)]
    for source in made:
        for n, destination in enumerate(made):
            if source is not destination:
                policy.allow(source, destination, tcp(8000 + n), ticket="[NET-1] $${not} a \\ reference")
    for n in range(groups):
        Workload(seg, f"w{n:02}", {"app": f"a{n:02}"}, addresses=[f"10.0.0.{n + 10}"])
    AwsSecurityGroups(seg, "aws", vpc_id="vpc-1", region="eu-west-1", tags={"env": "test"})
    app.synth()


def test_every_resource_of_500_rules_is_in_the_hcl(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _estate(lib, "json", 23)
    resources = json.loads(Path("json/stacks/big/cdk.tf.json").read_bytes())["resource"]
    wanted = {(kind, name) for kind, named in resources.items() for name in named}
    assert len(wanted) > 1000
    # The library reads the switch in Node, which started without it.
    monkeypatch.setenv("SYNTH_HCL_OUTPUT", "true")
    text = _synth_in_a_new_process(lib, "hcl", 23)
    assert set(re.findall(r'^resource "([^"]+)" "([^"]+)" \{', text, re.MULTILINE)) == wanted


def test_the_hcl_is_the_same_every_time(cdktf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTH_HCL_OUTPUT", "true")
    assert _synth_in_a_new_process(cdktf, "out", 3) == _synth_in_a_new_process(cdktf, "out", 3)


def _synth_in_a_new_process(lib: Any, outdir: str, groups: int) -> str:
    name = lib.__name__
    code = f"import {name}; from {__name__} import _estate; _estate({name}, {outdir!r}, {groups})"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    _run([sys.executable, "-c", code], environment)
    return Path(f"{outdir}/stacks/big/cdk.tf").read_text(encoding="utf-8")


@pytest.mark.e2e
def test_terraform_plans_the_same_from_hcl_and_from_json(
    cdktf: Any, aws_provider_mirror: dict[str, str], terraform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _estate(cdktf, "json", 4)
    monkeypatch.setenv("SYNTH_HCL_OUTPUT", "true")
    _synth_in_a_new_process(cdktf, "hcl", 4)
    plans = [_planned(terraform, aws_provider_mirror, Path(folder)) for folder in ("json", "hcl")]
    assert len(plans[0]) > 20
    assert plans[0] == plans[1]


def _planned(terraform: str, environment: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    stack = (folder / "stacks" / "big").resolve()
    text = json.dumps(PROVIDER)
    (stack / "provider.tf.json").write_text(text, encoding="utf-8")
    for command in (["init"], ["plan", "-refresh=false", "-out=plan"]):
        _run([terraform, f"-chdir={stack}", *command, "-input=false", "-no-color"], environment)
    shown = json.loads(_run([terraform, f"-chdir={stack}", "show", "-json", "plan"], environment))
    resources: list[dict[str, Any]] = shown["planned_values"]["root_module"]["resources"]
    return sorted(resources, key=lambda one: str(one["address"]))


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_hcl_without_the_switch_is_refused_and_says_why(cdktf: Any) -> None:
    shop = Shop(cdktf, cdktf.Testing.app())
    with pytest.raises(RuntimeError) as caught:
        cdktf.Testing.synth_hcl(shop.stack)
    assert "fix: run cdktf synth --hcl, or set SYNTH_HCL_OUTPUT=true" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain", "plain"),
        ('a "b" \\ c\n', 'a \\"b\\" \\\\ c\\n'),
        ("$${literal}", "$${literal}"),
        ('"${x["a"]}"', '\\"${x["a"]}\\"'),
        ('${jsonencode({a = "b"})} "c"', '${jsonencode({a = "b"})} \\"c\\"'),
        ('%%{"a"} %{if x == "y"}', '%%{\\"a\\"} %{if x == "y"}'),
    ],
)
def test_text_is_escaped_outside_interpolations_only(text: str, escaped: str) -> None:
    assert hcl._escaped(text) == escaped


def test_blocks_lists_and_addresses_get_their_types() -> None:
    typed = hcl.attributes(
        {
            "//": {"metadata": {}},
            "unset": None,
            "max_entries": 3,
            "entry": [{"cidr": "10.0.0.0/8"}],
            "cidr_blocks": ["10.0.0.0/8"],
            "tags": {"value": "[x]"},
            "depends_on": ["aws_vpc.a", "aws_vpc.b"],
            "lifecycle": {"create_before_destroy": True},
        }
    )
    assert typed == {
        "max_entries": {"value": 3, "type": "any"},
        "entry": {
            "value": [{"cidr": {"value": '"10.0.0.0/8"', "type": "any"}}],
            "isBlock": True,
            "type": "list",
        },
        "cidr_blocks": {"value": ['"10.0.0.0/8"'], "type": "any"},
        "tags": {"value": {"value": '"[x]"'}, "type": "any"},
        "depends_on": {"value": "[aws_vpc.a, aws_vpc.b]", "type": "reference"},
        "lifecycle": {
            "value": {"create_before_destroy": {"value": True, "type": "any"}},
            "isBlock": True,
            "type": "struct",
        },
    }

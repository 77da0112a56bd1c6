"""What only the whole model shows to be wrong is told at the line and column of the value in the file.

`CASES` provokes every text of the checks that a file can bring about, and of the builder where the reader of
files does not find it first; § marks the place. The last test finds texts that nobody provokes.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import segkit
from segkit.errors import Place, Problem, SegkitError
from segkit.model import dump_intent, load_policies

LABELS = "labels: {role: [web, db, ops], zone: [a, b]}\n"
GROUPS = 'groups: {web: role == "web", db: role == "db"}\n'
SETS = "address_sets: {four: 10.0.0.0/8, six: 2001:db8::/32, none: []}\n"
ZONES = 'zones: {a: zone == "a", b: zone == "b"}\n'
TOP = f"{LABELS}{GROUPS}{SETS}"
AWS = "platform: aws, placement: {vpc_id: v}"


def rule(text: str, head: str = TOP, policy: str = "tier: application") -> str:
    return f"{head}policies:\n  p:\n    {policy}\n    rules:\n    - {text}\n"


def workloads(*lines: str, head: str = LABELS) -> str:
    return f"{head}workloads:\n" + "".join(f"- {line}\n" for line in lines)


ALLOW = "allow: web -> db, services: https"
CASES = {
    "unknown key of a zone": (f"{LABELS}zones: {{z: §zon exists}}", "unknown label key 'zon'"),
    "unknown value of a group": (
        f'{LABELS}groups:\n  g:\n    select: §role == "wep"',
        "unknown value 'wep' of label 'role'",
    ),
    "selector of a target": (
        f"{LABELS}targets: {{t: {{{AWS}, select: §cloud exists}}}}",
        "target 't': unknown label key 'cloud'",
    ),
    "selector in an arrow": (
        rule('{id: r, services: https, allow: §role == "wep" -> db}'),
        "rule 'p/r': unknown value 'wep'",
    ),
    "selector in a list": (
        rule("{id: r, services: https, allow: {from: [web, db, §rol exists], to: db}}"),
        "rule 'p/r': unknown label key 'rol'",
    ),
    "selector that is left out": (
        rule(f"{{id: r, {ALLOW}, unless_source: [db, §rol exists]}}"),
        "rule 'p/r': unknown label key 'rol'",
    ),
    "selector nothing could match": (
        f"{LABELS}groups: {{g: §role exists and not role exists}}",
        "its selector contradicts itself",
    ),
    "selector that no label matches": (
        "labels: {role: {required: true}}\ngroups: {g: §not role exists}",
        "could ever match",
    ),
    "zones that overlap": (
        f'{LABELS}zones:\n  a: zone == "a"\n  b: {{classification: public, select: §role exists}}',
        "overlap",
    ),
    "label of a workload": (
        workloads("{name: w, labels: {role: web, zone: §c}}"),
        "workload 'w': unknown value 'c' of label 'zone'",
    ),
    "label key of a class": (
        f"{LABELS}classes: [{{name: w, labels: {{zon: §a}}}}]",
        "workload class 'w': unknown label key 'zon'",
    ),
    "label that is missing": (
        workloads("{name: w, labels: §{}}", head="labels: {role: {required: true, values: [web]}}\n"),
        "the mandatory label 'role' is missing",
    ),
    "workload in no zone": (
        workloads("{name: w, labels: §{role: web}}", head=LABELS + ZONES),
        "workload 'w' is in no zone",
    ),
    "policies apart by case": (
        f"{TOP}policies: {{P: {{tier: global}}, §p: {{tier: global}}}}",
        "differ only by case",
    ),
    "names apart by case": (f"{LABELS}groups: {{A: role exists, §a: zone exists}}", "differ only by case"),
    "two workloads": (workloads("{name: w, labels: {}}", "§{name: w, labels: {}}"), "two workloads are"),
    "reserved": (f"{LABELS}address_sets: {{§outside: 10.0.0.0/8}}", "is that of a built-in end"),
    "moved from what is there": (
        f"{LABELS}groups: {{a: role exists, b: {{select: zone exists, moved_from: §a}}}}",
        "moved from 'a', which still exists",
    ),
    "moved twice": (
        (
            f"{LABELS}groups:\n  a: {{select: role exists, moved_from: c}}\n"
            "  b: {select: zone exists, moved_from: §c}"
        ),
        "were both moved from 'c'",
    ),
    "two ids": (
        rule(f"{{id: r, {ALLOW}}}\n    - {{allow: db -> web, id: §r, services: any}}"),
        "have the id",
    ),
    "same ends": (
        rule(f"{{{ALLOW}}}\n    - {{services: ssh, allow: §web -> db}}"),
        "the same action and ends",
    ),
    "tier and zone": (
        f"{TOP}{ZONES}policies: {{p: {{tier: global, zone: §a}}}}",
        "names zone 'a' but is in tier global",
    ),
    "no zone": (f"{TOP}policies:\n  §p: {{tier: zone}}", "is in tier zone and names no zone"),
    "unknown zone": (f"{TOP}policies: {{p: {{tier: zone, zone: §c}}}}", "names an unknown zone 'c'"),
    "ends before it begins": (
        rule(f"{{id: r, {ALLOW}, expires: §2027-01-01, created: 2027-02-01}}"),
        "before it was created",
    ),
    "updated before created": (
        rule(f"{{id: r, {ALLOW}, updated: §2026-01-01, created: 2026-02-01}}"),
        "was updated (2026-01-01) before",
    ),
    "deny that expired": (
        rule("{id: r, deny: web -> db, services: any, expires: §2026-01-01}"),
        "is a deny that expired",
    ),
    "rule that expired": (rule(f"{{id: r, {ALLOW}, expires: §2026-01-01}}"), "and is not rendered"),
    "rule that expires soon": (rule(f"{{id: r, {ALLOW}, expires: §2026-11-25}}"), "5 days left"),
    "zone that is not touched": (
        rule("{id: r, services: any, allow: §web -> db}", TOP + ZONES, "tier: zone\n    zone: a"),
        "does not touch that zone",
    ),
    "no family in common": (rule("{id: r, services: any, allow: §four -> six}"), "no address family"),
    "set without addresses": (
        rule("{id: r, services: any, allow: {from: web, to: §[none]}}"),
        "its destination has no addresses: none",
    ),
    "all taken away": (rule(f"{{id: r, {ALLOW}, unless_source: §web}}"), "takes its whole source away"),
    "no service": (rule("{id: r, allow: web -> db, services: §none}"), "its service is empty"),
    "covered": (
        rule("{id: r, deny: web -> db, services: any}\n    - §{id: s, allow: web -> db, services: ssh}"),
        "rule 'p/s' can never apply: deny rule 'p/r' covers it wholly",
    ),
    "covered by quarantine": (
        rule("§{id: s, allow: web -> db, services: ssh}")
        + "  q: {tier: quarantine, rules: [{id: q, deny: web -> db, services: any}]}\n",
        "rule 'p/s' can never apply: deny rule 'q/q' covers it wholly",
    ),
    "two interfaces of one name": (
        workloads("{name: w, labels: {}, interfaces: §[{name: e}, {name: e}]}"),
        "two interfaces called 'e'",
    ),
    "one interface twice": (
        workloads("{name: w, labels: {}, interfaces: §[{name: e, id: x}, {name: f, id: x}]}"),
        "has interface 'x' twice",
    ),
    "an interface of two": (
        workloads("{name: v, interface_id: x}", "{name: w, interface_id: §x}"),
        "both have interface 'x'",
    ),
    "an address of two": (
        workloads("{name: v, addresses: [10.0.0.1]}", "{name: w, addresses: §[10.0.0.1]}"),
        "both have the address 10.0.0.1",
    ),
    "an address that is none": (
        workloads("{name: w, addresses: §[127.0.0.1]}"),
        "has an address that its peers cannot use",
    ),
    "targets that share": (
        workloads("{name: w, labels: {role: web}}")
        + f"targets: {{s: {{{AWS}}}, t: {{{AWS}, select: §role exists}}}}\n",
        "the targets 's' and 't' both own an interface",
    ),
    "accepted twice": (
        (
            f"targets: {{t: {{{AWS}, accepted_residuals: [\n"
            "  {residual: x, owner: o, reason: r, expires: 2027-01-31},\n"
            "  §{residual: x, owner: o, reason: r, expires: 2027-02-28}]}}"
        ),
        "is written twice",
    ),
    "acceptance that expired": (
        (
            f"targets: {{t: {{{AWS}, accepted_residuals: [\n"
            "  {residual: x, owner: o, reason: r, expires: §2026-01-31}]}}"
        ),
        "expired on 2026-01-31",
    ),
    "acceptance that expires": (
        (
            f"targets: {{t: {{{AWS}, accepted_residuals: [\n"
            "  {residual: x, owner: o, reason: r, expires: §2026-12-01}]}}"
        ),
        "expires on 2026-12-01",
    ),
    "acceptance of nobody": (
        (
            f"targets: {{t: {{{AWS}, accepted_residuals: [\n"
            "  {residual: x, owner: §' ', reason: r, expires: 2027-12-01}]}}"
        ),
        "has no owner",
    ),
    "policy with a slash": ("policies: {§a/b: {tier: global}}", "holds a slash"),
    "name of a policy": ("policies: {§' a': {tier: global}}", "the policy name ' a'"),
    "name of a realm": (
        f"{LABELS}zones: {{z: {{select: zone exists, realm: §' r'}}}}",
        "the realm name ' r'",
    ),
    "name of a reference": ("address_sets: {§'${x}': 10.0.0.0/8}", "is a Terraform reference"),
    "platform": ("targets: {t: {platform: §' aws'}}", "the platform name ' aws'"),
    "stack": ("targets: {t: {platform: aws, stack: §' s'}}", "the stack name ' s'"),
    "address that is a reference": (
        "address_sets: {s: [10.0.0.0/8, §'${x}']}",
        "is a Terraform reference where an address is needed",
    ),
    "a placement that is no data": (
        "targets: {t: {platform: aws, placement: {vpc_id: v, tags: {a: [b, §.nan]}}}}",
        "placement.tags.a[1] is not JSON data",
    ),
    "labels with nothing": ("labels: §{}", "lists no label"),
    "label with no value": ("labels: {a: §[]}", "allows no value"),
    "label with a value twice": ("labels: {a: {values: §[b, b]}}", "lists a value twice: b"),
}


def place_of(text: str) -> tuple[str, str]:
    before, _, after = text.partition("§")
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def found(path: str) -> tuple[Problem, ...]:
    seg = load_policies(path, today="2026-11-20")
    try:
        seg.build()
    except SegkitError as error:
        return (*error.problems, *seg.warnings)
    return seg.warnings


@pytest.mark.parametrize("name", list(CASES))
def test_line_and_column(name: str, here: Path) -> None:
    marked, said = CASES[name]
    text, place = place_of(marked)
    Path("p.yaml").write_text(text, encoding="utf-8")
    told = [problem.where for problem in found("p.yaml") if said in problem.what]
    assert told == [f"p.yaml:{place}"]


@pytest.mark.parametrize("name", list(CASES))
def test_every_place_of_json_has_a_column(name: str, here: Path) -> None:
    text = place_of(CASES[name][0])[0]
    data = yaml.load(text, Loader=_AsText)
    if ".nan" in text:
        return  # JSON has no such number
    Path("p.json").write_text(json.dumps(data, indent=1, allow_nan=False), encoding="utf-8")
    problems = found("p.json")
    assert problems
    assert all(re.fullmatch(r"p\.json:\d+:\d+", problem.where) for problem in problems), problems


class _AsText(yaml.SafeLoader):
    """Dates stay text, as segkit reads them."""


_AsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in held if not tag.endswith(":timestamp")]
    for first, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def test_what_goes_into_the_model_is_file_and_line(here: Path) -> None:
    Path("p.yaml").write_text(rule(f"{{id: r, {ALLOW}}}"), encoding="utf-8")
    model = load_policies("p.yaml", today="2026-11-20").build()
    (one,) = model.rules
    assert isinstance(one.where, Place) and one.where == "p.yaml:8" and one.where.exact == "p.yaml:8:7"
    assert json.loads(dump_intent(model))["where"]["rule:p/r"] == "p.yaml:8"


ONLY_IN_CODE = (
    "which is not declared in this segmentation",  # a file that names what is not there never makes the rule
    "of another segmentation",
    "is no name: ",  # of moved_from: the format of files wants text
    "happen to get the same id",  # takes two rules whose ends hash alike
    "two values for label ",  # a key that is written twice is told before
)


def test_every_text_of_the_checks_is_provoked(here: Path) -> None:
    said = []
    for marked, _ in CASES.values():
        Path("p.yaml").write_text(place_of(marked)[0], encoding="utf-8")
        said += [problem.what for problem in found("p.yaml")]
    missing = [
        text
        for text in texts()
        if not any(re.fullmatch(text, one, re.DOTALL) for one in said)
        and not any(re.escape(part) in text for part in ONLY_IN_CODE)
    ]
    assert missing == []


def texts() -> Iterator[str]:
    """The first arguments of `error` and `warn` in the checks, as patterns."""
    for path in sorted((Path(segkit.__file__).parent / "model/checks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("error", "warn"):
                yield _pattern(node.args[0])


def _pattern(text: ast.expr) -> str:
    if isinstance(text, ast.BinOp):
        return _pattern(text.left) + _pattern(text.right)
    if isinstance(text, ast.JoinedStr):
        return "".join(_pattern(value) for value in text.values)
    return re.escape(str(text.value)) if isinstance(text, ast.Constant) else ".*"

"""Places where one apply cannot keep every flow as it is, and two can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from segkit.compiler import compile_model
from segkit.errors import SegkitError
from segkit.model.model import Model
from tests.double.bench import Bench
from tests.double.journey import Journey
from tests.double.store import Thing
from tests.e2e import estate, test_double_aws, test_double_azure, test_double_google
from tests.e2e.estate import HOSTS

pytestmark = pytest.mark.e2e

Options = Mapping[str, Any]


def _ports(span: str) -> Callable[[Any], None]:
    return lambda parts: parts[0].allow(parts[1], parts[3], span, id="cache")


def _named(rule: str) -> Callable[[Any], None]:
    return lambda parts: parts[0].allow(parts[1], parts[3], "tcp/6379", id=rule)


def _partners(*cidrs: str) -> Options:
    return {"partners": cidrs}


GROUPS, CELLS = {"encoding": "groups"}, {"encoding": "cells"}
RELABELLED = {"hosts": {**HOSTS, "web-2": ("api", "edge", "10.0.1.12")}}
WIDER = _partners("198.51.100.0/23", "203.0.113.0/25", "2001:db8:7::/48")

PLACES: Mapping[str, tuple[Options, Options]] = {
    "aws: another encoding": (GROUPS, CELLS),
    "aws: a plainer encoding": (CELLS, GROUPS),
    "aws: a group is cut": ({}, {"encoding": {"shards": {"web": 2}}}),
    "aws: other labels, one group for each machine": (CELLS, {**CELLS, **RELABELLED}),
    "aws: a rule begins at another port": (
        {"change": _ports("tcp/6379-6385")},
        {"change": _ports("tcp/6380-6390")},
    ),
    "aws: ranges of an address set grow together": ({}, WIDER),
    "aws: an address set becomes a list": ({}, {"prefix_lists": ["partners"]}),
    "aws: machines that take a list of groups": ({**GROUPS, "taken": True}, {**CELLS, "taken": True}),
    "azure: another encoding": (GROUPS, CELLS),
    "azure: a plainer encoding": (CELLS, GROUPS),
    "azure: other labels, one group for each machine": (CELLS, {**CELLS, **RELABELLED}),
    "azure: from interfaces to subnets": ({"mode": "interfaces"}, {"mode": "subnets"}),
    "azure: from subnets to interfaces": ({"mode": "subnets"}, {"mode": "interfaces"}),
    "azure: another encoding in a security group of others": (
        {"mode": "existing", **GROUPS},
        {"mode": "existing", **CELLS},
    ),
    "google: another encoding": (GROUPS, CELLS),
    "google: a plainer encoding": (CELLS, GROUPS),
    "google: groups that become one key": ({}, {"encoding": [["api", "web"]]}),
    "google: network tags, and a rule under another name": (
        {"tags": "network", "change": _named("cache")},
        {"tags": "network", "change": _named("store")},
    ),
}
"""What is deployed and what will be, by platform and what changes."""
LUCK = 4
"""How often one apply there and back may tear nothing."""


def _model(platform: str, options: Options) -> Model:
    given = dict(options)
    given.pop("taken", None)
    if platform == "azure":
        return test_double_azure.model(given.pop("mode", "interfaces"), **given)
    if "taken" in options:
        return estate.estate(**given)
    if platform == "aws":
        return test_double_aws.model(**given)
    return (test_double_google.published if "tags" in given else test_double_google.model)(**given)


def _journey(platform: str, options: Options, bench: Bench) -> Journey:
    if platform == "azure":
        return Journey(bench, test_double_azure.network(options.get("mode", "")))
    if "tags" in options:
        tags = test_double_google.network(tags="${{local.segkit_google_{}.groups}}")
        return Journey(bench, test_double_google.network(), tags, test_double_google.by_tags)
    if platform == "google":
        return Journey(bench, test_double_google.network())
    if "taken" in options:
        published = estate.network("${{local.segkit_aws_{}.groups}}".format)
        return Journey(bench, estate.network(lambda _: "${[]}"), published, _by_lists)
    interfaces = [Thing("aws_network_interface", f"eni-{name}", {"id": f"eni-{name}"}) for name in HOSTS]
    bench.give(Thing("aws_vpc", "vpc-1", {"id": "vpc-1"}), *interfaces)
    return Journey(bench, {})


def _by_lists(document: dict[str, Any]) -> dict[str, Any]:
    """Says of each interface that is there which workload it is: it takes the list that is published."""
    kind, resources = "aws_network_interface", document["resource"]
    lists = {name: body.get("security_groups") or [] for name, body in resources.get(kind, {}).items()}
    told = {"interface": "", "target": "aws"}
    return {
        "locals": {f"segkit_aws_{n}": {"workload": n, **told, "groups": held} for n, held in lists.items()},
        "resource": {
            **resources,
            kind: {
                name: {**body, "security_groups": f"${{local.segkit_aws_{name}.groups}}"}
                for name, body in resources.get(kind, {}).items()
            },
        },
    }


@pytest.mark.parametrize("place", PLACES)
def test_one_apply_tears_and_two_do_not(place: str, terraform: str, schemas: Path, tmp_path: Path) -> None:
    platform = place.partition(":")[0]
    before, after = (_model(platform, options) for options in PLACES[place])
    bench = Bench(terraform, schemas, tmp_path, {"azure": "azurerm"}.get(platform, platform))
    journey = _journey(platform, PLACES[place][0], bench)
    journey.to(before)
    # Terraform does in any order what does not wait for each other: it may be lucky, but not for ever.
    way = [after, before] * LUCK + [after]
    torn = next((number for number, model in enumerate(way[:-1]) if journey.torn(model)), None)
    assert torn is not None
    journey.by_two(way[torn + 1])
    if PLACES[place][::-1] not in PLACES.values():  # else the way back is a place of its own
        journey.by_two(way[torn])


FIRST: Mapping[str, str] = {"google: the first apply": "opens sick-1 over IPv4 -> web-1 over IPv4"}
"""Where one apply tears although nothing is deployed yet, and what it does."""
LATE: Mapping[str, tuple[Options, str]] = {
    "azure: the first apply, on interfaces": ({"mode": "interfaces"}, "web-1"),
    "azure: the first apply, on subnets": ({"mode": "subnets"}, "api-1"),
    "google: the first apply": ({}, "sick-1"),
}
"""Where nothing is deployed yet, and a machine that comes late."""


@pytest.mark.parametrize("place", LATE)
@pytest.mark.parametrize("applies", [1, 2])
def test_the_first_apply(place: str, applies: int, terraform: str, schemas: Path, tmp_path: Path) -> None:
    platform, (options, name) = place.partition(":")[0], LATE[place]
    bench = Bench(terraform, schemas, tmp_path, {"azure": "azurerm"}.get(platform, platform))
    journey = _journey(platform, options, bench)
    machines = {"azure": "azurerm_network_interface", "google": "google_compute_instance"}[platform]
    (machine,) = (t for t in bench.state().of(machines) if t.body["name"] == name)
    bench.late(str(machine.body.get("instance_id", machine.id)))
    model = _model(platform, options)
    if applies == 2:
        journey.first(model)
        assert journey.to(model) == {}
    elif place in FIRST:
        assert any(FIRST[place] in line for line in journey.torn(model))
    else:
        journey.to(model)


def test_what_is_denied_by_a_group_is_not_let_in_by_another_first() -> None:
    before, after = _model("azure", {}), _model("azure", {"tiers": "bands"})
    with pytest.raises(SegkitError, match="joins groups that rules deny, and others, in any order"):
        compile_model(after, before)


def test_what_is_denied_is_not_let_in_by_a_group_that_it_is_still_in() -> None:
    bands, compiled = (_model("azure", {"tiers": tiers}) for tiers in ("bands", "compiled"))
    with pytest.raises(SegkitError, match=r"rules that deny go, and .*sick-1.* leaves groups") as refused:
        compile_model(compiled, bands)
    assert "leaves groups that rules deny, and others, in any order" in str(refused.value)
    well = _model("azure", {"tiers": "bands", "ill": ()})
    compile_model(well, bands)  # sick-1 leaves one group, and the rule about nobody goes


def test_a_tag_key_has_one_value_of_a_machine() -> None:
    before, after = _model("google", CELLS), _model("google", {**CELLS, **RELABELLED})
    with pytest.raises(SegkitError, match=r"would have two values of .*cells.*") as refused:
        compile_model(after, before)
    assert 'go by way of encoding="groups"' in str(refused.value)


def test_a_machine_runs_as_one_account() -> None:
    by_role = {"tags": "service-accounts", "accounts": "{role}@shop.iam.gserviceaccount.com", "ill": ()}
    before, after = _model("google", by_role), _model("google", {**by_role, **RELABELLED})
    with pytest.raises(SegkitError, match="workload 'web-2' would run as two service accounts"):
        compile_model(after, before)
    more = {**by_role, "change": _ports("tcp/6379")}
    compile_model(_model("google", more), before)

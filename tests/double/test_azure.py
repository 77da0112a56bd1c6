"""The azurerm double under the real Terraform."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.double.azure_parts import PLACE, asg, estate, lone_rule, rule
from tests.double.bench import Bench
from tests.double.store import Thing

pytestmark = pytest.mark.e2e

NSG = "azurerm_network_security_group"
WEB_TO_DB = rule(
    "web-db",
    200,
    destination_port_range="5432",
    source_application_security_group_ids=[asg("web")],
    destination_application_security_group_ids=[asg("db")],
)


@pytest.fixture
def bench(terraform: str, schemas: Path, tmp_path: Path) -> Bench:
    return Bench(terraform, schemas, tmp_path, "azurerm")


def test_a_stack_comes_stays_changes_and_goes(bench: Bench) -> None:
    first = estate(rule("https", 100), WEB_TO_DB)
    bench.apply(first)
    assert bench.terraform.plan() == {}
    assert {t.kind for t in bench.state().of()} == set(first["resource"])

    changed = estate(rule("https", 100, destination_port_range="8443"), WEB_TO_DB)
    assert bench.apply(changed) == {f"{NSG}.main": ["update"]}
    (call,) = bench.calls()[-1:]
    assert (call.action, call.kind) == ("update", NSG)

    renamed = estate(rule("https", 100, destination_port_range="8443"), WEB_TO_DB)
    renamed["resource"][NSG]["main"]["name"] = "other"
    link = "azurerm_subnet_network_security_group_association.one"
    assert bench.apply(renamed) == {f"{NSG}.main": ["delete", "create"], link: ["delete", "create"]}

    bench.terraform.destroy()
    assert bench.state().of() == []


def test_empty_text_and_empty_lists_are_as_good_as_none(bench: Bench) -> None:
    bench.apply(estate(rule("https", 100, none=[], description="")))
    assert bench.terraform.plan() == {}


def test_rules_of_their_own_come_and_go_one_by_one(bench: Bench) -> None:
    def stack(**rules: int) -> dict[str, dict[str, object]]:
        document = estate()
        document["resource"]["azurerm_network_security_rule"] = {
            name: lone_rule(name, priority) for name, priority in rules.items()
        }
        return document

    bench.apply(stack(one=100, two=110))
    assert bench.terraform.plan() == {}
    assert bench.apply(stack(one=100, two=110, three=120)) == {
        "azurerm_network_security_rule.three": ["create"]
    }
    assert bench.apply(stack(one=100, three=120)) == {"azurerm_network_security_rule.two": ["delete"]}
    bench.write(stack(one=120, three=100))  # a swap of numbers cannot be done one call after the other
    bench.terraform.plan()
    with pytest.raises(AssertionError, match="share the priority"):
        bench.terraform.apply()


def test_an_inline_list_and_rules_of_their_own_fight(bench: Bench) -> None:
    document = estate(rule("https", 100))
    document["resource"]["azurerm_network_security_rule"] = {"other": lone_rule("other", 110)}
    bench.apply(document)
    assert bench.terraform.plan() == {f"{NSG}.main": ["update"]}
    bench.terraform.apply()
    assert bench.terraform.plan() == {"azurerm_network_security_rule.other": ["create"]}


def test_a_group_that_a_rule_still_names_does_not_go(bench: Bench) -> None:
    """Terraform destroys what nobody refers to any more before it updates who did."""
    extra = {"name": "extra"}
    named = rule("extra", 300, source_application_security_group_ids=[asg("extra")])
    bench.apply(estate(rule("https", 100), named, extra=extra))
    bench.write(estate(rule("https", 100)))
    bench.terraform.plan()
    with pytest.raises(AssertionError, match=r"is in use by \S*networkSecurityGroups/main"):
        bench.terraform.apply()


def test_a_group_that_is_created_before_it_is_destroyed_goes_last(bench: Bench) -> None:
    extra = {"name": "extra", "lifecycle": {"create_before_destroy": True}}
    named = rule("extra", 300, source_application_security_group_ids=[asg("extra")])
    bench.apply(estate(rule("https", 100), named, extra=extra))
    bench.apply(estate(rule("https", 100)))
    assert [(call.action, call.kind) for call in bench.calls()[-2:]] == [
        ("update", NSG),
        ("delete", "azurerm_application_security_group"),
    ]


def test_what_the_schema_or_the_provider_refuses_is_refused_before_any_call(bench: Bench) -> None:
    for wrong, told in (
        ({"colour": "red"}, "colour"),
        ({"security_rule": [rule("https", 99)]}, "not in 100 to 4096"),
        ({"security_rule": [{"name": "short"}]}, r"(?s)attributes.*are required"),
        ({"security_rule": [rule("both", 100) | {"source_address_prefixes": ["10.0.0.0/8"]}]}, "only one of"),
    ):
        bench.write(estate(), {"resource": {NSG: {"second": {**PLACE, "name": "second", **wrong}}}})
        with pytest.raises(AssertionError, match=told):
            bench.terraform.plan()
    assert bench.calls() == []


def test_what_changed_behind_the_back_is_seen(bench: Bench) -> None:
    bench.apply(estate(rule("https", 100)))
    (group,) = bench.state().of(NSG)
    more = [*group.body["security_rule"], rule("backdoor", 4000)]
    bench.give(Thing(NSG, group.id, {**group.body, "security_rule": more}))
    assert bench.terraform.plan() == {f"{NSG}.main": ["update"]}
    bench.terraform.apply()
    (group,) = bench.state().of(NSG)
    assert [one["name"] for one in group.body["security_rule"]] == ["https"]


def test_what_is_there_already_needs_an_import(bench: Bench) -> None:
    bench.apply(estate(rule("https", 100)))
    (group,) = bench.state().of(NSG)
    place = group.id.rsplit("/", 1)[0]
    body = {**group.body, "name": "second", "id": f"{place}/second"}
    bench.give(Thing(NSG, f"{place}/second", body))
    both = estate(rule("https", 100))
    both["resource"][NSG]["second"] = both["resource"][NSG]["main"] | {"name": "second"}
    bench.write(both)
    bench.terraform.plan()
    with pytest.raises(AssertionError, match="already exists; to be managed it needs to be imported"):
        bench.terraform.apply()
    bench.terraform.import_(f"{NSG}.second", f"{place}/second")
    assert bench.terraform.plan() == {}


def test_the_state_after_each_call_is_a_document(bench: Bench) -> None:
    bench.apply(estate(rule("https", 100), WEB_TO_DB))
    *_, (_, whole) = bench.documents()
    assert whole["resource"][NSG]["main"]["security_rule"][1]["source_application_security_group_ids"] == [
        asg("web")
    ]
    assert len(list(bench.documents())) == len(bench.calls())
    assert sum(map(len, whole["resource"].values())) == len(bench.calls())

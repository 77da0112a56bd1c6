"""The builder: what people call to declare a segmentation, from a program with no Terraform and no Node."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, cast, get_args

from segkit.errors import Problem, SegkitError, part
from segkit.model.caller import caller
from segkit.model.ends import End
from segkit.model.findings import Findings
from segkit.model.interfaces import read_interfaces, single_interface
from segkit.model.inventory import Inventory, Source, read_inventories
from segkit.model.model import Model
from segkit.model.operands import ServiceLike, read_services
from segkit.model.policy import (
    AddressSet,
    Classification,
    Group,
    Mode,
    Posture,
    Service,
    Zone,
)
from segkit.model.policy_builder import PolicyBuilder
from segkit.model.policy_files import PolicyFiles, PolicyPath
from segkit.model.references import Known
from segkit.model.schema_file import open_schema, read_schema
from segkit.model.split import Part, Split, split
from segkit.model.target_builder import TargetBuilder
from segkit.model.validate import validate
from segkit.model.values import (
    AddressLike,
    placeholder,
    read_addresses,
    read_choice,
    read_day,
    read_labels,
    read_name,
    read_select,
    read_text,
)
from segkit.model.workloads import DEFAULT_REALM, Interface, LabelSchema, Workload
from segkit.sets import ALL, NOTHING, Predicate

_name = attrgetter("name")


class Segmentation:
    """Zones, groups, policies, workloads and targets, declared in any order.

    `schema` is a label schema: a file (YAML or JSON), the same as a mapping, or a `LabelSchema`. None checks
    no labels: any key may have any value. `inventory` is one file of workloads or several (JSON, YAML or
    CSV), or an `Inventory`. `today` judges expiry; it defaults to the environment variable SEGKIT_TODAY
    (YYYY-MM-DD), else to the date in UTC. `policies` is a policy file or folder (YAML, JSON), or several:
    their declarations are added to those in code, and their rules may name what code declares.

    No method raises on a bad value: it notes the problem and returns something to go on with, and `build`
    raises `SegkitError` with all of them. `where=` says where a thing was declared; it defaults to the
    caller's file and line.

    >>> from segkit.sets import L, tcp
    >>> seg = Segmentation("shop")
    >>> web, db = seg.group("web", L.role == "web"), seg.group("db", L.role == "db")
    >>> rule = seg.policy("shop", tier="application").allow(web, db, tcp(5432), id="orders")
    >>> [rule.id for rule in seg.build().rules]
    ['shop/orders']
    """

    def __init__(
        self,
        name: str,
        schema: str | os.PathLike[str] | Mapping[str, Any] | LabelSchema | None = None,
        inventory: Source | Sequence[Source] | None = None,
        today: date | str | None = None,
        *,
        policies: PolicyPath | Sequence[PolicyPath] | PolicyFiles | None = None,
        where: str | None = None,
    ) -> None:
        here = caller() if where is None else where
        self._found = Findings()
        self._broken: set[str] = set()
        self.name = read_name(name, "segmentation", here, self._found) or "unnamed"
        self.today = self._today(today, here)
        self._schema: LabelSchema | None = None
        if isinstance(schema, LabelSchema):
            self._schema = schema
        elif isinstance(schema, Mapping):
            self._schema = read_schema(schema, here, self._found)
        elif schema is not None:
            self._schema = open_schema(schema, here, self._found)
        self._zones: list[Zone] = []
        self._groups: list[Group] = []
        self._address_sets: list[AddressSet] = []
        self._services: list[Service] = []
        self._policies: list[PolicyBuilder] = []
        self._targets: list[TargetBuilder] = []
        self._workloads: list[Workload] = []
        self._splits: list[Split] = []
        if inventory is not None:
            self._workloads += read_inventories(inventory, here, self._found)
        self.warnings: tuple[Problem, ...] = ()
        self._files: PolicyFiles | None = None
        if policies is not None:
            self._files = _files(policies, here)
            self._broken |= self._files.declare_into(self, self._schema)
            self._workloads += self._files.workloads
            self._schema = self._schema or self._files.schema

    def zone(
        self,
        name: str,
        select: Predicate,
        classification: str = "internal",
        posture: str = "deny",
        mode: str = "enforce",
        networks: AddressLike | Iterable[AddressLike] = (),
        realm: str = DEFAULT_REALM,
        compliance: Iterable[str] = (),
        moved_from: str | None = None,
        *,
        where: str | None = None,
    ) -> Zone:
        """A named part of the estate: the workloads that `select` matches, now and later.

        `networks` are CIDRs in `realm` that `zone.network` stands for; they do not decide membership.
        `classification` is public, internal, sensitive or critical; `posture` (deny, allow) decides flows
        inside the zone that no rule decides; `mode` is visibility, selective or enforce. `moved_from` is its
        former name.
        """
        here, found = where or caller(), self._found
        known = read_name(name, "zone", here, found)
        predicate = read_select(select, f"zone {name!r}", here, found)
        label = f"zone {name!r}"
        classed = read_choice(
            classification, get_args(Classification), f"classification of {label}", here, found
        )
        stance = read_choice(posture, get_args(Posture), f"posture of {label}", here, found)
        how = read_choice(mode, get_args(Mode), f"mode of {label}", here, found)
        tags, tagged = [compliance] if isinstance(compliance, str) else compliance, part(here, "compliance")
        zone = Zone(
            known or str(name),
            placeholder(predicate),
            cast(Classification, classed or "internal"),
            cast(Posture, stance or "deny"),
            cast(Mode, how or "enforce"),
            read_addresses(networks, f"networks of {label}", here, found),
            read_name(realm, "realm", part(here, "realm"), found) or DEFAULT_REALM,
            tuple(sorted({read_text(t, f"a compliance tag of {label}", tagged, found) for t in tags})),
            moved_from,
            here,
        )
        if known is None or predicate is None:
            self._broken |= {zone.end.key, zone.network.key}
        else:
            self._zones.append(zone)
        return zone

    def group(
        self, name: str, select: Predicate, moved_from: str | None = None, *, where: str | None = None
    ) -> Group:
        """A named selector. It may be empty today. `moved_from` is the name it had before a rename."""
        here = where or caller()
        known = read_name(name, "group", here, self._found)
        predicate = read_select(select, f"group {name!r}", here, self._found)
        group = Group(known or str(name), placeholder(predicate), moved_from, here)
        if known is None or predicate is None:
            self._broken.add(group.end.key)
        else:
            self._groups.append(group)
        return group

    def address_set(
        self,
        name: str,
        addresses: AddressLike | Iterable[AddressLike],
        realm: str = DEFAULT_REALM,
        *,
        where: str | None = None,
    ) -> AddressSet:
        """Named addresses and CIDRs, IPv4 and IPv6, in one realm."""
        here = where or caller()
        known = read_name(name, "address set", here, self._found)
        before = len(self._found.errors)
        held = read_addresses(addresses, f"address set {name!r}", here, self._found)
        bad = len(self._found.errors) > before
        where_it_is = read_name(realm, "realm", part(here, "realm"), self._found) or DEFAULT_REALM
        one = AddressSet(known or str(name), held, where_it_is, here)
        if known is None or (bad and not held):
            self._broken.add(one.end.key)
        else:
            self._address_sets.append(one)
        return one

    def service(self, name: str, *services: ServiceLike, where: str | None = None) -> Service:
        """A named set of services, written as for a rule: `tcp(5432)`, "postgresql", "tcp/5432"."""
        here = where or caller()
        known = read_name(name, "service", here, self._found)
        held = read_services(services, f"service {name!r}", here, self._found)
        one = Service(known or str(name), NOTHING if held is None else held, here)
        if known is not None and held is not None:
            self._services.append(one)
        else:
            self._broken.add(f"service:{name}")
        return one

    def workload(
        self,
        name: str,
        labels: Mapping[str, str],
        addresses: AddressLike | Iterable[AddressLike] | None = None,
        realm: str = DEFAULT_REALM,
        network: str | None = None,
        interface_id: str | None = None,
        foreign: Iterable[str] | None = None,
        interfaces: Iterable[Interface | Mapping[str, Any]] | None = None,
        *,
        where: str | None = None,
    ) -> Workload:
        """A machine, pod or service.

        One interface is written in place: its `addresses` (None when unknown), `realm`, `network` (a VPC,
        VNet or segment), `interface_id` (the platform's id) and `foreign` (groups that others put on it, None
        when nobody looked). For several, `interfaces=` takes `Interface` objects or mappings with the keys
        name, addresses, realm, network, id and foreign.
        """
        here, what = where or caller(), f"workload {name!r}"
        if interfaces is None:
            held: tuple[Interface, ...] = (
                single_interface(addresses, realm, network, interface_id, foreign, what, here, self._found),
            )
        else:
            if (addresses, network, interface_id, foreign) != (None, None, None, None):
                self._found.error(
                    f"{what} has both interfaces= and the arguments of a single interface",
                    here,
                    fix="write everything inside interfaces=",
                )
            held = read_interfaces(interfaces, realm, what, here, self._found)
        return self._workload(name, labels, held, False, here)

    def workload_class(
        self,
        name: str,
        labels: Mapping[str, str],
        networks: AddressLike | Iterable[AddressLike] | None = None,
        realm: str = DEFAULT_REALM,
        network: str | None = None,
        *,
        where: str | None = None,
    ) -> Workload:
        """Any number of workloads with the same labels: an autoscaling group, a launch template.

        `networks` are the CIDRs its members live in, None when unknown; `network` is the VPC, VNet or
        segment.
        """
        here, what = where or caller(), f"workload class {name!r}"
        one = single_interface(networks, realm, network, None, None, what, here, self._found)
        return self._workload(name, labels, (one,), True, here)

    def policy(
        self,
        name: str,
        tier: str,
        owner: str = "",
        zone: Zone | str | None = None,
        *,
        where: str | None = None,
    ) -> PolicyBuilder:
        """A named, owned set of rules in one tier: quarantine, global, zone or application.

        A policy in the tier `zone` names its zone, and every rule of it touches that zone.
        """
        one = PolicyBuilder(name, tier, owner, zone, where or caller(), self._found)
        self._policies.append(one)
        return one

    def target(
        self,
        name: str,
        platform: str,
        select: Predicate = ALL,
        realm: str = DEFAULT_REALM,
        placement: Mapping[str, Any] | None = None,
        *,
        stack: str | None = None,
        identities: str | None = None,
        where: str | None = None,
    ) -> TargetBuilder:
        """One enforcement plane: the platform's name ("aws"), the workloads it owns, and where it is.

        `placement` holds the platform's arguments as JSON; `stack` and `identities` are as in `Target`.
        """
        here, given = where or caller(), placement or {}
        one = TargetBuilder(name, platform, select, realm, given, here, self._found, stack, identities)
        self._targets.append(one)
        return one

    def split_by(self, *keys: str, select: Predicate = ALL, where: str | None = None) -> tuple[Part, ...]:
        """The estate in parts: one for each combination of values of `keys` that a workload declared by now
        has, sorted by value. `select` leaves out who is in no part; anybody else in none is reported by
        `build`. With a target and a stack for each part, each has a plan of its own.

        >>> seg = Segmentation("shop")
        >>> web = seg.workload("web-1", {"account": "prod", "region": "eu-west-1"})
        >>> [(part.name, part["account"]) for part in seg.split_by("account", "region")]
        [('shop-prod-eu-west-1', 'prod')]
        """
        here = where or caller()
        chosen = read_select(select, "split_by()", here, self._found)
        made = split(self.name, keys, placeholder(chosen), self._workloads, self._schema, here, self._found)
        self._splits.append(made)
        return made.parts

    def end(self, text: str, *, where: str | None = None) -> End:
        """What a text in a policy file would stand for now: a declared name, `zone:cde`, a selector.

        >>> Segmentation("shop").end('role == "web"').text
        'role == "web"'
        """
        here = where or caller()
        found = self._known().end(text, "end()", here, self._found)
        if isinstance(found, End):
            return found
        self._broken.add(f"group:{text}")
        return Group(text, ALL).end

    def add(self, inventory: Inventory | Iterable[Workload]) -> None:
        """Take over workloads that were read elsewhere."""
        self._workloads += inventory.workloads if isinstance(inventory, Inventory) else inventory

    def build(self) -> Model:
        """The model, sorted and checked; raises `SegkitError` with every problem since construction.

        What does not stop the build is in `warnings` afterwards. May be called again, also after adding more.
        """
        found = Findings()
        found.extend(self._found)
        policies = list(self._policies)
        if self._files is not None:
            policies += self._files.policies(self._known(), found)
        model = self._model(policies)
        for made in self._splits:
            made.check(model.workloads, found)
        found.extend(validate(model, frozenset(self._broken)))
        self.warnings = tuple(sorted(set(found.warnings)))
        if found.errors:
            raise SegkitError(found.errors)
        return model

    def _known(self) -> Known:
        """What text can refer to."""
        complete = self._files is None or self._files.complete
        return Known(self._zones, self._groups, self._address_sets, self._services, self._broken, complete)

    def _model(self, policies: Iterable[PolicyBuilder]) -> Model:
        return Model(
            name=self.name,
            today=self.today,
            schema=LabelSchema() if self._schema is None else self._schema,
            zones=tuple(sorted(self._zones, key=_name)),
            groups=tuple(sorted(self._groups, key=_name)),
            address_sets=tuple(sorted(self._address_sets, key=_name)),
            services=tuple(sorted(self._services, key=_name)),
            policies=tuple(sorted((p for b in policies if (p := b.made()) is not None), key=_name)),
            workloads=tuple(sorted(self._workloads, key=_name)),
            targets=tuple(sorted((t for b in self._targets if (t := b.made()) is not None), key=_name)),
        )

    def _workload(
        self,
        name: str,
        labels: Mapping[str, str],
        interfaces: tuple[Interface, ...],
        is_class: bool,
        here: str,
    ) -> Workload:
        kind = "workload class" if is_class else "workload"
        known = read_name(name, kind, here, self._found)
        held = read_labels(labels, f"{kind} {name!r}", here, self._found)
        one = Workload(known or str(name), held, interfaces, is_class, here)
        if known is not None:
            self._workloads.append(one)
        return one

    def _today(self, today: date | str | None, here: str) -> date:
        text = os.environ.get("SEGKIT_TODAY") if today is None else None
        given = text or today
        source = "the environment variable SEGKIT_TODAY" if text else "today"
        return read_day(given, source, here, self._found) or datetime.now(UTC).date()


def _files(policies: PolicyPath | Sequence[PolicyPath] | PolicyFiles, where: str) -> PolicyFiles:
    if isinstance(policies, PolicyFiles):
        return policies
    return PolicyFiles([policies] if isinstance(policies, str | os.PathLike) else policies, where)

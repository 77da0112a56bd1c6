"""Random small models for hypothesis: few names, few addresses, every feature, so that things collide.

A model is built as data, past the checks of `Segmentation`: rules that can never apply, expired denies and
empty groups are in it on purpose. What stays true is what every layer may rely on: zones are disjoint, an
address of a realm belongs to one workload, no interface has two targets, labels conform to the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from segkit.model.ends import End, anywhere, internet, outside
from segkit.model.model import Accepted, Model, Target
from segkit.model.policy import AddressSet, Group, LabelPolicy, Rule, Tier, Zone
from segkit.model.workloads import Interface, LabelKey, LabelSchema, Workload
from segkit.sets import (
    ALL,
    ANY,
    NOWHERE,
    Addresses,
    L,
    Predicate,
    ServiceSet,
    icmp,
    icmpv6,
    protocol,
    sctp,
    tcp,
    udp,
)

TODAY = date(2026, 6, 1)
VALUES = {"app": ("a", "b", "c"), "env": ("p", "q"), "role": ("w", "d")}
REALMS = ("default", "other")
ELSEWHERE = "to"
"""The target of the other realm."""
FOREVER = date(2999, 1, 1)

CIDRS = (
    "10.0.0.0/28",
    "10.0.0.0/29",
    "10.0.0.4/30",
    "10.0.0.3",
    "10.0.0.0/8",
    "8.8.8.0/30",
    "fd00::/124",
    "fd00::4/126",
    "2600::/126",
    "0.0.0.0/0",
    "::/0",
)
HOSTS4 = (*(f"10.0.0.{n}" for n in range(1, 11)), "8.8.8.1", "8.8.8.9", "172.16.0.1")
HOSTS6 = (*(f"fd00::{n}" for n in range(1, 9)), "2600::1", "2600::9")


@dataclass(frozen=True)
class Features:
    """What a model may hold. Everything by default."""

    unknown: bool = True
    classes: bool = True
    several_addresses: bool = True
    several_interfaces: bool = True
    internet: bool = True
    realms: Sequence[str] = REALMS
    modes: Sequence[str] = ("enforce", "enforce", "visibility", "selective")
    apart: bool = False  # no two interfaces of a machine in one realm
    odd_services: bool = True
    by_address: bool = True
    most_rules: int = 5
    most_workloads: int = 5
    targets: int = 2


EVERYTHING = Features()
LABELS_ONLY = Features(
    unknown=False, classes=False, several_addresses=False, internet=False, by_address=False, targets=1
)


class Drawn(Model):
    """A model that a failing test prints in a few lines instead of pages."""

    def __repr__(self) -> str:
        return show(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(show(self))


def show(model: Model) -> str:
    """A model in a few lines."""
    lines = [f"model of {model.today}, labels {'free' if model.domains is None else dict(model.domains)}"]
    lines += [
        f"  zone {z.name}: {z.predicate}; {z.posture}, {z.mode}, networks {z.networks or '-'} in {z.realm}"
        for z in model.zones
    ]
    lines += [f"  group {g.name}: {g.predicate}" for g in model.groups]
    lines += [f"  addresses {s.name}: {s.addresses} in {s.realm}" for s in model.address_sets]
    for w in model.workloads:
        held = [
            f"{i.name or '-'} {i.addresses or '?'} in {i.realm} {i.id or ''}".strip() for i in w.interfaces
        ]
        lines.append(f"  {'class' if w.is_class else 'workload'} {w.name} {w.label_map}: {'; '.join(held)}")
    lines += [f"  {r.id} ({r.tier.label}, until {r.expires or '-'}): {r.text}" for r in model.rules]
    lines += [f"  target {t.name}: {t.select} in {t.realm}, {dict(t.placement)}" for t in model.targets]
    return "\n".join(lines)


Placements = Callable[[str, Sequence[str], int], Mapping[str, Any]]
"""(target name, the names of all, a number to choose by) -> placement, for one platform."""


def predicates(most: int = 3) -> st.SearchStrategy[Predicate]:
    """Selectors over a few keys, with the forms where a missing label matters well represented."""
    atoms = [ALL, L.app == "a", L.app == "b", L.app != "a", L.app.in_("a", "c"), L.app.exists()]
    atoms += [L.env == "p", L.env != "q", L.role == "w", L.role != "d", ~L.role.exists()]
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.tuples(inner, st.sampled_from("&|-"), inner).map(_combined),
        max_leaves=most,
    )


def _combined(node: tuple[Predicate, str, Predicate]) -> Predicate:
    first, operator, second = node
    if operator == "&":
        return first & second
    return first | second if operator == "|" else first - second


def services(odd: bool = True) -> st.SearchStrategy[ServiceSet]:
    """Service sets with neighbouring and nested ports."""
    plain = [tcp(443), tcp(80, 443), tcp("80-90"), tcp(22), tcp("20-22"), udp(53), tcp(53) | udp(53), ANY]
    if odd:
        plain += [icmp(8), icmp(8, 0) | icmpv6(128), icmpv6(), icmp(), protocol(47), sctp(), sctp(7), tcp()]
    one = st.sampled_from(plain)
    return st.one_of(one, one, st.tuples(one, one).map(lambda two: two[0] | two[1]))


def addresses(most: int = 2) -> st.SearchStrategy[Addresses]:
    """Address sets out of few ranges that nest and touch."""
    return st.lists(st.sampled_from(CIDRS), min_size=1, max_size=most, unique=True).map(
        lambda c: Addresses.of(*c)
    )


@st.composite
def schemas(draw: st.DrawFn) -> LabelSchema:
    """No schema, one that lists values, or one that leaves some open; some keys are mandatory."""
    kind = draw(st.sampled_from(("none", "closed", "open")))
    if kind == "none":
        return LabelSchema()
    return LabelSchema(
        tuple(
            LabelKey(name, values if kind == "closed" else None, draw(st.sampled_from((False, False, True))))
            for name, values in VALUES.items()
        )
    )


@st.composite
def zones(draw: st.DrawFn, features: Features, selectable: Callable[[Predicate], bool]) -> tuple[Zone, ...]:
    """Zones that cannot overlap: split by one key, and narrowed."""
    out = []
    for name, home in (("p", L.env == "p"), ("q", L.env == "q"), ("rest", ~L.env.exists())):
        if not draw(st.booleans()):
            continue
        narrowed = home & draw(st.sampled_from((ALL, ALL, L.role != "d", L.app.exists())))
        if selectable(narrowed):
            out.append(
                Zone(
                    name,
                    narrowed,
                    posture=draw(st.sampled_from(("deny", "deny", "allow"))),
                    mode=draw(st.sampled_from(features.modes)),
                    networks=draw(st.one_of(st.just(NOWHERE), addresses(1)))
                    if features.by_address
                    else NOWHERE,
                    realm=draw(st.sampled_from(features.realms)),
                )
            )
    return tuple(out)


@st.composite
def workloads(
    draw: st.DrawFn, schema: LabelSchema, features: Features, interface_id: Callable[[str], str | None]
) -> tuple[Workload, ...]:
    """Workloads with one interface or two; an address of a realm is given away once."""
    required = {k.name for k in schema.keys if k.required}
    free = {r: [draw(st.permutations(HOSTS4)), draw(st.permutations(HOSTS6))] for r in features.realms}
    out = []
    for number in range(draw(st.integers(0, features.most_workloads))):
        labels = {
            key: draw(st.sampled_from(values))
            for key, values in VALUES.items()
            if key in required or draw(st.integers(0, 3))
        }
        is_class = features.classes and draw(st.integers(0, 4)) == 0
        several = features.several_interfaces and draw(st.integers(0, 4)) == 0
        names: tuple[str, ...] = ("eth0", "eth1") if several else ("",)
        places = [features.realms] * len(names)
        if features.apart and several:
            names, places = names[: len(features.realms)], [(realm,) for realm in features.realms]
        made = tuple(
            draw(interfaces(f"w{number}", n, is_class, free, features, at, interface_id))
            for n, at in zip(names, places, strict=False)
        )
        out.append(Workload(f"w{number}", tuple(sorted(labels.items())), made, is_class))
    return tuple(out)


@st.composite
def interfaces(
    draw: st.DrawFn,
    workload: str,
    name: str,
    is_class: bool,
    free: dict[str, list[list[str]]],
    features: Features,
    realms: Sequence[str],
    interface_id: Callable[[str], str | None],
) -> Interface:
    """One interface, at addresses that nobody else has."""
    realm = draw(st.sampled_from(realms))
    held: Addresses | None = None
    if is_class:
        held = draw(st.one_of(st.none(), addresses(1)))
    elif not features.unknown or draw(st.integers(0, 4)):
        wish = draw(
            st.sampled_from(("4", "4", "6", "46", "44") if features.several_addresses else ("4", "46"))
        )
        taken = [free[realm][0 if c == "4" else 1].pop() for c in wish if free[realm][0 if c == "4" else 1]]
        held = Addresses.of(*taken) if taken else None
        if held is None and not features.unknown:
            held = Addresses.of("198.51.100.1")
    known = draw(st.booleans()) and not is_class
    return Interface(name, held, realm, None, interface_id(f"{workload}{name}") if known else None)


@st.composite
def ends(draw: st.DrawFn, parts: Model, features: Features, selectable: Callable[[Predicate], bool]) -> End:
    """Any end that a rule of the model can have."""
    kinds = ["select", "select"] + ["group"] * 2 * bool(parts.groups) + ["zone"] * bool(parts.zones)
    kinds += ["anywhere", "outside"]
    if features.internet:
        kinds.append("internet")
    if features.by_address:
        kinds += ["addresses"] * 2 * bool(parts.address_sets)
        kinds += ["network"] * any(z.networks for z in parts.zones)
    match draw(st.sampled_from(kinds)):
        case "group":
            return draw(st.sampled_from(parts.groups)).end
        case "zone":
            return draw(st.sampled_from(parts.zones)).end
        case "network":
            return draw(st.sampled_from([z for z in parts.zones if z.networks])).network
        case "addresses":
            return draw(st.sampled_from(parts.address_sets)).end
        case "select":
            return End.select(draw(predicates().filter(selectable)))
        case name:
            return {"anywhere": anywhere, "outside": outside, "internet": internet}[name]


@st.composite
def rules(
    draw: st.DrawFn, number: int, parts: Model, features: Features, selectable: Callable[[Predicate], bool]
) -> Rule:
    """An allow or a deny in any tier, sometimes with several ends, exceptions or a last day."""
    one = ends(parts, features, selectable)
    side = st.lists(one, min_size=1, max_size=2, unique_by=lambda e: e.key).map(tuple)
    unless = st.one_of(st.just(()), st.just(()), st.tuples(one))
    days = draw(st.sampled_from((None, None, None, -1, 0, 400)))
    return Rule(
        f"x/r{number}",
        "x",
        draw(st.sampled_from(Tier)),
        draw(st.sampled_from(("allow", "allow", "deny"))),
        draw(side),
        draw(side),
        draw(services(features.odd_services)),
        draw(unless),
        draw(unless),
        expires=None if days is None else TODAY + timedelta(days),
    )


@st.composite
def models(
    draw: st.DrawFn,
    platform: str = "aws",
    placements: Placements = lambda name, *_: {"vpc_id": f"vpc-{name}"},
    features: Features = EVERYTHING,
    accept: Sequence[str] = (),
    interface_id: Callable[[str], str | None] = "eni-{}".format,
) -> Model:
    """A whole model with targets of one platform, accepting the named residuals. `interface_id` makes the
    platform's own id of an interface."""
    schema = draw(schemas())

    def selectable(predicate: Predicate) -> bool:
        return predicate.satisfiable(schema.domains) if schema.keys else predicate != L.app.in_()

    groups = draw(st.lists(predicates().filter(selectable), max_size=3))
    sets = draw(st.lists(addresses(), max_size=2)) if features.by_address else []
    parts = Drawn(
        "m",
        TODAY,
        schema,
        zones=draw(zones(features, selectable)),
        groups=tuple(Group(f"g{i}", p) for i, p in enumerate(groups)),
        address_sets=tuple(
            AddressSet(f"s{i}", a, draw(st.sampled_from(features.realms))) for i, a in enumerate(sets)
        ),
        workloads=draw(workloads(schema, features, interface_id)),
    )
    many = draw(st.integers(0 if features.most_rules > 3 else 1, features.most_rules))
    made = [draw(rules(n, parts, features, selectable)) for n in range(many)]
    return replace(
        parts,
        policies=by_tier(made),
        targets=draw(targets(platform, placements, features, accept, bool(sets))),
    )


@st.composite
def targets(
    draw: st.DrawFn,
    platform: str,
    placements: Placements,
    features: Features,
    accept: Sequence[str],
    sets: bool,
) -> tuple[Target, ...]:
    """One target or several that no interface can share: split by realm and by label."""
    split: list[tuple[str, Predicate, str]] = [
        ("t", draw(st.sampled_from((ALL, ALL, L.app != "c", L.role.exists()))), "default")
    ]
    if features.targets > 1 and draw(st.booleans()):
        split = [("ta", L.role == "w", "default"), ("tb", L.role != "w", "default")]
    if len(features.realms) > 1 and draw(st.booleans()):
        split.append((ELSEWHERE, ALL, features.realms[1]))
    names, choice = [name for name, _, _ in split], draw(st.integers(0, 3 if sets else 1))
    accepted = tuple(Accepted(name, "me", "a test", FOREVER) for name in accept)
    return tuple(
        Target(name, platform, select, realm, placements(name, names, choice), accepted)
        for name, select, realm in split
    )


def by_tier(made: Sequence[Rule]) -> tuple[LabelPolicy, ...]:
    """Rules as policies, one for each tier; the zone tier's rule that policies name a zone is left aside."""
    out = []
    for tier in Tier:
        name = f"x{int(tier)}"
        held = tuple(
            replace(r, policy=name, id=f"{name}/{r.id.partition('/')[2]}") for r in made if r.tier == tier
        )
        if held:
            out.append(LabelPolicy(name, tier, rules=tuple(sorted(held, key=lambda r: r.id))))
    return tuple(out)

"""What security groups can name, from where each target is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from segkit.model.model import Target
from segkit.platforms.aws.placement import AwsPlacement
from segkit.platforms.lowering.ground import Ground


def grounds(targets: Sequence[Target], placements: Mapping[str, AwsPlacement]) -> dict[str, Ground]:
    """The ground of every target."""
    known = {t.name: t for t in targets}
    return {t.name: _ground(t, known, placements) for t in targets}


def _ground(target: Target, known: Mapping[str, Target], placements: Mapping[str, AwsPlacement]) -> Ground:
    here = placements[target.name]
    visible = tuple(_visible(target, known, placements))
    alone = here.membership == "exclusive"
    return Ground(
        alone=alone,
        visible={"ingress": visible, "egress": visible},
        published=here.references == "output",
        reach="name {} in peered_with where the VPCs are peered, in one region and realm",
        loose=here.egress != "exact",
        unasked=here.egress == "open",
        # An interface without groups gets the VPC's default group, which lets its members talk.
        bare=alone,
    )


def _visible(
    target: Target, known: Mapping[str, Target], placements: Mapping[str, AwsPlacement]
) -> Iterator[str]:
    """The targets whose groups this one may refer to: itself and peered VPCs of its region ([SG]), those of
    other stacks only where it may read outputs."""
    here = placements[target.name]
    for name, other in sorted(known.items()):
        there = placements[name]
        if here.references == "address" and other.stack != target.stack:
            continue
        peered = name in here.peered_with or target.name in there.peered_with
        if name == target.name or (peered and here.region == there.region and other.realm == target.realm):
            yield name

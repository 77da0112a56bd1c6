"""What security groups can name, from where each target is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from segkit.model.model import Target
from segkit.platforms.azure.placement import AzurePlacement, means_one
from segkit.platforms.lowering.ground import Ground


def grounds(targets: Sequence[Target], placements: Mapping[str, AzurePlacement]) -> dict[str, Ground]:
    """The ground of every target."""
    return {t.name: _ground(t, targets, placements) for t in targets}


def _ground(target: Target, targets: Sequence[Target], placements: Mapping[str, AzurePlacement]) -> Ground:
    visible = tuple(_visible(target, targets, placements))
    return Ground(
        alone=not placements[target.name].shared,
        visible={"ingress": visible, "egress": visible},
        published=placements[target.name].references == "output",
        reach="let {} have the same vnet_id and realm: groups cannot be named across virtual networks",
    )


def _visible(
    target: Target, targets: Sequence[Target], placements: Mapping[str, AzurePlacement]
) -> Iterator[str]:
    """The targets whose groups this one may refer to: those of its virtual network, where groups on both
    sides of a rule have to be (Azure Virtual Network, “Application security groups”)."""
    here = placements[target.name]
    for other in sorted(targets, key=lambda t: t.name):
        apart = here.references == "address" and other.stack != target.stack
        if (
            placements[other.name].network_key == here.network_key
            and means_one(target, other, here.vnet_id)
            and other.realm == target.realm
            and not apart
        ):
            yield other.name

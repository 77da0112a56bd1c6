"""What firewall policies can name, from where each target is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from segkit.model.model import Target
from segkit.platforms.google.placement import GooglePlacement
from segkit.platforms.lowering.ground import Ground


def grounds(targets: Sequence[Target], placements: Mapping[str, GooglePlacement]) -> dict[str, Ground]:
    """The ground of every target. Only sources can be tags: egress is written by address, or left open."""
    known = {t.name: t for t in targets}
    return {
        t.name: Ground(
            alone=placements[t.name].membership == "exclusive",
            visible={"ingress": tuple(_visible(t, known, placements))},
            published=placements[t.name].references == "output",
            reach="name {} in peered_with where the networks are peered, in one realm",
            loose=placements[t.name].egress == "ranges",
            open=placements[t.name].egress == "open",
        )
        for t in targets
    }


def _visible(
    target: Target, known: Mapping[str, Target], placements: Mapping[str, GooglePlacement]
) -> Iterator[str]:
    """The targets whose tags may be sources: its own, and with secure tags those of peered networks
    ([TAGS]; [VPC] on network tags)."""
    for name, other in sorted(known.items()):
        if placements[target.name].references == "address" and other.stack != target.stack:
            continue
        secure = placements[target.name].tags == placements[name].tags == "secure"
        peered = secure and name in placements[target.name].peered_with
        peered |= secure and target.name in placements[name].peered_with
        if name == target.name or (peered and other.realm == target.realm):
            yield name

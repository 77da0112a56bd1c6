"""Rules as people wrote them, for platforms whose own rules deny and have an order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segkit.intent.boxes import Box, Piece, RuleBoxes
from segkit.intent.population import Kin
from segkit.model.model import Target
from segkit.model.policy import Rule, Tier
from segkit.platforms.lowering.peers import PeerWriter
from segkit.platforms.lowering.sides import Boxes, SideRule, Sides
from segkit.sets import ANY, Domains

RANKS = (
    "visibility",
    *(f"{tier.label}-{action}" for tier in Tier for action in ("deny", "allow")),
    "otherwise",
)
"""The order in which rules are asked: visibility first, then tier by tier denies before allows, and last what
postures and selective zones let pass unless it was denied."""


def denies(rule: SideRule) -> bool:
    """Does a side rule come from a deny? Only those of `AsWritten` do."""
    return rule.rule is not None and rule.rule.action == "deny"


def rank(rule: SideRule) -> int:
    """The place in `RANKS` of a side rule."""
    if rule.rule is None:
        return 0 if rule.origin == "visibility mode" else len(RANKS) - 1
    return RANKS.index(f"{rule.rule.tier.label}-{rule.rule.action}")


class _Plainly:
    """The rules of one realm, denies among them, each by itself."""

    def __init__(self, rules: Sequence[Rule], realm: str, domains: Domains | None) -> None:
        self._rules, self._boxes = rules, RuleBoxes(realm, domains)

    def allowed(self) -> Iterator[Box]:
        """Every rule, the denies too."""
        for rule in self._rules:
            yield from self._boxes.of(rule)

    def unless_denied(self, source: Piece, destination: Piece, origin: str) -> tuple[Box, ...]:
        """All of it: what is denied was asked before."""
        return (Box(source, destination, ANY, origin),)


class AsWritten(Sides):
    """The side rules of targets whose platform asks rules in order: `rank` tells which comes first."""

    def _boxes_of(self, realm: str) -> Boxes:
        return _Plainly(self.model.live_rules, realm, self.domains)


class DenyWriter(PeerWriter):
    """Writes the far ends of denies: exactly, for nobody else makes good what is too wide in a deny."""

    def _kept_out(self, _rule: SideRule, _kin: Kin) -> bool:
        return False

    def _accepts(self, _target: Target, _residual: str) -> bool:
        return False

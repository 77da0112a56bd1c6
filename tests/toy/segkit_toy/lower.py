"""Intent to doors: what each target has to open is worked out for every platform alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from segkit.artifacts import Fragment, literal
from segkit.errors import SegkitError
from segkit.intent.engine import Intent
from segkit.model.model import Target
from segkit.platforms.base import Lowered
from segkit.platforms.lowering.carrying import Key, held_keys
from segkit.platforms.lowering.draft import make_draft
from segkit.platforms.lowering.ground import Ground
from segkit.platforms.lowering.names import resource_name


def lower(intent: Intent, targets: Sequence[Target]) -> list[Lowered]:
    """Every target as Terraform. Raises SegkitError where an address is needed that nobody knows."""
    # Nothing else filters, and no far end can be named: the draft writes all of them as addresses.
    grounds = {t.name: Ground(alone=True) for t in targets}
    draft = make_draft(intent, targets, grounds, lambda _target, rule: (rule, ()))
    if draft.problems:
        raise SegkitError(draft.problems)
    opened: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for target, rule, peers in draft.written:
        addresses = [str(cidr) for cidr in peers.addresses.cidrs()]
        line = {"way": rule.direction, "addresses": addresses, "services": str(rule.services)}
        opened[Key(target.name, rule.own)].append(line)
    out = []
    for target in targets:
        part = Fragment(f"target {target.name}")
        own = [key for key in opened if key.target == target.name]
        for held, interfaces in held_keys(own, target, intent.population):
            lines = [line for key in held for line in opened[key]]
            for _, workload, interface in interfaces:
                name = resource_name(
                    target.name, workload.name, *([interface.name] if interface.name else [])
                )
                body = {"workload": literal(workload.name), "interface": literal(interface.name)}
                part.resource("toy_door", name, {**body, "open": sorted(lines, key=str)})
        residuals = tuple(r for r in draft.residuals if r.target == target.name)
        out.append(Lowered(target.name, part.to_dict(), tuple(sorted(residuals))))
    return out

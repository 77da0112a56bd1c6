"""A small segmentation on Google Cloud, and the stack around it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from segkit.compiler import Compilation, compile_model
from segkit.model import Segmentation
from segkit.model.model import Model
from segkit.model.policy import Mode
from segkit.sets import L, tcp
from segkit.verify import Proof, prove
from tests.oracles.intent_oracle import Spot
from tests.strategies import TODAY

Document = dict[str, Any]
NETWORK = "projects/p/global/networks/vpc"


def shop(accept: tuple[str, ...] = ("snapshot",), **placement: Any) -> Segmentation:
    """Two machines, one rule."""
    seg = Segmentation("shop", today=TODAY)
    seg.workload("web", {"app": "web"}, ["10.0.0.1"])
    seg.workload("db", {"app": "db"}, ["10.0.0.2"])
    seg.policy("p", "application").allow(L.app == "web", L.app == "db", tcp(5432), id="orders")
    target(seg, accept, **placement)
    return seg


def target(
    seg: Segmentation, accept: tuple[str, ...] = ("snapshot",), name: str = "net", **placement: Any
) -> None:
    """A target for a segmentation."""
    select = placement.pop("select", None)
    here = {"network_id": NETWORK, "project": "p", **placement}
    made = seg.target(name, "google", placement=here, **({} if select is None else {"select": select}))
    for residual in accept:
        made.accept_residual(residual, owner="me", reason="a test", expires="2999-01-01")


def proof(seg: Segmentation, change: Callable[[Document], object] | None = None) -> Proof:
    """The proof over what was compiled, with something changed or beside it."""
    done = compile_model(seg.build())
    document = json.loads(json.dumps(done.fragment))
    if change is not None:
        change(document)
    return prove(done.model, document, intent=done.intent, residuals=done.residuals)


def compiled(seg: Segmentation) -> Compilation:
    """The segmentation, compiled."""
    return compile_model(seg.build())


def beside(**resources: Any) -> Callable[[Document], None]:
    """Adds resources that are somebody else's."""

    def change(document: Document) -> None:
        for kind, bodies in resources.items():
            document["resource"].setdefault(kind, {}).update(bodies)

    return change


def mode_at(model: Model, spot: Spot) -> Mode | None:
    """The mode at an endpoint; None where no target owns it."""
    if spot.workload is None:
        return None
    labels = spot.workload.label_map
    owned = any(t.owns(labels, i.realm, i.network) for i in spot.workload.interfaces for t in model.targets)
    return model.mode_of(labels) if owned else None

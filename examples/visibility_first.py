"""Watch first, enforce later: what a zone in visibility mode becomes, and what enforcing it changes.

    python examples/visibility_first.py

In visibility mode everything passes and a flow log records it. The policies are written and proved already.
"""

from __future__ import annotations

from segkit import L, ServiceSet
from segkit.compiler import Compilation, compile_model
from segkit.intent import Passing
from segkit.model import Segmentation
from segkit.verify import prove


def declare(mode: str) -> Segmentation:
    """One zone with a web server, a database and one rule."""
    seg = Segmentation("shop")
    seg.zone("shop", L.app == "shop", mode=mode)
    web = seg.group("web", (L.app == "shop") & (L.role == "web"))
    database = seg.group("database", (L.app == "shop") & (L.role == "database"))
    seg.policy("shop", tier="application").allow(web, database, "postgresql", id="orders")
    for role in ("web", "database"):
        seg.workload(f"{role}-1", {"app": "shop", "role": role})
    logs = "arn:aws:s3:::flow-logs" if mode == "visibility" else None
    seg.target(
        "aws",
        "aws",
        placement={"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1", "flow_log_destination": logs},
    )
    return seg


def passing(compiled: Compilation, source: str, destination: str) -> ServiceSet:
    """What passes from one workload to another over IPv4, modes included."""
    intent = compiled.intent
    where = {cell.workloads: cell.index for cell in intent.cells if cell.family == 4 and cell.workloads}
    return Passing(intent).services(where[source,], where[destination,])


def main() -> None:
    for mode in ("visibility", "selective", "enforce"):
        compiled = compile_model(declare(mode).build())
        logs = len(compiled.fragment["resource"].get("aws_flow_log", ()))
        print(f"{mode}: proof {prove(compiled.model, compiled.fragment).status}, flow logs {logs}")
        print(f"  web-1 -> database-1 passes {passing(compiled, 'web-1', 'database-1')}")
        print(f"  database-1 -> web-1 passes {passing(compiled, 'database-1', 'web-1') or 'nothing'}")


if __name__ == "__main__":
    main()

"""A model for `segkit synth`, which writes what `cdktf plan` and `cdktf deploy` take, without Node.

    segkit synth examples/without_node/model.py --provider-file examples/without_node/machines.tf.json

Settings of the provider and the machines are plain Terraform JSON beside it.
"""

from __future__ import annotations

from segkit import L, tcp
from segkit.model import Segmentation


def build() -> Segmentation:
    """Called by `segkit synth`."""
    seg = Segmentation("without-node")
    web = seg.group("web", L.role == "web")
    database = seg.group("database", L.role == "database")
    seg.policy("shop", tier="application", owner="team-shop").allow(web, database, tcp(5432), id="orders")
    seg.workload("web-1", {"role": "web"})
    seg.workload("database-1", {"role": "database"})
    seg.target("aws", "aws", placement={"vpc_id": "${aws_vpc.main.id}", "region": "eu-west-1"})
    return seg

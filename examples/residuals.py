"""What a platform cannot say exactly is refused until a person answers for it.

    python examples/residuals.py

A security group counts a rule for each range, and the internet is 116 ranges of IPv4. So segkit offers to
write it as 0.0.0.0/0, which also admits private addresses: a residual, accepted by name, owner and date.
"""

from __future__ import annotations

from segkit import L, SegkitError
from segkit.compiler import compile_model
from segkit.model import Segmentation, internet
from segkit.verify import prove


def declare(accepted: bool) -> Segmentation:
    """A web server that the internet may reach."""
    seg = Segmentation("shop")
    web = seg.group("web", L.role == "web")
    seg.policy("shop", tier="application").allow(internet, web, "https", id="customers")
    seg.workload("web-1", {"role": "web"})
    aws = seg.target("aws", "aws", placement={"vpc_id": "vpc-0a1b2c3d", "region": "eu-west-1"})
    if accepted:
        aws.accept_residual(
            "internet-as-anywhere",
            owner="netsec",
            reason="the web servers are public anyway",
            expires="2027-12-31",
        )
    return seg


def main() -> None:
    try:
        compile_model(declare(accepted=False).build())
    except SegkitError as error:
        for problem in error.problems:
            print(f"refused: {problem.what}")
    compiled = compile_model(declare(accepted=True).build())
    proof = prove(compiled.model, compiled.fragment)
    print(f"proof: {proof.status}")
    for services in sorted({difference.services for difference in proof.accepted}):
        print(f"accepted: {services} from every address, to {compiled.residuals[0].rules[0]}")


if __name__ == "__main__":
    main()

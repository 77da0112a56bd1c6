"""Two peered VPCs of one region, in two accounts: one segmentation, two targets, two provider aliases.

    python examples/two_accounts.py          writes ./cdktf.out

A rule between the two is opened on both sides. Peering lets each refer to the other's groups.
"""

from __future__ import annotations

from cdktf import App, TerraformStack
from constructs import Construct

from segkit import L, tcp
from segkit.constructs import AwsSecurityGroups, Group, LabelPolicy, Provider, Segmentation, Workload

REGION = "eu-west-1"
ACCOUNTS = {"shop": "111122223333", "data": "444455556666"}


class TwoAccounts(TerraformStack):
    """The shop's web servers in one account, the company's database in another."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        seg = self.segmentation = Segmentation(self, "two-accounts")
        # With the account in the selector, no group is made where it could have no member.
        web = Group(seg, "web", select=(L.account == "shop") & (L.role == "web"))
        database = Group(seg, "database", select=(L.account == "data") & (L.role == "database"))
        LabelPolicy(seg, "shop", tier="application").allow(web, database, tcp(5432), id="orders")

        for account, role in (("shop", "web"), ("data", "database")):
            Workload(seg, f"{role}-1", {"role": role, "account": account})
        for account, other in (("shop", "data"), ("data", "shop")):
            AwsSecurityGroups(
                seg,
                account,
                vpc_id=f"vpc-{account}",
                region=REGION,
                account=ACCOUNTS[account],
                provider=self._provider(account),
                peered_with=[other],
                select=L.account == account,
            )

    def _provider(self, account: str) -> Provider:
        role = f"arn:aws:iam::{ACCOUNTS[account]}:role/terraform"
        return Provider(
            self,
            f"aws-{account}",
            "aws",
            source="hashicorp/aws",
            version=">= 5.60, < 7.0",
            alias=account,
            region=REGION,
            assume_role=[{"role_arn": role}],
        )


def main() -> None:
    app = App()
    stack = TwoAccounts(app, "two-accounts")
    app.synth()
    resources = stack.segmentation.compile().fragment["resource"]
    for kind, named in sorted(resources.items()):
        for name, body in sorted(named.items()):
            print(f"{body['provider']}  {kind}.{name}")
    assert stack.segmentation.proof is not None
    print(f"proof: {stack.segmentation.proof.status}")


if __name__ == "__main__":
    main()

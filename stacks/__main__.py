"""The cdktf app: every stack of this folder. `cdktf.json` runs it as `python -m stacks`.

SEGKIT_STACKS=online_boutique,pci_three_tier chooses some of them; the default is all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from cdktf import App, TerraformStack

from stacks.online_boutique import OnlineBoutique
from stacks.pci_three_tier import PciThreeTier

STACKS: Mapping[str, Callable[[App, str], TerraformStack]] = {
    "online_boutique": OnlineBoutique,
    "pci_three_tier": PciThreeTier,
}


def chosen() -> list[str]:
    """The names in SEGKIT_STACKS, or all. Leaves with a message when one is unknown."""
    wanted = [name.strip() for name in os.environ.get("SEGKIT_STACKS", "").split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in STACKS]:
        sys.exit(f"SEGKIT_STACKS names {', '.join(unknown)}; there are {', '.join(STACKS)}")
    return wanted or list(STACKS)


def main() -> None:
    """Make the stacks and write them."""
    app = App()
    for name in chosen():
        STACKS[name](app, name)
    app.synth()


if __name__ == "__main__":
    main()

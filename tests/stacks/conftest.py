"""The stacks, synthesised once, on a fixed day and against the real AWS settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from segkit.intent import Intent
from segkit.model import Model
from segkit.verify import Proof

if TYPE_CHECKING:
    from cdktf import App, TerraformStack

TODAY = "2026-11-20"


@dataclass(frozen=True, slots=True)
class Synthesised:
    """What one stack became."""

    model: Model
    intent: Intent
    proof: Proof
    document: dict[str, Any]

    def resources(self, kind: str) -> dict[str, Any]:
        """The resources of one kind by name."""
        found: dict[str, Any] = self.document["resource"].get(kind, {})
        return found


@pytest.fixture(scope="session")
def settings() -> Iterator[pytest.MonkeyPatch]:
    """A fixed day, and no local server or region that this shell happens to name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGKIT_TODAY", TODAY)
        patch.setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20")
        for name in ("SEGKIT_AWS_ENDPOINT", "SEGKIT_AWS_REGION", "SEGKIT_STACKS", "SEGKIT_SKIP_PROOF"):
            patch.delenv(name, raising=False)
        yield patch


Synth = Callable[["Callable[[App, str], TerraformStack]", str], Synthesised]


@pytest.fixture(scope="session")
def synth(node: str, settings: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Synthesises a stack class into a folder of its own."""
    from cdktf import App

    def run(stack: Callable[[App, str], TerraformStack], name: str) -> Synthesised:
        out = tmp_path_factory.mktemp(name)
        app = App(outdir=str(out))
        made: Any = stack(app, name)
        app.synth()
        document = json.loads(Path(out, "stacks", name, "cdk.tf.json").read_text(encoding="utf-8"))
        compiled = made.segmentation.compile()
        return Synthesised(compiled.model, compiled.intent, made.segmentation.proof, document)

    return run


@pytest.fixture(scope="session")
def boutique(synth: Synth) -> Synthesised:
    """Online Boutique."""
    from stacks.online_boutique import OnlineBoutique

    return synth(OnlineBoutique, "online_boutique")


@pytest.fixture(scope="session")
def pci(synth: Synth) -> Synthesised:
    """The card payment service."""
    from stacks.pci_three_tier import PciThreeTier

    return synth(PciThreeTier, "pci_three_tier")

"""A deployment through a row of models, watched at every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from segkit.compiler import compile_model
from segkit.model.model import Model
from segkit.verify import prove
from tests.double.bench import Bench
from tests.double.steps import Way, mismatches


class Journey:
    """One platform that goes from model to model, each deployed by Terraform into the same `network`, which
    is there before the first and after the last.

    `joined` is the network while there is a segmentation, where machines take what that publishes; `seen`
    adds to what the platform holds who those machines are.
    """

    def __init__(
        self,
        bench: Bench,
        network: Mapping[str, Any],
        joined: Mapping[str, Any] | None = None,
        seen: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document,
    ) -> None:
        self.bench, self._network = bench, network
        self._joined, self._seen = joined or network, seen
        self._model: Model | None = None
        bench.apply(network)

    def to(self, model: Model) -> dict[str, list[str]]:
        """Deploys a model; gives back the plan.

        The stack is proved. What is deployed means what the model says, and a second plan is empty. No call
        on the way cut a flow that passes before and after, nor opened one that is closed before and after.
        The latter does not hold when machines come under the rules one by one, or leave them: what only one
        end closes passes until it is the turn of that end.
        """
        done = compile_model(model)
        proof = prove(model, self.bench.write(self._joined, done.fragment))
        assert proof.ok, proof.text()
        planned = self._apply(model, done.fragment, ("cuts", "opens") if self._model else ("cuts",))
        wrong = "\n".join(map(str, mismatches(model, self._seen(self.bench.document()))))
        assert not wrong, wrong
        self.bench.terraform.settle()
        self._model = model
        return planned

    def rules(self) -> dict[str, Any]:
        """Every rule that is deployed, in a list or by itself: by its name or, without one, its priority."""
        found = {}
        for named in self.bench.document()["resource"].values():
            for body in named.values():
                for rule in [*body.get("security_rule", ()), *body.get("rule", ()), body]:
                    if "priority" in rule:
                        found[str(rule.get("name") or rule["priority"])] = rule
        return found

    def out(self) -> None:
        """Takes the segmentation away, then the network."""
        assert self._model is not None
        self._apply(self._model, {}, ("cuts",))
        self.bench.terraform.destroy()
        left = self.bench.left()
        assert not left, left

    def _apply(
        self, model: Model, fragment: Mapping[str, Any], never: tuple[str, ...]
    ) -> dict[str, list[str]]:
        """Carries out a change; no call on the way did what it is never to do."""
        start, since = self._seen(self.bench.document()), len(self.bench.calls())
        planned = self.bench.apply(self._joined if fragment else self._network, fragment)
        steps = [(call, self._seen(document)) for call, document in self.bench.documents(since)]
        way = Way(model, start, self._seen(self.bench.document()), [document for _, document in steps])
        torn = [
            f"{call.action} {call.kind} {call.id}: {line}"
            for (call, _), lines in zip(steps, way.torn(), strict=True)
            for line in lines
            if line.startswith(never)
        ]
        assert not torn, "\n".join(torn)
        return planned

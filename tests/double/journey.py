"""A deployment through a row of models, watched at every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from segkit.compiler import Compilation, compile_model
from segkit.model.model import Model
from segkit.verify import prove_between, proved
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
        end closes passes until it is the turn of that end. Two machines never change at once: one that has
        changed and one that has not could be allowed what they are not before or after, in any order.
        """
        assert len(_changed(self._model, model)) <= 1, "machines change one after another"
        never = ("cuts", "opens") if self._model else ("cuts",)
        planned, torn = self._through(model)
        assert not [line for line in torn if line.partition(": ")[2].startswith(never)], "\n".join(torn)
        return planned

    def torn(self, model: Model) -> list[str]:
        """Deploys a model in one apply; gives back what calls on the way did that they should not have."""
        return self._through(model)[1]

    def by_two(self, model: Model) -> None:
        """Deploys a model in two applies: first what there will be beside what there is, then only that.

        No call of either did to a flow what it should not have. In between, what is deployed is between the
        two models; the second apply makes nothing new.
        """
        before = self._model
        assert before is not None
        done = compile_model(model, before)
        _, torn = self._deploy(done)
        assert not torn, "\n".join(torn)
        between = prove_between(before, model, self._seen(self.bench.document()))
        assert not between.differences, between.text()
        planned, torn = self._through(model)
        assert not torn, "\n".join(torn)
        assert not any("create" in actions for actions in planned.values()), planned

    def first(self, model: Model) -> None:
        """Deploys a model where nothing is yet, in two applies: first everything that is not in force, then
        what is. No call of either did to a flow what it should not have."""
        _, torn = self._deploy(compile_model(model, "nothing"))
        assert not torn, "\n".join(torn)
        _, torn = self._through(model)
        assert not torn, "\n".join(torn)

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
        _, torn = self._apply(self._model, self._network)
        assert not [line for line in torn if line.partition(": ")[2].startswith("cuts")], "\n".join(torn)
        self.bench.terraform.destroy()
        left = self.bench.left()
        assert not left, left

    def _through(self, model: Model) -> tuple[dict[str, list[str]], list[str]]:
        """Deploys a model, and makes sure that it is what is there; gives back the plan and what was torn."""
        found = self._deploy(compile_model(model))
        wrong = "\n".join(map(str, mismatches(model, self._seen(self.bench.document()))))
        assert not wrong, wrong
        self._model = model
        return found

    def _deploy(self, done: Compilation) -> tuple[dict[str, list[str]], list[str]]:
        proof = proved(done, self.bench.write(self._joined, done.fragment))
        assert proof.ok, proof.text()
        found = self._apply(done.model, self._joined, done.fragment)
        self.bench.terraform.settle()
        return found

    def _apply(self, model: Model, *parts: Mapping[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
        """Carries out a change; gives back the plan, and what calls did that they should not have."""
        start, since = self._seen(self.bench.document()), len(self.bench.calls())
        planned = self.bench.apply(*parts)
        steps = [(call, self._seen(document)) for call, document in self.bench.documents(since)]
        way = Way(model, start, self._seen(self.bench.document()), [document for _, document in steps])
        torn = [
            f"{call.action} {call.kind} {call.id}: {line}"
            for (call, _), lines in zip(steps, way.torn(), strict=True)
            for line in lines
        ]
        return planned, torn


def _changed(before: Model | None, after: Model) -> list[str]:
    """Machines that have other labels than before."""
    was = {w.name: w.labels for w in before.workloads} if before else {}
    return [w.name for w in after.workloads if was.get(w.name, w.labels) != w.labels]

"""What the platform held after each call, as a Terraform document that the reading models know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.double.schema import Kinds, attributes
from tests.double.store import Body, Call, Key, State, Thing

Names = Mapping[Key, str]
"""Names of resources in Terraform, by kind and id."""


def names(state: Mapping[str, Any]) -> dict[Key, str]:
    """The names in a state file."""
    return {
        (resource["type"], instance["attributes"]["id"].lower()): resource["name"]
        for resource in state["resources"]
        if resource["mode"] == "managed"
        for instance in resource["instances"]
    }


def states(calls: Sequence[Call], since: int = 0) -> Iterator[tuple[Call, State]]:
    """Each call that changed something, with the state that it led to; the first ones are passed over."""
    state = State()
    for number, call in enumerate(calls):
        if not call.refused:
            state = state.after(call)
            if number >= since:
                yield call, state


def document(state: State, known: Names, kinds: Kinds) -> dict[str, Any]:
    """A state as configuration: only arguments that can be given, references where ids of others were.

    What Terraform never made is somebody else's, and keeps its id.
    """
    made = [thing for thing in state.of() if thing.key in known]
    links = {
        link: f"${{{thing.kind}.{known[thing.key]}.id}}"
        for thing in made
        if "|" not in thing.id and not thing.kind.endswith("_association")
        for link in (thing.id, thing.body.get("self_link"))
        if link
    }
    for thing in made:  # Google's full resource names end in a machine's number
        if number := thing.body.get("instance_id"):
            links[number] = f"${{{thing.kind}.{known[thing.key]}.instance_id}}"
    resources: dict[str, dict[str, Body]] = {}
    for thing in made:
        body = _given(thing, kinds)
        resources.setdefault(thing.kind, {})[known[thing.key]] = _linked(body, links)
    return {"resource": resources}


def _given(thing: Thing, kinds: Kinds) -> Body:
    block = kinds.resources[thing.kind]["block"]
    settable = {n for n, a in attributes(block) if a.get("required") or a.get("optional")} - {"id"}
    settable |= set(block.get("block_types", {})) - {"timeouts"}
    return {k: v for k, v in thing.body.items() if k in settable and v not in (None, [])}


def _linked(value: Any, links: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {k: _linked(v, links) for k, v in value.items()}
    if isinstance(value, list):
        return [_linked(v, links) for v in value]
    if isinstance(value, str) and (found := re.fullmatch(r"(//.*/instances/)(\d+)", value)):
        return found[1] + links.get(found[2], found[2])
    return links.get(value, value) if isinstance(value, str) else value

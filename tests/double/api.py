"""The platform's API: what Terraform's calls do to the objects, and which of them are refused."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.double.schema import Kinds
from tests.double.store import Body, Call, State, Store, Thing, is_late
from tests.double.table import Ref, Table, broken, filled, unmade, values
from tests.double.wire import UNKNOWN

LATE = 3
"""Seconds that a call takes which is to come late."""


class RefusedError(Exception):
    """The platform says no, for every reason it has."""


class Api:
    """One platform over the objects of a store."""

    def __init__(self, kinds: Kinds, table: Table, store: Store) -> None:
        self._kinds, self._table, self._store = kinds, table, store
        self._account: Mapping[str, str] = {}

    def configure(self, config: Body) -> None:
        """Takes the provider's configuration.

        Raises RefusedError when something is missing.
        """
        account = self._table.account(config)
        if isinstance(account, str):
            raise RefusedError(account)
        self._account = account

    def invalid(self, kind: str, config: Body) -> list[str]:
        """What the provider itself refuses, before any call."""
        found = list(broken(self._table.validated.get(kind, {}), config))
        for choice in self._table.choices.get(kind, ()):
            found += unmade(choice, config)
        return found

    def replaces(self, kind: str, prior: Body, planned: Body) -> Iterator[str]:
        """Arguments whose change replaces because of their values."""
        if kind in self._table.replaces:
            yield from self._table.replaces[kind](prior, planned)

    def read(self, kind: str, at: str) -> Body | None:
        """An object as it is now, or None."""
        with self._store.open() as store:
            thing = store.state.get(kind, at)
            return None if thing is None else self._shown(store.state, thing)

    def create(self, kind: str, planned: Body) -> Body:
        """Makes an object; gives it back with everything filled in. It comes late where `late` says so.

        Raises RefusedError.
        """
        if is_late(self._store.file, planned):
            time.sleep(LATE)
        with self._store.open() as store:
            thing = self._completed(store, kind, planned)
            return self._put(store, "create", None, thing)

    def update(self, kind: str, at: str, planned: Body) -> Body:
        """Changes an object in place.

        Raises RefusedError.
        """
        with self._store.open() as store:
            before = store.state.get(kind, at)
            if before is None:
                raise RefusedError(f"{at} does not exist")
            return self._put(
                store, "update", before, Thing(kind, at, self._filled(store.state, kind, planned))
            )

    def delete(self, kind: str, at: str) -> None:
        """Removes an object; one that is gone already is no fault.

        Raises RefusedError while others need it.
        """
        with self._store.open() as store:
            thing = store.state.get(kind, at)
            if thing is None:
                return
            call = Call("delete", kind, thing.id, drops=(thing.key,))
            users = [
                user.id
                for user in store.state.of()
                if user.key != thing.key and thing.key in self._named(store.state, user, holding=True)
            ]
            if users:
                self._refuse(store, call, [f"{thing.id} is in use by {', '.join(sorted(users))}"])
            store.add(call)

    def _put(self, store: Store, action: str, before: Thing | None, thing: Thing) -> Body:
        kept: Thing = thing
        swept: Sequence[Thing] = ()
        if thing.kind in self._table.stores:
            kept, swept = self._table.stores[thing.kind](store.state, before, thing)
        call = Call(action, thing.kind, thing.id, puts=(kept,), drops=tuple(one.key for one in swept))
        faults = list(self._faults(store.state.after(call), kept))
        if before is None and store.state.get(thing.kind, thing.id):
            faults = [f"{thing.id} already exists; to be managed it needs to be imported"]
        if faults:
            self._refuse(store, call, faults)
        store.add(call)
        return thing.body

    def _refuse(self, store: Store, call: Call, faults: list[str]) -> None:
        store.add(Call(call.action, call.kind, call.id, tuple(faults)))
        raise RefusedError("\n".join(faults))

    def _faults(self, after: State, thing: Thing) -> Iterator[str]:
        yield from broken(self._table.validated.get(thing.kind, {}), thing.body)
        yield from broken(self._table.limits.get(thing.kind, {}), thing.body)
        for path, ref in self._table.references.get(thing.kind, {}).items():
            for name in values(path, thing.body):
                named = self._table.resolve(after, name, thing)
                if not any(after.get(kind, named) for kind in ref.kinds):
                    yield f"{path}: {name} does not exist"
        for check in self._table.checks.get(thing.kind, ()):
            yield from check(after, thing)

    def _named(self, state: State, user: Thing, holding: bool) -> Iterator[tuple[str, str]]:
        refs: Mapping[str, Ref] = self._table.references.get(user.kind, {})
        for path, ref in refs.items():
            if ref.holds or not holding:
                for name in values(path, user.body):
                    named = self._table.resolve(state, name, user).lower()
                    yield from ((kind, named) for kind in ref.kinds)

    def _completed(self, store: Store, kind: str, planned: Body) -> Thing:
        """An object to be made, with every blank filled in."""
        templates = {"id": self._table.ids[kind], **self._table.fills.get(kind, {})}
        body: Body = {k: None if v is UNKNOWN and k in templates else v for k, v in planned.items()}

        def named(name: str) -> str:
            """What a name in a template stands for, which may be a template again."""
            if name == "number":
                return str(10**12 + len(store.calls))  # another one each time that something is made
            if body.get(name) is not None:
                return str(body[name])
            if name in templates:
                return filled(templates[name], named)
            if name in self._account:
                return self._account[name]
            raise RefusedError(f"{name.removeprefix('default_')}: required field is not set")

        body |= {name: named(name) for name in templates}
        return Thing(kind, str(body["id"]), self._filled(store.state, kind, body))

    def _filled(self, state: State, kind: str, body: Body) -> Body:
        """A body in which nothing is unknown any more."""
        if kind in self._table.complete:
            self._table.complete[kind](state, body)
        settled: Body = _settled(body)
        return settled

    def _shown(self, state: State, thing: Thing) -> Body:
        return self._table.shown[thing.kind](state, thing) if thing.kind in self._table.shown else thing.body


def _settled(value: Any) -> Any:
    """A value in which nothing is unknown any more."""
    if isinstance(value, dict):
        return {k: _settled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_settled(v) for v in value]
    return None if value is UNKNOWN else value

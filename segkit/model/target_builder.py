"""Declaring one target and the residuals that people accept on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from segkit.errors import part
from segkit.model.caller import caller
from segkit.model.findings import Findings
from segkit.model.model import Accepted, Target
from segkit.model.values import placeholder, read_day, read_json, read_name, read_select, read_text
from segkit.model.workloads import DEFAULT_REALM
from segkit.sets import Predicate


class TargetBuilder:
    """A target that takes accepted residuals. `Segmentation.target` makes it."""

    def __init__(
        self,
        name: str,
        platform: str,
        select: Predicate,
        realm: str,
        placement: Mapping[str, Any],
        where: str,
        found: Findings,
        stack: str | None = None,
        identities: str | None = None,
    ) -> None:
        self._found = found
        self.name = str(name)
        self.where = where
        known = read_name(name, "target", where, found)
        kind = read_name(platform, "platform", part(where, "platform"), found)
        predicate = read_select(select, f"target {name!r}", where, found)
        self.platform = kind or str(platform)
        self.select = placeholder(predicate)
        self.realm = read_name(realm, "realm", part(where, "realm"), found) or DEFAULT_REALM
        data = read_json(placement, "placement", part(where, "placement"), found)
        self.placement: dict[str, Any] = data if isinstance(data, dict) else {}
        self.stack = "" if stack is None else read_name(stack, "stack", part(where, "stack"), found) or ""
        kept = part(where, "identities")
        self.identities = (
            "" if identities is None else read_name(identities, "stack of identities", kept, found) or ""
        )
        self._usable = None not in (known, kind) and predicate is not None
        self._accepted: list[Accepted] = []

    def accept_residual(
        self, residual: str, *, owner: str, reason: str, expires: date | str, where: str | None = None
    ) -> TargetBuilder:
        """Accept a named difference between intent and what the target can enforce, until the last day
        `expires`.

        Returns the target, so that calls can be chained.
        """
        here, found = where or caller(), self._found
        what = f"the accepted residual {residual!r} of target {self.name!r}"
        known = read_name(residual, "residual", part(here, "residual"), found)
        texts = {"owner": read_text(owner, f"owner of {what}", part(here, "owner"), found)}
        texts["reason"] = read_text(reason, f"reason of {what}", part(here, "reason"), found)
        for name, text in texts.items():
            if not text.strip():
                why, fix = "somebody must answer for it", f"add {name}="
                found.error(f"{what} has no {name}", part(here, name), why, fix)
        day = read_day(expires, f"expires of {what}", part(here, "expires"), found)
        if cast(object, expires) is None:
            found.error(
                f"{what} has no last day", here, why="nothing is accepted for ever", fix="add expires="
            )
        if known is not None and day is not None:
            self._accepted.append(Accepted(known, texts["owner"], texts["reason"], day, here))
        return self

    def made(self) -> Target | None:
        """The target; None when its name, platform or selector could not be read."""
        if not self._usable:
            return None
        accepted = tuple(sorted(self._accepted, key=lambda a: (a.residual, a.expires, a.owner, a.reason)))
        identities = "" if self.identities == self.stack else self.identities
        return Target(
            self.name,
            self.platform,
            self.select,
            self.realm,
            self.placement,
            accepted,
            self.where,
            self.stack,
            identities,
        )

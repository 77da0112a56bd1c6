"""Which encoding a target has pinned, and which ones would fit its quotas."""

from __future__ import annotations

from segkit.model.model import Target
from segkit.platforms.aws.lower.encoding import CELLS, GROUPS, Encoding, blocks_by_name
from segkit.platforms.aws.lower.names import GroupNames
from segkit.platforms.aws.lower.plan import Draft


def pinned(draft: Draft, target: Target) -> Encoding:
    """The encoding that a target's placement names."""
    wanted = draft.placements[target.name].encoding
    if isinstance(wanted, str):
        return {"groups": GROUPS, "cells": CELLS}[wanted]
    names = GroupNames(draft.intent.model, draft.hints)
    pieces = {names.name(k.piece): k.piece for k in draft.keys if k.target == target.name}
    return blocks_by_name(wanted, pieces)

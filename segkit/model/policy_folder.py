"""Which files of a policy folder hold what, and what a file's folder says about its policies.

    policies/
      segmentation.yaml   name, targets, whatever is shared        any name will do
      labels.yaml         the label schema
      inventory.csv       workloads (also .yaml, .json, or a folder inventory/)
      quarantine/         policies of the tier quarantine
      global/             policies of the tier global
      zones/<zone>/       the zone, and its policies (tier zone)
      apps/<app>/         policies of the tier application

Folders below these may be nested at will, and be links. Hidden files and folders, and `cdktf.out`, are left
out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SUFFIXES = (".yaml", ".yml", ".json")
_TIERS = {"quarantine": "quarantine", "global": "global", "zones": "zone", "apps": "application"}
_LEFT_OUT = ("cdktf.out", "node_modules", "__pycache__")
_SHARED = ("segmentation", "labels", "zones", "targets")
Role = Literal["policy", "labels", "inventory", "loop"]


@dataclass(frozen=True, slots=True)
class Area:
    """What the folder of a file says: the tier of its policies and, in the folder of a zone, that zone."""

    folder: str = ""
    tier: str | None = None
    zone: str | None = None

    def forbids(self, key: str) -> bool:
        """May a file here not declare this? Who owns a folder of one tier owns no zone and no target."""
        if key == "zones" and self.folder.startswith("zones/"):
            return False
        return self.tier is not None and key in _SHARED


@dataclass(frozen=True, slots=True)
class Found:
    """One file: its path, what it holds, and its area."""

    path: Path
    role: Role = "policy"
    area: Area = Area()


def area_of(folders: tuple[str, ...]) -> Area:
    """The area of a file by the folders between it and the top.

    >>> area_of(("zones", "cde", "more"))
    Area(folder='zones/cde/', tier='zone', zone='cde')
    """
    if not folders or folders[0] not in _TIERS:
        return Area("".join(f"{folder}/" for folder in folders[:1]))
    first, tier = folders[0], _TIERS[folders[0]]
    if first in ("zones", "apps") and len(folders) > 1:
        return Area(f"{first}/{folders[1]}/", tier, folders[1] if first == "zones" else None)
    return Area(f"{first}/", tier)


def files_of(top: Path) -> Iterator[Found]:
    """The files of a policy folder, or the one file, in the order of their names."""
    if not top.is_dir():
        yield Found(top)
        return
    # A folder that is a link is read like any other: rules that nobody reads would be worse than an error.
    for folder, folders, names in os.walk(top, followlinks=True):
        inside = Path(folder).relative_to(top).parts
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _LEFT_OUT)
        around = Path(folder).resolve()
        for name in [f for f in folders if Path(folder, f).resolve() in (around, *around.parents)]:
            folders.remove(name)
            yield Found(Path(folder, name), "loop")
        for name in sorted(names):
            role = _role(inside, Path(name))
            if role is not None and not name.startswith("."):
                yield Found(Path(folder, name), role, area_of(inside))


def tier_folder(tier: str) -> str:
    """Where policies of a tier lie."""
    return {"zone": "zones/<zone>/", "application": "apps/<app>/"}.get(tier, f"{tier}/")


def is_policy_folder(folder: Path) -> bool:
    """Does a folder hold anything that can be read as policies?"""
    return any(found.role == "policy" for found in files_of(folder))


def _role(inside: tuple[str, ...], name: Path) -> Role | None:
    suffix = name.suffix.lower()
    if inside[:1] == ("inventory",) or (not inside and name.stem == "inventory"):
        return "inventory" if suffix in (*SUFFIXES, ".csv") else None
    if suffix not in SUFFIXES:
        return None
    return "labels" if not inside and name.stem == "labels" else "policy"

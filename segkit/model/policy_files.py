"""Policies as files: what people declare in YAML or JSON, into the same builder that code declares into.

Zones, groups, address sets, services, targets and workloads are declared as soon as the files are read. Rules
wait for `Segmentation.build`, because they refer to things by name, and code may declare those later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from segkit.model.caller import shown_path
from segkit.model.findings import Findings
from segkit.model.inventory import read_inventories, workloads_of
from segkit.model.policy_builder import PolicyBuilder
from segkit.model.policy_declare import declare, policies
from segkit.model.policy_folder import SUFFIXES, files_of
from segkit.model.policy_sheet import Sheet, read_sheet
from segkit.model.references import Known
from segkit.model.schema_file import open_schema, schema_of
from segkit.model.workloads import LabelKey, LabelSchema, Workload

if TYPE_CHECKING:
    from segkit.model.segmentation import Segmentation

PolicyPath = str | os.PathLike[str]


def load_policies(
    path: PolicyPath, today: date | str | None = None, *, name: str | None = None
) -> Segmentation:
    """The segmentation that a policy file or folder declares; `build` gives its model.

    Its name is the one that a file gives under `segmentation`, else `name`, else that of the folder or file.
    Raises nothing: what is wrong with the files comes out of `build`, together with everything else.
    """
    from segkit.model.segmentation import Segmentation

    files = PolicyFiles([path], "")
    top = Path(_real(path))
    return Segmentation(
        files.name or name or (top.name if top.is_dir() else top.stem), policies=files, today=today, where=""
    )


class PolicyFiles:
    """Policy files, read. `name` and `schema` are None where no file gives them."""

    def __init__(self, paths: Iterable[PolicyPath], where: str) -> None:
        self.found = Findings()
        self.complete = True
        """Could something of every file be read?"""
        self.sheets: list[Sheet] = []
        self.workloads: list[Workload] = []
        self._seen: set[str] = set()
        self._keys: list[LabelKey] = []
        self._labelled = False
        self._names: dict[str, str] = {}
        for path in paths:
            self._read(path, where)
        for sheet in self.sheets:
            self._facts(sheet)

    @property
    def name(self) -> str | None:
        """The name of the segmentation, where a file gives it."""
        return next(iter(self._names), None)

    @property
    def schema(self) -> LabelSchema | None:
        """The label keys of every file together."""
        return LabelSchema(tuple(sorted(self._keys, key=lambda key: key.name))) if self._labelled else None

    def declare_into(self, builder: Segmentation, schema: LabelSchema | None) -> set[str]:
        """Declare everything but policies, which `policies` gives; `schema` is the one that code gave.

        Gives the keys of ends and services that were declared but could not be read.
        """
        for name, where in self._names.items():
            if name != builder.name:
                fix = "give them one name, or leave `segmentation` out of the file"
                self.found.error(
                    f"the file is of segmentation {name!r}, not of {builder.name!r}", where, fix=fix
                )
        if schema is not None and self.schema not in (None, schema):
            where = min(key.where for key in self._keys) if self._keys else ""
            fix = "leave schema= out, or the labels of the files"
            self.found.error("the files have other labels than schema= in code", where, fix=fix)
        broken = declare(self.sheets, builder, self.found)
        return broken.union(*(sheet.broken for sheet in self.sheets))

    def policies(self, known: Known, found: Findings) -> list[PolicyBuilder]:
        """The policies, with what is wrong with the files and with them."""
        found.extend(self.found)
        return policies(self.sheets, known, found)

    def _read(self, path: PolicyPath, where: str) -> None:
        top, before = Path(path), len(self.sheets)
        if not top.exists():
            shown, folder = shown_path(os.fspath(path)), shown_path(os.fspath(top.absolute().parent))
            fix = f"create it, or correct the path (looked in {folder})"
            self.found.error(f"there is no policy file or folder {shown}", where, fix=fix)
            return
        some = False
        policies = []
        for one in files_of(top):
            some = True
            if one.role == "policy":
                policies.append(one)
            elif one.role == "labels":
                self._open_labels(one.path, where)
            elif one.role == "loop":
                what = f"the link {shown_path(os.fspath(one.path))} leads back into a folder around it"
                self.found.error(what, where, fix="remove it")
            else:
                self._open_inventory(one.path, where)
        for one in policies:
            sheet = read_sheet(one, where, self.found)
            if sheet is not None:
                self.sheets.append(sheet)
            else:
                self.complete = False
        named = {_real(p) for sheet in self.sheets[before:] for p in _referred(sheet)}
        # A file that another one names as its labels or inventory is that, and no policy file besides. One
        # that names files itself stays, and is wrong where it is named: two could hide each other.
        self.sheets = [s for s in self.sheets if _real(s.found.path) not in named or any(_referred(s))]
        if not some:
            fix = f"put files in it ({', '.join(SUFFIXES)}); `segkit new` starts one"
            self.found.error(f"the policy folder {shown_path(os.fspath(path))} holds no file", where, fix=fix)

    def _facts(self, sheet: Sheet) -> None:
        """Name, labels and workloads: what holds for all files."""
        shape, document = sheet.shape, sheet.document
        for key in document.data:
            if sheet.area.forbids(key) or (key == "zones" and sheet.area.zone):
                self._misplaced(sheet, key)
        if shape.segmentation is not None:
            self._names.setdefault(shape.segmentation, document.at(("segmentation",)))
        if isinstance(shape.labels, str):
            self._open_labels(Path(sheet.beside(shape.labels)), document.at(("labels",)))
        elif shape.labels is not None:
            self._add_labels(schema_of(document.part("labels"), self.found))
        for at, text in enumerate(shape.inventory):
            self._open_inventory(Path(sheet.beside(text)), document.at(("inventory", at)))
        if shape.workloads or shape.classes:
            self.workloads += workloads_of(document, self.found)

    def _misplaced(self, sheet: Sheet, key: str) -> None:
        area, document = sheet.area, sheet.document
        if key != "zones" or not area.zone:
            fix = f"move it to a file at the top{' or to zones/<zone>/' if key == 'zones' else ''}"
            why = f"who owns {area.folder} would decide on it for everybody"
            self.found.error(
                f"{key!r} does not belong into {area.folder}", document.at((key,), key=True), why, fix
            )
            return
        for name in sheet.shape.zones:
            if name != area.zone:
                what = f"zone {name!r} is declared in the folder of zone {area.zone!r}"
                where = document.at(("zones", name), key=True)
                self.found.error(what, where, fix=f"move it to zones/{name}/, or to a file at the top")

    def _open_labels(self, path: Path, where: str) -> None:
        if _real(path) not in self._seen:
            self._seen.add(_real(path))
            self._add_labels(open_schema(path, where, self.found))

    def _add_labels(self, schema: LabelSchema | None) -> None:
        self._labelled = True
        first = {key.name: key for key in self._keys}
        for key in schema.keys if schema is not None else ():
            if key.name in first:
                what = f"the label {key.name!r} is declared twice"
                why = f"it is declared at {first[key.name].where} too"
                self.found.error(what, key.where, why, "keep one of them")
            else:
                self._keys.append(key)

    def _open_inventory(self, path: Path, where: str) -> None:
        if _real(path) not in self._seen:
            self._seen.add(_real(path))
            self.workloads += read_inventories(path, where, self.found)


def _real(path: PolicyPath) -> str:
    """A path without links; as it is where it can be none."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return os.fspath(path)


def _referred(sheet: Sheet) -> Iterator[str]:
    if isinstance(sheet.shape.labels, str):
        yield sheet.beside(sheet.shape.labels)
    yield from map(sheet.beside, sheet.shape.inventory)

"""The formats of the files people write, and the translation of what does not fit them into findings.

This module imports pydantic, which is slow to load: import it only where a file is read.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from segkit.model.document import Document, Step
from segkit.model.findings import Findings, meant_is, nearest
from segkit.model.workloads import DEFAULT_REALM

# Not Field(min_length=1): older versions of pydantic carry the default of one use over to the others.
Name = Annotated[str, StringConstraints(min_length=1)]
Shape = TypeVar("Shape", bound=BaseModel)


class Entry(BaseModel):
    """Anything written in a file: no unknown keys, no value taken for another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class KeyEntry(Entry):
    """One key of a label schema."""

    values: list[Name] | None = None
    """The values it may have; left out or null: any value."""
    required: bool = False
    """Must every workload carry it?"""
    description: str = ""
    """What it is for."""


def _shorthand(value: Any) -> Any:
    return {"values": value} if value is None or isinstance(value, list) else value


class Also:
    """Further forms that an entry may have in a file, for the JSON schema; a validator reads them.

    (pydantic's own `json_schema_input_type` loses references to shapes in several of its versions.)
    """

    def __init__(self, *forms: dict[str, Any]) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [*({**form} for form in self._forms), handler(core)]}


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}

Keys = dict[Name, Annotated[KeyEntry, BeforeValidator(_shorthand), Also(TEXTS, {"type": "null"})]]
"""Label keys by name. A list of values, or nothing for any value, may stand in place of an entry."""


class SchemaFile(Entry):
    """A label schema: the keys that workloads may carry, and their values."""

    labels: Keys = Field(
        examples=[{"app": {"required": True, "description": "the application"}, "env": ["prod", "test"]}]
    )
    """Label keys by name. A list of values, or nothing for any value, may stand in place of an entry."""


class InterfaceEntry(Entry):
    """One interface of a workload that has several."""

    name: str = ""
    """Its name, unique in the workload."""
    addresses: list[str] | None = None
    """All its addresses; left out: unknown."""
    realm: Name = DEFAULT_REALM
    """The address space its addresses are unique in."""
    network: Name | None = None
    """The VPC, VNet or segment it is placed in, by id or name."""
    id: Name | None = None
    """The platform's own id, such as eni-0a1b2c3d."""
    foreign: list[Name] | None = None
    """Groups that others put on it; left out: nobody looked."""


class WorkloadEntry(Entry):
    """One workload, with its interfaces listed or, when it has one, written in place."""

    name: Name
    """Its name, unique in the inventory."""
    labels: dict[str, str] = Field(default={}, examples=[{"app": "shop", "role": "web"}])
    """Its labels; every value is text."""
    interfaces: list[InterfaceEntry] | None = None
    """Its interfaces, where it has several."""
    addresses: list[str] | None = Field(default=None, examples=[["10.0.1.5", "2001:db8:1::5"]])
    """All addresses of its one interface; left out: unknown."""
    realm: Name | None = None
    """The address space its addresses are unique in."""
    network: Name | None = None
    """The VPC, VNet or segment it is placed in, by id or name."""
    interface_id: Name | None = None
    """The platform's own id of its one interface, such as eni-0a1b2c3d."""
    foreign: list[Name] | None = None
    """Groups that others put on its one interface; left out: nobody looked."""


class ClassEntry(Entry):
    """One workload class: any number of workloads with the same labels, such as an autoscaling group."""

    name: Name
    """Its name, unique in the inventory."""
    labels: dict[str, str] = Field(default={}, examples=[{"app": "shop", "role": "web"}])
    """The labels of every member."""
    networks: list[str] | None = Field(default=None, examples=[["10.0.1.0/24"]])
    """The CIDRs its members live in; left out: unknown."""
    realm: Name = DEFAULT_REALM
    """The address space its networks are unique in."""
    network: Name | None = None
    """The VPC, VNet or segment its members are placed in, by id or name."""


class InventoryFile(Entry):
    """An inventory: workloads and workload classes."""

    workloads: list[WorkloadEntry] = []
    """Machines, pods and services."""
    classes: list[ClassEntry] = []
    """Workload classes."""


def read_shape(shape: type[Shape], document: Document, found: Findings) -> Shape | None:
    """The document as `shape`; None after one finding for everything that does not fit."""
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        report_misfits(shape, error, document, found)
        return None


def report_misfits(
    shape: type[BaseModel], error: ValidationError, document: Document, found: Findings
) -> list[tuple[tuple[Step, ...], bool]]:
    """One finding for everything that does not fit; gives the places, and whether one is an unknown key."""
    misfits = [(_written_at(document.data, one["loc"]), one) for one in error.errors(include_url=False)]
    unknown = [location for location, one in misfits if one["type"] == "extra_forbidden"]
    for location, one in misfits:
        # A misspelt key is told once, not also as the missing one that it should have been.
        meant = one["type"] == "missing" and any(
            other[:-1] == location[:-1]
            and nearest(str(other[-1]), _fields(_plain(_at(shape, other[:-1]))))
            == meant_is(str(location[-1]))
            for other in unknown
        )
        if not meant:
            _finding(shape, location, one["type"], one["input"], one["msg"], document, found)
    return [(location, one["type"] == "extra_forbidden") for location, one in misfits]


def _written_at(data: Any, location: tuple[Step, ...]) -> tuple[Step, ...]:
    """A location as the file has it: without the steps of a shorthand, and of a choice between two forms."""
    kept: list[Step] = []
    for at, step in enumerate(location):
        held = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if held:
            data = data[step]
        if held or (at == len(location) - 1 and isinstance(data, dict)):
            kept.append(step)
    return tuple(kept)


_WANTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "bool_type": "true or false",
}


def _finding(
    shape: type[BaseModel],
    location: tuple[Step, ...],
    kind: str,
    value: Any,
    message: str,
    document: Document,
    found: Findings,
) -> None:
    where, path = document.at(location), _path((*document.under, *location))
    holding = _path((*document.under, *location[:-1]))
    if kind == "missing":
        found.error(f"{holding}: {location[-1]!r} is missing", where, fix="add it")
    elif kind == "extra_forbidden":
        key, holder = str(location[-1]), _plain(_at(shape, location[:-1]))
        fix = getattr(holder, "misplaced", {}).get(key) or nearest(key, _fields(holder))
        found.error(f"{holding}: unknown key {key!r}", document.at(location, key=True), fix=fix)
    elif kind in _WANTED:
        shown = document.written(location) or _shown(value)
        plain = isinstance(value, bool | int | float) and kind == "string_type"
        fix = f'quote it: "{shown}"' if plain else f"write {_WANTED[kind]}"
        if value is None:
            fix += ", or leave the key out"
        found.error(f"{path} should be {_WANTED[kind]}, not {shown}", where, fix=fix)
    elif kind == "literal_error":
        choices = get_args(_plain(_at(shape, location)))
        found.error(f"unknown {path}: {_shown(value)}", where, fix=nearest(str(value), choices))
    elif kind == "string_too_short" and location[-1] == "":
        found.error(f"{holding} has a key without text", document.at(location, key=True), fix="write it")
    elif kind == "string_unicode":
        found.error(f"{path} holds half of a character", where, fix="write the whole character")
    elif kind == "string_too_short":
        found.error(f"{path} is empty", where, fix="write it, or leave the key out")
    else:
        found.error(f"{path}: {message}", where)


def _path(location: tuple[Step, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.lstrip(".") or "top level"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "keys and values" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return repr(value)


def _fields(holder: Any) -> list[str]:
    """The keys that a shape knows."""
    if not (isinstance(holder, type) and issubclass(holder, BaseModel)):
        return []
    return [field.alias or name for name, field in holder.model_fields.items()]


def _at(shape: Any, location: tuple[Step, ...]) -> Any:
    """What stands at a location of a shape."""
    for step in location:
        shape = _plain(shape)
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            field = shape.model_fields.get(str(step))
            shape = None if field is None else field.annotation
        else:
            shape = get_args(shape)[-1] if get_args(shape) else None
    return shape


def _plain(shape: Any) -> Any:
    """A shape without what is around it; of several, the one with most inside."""
    while True:
        if get_origin(shape) is Annotated:
            shape = get_args(shape)[0]
        elif get_origin(shape) in (Union, UnionType):
            arms = [_plain(arm) for arm in get_args(shape) if arm is not type(None)]
            shape = next((arm for arm in arms if arm is not str), arms[0])
        else:
            return shape

"""The formats of the files people write, and the translation of what does not fit them into findings.

This module imports pydantic, which is slow to load: import it only where a file is read.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from segkit.model.document import Document, Step
from segkit.model.findings import Findings, nearest
from segkit.model.workloads import DEFAULT_REALM

Name = Annotated[str, Field(min_length=1)]
Shape = TypeVar("Shape", bound=BaseModel)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class KeyEntry(_Entry):
    """One key of a label schema: its values (null: any), whether it is mandatory, what it is for."""

    values: list[Name] | None = None
    required: bool = False
    description: str = ""


def _shorthand(value: Any) -> Any:
    return {"values": value} if value is None or isinstance(value, list) else value


class SchemaFile(_Entry):
    """`{"labels": {key: {"values": [...] or null, "required": bool, "description": text}}}`.

    A list of values, or nothing for any value, may stand in place of the inner mapping.
    """

    labels: dict[Name, Annotated[KeyEntry, BeforeValidator(_shorthand)]]


class InterfaceEntry(_Entry):
    """One interface. Addresses left out are unknown; foreign groups left out are unknown too."""

    name: str = ""
    addresses: list[str] | None = None
    realm: Name = DEFAULT_REALM
    network: Name | None = None
    id: Name | None = None
    foreign: list[Name] | None = None


class WorkloadEntry(_Entry):
    """One workload, with its interfaces listed or, when it has one, written in place."""

    name: Name
    labels: dict[str, str] = {}
    interfaces: list[InterfaceEntry] | None = None
    addresses: list[str] | None = None
    realm: Name | None = None
    network: Name | None = None
    interface_id: Name | None = None
    foreign: list[Name] | None = None


class ClassEntry(_Entry):
    """One workload class, with the CIDRs its members live in."""

    name: Name
    labels: dict[str, str] = {}
    networks: list[str] | None = None
    realm: Name = DEFAULT_REALM
    network: Name | None = None


class InventoryFile(_Entry):
    """`{"workloads": [...], "classes": [...]}`."""

    workloads: list[WorkloadEntry] = []
    classes: list[ClassEntry] = []


def read_shape(shape: type[Shape], document: Document, found: Findings) -> Shape | None:
    """The document as `shape`; None after one finding for everything that does not fit."""
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            _finding(shape, one["loc"], one["type"], one["input"], one["msg"], document, found)
        return None


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
    where, path = document.at(location), _path(location)
    if kind == "missing":
        found.error(f"{_path(location[:-1])}: {location[-1]!r} is missing", where, fix="add it")
    elif kind == "extra_forbidden":
        key, known = str(location[-1]), _fields(shape, location[:-1])
        found.error(f"{_path(location[:-1])}: unknown key {key!r}", where, fix=nearest(key, known))
    elif kind in _WANTED:
        shown = document.written(location) or _shown(value)
        plain = isinstance(value, bool | int | float) and kind == "string_type"
        fix = f'quote it: "{shown}"' if plain else f"write {_WANTED[kind]}"
        found.error(f"{path} should be {_WANTED[kind]}, not {shown}", where, fix=fix)
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


def _fields(shape: Any, location: tuple[Step, ...]) -> list[str]:
    """The keys that are known at a location of a shape."""
    for step in location:
        shape = _inside(shape, step)
    return list(shape.model_fields) if isinstance(shape, type) and issubclass(shape, BaseModel) else []


def _inside(shape: Any, step: Step) -> Any:
    if isinstance(shape, type) and issubclass(shape, BaseModel) and isinstance(step, str):
        field = shape.model_fields.get(step)
        shape = None if field is None else field.annotation
    elif get_args(shape):
        shape = get_args(shape)[-1]
    if get_origin(shape) in (Union, UnionType):
        shape = next((arm for arm in get_args(shape) if arm is not type(None)), None)
    if get_origin(shape) is Annotated:
        shape = get_args(shape)[0]
    return shape

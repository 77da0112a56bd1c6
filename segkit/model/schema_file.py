"""The label schema, from a YAML or JSON file or from a mapping in code.

labels:
  app: {required: true, description: the application}
  env: [prod, test]            # shorthand for {values: [prod, test]}
  owner:                       # any value
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from segkit.errors import SegkitError, part
from segkit.model.document import Document, open_document
from segkit.model.findings import Findings
from segkit.model.workloads import LabelKey, LabelSchema


def load_schema(path: str | os.PathLike[str]) -> LabelSchema:
    """The schema in a file. Raises `SegkitError` with every problem of the file."""
    found = Findings()
    schema = open_schema(path, "", found)
    if schema is None or found.errors:
        raise SegkitError(found.errors)
    return schema


def open_schema(path: str | os.PathLike[str], where: str, found: Findings) -> LabelSchema | None:
    """The schema in a file; None after findings. `where` is where the path was written."""
    document = open_document(path, "label schema", where, found, columns=True)
    return None if document is None else schema_of(document, found)


def read_schema(data: Mapping[str, Any], where: str, found: Findings) -> LabelSchema | None:
    """The schema in a mapping of the same form as a file; a mapping of label keys alone is read as well.

    >>> read_schema({"labels": {"env": ["prod", "test"]}}, "", Findings()).keys
    (LabelKey(name='env', values=('prod', 'test'), required=False, where=''),)
    """
    plain = _plain(data)
    whole = set(plain) == {"labels"} and isinstance(plain["labels"], dict)
    return schema_of(Document(where, plain if whole else {"labels": plain}, None), found)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value


def schema_of(document: Document, found: Findings) -> LabelSchema | None:
    """The schema in a document; None after findings."""
    from segkit.model.formats import SchemaFile, read_shape

    shape = read_shape(SchemaFile, document, found)
    if shape is None:
        return None
    if not shape.labels:
        found.error(
            "the label schema lists no label",
            document.at(("labels",)),
            why="a model without labels has no groups and no zones",
            fix="list the label keys in use, or leave schema= out to check none",
        )
    keys = []
    for name in sorted(shape.labels):
        entry, here = shape.labels[name], document.line_of(("labels", name))
        values = None if entry.values is None else sorted(set(entry.values))
        if entry.values is not None and len(entry.values) != len(values or ()):
            twice = sorted({value for value in entry.values if entry.values.count(value) > 1})
            found.error(
                f"label {name!r} lists a value twice: {', '.join(twice)}",
                part(here, "values"),
                fix="keep one of each",
            )
        if values == []:
            found.error(
                f"label {name!r} allows no value",
                part(here, "values"),
                why="an empty list admits nothing, and never means any",
                fix="list its values, or write null for any value",
            )
        keys.append(LabelKey(name, None if values is None else tuple(values), entry.required, here))
    return LabelSchema(tuple(keys))

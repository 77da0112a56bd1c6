"""Terraform's values on the wire: msgpack, with a marker for what is not known yet."""

from __future__ import annotations

import json
from typing import Any, Final

import msgpack
from tf.gen import tfplugin_pb2 as pb


class _Unknown:
    """What an apply will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def read(value: Any) -> Any:
    """A value that Terraform sent: plain data, UNKNOWN where it is not known (with or without hints)."""
    if value.json:
        return json.loads(value.json)
    return msgpack.unpackb(value.msgpack, ext_hook=lambda *_: UNKNOWN) if value.msgpack else None


def written(value: Any) -> Any:
    """A value to send to Terraform."""
    return pb.DynamicValue(msgpack=msgpack.packb(value, default=_extension))


def _extension(value: Any) -> Any:
    if value is UNKNOWN:
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"{value!r} is not a Terraform value")

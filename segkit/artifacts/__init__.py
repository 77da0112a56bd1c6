"""Terraform as data: literal text, fragments, canonical JSON, the `cdktf.out` folder."""

from segkit.artifacts.canonical import canonical_json, write_atomic
from segkit.artifacts.divided import Crossing, Divided, divide
from segkit.artifacts.folder import write_cdktf_out
from segkit.artifacts.fragment import Fragment, merge
from segkit.artifacts.joined import Joined, join
from segkit.artifacts.linked import link
from segkit.artifacts.text import literal, reference

__all__ = [
    "Crossing",
    "Divided",
    "Fragment",
    "Joined",
    "canonical_json",
    "divide",
    "join",
    "link",
    "literal",
    "merge",
    "reference",
    "write_atomic",
    "write_cdktf_out",
]

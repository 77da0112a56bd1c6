"""Terraform as data: literal text, fragments, canonical JSON, the `cdktf.out` folder."""

from segkit.artifacts.canonical import canonical_json, write_atomic
from segkit.artifacts.folder import write_cdktf_out
from segkit.artifacts.fragment import Fragment, merge
from segkit.artifacts.text import literal, reference

__all__ = ["Fragment", "canonical_json", "literal", "merge", "reference", "write_atomic", "write_cdktf_out"]

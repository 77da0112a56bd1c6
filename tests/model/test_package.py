"""The model as a package: light to import, a catalogue that is in order, text that reads back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from segkit.model import WELL_KNOWN, well_known
from segkit.model.findings import nearest
from segkit.sets import ServiceSet, icmp, icmpv6, tcp, udp


def test_import_loads_no_file_format_library() -> None:
    heavy = "pydantic,yaml,orjson,cdktf,jsii,typer,rich,numpy"
    program = (
        "import sys, segkit.model as m\n"
        "m.Segmentation('x').build()\n"
        f"print([name for name in {heavy!r}.split(',') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_catalogue_is_sorted_and_every_entry_reads() -> None:
    names = [entry.name for entry in WELL_KNOWN]
    assert names == sorted(set(names))
    for entry in WELL_KNOWN:
        assert well_known(entry.name) == ServiceSet.parse(entry.services)
        assert entry.about
        assert entry.source


def test_catalogue_names_are_no_service_text() -> None:
    for entry in WELL_KNOWN:
        with pytest.raises(ValueError, match="is not a service"):
            ServiceSet.parse(entry.name)


def test_well_known_services() -> None:
    assert well_known("https") == tcp(443)
    assert well_known("dns") == tcp(53) | udp(53)
    assert well_known("ping") == icmp(8) | icmpv6(128)
    with pytest.raises(KeyError):
        well_known("https ")


def test_the_nearest_word() -> None:
    assert nearest("Rolle", ["app", "role"]) == "did you mean 'role'?"
    assert nearest("x", [f"k{n:02}" for n in range(14)], "keys").endswith("k11 and 2 more")
    assert nearest("x", [], "zones") == "there are no zones yet"

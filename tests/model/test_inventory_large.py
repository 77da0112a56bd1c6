"""A large inventory costs what its workloads cost: reading it holds no more of the file than one of them."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segkit.errors import SegkitError
from segkit.model import load_inventory
from segkit.model.inventory import Inventory


def _name(n: int) -> str:
    return f"vm-{n:06}"


def _address(n: int) -> str:
    return f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def _csv(count: int) -> Iterator[str]:
    yield "name,address,label:app,label:role,network\n"
    for n in range(count):
        yield f"{_name(n)},{_address(n)},app-{n % 97},role-{n % 7},vpc-{n % 5}\n"


def _yaml(count: int) -> Iterator[str]:
    yield "workloads:\n"
    for n in range(count):
        yield f"- name: {_name(n)}\n  labels: {{app: app-{n % 97}, role: role-{n % 7}}}\n"
        yield f"  addresses: [{_address(n)}]\n  network: vpc-{n % 5}\n"


def _json(count: int) -> Iterator[str]:
    """All in one line."""
    yield '{"workloads": ['
    for n in range(count):
        labels = {"app": f"app-{n % 97}", "role": f"role-{n % 7}"}
        one = {"name": _name(n), "labels": labels, "addresses": [_address(n)], "network": f"vpc-{n % 5}"}
        yield json.dumps(one) + (", " if n < count - 1 else "]}")


WRITERS: dict[str, Callable[[int], Iterator[str]]] = {"i.json": _json, "i.yaml": _yaml, "i.csv": _csv}


def _measured(path: str) -> tuple[Inventory, int, int]:
    """What a file holds, the bytes that this takes, and those that reading took at its peak."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = load_inventory(path)
        gc.collect()
        return kept, *tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def _beyond(path: str) -> int:
    """Bytes that reading a file takes at its peak beyond what it gives."""
    kept, held, peak = _measured(path)
    assert kept.workloads[0].name == _name(0)
    return peak - held


@pytest.mark.parametrize("name", WRITERS)
def test_memory_beyond_the_workloads_does_not_grow_with_the_file(name: str, here: Path) -> None:
    sizes = (1_500, 6_000)
    for count in sizes:
        Path(f"{count}-{name}").write_text("".join(WRITERS[name](count)), encoding="utf-8")
    load_inventory(f"{sizes[0]}-{name}")  # modules and caches
    few, many = (_beyond(f"{count}-{name}") for count in sizes)
    # Where one workload may have rows anywhere, as in CSV, their names are looked up while it is read.
    assert many - few < 100 * (sizes[1] - sizes[0])
    assert many < 2**21


@pytest.mark.parametrize("name", WRITERS)
def test_a_workload_keeps_nothing_of_its_file(name: str, here: Path) -> None:
    Path(name).write_text("".join(WRITERS[name](2_000)), encoding="utf-8")
    load_inventory(name)  # modules and caches
    kept, held, _ = _measured(name)
    assert held < 1_200 * len(kept.workloads)


def test_equal_parts_of_workloads_are_kept_once(here: Path) -> None:
    for name, write in WRITERS.items():
        Path(name).write_text("".join(write(1_000)), encoding="utf-8")
        workloads = load_inventory(name).workloads
        assert len({id(w.labels) for w in workloads}) == 97 * 7
        assert len({id(pair) for w in workloads for pair in w.labels}) == 97 + 7
        assert len({id(w.interfaces[0].network) for w in workloads}) == 5


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_with_thousands_of_mistakes_tells_the_first_and_how_many_more(name: str, here: Path) -> None:
    text = "".join(WRITERS[name](3_000)).replace("10.0", "10.999")
    Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(SegkitError) as caught:
        load_inventory(name)
    *first, rest = caught.value.problems
    assert len(first) == 100 and all("is no IPv4 address" in p.what for p in first)
    assert [p.what.split()[3] for p in first] == [f"'{_name(n)}':" for n in range(100)]
    assert rest.what == "2,900 more problems in this file, from here on"
    assert rest.fix == "correct the first 100; the others are told then"

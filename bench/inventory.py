"""Reading an inventory file, checked into workloads, against the parser that only makes plain data of it."""

from __future__ import annotations

import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import yaml

from bench.estates import realistic
from bench.measure import Job, alternating, run
from bench.table import Row, memory, seconds
from segkit.model import load_inventory

PARSERS = {"json": "json.load", "csv": "csv.DictReader", "yaml": "yaml.CSafeLoader"}
"""What the same file is read with, by suffix."""


def rows(workloads: int, applications: int, turns: int, limit: float) -> Iterator[Row]:
    """One row for each format: the time of reading it, and the memory that this adds to the process."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix, parser in PARSERS.items():
            path = Path(folder, f"inventory.{suffix}")
            # In a process of its own, because a process is born with the peak of the one that starts it.
            made = {"path": str(path), "workloads": workloads, "applications": applications}
            run(Job("inventory_file", made, limit))
            jobs = [Job(name, {"path": str(path)}, limit) for name in ("inventory", "parsed")]
            mine, theirs = alternating(jobs, 1 if suffix == "yaml" else turns, "seconds")
            ours, peer = (s.told for s in (mine, theirs))
            yield Row(
                f"inventory of {workloads} workloads read: {suffix.upper()}, against {parser}",
                f"{seconds(ours['seconds'])}, {memory(ours['added'])}",
                f"{seconds(peer['seconds'])}, {memory(peer['added'])}",
                f"{ours['seconds'] / peer['seconds']:.2f}",
                "less memory",
                ours["added"] < peer["added"],
                f"{path.stat().st_size / 2**20:.0f} MB; the peer makes plain data, unchecked, of which no "
                "workload is made yet; memory is what reading added to the process at its peak",
            )


def write(path: str, workloads: int, applications: int) -> dict[str, Any]:
    """The workloads of the realistic estate as a file, each with one address."""
    entries = [
        {
            "name": f"w{number:06}",
            "labels": {key: f"{key}-{value}" for key, value in labels.items()},
            "addresses": [str(IPv4Address("10.0.0.0") + number)],
            "network": f"vpc-{labels['account']:08}",
            "interface_id": f"eni-{number:017x}",
        }
        for number, labels in enumerate(realistic(workloads, 1, applications).workloads)
    ]
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        _WRITERS[Path(path).suffix](entries, file)
    return {}


def _json(entries: list[dict[str, Any]], file: Any) -> None:
    json.dump({"workloads": entries}, file, indent=1)


def _yaml(entries: list[dict[str, Any]], file: Any) -> None:
    # By hand: the dumper of the library would take longer than what is measured.
    file.write("workloads:\n")
    for entry in entries:
        labels = "".join(f"    {key}: {value}\n" for key, value in entry["labels"].items())
        file.write(f"- name: {entry['name']}\n  labels:\n{labels}  addresses: [{entry['addresses'][0]}]\n")
        file.write(f"  network: {entry['network']}\n  interface_id: {entry['interface_id']}\n")


def _csv(entries: list[dict[str, Any]], file: Any) -> None:
    table = csv.writer(file)
    keys = list(entries[0]["labels"])
    table.writerow(["name", "address", "network", "interface_id", *(f"label:{key}" for key in keys)])
    for entry in entries:
        plain = [entry["name"], entry["addresses"][0], entry["network"], entry["interface_id"]]
        table.writerow([*plain, *entry["labels"].values()])


_WRITERS: dict[str, Callable[[list[dict[str, Any]], Any], None]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".csv": _csv,
}


def read(path: str) -> dict[str, Any]:
    """A file as workloads."""
    return _timed(lambda: len(load_inventory(path).workloads))


def parse(path: str) -> dict[str, Any]:
    """A file as plain data."""
    return _timed(lambda: _PARSERS[Path(path).suffix](Path(path)))


def _timed(work: Callable[[], int]) -> dict[str, Any]:
    from bench.child import peak_mib

    before, start = peak_mib(), time.perf_counter()
    entries = work()
    return {"seconds": time.perf_counter() - start, "added": peak_mib() - before, "entries": entries}


def _parse_json(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return len(json.load(file)["workloads"])


def _parse_yaml(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return len(yaml.load(file, Loader=yaml.CSafeLoader)["workloads"])


def _parse_csv(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return len(list(csv.DictReader(file)))


_PARSERS: dict[str, Callable[[Path], int]] = {".json": _parse_json, ".yaml": _parse_yaml, ".csv": _parse_csv}

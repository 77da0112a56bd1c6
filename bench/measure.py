"""Runs of jobs in processes of their own: time, peak memory, best of several, alternating between peers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class UnfinishedError(Exception):
    """A job that failed or took longer than it was given; the text says which."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds and MiB of the whole process and what it started, and what the job itself timed."""

    seconds: float
    mib: float
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A function of `bench.jobs` with its arguments, and how many seconds it may take."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 300.0


def run(job: Job) -> Sample:
    """Runs a job once, in a process of its own. Raises UnfinishedError."""
    command = [sys.executable, "-m", "bench.child", job.name, json.dumps(dict(job.arguments))]
    environment = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "18,20"}
    environment.pop("CDKTF_OUTDIR", None)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=job.limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnfinishedError(f"not done after {job.limit:g} s") from error
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise UnfinishedError((done.stderr.strip().splitlines() or ["failed without a word"])[-1])
    told = json.loads(done.stdout.splitlines()[-1])
    return Sample(seconds, told.pop("mib"), told)


def alternating(jobs: Sequence[Job], times: int, by: str = "") -> list[Sample]:
    """The best run of each job: they take turns, so that what else the machine does hits all of them alike.

    `by` names what the job timed itself that decides which run is best; the whole process unless given.
    """
    runs = [[run(job) for job in jobs] for _ in range(times)]
    return [
        min(samples, key=lambda s: s.told[by] if by else s.seconds) for samples in zip(*runs, strict=True)
    ]

"""One job in this process: `python -m bench.child NAME JSON`. The last line printed is its figures."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from bench.jobs import JOBS
from segkit.errors import SegkitError


def peak_mib() -> float:
    """Peak resident memory of this process and of those it started, such as jsii's Node (Linux only)."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return own + sum(_peaks_below(Path("/proc/self/task")))


def _peaks_below(tasks: Path) -> list[float]:
    found = []
    for listed in tasks.glob("*/children"):
        for process in listed.read_text(encoding="ascii").split():
            folder = Path("/proc", process)
            lines = (folder / "status").read_text(encoding="utf-8").splitlines()
            found += [int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM")]
            found += _peaks_below(folder / "task")
    return found


def main() -> None:
    name, arguments = sys.argv[1:]
    try:
        told = JOBS[name](**json.loads(arguments))
    except SegkitError as error:
        sys.exit(f"refused, {len(error.problems)} problems, such as: {error.problems[0].what}")
    print(json.dumps({**told, "mib": peak_mib()}))


if __name__ == "__main__":
    main()

"""`python -m bench [NAMES...]`: measures, and prints one table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.rows import FULL, QUICK, ROWS, measured
from bench.table import as_data, as_markdown, as_text, kept

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench; 1 with --check when a goal is missed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures segkit against peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(ROWS)}; all")
    parser.add_argument("--quick", action="store_true", help="small sizes: a minute or two")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="what a run may take at most")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--write", action="store_true", help="keep the results in docs/benchmarks.md; with names, only those"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal is missed")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in ROWS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(ROWS)}")
    sizes = QUICK if given.quick else FULL
    sizes = replace(sizes, limit=given.limit or sizes.limit)
    rows = []
    for name in given.names or ROWS:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += measured(name, sizes)
    print(json.dumps(as_data(rows, given.quick), indent=2) if given.json else as_text(rows))
    if given.write:
        if given.names and PAGE.exists():
            rows = kept(PAGE.read_text(encoding="utf-8"), rows)
        PAGE.write_text(as_markdown(rows, given.quick), encoding="utf-8")
    return int(given.check and any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())

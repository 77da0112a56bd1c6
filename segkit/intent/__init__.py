"""From declarations to meaning: cells, verdicts, what passes, and why."""

from segkit.intent.cells import Cell, Cells
from segkit.intent.enforcement import Passing
from segkit.intent.engine import Intent, Verdict
from segkit.intent.explain import Case, Explanation, MatrixEntry, explain, matrix

__all__ = [
    "Case",
    "Cell",
    "Cells",
    "Explanation",
    "Intent",
    "MatrixEntry",
    "Passing",
    "Verdict",
    "explain",
    "matrix",
]

"""Everything that can be wrong with a model as a whole, found in one pass."""

from __future__ import annotations

from dataclasses import replace

from segkit.collecting import uncollected
from segkit.model.checks.estate import check_interfaces, check_targets
from segkit.model.checks.labels import check_selectors, check_workload_labels, check_zones
from segkit.model.checks.names import check_names
from segkit.model.checks.rules import check_days, check_policies, check_rules
from segkit.model.findings import Findings
from segkit.model.model import Model
from segkit.model.selectors import open_schema_of
from segkit.progress import step


@uncollected()
def validate(model: Model, broken: frozenset[str] = frozenset()) -> Findings:
    """The errors and warnings of a model.

    `broken` holds the keys of ends that were declared but could not be read; what hangs on them is left out.
    """
    found = Findings()
    with step("Checking the model"):
        _check(model, broken, found)
    return found


def _check(model: Model, broken: frozenset[str], found: Findings) -> None:
    if not model.schema.keys:
        # No schema was given, and anything goes: every key that is in use, with any value.
        model = replace(model, schema=open_schema_of(model))
    check_names(model, found)
    faulty = check_selectors(model, found)
    check_zones(model, faulty, found)
    check_workload_labels(model, found)
    check_interfaces(model, found)
    check_targets(model, found)
    check_policies(model, broken, found)
    check_days(model, found)
    check_rules(model, faulty, broken, found)

"""Services as people type them on the command line."""

from __future__ import annotations

from segkit.errors import SegkitError
from segkit.model.findings import Findings
from segkit.model.model import Model
from segkit.model.operands import read_services
from segkit.model.policy import Service
from segkit.sets import ServiceSet


def read_service(text: str, model: Model) -> ServiceSet:
    """A service by the model's own name for it, by a catalogue name, or as text (`tcp/443; udp/53`).

    Raises SegkitError for a text that means nothing.
    """
    named = {s.name: s for s in model.services}
    items: list[Service | str] = [named.get(item.strip(), item.strip()) for item in text.split(";")]
    found = Findings()
    services = read_services(items, "SERVICE", "", found)
    if services is None or found.errors:
        raise SegkitError(found.errors)
    return services

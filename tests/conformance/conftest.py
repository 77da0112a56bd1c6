"""What the conformance tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.case import Case
from tests.conformance.planes import ENCODINGS, IDS, PLANES


@pytest.fixture(scope="module")
def no_quotas() -> Iterator[None]:
    """Lifts every quota of every plane, so that models are judged by what they mean."""
    with ExitStack() as stack:
        for plane in PLANES:
            stack.enter_context(plane.unlimited())
        yield


@pytest.fixture(params=ENCODINGS, ids=IDS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)

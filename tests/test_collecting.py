"""The collector of circles rests while there is nothing for it, and is left as it was found."""

from __future__ import annotations

import gc

import pytest

from segkit.collecting import uncollected


def test_it_rests_and_comes_back_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        assert not gc.isenabled()
        _ = 1 / 0
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with uncollected(), uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()

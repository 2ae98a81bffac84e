"""Overwriting a Var on a schedule."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.io.reset import PyResetFixed, PyResetFloat, Reset
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Holder(AbstractProcess):
    """Something that has a Var."""

    def __init__(self) -> None:
        super().__init__()
        self.held = Var(shape=(2,), init=7.0)


def connected(**kwargs: float) -> tuple[Reset, Holder]:
    reset, holder = Reset(**kwargs), Holder()
    reset.connect_var(holder.held)
    return reset, holder


@pytest.mark.parametrize(("offset", "steps"), [(0, [1, 4]), (1, [2, 5]), (5, [3, 6])])
def test_the_var_is_overwritten_on_schedule(offset, steps) -> None:
    reset, holder = connected(reset_value=2, interval=3, offset=offset)
    harness = ModelHarness(PyResetFixed, reset)
    remote = harness.remotes["state"]
    written = []
    for t in range(1, 7):
        remote.value[...] = 7
        harness.step()
        if (remote.value == 2).all():
            written.append(t)
    assert written == steps
    assert holder.held.get() == 7.0


def test_fractions_count_in_the_floating_point_model_and_are_refused_by_the_other() -> None:
    reset, holder = connected(reset_value=0.7)
    harness = ModelHarness(PyResetFloat, reset)
    harness.step()
    np.testing.assert_array_equal(harness.remotes["state"].value, [0.7, 0.7])
    with pytest.raises(ValueError, match="reset_value"):
        ModelHarness(PyResetFixed, reset)
    assert holder.held.shape == (2,)


def test_one_var_per_reset() -> None:
    reset, holder = connected()
    with pytest.raises(AssertionError, match="already"):
        reset.connect_var(holder.held)


def test_the_interval_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="interval"):
        Reset(interval=0)

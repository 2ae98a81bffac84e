"""Run conditions: what they hold and what they refuse."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from lava_actor.runtime.run_conditions import (
    AbstractRunCondition,
    RunContinuous,
    RunSteps,
    RunUntil,
)


class Five:
    """An integer of another library."""

    def __index__(self) -> int:
        return 5

    __int__ = __index__

    def __float__(self) -> float:
        return 5.0


@pytest.mark.parametrize(
    "count", [0, 5, np.int32(5), np.uint8(5), 5.0, np.float64(5), np.array(5), Decimal(5), Five()]
)
def test_whole_numbers_of_any_type_are_step_counts(count: Any) -> None:
    condition = RunSteps(count)
    assert condition.num_steps == int(count)
    assert type(condition.num_steps) is int
    assert condition.blocking
    assert isinstance(condition, AbstractRunCondition)


@pytest.mark.parametrize("count", [-1, -0.5, 2.5, float("inf"), float("nan"), np.int64(-3)])
def test_negative_and_fractional_numbers_are_refused(count: Any) -> None:
    with pytest.raises(ValueError, match=r"RunSteps\.num_steps"):
        RunSteps(count)


@pytest.mark.parametrize("count", [None, "3", "x", True, [1, 2], object()])
def test_what_is_no_number_is_refused(count: Any) -> None:
    with pytest.raises(TypeError, match=r"RunSteps\.num_steps"):
        RunSteps(count)


def test_steps_may_be_run_without_waiting() -> None:
    assert not RunSteps(num_steps=3, blocking=False).blocking
    assert repr(RunSteps(3, False)) == "RunSteps(3, blocking=False)"


def test_a_continuous_run_never_blocks() -> None:
    condition = RunContinuous()
    assert not condition.blocking
    assert condition.num_steps >= sys.maxsize
    assert repr(condition) == "RunContinuous()"


def test_a_run_may_last_until_something_holds() -> None:
    condition = RunUntil(lambda: True)
    assert condition.blocking
    assert condition.predicate()
    assert condition.max_steps is None
    assert condition.num_steps >= sys.maxsize
    limited = RunUntil(lambda: False, max_steps=10, blocking=False)
    assert limited.num_steps == limited.max_steps == 10
    assert not limited.blocking
    with pytest.raises(TypeError, match="callable"):
        RunUntil(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"RunUntil\.max_steps"):
        RunUntil(lambda: True, max_steps=-1)

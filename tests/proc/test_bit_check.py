"""Watching the width of a Var."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.bit_check.models import LoihiBitCheckModel, exceeds_bits
from lava_actor.proc.bit_check.process import BitCheck
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Holder(AbstractProcess):
    """Something that has a Var."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.held = Var(shape=shape, init=0)


@pytest.mark.parametrize(
    ("values", "exceeds"), [([127, -128], False), ([128], True), ([-129], True), ([], False)]
)
def test_numbers_fit_or_do_not(values, exceeds) -> None:
    assert exceeds_bits(np.array(values), 8) is exceeds


def test_the_flag_is_raised_for_good(capsys) -> None:
    check, holder = BitCheck(bits=8, layerid=3, debug=1), Holder((2,))
    assert check.shape == (1,)
    check.connect_var(holder.held)
    assert (check.shape, check.bits.get(), check.overflowed) == ((2,), 8, 0)
    harness = ModelHarness(LoihiBitCheckModel, check)
    remote = harness.remotes["state"]
    flags = []
    for value in (127, -129, 0):
        remote.value = np.array([0, value])
        harness.step()
        flags.append(harness._overflowed.tolist())
    assert flags == [[0, 0], [1, 1], [1, 1]]
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "layer 3" in printed
    assert "step 2" in printed


def test_one_var_per_check() -> None:
    check, holder = BitCheck(), Holder((1,))
    check.connect_var(holder.held)
    with pytest.raises(AssertionError, match="already"):
        check.connect_var(holder.held)


@pytest.mark.parametrize("bits", [0, 32])
def test_widths_are_1_to_31(bits) -> None:
    with pytest.raises(ValueError, match="bits"):
        BitCheck(bits=bits)

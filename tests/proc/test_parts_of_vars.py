"""A part of a Var that is set is what the whole with that part would be, in every model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.errors import InvalidIndexError, InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.lif.models import PyLifModelBitAcc, PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from tests.checkpoint.test_other_parts import STEPS, TAGS, Net


def change(var: Any, by_index: bool) -> None:
    """Let the first element (the first that is stored) be what the last one is."""
    whole = var.get()
    if not isinstance(whole, np.ndarray) and not (sparse.issparse(whole) and whole.nnz):
        return
    if sparse.issparse(whole):
        stored = whole.tocoo()
        first, last = ((int(stored.row[k]), int(stored.col[k])) for k in (0, -1))
    else:
        first, last = (0,) * whole.ndim, (-1,) * whole.ndim
    if by_index:
        var.set(whole[last], idx=first)
    else:
        whole[first] = whole[last]
        var.set(whole)


@pytest.mark.parametrize(("name", "tag"), sorted(TAGS))
def test_a_network_goes_on_as_if_the_whole_had_been_set(name: str, tag: str) -> None:
    found = []
    for by_index, placement in ((False, "actors"), (True, "actors"), (True, {"process": 2})):
        net = Net(name, tag)
        with net.process as process:
            config = {"seed": 5, "placement": placement}
            process.run(RunSteps(STEPS), Loihi2SimCfg(select_tag=tag), config)
            for var in process.vars:
                change(var, by_index)
            process.run(RunSteps(STEPS))
            found.append(net.seen())
    assert found[0] == found[1] == found[2]


def test_a_part_of_an_array_is_set_without_a_copy_and_the_model_sees_another_array() -> None:
    harness = ModelHarness(PyLifModelFloat, LIF(shape=(3, 2), v=np.arange(6).reshape(3, 2)))
    before = harness.model.v
    harness.set("v", [7, 8], idx=(slice(1, 3), 0))
    assert harness.model.v is not before
    assert np.shares_memory(harness.model.v, before)
    assert harness.model.v.tolist() == [[0, 1], [7, 3], [8, 5]]
    harness.set("v", 9, idx=0)
    assert harness.model.v.base is before, "views do not pile up"


@pytest.mark.parametrize("value", [np.nan, [1, 2, 3], 2**20])
@pytest.mark.parametrize("idx", [1, slice(0, 2), [2, 2]])
def test_a_part_that_is_refused_leaves_the_array_as_it_was(value: Any, idx: Any) -> None:
    harness = ModelHarness(PyLifModelBitAcc, LIF(shape=(4,), bias_mant=np.arange(4)))
    before = harness.model.bias_mant
    with pytest.raises(InvalidValueError, match="bias_mant"):
        harness.set("bias_mant", value, idx=idx)
    with pytest.raises(InvalidIndexError, match=r"bias_mant: index 4 for shape \(4,\)"):
        harness.set("bias_mant", 1, idx=4)
    assert harness.model.bias_mant is before
    assert before.tolist() == [0, 1, 2, 3]


class Remembering(PyLifModelFloat):
    """Keeps an array that it replaces."""

    _la_hidden_from_discovery = True

    def on_start(self) -> None:
        self.first = self.v


def test_an_array_that_a_class_of_ones_own_has_kept_stays_as_it_is() -> None:
    harness = ModelHarness(Remembering, LIF(shape=(2,), v=1))
    harness.set("v", 5, idx=0)
    assert harness.model.v.tolist() == [5, 1]
    assert harness.model.first.tolist() == [1, 1]

"""Connections that learn, cut into parts: the same as whole, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import LearningSparse

BEFORE, BEHIND = 30, 23
VARS = ("weights", "a_buff", "x0", "tx", "x1", "x2", "y0", "ty", "y1", "y2", "y3")


def network(kind: type[Any]) -> tuple[Any, LIF]:
    """A connection that learns, and the neurons it feeds."""
    rng = np.random.default_rng(4)
    weights = rng.integers(-20, 60, (BEHIND, BEFORE)) * (rng.random((BEHIND, BEFORE)) < 0.6)
    rule = STDPLoihi(1, 2, -3, 5, 8, t_epoch=3, rng_seed=2)
    given = csr_matrix(weights) if kind is LearningSparse else weights
    plastic = kind(weights=given, learning_rule=rule, name="plastic")
    source = RingBuffer(data=(rng.random((BEFORE, 40)) < 0.2).astype(int))
    cells = LIF(shape=(BEHIND,), vth=150, name="cells")
    source.s_out.connect(plastic.s_in)
    plastic.a_out.connect(cells.a_in)
    cells.s_out.connect(plastic.s_in_bap)
    return plastic, cells


def seen(plastic: Any, cells: LIF) -> list[bytes]:
    values = [getattr(plastic, name).get() for name in VARS] + [cells.v.get()]
    return [np.asarray(getattr(v, "toarray", lambda v=v: v)()).tobytes() for v in values]


def learned(kind: type[Any], tag: str, placement: Any) -> list[bytes]:
    """Vars of the connection in between, with some set anew, and v of the neurons it feeds."""
    plastic, cells = network(kind)
    found = []
    with cells:
        for _ in range(3):
            cells.run(RunSteps(20), Loihi2SimCfg(select_tag=tag), {"placement": placement})
            found += seen(plastic, cells)
            plastic.x1.set(plastic.x1.get() // 2)
            if kind is LearningDense:
                plastic.weights.set(plastic.weights.get() + 1)
        described = cells.runtime.executable.describe()
    assert described.count("steps natively") >= described.count("<- PyLearning")
    assert "steps in Python" not in described
    return found


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("kind", [LearningDense, LearningSparse])
def test_parts_learn_what_the_whole_does(kind: type[Any], tag: str) -> None:
    whole = learned(kind, tag, "actors")
    assert whole[0] != whole[-len(VARS) - 1]
    for placement in ({"plastic": 2, "cells": 3}, {"plastic": 7, "workers": 2}):
        assert learned(kind, tag, placement) == whole


@pytest.mark.parametrize(
    ("kind", "tag"), [(LearningDense, "fixed_pt"), (LearningSparse, "floating_pt")]
)
def test_what_parts_have_learned_goes_on_whole_and_in_other_parts(
    kind: type[Any], tag: str, tmp_path: Path
) -> None:
    config, file = Loihi2SimCfg(select_tag=tag), tmp_path / "saved"
    plastic, cells = network(kind)
    with cells:
        cells.run(RunSteps(17), config, {"placement": {"plastic": 3}})  # within an epoch
        plastic.x1_impulse.set(12)
        cells.save(file)
        cells.run(RunSteps(20))
        expected = seen(plastic, cells)
    for placement in ("actors", {"plastic": 7, "workers": 1}):
        plastic, cells = network(kind)
        cells.load(file)
        with cells:
            cells.run(RunSteps(20), config, {"placement": placement})
            assert seen(plastic, cells) == expected

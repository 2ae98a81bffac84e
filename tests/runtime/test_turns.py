"""Taking turns never waits for a clock: whoever waits for its turn answers at once."""

from __future__ import annotations

import numpy as np

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

STEPS = 400


def test_a_network_with_a_monitor_on_a_var_does_not_sleep_over_what_it_waits_for() -> None:
    rng = np.random.default_rng(0)
    first = LIF(shape=(100,), bias_mant=rng.uniform(0.5, 1, 100), vth=10)
    dense = Dense(weights=rng.uniform(0, 0.2, (100, 100)))
    second = LIF(shape=(100,), vth=10)
    first.s_out.connect(dense.s_in)
    dense.a_out.connect(second.a_in)
    monitor = Monitor()
    monitor.probe(second.v, STEPS)
    with first:
        first.run(RunSteps(STEPS), Loihi2SimCfg(select_tag="floating_pt"))
        arena = first.runtime._arena
        missed = sum(arena.party(i).missed for i in range(len(arena.plan.parties)))
        assert monitor.get_data()[second.name]["v"].shape == (STEPS, 100)
    # One or two may be: a waker that loses its core right before it rings.
    assert missed < 3

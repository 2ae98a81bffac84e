"""Resonate-and-fire neurons that spike at zero phase."""

from __future__ import annotations

import numpy as np

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.resfire.models import PyRFZeroModelFixed
from lava_actor.proc.resfire.process import RFZero


def test_the_rotation_is_a_fixed_point_number() -> None:
    process = RFZero((2,), freqs=[10, 20], decay_tau=0.1)
    exact = 2**15 * np.exp((-1 / 0.1 + 2j * np.pi * np.array([10, 20])) * 0.001)
    np.testing.assert_array_equal(process.lct.init, exact.real.astype(int))
    np.testing.assert_array_equal(process.lst.init, exact.imag.astype(int))


def test_a_kick_rings_and_is_sent_once_per_period() -> None:
    """25 Hz in steps of 1 ms: the real part is sent every 40 steps while it lasts."""
    harness = ModelHarness(PyRFZeroModelFixed, RFZero((1,), freqs=[25], decay_tau=[0.5], uth=5))
    kick = {0: {"u_in": 10000, "v_in": -10}}
    out = [int(harness.step(**kick.get(t, {}))["s_out"][0]) for t in range(130)]
    times = [t for t, value in enumerate(out) if value]
    assert len(times) == 4
    assert set(np.diff(times)) <= {39, 40, 41}
    sizes = [out[t] for t in times]
    assert sizes == sorted(sizes, reverse=True)

"""State-space models."""

from __future__ import annotations

import numpy as np

from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.s4d.models import PySigmaS4dDeltaModelFloat, S4dModel
from lava_actor.proc.s4d.process import S4d, SigmaS4dDelta, SigmaS4dDeltaLayer

A = np.array([0.9 * np.exp(0.5j), 0.8, 0.7 * np.exp(-1j)])
B = np.array([1, 0.5j, 2])
C = np.array([1j, 1, 0.5 - 0.5j])


def recurrence(inputs: np.ndarray) -> np.ndarray:
    state, out = np.zeros(3, dtype=complex), []
    for row in inputs:
        state = A * state + B * row
        out.append((2 * C * state).real)
    return np.array(out)


def test_the_recurrence_is_computed_in_complex_numbers() -> None:
    inputs = np.random.default_rng(1).normal(size=(10, 3))
    harness = ModelHarness(S4dModel, S4d((3,), A, B, C))
    out = [harness.step(a_in=row)["s_out"] for row in inputs]
    np.testing.assert_allclose(out, recurrence(inputs))


def test_the_sigma_delta_neuron_keeps_complex_states() -> None:
    """With threshold zero the changes sent add up to the state-space model of the summed input."""
    inputs = np.random.default_rng(2).normal(size=(10, 3))
    harness = ModelHarness(PySigmaS4dDeltaModelFloat, SigmaS4dDelta((3,), 0, A, B, C))
    out = np.array([harness.step(a_in=row)["s_out"] for row in inputs])
    np.testing.assert_allclose(out.cumsum(axis=0), recurrence(inputs.cumsum(axis=0)))


def test_the_threshold_is_scaled() -> None:
    assert SigmaS4dDelta((1,), 3, 1, 1, 1, state_exp=4).vth.get() == 48


def test_a_layer_is_made_of_two_connections_and_the_neurons_between() -> None:
    from lava_actor.compiler.expand import expand

    layer = SigmaS4dDeltaLayer((2,), 0.1, np.arange(6) / 10, np.ones(6), np.ones(6), d_states=3)
    leaves, everything = expand([layer], Loihi2SimCfg(select_tag="floating_pt"))
    assert [type(p).__name__ for p in leaves] == ["Sparse", "SigmaS4dDelta", "Sparse"]
    assert len(everything) == 4
    inner = layer.procs.sigma_s4d_delta
    assert inner.shape == (6,)
    assert layer.a.aliased_var is inner.a
    np.testing.assert_array_equal(layer.conn_weights.get(), [[1] * 3 + [0] * 3, [0] * 3 + [1] * 3])

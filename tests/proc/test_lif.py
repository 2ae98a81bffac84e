"""LIF neurons: equations, variants, hooks of subclasses."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from lava_actor import CPU, Loihi2SimCfg, LoihiProtocol, RunSteps, implements, requires
from lava_actor.errors import InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.ports import PyOutPort
from lava_actor.model.types import LavaPyType
from lava_actor.proc.lif import models
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.monitor.process import Monitor


def run(model: Any, process: Any, a_in: np.ndarray) -> dict[str, np.ndarray]:
    """Drive a model with the rows of an array; states after and spikes of each step."""
    harness = ModelHarness(model, process)
    rows: dict[str, list[np.ndarray]] = {"u": [], "v": [], "s": []}
    for row in a_in:
        rows["s"].append(harness.step(a_in=row)["s_out"])
        rows["u"].append(harness.u.copy())
        rows["v"].append(harness.v.copy())
    return {name: np.array(row) for name, row in rows.items()}


@pytest.mark.parametrize("model", [models.PyLifModelFloat, models.PyLifModelBitAcc])
def test_states_of_any_type_and_layout_are_accepted(model: Any) -> None:
    """u and v may be rebound to what the native loop cannot use: the result is the same."""
    rows = np.arange(24).reshape(4, 6) % 5
    process = {"shape": (6,), "du": 1, "dv": 0, "vth": 7}
    want = run(model, LIF(**process), rows)
    harness = ModelHarness(model, LIF(**process))
    for t, row in enumerate(rows):
        harness.step(a_in=row)
        if t == 0:
            harness.model.v = np.repeat(harness.v, 2)[::2]
        if t == 1:
            harness.model.u = harness.u.astype(np.int64 if model is models.PyLifModelBitAcc else
                                               np.float32)  # fmt: skip
        np.testing.assert_array_equal(harness.u, want["u"][t])
        np.testing.assert_array_equal(harness.v, want["v"][t])


def test_parameters_per_neuron_are_accepted_in_floating_point() -> None:
    du, vth = np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 3.0])
    got = run(models.PyLifModelFloat, LIF(shape=(3,), du=du, dv=1.0, vth=vth), np.full((2, 3), 2.5))
    np.testing.assert_array_equal(got["u"][1], [5.0, 3.75, 2.5])
    np.testing.assert_array_equal(got["s"], [[1, 1, 0], [1, 1, 0]])


# -- what users see --------------------------------------------------------------------------------


def test_float_example_of_the_documentation() -> None:
    rows = np.array([3, 0, 2, 4, 0, -6.0])[:, None]
    got = run(models.PyLifModelFloat, LIF(shape=(1,), du=0.1, dv=0.05, vth=10), rows)
    np.testing.assert_allclose(got["u"].T, [[3, 2.7, 4.43, 7.987, 7.1883, 0.46947]])
    np.testing.assert_allclose(got["v"].T, [[3, 5.55, 9.7025, 0, 7.1883, 7.298355]])
    np.testing.assert_array_equal(got["s"].T, [[0, 0, 0, 1, 0, 0]])


def test_fixed_example_of_the_documentation() -> None:
    rows = np.array([30, 0, 25, 40, 0, -60, 0, 0])[:, None]
    got = run(models.PyLifModelBitAcc, LIF(shape=(1,), du=410, dv=205, vth=200), rows)
    assert got["u"].ravel().tolist() == [1920, 1727, 3153, 5396, 4854, 526, 473, 425]
    assert got["v"].ravel().tolist() == [1920, 3550, 6525, 11594, 0, 526, 972, 1348]
    assert got["s"].ravel().tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


def test_a_neuron_rests_after_a_spike_in_both_number_systems() -> None:
    rows = np.zeros((12, 1))
    for model, bias, vth in (
        (models.PyLifRefractoryModelFloat, 0.6, 1),
        (models.PyLifRefractoryModelFixed, 60, 1),
    ):
        lif = LIFRefractory(shape=(1,), bias_mant=bias, vth=vth, refractory_period=2)
        harness = ModelHarness(model, lif)
        ends = []
        for row in rows:
            harness.step(a_in=row)
            ends.append(int(harness.refractory_period_end[0]))
        assert ends == [0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12]


def test_a_new_threshold_takes_effect_in_fixed_point() -> None:
    """Also one of the two of ternary neurons."""
    plain = LIF(shape=(1,), bias_mant=1000, dv=4096, vth=1)
    harness = ModelHarness(models.PyLifModelBitAcc, plain)
    assert harness.step()["s_out"] == [1]
    harness.set("vth", 1000)
    assert harness.step()["s_out"] == [0]
    ternary = TernaryLIF(shape=(1,), bias_mant=-1000, dv=4096, vth_lo=-1)
    harness = ModelHarness(models.PyTernLifModelFixed, ternary)
    assert harness.step()["s_out"] == [-1]
    harness.set("vth_lo", -1000)
    assert harness.step()["s_out"] == [0]


def test_an_unconnected_population_runs_on_its_bias() -> None:
    harness = ModelHarness(models.PyLifModelFloat, LIF(shape=(2, 2), bias_mant=6.0))
    assert [int(harness.step()["s_out"].sum()) for _ in range(4)] == [0, 4, 0, 4]


def test_an_empty_population_runs() -> None:
    for model in (models.PyLifModelFloat, models.PyLifModelBitAcc, models.PyTernLifModelFixed):
        process = TernaryLIF(shape=(0,)) if model is models.PyTernLifModelFixed else LIF(shape=(0,))
        assert ModelHarness(model, process).step()["s_out"].shape == (0,)


@pytest.mark.parametrize(
    "wrong",
    [{"du": 0.5}, {"vth": 1.5}, {"bias_mant": 40000}, {"bias_exp": np.array([0.5, 0])},
     {"v": np.nan}, {"u": 2**31}],
    ids=str,
)  # fmt: skip
def test_the_fixed_model_refuses_parameters_it_would_have_to_cut(wrong: dict[str, Any]) -> None:
    """The message names Process and parameter."""
    with pytest.raises(ValueError, match=rf"LIF 'cells'.{next(iter(wrong))}|{next(iter(wrong))}"):
        ModelHarness(models.PyLifModelBitAcc, LIF(shape=(2,), name="cells", **wrong))


def test_the_fixed_model_refuses_a_bias_that_is_set_too_large() -> None:
    harness = ModelHarness(models.PyLifModelBitAcc, LIF(shape=(2,)))
    with pytest.raises(InvalidValueError, match="bias_mant"):
        harness.set("bias_mant", 40000)


@pytest.mark.parametrize(
    ("model", "make", "name", "value"),
    [
        (models.PyLifModelBitAcc, LIF, "vth", 1.5),
        (models.PyLifModelBitAcc, LIF, "vth", 1e30),
        (models.PyLifModelBitAcc, LIF, "du", 0.5),
        (models.PyLifRefractoryModelFixed, partial(LIFRefractory, refractory_period=2), "dv", 9.5),
        (models.PyTernLifModelFixed, partial(TernaryLIF, vth_lo=-1), "vth_hi", 1.5),
    ],
)
def test_the_fixed_model_refuses_what_it_would_have_to_cut_however_it_comes(
    model: Any, make: Any, name: str, value: float
) -> None:
    harness = ModelHarness(model, make(shape=(2,)))
    with pytest.raises(InvalidValueError, match=rf"\.{name}: expected"):
        harness.set(name, value)
    process = make(shape=(2,), name="cells")
    getattr(process, name).init = value
    with pytest.raises(InvalidValueError, match=rf"cells'\.{name}: expected"):
        ModelHarness(model, process)


def test_integral_floats_are_integers_to_the_fixed_model() -> None:
    harness = ModelHarness(models.PyLifModelBitAcc, LIF(shape=(1,), du=4095.0, vth=2.0))
    harness.step(a_in=np.array([3.0]))
    assert harness.u[0] == 192
    with pytest.raises(InvalidValueError, match="a_in: expected integral values"):
        harness.step(a_in=np.array([0.5]))


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [(LIFReset, {"reset_interval": 0}), (LIFReset, {"reset_offset": -1}),
     (LIFRefractory, {"refractory_period": 0}), (TernaryLIF, {"vth_lo": 3, "vth_hi": 2})],
)  # fmt: skip
def test_constructors_refuse_senseless_values(cls: Any, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        cls(shape=(1,), **wrong)


# -- subclasses ------------------------------------------------------------------------------------


def test_overridden_methods_are_used() -> None:
    """Each hook of a subclass takes part in the step, also one set on the instance."""
    calls: list[str] = []

    class Hooked(models.PyLifModelBitAcc):
        _la_hidden_from_discovery = True

        def subthr_dynamics(self, activation_in: np.ndarray) -> None:
            calls.append("subthr_dynamics")
            super().subthr_dynamics(activation_in)

        def spiking_activation(self) -> np.ndarray:
            calls.append("spiking_activation")
            return np.array([True, False])

        def scale_bias(self) -> None:
            calls.append("scale_bias")
            super().scale_bias()

        def scale_threshold(self) -> None:
            calls.append("scale_threshold")
            super().scale_threshold()

        def reset_voltage(self, spike_vector: np.ndarray) -> None:
            calls.append("reset_voltage")
            super().reset_voltage(spike_vector)

    harness = ModelHarness(Hooked, LIF(shape=(2,), bias_mant=5))
    assert harness.step()["s_out"].tolist() == [1, 0]
    assert calls == ["scale_bias", "scale_threshold", "subthr_dynamics", "spiking_activation",
                     "reset_voltage"]  # fmt: skip
    harness.step()
    assert calls.count("scale_threshold") == 1
    assert harness.v.tolist() == [0, 10]

    harness = ModelHarness(models.PyLifModelFloat, LIF(shape=(2,)))
    harness.model.spiking_activation = lambda: np.array([False, True])
    assert harness.step()["s_out"].tolist() == [0, 1]


def test_a_subclass_that_wraps_run_spk_sees_the_spikes() -> None:
    seen = []

    class Counting(models.PyLifModelFloat):
        _la_hidden_from_discovery = True
        s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

        def run_spk(self) -> None:
            super().run_spk()
            seen.append(self.s_out_buff)

    harness = ModelHarness(Counting, LIF(shape=(2,), bias_mant=np.array([11.0, 0.0])))
    assert harness.step()["s_out"].dtype == np.int32
    harness.step()
    assert [s.tolist() for s in seen] == [[True, False], [True, False]]


def test_changed_constants_of_a_subclass_count() -> None:
    class NoOffset(models.PyLifModelBitAcc):
        _la_hidden_from_discovery = True

        def __init__(self, proc_params: Any) -> None:
            super().__init__(proc_params)
            self.ds_offset = 0
            self.act_shift = 0

    harness = ModelHarness(NoOffset, LIF(shape=(1,), u=4096, vth=1000))
    harness.step(a_in=np.array([5]))
    assert harness.u[0] == 4101


def test_bases_without_threshold_are_abstract() -> None:
    for base in (models.AbstractPyLifModelFloat, models.AbstractPyLifModelFixed):
        with pytest.raises(NotImplementedError):
            base({}).spiking_activation()
    with pytest.raises(NotImplementedError):
        models.AbstractPyLifModelFixed({}).scale_threshold()


@pytest.mark.parametrize(
    "model", [models.PyLifRefractoryModelFloat, models.PyLifRefractoryModelFixed]
)
def test_a_refractory_model_may_change_what_a_spike_does(model: Any) -> None:
    class Gentle(model):  # type: ignore[misc]
        def process_spikes(self, spike_vector: np.ndarray) -> None:
            super().process_spikes(spike_vector)
            self.v[spike_vector] = 1

    cells = ModelHarness(Gentle, LIFRefractory(shape=(1,), vth=5, refractory_period=3))
    assert cells.step(a_in=np.array([9]))["s_out"].tolist() == [1]
    assert (cells.v.tolist(), cells.refractory_period_end.tolist()) == ([1], [4])


def test_a_model_out_of_a_file_of_old_scales_its_threshold_anew() -> None:
    """Files of earlier versions hold a tuple of what the threshold was scaled from."""
    harness = ModelHarness(models.PyLifModelBitAcc, LIF(shape=(2,), vth=1, bias_mant=2))
    harness.model.isthrscaled, harness.model._la_scaled_from = True, (1, None, None)
    harness.model.native_step = None
    harness.model.run_spk()
    assert harness.model.effective_vth == 64


OWN = {
    "floating_pt": {"vth": np.array([1, 2, 3, 4, 5]), "du": np.linspace(0.1, 0.5, 5), "dv": 0.1},
    "fixed_pt": {"vth": np.array([1.0, 2, 3, 4, 5]), "du": [0, 10, 400, 4000, 4095], "dv": 100},
}


@pytest.mark.parametrize("tag", OWN)
@pytest.mark.parametrize("cls", [LIF, LIFRefractory, TernaryLIF])
def test_numbers_of_each_neuron_are_native_cut_set_and_recorded(cls: Any, tag: str) -> None:
    own = dict(OWN[tag])
    name = "vth_hi" if cls is TernaryLIF else "vth"
    own[name] = own.pop("vth")
    found = []
    for placement in ("actors", {"neurons": 3}):
        neurons = cls(shape=(5,), bias_mant=100 if tag == "fixed_pt" else 1, name="neurons", **own)
        monitor = Monitor()
        for target in (neurons.v, neurons.s_out, getattr(neurons, name), neurons.du):
            monitor.probe(target)
        with neurons:
            neurons.run(RunSteps(9), Loihi2SimCfg(select_tag=tag), {"placement": placement})
            lines = neurons.runtime.executable.describe().splitlines()
            assert all(
                line.endswith("steps natively") for line in lines if "  actor" in line[:8]
                and "Monitor" not in line
            )
            threshold = getattr(neurons, name)
            threshold.set(9, idx=1)
            assert threshold.get().tolist() == [1, 9, 3, 4, 5]
            neurons.run(RunSteps(9))
            threshold.set(np.array([2, 3, 4, 5, 6]))
            neurons.run(RunSteps(9))
            targets = (neurons.v, neurons.s_out, threshold, neurons.du)
            found.append([monitor.dense(target) for target in targets])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    v, s, thresholds, du = found[0]
    assert thresholds[8].tolist() == [1, 2, 3, 4, 5]
    assert thresholds[-1].tolist() == [2, 3, 4, 5, 6]
    assert np.array_equal(du[0], own["du"])
    scale = 64 if tag == "fixed_pt" else 1
    assert s.any()
    assert (v <= thresholds * scale).all()


def test_a_threshold_per_neuron_beside_a_method_of_ones_own_is_left_to_numpy_and_said() -> None:
    @implements(proc=LIF, protocol=LoihiProtocol)
    @requires(CPU)
    class Own(models.PyLifModelFloat):
        def reset_voltage(self, spike_vector: np.ndarray) -> None:
            self.v[spike_vector] = -1.0

    lif = LIF(shape=(2,), bias_mant=1, vth=np.array([0.5, 1.5]))
    with lif:
        lif.run(RunSteps(3), Loihi2SimCfg(exception_proc_model_map={LIF: Own}))
        told = lif.runtime.executable.describe()
        assert "vth has a value per neuron, and Own.reset_voltage is not that of" in told.replace(
            "test_a_threshold_per_neuron_beside_a_method_of_ones_own_is_left_to_numpy_and_said"
            ".<locals>.", ""
        )
        assert lif.v.get().tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("given", [np.array([10, 20, 30]), np.array([10.0, 20.0, 30.0])])
def test_the_fixed_model_refuses_fractions_for_single_neurons_and_keeps_the_old_numbers(
    given: np.ndarray,
) -> None:
    lif = LIF(shape=(3,), vth=given, du=given, bias_mant=5, name="lif")
    with lif:
        lif.run(RunSteps(2), Loihi2SimCfg(select_tag="fixed_pt"))
        for var in (lif.vth, lif.du):
            with pytest.raises(InvalidValueError, match=rf"'lif'\.{var.name}: expected integral"):
                var.set(2.5, idx=1)
            with pytest.raises(InvalidValueError, match="expected integral values"):
                var.set(np.array([1.5, 2, 3]))
            assert var.get().tolist() == [10, 20, 30]
        with pytest.raises(InvalidValueError, match="bias_mant: expected values from -32768"):
            lif.bias_mant.set(2**20)
        assert lif.bias_mant.get().tolist() == [5, 5, 5]
        lif.vth.set(3.0, idx=1)
        assert lif.vth.get().tolist() == [10, 3, 30]
        lif.run(RunSteps(2))

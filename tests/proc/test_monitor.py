"""Monitor: any number of targets, native dtypes, sparse Vars, the end of a recording."""

from __future__ import annotations

import gc
import pickle
import warnings
from typing import Any

import cloudpickle
import numpy as np
import pytest
from scipy import sparse

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.channels import memory
from lava_actor.errors import ArenaMemoryError, LavaActorWarning
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.model import registry
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.dense.process import Dense, LearningDense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.models import PyMonitorModel
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse
from lava_actor.process.ports.ports import InPort

FLOAT = {"select_tag": "floating_pt"}
FIXED = {"select_tag": "fixed_pt"}


def test_any_number_of_targets_is_recorded_by_one_monitor() -> None:
    """Vars and OutPorts of several Processes; row t - 1 belongs to step t; the rest is zero."""
    data = np.arange(12.0).reshape(2, 6)
    source, weights = Source(data=data, name="source"), np.array([[1.0, 1.0]])
    synapses, cell = Dense(weights=weights, num_message_bits=8), LIF(shape=(1,), du=1, dv=1, vth=99)
    source.s_out.connect(synapses.s_in)
    synapses.a_out.connect(cell.a_in)
    monitor = Monitor(name="eye")
    monitor.probe(source.s_out, 6)
    monitor.probe(cell.v, 8)
    monitor.probe(cell.u, 3)
    monitor.probe(synapses.a_out, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # u's recording is short on purpose
        with source:
            source.run(RunSteps(6), Loihi2SimCfg(**FLOAT))
            got = monitor.get_data()
    assert set(got) == {"source", synapses.name, cell.name}
    np.testing.assert_array_equal(got["source"]["s_out"], data.T)
    sums = [0, 6, 8, 10, 12, 14]
    assert got[synapses.name]["a_out"].ravel().tolist() == sums
    assert got[cell.name]["v"].ravel().tolist() == [*sums, 0, 0]
    assert got[cell.name]["u"].ravel().tolist() == sums[:3]


def test_recordings_have_the_dtype_of_what_is_recorded() -> None:
    cell = LIF(shape=(2,), bias_mant=100, vth=1)
    monitor = Monitor()
    monitor.probe(cell.v, 2)
    monitor.probe(cell.s_out, 2)
    with cell:
        cell.run(RunSteps(2), Loihi2SimCfg(**FIXED))
        got = monitor.get_data()[cell.name]
    assert got["v"].dtype == np.int32
    assert got["s_out"].dtype == np.int32
    assert got["s_out"].tolist() == [[1, 1], [1, 1]]


def test_sparse_vars_are_recorded_as_arrays() -> None:
    weights = np.array([[0, 2.5, 0], [1.5, 0, 0]])
    synapses = Sparse(weights=weights)
    monitor = Monitor()
    monitor.probe(synapses.weights, 2)
    with synapses:
        synapses.run(RunSteps(1), Loihi2SimCfg(**FLOAT))
        synapses.weights.set(sparse.csr_matrix(2 * weights))
        synapses.run(RunSteps(1))
        got = monitor.get_data()[synapses.name]["weights"]
    np.testing.assert_array_equal(got, [weights, 2 * weights])


def test_a_full_recording_ends_with_one_warning_and_others_go_on() -> None:
    """Also when an OutPort's recording is full before that of a Var."""
    cell = LIF(shape=(1,))
    monitor = Monitor(name="eye")
    monitor.probe(cell.s_out, 2)
    monitor.probe(cell.v, 4)
    harness = ModelHarness(PyMonitorModel, monitor)
    remote = harness.connect_ref("ref_port_0", np.zeros(1))
    found = []
    for t in range(1, 7):
        remote.value = np.array([float(t)])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            harness.step(in_port_0=np.array([10.0 * t]))
        assert all(warning.category is LavaActorWarning for warning in caught)
        found += [(t, str(warning.message)) for warning in caught]
    assert [t for t, _ in found] == [3, 5]
    assert f"eye: the recording of {cell.name}.s_out is full after 2 steps" in found[0][1]
    assert harness.out_read_0.ravel().tolist() == [10, 20]
    assert harness.var_read_0.ravel().tolist() == [1, 2, 3, 4]
    assert not harness.model.post_guard()


def test_wider_numbers_widen_a_recording() -> None:
    monitor = Monitor()
    monitor.probe(LIF(shape=(1,)).s_out, 3)
    harness = ModelHarness(PyMonitorModel, monitor)
    harness.step(in_port_0=np.array([True]))
    assert harness.out_read_0.dtype == bool
    harness.step(in_port_0=np.array([300], np.int32))
    harness.step(in_port_0=np.array([0.5]))
    assert harness.out_read_0.ravel().tolist() == [1, 300, 0.5]


def test_an_unprobed_monitor_runs() -> None:
    monitor = Monitor()
    with monitor:
        monitor.run(RunSteps(2), Loihi2SimCfg())
        assert monitor.get_data() == {}


def test_before_the_run_there_are_zeros() -> None:
    monitor, cell = Monitor(), LIF(shape=(2,))
    monitor.probe(cell.v, 3)
    assert monitor.data == {cell.name: {"v": 0}}
    with pytest.warns(LavaActorWarning, match="not started"):
        assert monitor.get_data()[cell.name]["v"].tolist() == [[0, 0]] * 3


def test_members_have_the_names_programs_use() -> None:
    monitor, cell = Monitor(), LIF(shape=(2,))
    monitor.probe(cell.v, 3)
    monitor.probe(cell.s_out, 3)
    assert monitor.ref_ports.members[0] is monitor.ref_port_0
    assert monitor.in_ports.members[0] is monitor.in_port_0
    assert monitor.proc_params["RefPorts"] == ["ref_port_0"]
    assert monitor.proc_params["VarsData1"] == ["var_read_0"]
    assert monitor.proc_params["InPorts"] == ["in_port_0"]
    assert monitor.proc_params["VarsData2"] == ["out_read_0"]
    assert (monitor.proc_params["n_ref_ports"], monitor.proc_params["n_in_ports"]) == (1, 1)
    assert monitor.var_read_0.shape == (3, 2)


def test_a_text_is_not_recorded() -> None:
    rule = Loihi2FLearningRule(dw="x0*y1", x1_impulse=16, x1_tau=10, t_epoch=1)
    synapses = LearningDense(weights=np.ones((1, 1)), learning_rule=rule)
    with pytest.raises(TypeError, match=r"probe: expected a Var of numbers, got dw, which is a t"):
        Monitor().probe(synapses.dw)


@pytest.mark.parametrize("target", [InPort((1,)), 3, None, "v"])
def test_only_vars_and_outports_are_recorded(target: Any) -> None:
    with pytest.raises(TypeError, match="expected a Var or an OutPort"):
        Monitor().probe(target, 1)


def test_negative_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="expected an integer, at least 0"):
        Monitor().probe(LIF(shape=(1,)).v, -1)


def test_the_model_class_of_a_monitor_travels() -> None:
    """It is made for the Monitor and cannot be imported by name."""
    monitor = Monitor()
    monitor.probe(LIF(shape=(1,)).v, 1)
    made = pickle.loads(cloudpickle.dumps(PyMonitorModel._la_specialised(monitor)))
    assert issubclass(made, PyMonitorModel)
    assert set(PyMonitorModel.__dict__) & {"ref_port_0", "var_read_0"} == set()


class Axes:
    """Writes down what is plotted."""

    def __init__(self) -> None:
        self.calls: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.calls.__setitem__(name, (args, kwargs))


def test_plot_labels_what_it_plots() -> None:
    monitor, cell = Monitor(), LIF(shape=(2,), name="cell")
    monitor.probe(cell.v, 3)
    axes = Axes()
    with cell:
        cell.run(RunSteps(2), Loihi2SimCfg(**FLOAT))
    monitor.plot(axes, cell.v, "r", linewidth=2)
    (steps, values, style), options = axes.calls["plot"]
    assert steps.tolist() == [1, 2]
    assert values.shape == (2, 2)
    assert (style, options) == ("r", {"linewidth": 2})
    assert axes.calls["set_title"][0] == ("cell",)
    assert axes.calls["set_xlabel"][0] == ("Time step",)
    assert axes.calls["set_ylabel"][0] == ("v",)
    with pytest.raises(AttributeError, match=r"cell\.u is not probed"):
        monitor.plot(axes, cell.u)


def test_a_model_class_that_comes_back_is_no_candidate_for_other_monitors() -> None:
    monitor, cell = Monitor(), LIF(shape=(2,))
    monitor.probe(cell.v, 3)
    made = PyMonitorModel._la_specialised(monitor)
    assert cloudpickle.loads(cloudpickle.dumps(made)) is made
    gc.collect()
    assert registry.candidates(Monitor) == [PyMonitorModel]


def test_a_recording_that_does_not_fit_into_memory_is_named_and_can_be_read_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells, monitor = LIF(shape=(4,), name="a", bias_mant=1), Monitor(name="m")
    monitor.probe(cells.v, 100)
    cells.run(RunSteps(100), Loihi2SimCfg(**FLOAT))
    cells.stop()
    monkeypatch.setattr(memory, "_WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "available_memory", lambda: 6000)
    with pytest.raises(ArenaMemoryError, match=r"recording of a\.v: .* \(100, 4\) needs 7\.8 KiB"):
        monitor.get_data()
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000)
    assert monitor.get_data()["a"]["v"].shape == (100, 4)

"""Recordings of networks: they come home whatever happens, and say up to which step."""

from __future__ import annotations

import copy
import pickle
import signal
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import psutil
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

from lava_actor import (
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    implements,
)
from lava_actor.errors import (
    ActorDiedError,
    InvalidIndexError,
    InvalidValueError,
    LavaActorWarning,
    MissingMemberError,
    ModelError,
    RuntimeStateError,
)
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.utils.plots import raster_plot
from tests.conftest import launcher_pid
from tests.runtime.networks import (
    Counter,
    Expand,
    First,
    HierarchicalSink,
    HoldAs,
    Holder,
    kill_itself,
    raise_error,
)
from tests.runtime.scripts import Script

CFG = Loihi2SimCfg(select_tag="floating_pt")


@pytest.fixture(autouse=True)
def _figures_closed() -> Any:
    yield
    plt.close("all")


def watched(on_step: Any = None, **options: Any) -> tuple[Counter, Monitor]:
    """A counter, whose state and messages are recorded."""
    counter, monitor = Counter(name="counter", on_step=on_step), Monitor(name="eye")
    monitor.probe(counter.count, **options)
    monitor.probe(counter.out, **options)
    return counter, monitor


def counts_up_to_a_step_that_is_named(counter: Counter, monitor: Monitor) -> list[int]:
    """Check what is recorded; returns the last step of both."""
    found = []
    for target in (counter.count, counter.out):
        steps, rows = monitor.trace(target)
        np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))
        assert rows.ravel().tolist() == steps.tolist()
        found.append(len(steps))
    spikes = monitor.spikes(counter.out)
    assert spikes.until >= found[1]
    assert spikes.values is None or spikes.values.tolist() == spikes.steps.tolist()
    return found


@pytest.mark.parametrize("actors", list(ActorType)[:2])
def test_what_was_recorded_is_there_after_the_end(actors: ActorType) -> None:
    counter, monitor = watched()
    with counter:
        counter.run(RunSteps(5), First(), {"actor_type": actors})
        assert counts_up_to_a_step_that_is_named(counter, monitor) == [5, 5]
        counter.run(RunSteps(3))
    assert counts_up_to_a_step_that_is_named(counter, monitor) == [8, 8]
    assert monitor.get_data()["counter"]["count"].ravel().tolist() == [*range(1, 9)]


def fails(model: Any) -> None:
    if model.time_step == 57:
        raise_error(model)


def dies(model: Any) -> None:
    if model.time_step == 57:
        kill_itself(model)


@pytest.mark.parametrize(("on_step", "error"), [(fails, ModelError), (dies, ActorDiedError)])
def test_what_was_recorded_before_a_failure_comes_home(on_step: Any, error: Any) -> None:
    counter, monitor = watched(on_step)
    with pytest.raises(error), counter:
        counter.run(RunSteps(100), First())
    state, messages = counts_up_to_a_step_that_is_named(counter, monitor)
    assert messages == 56
    assert 55 <= state <= 56


def test_what_a_killed_recorder_had_is_there() -> None:
    counter, monitor = watched()
    with counter:
        counter.run(RunContinuous(), First())
        while monitor.spikes(counter.out).until < 1000:
            assert monitor.spikes(counter.out).until <= counter.runtime.current_step + 100_000
        (service,) = psutil.Process(launcher_pid()).children()
        recorder = service.children()[-1]  # actors are forked in the order of their Processes
        recorder.send_signal(signal.SIGKILL)
        with pytest.raises(ActorDiedError, match="eye"):
            counter.wait()
        found = counts_up_to_a_step_that_is_named(counter, monitor)
    assert min(found) >= 999
    assert counts_up_to_a_step_that_is_named(counter, monitor) == found


def test_it_is_read_while_the_network_runs() -> None:
    counter, monitor = watched()
    with counter:
        counter.run(RunContinuous(), First())
        seen = 0
        for _ in range(20):
            _, now = counts_up_to_a_step_that_is_named(counter, monitor)
            assert now >= seen
            seen = now
        counter.pause()
        step = counter.runtime.current_step
        assert counts_up_to_a_step_that_is_named(counter, monitor) == [step, step]


def test_reset_and_a_new_start_begin_anew() -> None:
    counter, monitor = watched()
    with counter:
        counter.run(RunSteps(7), First())
        counter.reset()
        assert counts_up_to_a_step_that_is_named(counter, monitor) == [0, 0]
        counter.run(RunSteps(4))
        assert counts_up_to_a_step_that_is_named(counter, monitor) == [4, 4]
    counter.run(RunSteps(2))
    counter.stop()
    assert counts_up_to_a_step_that_is_named(counter, monitor) == [2, 2]


def test_copies_hold_what_was_recorded() -> None:
    counter, monitor = watched(num_steps=9)
    with counter:
        counter.run(RunSteps(6), First())
        copies = [copy.deepcopy(monitor), pickle.loads(pickle.dumps(monitor))]
        counter.run(RunSteps(2))
    for each in copies:
        data = each.get_data()["counter"]
        assert data["count"].ravel().tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 0]
        assert data["out"].ravel().tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 0]


def test_a_loaded_network_goes_on_recording(tmp_path: Path) -> None:
    counter, _ = watched(last=6)
    with counter:
        counter.run(RunSteps(5), First())
        counter.save(tmp_path / "file")
    other, eye = watched(last=6)
    other.load(tmp_path / "file")
    with other:
        other.run(RunSteps(4), First())
    for target in (other.count, other.out):
        assert eye.steps(target).tolist() == [4, 5, 6, 7, 8, 9]
        assert eye.dense(target).ravel().tolist() == [4, 5, 6, 7, 8, 9]


# --- what is recorded ----------------------------------------------------------------------------


def test_part_of_the_elements_in_part_of_the_steps() -> None:
    data = np.arange(1, 61).reshape(3, 20)
    source = Source(data=data, name="source")
    chosen = {
        "slice": slice(1, None),
        "list": [2, 0],
        "mask": np.array([True, False, True]),
        "number": 1,
    }
    monitors = {name: Monitor() for name in chosen}
    for name, index in chosen.items():
        monitors[name].probe(source.s_out, every=3, last=9, index=index)
        monitors[name].probe(source.data, 20, every=7, index=(index, [0, 5]))
    with source:
        source.run(RunSteps(20), CFG)
    for name, index in chosen.items():
        assert monitors[name].steps(source.s_out).tolist() == [12, 15, 18]
        wanted = data[:, [11, 14, 17]][index]
        np.testing.assert_array_equal(monitors[name].dense(source.s_out), wanted.T)
        steps, indices, values = monitors[name].spikes(source.s_out)
        np.testing.assert_array_equal(values, data[indices, steps - 1])
        assert set(indices) == set(np.atleast_1d(np.arange(3)[index]))
        state = monitors[name].get_data()["source"]["data"]
        assert state.shape == (2, *data[index, [0, 5]].shape) if name != "list" else (2, 2)
        np.testing.assert_array_equal(state[1], data[index, [0, 5]])


def test_spikes_are_kept_as_events_and_expand_to_what_was_sent() -> None:
    cells = LIF(shape=(3, 4), bias_mant=np.arange(12.0).reshape(3, 4), vth=9.5, du=1.0)
    monitor, plain = Monitor(), Monitor()
    monitor.probe(cells.s_out)
    plain.probe(cells.s_out, 50)
    with cells:
        cells.run(RunSteps(50), CFG)
    dense = plain.get_data()[cells.name]["s_out"]
    np.testing.assert_array_equal(monitor.dense(cells.s_out), dense)
    steps, indices = monitor.spikes(cells.s_out)
    at, *who = np.nonzero(dense)
    assert sorted(zip(steps - 1, indices, strict=True)) == sorted(
        zip(at, np.ravel_multi_index(who, (3, 4)), strict=True)
    )


def test_the_var_of_a_part_and_a_type_that_changes_are_recorded() -> None:
    counter, outer, monitor = Counter(), HierarchicalSink(), Monitor()
    counter.out.connect(outer.inp)
    monitor.probe(outer.last)
    with counter:
        counter.run(RunSteps(4), Expand())
    assert monitor.dense(outer.last).ravel().tolist() == [1, 2, 3, 4]


def widens(model: Any) -> None:
    model.value = 7 if model.time_step < 3 else 2.5


def test_numbers_are_recorded_and_their_type_may_become_wider() -> None:
    holder, monitor = Holder(init=1, shape=(1,), on_step=widens), Monitor()
    monitor.probe(holder.value)
    with holder:
        holder.run(RunSteps(2), HoldAs(int, int))
        assert monitor.dense(holder.value).dtype.kind == "i"
        holder.run(RunSteps(2))
    assert monitor.dense(holder.value).tolist() == [[7.0], [7.0], [2.5], [2.5]]


def test_a_zero_in_a_message_is_no_spike() -> None:
    source, monitor = Source(data=np.array([[0, 3, 0, 1]]), name="source"), Monitor()
    monitor.probe(source.s_out)
    with source:
        source.run(RunSteps(4), CFG)
    steps, indices, values = monitor.spikes(source.s_out)
    assert (steps.tolist(), indices.tolist(), values.tolist()) == ([2, 4], [0, 0], [3, 1])


def test_recordings_go_to_a_file_when_memory_is_used_up(tmp_path: Path) -> None:
    cells, monitor = LIF(shape=(1000,), bias_mant=1.0, vth=1e9, du=1.0, dv=0.0), Monitor()
    monitor.probe(cells.v)
    with cells:
        cells.run(RunSteps(400), CFG, {"recording_memory": 1 << 20})
        assert cells.runtime.records.held <= 1 << 20
        assert cells.runtime.records.spilled > 2 << 20
    np.testing.assert_array_equal(monitor.dense(cells.v)[:, 7], np.arange(1.0, 401.0))


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_steps": -1}, "eye.probe: num_steps: expected an integer, at least 0, got -1"),
        ({"every": 0}, "eye.probe: every: expected an integer, at least 1, got 0"),
        ({"last": 2.5}, "eye.probe: last: expected an integer, at least 1, got 2.5"),
        ({"index": [0, 0]}, "eye.probe: index: expected every element at most once"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options: Any, text: str) -> None:
    with pytest.raises(InvalidValueError, match=text):
        Monitor(name="eye").probe(LIF(shape=(2,)).v, **options)


def test_an_index_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidIndexError, match=r"eye\.probe: index: expected one for shape"):
        Monitor(name="eye").probe(LIF(shape=(2,)).v, index=[5])


def test_a_target_is_probed_once() -> None:
    cells, monitor = LIF(shape=(2,), name="cells"), Monitor(name="eye")
    monitor.probe(cells.v)
    with pytest.raises(InvalidValueError, match="v of a Process named 'cells' is probed already"):
        monitor.probe(cells.v, every=2)


def test_probing_a_network_that_runs_is_refused_and_changes_nothing() -> None:
    counter, monitor = watched()
    with counter:
        counter.run(RunSteps(2), First())
        with pytest.raises(RuntimeStateError, match="network of counter is started"):
            Monitor().probe(counter.out)
        with pytest.raises(RuntimeStateError, match="network of eye is started"):
            monitor.probe(LIF(shape=(1,)).v)
        counter.run(RunSteps(2))
    assert counts_up_to_a_step_that_is_named(counter, monitor) == [4, 4]


def test_a_monitor_whose_network_was_never_started_says_so() -> None:
    cells, monitor = LIF(shape=(2,), name="cells"), Monitor(name="eye")
    monitor.probe(cells.s_out)
    for ask in (monitor.spikes, monitor.dense, monitor.steps, monitor.plot, monitor.to_pandas):
        with pytest.raises(RuntimeStateError, match=r"eye: nothing is recorded of cells\.s_out"):
            ask(cells.s_out)
    with pytest.raises(RuntimeStateError, match="not started"):
        monitor.raster()
    with pytest.warns(LavaActorWarning, match="not started"):
        assert monitor.get_data()["cells"]["s_out"].shape == (0, 2)
    with pytest.raises(MissingMemberError, match=r"cells\.v is not probed"):
        monitor.spikes(cells.v)


def test_recordings_are_not_set() -> None:
    monitor = Monitor(name="eye")
    monitor.probe(LIF(shape=(2,)).v)
    with pytest.raises(InvalidValueError, match=r"eye\.var_read_0\.set: .*this is a recording"):
        monitor.var_read_0.set(1)


# --- pictures and exports ------------------------------------------------------------------------


def ran(**config: Any) -> tuple[LIF, LIF, Monitor]:
    """Two populations: the first spikes in every 2nd, the second in every 3rd step."""
    one, two = (
        LIF(shape=(n,), bias_mant=1.0, vth=vth, du=1.0, dv=0.0, name=name)
        for n, vth, name in ((2, 1.5, "one"), (3, 2.5, "two"))
    )
    monitor = Monitor(name="eye")
    for each in (one, two):
        monitor.probe(each.s_out)
    monitor.probe(one.v, every=2)
    with monitor:
        monitor.run(RunSteps(6), CFG, config)
    return one, two, monitor


def test_a_raster_shows_who_spiked_when_target_above_target() -> None:
    _, two, monitor = ran()
    axes = monitor.raster()
    first, second = axes.lines
    assert set(zip(*first.get_data(), strict=True)) == {(t, i) for t in (2, 4, 6) for i in (0, 1)}
    assert set(zip(*second.get_data(), strict=True)) == {(t, i) for t in (3, 6) for i in (2, 3, 4)}
    assert axes.get_xlim() == (0.5, 6.5)
    own = plt.figure().gca()
    assert monitor.raster(two.s_out, own, color="k") is own
    assert set(own.lines[0].get_ydata()) == {0, 1, 2}
    assert own.get_title() == "two.s_out"


def test_a_raster_of_millions_of_spikes_draws_what_is_seen() -> None:
    from lava_actor.proc.monitor.pictures import PLACES, raster

    steps, indices = (a.ravel() for a in np.indices((12_000, 60)))
    assert steps.size > PLACES[0] * PLACES[1]
    for few, drawn in ((slice(None, None, 4), steps.size // 4), (slice(None), PLACES[0] * 60)):
        axes = plt.figure().gca()
        raster(axes, [("all", 60, steps[few] + 1, indices[few])], 12_000, None, {})
        shown = axes.lines[0]
        assert len(shown.get_xdata()) == drawn
        assert shown.get_xdata().max() - shown.get_xdata().min() > 11_980
        assert len(set(shown.get_ydata().tolist())) == len(set(indices[few].tolist()))
    plt.close("all")


def test_plots_are_lines_of_states_and_rasters_of_spikes() -> None:
    one, _, monitor = ran(step_length="0.5 ms")
    axes = monitor.plot(one.v)
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1.0, 2.0, 3.0]] * 2
    assert axes.get_xlabel() == "Time (ms)"
    marks = monitor.plot(one.s_out, ls=":", ms=3).lines[0]
    assert set(marks.get_xdata()) == {1.0, 2.0, 3.0}
    assert (marks.get_linestyle(), marks.get_markersize()) == (":", 3)
    assert monitor.plot(one.s_out).lines[0].get_linestyle() == "None"
    own = plt.figure().gca()  # as in Lava
    assert monitor.plot(own, one.s_out, "r--", label="spikes") is own
    assert [line.get_ydata().tolist() for line in own.lines] == monitor.dense(one.s_out).T.tolist()
    assert {(line.get_color(), line.get_linestyle()) for line in own.lines} == {("r", "--")}
    assert (own.get_title(), own.get_ylabel()) == ("one", "s_out")


def test_a_file_of_numpy_holds_all_targets(tmp_path: Path) -> None:
    one, _, monitor = ran()
    monitor.save_npz(tmp_path / "file.npz")
    with np.load(tmp_path / "file.npz") as found:
        assert found["one.s_out.steps"].tolist() == [2, 2, 4, 4, 6, 6]
        assert sorted(found["two.s_out.indices"].tolist()) == [0, 0, 1, 1, 2, 2]
        np.testing.assert_array_equal(found["one.v.rows"], monitor.dense(one.v))
        assert found["one.v.steps"].tolist() == [2, 4, 6]
        assert found["two.s_out.until"] == 6
        assert found["two.s_out.shape"].tolist() == [3]


def test_tables_of_pandas_have_a_line_per_spike_or_step() -> None:
    pytest.importorskip("pandas")
    one, two, monitor = ran()
    spikes = monitor.to_pandas(two.s_out)
    assert sorted(zip(spikes["step"], spikes["index"], strict=True)) == [
        (t, i) for t in (3, 6) for i in range(3)
    ]
    states = monitor.to_pandas()["one.v"]
    assert states.index.tolist() == [2, 4, 6]
    np.testing.assert_array_equal(states.to_numpy(), monitor.dense(one.v))
    _, other, timed = ran(step_length="2 ms")
    assert set(timed.to_pandas(other.s_out)["time (s)"]) == {0.006, 0.012}


def test_neo_gets_spike_trains_and_signals() -> None:
    pytest.importorskip("neo")
    _, _, monitor = ran(step_length="2 ms")
    (segment,) = monitor.to_neo().segments
    assert [train.name for train in segment.spiketrains] == [
        *(f"one.s_out[{i}]" for i in range(2)),
        *(f"two.s_out[{i}]" for i in range(3)),
    ]
    np.testing.assert_allclose(segment.spiketrains[-1].rescale("ms").magnitude, [6, 12])
    (signal_,) = segment.analogsignals
    assert signal_.shape == (3, 2)
    assert float(signal_.sampling_period.rescale("ms")) == pytest.approx(4)


def test_raster_plot_takes_what_a_monitor_recorded() -> None:
    """One row per step, said by name; else one per neuron, as in Lava."""
    spikes = np.array([[1, 0, 0], [0, 1, 0]])
    by_step = raster_plot(spikes, stride=1, rows="steps").gca().lines[0]
    assert sorted(zip(*by_step.get_data(), strict=True)) == [(0, 0), (1, 1)]
    assert raster_plot(spikes, stride=1, rows="steps").gca().get_xlim() == (-0.5, 1.5)
    with pytest.raises(InvalidValueError, match="expected 'neurons' or 'steps', got 'step'"):
        raster_plot(spikes, rows="step")


def test_a_killed_interpreter_leaves_no_file(tmp_path: Path, monkeypatch: Any) -> None:
    """Recordings lie in memory and on disk, both without a name."""
    program = """
    from lava_actor.proc.monitor.process import Monitor
    monitor = Monitor()
    monitor.probe(counter.count)
    counter.run(RunContinuous(), Loihi2SimCfg(), {"recording_memory": 0})
    while monitor.runtime.records.spilled < 100_000:
        pass
    print("here", flush=True)
    counter.wait()
    """
    (tmp_path / "spilled").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spilled"))
    with Script(tmp_path, program) as script:
        script.read_until("here")
        script.note_family()
        script.process.kill()
        script.assert_family_gone()
    assert list((tmp_path / "spilled").iterdir()) == []


def test_a_program_that_recorded_ends_without_a_word(tmp_path: Path) -> None:
    """What holds recordings is freed while modules are taken apart: no Python is left then."""
    program = """
    from lava_actor.proc.monitor.process import Monitor
    monitor = Monitor()
    monitor.probe(counter.count, num_steps=10)
    counter.run(RunSteps(10), run_cfg=Loihi2SimCfg())
    counter.stop()
    """
    with Script(tmp_path, program) as script:
        out, errors = script.process.communicate(timeout=60)
    assert (script.process.returncode, out, errors) == (0, "", "")


@pytest.mark.parametrize("index", [None, [0, 2]])
def test_values_in_the_other_order_of_bytes_are_recorded_as_what_they_are(index: Any) -> None:
    class Foreign(Counter):
        pass

    @implements(proc=Foreign, protocol=LoihiProtocol)
    class PyForeign(PyLoihiProcessModel):
        count: np.ndarray = LavaPyType(np.ndarray, np.int32)
        out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

        def run_spk(self) -> None:
            self.count = (self.count + 1).astype(">i4")
            self.out.send(self.count)

    counter, monitor = Foreign(shape=(3,)), Monitor()
    monitor.probe(counter.count, index=index)
    with counter:
        counter.run(RunSteps(3), First())
        assert counter.count.get().tolist() == [3, 3, 3]
        rows = monitor.dense(counter.count)
        assert np.array_equal(rows, np.full((3, 3 if index is None else 2), [[1], [2], [3]]))

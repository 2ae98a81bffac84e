"""A RefPort that only reads gets the Var as a message, and the same values as in turns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lava_actor
from lava_actor import (
    AbstractProcess,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.compiler.compiler import Compiler
from lava_actor.errors import InvalidValueError, ModelError
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.proc.bit_check.process import BitCheck
from lava_actor.proc.io.extractor import VarWire
from lava_actor.proc.io.reset import Reset
from lava_actor.proc.io.sink import LARGE, PyReadFloat, Read
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from tests.runtime.networks import First
from tests.runtime.tap_networks import (
    CONFIGS,
    TURNS,
    Owner,
    PyFreeReader,
    PyNumberOwner,
    PyOwner,
    PyReader,
    PySparseOwner,
    Reader,
    With,
    Writer,
    counting,
    csr,
    every,
    every_config,
    numbers_seen,
)

# --- the plan ----------------------------------------------------------------------------------


def described(process: AbstractProcess, run_cfg: Any = None, **config: Any) -> str:
    executable = Compiler(config).compile(process, run_cfg or First())
    text = executable.describe()
    assert bool(executable.turns) == ("only reads, but is no tap" in text or "ref ->" in text)
    executable.forget()
    return text


def test_all_readers_of_a_var_share_one_ring_and_the_network_runs_ahead() -> None:
    owner, readers = counting(), [Reader((3,), name=f"r{i}") for i in range(3)]
    for reader in readers:
        reader.ref.connect_var(owner.value)
    executable = Compiler().compile(owner, First())
    assert not executable.turns
    assert not executable.schedule.lockstep
    (tap,) = executable.proc_builders[owner].taps
    assert (tap.var, tap.readers) == ("value", (1, 2, 3))
    assert len(executable.arena.rings) == 1
    assert f"tap {owner.name}.value, after every step (ring 0)" in executable.describe()


def test_the_library_s_readers_are_taps() -> None:
    cells = LIF(shape=(3,))
    read, check, wire, monitor = Read(buffer=4), BitCheck(), VarWire(), Monitor()
    read.connect_var(cells.v)
    wire.connect_var(cells.v)
    check.connect_var(cells.v)
    monitor.probe(cells.v, 4)
    executable = Compiler().compile(cells, Loihi2SimCfg(select_tag="floating_pt"))
    assert not executable.turns
    assert not executable.schedule.lockstep
    assert len(executable.proc_builders[cells].taps[0].readers) == 4


def test_a_port_that_stays_served_says_why() -> None:
    owner, reader = counting(), Reader((3,), name="r")
    reader.ref.connect_var(owner.value)
    said = "r.ref only reads, but is no tap: "
    assert f"{said}compile_config asks for it" in described(owner, taps=False)

    writer = Writer((3,), name="w")
    writer.ref.connect_var(owner.value)
    assert f"{said}w.ref may write it" in described(owner)

    reader = Reader((3,), name="r")
    free = [SyncDomain("free", AsyncProtocol(), [reader])]
    reader.ref.connect_var(counting().value)
    run_cfg = With({Reader: PyFreeReader}, custom_sync_domains=free)
    executable = Compiler().compile(reader, run_cfg)
    assert f"{said}one of them runs freely" in executable.describe()
    assert not executable.turns

    one, other = Reader((1,), name="r"), Reader((1,), name="other")
    one.ref.connect_var(other.seen)
    assert f"{said}text is no array" in described(one)


def test_a_write_to_another_var_of_the_owner_leaves_the_tap_a_tap() -> None:
    owner, reader, writer = counting(), Reader((3,)), Writer((1,))
    reader.ref.connect_var(owner.value)
    writer.ref.connect_var(owner.count)
    executable = Compiler().compile(owner, First())
    assert [set(turn.members) for turn in executable.turns] == [{0, 2}]
    assert executable.proc_builders[owner].taps
    executable.forget()
    with owner:
        owner.run(RunSteps(5), First())
        assert numbers_seen(reader) == [(t, float(t)) for t in range(1, 6)]
        assert owner.count.get() == 10


# --- what is read ------------------------------------------------------------------------------

ODD = np.array([1.5, -0.0, np.nan, np.inf, 5e-324, -1.0])
KINDS: dict[str, tuple[type, tuple[int, ...], list[Any]]] = {
    "another dtype in every step": (
        PyOwner, (6,),
        [ODD, ODD.astype(np.float32), np.arange(6), ODD, np.arange(6, dtype=np.int8),
         ODD > 0, np.arange(6, dtype=np.uint64), ODD, ODD.astype(">f8"), ODD.astype(">f8"),
         np.arange(6, dtype=np.float16)],
    ),
    "other layouts": (
        PyOwner, (2, 3),
        [np.asfortranarray(ODD.reshape(2, 3)), np.arange(12.0)[::2].reshape(2, 3), ODD,
         ODD.reshape(2, 3)[:, ::-1], [[1, 2, 3], [4, 5, 6]], 7, 2.5, np.float32(3), True,
         np.asmatrix(ODD.reshape(2, 3)), ODD.reshape(3, 2), csr(np.eye(2, 3))],
    ),
    "what cannot be read": (PyOwner, (6,), [ODD, "text"]),
    "what does not fit": (PyOwner, (6,), [ODD, ODD.astype(complex)]),
    "another shape": (PyOwner, (6,), [ODD, np.zeros(5)]),
    "sparse": (
        PySparseOwner, (2, 3),
        [csr(np.eye(2, 3)), csr(ODD.reshape(2, 3)), -np.zeros((2, 3)), csr(np.eye(2, 3, 1))],
    ),
    "numbers": (PyNumberOwner, (1,), [3, 2.5, True, np.int8(3), np.array([4]), 5 + 0j]),
    "nothing": (PyOwner, (0, 2), [np.zeros((0, 2)), np.zeros((0, 2), np.int8)]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_owner_holds_is_read_with_the_same_bits_as_in_turns(kind: str) -> None:
    model, shape, values = KINDS[kind]
    found = []
    for config in (TURNS, {"taps": True}):
        owner, reader = Owner(values, shape, name="owner"), Reader(shape, name="reader")
        reader.ref.connect_var(owner.value)
        with owner:
            try:
                owner.run(RunSteps(len(values) + 1), With({Owner: model}), config)
                found.append(reader.seen.get())
                assert found[-1].count("\n") == len(values) + 1
            except ModelError as error:
                found.append(str(error.failures[0].message))
                assert "reader.ref" in found[-1]
    assert found[0] == found[1]


WAYS: dict[str, Any] = {
    "transpose": lambda p: p.transpose(),
    "flatten": lambda p: p.flatten(),
    "both": lambda p: p.transpose().reshape((6, 1)),
}


@pytest.mark.parametrize("way", WAYS)
def test_virtual_ports_rearrange_what_a_tap_delivers(way: str) -> None:
    found = []
    for config in (TURNS, {}):
        reader = Reader((2, 3))
        port = WAYS[way](reader.ref)
        owner = Owner([np.arange(6.0).reshape(port.shape) * t for t in range(4)], port.shape)
        port.connect(owner.door)
        with owner:
            owner.run(RunSteps(4), First(), config)
            found.append(reader.seen.get())
    assert found[0] == found[1]
    assert found[0].count("\n") == 4


@every_config
def test_who_reads_seldom_gets_the_value_of_that_very_step(config: dict[str, Any]) -> None:
    owner, readers = counting(), [Reader((3,), every=k) for k in (1, 7, 1000)]
    for reader in readers:
        reader.ref.connect_var(owner.value)
    with owner:
        for steps in (1, 0, 3, 26):
            owner.run(RunSteps(steps) if steps else RunSteps(1), First(), config)
        assert numbers_seen(readers[0]) == [(t, float(t)) for t in range(1, 32)]
        assert numbers_seen(readers[1]) == [(t, float(t)) for t in (7, 14, 21, 28)]
        assert numbers_seen(readers[2]) == []


class Rhythms(First):
    """Models that declare how often their Processes read."""

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return every(process.proc_params["every"]) if isinstance(process, Reader) else models[0]


@every_config
def test_a_var_is_published_in_the_steps_in_which_somebody_reads(config: dict[str, Any]) -> None:
    owner, readers = counting(), [Reader((3,), every=k) for k in (6, 9, 15)]
    for reader in readers:
        reader.ref.connect_var(owner.value)
    with owner:
        for steps in (1, 3, 26, 1):
            owner.run(RunSteps(steps), Rhythms(), config)
        for reader, k in zip(readers, (6, 9, 15), strict=True):
            assert numbers_seen(reader) == [(t, float(t)) for t in range(k, 32, k)]
        if config is not TURNS:
            (ring,) = owner.runtime.statistics()
            assert ring.transferred == 10
        owner.reset()
        owner.run(RunSteps(20))
        assert numbers_seen(readers[2]) == [(15, 15.0)]


@pytest.mark.parametrize("config", [{}, TURNS], ids=["tap", "turns"])
def test_to_read_in_another_step_than_was_declared_is_an_error(config: dict[str, Any]) -> None:
    owner, reader = counting(), Reader((3,), name="reader")
    reader.ref.connect_var(owner.value)
    said = r"reader\.ref\.read: expected a step t with t % 4 == 0, .* every=4; got step 1"
    with owner, pytest.raises(ModelError, match=said):
        owner.run(RunSteps(3), With({Reader: every(4)}), config)


SCHEDULES = [[(6, 2), (9, 5)], [(4, 3), (6, 1)], [(1000, 0)], [(7, 6)], [(1, 0), (5, 0)]]


@pytest.mark.parametrize("schedules", SCHEDULES, ids=str)
@pytest.mark.parametrize("config", [*CONFIGS.values(), {"placement": {"workers": 1}}], ids=str)
def test_read_has_the_var_of_its_steps_which_alone_are_published(
    schedules: list[tuple[int, int]], config: dict[str, Any]
) -> None:
    cells = LIF(shape=(LARGE,), bias_mant=1.0, vth=1e9, du=1.0, dv=0.0)
    readers = [Read(buffer=40, interval=k, offset=m) for k, m in schedules]
    for reader in readers:
        reader.connect_var(cells.v)
    steps = {t for k, m in schedules for t in range(m % k + 1, 33, k)}
    every = math.gcd(*(k for k, _ in schedules), *(m - schedules[0][1] for _, m in schedules))
    with cells:
        for number in (1, 3, 26, 2):
            cells.run(number, Loihi2SimCfg(select_tag="floating_pt"), config)
        for reader, (k, m) in zip(readers, schedules, strict=True):
            expected = [t for t in range(1, 33) if (t - 1) % k == m]
            assert reader.data.get()[0, : len(expected)].tolist() == expected
        if config is not TURNS:
            (ring,) = cells.runtime.statistics()
            assert ring.transferred == len(range(min(steps), 33, every))


def test_a_schedule_changes_to_steps_in_which_the_var_comes_and_to_no_others() -> None:
    cells = LIF(shape=(LARGE,), bias_mant=1.0, vth=1e9, du=1.0, dv=0.0)
    reader = Read(buffer=9, interval=4, offset=1, name="reader")
    reader.connect_var(cells.v)
    config = Loihi2SimCfg(select_tag="floating_pt")
    with cells:
        cells.run(8, config)
        said = r"reader\.interval: .* every 4 steps from step 2 on"
        with pytest.raises(InvalidValueError, match=said):
            reader.interval.set(6)
        reader.interval.set(8)
        cells.run(16)
        assert reader.data.get()[0].tolist() == [2, 6, 10, 18, 0, 0, 0, 0, 0]
        cells.stop()
        reader.interval.init = 6
        cells.run(20)
        assert reader.data.get()[0].tolist() == [2, 8, 14, 20, 0, 0, 0, 0, 0]


def test_the_schedule_for_a_small_var_changes_at_any_time() -> None:
    cells = LIF(shape=(3,), bias_mant=1.0, vth=1e9, du=1.0, dv=0.0)
    reader = Read(buffer=7, interval=4)
    reader.connect_var(cells.v)
    with cells:
        cells.run(4, Loihi2SimCfg(select_tag="floating_pt"))
        reader.interval.set(3)
        cells.run(6)
        assert reader.data.get()[0].tolist() == [1, 7, 10, 0, 0, 0, 0]


class PyReadWhenever(PyReadFloat):
    _la_hidden_from_discovery = True

    def post_guard(self) -> bool:
        return bool(self.time_step in (3, 5))


def test_a_subclass_that_reads_when_it_likes_has_the_var_of_every_step() -> None:
    cells = LIF(shape=(3,), bias_mant=1.0, vth=1e9, du=1.0, dv=0.0)
    reader = Read(buffer=2, interval=1000)
    reader.connect_var(cells.v)
    models = {Read: PyReadWhenever}
    with cells:
        config = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map=models)
        cells.run(8, config)
        assert reader.data.get()[0].tolist() == [3, 5]


class PyBehind(PyReader):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True, every=4, offset=-1)


def test_an_offset_moves_the_steps_in_which_a_port_may_be_read() -> None:
    owner, reader = counting(), Reader((3,), every=3, name="reader")
    reader.ref.connect_var(owner.value)
    said = r"reader\.ref\.read: expected a step t with t % 4 == 3, .* every=4; got step 6"
    with owner, pytest.raises(ModelError, match=said):
        owner.run(RunSteps(7), With({Reader: PyBehind}))


@every_config
def test_two_reads_in_a_step_give_the_same_value(config: dict[str, Any]) -> None:
    owner, reader = counting(), Reader((3,), every=2, times=3)
    reader.ref.connect_var(owner.value)
    with owner:
        owner.run(RunSteps(5), First(), config)
        assert numbers_seen(reader) == [(t, float(t)) for t in (2, 2, 2, 4, 4, 4)]


class Stream(AbstractProcess):
    """Adds its input to a Var that is learned, tidied, and set from outside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = Var((3,), init=0)
        self.out = OutPort((1,))


@implements(proc=Stream, protocol=LoihiProtocol)
class PyStream(PyLoihiProcessModel):
    value: np.ndarray = LavaPyType(np.ndarray, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.value += 1

    def lrn_guard(self) -> bool:
        return True

    def run_lrn(self) -> None:
        self.value += 10

    def post_guard(self) -> bool:
        return self.time_step % 2 == 0

    def run_post_mgmt(self) -> None:
        self.value += 100


@every_config
def test_a_tap_shows_the_var_after_learning_and_post_management_and_what_was_set(
    config: dict[str, Any],
) -> None:
    owner, reader = Stream(), Reader((3,))
    reader.ref.connect_var(owner.value)
    with owner:
        owner.run(RunSteps(3), First(), config)
        owner.value.set(np.full(3, 1000.0))
        owner.run(RunSteps(2))
        expected = [(1, 11.0), (2, 122.0), (3, 133.0), (4, 1111.0), (5, 1122.0)]
        assert numbers_seen(reader) == expected
        owner.reset()
        owner.run(RunSteps(1))
        assert numbers_seen(reader)[-1][1] == 11.0


def test_a_saved_network_goes_on_reading(tmp_path: Path) -> None:
    owner, reader = Stream(name="owner"), Reader((3,), every=2, name="reader")
    reader.ref.connect_var(owner.value)
    with owner:
        owner.run(RunSteps(3), First())
        rings = owner.runtime._arena.plan.rings
        arena = owner.runtime._arena
        queued = [arena.reader(r.index, 0).available() for r in rings if r.readers]
        assert queued == [0]  # who has done a step has consumed it
        owner.save(tmp_path / "paused")
        owner.run(RunSteps(3))
        whole = reader.seen.get()
    loaded = lava_actor.load(tmp_path / "paused")
    with loaded:
        loaded.run(RunSteps(3))
        again = next(p for p in loaded.runtime.executable.process_list if p.name == "reader")
        assert again.seen.get() == whole


# --- order -------------------------------------------------------------------------------------


def test_a_writer_that_reads_a_tap_goes_where_turns_would_have_let_it_go() -> None:
    found = []
    for config in (TURNS, {}):
        cells = LIF(shape=(3,), vth=10.0, bias_mant=1.0, name="cells")
        reset = Reset(reset_value=0.0, interval=3)
        reset.connect_var(cells.v)
        monitor = Monitor()
        monitor.probe(cells.v, 10)
        other = Monitor()
        other.probe(cells.u, 10)
        with cells:
            cells.run(RunSteps(10), Loihi2SimCfg(select_tag="floating_pt"), config)
            found.append(monitor.get_data()["cells"]["v"])
    assert np.array_equal(found[0], found[1])
    assert found[0].max() == 2.0


class Showing(LIF):
    """Has what it sent last as a Var."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.s_out_buff = Var(self.proc_params["shape"], init=0)


class PyShowing(PyLifModelFloat):
    s_out_buff: np.ndarray = LavaPyType(np.ndarray, bool)


def test_what_a_native_step_keeps_besides_its_state_is_that_of_every_step() -> None:
    found = []
    for config in (TURNS, {}):
        cells, monitor = Showing(shape=(9,), vth=1.0, bias_mant=np.linspace(0, 0.5, 9)), Monitor()
        for target in (cells.s_out_buff, cells.s_out):
            monitor.probe(target)
        with cells:
            for steps in (1, 30):
                cells.run(RunSteps(steps), With({Showing: PyShowing}), config)
        found.append(monitor.dense(cells.s_out_buff).tolist())
        assert found[-1] == monitor.dense(cells.s_out).tolist()
    assert found[0] == found[1]
    assert np.any(found[0])


@pytest.mark.filterwarnings("ignore:.*is full after")
def test_a_monitor_records_natively_what_it_records_in_turns_and_in_lockstep() -> None:
    found = []
    for config in (TURNS, CONFIGS["lockstep"], {}):
        cells = LIF(shape=(60,), vth=1.0, bias_mant=np.linspace(0, 0.5, 60), name="cells")
        monitors = [Monitor() for _ in range(3)]
        for target in (cells.v, cells.s_out):
            monitors[0].probe(target, 30)
            monitors[1].probe(target, every=3)
            monitors[2].probe(target, last=7, index=[5, 59, 40])
        with cells:
            for steps in (1, 39):
                cells.run(RunSteps(steps), Loihi2SimCfg(select_tag="floating_pt"), config)
                cells.u.set(np.full(60, 0.25))
            cells_at_the_end = cells.v.get()[[5, 59, 40]].tolist()
        data = [monitor.get_data()["cells"] for monitor in monitors]
        found.append([(d[name].dtype, d[name].tobytes()) for d in data for name in ("v", "s_out")])
        assert data[0]["s_out"].any()
        assert [d["v"].shape for d in data] == [(30, 60), (13, 60), (7, 3)]
        assert data[2]["v"][-1].tolist() == cells_at_the_end
    assert found[0] == found[1] == found[2]

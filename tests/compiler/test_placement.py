"""Where Processes are cut, read from plans: no process is started."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg, LoihiProtocol
from lava_actor.channels.layout import RingRequest
from lava_actor.compiler.circles import circles
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.executable import Executable, InPortPlan
from lava_actor.compiler.parts import name_of_whole
from lava_actor.compiler.placement import deciding
from lava_actor.compiler.placement.cores import cores
from lava_actor.compiler.placement.costs import work_of
from lava_actor.errors import (
    InvalidTypeError,
    InvalidValueError,
    LavaActorWarning,
    UnsupportedError,
)
from lava_actor.model.cuts import why_not
from lava_actor.model.decorator import implements
from lava_actor.model.ports import PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType
from lava_actor.proc.connectivity import fixed_indegree
from lava_actor.proc.dense.models import PyDenseModelFloat
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.rf.process import RF
from lava_actor.proc.sparse.process import Sparse
from lava_actor.process import AbstractProcess
from lava_actor.process.ports import OutPort
from lava_actor.protocol.rows import Rows, joined
from tests.runtime.parted_networks import Parted


def compiled(process: Any, placement: Any, tag: str = "floating_pt") -> Executable:
    executable = Compiler({"placement": placement}).compile(process, Loihi2SimCfg(select_tag=tag))
    executable.forget()
    return executable


def recurrent(n: int = 6) -> tuple[LIF, Dense]:
    lif = LIF(shape=(n,), name="lif")
    dense = Dense(weights=np.eye(n), name="recurrent")
    lif.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    return lif, dense


def received(port: InPortPlan, messages: dict[int, np.ndarray]) -> np.ndarray:
    """What an in-port sums up if each ring holds a message."""
    size = int(np.prod(port.shape))
    total = np.zeros(size + port.spills)
    for edge in port.edges:
        message = np.concatenate([messages[ring] for ring, _ in edge.pieces])
        if edge.index_map is None:
            total += message
        else:
            np.add.at(total, edge.index_map, message)
    return total[:size]


@pytest.mark.parametrize("seed", range(20))
def test_parts_receive_and_send_what_the_whole_does(seed: int) -> None:
    network = Parted(seed)
    placement = network.placement()
    first = network.lifs[0]
    whole, parted = compiled(first, "actors"), compiled(first, placement)
    numbers = np.random.default_rng(seed)
    messages: dict[int, np.ndarray] = {}
    pieces: dict[int, np.ndarray] = {}
    for plan in whole.actors:
        parts = [part for part in parted.actors if part.process is plan.process]
        assert len(parts) == placement[plan.name]
        (port,) = plan.out_ports
        if port.ring is None:
            continue
        message = messages[port.ring] = numbers.normal(size=int(np.prod(port.shape)))
        sizes = [int(np.prod(part.out_ports[0].shape)) for part in parts]
        for part, own in zip(parts, np.split(message, np.cumsum(sizes)[:-1]), strict=True):
            ring = part.out_ports[0].ring
            assert ring is not None
            assert parted.arena.rings[ring].size == own.size
            pieces[ring] = own
    for plan in whole.actors:
        (port,) = plan.in_ports
        expected = received(port, messages)
        parts = [part.in_ports[0] for part in parted.actors if part.process is plan.process]
        if plan.process in network.connections:
            assert all(np.array_equal(received(part, pieces), expected) for part in parts)
        else:
            got = np.concatenate([received(part, pieces) for part in parts])
            assert np.array_equal(got, expected)


def test_every_cursor_of_a_cut_network_belongs_to_one_port() -> None:
    network = Parted(3)
    executable = compiled(network.lifs[0], dict.fromkeys(network.everybody(), 3))
    used = [
        place for a in executable.actors for p in a.in_ports for e in p.edges for place in e.pieces
    ]
    expected = [(r.index, c) for r in executable.arena.rings for c in range(len(r.readers))]
    assert sorted(used) == expected
    for actor in executable.actors:
        for port in actor.in_ports:
            for ring, cursor in (place for edge in port.edges for place in edge.pieces):
                plan = executable.arena.rings[ring]
                assert plan.readers[cursor] == actor.party
                assert plan.reader_names[cursor] == f"{actor.name}.{port.name}"


def test_a_part_beside_the_neurons_it_feeds_is_read_by_no_other() -> None:
    lif, _ = recurrent(7)
    executable = compiled(lif, {"lif": 3, "recurrent": 3})
    parts = [plan for plan in executable.actors if plan.process is lif]
    for part in parts:
        (edge,) = part.in_ports[0].edges
        assert (edge.more, edge.index_map) == ((), None)
        assert not part.in_ports[0].spills


class Short(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.s_out = OutPort(shape=(12,))


@implements(proc=Short, protocol=LoihiProtocol)
class PyShort(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int16)


def test_parts_of_what_steps_natively_do_so_as_well() -> None:
    other = LIF(shape=(12,), name="other")
    Short().s_out.connect(other.a_in)
    for parts in (1, 5):
        text = compiled(other, {"other": parts}, "fixed_pt").describe()
        assert text.count("<- PyLifModelBitAcc, steps natively") == parts


def test_describe_names_parts_and_their_rows() -> None:
    lif, _ = recurrent(7)
    text = compiled(lif, {lif: 2}).describe()
    assert "lif is cut into 2 parts: rows 0-2, 3-6" in text
    assert "lif part 2 of 2 <- PyLifModelFloat, steps natively" in text


def test_describe_says_of_a_crowd_that_it_could_share(monkeypatch: pytest.MonkeyPatch) -> None:
    hint = "2 actors have a process each, of some 10 MB: with"
    for crowd, placement, said in ((1, "actors", True), (1, "cores", False), (99, "actors", False)):
        monkeypatch.setattr("lava_actor.compiler.executable.CROWD", crowd)
        monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0})
        assert (hint in compiled(recurrent()[0], placement).describe()) is said


def circle(n: int, size: int = 4) -> list[LIF]:
    """Populations, each of which feeds the next one, and the last the first."""
    neurons = [LIF(shape=(size,), name=f"n{i}") for i in range(n)]
    for one, other in zip(neurons, [*neurons[1:], neurons[0]], strict=True):
        synapses = Dense(weights=np.eye(size))
        one.s_out.connect(synapses.s_in)
        synapses.a_out.connect(other.a_in)
    return neurons


def test_circles_are_found_with_all_their_members_and_only_these() -> None:
    ways = {0: (1, 4), 1: (2,), 2: (0, 3), 3: (3,), 4: (5,), 5: (4,), 6: (9,)}
    rings = [
        RingRequest(f"r{w}", (1,), "<i8", False, None, w, r, tuple(map(str, r)))
        for w, r in ways.items()
    ]
    assert circles(range(7), rings) == [[0, 1, 2], [4, 5]]
    assert circles([0, 2, 3, 4, 5], rings) == [[4, 5]]  # the way through 1 does not count
    assert circles([0], []) == []


def test_actors_that_wait_for_each_other_in_every_step_stay_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1})
    hint = "6 actors wait for each other in every step, in turns on 2 cores"
    for placement, n_workers, said in (("actors", 0, True), ("cores", 1, False),
                                       ({"workers": 2}, 2, False)):  # fmt: skip
        executable = compiled(circle(3)[0], placement)
        homes = {plan.worker for plan in executable.actors}
        assert len(homes - {None}) == n_workers
        assert (hint in executable.describe()) is said
    large = compiled(circle(3, 3000)[0], "cores")  # works long enough to wait for another
    assert len({plan.worker for plan in large.actors}) == 2
    assert "wait for each other" not in compiled(circle(1)[0], "actors").describe()


def test_cutting_by_the_compiler_leaves_whole_what_it_cannot_cut_and_says_why() -> None:
    lif, _ = recurrent()
    monitor, sink = Monitor(name="watch"), Sink(shape=(6,), buffer=5, name="sink")
    monitor.probe(lif.v, 5)
    lif.s_out.connect(sink.a_in)
    executable = compiled(lif, "cores")
    assert len(executable.actors) == 4
    text = executable.describe()
    if executable.placement.cores > 1:
        assert "sink is not cut: PyReceiveModelFloat declares no cut" in text
        assert "lif is not cut: it is small" in text


def test_what_keeps_a_core_busy_is_cut_into_as_many_parts_as_there_are_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1, 2})
    monkeypatch.setattr("lava_actor.compiler.placement.cores._quotas", lambda *_: [])
    lif = LIF(shape=(400_000,), name="lif")
    many = Sparse(weights=fixed_indegree((400_000, 400_000), 200), name="many")
    few = Sparse(weights=fixed_indegree((400_000, 400_000), 1), name="few")
    for connection in (many, few):
        lif.s_out.connect(connection.s_in)
        connection.a_out.connect(lif.a_in)
    found = compiled(lif, "cores").placement
    assert {cut.name: len(cut.parts) for cut in found.cuts} == {"lif": 3, "many": 3, "few": 3}
    assert len({cut.parts for cut in found.cuts}) == 1  # each part beside the neurons it feeds


def balanced() -> list[Any]:
    """Populations of 400 000 and 100 000, and connections between all of them."""
    sizes = {"exc": 400_000, "inh": 100_000}
    cells = {name: LIF(shape=(size,), name=name) for name, size in sizes.items()}
    for pre, post in [("exc", "exc"), ("exc", "inh"), ("inh", "exc"), ("inh", "inh")]:
        recipe = fixed_indegree((sizes[post], sizes[pre]), sizes[pre] // 1000)
        connection = Sparse(weights=recipe, name=f"{pre}->{post}")
        cells[pre].s_out.connect(connection.s_in)
        connection.a_out.connect(cells[post].a_in)
    return list(cells.values())


def test_auto_cuts_what_takes_more_than_its_share_of_the_work_done_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(8)))
    monkeypatch.setattr("lava_actor.compiler.placement.cores._quotas", lambda *_: [])
    found = compiled(balanced()[0], "auto").placement
    parts = {cut.name: len(cut.parts) for cut in found.cuts}
    assert parts == {"exc": 7, "inh": 2, "exc->exc": 6, "exc->inh": 2, "inh->exc": 2}
    assert dict(found.whole)["inh->inh"] == (
        "it is no more than the work of one core: 303 microseconds per step"
    )
    found = compiled(balanced()[0], ("auto", {"exc->exc": 3, "exc": 1})).placement
    parts = {cut.name: len(cut.parts) for cut in found.cuts}
    assert parts == {"inh": 2, "exc->exc": 3, "exc->inh": 2, "inh->exc": 2}


def test_only_groups_in_which_a_core_ends_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four fifths of the work are excitatory neurons and what feeds them."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(2)))
    monkeypatch.setattr("lava_actor.compiler.placement.cores._quotas", lambda *_: [])
    executable = compiled(balanced()[0], "cores")
    found = executable.placement
    assert {cut.name for cut in found.cuts} == {"exc", "exc->exc", "inh->exc"}
    (rows,) = {cut.parts for cut in found.cuts}
    assert [part.end for part in rows] == [pytest.approx(250_000, rel=0.01), 400_000]
    homes = {plan.name: plan.worker for plan in executable.actors}
    assert {homes[name] for name in homes if name.endswith("part 1 of 2")} == {0}
    assert {homes[name] for name in homes if not name.endswith("part 1 of 2")} == {1}
    assert dict(found.whole)["inh"] == (
        "it is no more than the work of one core: 200 microseconds per step"
    )


@pytest.mark.parametrize("workers", [2, 3, 7, 16])
def test_cores_have_equal_shares_and_few_groups_are_cut(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Populations of all sizes, connected at random: whatever they are, only ends of cores cut."""
    monkeypatch.setattr(deciding, "cores", lambda: workers)
    rng = np.random.default_rng(workers)
    sizes = rng.integers(1_000, 60_000, 9)
    cells = [LIF(shape=(int(n),), name=f"n{k}") for k, n in enumerate(sizes)]
    ways = [(k, (k + 1) % 9) for k in range(9)] + [tuple(rng.integers(0, 9, 2)) for _ in range(30)]
    for k, (pre, post) in enumerate(ways):
        shape = int(sizes[post]), int(sizes[pre])
        connection = Sparse(weights=fixed_indegree(shape, 1000), name=f"c{k}->n{post}")
        cells[pre].s_out.connect(connection.s_in)
        connection.a_out.connect(cells[post].a_in)
    executable = compiled(cells[0], "cores")
    loads, homes = dict.fromkeys(range(workers), 0.0), {}
    for plan in executable.actors:
        assert plan.worker is not None
        loads[plan.worker] += work_of(plan, {})
        goal = name_of_whole(plan.name).split("->")[-1]
        number = plan.part.number if plan.part else 0
        assert homes.setdefault((goal, number), plan.worker) == plan.worker  # beside what it feeds
    assert max(loads.values()) < 1.15 * sum(loads.values()) / workers
    assert len({cut.name.split("->")[-1] for cut in executable.placement.cuts}) < workers
    ends = {cut.name.split("->")[-1]: cut.parts for cut in executable.placement.cuts}
    assert all(ends[cut.name.split("->")[-1]] == cut.parts for cut in executable.placement.cuts)


def test_what_was_measured_takes_the_place_of_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(8)))
    monkeypatch.setattr("lava_actor.compiler.placement.cores._quotas", lambda *_: [])
    costs = {"exc": 2e-6, "inh": 400e-6, "exc->exc": 1e-6, "exc->inh": 1e-6, "inh->exc": 1e-6}
    found = compiled(balanced()[0], ("cores", {"measured": costs})).placement
    parts = {cut.name: len(cut.parts) for cut in found.cuts}
    assert parts == {"inh": 8, "exc->inh": 8, "inh->inh": 8}
    assert dict(found.whole)["exc"] == "it is small: 2 microseconds per step"


def test_what_was_measured_of_nobody_is_told() -> None:
    def network() -> LIF:
        return LIF(shape=(4,), name="lif")

    with pytest.warns(LavaActorWarning, match=r"measured of 'life' has no effect.*'lif'"):
        compiled(network(), {"measured": {"lif": 1e-6, "life": 1e-6}})
    with pytest.warns(LavaActorWarning, match=r"measured of 'Process_7' has no effect"):
        compiled(network(), {"measured": {"Process_7": 1e-6}})
    compiled(network(), {"measured": {"lif": 1e-6, "Process_7": 1e-6}})  # a Monitor of then


def test_workers_have_equal_shares_of_what_was_measured() -> None:
    lifs = [LIF(shape=(4,), name=f"lif{k}") for k in range(4)]
    for one, other in pairwise(lifs):
        one.s_out.connect(other.a_in)
    costs = {"lif0": 3e-6, "lif1": 1e-6, "lif2": 1e-6, "lif3": 1e-6}
    found = compiled(lifs[0], {"workers": 2, "measured": costs})
    homes = {plan.name: plan.worker for plan in found.actors}
    assert homes == {"lif0": None, "lif1": 0, "lif2": 0, "lif3": 0}


def test_on_one_core_nothing_is_cut_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0})
    for mode in ("auto", "cores"):
        assert not compiled(balanced()[0], mode).placement.cuts
    assert compiled(balanced()[0], ("auto", {"inh": 2})).placement.cuts


def test_what_cannot_be_cut_is_refused_by_name() -> None:
    class Own(PyLifModelFloat):
        def on_start(self) -> None:
            pass

    lif, _ = recurrent()
    sink = Sink(shape=(6,), buffer=5, name="sink")
    lif.s_out.connect(sink.a_in)
    with pytest.raises(UnsupportedError, match=r"sink cannot be cut .*declares no cut"):
        compiled(lif, {"sink": 2})
    with pytest.raises(UnsupportedError, match="lif cannot be cut into 7 parts: it has 6 neurons"):
        compiled(lif, {lif: 7})
    assert "on_start of its own" in str(why_not(Own))
    assert why_not(PyLifModelFloat) is why_not(PyDenseModelFloat) is None


@pytest.mark.parametrize(
    ("placement", "error", "says"),
    [
        ("core", InvalidValueError, "expected 'actors', 'cores', 'auto', a dict"),
        (3, InvalidValueError, "expected 'actors', 'cores', 'auto', a dict"),
        ({"life": 2}, InvalidValueError, "no model .* runs a Process 'life'.*'lif'"),
        (("auto", 3), InvalidValueError, "a pair of both, got .'auto', 3."),
        (("auto", {"lift": 2}), InvalidValueError, "no model .* runs a Process 'lift'"),
        ({"lif": 0}, InvalidValueError, "at least one part of lif, got 0"),
        ({"lif": 2.0}, InvalidTypeError, "a number of parts of lif, got 2.0"),
        ({"lif": True}, InvalidTypeError, "a number of parts of lif, got True"),
        ({"measured": {"lif": -1.0}}, InvalidValueError, "seconds per step by name"),
        ({"measured": 3}, InvalidValueError, "as runtime.costs.. returns them, got 3"),
    ],
)
def test_a_placement_that_makes_no_sense_is_refused(
    placement: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        compiled(recurrent()[0], placement)


def test_parameters_per_neuron_where_there_should_be_one_keep_a_process_whole() -> None:
    neurons = RF(shape=(4,), period=7, alpha=0.1, name="neurons")
    neurons.vth.init = np.full(4, 0.1)
    neurons.s_out.connect(Dense(weights=np.eye(4)).s_in)
    with pytest.raises(UnsupportedError, match="vth has a value per neuron, the native step"):
        compiled(neurons, {"neurons": 2})


@pytest.mark.parametrize("shape", [(7,), (7, 3), (1, 7), (7, 1, 2)])
def test_the_parts_of_a_value_joined_are_the_value(shape: tuple[int, ...]) -> None:
    value = np.random.default_rng(0).normal(size=shape)
    parts = [Rows(0, 2, 7), Rows(2, 3, 7), Rows(3, 7, 7)]
    taken = [part.of(value, shape, "p.x") for part in parts]
    assert [part.shape for part in taken] == [part.shape(shape) for part in parts]
    assert np.array_equal(joined(taken, shape), value)


def test_cores_are_those_of_affinity_and_of_every_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(16)))
    assert cores(tmp_path, "0::/a/b\n") == 16
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/cpu.max").write_text("max 100000\n")
    (tmp_path / "a/cpu.max").write_text("350000 100000\n")
    assert cores(tmp_path, "0::/a/b\n") == 3
    (tmp_path / "a/b/cpu.max").write_text("50000 100000\n")
    assert cores(tmp_path, "0::/a/b\n") == 1
    (tmp_path / "cpu/x").mkdir(parents=True)
    (tmp_path / "cpu/x/cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu/x/cpu.cfs_period_us").write_text("100000\n")
    assert cores(tmp_path, "4:cpu,cpuacct:/x\n") == 16
    (tmp_path / "cpu/x/cpu.cfs_quota_us").write_text("200000\n")
    assert cores(tmp_path, "4:cpu,cpuacct:/x\n") == 2


def test_a_recipe_onto_one_neuron_stays_whole() -> None:
    lif, goal = LIF(shape=(7,), name="lif"), LIF(shape=(1,), name="goal")
    synapses = Sparse(weights=fixed_indegree((1, 7), 3), name="synapses")
    lif.s_out.connect(synapses.s_in)
    synapses.a_out.connect(goal.a_in)
    for placement in ("cores", "auto"):
        assert len(compiled(lif, placement).actors) == 3
    with pytest.raises(UnsupportedError, match=r"synapses cannot be cut .*it has one neuron"):
        compiled(lif, {"synapses": 2})

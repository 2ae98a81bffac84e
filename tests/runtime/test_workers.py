"""Several actors share a process, and each is all that it would be in one of its own."""

from __future__ import annotations

import os
import signal
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    InPort,
    Loihi2SimCfg,
    RunContinuous,
    RunSteps,
    Var,
)
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.executable import Executable
from lava_actor.compiler.placement import deciding
from lava_actor.errors import (
    ActorDiedError,
    DeadlockError,
    InvalidTypeError,
    InvalidValueError,
)
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.connectivity import fixed_total_number
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.lif.models import AbstractPyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse
from lava_actor.runtime.actor.worker import Worker
from tests.conftest import launcher_pid

FLOAT = Loihi2SimCfg(select_tag="floating_pt")


class FloatLif(AbstractPyLifModelFloat):
    """What the models here have in common."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)


class Odd(LIF):
    """Its model steps in Python, which shows only once it is built."""


@implements(proc=Odd, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class OddModel(FloatLif):
    def on_start(self) -> None:
        self.bias_mant = self.bias_mant.astype(np.float32)
        print("odd")


class Touchy(LIF):
    """Its model lets nobody set a Var."""


@implements(proc=Touchy, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class TouchyModel(FloatLif):
    def on_var_update(self) -> None:
        raise ArithmeticError("not mine")


class Learns(LIF):
    """Its model has a phase after spiking."""


@implements(proc=Learns, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class LearnsModel(FloatLif):
    def post_guard(self) -> bool:
        return True


class Asks(AbstractProcess):
    """Asks for a pause in a step."""

    def __init__(self, step: int) -> None:
        super().__init__(step=step)
        self.a_in = InPort(shape=(9,))


class AskingModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        self.a_in.recv()
        if self.time_step == self.proc_params["step"]:
            self._req_pause = True


@implements(proc=Asks, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class AsksModel(AskingModel):
    pass


class AsksLate(Asks):
    """The same, with a guard."""


@implements(proc=AsksLate, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class AsksLateModel(AskingModel):
    def post_guard(self) -> bool:
        return True


class Refusing(LIF):
    """Its model cannot be built."""


@implements(proc=Refusing, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class RefusingModel(FloatLif):
    def on_start(self) -> None:
        raise ArithmeticError("refused")


def chain(n: int, middle: type[LIF] = LIF) -> tuple[list[LIF], list[Dense]]:
    """Populations in a row, the last of which reaches the first again."""
    rng = np.random.default_rng(3)
    lifs, links = [], []
    for k in range(n):
        kind = middle if k == n // 2 else LIF
        bias = rng.uniform(0, 0.5, 9)
        lifs.append(kind(shape=(9,), du=0.3, dv=0.1, vth=1.0, bias_mant=bias, name=f"lif{k}"))
    for k in range(n):
        links.append(Dense(weights=rng.normal(0, 0.5, (9, 9)), name=f"link{k}"))
        lifs[k].s_out.connect(links[k].s_in)
        links[k].a_out.connect(lifs[(k + 1) % n].a_in)
    return lifs, links


def compiled(process: Any, placement: Any, **config: Any) -> Executable:
    executable = Compiler({"placement": placement, **config}).compile(process, FLOAT)
    executable.forget()
    return executable


# -- who shares ------------------------------------------------------------------------------------


def test_neighbours_share_a_worker() -> None:
    lifs, _ = chain(8)
    plans = compiled(lifs[0], {"workers": 2}).actors
    crossing = 0
    for k in range(8):
        workers = {
            p.worker for p in plans if p.name in (f"lif{k}", f"link{k}", f"lif{(k + 1) % 8}")
        }
        crossing += len(workers) - 1
    assert crossing == 2
    sizes = [sum(p.worker == w for p in plans) for w in (0, 1)]
    assert sum(sizes) == 16
    assert abs(sizes[0] - sizes[1]) <= 2


def test_parts_share_a_worker_with_the_parts_that_feed_them() -> None:
    lifs, links = chain(2)
    cut: dict[Any, int] = dict.fromkeys([*lifs, *links], 3)
    plans = compiled(lifs[0], cut | {"workers": 3}).actors
    assert all(plan.part is not None and plan.worker == plan.part.number for plan in plans)


def test_describe_says_who_shares_and_why_others_do_not() -> None:
    lifs, _ = chain(2)
    sink = Sink(shape=(9,), buffer=3, name="sink")
    lifs[0].s_out.connect(sink.a_in)
    text = compiled(lifs[0], {"workers": 1}).describe()
    assert "1 worker, shared by several actors each" in text
    assert text.count("in worker 0") == 5
    learns = Learns(shape=(9,))
    learns.s_out.connect(AsksLate(3).a_in)
    phased = compiled(learns, {"workers": 1})
    assert "all meet in every phase of a step" in phased.describe()
    assert "in worker" not in phased.describe()


@pytest.mark.filterwarnings("always:.*is full after")
def test_who_records_what_is_sent_shares_and_speaks_for_itself(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found, said = [], []
    for placement in ("actors", {"workers": 1}):
        lifs, links = chain(3)
        watch = Monitor(name="watch")
        watch.probe(lifs[0].s_out, 20)
        watch.probe(links[0].a_out)
        with lifs[0]:
            lifs[0].run(RunSteps(40), FLOAT, {"placement": placement})
            told = lifs[0].runtime.executable.describe()
            assert ("watch <- PyMonitorModel.of.watch, steps natively, in worker 0" in told) is (
                placement != "actors"
            )
            found.append([watch.get_data()[p.name] for p in (lifs[0], links[0])])
        said.append([x for x in capfd.readouterr().err.splitlines() if "lif0.s_out is full" in x])
    assert [line[:8] for lines in said for line in lines] == ["[watch] "] * 2
    for name, port in (("lif0", "s_out"), ("link0", "a_out")):
        one, other = (part[("lif0", "link0").index(name)][port] for part in found)
        assert one.any()
        assert one.tobytes() == other.tobytes()


def test_who_samples_vars_has_a_process_of_its_own() -> None:
    lifs, _ = chain(2)
    watch = Monitor(name="watch")
    watch.probe(lifs[0].v, 5)
    assert "watch has a process of its own" in compiled(lifs[0], {"workers": 1}).describe()


def test_a_wrong_guess_of_what_connections_cost_does_not_put_populations_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deciding, "cores", lambda: 4)
    lifs = [LIF(shape=(1000,), name=f"n{k}") for k in range(8)]
    for before, after in pairwise(lifs):
        synapses = Sparse(weights=fixed_total_number((1000, 1000), 6_000_000), name="synapses")
        before.s_out.connect(synapses.s_in)
        synapses.a_out.connect(after.a_in)
    plans = compiled(lifs[0], "cores").actors
    neurons: Counter[int | None] = Counter()
    for plan in plans:
        if plan.name.startswith("n"):
            neurons[plan.worker] += plan.out_ports[0].shape[0]
    assert all(1000 < count < 3500 for count in neurons.values())


def test_rings_within_a_worker_are_short_and_those_between_workers_not_long() -> None:
    lifs, _ = chain(4)
    given = {"pypy_channel_size": 9}
    for config, within, between in (({}, 4, 16), (given, 9, 9)):
        executable = compiled(lifs[0], {"workers": 2}, **config)
        home = [plan.worker for plan in executable.actors]
        for ring in executable.arena.rings:
            inside = len({home[party] for party in (ring.writer, *ring.readers)}) == 1
            assert ring.depth == (within if inside else between)
    assert {ring.depth for ring in compiled(lifs[0], "actors").arena.rings} == {256}


def test_who_may_ask_for_a_pause_meets_others_in_every_phase_only_if_both_have_guards() -> None:
    for asks, together in ((Asks(3), False), (AsksLate(3), True)):
        learns = Learns(shape=(9,))
        learns.s_out.connect(asks.a_in)
        schedule = compiled(learns, None).schedule
        assert schedule.lockstep
        assert schedule.phase_barriers is together


def test_in_lockstep_who_steps_natively_shares_unless_told_otherwise() -> None:
    lifs, _ = chain(5)
    assert {p.worker for p in compiled(lifs[0], None, schedule="lockstep").actors} == {0}
    assert {p.worker for p in compiled(lifs[0], None).actors} == {None}
    for placement in ({"workers": 10}, "actors", {lifs[0]: 2}):
        told = compiled(lifs[0], placement, schedule="lockstep")
        assert {p.worker for p in told.actors} == {None}


@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [(0, InvalidValueError, "at least one worker"), ("2", InvalidTypeError, "number of workers")],
)
def test_a_useless_number_of_workers_is_refused(
    workers: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        compiled(LIF(shape=(1,)), {"workers": workers})


# -- one process -----------------------------------------------------------------------------------


def processes() -> list[int]:
    """The processes of its actors: children of the service, which is a child of the launcher."""
    (service,) = psutil.Process(launcher_pid()).children()
    return [child.pid for child in service.children()]


def test_a_network_of_one_worker_has_one_process() -> None:
    lifs, _ = chain(5)
    with lifs[0]:
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
        assert len(processes()) == 1
        status = lifs[0].runtime.status()
        assert {actor.worker for actor in status} == {0}
        assert "lif0 (PyLifModelFloat) in worker 0: step 5" in str(status[0])


def test_who_lives_in_threads_shares_nothing() -> None:
    lifs, _ = chain(2)
    plans = compiled(lifs[0], {"workers": 1}, actor_type=ActorType.Threading).actors
    assert {plan.worker for plan in plans} == {None}


def test_who_shares_a_killed_process_is_named() -> None:
    lifs, _ = chain(3)
    lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
    (worker,) = processes()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ActorDiedError, match="lif0.*SIGKILL.*share its process: lif1, lif2, link0"):
        lifs[0].run(RunSteps(5))


def test_actors_of_one_worker_that_wait_for_each_other_are_a_deadlock() -> None:
    one, other = LIF(shape=(4,), name="one"), LIF(shape=(4,), name="other")
    one.s_out.connect(other.a_in)
    other.s_out.connect(one.a_in)
    with pytest.raises(DeadlockError, match="one.a_in waits for a message from other.s_out"):
        one.run(RunSteps(3), FLOAT, {"placement": {"workers": 1}})


def test_what_one_member_raises_names_it_and_concerns_the_asker_alone() -> None:
    lifs, _ = chain(3, Touchy)
    with lifs[0]:
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
        with pytest.raises(ArithmeticError, match="not mine") as raised:
            lifs[1].v.set(np.zeros(9))
        assert "lif1" in "".join(raised.value.__notes__)
        lifs[0].run(RunSteps(5))
        assert lifs[2].v.get().any()


def test_a_member_that_cannot_be_built_is_named() -> None:
    lifs, _ = chain(3, Refusing)
    with pytest.raises(ArithmeticError, match="refused"):
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})


def test_a_member_whose_step_is_pythons_moves_to_a_thread_and_computes_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = []
    for placement in ("actors", {"workers": 1}):
        lifs, links = chain(3, Odd)
        with lifs[0]:
            lifs[0].run(RunSteps(40), FLOAT, {"placement": placement})
            lifs[1].u.get()
            lifs[1].reset()
            lifs[0].run(RunSteps(20))
            found.append([x.tobytes() for lif in lifs for x in (lif.u.get(), lif.v.get())])
        assert "[lif1] odd" in capsys.readouterr().out
    assert found[0] == found[1]
    assert len(set(found[0])) == 6


@pytest.mark.parametrize("workers", [1, 3, 9])
def test_members_of_workers_in_lockstep_are_all_found_at_the_step_that_asks_for_a_pause(
    workers: int,
) -> None:
    found = []
    for asks in (True, False):
        lifs, _ = chain(4)
        if asks:
            asker = Asks(step=37)
            lifs[2].s_out.connect(asker.a_in)
        with lifs[0]:
            config = {"placement": {"workers": workers}} if asks else {}
            lifs[0].run(RunSteps(60 if asks else 37), FLOAT, config)
            assert {actor.step for actor in lifs[0].runtime.status()} == {37}
            found.append([x.tobytes() for lif in lifs for x in (lif.u.get(), lif.v.get())])
            lifs[0].run(RunSteps(20))
            found.append([x.tobytes() for lif in lifs for x in (lif.u.get(), lif.v.get())])
    assert found[:2] == found[2:]


def test_a_member_that_leaves_its_worker_keeps_in_step() -> None:
    lifs, _ = chain(3, Odd)
    with lifs[0]:
        lifs[0].run(RunSteps(40), FLOAT, {"schedule": "lockstep"})
        lifs[0].run(RunSteps(20))
        (lone,) = {actor.step for actor in lifs[0].runtime.status()}
        assert lone == 60
        found = [lif.v.get().tobytes() for lif in lifs]
    lifs, _ = chain(3, Odd)
    with lifs[0]:
        lifs[0].run(RunSteps(60), FLOAT, {"schedule": "run_ahead"})
        assert found == [lif.v.get().tobytes() for lif in lifs]


def test_who_shares_a_killed_process_in_lockstep_is_named() -> None:
    lifs, _ = chain(3)
    lifs[0].run(RunSteps(5), FLOAT, {"schedule": "lockstep"})
    (worker,) = processes()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ActorDiedError, match="SIGKILL.*share its process"):
        lifs[0].run(RunSteps(5))


class Watching(LIF):
    """Counts how often its worker does something in Python for one of its actors."""

    def __init__(self, *, file: str, **kwargs: Any) -> None:
        super().__init__(file=file, **kwargs)


@implements(proc=Watching, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class WatchingModel(FloatLif):
    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.told: Counter[int] = Counter()
        attend = Worker._attend

        def counted(worker: Worker, member: Any, why: int) -> None:
            self.told[why] += 1
            attend(worker, member, why)

        Worker._attend = counted  # type: ignore[method-assign]

    def _stop(self) -> None:
        with open(self.proc_params["file"], "w") as file:
            file.write(str(sum(self.told.values())))


def test_at_a_fence_one_of_a_worker_speaks_for_all(tmp_path: Any) -> None:
    """Neither a lease that is used up nor the end of a run takes Python for every actor."""
    file = tmp_path / "told"
    neurons = [Watching(shape=(2,), bias_mant=1, file=str(file))]
    neurons += [LIF(shape=(2,), bias_mant=1) for _ in range(30)]
    for one, other in pairwise(neurons):
        one.s_out.connect(other.a_in)
    with neurons[0] as first:
        first.run(RunSteps(500), FLOAT, {"placement": {"workers": 1}})
        for _ in range(40):
            first.run(RunSteps(1))
        assert neurons[-1].v.get().shape == (2,)
    assert int(file.read_text()) < 300  # each for each would be 31 * 41, and more


class Resting(LIF):
    """Its model does something when a run is paused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rests = Var(shape=(1,), init=0)


@implements(proc=Resting, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class RestingModel(FloatLif):
    rests: np.ndarray = LavaPyType(np.ndarray, int)

    def on_start(self) -> None:
        super().on_start()
        bind_pause(self)


def bind_pause(model: Any) -> None:
    """As a helper of somebody's does, which no table of methods knows."""

    def pause() -> None:
        model.rests += 1

    model._pause = pause


def test_a_model_in_a_worker_is_told_of_a_pause() -> None:
    one, other = Resting(shape=(2,)), LIF(shape=(2,))
    one.s_out.connect(other.a_in)
    with one:
        for rests in (1, 2):
            one.run(RunContinuous(), FLOAT, {"placement": {"workers": 1}})
            one.pause()
            assert one.rests.get() == rests

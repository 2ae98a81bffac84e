"""Programs that run on several ranks; each prints what it found, and ``well`` at its end."""

from __future__ import annotations

import gc
import itertools
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    implements,
    load,
    networks,
)
from lava_actor.errors import (
    DeadlockError,
    InvalidValueError,
    ModelError,
    RuntimeStateError,
)
from lava_actor.mpi import crew, place
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.runtime.run_conditions import RunUntil
from lava_actor.runtime.user import network
from tests.runtime.networks import (
    Counter,
    First,
    Free,
    Relay,
    Sink,
    count_until_told,
)
from tests.runtime.random_networks import Company, Plan
from tests.runtime.test_determinism import Floating, learned

CFG = Loihi2SimCfg(select_tag="floating_pt")


def shuffled(rng: random.Random) -> Any:
    """A placement that parts whatever may be parted, at random."""

    def placed(executable: Any, n_ranks: int, _staying: Any = ()) -> tuple[int, ...]:
        ranks = [0] * len(executable.actors)
        for members, is_home in place.groups_of(executable):
            rank = 0 if is_home else rng.randrange(n_ranks)
            for member in members:
                ranks[member] = rank
        return tuple(ranks)

    return placed


def random_networks(first: str, last: str) -> None:
    """What random networks compute does not depend on where their actors live."""
    parted = 0
    for seed in range(int(first), int(last)):
        rng = random.Random(seed)
        plan = Plan.draw(rng)
        watched = rng.randrange(len(plan.kinds))
        found = set()
        for config in ({"actor_type": ActorType.Threading}, {}, {"schedule": "lockstep"}):
            crew.place = shuffled(rng)  # type: ignore[attr-defined]
            nodes = plan.build()
            company = Company(nodes[watched], seed)
            run_cfg = Floating(custom_sync_domains=[*plan.domains(nodes), company.domain()])
            with nodes[0]:
                for _ in range(2):
                    nodes[0].run(RunSteps(20), run_cfg, config)
                parted += len({actor.rank for actor in nodes[0].runtime.status()}) > 1
                seen = check(plan, nodes, watched)
                assert np.array_equal(company.watcher.state.get(), seen)
                found.add(learned(company))
        assert len(found) == 1, seed
        pauses(plan, rng)
    assert parted, "no network was on more than one rank"


def pauses(plan: Plan, rng: random.Random) -> None:
    """All ranks pause in the same step, whenever that is."""
    nodes = plan.build()
    run_cfg = First(custom_sync_domains=plan.domains(nodes))
    with nodes[0]:
        for _ in range(4):
            nodes[0].run(RunContinuous(), run_cfg)
            time.sleep(rng.random() * 0.02)
            nodes[0].pause()
        steps = {actor.step for actor in nodes[0].runtime.status()}
        assert len(steps) == 1, steps
        if nodes[0].runtime.current_step < 2000:  # by hand that takes a while
            with tempfile.TemporaryDirectory() as folder:
                nodes[0].save(Path(folder) / "network")
                nodes[0].run(RunSteps(3))
                crew.place = shuffled(rng)  # type: ignore[attr-defined]
                nodes[0].load(Path(folder) / "network")
            assert {nodes[0].runtime.current_step} == steps
            nodes[0].run(RunSteps(7))
            check(plan, nodes, 0)


def check(plan: Plan, nodes: list[Any], watched: int) -> np.ndarray:
    """Compare with what the network computes by hand; the state of a watcher."""
    steps = nodes[0].runtime.current_step
    states, seen = plan.expected_with_watcher(steps, watched)
    for node, state in zip(nodes, states, strict=True):
        assert node.steps.get() == steps, node.name
        assert np.array_equal(node.state.get(), state), (node.name, steps)
    return seen


def pair(**options: Any) -> tuple[Counter, Sink]:
    """A counter on rank 1 whose messages a sink on rank 0 adds up."""
    counter, sink = Counter(name="counter", **options), Sink(name="sink")
    counter.out.connect(sink.inp)
    return counter, sink


APART = {"ranks": {"counter": 1, "sink": 0}}


def shout(model: Any) -> None:
    """Print."""
    sys.stdout.write(f"step {model.time_step} of the counter\n")


def fail(model: Any) -> None:
    """Fail in step 5."""
    if model.time_step == 5:
        raise LookupError("lost in step 5")


def give_way(_model: Any) -> None:
    """Insist that this process does not interrupt others when it wakes."""
    assert os.sched_getscheduler(0) != os.SCHED_OTHER


def everything(folder: str) -> None:
    """What a user does with a network: the same, wherever its actors are."""
    counter, sink = pair()
    with sink:
        sink.run(RunSteps(10), First(), APART)
        assert sink.total.get() == 55
        counter.count.set([100])
        sink.run(RunSteps(1))
        assert sink.total.get() == 156
        sink.run(RunUntil(lambda: sink.total.get()[0] > 1000))
        assert sink.runtime.current_step == 20
        told = [str(actor) for actor in sink.runtime.status()]
        assert ["on rank 1" in actor for actor in told] == [True, False], told
        assert [ring.transferred for ring in sink.runtime.statistics()] == [20]
        refused(RuntimeStateError, "several ranks", lambda: sink.runtime.arena)
        sink.save(Path(folder) / "left")
        sink.run(RunSteps(3))
        after = int(sink.total.get()[0])
        sink.load(Path(folder) / "left")
        assert (sink.runtime.current_step, len(sink.runtime.status())) == (20, 2)
        sink.run(RunSteps(3))
        assert sink.total.get() == after
    sink = load(Path(folder) / "found")
    with sink:
        sink.run(RunSteps(2))
        assert {actor.rank for actor in sink.runtime.status()} == {0, 1}
        assert (sink.total.get(), sink.runtime.current_step) == (15, 5)
    counter, sink = pair(on_step=shout)
    with sink:
        sink.run(RunSteps(2), First(), {"ranks": {"counter": 1, "sink": 1}})
        assert sink.total.get() == 3
    counter, sink = pair(on_step=fail)
    monitor = Monitor(name="monitor")
    monitor.probe(sink.total, num_steps=20)
    refused(ModelError, "lost in step 5", lambda: sink.run(RunSteps(20), First(), APART))
    seen = monitor.get_data()["sink"]["total"].reshape(-1)
    assert seen[:4].tolist() == [1, 3, 6, 10], seen
    first, second = Relay(name="first"), Relay(name="second")
    first.out.connect(second.inp)
    second.out.connect(first.inp)
    refused(
        DeadlockError,
        "waits on itself",
        lambda: first.run(RunSteps(5), First(), {"ranks": {"first": 0, "second": 1}}),
    )
    big = LIF(shape=(300_000,), bias_mant=1, vth=3, name="counter")
    small = LIF(shape=(300_000,), name="sink")
    big.s_out.connect(small.a_in)
    with big:
        big.run(5, CFG, APART)
        assert small.u.get().sum() == 300_000
        big.v.set(np.full(300_000, 2.5))
        assert big.v.get().sum() == 750_000
    seen_directly()
    fed()
    stays()
    at_once()
    apace()
    silent()
    held_up()
    refused(
        InvalidValueError,
        "expected a rank below",
        lambda: Sink(name="alone").run(1, First(), {"ranks": {"alone": 7}}),
    )


def seen_directly() -> None:
    """What actors of this machine do is to be seen although their rank's interpreter is stopped."""
    machine = network.make_crew.keywords["courier"].machine  # type: ignore[attr-defined]
    if len(machine.mates({0, 1})[0]) == 1:
        return
    _, sink = pair(on_step=give_way)
    with sink:
        sink.run(RunSteps(1), First(), {"ranks": {"counter": 0, "sink": 1}})
        sink.run(RunContinuous())
        while sink.runtime.current_step == 1:
            pass
        os.kill(machine.with_program[1], signal.SIGSTOP)
        try:
            before = sink.runtime.current_step
            while sink.runtime.current_step == before:
                pass
            assert {actor.rank for actor in sink.runtime.status()} == {0, 1}
        finally:
            os.kill(machine.with_program[1], signal.SIGCONT)


def fed() -> None:
    """The user's ends of external pipes are on rank 0; whoever waits for them can be paused."""
    injector, extractor = Injector((2,)), Extractor((2,))
    injector.name, extractor.name = "injector", "extractor"
    relay = LIF(shape=(2,), du=1, dv=1, vth=100, name="relay")
    late = LIF(shape=(2,), du=1, dv=1, vth=0.5, name="late")
    injector.out_port.connect(relay.a_in)
    relay.s_out.connect(late.a_in)
    late.s_out.connect(extractor.in_port)
    with relay:
        relay.run(RunContinuous(), CFG, {"ranks": {"relay": 1, "late": 1}})
        for value in (1.0, 200.0):
            injector.send(np.full(2, value))
        assert [extractor.receive()[0] for _ in range(2)] == [0.0, 1.0]
        relay.pause()
        assert relay.runtime.current_step == 2
        assert late.v.get().tolist() == [0.0, 0.0]


def at_once() -> None:
    """Several networks live on all ranks; one that nobody refers to any more ends by itself."""
    sinks = [pair()[1] for _ in range(3)]
    for n, sink in enumerate(sinks, 1):
        sink.run(RunSteps(10 * n, blocking=False), First(), APART)
    for sink in sinks:
        sink.wait()
    assert [int(sink.total.get()[0]) for sink in sinks] == [55, 210, 465]
    sinks.pop().stop()
    sinks[0].run(RunSteps(1))
    assert sinks[0].total.get() == 66
    assert len(networks()) == 2
    del sinks, sink
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "lava_actor-abandoned":
            thread.join()
    assert networks() == []


def dawdle(_model: Any) -> None:
    """Take time."""
    time.sleep(0.004)


def fail_far_ahead(model: Any) -> None:
    """Fail in a step that the other rank comes to later."""
    if model.time_step == 100:
        raise LookupError("lost in step 100")


def apace() -> None:
    """A rank that needs nothing of the other does not get far ahead of it."""
    counter, sink = Counter(name="counter"), Sink(name="sink", on_step=dawdle)
    counter.out.connect(sink.inp)
    with sink:
        for _ in range(2):
            sink.run(RunContinuous(), First(), APART)
            start = sink.runtime.current_step
            while sink.runtime.current_step < start + 40:
                time.sleep(0.01)
            before = sink.runtime.current_step
            sink.pause()
            after = sink.runtime.current_step
            assert after - before < 150, (before, after)
            assert sink.total.get() == after * (after + 1) // 2
    counter = Counter(name="counter", on_step=fail_far_ahead)
    sink = Sink(name="sink", on_step=dawdle)
    counter.out.connect(sink.inp)
    monitor = Monitor(name="monitor")
    monitor.probe(sink.received, num_steps=200)
    refused(ModelError, "lost in step 100", lambda: sink.run(RunSteps(200), First(), APART))
    seen = monitor.get_data()["sink"]["received"].reshape(-1)
    assert seen[:99].tolist() == list(range(1, 100)), seen


class Quiet(AbstractProcess):
    """Sends twice, and no more."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out = OutPort((1,))


@implements(proc=Quiet, protocol=LoihiProtocol)
class PyQuiet(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        """Send in the first two steps."""
        if self.time_step <= 2:
            self.out.send(np.ones(1))


def silent() -> None:
    """Who waits for one that the clocks hold back, for none gets far ahead, waits for ever."""
    quiet, sink = Quiet(name="counter"), Sink(name="sink")
    quiet.out.connect(sink.inp)
    with sink:
        told = "sink.inp waits for a message from counter.out"
        refused(DeadlockError, told, lambda: sink.run(RunSteps(100_000), First(), APART))


def send_three(model: Any) -> None:
    """Send three messages, and no more."""
    for _ in range(3):
        model.out.send(np.ones(1))
    count_until_told(model)


def held_up() -> None:
    """Who waits on another rank for a model that runs freely cannot rest, and says so."""
    free, sink = Free(send_three, name="counter"), Sink(name="sink")
    free.out.connect(sink.inp)
    with sink:
        sink.run(RunContinuous(), First(), {"ranks": {"counter": 0, "sink": 1}})
        while sink.runtime.current_step < 3:
            time.sleep(0.01)
        refused(RuntimeStateError, "sink cannot rest: .* waiting for .* counter.out", sink.pause)
        refused(RuntimeStateError, "sink cannot answer: .* counter.out", sink.total.get)


class Locked:
    """What cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, model: Any) -> None:
        """Do nothing."""


def stays() -> None:
    """What cannot be sent is on rank 0, wherever it would have been."""
    _, sink = pair()
    locked = [Counter(name=f"locked{i}", on_step=Locked()) for i in range(2)]
    for counter in locked:
        counter.out.connect(sink.inp)
    assert 1 in place.place(sink.compile(First()), 2)
    with sink:
        with pytest.warns(UserWarning, match="cannot be sent to a process"):
            sink.run(RunSteps(3), First())
        where = {actor.process: actor.rank for actor in sink.runtime.status()}
        assert where["locked0"] == where["locked1"] == 0, where
        assert sink.total.get() == 18


def refused(kind: type[Exception], words: str, act: Any) -> None:
    """Check what an error says."""
    with pytest.raises(kind, match=words):
        act()


def endless() -> None:
    """Run until somebody is killed."""
    _, sink = pair()
    sink.run(RunContinuous(), First(), APART)
    sys.stdout.write("running\n")
    sys.stdout.flush()
    sink.wait()


def starts_and_stops() -> None:
    """Start networks on all ranks, run and pause and look at them, and stop them."""
    n = int(os.environ["PMI_SIZE"])
    while True:
        neurons = [LIF(shape=(20,), bias_mant=1, vth=3, name=f"n{i}") for i in range(n)]
        for one, other in itertools.pairwise(neurons):
            one.s_out.connect(other.a_in)
        with neurons[0]:
            ranks = {f"n{i}": i for i in range(n)}
            neurons[0].run(RunSteps(500), CFG, {"ranks": ranks})
            neurons[-1].v.get()
            neurons[0].run(RunContinuous())
            neurons[0].pause()
            neurons[0].runtime.status()


def leaves() -> None:
    """End with an exit code of its own, and a network that runs."""
    _, sink = pair()
    sink.run(RunContinuous(), First(), APART)
    sys.exit(3)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    sys.stdout.write("well\n")

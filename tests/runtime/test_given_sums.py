"""Connections give their sums to neurons of their worker directly; nobody sees a difference."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from lava_actor import AbstractProcess, InPort, Loihi2SimCfg, OutPort, RunContinuous, RunSteps
from lava_actor.errors import DeadlockError
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.connectivity import Uniform, fixed_indegree
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.models import AbstractPyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import PoissonSource, SpikeTimes
from lava_actor.proc.sparse.process import DelaySparse, Sparse

N = 2100  # their sums are large enough to be given
ALONE, TOGETHER = "actors", {"workers": 1}


class Turning(LIF):
    """Its model steps in Python as soon as somebody has set a Var."""


@implements(proc=Turning, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class TurningModel(AbstractPyLifModelFloat):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)

    def on_var_update(self) -> None:
        self.bias_mant = self.bias_mant.astype(np.float32)


class Between(AbstractProcess):
    """Something in Python between two populations: slow, or greedy from a step on."""

    def __init__(self, *, pause: float = 0.0, greedy: int = 0) -> None:
        super().__init__(pause=pause, greedy=greedy, name="between")
        self.a_in = InPort(shape=(N,))
        self.s_out = OutPort(shape=(N,))


@implements(proc=Between, protocol=LoihiProtocol)
@requires(CPU)
class BetweenModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        time.sleep(self.proc_params["pause"])
        for _ in range(300 if 0 < self.proc_params["greedy"] <= self.time_step else 0):
            self.a_in.recv()
        self.s_out.send(np.full(N, 0.001 * self.time_step))
        if self.proc_params["greedy"]:
            self.a_in.recv()


class Net:
    """Two populations that feed each other and themselves, in all ways that sums come about."""

    def __init__(self, fixed: bool, kind: type[LIF] = LIF, shared: bool = False) -> None:
        rng = np.random.default_rng(5)
        self.tag = "fixed_pt" if fixed else "floating_pt"
        scale: Any = (lambda x: np.round(100 * x)) if fixed else (lambda x: x)
        most = {"du": 1200, "dv": 400, "vth": 300} if fixed else {"du": 0.3, "dv": 0.1, "vth": 1.0}
        bias = rng.integers(0, 600, N) if fixed else rng.uniform(0, 0.2, N)
        self.one = LIF(shape=(N,), bias_mant=bias, name="one", **most)
        self.other = kind(shape=(N,), bias_mant=0, name="other", **most)
        self.drawn = PoissonSource(shape=(N,), rate=0.3, amplitude=60 if fixed else 0.05, name="drawn")
        self.drawn.s_out.connect(self.other.a_in)
        weights = scale(rng.normal(0, 0.1, (N, N)) * (rng.random((N, N)) < 0.05))
        few: Any = -1 if fixed else Uniform(-0.2, 0.2)
        self.links = [
            self.join(self.one, self.other, Dense(weights=weights, name="dense")),
            self.join(self.other, self.one, Sparse(weights=weights, name="sparse")),
            self.join(self.one, self.one, self.late(few, 3, "thin")),
            self.join(self.other, self.other, self.late(few, 200, "fat")),
        ]
        if shared:  # what two others receive is not given to one of them
            third = LIF(shape=(N,), name="third")
            self.links[0].a_out.connect(third.a_in)

    @staticmethod
    def late(few: Any, indegree: int, name: str) -> DelaySparse:
        recipe = fixed_indegree((N, N), indegree, weight=few, seed=indegree)
        return DelaySparse(weights=recipe, delays=Uniform(1, 30), name=name)

    @staticmethod
    def join(before: LIF, after: LIF, link: Any) -> Any:
        before.s_out.connect(link.s_in)
        link.a_out.connect(after.a_in)
        return link

    def run(self, steps: int, placement: Any = None, **config: Any) -> None:
        """Go on."""
        told = {} if placement is None else {"placement": placement, "seed": 3, **config}
        self.one.run(RunSteps(steps), Loihi2SimCfg(select_tag=self.tag), told)

    def found(self) -> list[bytes]:
        """Everything that may differ."""
        state = [var.get().tobytes() for lif in (self.one, self.other) for var in (lif.u, lif.v)]
        return state + [link.a_buff.get().tobytes() for link in self.links]


def story(net: Net, placement: Any, **config: Any) -> list[bytes]:
    found = []
    with net.one:
        net.run(40, placement, **config)
        found += net.found()
        net.links[3].a_buff.set(net.links[3].a_buff.get() * 2)
        net.links[0].weights.set(net.links[0].weights.get() * 2)
        net.run(7)
        found += net.found()
        net.one.reset()
        net.run(90)
        found += net.found()
        assert net.one.u.get().any()
        assert net.other.v.get().any()
    return found


@pytest.mark.parametrize("fixed", [False, True], ids=["float", "fixed"])
def test_given_sums_are_those_of_messages(fixed: bool) -> None:
    expected = story(Net(fixed), ALONE)
    assert story(Net(fixed), TOGETHER) == expected
    assert story(Net(fixed), TOGETHER, schedule="lockstep") == expected
    assert story(Net(fixed), ("actors", {"one": 2, "dense": 3, "workers": 2})) == expected


def test_sums_for_two_readers_reach_both() -> None:
    assert story(Net(False, shared=True), TOGETHER) == story(Net(False), ALONE)
    found = []
    for placement in (ALONE, TOGETHER):
        net, monitor = Net(False), Monitor()
        for link in net.links:
            monitor.probe(link.a_out)
        story(net, placement)
        found.append([monitor.get_data()[link.name]["a_out"].tobytes() for link in net.links])
    assert found[0] == found[1]


def test_who_leaves_the_worker_in_mid_run_receives_what_was_announced() -> None:
    """Whenever that is: the neurons then step in Python, in a thread, and compute the same."""
    expected = {}
    net = Net(False, Turning)
    with net.one:
        net.run(1, ALONE)
        for step in range(2, 600):
            net.run(1)
            expected[step] = net.found()[2:]
    for wait in (0.0, 0.002, 0.01):
        net = Net(False, Turning)
        with net.one:
            net.run(5, TOGETHER)
            net.one.run(RunContinuous())
            time.sleep(wait)
            net.drawn.rate.get()
            net.other.dv.set(net.other.dv.get())
            time.sleep(0.01)
            net.one.pause()
            (step,) = {actor.step for actor in net.one.runtime.status()}
            if step < 600:
                assert net.found()[2:] == expected[step]


def test_messages_that_were_sent_before_come_first() -> None:
    """A busy connection sends, a quiet one gives; its neurons are some steps behind."""
    found = []
    for placement in (ALONE, TOGETHER):
        times = [[*range(1, 100), *range(100 + k % 80, 330, 80)] for k in range(N)]
        busy, goal = SpikeTimes(times=times), LIF(shape=(N,), du=0.3, dv=0.0, vth=1e9)
        weights = fixed_indegree((N, N), 20, weight=Uniform(0, 1), seed=2)
        link = DelaySparse(weights=weights, delays=Uniform(0, 50))
        busy.s_out.connect(link.s_in)
        link.a_out.connect(goal.a_in)
        Between(pause=0.002).s_out.connect(goal.a_in)
        with goal:
            told: dict[str, Any] = {"placement": placement}
            goal.run(RunSteps(330), Loihi2SimCfg(select_tag="floating_pt"), told)
            found.append(goal.v.get().tobytes())
    assert found[0] == found[1]


def test_who_waits_until_its_sums_are_taken_may_be_in_a_deadlock() -> None:
    one = LIF(shape=(N,), bias_mant=0.3, du=0.1, dv=0.1, vth=8.0, name="one")
    other, between = LIF(shape=(N,), name="other"), Between(greedy=20)
    Net.join(one, other, Net.late(0.1, 20, "late"))
    one.s_out.connect(between.a_in)
    between.s_out.connect(other.a_in)
    config = {"placement": TOGETHER, "pypy_channel_size": 4}
    with pytest.raises(DeadlockError, match=r"late.a_out waits for other.a_in to receive \(1 mess"):
        one.run(RunSteps(60), Loihi2SimCfg(select_tag="floating_pt"), config)

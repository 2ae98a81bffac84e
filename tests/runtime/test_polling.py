"""A model that asks (`probe`) whether there is a message is ordered with its senders."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    ActorType,
    AsyncProtocol,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import DeadlockError, ModelError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.lif.process import LIF
from tests.runtime.networks import First

SETTINGS: dict[str, dict[str, Any]] = {
    "run_ahead": {"schedule": "run_ahead"},
    "lockstep": {"schedule": "lockstep"},
    "threads": {"actor_type": ActorType.Threading},
}
IN_PORTS, TAKES, STEPS = 3, (1, 2, 99), 30


# -- random networks of models that do nothing but ask ---------------------------------------


class Node(AbstractProcess):
    def __init__(self, rule: Rule) -> None:
        super().__init__(rule=rule)
        for i in range(IN_PORTS):
            setattr(self, f"in_{i}", InPort(shape=(1,)))
        self.out = OutPort(shape=(1,))
        self.state = Var(shape=(1,), init=rule.salt)
        self.history = Var(shape=(STEPS,), init=0)


@implements(Node, protocol=LoihiProtocol)
class NodeModel(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    state: np.ndarray = LavaPyType(np.ndarray, np.int64)
    history: np.ndarray = LavaPyType(np.ndarray, np.int64)
    in_0: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    in_1: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, np.int64)
    in_2: PyInPort = LavaPyType(PyInPort.SCALAR_DENSE, np.int64)

    def run_spk(self) -> None:
        rule = self.proc_params["rule"]
        if rule.late and self.time_step % 3 == 0:
            time.sleep(0.002)
        ports = [self.in_0, self.in_1, self.in_2]
        state = rule.state_after(
            int(self.state[0]), [p.probe for p in ports], [lambda p=p: number(p) for p in ports]
        )
        self.state[0] = self.history[self.time_step - 1] = state
        for message in rule.messages(state):
            self.out.send(np.array([message]))


def number(port: PyInPort) -> int:
    message: Any = port.recv()
    return int(np.sum(message[0] if isinstance(message, tuple) else message))


@dataclass
class Rule:
    """What a node does in a step; for its model and for the oracle."""

    takes: list[int]
    salt: int
    late: bool

    def state_after(self, state: int, probes: list[Any], receives: list[Any]) -> int:
        for i, (probe, receive) in enumerate(zip(probes, receives, strict=True)):
            for _ in range(self.takes[i]):
                if not probe():
                    break
                state = (31 * state + (i + 1) * receive()) % 1_000_003
        return (17 * state + self.salt) % 1_000_003

    def messages(self, state: int) -> list[int]:
        return [state + k + 1 for k in range((0, 1, 1, 2)[state % 4])]


@dataclass
class Plan:
    """Nodes and who sends to which of their ports; a node may send to itself."""

    rules: list[Rule]
    sources: list[list[list[int]]]

    @classmethod
    def draw(cls, rng: random.Random) -> Plan:
        n = rng.randint(2, 6)
        rules = [
            Rule(
                [rng.choice(TAKES) for _ in range(IN_PORTS)],
                rng.randrange(1000),
                rng.random() < 0.4,
            )
            for _ in range(n)
        ]
        sources = [
            [rng.sample(range(n), rng.choice((1, 1, min(2, n)))) for _ in range(IN_PORTS)]
            for _ in range(n)
        ]
        return cls(rules, sources)

    def build(self) -> list[Node]:
        nodes = [Node(rule) for rule in self.rules]
        for node, ports in zip(nodes, self.sources, strict=True):
            for i, senders in enumerate(ports):
                port = getattr(node, f"in_{i}")
                for sender in senders:
                    if i == 1:
                        nodes[sender].out.reshape((1,)).connect(port)
                    else:
                        nodes[sender].out.connect(port)
        return nodes

    def expected(self) -> list[list[int]]:
        """Node by node, step by step, in one thread; a message is there one step later."""
        n = len(self.rules)
        queues: dict[tuple[int, int, int], deque[tuple[int, int]]] = {
            (node, i, sender): deque()
            for node in range(n) for i in range(IN_PORTS) for sender in self.sources[node][i]
        }  # fmt: skip
        states = [rule.salt for rule in self.rules]
        histories: list[list[int]] = [[] for _ in range(n)]
        for step in range(1, STEPS + 1):
            for node, rule in enumerate(self.rules):
                mine = [
                    [queues[node, i, s] for s in self.sources[node][i]] for i in range(IN_PORTS)
                ]
                states[node] = rule.state_after(
                    states[node],
                    [lambda qs=qs, now=step: all(q and q[0][0] < now for q in qs) for qs in mine],
                    [lambda qs=qs: sum(q.popleft()[1] for q in qs) for qs in mine],
                )
                histories[node].append(states[node])
                for message in rule.messages(states[node]):
                    for (_, _, sender), queue in queues.items():
                        if sender == node:
                            queue.append((step, message))
        return histories


SEEDS = [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_models_that_ask_get_the_same_answers_in_every_schedule(seed: int) -> None:
    rng = random.Random(seed)
    plan = Plan.draw(rng)
    expected = plan.expected()
    for name in SETTINGS if seed >= 6 else ("run_ahead", rng.choice(["lockstep", "threads"])):
        nodes = plan.build()
        domains = [SyncDomain("first", LoihiProtocol(), nodes[::2])] if seed % 2 else []
        with nodes[0]:
            for steps in (7, STEPS - 7):
                nodes[0].run(RunSteps(steps), First(custom_sync_domains=domains), SETTINGS[name])
            for node, history in zip(nodes, expected, strict=True):
                assert node.history.get().tolist() == history, (name, node.name)


# -- one asker, one sender ----------------------------------------------------------------------

Action = Callable[[Any], None]


def nothing(_model: Any) -> None:
    """Do nothing."""


class Peer(AbstractProcess):
    """Does in spiking and, if asked for, in post-management what its parameters say."""

    def __init__(self, spk: Action, post: Action | None = None, **kwargs: Any) -> None:
        super().__init__(spk=spk, post=post, **kwargs)
        self.inp = InPort(shape=(1,))
        self.out = OutPort(shape=(1,))
        self.seen = Var(shape=(2, STEPS), init=-1)


@implements(Peer, protocol=LoihiProtocol)
class PeerModel(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    seen: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.proc_params["spk"](self)

    def post_guard(self) -> bool:
        return self.proc_params["post"] is not None

    def run_post_mgmt(self) -> None:
        self.proc_params["post"](self)


class Free(AbstractProcess):
    def __init__(self, act: Action, **kwargs: Any) -> None:
        super().__init__(act=act, **kwargs)
        self.inp = InPort(shape=(1,))
        self.out = OutPort(shape=(1,))
        self.seen = Var(shape=(STEPS,), init=-1)


@implements(Free, protocol=AsyncProtocol)
class FreeModel(PyAsyncProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    seen: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_async(self) -> None:
        self.proc_params["act"](self)


def ask(row: int, model: Any) -> None:
    """Note the number that is there, and 0 if none is."""
    model.seen[row, model.time_step - 1] = int(model.inp.recv()[0]) if model.inp.probe() else 0


def ask_spiking(model: Any) -> None:
    ask(0, model)


def ask_after(model: Any) -> None:
    ask(1, model)


def say(model: Any) -> None:
    model.out.send(np.array([model.time_step]))


def say_late(model: Any) -> None:
    time.sleep(0.002)
    say(model)


def say_then_ask(model: Any) -> None:
    say(model)
    ask(1, model)


def seen_by(asker: Peer, others: list[Any], setting: str, steps: int = STEPS) -> Any:
    with asker:
        asker.run(RunSteps(steps), First(), SETTINGS[setting])
        arena = asker.runtime._arena
        assert not sum(arena.party(i).missed for i in range(len(arena.plan.parties)))
        return asker.seen.get(), [other.seen.get() for other in others]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_message_is_found_in_the_step_after_the_one_it_was_sent_in(setting: str) -> None:
    sender, asker = Peer(say_late), Peer(ask_spiking)
    sender.out.connect(asker.inp)
    (spiking, _), _ = seen_by(asker, [], setting)
    assert spiking.tolist() == [*range(STEPS)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_spiking_sent_is_found_in_later_phases_of_the_same_step(setting: str) -> None:
    sender, asker = Peer(say_late), Peer(nothing, ask_after)
    sender.out.connect(asker.inp)
    (_, after), _ = seen_by(asker, [], setting)
    assert after.tolist() == [*range(1, STEPS + 1)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_a_phase_sends_is_not_found_in_that_phase(setting: str) -> None:
    one, two = Peer(ask_spiking, say_then_ask), Peer(ask_spiking, say_then_ask)
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    seen, (others,) = seen_by(one, [two], setting)
    assert seen.tolist() == others.tolist() == [[*range(STEPS)], [0] * STEPS]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_message_to_oneself_is_found_at_once(setting: str) -> None:
    alone = Peer(say_then_ask)
    alone.out.connect(alone.inp)
    (_, seen), _ = seen_by(alone, [], setting)
    assert seen.tolist() == [*range(1, STEPS + 1)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_native_senders_are_asked_like_any(setting: str) -> None:
    data = np.arange(1, STEPS + 1).reshape(1, STEPS) % 7
    source, dense = RingBuffer(data=data), Dense(weights=np.ones((1, 1)), num_message_bits=8)
    lif, asker = LIF(shape=(1,), du=1.0, dv=1.0, vth=2.5), Peer(ask_spiking)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    lif.s_out.connect(asker.inp)
    (spikes, _), _ = seen_by(asker, [], setting)
    # Dense adds one step, to be asked another one.
    assert spikes.tolist() == [0, 0, *(data[0] > 2.5).astype(int).tolist()[: STEPS - 2]]


def send_some(model: Any) -> None:
    for number in range(3):
        model.out.send(np.array([number]))


def ask_until_all_came(model: Any) -> None:
    found = 0
    while found < STEPS and not model.check_for_stop_cmd():
        if model.inp.probe():
            model.seen[found] = model.inp.recv()[0]
            found += 1


@pytest.mark.parametrize("config", [{}, SETTINGS["threads"]], ids=["processes", "threads"])
def test_free_running_models_ask_and_are_asked_for_what_is_there(config: dict[str, Any]) -> None:
    sender, asker, free = Peer(say), Peer(ask_spiking), Free(ask_until_all_came)
    talker = Free(send_some)
    sender.out.connect(free.inp)
    talker.out.connect(asker.inp)
    asker.out.connect(talker.inp)
    with sender:
        sender.run(RunSteps(STEPS), First(), config)
        assert free.seen.get().tolist() == [*range(1, STEPS + 1)]
    with talker:
        talker.run(RunSteps(STEPS), First(), config)
        assert set(asker.seen.get()[0]) <= {0, 1, 2}


# -- waits that end otherwise -------------------------------------------------------------------


def receive_and_say(model: Any) -> None:
    model.inp.recv()
    say(model)


def fail_in_step_4(model: Any) -> None:
    if model.time_step == 4:
        raise ValueError("broken sensor")


@pytest.mark.parametrize("setting", ["run_ahead", "threads"])
def test_a_sender_that_waits_for_who_asks_it_is_a_deadlock(setting: str) -> None:
    asker, sender = Peer(ask_spiking, name="asker"), Peer(receive_and_say, name="sender")
    sender.out.connect(asker.inp)
    asker.out.connect(sender.inp)
    with pytest.raises(DeadlockError, match=r"asker asks whether sender\.out has sent"), asker:
        asker.run(RunSteps(3), First(), SETTINGS[setting])


@pytest.mark.parametrize("setting", SETTINGS)
def test_who_asks_completes_the_step_in_which_its_sender_fails(setting: str) -> None:
    sender, asker = Peer(fail_in_step_4, name="sensor"), Peer(ask_spiking)
    sender.out.connect(asker.inp)
    with pytest.raises(ModelError, match="broken sensor"), asker:
        asker.run(RunSteps(STEPS), First(), SETTINGS[setting])


@pytest.mark.parametrize("schedule", ["run_ahead", "lockstep"])
def test_a_network_of_askers_can_be_paused_reset_and_go_on(schedule: str) -> None:
    one, two = Peer(count_what_comes), Peer(count_what_comes)
    one.out.connect(two.inp)
    two.out.connect(one.inp)
    with one:
        for _ in range(5):
            one.run(RunContinuous(), First(), {"schedule": schedule})
            two.pause()
            (said, heard), others = one.seen.get()[:, 0], two.seen.get()
            assert said == others[0, 0]
            assert heard == others[1, 0] == said - 1
        one.reset()
        one.run(RunSteps(9), First(), {"schedule": schedule})
        assert one.seen.get()[:, 0].tolist() == [8, 7]


def count_what_comes(model: Any) -> None:
    if model.inp.probe():
        model.inp.recv()
        model.seen[1, 0] += 1
    say(model)
    model.seen[0, 0] += 1


def test_the_harness_answers_as_a_network_does() -> None:
    harness = ModelHarness(PeerModel, Peer(ask_spiking, ask_after))
    for number in (5, 6):
        harness.step(inp=[number])
    assert harness.seen[:, :2].tolist() == [[0, 0], [5, 6]]
    harness.feed("inp", [7])
    harness.step()
    assert harness.seen[:, 2].tolist() == [7, 0]

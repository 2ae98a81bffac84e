"""Networks for the tests of save and load: each function builds one and returns a Process of it.

`main` loads a network in an interpreter that knows nothing of it, runs on, and writes down what
every Var holds. Its arguments: FILE STEPS OUTPUT [trusted]
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

import lava_actor
from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    AsyncProtocol,
    InPort,
    LavaPyType,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    RefPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.proc.dense.process import DelayDense, Dense, LearningDense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.process.ports.ports import AbstractVirtualPort

# -- own Processes ------------------------------------------------------------------------------


class Ramp(AbstractProcess):
    """Counts up and sends one message per step, and a second one in some steps."""

    def __init__(self, *, shape: tuple[int, ...], gain: int = 1, every: int = 0, **kw: Any) -> None:
        super().__init__(shape=shape, gain=gain, every=every, **kw)
        self.level = Var(shape=shape, init=0)
        self.out = OutPort(shape=shape)


@implements(proc=Ramp, protocol=LoihiProtocol)
class PyRamp(PyLoihiProcessModel):
    level: np.ndarray = LavaPyType(np.ndarray, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.level += self.proc_params["gain"] + self.rng.integers(3)
        self.out.send(self.level)
        every = self.proc_params["every"]
        if every and self.time_step % every == 0:
            self.out.send(self.level * self.time_step)


class Tally(AbstractProcess):
    """Adds up one message per step, in an order-dependent way, with noise."""

    def __init__(self, *, shape: tuple[int, ...], **kw: Any) -> None:
        super().__init__(shape=shape, **kw)
        self.total = Var(shape=shape, init=0)
        self.noise = Var(shape=shape, init=0)
        self.inp = InPort(shape=shape)


@implements(proc=Tally, protocol=LoihiProtocol)
class PyTally(PyLoihiProcessModel):
    """Holds state in every way a model may: generators, views, kept methods, plain attributes."""

    total: np.ndarray = LavaPyType(np.ndarray, np.int64)
    noise: np.ndarray = LavaPyType(np.ndarray, float)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)

    def on_start(self) -> None:
        self.generator = np.random.default_rng(3)
        self.take = self.inp.recv
        self.first = self.total[:1]
        self.seen: dict[int, list[int]] = {}
        np.random.seed(5)  # noqa: NPY002  (the global generator is state, too)

    def run_spk(self) -> None:
        self.total *= 3
        self.total += self.take()
        self.first += len(self.seen)
        self.seen.setdefault(self.time_step % 7, []).append(self.time_step)
        self.noise += self.generator.normal(size=self.noise.shape)
        self.noise *= np.random.rand()  # noqa: NPY002


class Watcher(AbstractProcess):
    """Reads and changes a Var of another Process."""

    def __init__(self, *, shape: tuple[int, ...], **kw: Any) -> None:
        super().__init__(shape=shape, **kw)
        self.ref = RefPort(shape=shape)
        self.copy = Var(shape=shape, init=0)


@implements(proc=Watcher, protocol=LoihiProtocol)
class PyWatcher(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)
    copy: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def post_guard(self) -> bool:
        return self.time_step % 2 == 0

    def run_post_mgmt(self) -> None:
        self.copy = self.copy * 2 + self.ref.read()
        self.ref.write(self.copy % 11)


class Pair(AbstractProcess):
    """Hierarchical: a Ramp inside."""

    def __init__(self, *, shape: tuple[int, ...], **kw: Any) -> None:
        super().__init__(shape=shape, **kw)
        self.out = OutPort(shape=shape)
        self.level = Var(shape=shape, init=0)


@implements(proc=Pair, protocol=LoihiProtocol)
class PairModel(AbstractSubProcessModel):
    def __init__(self, proc: Pair) -> None:
        self.ramp = Ramp(shape=proc.proc_params["shape"], gain=2, every=4)
        self.ramp.out.connect(proc.out)
        proc.level.alias(self.ramp.level)


class Loose(AbstractProcess):
    """Sends a few messages per run, whenever it likes."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.out = OutPort(shape=(2,))
        self.sent = Var(shape=(1,), init=0)


@implements(proc=Loose, protocol=AsyncProtocol)
class PyLoose(PyAsyncProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    sent: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_async(self) -> None:
        for _ in range(self.num_steps):
            self.sent += 1
            self.out.send(np.arange(2) + self.sent)


class Late(AbstractProcess):
    """Receives one message in every second step."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.inp = InPort(shape=(2,))
        self.last = Var(shape=(2,), init=0)


@implements(proc=Late, protocol=LoihiProtocol)
class PyLate(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    last: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        if self.time_step % 2:
            self.last = self.inp.recv() + 10 * self.last


class Burst(AbstractProcess):
    """Sends events, some at the same index, in an order that matters."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.out = OutPort(shape=(300,))


@implements(proc=Burst, protocol=LoihiProtocol)
class PyBurst(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_SPARSE, np.float32)

    def run_spk(self) -> None:
        for _ in range(2 if self.time_step < 5 else 1):
            index = (np.array([7, 3, 7, 250]) + self.time_step) % 300
            self.out.send(np.array([0.1, 1e8, -1e8, 1], np.float32) * self.time_step, index)


class Bucket(AbstractProcess):
    """Receives events and keeps their order."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.inp = InPort(shape=(300,))
        self.events = Var(shape=(8,), init=0)


@implements(proc=Bucket, protocol=LoihiProtocol)
class PyBucket(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, np.float32)
    events: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        values, indices = self.inp.recv()
        self.events = np.concatenate([values, indices]) + 0.5 * self.events


class Dribble(AbstractProcess):
    """Receives events one by one; what is left of a message waits in its port."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        self.inp = InPort(shape=(300,))
        self.last = Var(shape=(2,), init=0)


@implements(proc=Dribble, protocol=LoihiProtocol)
class PyDribble(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.SCALAR_SPARSE, np.float32)
    last: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self) -> None:
        for _ in range(3):
            value, index = self.inp.recv()
            self.last = self.last * 0.5 + (value, index)


class Scaled(AbstractVirtualPort):
    """A virtual port of our own."""

    def __init__(self, shape: tuple[int, ...], factor: int) -> None:
        super().__init__(shape)
        self.factor = factor

    def get_transform_func_fwd(self) -> Any:
        return Times(self.factor)

    def get_transform_func_bwd(self) -> Any:
        return Times(1)


class Times:
    """A function that travels."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, data: Any) -> Any:
        return data * self.factor


# -- networks -----------------------------------------------------------------------------------


def in_flight() -> AbstractProcess:
    """The sender is faster than the receiver."""
    ramp, tally = Ramp(shape=(2, 3), gain=3, every=2, name="ramp"), Tally(shape=(2, 3))
    ramp.out.connect(tally.inp)
    return tally


def two_readers() -> AbstractProcess:
    """One sender, readers at different speeds, and views in between."""
    ramp, slow, fast = Ramp(shape=(2,), every=3), Late(), Tally(shape=(2, 1))
    ramp.out.connect(slow.inp)
    ramp.out.reshape((1, 2)).transpose().connect(fast.inp)
    both, other = Tally(shape=(4,)), Ramp(shape=(2,), gain=5)
    ramp.out.concat_with(other.out, axis=0).connect(both.inp)
    scaled = Scaled((2,), 7)
    other.out._connect_forward([scaled], AbstractVirtualPort)
    end = Tally(shape=(2,))
    scaled._connect_forward([end.inp], InPort)
    return fast


def remote() -> AbstractProcess:
    """RefPorts in both phases of the even steps."""
    ramp, tally, watcher = Ramp(shape=(2,)), Tally(shape=(2,)), Watcher(shape=(2,))
    ramp.out.connect(tally.inp)
    watcher.ref.connect_var(ramp.level)
    return watcher


def hierarchy() -> AbstractProcess:
    """A Process that is built of others, saved through its parent's alias."""
    pair, tally = Pair(shape=(2,)), Tally(shape=(2,))
    pair.out.connect(tally.inp)
    return pair


def free() -> AbstractProcess:
    """A free-running sender that is ahead of its receiver."""
    loose, late = Loose(), Late()
    loose.out.connect(late.inp)
    return late


def events() -> AbstractProcess:
    """Sparse messages whose order matters."""
    burst, bucket, dribble = Burst(), Bucket(), Dribble()
    burst.out.connect([bucket.inp, dribble.inp])
    return bucket


def _spikes(seed: int, size: int, steps: int = 40) -> Source:
    return Source(data=(np.random.default_rng(seed).random((size, steps)) < 0.2).astype(int))


def recurrent() -> AbstractProcess:
    """LIF with dense, sparse and delayed connections, recorded."""
    numbers = np.random.default_rng(1)
    weights = numbers.normal(0, 4, (30, 30)).round(1)
    source, lif = _spikes(2, 30), LIF(shape=(30,), du=0.3, dv=0.1, vth=2.0, bias_mant=0.05)
    forward = Dense(weights=weights)
    back = Sparse(weights=scipy.sparse.random(30, 30, 0.2, "csr", random_state=3))
    delays = numbers.integers(0, 5, (30, 30))
    late = DelayDense(weights=weights * 0.1, delays=delays)
    later = DelaySparse(
        weights=scipy.sparse.csr_matrix(weights * (weights > 3)),
        delays=scipy.sparse.csr_matrix(delays * (weights > 3)),
    )
    source.s_out.connect(forward.s_in)
    for connection in (back, late, later):
        lif.s_out.connect(connection.s_in)
        connection.a_out.connect(lif.a_in)
    forward.a_out.connect(lif.a_in)
    monitor, sink = Monitor(), Sink(shape=(30,), buffer=12)
    monitor.probe(lif.v, 40)
    lif.s_out.connect(sink.a_in)
    return monitor


def fixed() -> AbstractProcess:
    """Fixed-point LIF and connections."""
    numbers = np.random.default_rng(4)
    source, lif = _spikes(5, 20), LIF(shape=(20,), du=400, dv=200, vth=10, bias_mant=3, bias_exp=6)
    forward = Dense(weights=numbers.integers(-60, 60, (20, 20)) * 2, weight_exp=2)
    weights = (scipy.sparse.random(20, 20, 0.3, "csr", random_state=3) * 50).trunc()
    back = Sparse(weights=weights)
    source.s_out.connect(forward.s_in)
    lif.s_out.connect(back.s_in)
    forward.a_out.connect(lif.a_in)
    back.a_out.connect(lif.a_in)
    return lif


def learning() -> AbstractProcess:
    """STDP; in fixed point with stochastic rounding."""
    rule = STDPLoihi(learning_rate=1, A_plus=2, A_minus=-2, tau_plus=10, tau_minus=10, t_epoch=2)
    weights = np.random.default_rng(6).integers(0, 60, (8, 8)) * 2
    source, lif = _spikes(7, 8), LIF(shape=(8,), du=1, dv=0, vth=40)
    plastic = LearningDense(weights=weights, learning_rule=rule)
    source.s_out.connect(plastic.s_in)
    plastic.a_out.connect(lif.a_in)
    lif.s_out.connect(plastic.s_in_bap)
    return plastic


OWN = (in_flight, two_readers, remote, hierarchy, free, events)
LIBRARY = {recurrent: "floating_pt", fixed: "fixed_pt", learning: "fixed_pt"}


# -- what they hold -----------------------------------------------------------------------------


def contents(process: AbstractProcess) -> dict[str, Any]:
    """Every Var of every model, by its place in the network."""
    runtime = process.runtime
    held = {}
    for actor in runtime.executable.actors:
        for var in actor.vars:
            value = runtime.get_var(var.var.id)
            value = value.toarray() if scipy.sparse.issparse(value) else value
            if hasattr(value, "dtype"):
                value = (value.dtype.str, value.shape, value.tobytes())
            held[f"{actor.party}.{var.name}"] = value
    held["step"] = runtime.current_step
    return held


def main() -> None:
    """Load, run on, and write down what is held."""
    file, steps, output, *options = sys.argv[1:]
    loaded = lava_actor.load(file, trusted="trusted" in options)
    loaded.run(RunSteps(num_steps=int(steps)))
    try:
        Path(output).write_bytes(pickle.dumps(contents(loaded)))
    finally:
        loaded.stop()

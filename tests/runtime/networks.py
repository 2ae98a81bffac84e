"""Small Processes for the tests of the runtime.

Actors import this module by name, so it stays light: no pytest, no psutil. What a model is to do
at some moment (fail, die, block) is given as a function in its parameters.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    AsyncProtocol,
    InPort,
    LavaPyType,
    Loihi1SimCfg,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    PyRefPort,
    PyVarPort,
    RefPort,
    RunConfig,
    Var,
    VarPort,
    implements,
)
from lava_actor.process.ports.ports import AbstractVirtualPort

Action = Callable[[Any], None]


class First(RunConfig):
    """Takes the first model found."""

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return models[0]


class Expand(Loihi1SimCfg):
    """Prefers sub-process models."""

    def __init__(self, **options: Any) -> None:
        super().__init__(select_sub_proc_model=True, **options)


class Permute(AbstractVirtualPort):
    """A virtual port of the user: reorders the elements of a vector."""

    def __init__(self, order: list[int]) -> None:
        super().__init__((len(order),))
        self.order = order

    def get_transform_func_fwd(self) -> Any:
        order = self.order
        return lambda data: data[order]

    def get_transform_func_bwd(self) -> Any:
        back = np.argsort(self.order)
        return lambda data: data[back]


# --- messages ----------------------------------------------------------------------------------


class Sender(AbstractProcess):
    """Sends the same data in every step."""

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        data = np.asarray(data)
        self.data = Var(data.shape, init=data)
        self.out = OutPort(data.shape)


@implements(proc=Sender, protocol=LoihiProtocol)
class PySender(PyLoihiProcessModel):
    data: np.ndarray = LavaPyType(np.ndarray, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.out.send(self.data)


class Counter(AbstractProcess):
    """Counts steps and sends the count; `on_step(model)` is called with it."""

    def __init__(
        self, *, shape: tuple[int, ...] = (1,), on_step: Action | None = None, **kwargs: Any
    ) -> None:
        super().__init__(on_step=on_step, **kwargs)
        self.count = Var(shape, init=0)
        self.out = OutPort(shape)


@implements(proc=Counter, protocol=LoihiProtocol)
class PyCounter(PyLoihiProcessModel):
    count: np.ndarray = LavaPyType(np.ndarray, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.count += 1
        if self.proc_params["on_step"] is not None:
            self.proc_params["on_step"](self)
        self.out.send(self.count)


class Sink(AbstractProcess):
    """Keeps the last message, the sum of all, and how many there were."""

    def __init__(
        self, *, shape: tuple[int, ...] = (1,), on_step: Action | None = None, **kwargs: Any
    ) -> None:
        super().__init__(on_step=on_step, **kwargs)
        self.inp = InPort(shape)
        self.last = Var(shape, init=0)
        self.total = Var(shape, init=0)
        self.received = Var((1,), init=0)


@implements(proc=Sink, protocol=LoihiProtocol)
class PySink(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    last: np.ndarray = LavaPyType(np.ndarray, np.int64)
    total: np.ndarray = LavaPyType(np.ndarray, np.int64)
    received: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        if self.proc_params["on_step"] is not None:
            self.proc_params["on_step"](self)
        self.last = self.inp.recv()
        self.total += self.last
        self.received += 1


class Relay(AbstractProcess):
    """Receives, adds, sends on."""

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (1,),
        add: int = 0,
        on_step: Action | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(add=add, on_step=on_step, **kwargs)
        self.inp = InPort(shape)
        self.out = OutPort(shape)
        self.last = Var(shape, init=0)


@implements(proc=Relay, protocol=LoihiProtocol)
class PyRelay(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    last: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        if self.proc_params["on_step"] is not None:
            self.proc_params["on_step"](self)
        self.last = self.inp.recv() + self.proc_params["add"]
        self.out.send(self.last)


class HierarchicalSender(AbstractProcess):
    """A `Sender` inside."""

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data=np.asarray(data), **kwargs)
        data = np.asarray(data)
        self.data = Var(data.shape, init=data)
        self.out = OutPort(data.shape)


@implements(proc=HierarchicalSender)
class SubHierarchicalSender(AbstractSubProcessModel):
    def __init__(self, proc: AbstractProcess) -> None:
        self.sender = Sender(proc.proc_params["data"])
        self.sender.out.connect(proc.out_ports.out)
        proc.vars.data.alias(self.sender.data)


class HierarchicalSink(AbstractProcess):
    """A `Sink` inside."""

    def __init__(self, *, shape: tuple[int, ...] = (1,), **kwargs: Any) -> None:
        super().__init__(shape=shape, **kwargs)
        self.inp = InPort(shape)
        self.last = Var(shape, init=0)


@implements(proc=HierarchicalSink)
class SubHierarchicalSink(AbstractSubProcessModel):
    def __init__(self, proc: AbstractProcess) -> None:
        self.sink = Sink(shape=proc.proc_params["shape"])
        proc.in_ports.inp.connect(self.sink.inp)
        proc.vars.last.alias(self.sink.last)


# --- state ------------------------------------------------------------------------------------


class Holder(AbstractProcess):
    """Holds one Var of any declared type; `on_step(model)` may change it."""

    def __init__(
        self,
        *,
        init: Any,
        shape: tuple[int, ...],
        on_step: Action | None = None,
        on_update: Action | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(on_step=on_step, on_update=on_update, **kwargs)
        self.value = Var(shape, init=init)
        self.updates = Var((1,), init=0)
        self.steps = Var((1,), init=0)


class _HolderModel(PyLoihiProcessModel):
    updates: np.ndarray = LavaPyType(np.ndarray, np.int64)
    steps: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_spk(self) -> None:
        self.steps += 1
        if self.proc_params["on_step"] is not None:
            self.proc_params["on_step"](self)

    def on_var_update(self) -> None:
        self.updates += 1
        if self.proc_params["on_update"] is not None:
            self.proc_params["on_update"](self)


def holder_model(cls: type, d_type: Any) -> type:
    """A model of `Holder` that declares ``value`` as ``LavaPyType(cls, d_type)``."""
    name = f"PyHolder_{cls.__name__}_{np.dtype(d_type).name}"
    return type(name, (_HolderModel,), {"value": LavaPyType(cls, d_type), "__module__": __name__})


class HoldAs(First):
    """Runs every `Holder` with ``value`` declared as given."""

    def __init__(self, cls: type, d_type: Any) -> None:
        super().__init__()
        self._model = holder_model(cls, d_type)

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return self._model if isinstance(process, Holder) else models[0]


@implements(proc=Holder, protocol=LoihiProtocol)
class PyHolder(_HolderModel):
    value: np.ndarray = LavaPyType(np.ndarray, np.float64)


# --- trouble ----------------------------------------------------------------------------------


class NeedsArguments(Exception):
    """Cannot be rebuilt from ``args``."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"code {code}: {reason}")
        self.code = code


class Unpicklable(Exception):
    """Holds something no pickler takes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = sys._getframe()


def raise_error(model: Any) -> None:
    raise ValueError("this was to be expected")


def raise_with_arguments(model: Any) -> None:
    raise NeedsArguments(7, "too many legs")


def raise_unpicklable(model: Any) -> None:
    raise Unpicklable("cannot travel")


def leave_by_sys_exit(model: Any) -> None:
    sys.exit(3)


def leave_by_os_exit(model: Any) -> None:
    os._exit(5)


def kill_itself(model: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash(model: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


class Phased(AbstractProcess):
    """Counts how often each phase ran and in which order; may do something in one of them.

    Parameters
    ----------
    at : {phase: action}
        ``phase`` is one of init, start, spk, pre, lrn, post, host; for all but the first two the
        action happens in step ``step``.
    guards : {guard: steps}
        In which steps (a tuple; None: all) pre, lrn and post are asked for; a guard that is not
        named is always False.
    """

    def __init__(
        self,
        at: dict[str, Action] | None = None,
        *,
        step: int = 2,
        guards: dict[str, tuple[int, ...] | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(at=at or {}, step=step, guards=guards or {}, **kwargs)
        for phase in ("spk", "pre", "lrn", "post", "host"):
            setattr(self, phase, Var((1,), init=0))
        self.trace = Var((64,), init=0)
        self.entries = Var((1,), init=0)
        self.inp = InPort((1,))
        self.out = OutPort((1,))


class _PhasedModel(PyLoihiProcessModel):
    """`trace` holds ``10 * step + phase`` per entry."""

    spk: np.ndarray = LavaPyType(np.ndarray, np.int64)
    pre: np.ndarray = LavaPyType(np.ndarray, np.int64)
    lrn: np.ndarray = LavaPyType(np.ndarray, np.int64)
    post: np.ndarray = LavaPyType(np.ndarray, np.int64)
    host: np.ndarray = LavaPyType(np.ndarray, np.int64)
    trace: np.ndarray = LavaPyType(np.ndarray, np.int64)
    entries: np.ndarray = LavaPyType(np.ndarray, np.int64)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._act("init")

    def on_start(self) -> None:
        self._act("start")

    def _act(self, phase: str) -> None:
        if phase in self.proc_params["at"]:
            self.proc_params["at"][phase](self)

    def _note(self, phase: str, counter: np.ndarray) -> None:
        counter += 1
        self.trace[int(self.entries[0]) % 64] = 10 * self.time_step + int(self.phase[0])
        self.entries += 1
        if self.time_step == self.proc_params["step"]:
            self._act(phase)

    def _asks(self, guard: str) -> bool:
        guards = self.proc_params["guards"]
        return guard in guards and (guards[guard] is None or self.time_step in guards[guard])

    def run_spk(self) -> None:
        self._note("spk", self.spk)
        self.out.send(np.array([self.time_step]))
        self.inp.recv()


@implements(proc=Phased, protocol=LoihiProtocol)
class PyPhased(_PhasedModel):
    """Has all phases."""

    def run_pre_mgmt(self) -> None:
        self._note("pre", self.pre)

    def run_lrn(self) -> None:
        self._note("lrn", self.lrn)

    def run_post_mgmt(self) -> None:
        self._note("post", self.post)

    def run_host_mgmt(self) -> None:
        self._note("host", self.host)

    def pre_guard(self) -> bool:
        return self._asks("pre")

    def lrn_guard(self) -> bool:
        return self._asks("lrn")

    def post_guard(self) -> bool:
        return self._asks("post")

    def host_guard(self) -> bool:
        return self._asks("host")


# --- remote Vars ------------------------------------------------------------------------------


class Owner(AbstractProcess):
    """A Var that others reach through `door` or ``connect_var``, and a copy taken in spiking."""

    def __init__(self, *, shape: tuple[int, ...] = (3,), init: Any = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = Var(shape, init=init)
        self.seen = Var(shape, init=0)
        self.door = VarPort(self.value)


@implements(proc=Owner, protocol=LoihiProtocol)
class PyOwner(PyLoihiProcessModel):
    value: np.ndarray = LavaPyType(np.ndarray, np.int64)
    seen: np.ndarray = LavaPyType(np.ndarray, np.int64)
    door: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        self.seen = self.value.copy()


class RemoteUser(AbstractProcess):
    """Has a RefPort; reads into or writes ``5 + time_step`` from post-management."""

    def __init__(
        self,
        *,
        shape: tuple[int, ...] = (3,),
        first: int = 2,
        wait: bool = True,
        data: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(first=first, wait=wait, data=data, **kwargs)
        self.ref = RefPort(shape)
        self.got = Var(shape, init=1)


class _RemoteModel(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int64)
    got: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def post_guard(self) -> bool:
        return self.time_step >= self.proc_params["first"]


class Writer(RemoteUser):
    """Writes."""


@implements(proc=Writer, protocol=LoihiProtocol)
class PyWriter(_RemoteModel):
    def run_post_mgmt(self) -> None:
        data = self.proc_params["data"]
        self.ref.write(np.full(self.ref.shape, 5) + self.time_step if data is None else data)
        if self.proc_params["wait"]:
            self.ref.wait()


class Reader(RemoteUser):
    """Reads."""


@implements(proc=Reader, protocol=LoihiProtocol)
class PyReader(_RemoteModel):
    def run_post_mgmt(self) -> None:
        port = self.ref  # a name that the compiler does not follow: the port takes turns
        self.got = port.read()


# --- running freely ---------------------------------------------------------------------------


class Free(AbstractProcess):
    """An asynchronous model; ``body(model)`` is its ``run_async``."""

    def __init__(self, body: Action, *, shape: tuple[int, ...] = (1,), **kwargs: Any) -> None:
        super().__init__(body=body, **kwargs)
        self.inp = InPort(shape)
        self.out = OutPort(shape)
        self.value = Var(shape, init=0)
        self.history = Var((32,), init=0)


@implements(proc=Free, protocol=AsyncProtocol)
class PyFree(PyAsyncProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    value: np.ndarray = LavaPyType(np.ndarray, np.int64)
    history: np.ndarray = LavaPyType(np.ndarray, np.int64)

    def run_async(self) -> None:
        self.proc_params["body"](self)


def count_until_told(model: Any) -> None:
    """Count rounds until a pause or stop is asked for."""
    while not (model.check_for_stop_cmd() or model.check_for_pause_cmd()):
        model.value += 1


def note_num_steps(model: Any) -> None:
    """Add what was asked for."""
    model.value += model.num_steps


def send_steps(model: Any) -> None:
    """Send 1, 2, … num_steps."""
    for number in range(1, model.num_steps + 1):
        model.out.send(np.array([number]))


def receive_steps(model: Any) -> None:
    """Keep num_steps messages in order."""
    for index in range(model.num_steps):
        model.history[index] = model.inp.recv()[0]

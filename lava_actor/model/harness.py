"""`ModelHarness`: one model, driven by hand. No runtime, no arena, no other process.

For tests of models and for debugging: the model lives in the calling thread, gets hand-made
messages, and shows what it sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.channels.records import RecordStore
from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.kernels.steps import ASK_PAUSE, ASK_STOP, take_request
from lava_actor.model.declarations import check_members
from lava_actor.model.memory_ring import MemoryPort, MemoryRing, Sent
from lava_actor.model.ports.in_port import Edge, PyInPort
from lava_actor.model.ports.out_port import PyOutPortScalarSparse, PyOutPortVectorSparse
from lava_actor.model.ports.var_port import var_port_class
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import declared, first_value
from lava_actor.process.collection import named
from lava_actor.process.ports.ports import InPort
from lava_actor.process.recording import Recording
from lava_actor.protocol import step
from lava_actor.protocol.values import VarSlot

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess

_RECORDING_BYTES = 1 << 30
"""Memory that recordings take before they go on in a file, as in a network by default."""


class MemoryVar:
    """A Var of somebody else, as a RefPort under test sees it."""

    def __init__(self, value: np.ndarray) -> None:
        self.value = value

    def read(self) -> np.ndarray:
        """Return a copy of the value."""
        return np.array(self.value)

    def write(self, data: np.ndarray) -> None:
        """Set the value; it keeps its dtype."""
        self.value = VarSlot(None, self.value.shape, "MemoryVar").assigned(self.value, data)

    def wait(self) -> None:
        """Writes are applied at once."""


class ModelHarness:
    """Builds the model of one Process and drives it.

    Parameters
    ----------
    model_cls : model class
        A PyLoihiProcessModel or PyAsyncProcessModel that fits ``process``.
    process : AbstractProcess
        Gives parameters, Vars with initial values, and ports.
    **inputs
        Messages for in-ports that arrive in every step, unless `step` is given others.

    Examples
    --------
    >>> harness = ModelHarness(PyLifModelFloat, LIF(shape=(2,), vth=1.0))
    >>> harness.step(a_in=np.array([2.0, 0.0]))
    {'s_out': array([1., 0.])}
    >>> harness.v
    array([0., 0.])

    Notes
    -----
    An in-port without a message in a step receives zeros once. A port that did get messages in
    this step and asks for more raises `DeadlockError`, as a network would block. As in a network,
    ``probe`` sees a message of a step once spiking is over; what was fed before the step is seen.

    Messages are arrays; the dtype of an array is that of its sender. Other numbers and lists are
    taken as of the port's dtype if they fit it exactly. A tuple ``(values, indices)`` is a message
    of events (``values`` None: all ones). Scalars fill the port's shape.
    """

    def __init__(self, model_cls: type[Any], process: AbstractProcess, **inputs: object) -> None:
        model_cls = model_cls._la_specialised(process)
        check_members(process, model_cls)
        self.process = process
        self._recordings = {n: v for n, v in named(process.vars) if isinstance(v, Recording)}
        self.remotes: dict[str, MemoryVar] = {}
        self.sent: dict[str, list[Sent]] = {}
        self.pause_requested = False
        self.stop_requested = False
        self._types = model_cls._la_declared_for(process, declared(model_cls))
        self._in_rings: dict[str, MemoryRing] = {}
        self._out_rings: dict[str, MemoryRing] = {}
        self.model = model = model_cls(process.proc_params)
        model.model_id = process.id
        model._la_process_name = process.name
        self._build_ports()
        self._build_recordings()
        held = [(n, v) for n, v in named(process.vars) if n not in self._recordings]
        for name, var in held:
            init = first_value(type(model), self._types[name], var.init)
            setattr(model, name, self._slot(name).initial(init))
            setattr(model, f"_{name}_p", self._types[name].precision)
            model.var_id_to_var_map[var.id] = name
        self._check_inputs(inputs)
        self._inputs = inputs
        model.on_start()

    # -- building ---------------------------------------------------------------------------

    def _build_ports(self) -> None:
        process, model, types = self.process, self.model, self._types
        events = PyOutPortVectorSparse, PyOutPortScalarSparse
        for name, port in (*named(process.in_ports), *named(process.out_ports)):
            cls, dtype, shape = types[name].cls, np.dtype(types[name].d_type), tuple(port.shape)
            ring = MemoryRing(f"{process.name}.{name}", shape, dtype)
            ring.raw_events = issubclass(cls, events)
            rings = self._in_rings if isinstance(port, InPort) else self._out_rings
            rings[name] = ring
            setattr(model, name, cls([MemoryPort(ring)], model, shape, dtype))
        for name, ref_port in named(process.ref_ports):
            cls, dtype = types[name].cls, types[name].d_type
            made = cls(None, None, model, tuple(ref_port.shape), dtype)
            made._reads_only, made._rhythm = types[name].reads_only, types[name].rhythm
            setattr(model, name, made)
            targets = ref_port.get_dst_vars()
            if targets:
                start = np.broadcast_to(np.asarray(targets[0].init), targets[0].shape)
                self.connect_ref(name, start.reshape(ref_port.shape))
        for name, var_port in named(process.var_ports):
            if name in types:
                cls = var_port_class(types[name].cls)
                made = cls(var_port.var.name, None, None, model, tuple(var_port.shape))
                setattr(model, name, made)

    def _build_recordings(self) -> None:
        if not self._recordings:
            return
        store = RecordStore.create(len(self._recordings), _RECORDING_BYTES)
        for number, (name, recording) in enumerate(self._recordings.items()):
            recording.bind(store, number)
            setattr(self.model, name, store.recorder(number, **recording.limits()))

    def _slot(self, name: str) -> VarSlot:
        shape = tuple(getattr(self.process.vars, name).shape)
        return VarSlot(self._types[name], shape, f"{self.process.name}.{name}")

    def connect_ref(self, name: str, value: object) -> MemoryVar:
        """Connect the RefPort ``name`` to a Var with the given value; returns that Var."""
        port = getattr(self.model, name)
        self.remotes[name] = remote = MemoryVar(np.array(value))
        port._remote = remote
        return remote

    # -- looking inside ---------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name == "model":  # not built yet: do not look for it in itself
            raise AttributeError(name)
        if name in self._recordings:
            return self._recordings[name].get()
        return getattr(self.model, name)

    def set(self, name: str, value: object, idx: object = None) -> None:
        """Set a Var like `Var.set` does, including `on_var_update`."""
        slot = self._slot(name)
        slot.set_in(self.model, name, slot.checked(value, idx), idx)

    # -- stepping ---------------------------------------------------------------------------

    def step(self, **inputs: object) -> dict[str, Any]:
        """Do one step: spiking, then the phases the model's guards ask for.

        Parameters
        ----------
        **inputs
            {in-port: message} for this step.

        Returns
        -------
        dict
            {out-port: what it sent in this step}. None if it sent nothing, the last message if it
            sent several (``sent`` has all of them). Sparse ports: (values, indices).
        """
        if not isinstance(self.model, PyLoihiProcessModel):
            raise NetworkError(f"{type(self.model).__name__} does not work in steps: use run_async")
        self._check_inputs(inputs)
        self._start_step({**self._inputs, **inputs})
        self.model.time_step += 1
        self._run_phases()
        return self._collect()

    def run(self, num_steps: int, **inputs: object) -> dict[str, list[Any]]:
        """Do several steps.

        Parameters
        ----------
        num_steps : int
        **inputs
            {in-port: message for every step, or a sequence with one message per step, told apart
            by the shape}.

        Returns
        -------
        dict
            {out-port: list of what it sent, one entry per step}.
        """
        rows: dict[str, list[object]] = {name: [] for name in self._out_rings}
        for t in range(num_steps):
            now = {n: self._row(n, value, t, num_steps) for n, value in inputs.items()}
            for name, message in self.step(**now).items():
                rows[name].append(message)
        return rows

    def end_run(self) -> None:
        """Do what happens at the end of a run: the host phase."""
        step.take_part(self.model, step.AnyGuard, step.HOST, self._enter)
        self._enter(step.SPK)

    def run_async(self, num_steps: int = 1, **inputs: Sequence[object]) -> dict[str, list[Sent]]:
        """Call ``run_async`` of a free-running model.

        Parameters
        ----------
        num_steps : int
            What the model finds in ``num_steps``.
        **inputs
            {in-port: sequence of messages}.

        Returns
        -------
        dict
            {out-port: list of all messages it sent}.
        """
        if not isinstance(self.model, PyAsyncProcessModel):
            raise NetworkError(f"{type(self.model).__name__} works in steps: use step")
        self._start_step({})
        for name, messages in inputs.items():
            for message in messages:
                self.feed(name, message)
        self.model.num_steps = num_steps
        self.model.run_async()
        self._take_requests()
        self._collect()
        return self.sent

    def feed(self, name: str, message: object) -> None:
        """Put one message into the in-port ``name``; it stays until it is received."""
        self._check_inputs([name])
        ring = self._in_rings[name]
        if isinstance(message, tuple):
            values, indices = message
            values = None if values is None else np.asarray(values)
            dtype = ring.dtype if values is None else values.dtype
            self._sender_of_type(name, dtype).send_events(values, np.asarray(indices))
        else:
            array = _as_message(message, ring)
            self._sender_of_type(name, array.dtype).send(array)

    # -- inside -----------------------------------------------------------------------------

    def _check_inputs(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._in_rings:
                raise NetworkError(
                    f"{self.process.name} has no in-port {name!r}; it has "
                    f"{', '.join(self._in_rings) or 'none'}"
                )

    def _start_step(self, messages: Mapping[str, object]) -> None:
        for ring in self._in_rings.values():
            ring.next_step()
        for name, message in messages.items():
            if message is not None:
                self.feed(name, message)
                self._in_rings[name].unseen += 1

    def _sender_of_type(self, name: str, dtype: np.dtype) -> MemoryRing:
        """The ring of an in-port; a sender of another dtype is another connection."""
        ring = self._in_rings[name]
        if ring.dtype != dtype:
            if ring.queue:
                raise InvalidValueError(
                    f"{self.process.name}.{name}: messages of dtype {ring.dtype} wait to be "
                    f"received, so the next one cannot have dtype {dtype}"
                )
            ring.dtype = np.dtype(dtype)
            port: PyInPort = getattr(self.model, name)
            port.connect_edges([Edge(MemoryPort(ring))])
        return ring

    def _row(self, name: str, value: object, t: int, num_steps: int) -> object:
        self._check_inputs([name])
        shape = self._in_rings[name].shape
        if isinstance(value, np.ndarray):
            return value[t] if value.shape == (num_steps, *shape) else value
        if isinstance(value, list) and len(value) == num_steps and np.shape(value) != shape:
            return value[t]
        return value

    def _enter(self, phase: int) -> None:
        self.model._la_phase = phase

    def _run_phases(self) -> None:
        """One step for a domain of one model: what it wishes for comes."""
        model = self.model
        self._enter(step.SPK)
        model.run_spk()
        for ring in self._in_rings.values():
            ring.unseen = 0
        passed = step.SPK
        while not self._take_requests() and (phase := step.wish(model, step.AnyGuard, passed)):
            step.take_part(model, step.AnyGuard, phase, self._enter)
            passed = phase
        self._enter(step.SPK)

    def _take_requests(self) -> int:
        asked = take_request(self.model)
        self.pause_requested |= asked == ASK_PAUSE
        self.stop_requested |= asked == ASK_STOP
        return asked

    def _collect(self) -> dict[str, object]:
        self.sent = {name: ring.take_all() for name, ring in self._out_rings.items()}
        return {name: messages[-1] if messages else None for name, messages in self.sent.items()}


def _as_message(message: object, ring: MemoryRing) -> np.ndarray:
    array = np.asarray(message)
    if not isinstance(message, (np.ndarray, np.generic)):
        own = array.astype(ring.dtype, casting="unsafe") if array.dtype.kind in "biufc" else array
        array = own if np.array_equal(own, array) else array
    if array.ndim == 0:
        return np.full(ring.shape, array)
    if array.shape != ring.shape:
        raise InvalidValueError(f"{ring.name}: expected shape {ring.shape}, got {array.shape}")
    return array

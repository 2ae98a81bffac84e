"""A network run step by step in one process: the oracle for models and for the runtime.

Models are built by `ModelHarness`, so that what is tested is the code that actors run, and
connected by queues. There is no arena, no actor and no schedule here: every phase of every step is
a barrier, as the protocol describes it, and models run one at a time in the order of their
Processes.

Within the spiking phase a model may have to wait for another one, also in a loop (a connection
sends before it receives). So each model's ``run_spk`` is a coroutine: it has a thread of its own,
but only one thread runs at any moment, and it hands over only where a queue it reads from is empty.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from lava_actor.compiler.expand import expand
from lava_actor.errors import DeadlockError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.memory_ring import MemoryPort, MemoryRing
from lava_actor.model.ports.in_port import Edge
from lava_actor.model.sync.loihi_protocol import Phase
from lava_actor.model.types import declared
from lava_actor.process.ports import paths
from lava_actor.protocol.values import VarSlot


class Abandoned(BaseException):
    """Unwinds a coroutine that will never go on."""


class Coroutine:
    """A function in a thread that runs only while its owner waits for it."""

    def __init__(self, name: str, function: Callable[[], None]) -> None:
        self.name = name
        self.waits_for: Queue | None = None
        self.finished = False
        self.error: BaseException | None = None
        self._function = function
        self._abandoned = False
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def can_go_on(self) -> bool:
        """Whether there is something to do."""
        return not self.finished and (self.waits_for is None or bool(self.waits_for.queue))

    def go_on(self) -> None:
        """Run until the function returns or waits."""
        self._go.release()
        self._back.acquire()
        if self.finished:
            self._thread.join()

    def wait(self, queue: Queue) -> None:
        """Hand over until `queue` has a message; called by the function."""
        self.waits_for = queue
        self._back.release()
        self._go.acquire()
        if self._abandoned:
            raise Abandoned
        self.waits_for = None

    def abandon(self) -> None:
        """Unwind the function where it waits."""
        if not self.finished:
            self._abandoned = True
            self.go_on()

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._abandoned:
                self._function()
        except Abandoned:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the owner
            self.error = error
        self.finished = True
        self._back.release()


class Queue(MemoryRing):
    """A ring whose reader lets other models go on while it is empty."""

    network: SequentialNetwork

    def _next(self) -> Any:
        while not self.queue:
            current = self.network.current
            assert current is not None, f"{self.name}: messages are received in run_spk only"
            current.wait(self)
        return self.queue[0]


class LocalVar:
    """A Var of another model, as a RefPort sees it."""

    def __init__(self, owner: Any, name: str, path: Any) -> None:
        self._owner = owner
        self._name = name
        self._index_map = paths.index_map(path)

    def read(self) -> np.ndarray:
        """Return the value in the shape of the RefPort, up to its dimensions."""
        flat = np.asarray(getattr(self._owner, self._name)).reshape(-1)
        return flat.copy() if self._index_map is None else flat[self._index_map]

    def write(self, data: np.ndarray) -> None:
        """Set the value; its type stays."""
        held = getattr(self._owner, self._name)
        flat = np.empty(data.size, data.dtype)
        flat[slice(None) if self._index_map is None else self._index_map] = data.reshape(-1)
        slot = VarSlot(None, np.shape(held), self._name)
        setattr(self._owner, self._name, slot.assigned(held, flat))

    def wait(self) -> None:
        """Writes are applied at once."""


class SequentialNetwork:
    """Everything that is connected to the given Processes.

    Stands in for the runtime of its Processes, so that `Var.get` and `Var.set` work.

    Parameters
    ----------
    seeds
        Processes of the network.
    run_cfg
        Chooses the models.
    """

    _is_initialized = True
    _is_started = True
    _is_running = False
    is_over = False

    def __init__(self, seeds: Sequence[Any], run_cfg: Any) -> None:
        self.current: Coroutine | None = None
        leaves, self.processes = expand(list(seeds), run_cfg)
        self.harnesses = {process: ModelHarness(process.model_class, process) for process in leaves}
        self._vars = {
            var.id: (harness.model, var)
            for process, harness in self.harnesses.items()
            for var in process.vars.members
        }
        self._connect()
        for process in self.processes:
            process.runtime = self

    def _connect(self) -> None:
        ends: dict[Any, list[MemoryPort]] = {}
        for process, harness in self.harnesses.items():
            for port in process.in_ports.members:
                edges = []
                for path in sorted(paths.incoming_paths(port), key=_origin):
                    end = self._queue(path.source, port)
                    ends.setdefault(path.source, []).append(end)
                    edges.append(Edge(end, *_transform(path)))
                getattr(harness.model, port.name).connect_edges(edges)
            for port in process.ref_ports.members:
                for path in paths.remote_paths(port):
                    var = path.destination.var
                    owner = self.harnesses[var.process].model
                    getattr(harness.model, port.name)._remote = LocalVar(owner, var.name, path)
        for process, harness in self.harnesses.items():
            types = declared(process.model_class)
            for port in process.out_ports.members:
                kind, dtype = types[port.name].cls, np.dtype(types[port.name].d_type)
                out = kind(ends.get(port, []), harness.model, tuple(port.shape), dtype)
                setattr(harness.model, port.name, out)

    def _queue(self, source: Any, destination: Any) -> MemoryPort:
        types = declared(source.process.model_class)
        queue = Queue(
            f"{source.process.name}.{source.name}->{destination.process.name}.{destination.name}",
            tuple(source.shape),
            np.dtype(types[source.name].d_type),
        )
        queue.network = self
        return MemoryPort(queue)

    @property
    def models(self) -> list[Any]:
        """The models, in the order of their Processes."""
        return [harness.model for harness in self.harnesses.values()]

    def step(self) -> None:
        """Do one step of the LoihiProtocol, all phases of it."""
        models = self.models
        for model in models:
            model.time_step += 1
        self._spike()
        learn = [bool(model.lrn_guard()) for model in models]
        pre = any(wants and model.pre_guard() for wants, model in zip(learn, models, strict=True))
        post = any(
            model.post_guard() for wants, model in zip(learn, models, strict=True) if not wants
        )
        if pre:
            self._phase(Phase.PRE_MGMT, "pre_guard", "run_pre_mgmt")
        if pre or any(learn):
            self._phase(Phase.LRN, "lrn_guard", "run_lrn")
            post = post or any(model.post_guard() for model in models)
        if post:
            self._phase(Phase.POST_MGMT, "post_guard", "run_post_mgmt")

    def _phase(self, phase: int, guard: str, method: str) -> None:
        for model in self.models:
            model.phase = phase
            if getattr(model, guard)():
                getattr(model, method)()
            model.phase = Phase.SPK

    def _spike(self) -> None:
        jobs = [
            Coroutine(process.name, harness.model.run_spk)
            for process, harness in self.harnesses.items()
        ]
        try:
            while ready := [job for job in jobs if job.can_go_on]:
                for job in ready:
                    self.current = job
                    job.go_on()
                    self.current = None
                    if job.error is not None:
                        raise job.error
            if waiting := [job for job in jobs if not job.finished]:
                raise DeadlockError(
                    "; ".join(f"{job.name} waits for {_name(job.waits_for)}" for job in waiting)
                )
        finally:
            for job in jobs:
                job.abandon()

    # -- the part of the runtime that Vars and Monitors use ---------------------------------

    def get_var(self, var_id: int, idx: Any = None) -> Any:
        """Return the value of a Var."""
        model, var = self._vars[var_id]
        value = getattr(model, var.name)
        if np.isscalar(value) and not isinstance(value, str):
            value = np.full(var.shape, value)
        return value if idx is None else value[idx]

    def set_var(self, var_id: int, value: Any, idx: Any = None) -> None:
        """Set a Var."""
        model, var = self._vars[var_id]
        slot = VarSlot(None, tuple(var.shape), var.name)
        setattr(model, var.name, slot.assigned(getattr(model, var.name), value, idx))
        model._la_var_written(var.name)
        model.on_var_update()

    def wait(self, timeout: float | None = None) -> None:
        """Nothing runs by itself."""

    pause = stop = wait


def run(seeds: Iterable[Any], run_cfg: Any, num_steps: int) -> SequentialNetwork:
    """Run a network for some steps; returns it."""
    network = SequentialNetwork(list(seeds), run_cfg)
    for _ in range(num_steps):
        network.step()
    return network


def _transform(path: Any) -> tuple[np.ndarray | None, tuple[Callable[..., Any], ...]]:
    if paths.is_index_map(path):
        return paths.index_map(path), ()
    return None, paths.functions(path)


def _origin(path: Any) -> tuple[int, str]:
    return path.source.process.id, path.source.name


def _name(queue: Queue | None) -> str:
    return "nothing" if queue is None else queue.name

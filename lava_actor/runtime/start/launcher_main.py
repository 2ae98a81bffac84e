"""The launcher's own program: a clean interpreter that forks RuntimeServices.

It is started once per user's interpreter, imports NumPy and this package, and then only waits: for
orders to start a service, or for the end of its pipe, with which it leaves. What a network needs of
this package besides, it imports when it is told to, once for all networks to come. It never imports
user code and never has a second thread, so forking it is safe. Services are its children; each
asked the kernel to be told of its end, and ends its network then. A service whose imports took long
and started no thread stays as a launcher of a second kind; its child is the service then.

A service ends what its models have started. If it is killed, that becomes the launcher's, which
ends it instead; it also tells the user's interpreter how a service ended. When the interpreter is
gone the launcher sees to it that all services end, before it leaves.

Forking is as cheap as the launcher is small: every actor copies its page tables, and then every
page that it writes to, if only to count references (several hundred pages at some 3 µs each, which
is most of what an actor's start takes). So it matters what is imported here, and that what is here
has been used before (`rehearsal.py`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from lava_actor.channels import Arena
from lava_actor.channels.pipe import Frame, Pipe, PipeEnded
from lava_actor.process.log import logger_of, logger_of_models
from lava_actor.protocol.frames import Receiver, Way
from lava_actor.runtime.actor import build, free, stepping
from lava_actor.runtime.actor.actor import Actor
from lava_actor.runtime.actor.worker import Worker
from lava_actor.runtime.reports.exceptions import failure_of
from lava_actor.runtime.service.service import Service, ignore_terminal_signals
from lava_actor.runtime.start import descriptors, forking, processes, program
from lava_actor.runtime.start.environment import attune, attune_process, import_places, settle_in
from lava_actor.runtime.start.hosts import INSIDE, Household, MixedHost, ProcessHost
from lava_actor.runtime.start.plan import ServicePlan
from lava_actor.runtime.start.rehearsal import rehearse
from lava_actor.runtime.start.seeds import global_state
from lava_actor.runtime.start.serialize import ActorSpec

if TYPE_CHECKING:
    from lava_actor.channels.records import RecordStore

_PRELOADED: tuple[object, ...] = (build, free, stepping)


#: Bytes of initial values from which on they are worth letting go of.
LARGE_VALUES = 1 << 20
#: Seconds that services get to end by themselves once the user's interpreter is gone.
SERVICE_SECONDS = 15.0
#: Seconds after which a halted one is not waited for any longer.
HALTED_SECONDS = 1.0
#: Seconds of imports from which on the next network is not to wait for them.
SLOW_IMPORTS = 0.1
#: Seconds that a service whose pipe has ended gets to end as well.
FATE_SECONDS = 0.5


def main(control: int, owner: int) -> None:
    """Fork services on order until the owner is gone."""
    descriptors.keep_standard_ones()
    ignore_terminal_signals()
    Launcher(Pipe(control), owner).run()


class Launcher:
    """The launcher's loop: orders, ends of services, the end of the owner."""

    def __init__(self, pipe: Pipe, owner: int, services: Iterable[int] = ()) -> None:
        processes.adopt_orphans()
        self._pipe = pipe
        self._owner = owner
        self._signals = processes.Signals(signal.SIGCHLD, signal.SIGTERM)
        self._ordered = dict(enumerate(services))
        self._services = set(services)
        self._retired = False
        self._fates: dict[int, str] = {}
        self._orders = Receiver.of(self, "_on_", Way.USER_TO_LAUNCHER)

    def run(self, *, warm: bool = False) -> NoReturn:
        """Serve until there is nobody to serve; ``warm``: forked from one that has done it."""
        poller = select.poll()
        poller.register(self._pipe.fileno(), select.POLLIN)
        poller.register(self._signals, select.POLLIN)
        gone = _watch_owner(self._owner, poller)
        if not warm:
            forking.watch()
        _share_all()
        idle = warm
        while True:
            events = poller.poll(None if idle else 0)
            if not events:
                with contextlib.suppress(Exception):  # short of memory, perhaps: it works without
                    rehearse()
                _share_all()
                idle = True
            is_gone = any(descriptor == gone for descriptor, _ in events)
            if is_gone or signal.SIGTERM in self._signals.take():
                self._leave()
            self._reap()
            try:
                while self._pipe.poll():
                    self._orders(self._pipe.recv())
            except PipeEnded:
                self._leave()
            if self._retired and not self._services:
                self._leave()

    def _on_preload(self, frame: Frame) -> None:
        for name in frame.take():
            with contextlib.suppress(Exception):  # met again, and told, by the actor it concerns
                importlib.import_module(name)
        _share_all()

    def _on_retire(self, _frame: Frame) -> None:
        self._retired = True

    def _on_service(self, frame: Frame) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:  # a limit: this network cannot start, those that run go on
            self._fates[frame.key] = f"it could not be started: {forking.why_not(error)}"
            frame.close()
            return
        if pid:
            self._services.add(pid)
            self._ordered[frame.key] = pid
            frame.close()
            return
        processes.be_child(parent, signal.SIGTERM, partial(self._serve, frame, parent))

    def _serve(self, frame: Frame, parent: int) -> None:
        self._signals.leave()
        self._pipe.close()
        run_service(frame, self._owner, parent)

    def _reap(self) -> bool:
        """Collect what has ended; False if no child is left.

        A service that did not end by itself may have left processes behind: ours now.
        """
        orphans = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                break
            if pid in self._services:
                self._services.discard(pid)
                if status:
                    self._fates[pid] = processes.how_it_ended(status)
                    orphans = True
        if orphans:
            processes.end_offspring(self._reap, self._services)
        return True

    def _on_fate(self, frame: Frame) -> None:
        """How a service ended, if it has."""
        pid = self._ordered.get(frame.key, frame.key)
        deadline = time.monotonic() + FATE_SECONDS
        while self._reap() and pid in self._services and time.monotonic() < deadline:
            time.sleep(0.001)
        self._pipe.post("fate", self._fates.get(pid), key=frame.key)

    def _leave(self) -> NoReturn:
        """Let the services end their networks, then end what is left."""
        began = time.monotonic()
        for pid in self._services:
            os.kill(pid, signal.SIGTERM)
        while self._reap() and self._services and time.monotonic() < began + SERVICE_SECONDS:
            if time.monotonic() > began + HALTED_SECONDS:
                for pid in self._services:
                    if processes.is_halted(pid):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
        for pid in self._services:
            os.kill(pid, signal.SIGKILL)
        self._services.clear()
        processes.end_offspring(self._reap)
        os._exit(0)


def _share_all() -> None:
    """Nothing that is loaded now is garbage: let collections in forked processes not write to it.

    Those of a service have only the service's own objects to look at.
    """
    gc.collect()
    gc.freeze()


def _watch_owner(owner: int, poller: select.poll) -> int | None:
    """A forked child of the user may keep the pipe open; the owner's own end must be seen."""
    try:
        descriptor = os.pidfd_open(owner)
    except OSError:
        return None
    poller.register(descriptor, select.POLLIN)
    return descriptor


def run_service(frame: Frame, owner: int, parent: int) -> None:
    """Open the order and be the RuntimeService it describes."""
    user_fd, arena_fd, wake_up, order, *values = frame.release()
    user = Pipe(user_fd)
    try:
        can_stay = _introduce(user)
    except PipeEnded:
        return  # nobody waits for this network any more
    try:
        with open(order, "rb") as file:
            file.seek(0)
            plan: ServicePlan = pickle.load(file)
        settle_in(plan.surroundings)
        began = time.monotonic() - _kept_waiting()
        program.import_all(plan.program)
        waited = _kept_waiting()  # before the time: what comes between is no wait that counts
        slow = time.monotonic() - waited - began > SLOW_IMPORTS
        if slow and can_stay and plan.may_stay and forking.is_single():
            parent = _stay(user, owner, [arena_fd, wake_up, *values])
        guests = _guests(user, plan)
        if guests is None or not _agree(user, plan.program):
            return
        arena = Arena.attach(arena_fd, plan.arena)
        first = len(values) - plan.n_record_files
        records = _records(values[first:], plan.n_recordings)
        loads = load_specs(plan, values[0] if first else None)
        program.end_imports()
        for descriptor in values:
            os.close(descriptor)
        attune_process(plan.surroundings)
        large = [a.party for a in plan.actors if a.parcel and a.parcel.out_of_band >= LARGE_VALUES]
        body = partial(run_actors, plan, arena, wake_up, loads, large, records=records)
        host = MixedHost(body, guests) if guests else ProcessHost(body)
        del loads, body  # the host lets go of them once the actors run
        service = Service(plan, arena, user, wake_up, host, parent)
    except BaseException as error:  # noqa: BLE001  (must reach the user before we leave)
        user.send("startfail", failure_of(error, "RuntimeService"))
        return
    service.main()


def _introduce(user: Pipe) -> bool:
    """Let the user's interpreter hold us by a pidfd: the pipe may outlive us."""
    pid = os.getpid()
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        user.send("here", key=pid)
        return False
    user.send("here", key=pid, fds=[descriptor])
    os.close(descriptor)
    return True


def _kept_waiting() -> float:
    """Seconds this process could have computed but got no core: no fault of what it does."""
    try:
        with open("/proc/self/schedstat") as file:
            return int(file.read().split()[1]) * 1e-9
    except (OSError, IndexError, ValueError):
        return 0.0


def _stay(user: Pipe, owner: int, others: Iterable[int]) -> int:
    """Become the launcher of all networks that need what was imported here.

    Returns in a child, which is the service from now on; what it returns is the parent.
    """
    ours, theirs = Pipe.pair()
    found = (set(sys.modules), import_places(), program.files())
    user.send("warm", found, fds=[theirs.fileno()])
    theirs.close()
    _share_all()
    parent = os.getpid()
    child = os.fork()
    if not child:
        ours.close()
        processes.hear_of_parents_end(parent, signal.SIGTERM)
        _introduce(user)
        return parent
    user.close()
    for descriptor in others:
        os.close(descriptor)
    return Launcher(ours, owner, [child]).run(warm=True)


def _guests(user: Pipe, plan: ServicePlan) -> dict[int, Pipe] | None:
    """Our ends of the pipes to actors in the user's interpreter; None: it is gone."""
    parties = [actor.party for actor in plan.actors if actor.parcel is None]
    fds: list[int] = []
    try:
        while len(fds) < len(parties):
            fds += user.recv().release()
    except PipeEnded:
        return None
    return {party: Pipe(fd) for party, fd in zip(parties, fds, strict=True)}


def _agree(user: Pipe, plan: program.ProgramPlan) -> bool:
    """Make the program's own modules what they are in the user's interpreter; False: it is gone."""
    if wanted := program.differences(plan):
        try:
            user.send("differ", wanted)
            frame = user.recv()
        except PipeEnded:
            return False
        if frame.kind != "program":  # the start was given up
            return False
        program.apply(frame.take())
    return True


def _records(fds: Sequence[int], n: int) -> RecordStore | None:
    if not n:
        return None
    from lava_actor.channels.records import RecordStore  # only where something is recorded

    return RecordStore.attach(fds, n)


def load_specs(plan: ServicePlan, values_fd: int | None) -> dict[int, Callable[[], ActorSpec]]:
    """Open all parcels before forking, so that actors share imports and memory.

    An error is kept for the actor it belongs to, which meets it at its start and names its
    Process. What else can be known of an actor is made ready as well: its seed, its loggers.
    """
    loads: dict[int, Callable[[], ActorSpec]] = {}
    for actor in plan.actors:
        if actor.parcel is None:
            continue
        try:
            spec = actor.parcel.unpack(values_fd)
        except BaseException as error:  # noqa: BLE001  (see above)
            loads[actor.party] = partial(_raise, error)
        else:
            loads[actor.party] = partial(_same, spec)
            global_state(spec.seed)
            logger_of_models(spec.plan.model_class.__name__)
            logger_of(spec.plan.name)
    return loads


def _raise(error: BaseException) -> ActorSpec:
    raise error


def _same(spec: ActorSpec) -> ActorSpec:
    return spec


def run_actors(
    plan: ServicePlan, arena: Arena, wake_up: int, loads: dict[int, Callable[[], ActorSpec]],
    large: Iterable[int], house: Household, own_process: bool, *,
    records: RecordStore | None = None,
) -> None:  # fmt: skip
    """Be one actor until the network ends, or several that share this process.

    Initial values may be as large as all the actor works with, so nothing here holds on to them.
    ``large`` says which actors' loads are: the others' are left alone, since to let go of them is
    to write to memory that is still shared, for every actor in every actor.
    """
    actors = []
    for start, pipe in house:
        actor = Actor(
            start.name, start.party, loads.pop(start.party), arena, pipe, plan.schedule,
            start.turns, plan.runtime_party, wake_up,
            domain_index=plan.index, own_process=own_process, records=records,
        )  # fmt: skip
        actor.model_name = start.model
        actors.append(actor)
    if own_process:
        for other in large:
            loads.pop(other, None)
    else:
        INSIDE.arena, INSIDE.party, INSIDE.steps = arena, actors[0].party.index, not plan.is_async
        attune(plan.surroundings)
    home = house[0][0].home
    if own_process and home is not None:
        Worker(actors, arena.party(home), plan.wait_policy).main()
    else:
        plan.wait_policy.apply(actors[0].party)
        actors.pop().main()

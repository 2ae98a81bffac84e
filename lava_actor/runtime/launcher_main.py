"""The launcher's own program: a clean interpreter that forks RuntimeServices.

It is started once per user's interpreter, imports NumPy and this package, and then only waits: for
orders to start a service, or for the end of its pipe, with which it leaves. What a network needs of
this package besides, it imports when it is told to, once for all networks to come. It never imports
user code and never has a second thread, so forking it is safe. Services are its children; each
asked the kernel to be killed with it.

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
import select
import signal
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import lava_actor
from lava_actor.channels import Arena
from lava_actor.channels.pipe import Frame, Pipe
from lava_actor.process.log import logger_of, logger_of_models
from lava_actor.runtime import build, forking, free, stepping, travel
from lava_actor.runtime.actor import Actor
from lava_actor.runtime.failures import of_service
from lava_actor.runtime.hosts import ProcessHost, die_with_parent
from lava_actor.runtime.plan import ActorStart, ServicePlan
from lava_actor.runtime.rehearsal import rehearse
from lava_actor.runtime.seeds import global_state
from lava_actor.runtime.service import Service, ignore_terminal_signals
from lava_actor.runtime.travel import ActorSpec

_PRELOADED: tuple[Any, ...] = (lava_actor, build, free, stepping)


#: Bytes of initial values from which on they are worth letting go of.
LARGE_VALUES = 1 << 20


def main(control: int, owner: int) -> None:
    """Fork services on order until the owner is gone."""
    ignore_terminal_signals()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps services
    pipe = Pipe.from_fd(control)
    poller = select.poll()
    poller.register(pipe.fileno(), select.POLLIN)
    gone = _watch_owner(owner, poller)
    forking.watch()
    _share_all()
    idle = False
    while True:
        events = poller.poll(None if idle else 0)
        if not events:
            with contextlib.suppress(Exception):  # short of memory, perhaps: it works without
                rehearse()
            _share_all()
            idle = True
        for descriptor, _ in events:
            if descriptor == gone:
                os._exit(0)
        if not pipe.poll():
            continue
        try:
            frame = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if frame.kind == "preload":
            _preload(frame.take())
        else:
            _fork_service(frame, pipe)


def _preload(modules: Iterable[str]) -> None:
    for name in modules:
        with contextlib.suppress(Exception):  # met again, and reported, by the actor it concerns
            importlib.import_module(name)
    _share_all()


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


def _fork_service(frame: Frame, control: Pipe) -> None:
    parent = os.getpid()
    if os.fork():
        frame.close()
        return
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        run_service(frame)
    finally:
        os._exit(0)


def run_service(frame: Frame) -> None:
    """Open the order and be the RuntimeService it describes."""
    user_fd, arena_fd, wake_up, *values = frame.fds
    user = Pipe.from_fd(user_fd)
    try:
        plan: ServicePlan = frame.parcel.unpack()
        if plan.surroundings is not None:
            travel.settle_in(plan.surroundings)
        arena = Arena.attach(arena_fd, plan.arena)
        loads = load_specs(plan, values[0] if values else None)
        for descriptor in values:
            os.close(descriptor)
        large = [a.party for a in plan.actors if a.parcel.out_of_band >= LARGE_VALUES]
        host = ProcessHost(partial(run_actor, plan, arena, wake_up, loads, large))
        del loads  # the host lets go of it once the actors run
        service = Service(plan, arena, user, wake_up, host)
    except BaseException as error:  # noqa: BLE001  (must reach the user before we leave)
        user.send("startfail", of_service(error))
        return
    service.main()


def load_specs(plan: ServicePlan, values_fd: int | None) -> dict[int, Callable[[], ActorSpec]]:
    """Open all parcels before forking, so that actors share imports and memory.

    An error is kept for the actor it belongs to, which meets it at its start and names its
    Process. What else can be known of an actor is made ready as well: its seed, its loggers.
    """
    loads: dict[int, Callable[[], ActorSpec]] = {}
    for actor in plan.actors:
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


def run_actor(
    plan: ServicePlan,
    arena: Arena,
    wake_up: int,
    loads: dict[int, Callable[[], ActorSpec]],
    large: Iterable[int],
    start: ActorStart,
    pipe: Pipe,
    own_process: bool,
) -> None:
    """Be one actor until the network ends.

    Initial values may be as large as all the actor works with, so nothing here holds on to them.
    ``large`` says which actors' loads are: the others' are left alone, since to let go of them is
    to write to memory that is still shared, for every actor in every actor.
    """
    party = arena.party(start.party)
    plan.wait_policy.apply(party)
    load = [loads.pop(start.party)]
    if own_process:
        for other in large:
            loads.pop(other, None)
    actor = Actor(
        start.name,
        start.party,
        load.pop(),
        arena,
        pipe,
        plan.schedule,
        start.turns,
        plan.runtime_party,
        wake_up,
        domain_index=plan.index,
        own_process=own_process,
    )
    actor.model_name = start.model
    actor.main()

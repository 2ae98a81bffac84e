"""A network that is started, as the user's interpreter holds it: start, end, questions.

What a `Runtime` is but for running: this class owns the parts (supervision, listener, arena), knows
the state of the network, and asks its actors.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lava_actor.channels import Arena, CspRecvPort, CspSendPort
from lava_actor.channels.interrupts import held
from lava_actor.errors import ArenaMemoryError, InvalidTypeError, ModelError, RuntimeStateError
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.times import step_seconds
from lava_actor.protocol import words
from lava_actor.runtime.reports.failures import raise_as_it_is, raise_failures
from lava_actor.runtime.start.hosts import INSIDE
from lava_actor.runtime.start.program import refuse_network
from lava_actor.runtime.user import living
from lava_actor.runtime.user.clocks import Clocks
from lava_actor.runtime.user.desk import Asker
from lava_actor.runtime.user.hindrance import AtRing, at_ring, hindrance
from lava_actor.runtime.user.listener import Listener
from lava_actor.runtime.user.status import ActorStatus, read_status
from lava_actor.runtime.user.supervision import Crew, Far
from lava_actor.runtime.user.until import UntilRun
from lava_actor.runtime.user.values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lava_actor.channels.pipe import Pipe
    from lava_actor.channels.statistics import RingStatistics
    from lava_actor.checkpoint.resume import Resume
    from lava_actor.checkpoint.rings import Content
    from lava_actor.compiler.executable import Executable
    from lava_actor.process.process import AbstractProcess
    from lava_actor.runtime.user.handle import RunHandle

#: What starts the services of a network: another one, if there are other machines.
make_crew: Callable[[Executable, ActorType], Crew] = Crew


#: How long threads that are actors must have asked each other in a circle before one is refused.
CIRCLE_SECONDS = 1.0


class Network:
    """What a `Runtime` holds; for its parameters see there."""

    def __init__(
        self, exe: Executable, message_infrastructure_type: ActorType = ActorType.MultiProcessing,
        loglevel: int = 30, *, resume: Resume | None = None,
    ) -> None:  # fmt: skip
        if message_infrastructure_type not in (ActorType.MultiProcessing, ActorType.Threading):
            raise InvalidTypeError(
                f"actor type: expected a member of ActorType, got {message_infrastructure_type!r}"
            )
        self._executable = exe
        self._resume = resume
        self._actor_type = ActorType(message_infrastructure_type)
        self.log = logging.getLogger("lava_actor.runtime")
        self.log.setLevel(loglevel)
        self._is_initialized = False
        self._is_started = False
        self._is_running = False
        self._failure: ModelError | None = None
        self.owner = os.getpid()
        self._lock = threading.RLock()
        self._asking: dict[int, int] = {}  # threads that are actors, and whom they ask
        self._moment = threading.RLock()  # whoever has it, no run begins
        self._crew: Crew | None = None
        self._listener: Listener | None = None
        self._arena: Arena | None = None
        self._asker: Asker | None = None
        self.num_steps = 0
        self._until: UntilRun | None = None
        self._goal = 0  # the step that a run of so many steps ends with
        self.runs = 0  # how many have begun
        self._pausing = -1  # the last run that was to pause
        self.watcher: RunHandle | None = None  # of the present run, if it has one
        self._external_ports: list[Any] = []
        self.late: list[str] = []  # Vars with an initial value that no reset has taken up yet
        self._values = Values(exe, self.ask, self.between_steps)

    @property
    def executable(self) -> Executable:
        """What this runtime runs."""
        return self._executable

    def initialize(self, node_cfg_idx: int = 0) -> None:
        """Start all actors; returns when every one has built its model.

        Raises
        ------
        ArenaMemoryError
            If there is not enough memory for the arena.
        Exception
            What a model's constructor or an initial value raised, as the same class; nothing is
            left running.
        """
        refuse_network(self.members())
        if self._is_initialized:
            raise RuntimeStateError("initialize: this runtime was initialized before")
        living.warn_of_many()
        self._is_initialized = True
        self._crew = crew = make_crew(self._executable, self._actor_type)
        try:
            with living.starting():
                self._bring_up(crew)
        except BaseException:
            self._tear_down()
            raise

    def _bring_up(self, crew: Crew) -> None:
        self._arena = crew.prepare(0 if self._resume is None else self._resume.step)
        others = crew.reporting - crew.leaders
        with held():  # it has a descriptor
            clocks = Clocks(crew.leaders, others, lockstep=self._executable.schedule.lockstep)
            self._listener = Listener(
                crew.pipes, self._executable.actors, crew.reporting, crew.services, clocks,
                crew.judge, self._arena.abort,
            )  # fmt: skip
        desk = self._arena.desk()
        if desk is not None and crew.n_ranks == 1:
            runs = self._arena.party(len(self._executable.arena.parties) - 1)
            self._asker = Asker(self._arena, desk, runs, crew.own_policy())
        crew.launch()
        self._listener.start()
        failure = self._listener.await_ready(crew.tell_program)
        self._listener.await_output()
        if failure is not None:
            model = f" ({failure.model})" if failure.model else ""
            raise_as_it_is(failure, f"{failure.process}{model} could not start")
        if self._resume is not None:
            self._start_from(self._resume)
        self._connect_externals()
        living.add(self)

    def __repr__(self) -> str:
        """The Processes, and what they do."""
        if self._failure is not None:
            state = "failed"
        elif self._listener is None:
            state = "stopped" if self._is_initialized else "not started"
        else:
            state = f"{'running' if not self.is_finished else 'paused'}, step {self.current_step}"
        return f"<Runtime of {self.members()}: {state}>"

    def members(self) -> str:
        """Names of the first Processes, and how many more there are."""
        names = [p.name for p in self._executable.process_list]
        return ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)

    def _start_from(self, resume: Resume) -> None:
        self._resume = None  # large, and not needed any more
        resume.apply(self, self._executable)
        self._is_started = resume.started

    def _connect_externals(self) -> None:
        assert self._arena is not None
        for plan in self._executable.externals:
            port: Any = plan.port
            if plan.cursor is None:
                end: Any = CspSendPort(self._arena.writer(plan.ring), port.name)
                port.external_pipe_csp_send_port = end
            else:
                end = CspRecvPort(self._arena.reader(plan.ring, plan.cursor), port.name)
                port.external_pipe_csp_recv_port = end
            self._external_ports.append(end)

    def _tear_down(self) -> None:
        with held():  # half of it would be a network that nobody can use or end
            self._is_running = self._is_started = False
            self._note()
            if self._arena is not None:
                self._arena.abort(1)
            if self._listener is not None:  # it reads the crew's pipes: it ends before they close
                self._listener.close()
                self._listener = None
            if self._crew is not None:
                self._crew.close()
                self._crew = None
            self._asker = None
            if self._arena is not None:
                self._arena.close()
                self._arena = None
            living.discard(self)

    def _own(self, what: str, *, waits: bool = True) -> None:
        """Refuse a process that was forked from the network's owner; nothing is sent.

        What ``waits`` for all actors is refused to a thread that is one of them, too.
        """
        if self.owner != os.getpid():
            raise RuntimeStateError(f"{what}: {self._whose()}")
        if waits and self._arena is not None and INSIDE.arena is self._arena:
            raise RuntimeStateError(
                f"{what}: a model of this network calls it, which would wait for itself; models "
                f"ask with request_pause() or request_stop(), and read through a RefPort"
            )

    def _whose(self) -> str:
        return (
            f"this network belongs to process {self.owner}, from which this one ({os.getpid()}) "
            f"was forked; build a network of its own here"
        )

    def leave_to_parent(self) -> None:
        """In a forked child: ends of external pipes would move what is the parent's."""
        whose = self._whose()
        for port in self._external_ports:
            port.ring = living.Foreign(f"{port.name}: {whose}")

    def _ready(self, what: str) -> Listener:
        self._own(what, waits=INSIDE.steps)  # who runs freely may wait for one that steps
        if self._listener is None:
            if self._failure is not None:
                told = str(self._failure).splitlines()
                first = told[min(1, len(told) - 1)].strip()  # the head says how many
                raise RuntimeStateError(
                    f"{what}: the network has failed and is gone, as the error before says: {first}"
                )
            if not self._is_initialized:
                raise RuntimeStateError(f"{what}: the runtime is not initialized")
            raise RuntimeStateError(
                f"{what}: the network is stopped, and its values are gone; ask before stop(), or "
                f"inside of the with block"
            )
        return self._listener

    def _collect(self, run: int) -> None:
        """Take note of how a run ended, unless another thread has, and begun the next."""
        with self._lock:
            listener = self._listener
            if listener is None or run != self.runs:
                return
            ended, self._is_running = self._is_running, False
            listener.await_output()
            if listener.failures:
                failures = listener.failures
                self._tear_down()
                try:
                    raise_failures(failures)
                except ModelError as error:
                    self._failure = error
                    if self.watcher is not None:
                        self.watcher.fail(error)
                    raise
            if listener.reason == words.STOPPED:
                self._tear_down()
        if ended:
            self._call_back("post_run_callback")

    def _call_back(self, method: str) -> None:
        """Call the run configuration's callbacks, in this interpreter."""
        for callback in getattr(self._executable.run_cfg, "callback_fxs", None) or []:
            getattr(callback, method)(None, None)

    def _raise_failure_once(self) -> None:
        """Failures of a paused network (an actor was killed) surface at the next call."""
        listener = self._listener
        if listener is not None and listener.failures:
            self._collect(self.runs)

    def _note(self) -> None:
        if self.watcher is not None:
            self.watcher.note()

    def get_var(self, var_id: int, idx: object = None) -> Any:
        """The value of a Var by id: paused, or between two steps of a running network.

        Raises
        ------
        MissingMemberError
            (an `AssertionError`) if no model of this network holds the Var.
        RuntimeStateError
            If the network is not started, stopped or failed.
        """
        return self._values.get(var_id, idx)[0]

    def get_var_with_step(self, var_id: int, idx: object = None) -> tuple[Any, int]:
        """As `get_var`, with the step number after which the value was taken."""
        return self._values.get(var_id, idx)

    def set_var(self, var_id: int, value: object, idx: object = None) -> None:
        """Write a Var by id; returns when the model has it and ``on_var_update`` has run."""
        self._values.set(var_id, value, idx)

    @contextmanager
    def between_steps(self, what: str) -> Iterator[None]:
        """Inside, all actors rest after the same step: a run that is on goes on at the end."""
        with self._moment:
            listener, crew = self._ready(what), self._crew
            assert crew is not None
            if listener.finished.is_set():
                yield
                return
            if len(crew.leaders) > 1:
                raise RuntimeStateError(
                    f"{what}: parts are in different steps while a network over several ranks "
                    f"runs; pause() it first"
                )
            (leader,) = crew.leaders
            # A step that is granted by hand is the last one while we have the moment.
            by_hand = self._asker is not None and self._asker.runs.ready
            try:
                if by_hand:
                    assert self._arena is not None
                    step = int(self._arena.domain(words.CLOCK).fence)
                else:
                    pipe = crew.pipes[leader]
                    step = self._asked(listener, pipe, "hold", None, -1, "the clock", None)
                pause = 1e-4
                while self.current_step < step and not listener.finished.wait(pause):
                    pause = min(2 * pause, 0.02)
                    if found := self._hindered(a.party for a in self._executable.actors):
                        raise RuntimeStateError(
                            f"{what}: it is cut into parts, which cannot rest at one step: "
                            f"{self._executable.actors[found[0]].name} cannot: {found[1]}"
                        )
                yield
            finally:
                if not by_hand:
                    listener.tell("release", None, {leader})

    def require_rest(self, what: str) -> None:
        """Raise if a model that runs freely did not return when the network was paused."""
        arena = self._arena
        if arena is None:
            return  # another thread has ended the network
        for actor in self._executable.actors:
            if actor.is_async and arena.party(actor.party).state == words.STEPPING:
                raise RuntimeStateError(
                    f"{what}: {actor.name} is in the middle of run_async, waiting at a port: it "
                    f"did not return when the network was paused"
                )

    def ask_all(self, kind: str, payloads: Sequence[object]) -> list[Any]:
        """Send every actor, which must rest, a request of its own; the answers in their order."""
        self.require_rest(kind)
        with self._moment:
            listener = self._ready(kind)
            assert self._crew is not None
            answers = []
            for a, payload in zip(self._executable.actors, payloads, strict=True):
                pipe = self._crew.pipe_of(a.party)
                answers.append(self._asked(listener, pipe, kind, payload, a.party, a.name, None))
            return [answer for answer, _step in answers]

    def ask(self, kind: str, payload: tuple[object, ...], party: int, name: str) -> Any:
        """Ask an actor about the Var that the payload names first; its answer."""
        what = f"{name}.{payload[0]}.{kind}"
        listener = self._ready(what)
        self._raise_failure_once()
        if not self._is_started:
            raise RuntimeStateError(f"{what}: the network has not been started yet; run it first")
        assert self._crew is not None
        pipe = self._crew.pipe_of(party)
        try:
            with self._in_turn(what, party):
                return self._asked(listener, pipe, kind, payload, party, name, self._asker)
        except MemoryError as error:
            raise ArenaMemoryError(f"{what}: {error}") from error

    @contextmanager
    def _in_turn(self, what: str, party: int) -> Iterator[None]:
        """A thread that is an actor and asks another answers nobody: none asks in a circle.

        Who has been answered may not know it yet, so a circle has to last before it is told.
        """
        me = INSIDE.party if INSIDE.arena is self._arena else -1
        if me < 0:
            yield
            return
        deadline = time.monotonic() + CIRCLE_SECONDS
        while not self._may_ask(me, party):
            if time.monotonic() > deadline:
                self._own(what)
            time.sleep(0.001)
        try:
            yield
        finally:
            del self._asking[me]

    def _may_ask(self, me: int, party: int) -> bool:
        with self._lock:
            last = party
            while last != me and last in self._asking:
                last = self._asking[last]
            if last != me:
                self._asking[me] = party
            return last != me

    def _asked(
        self, listener: Listener, pipe: Pipe, kind: str, payload: object, party: int, name: str,
        asker: Asker | None,
    ) -> Any:  # fmt: skip
        """Ask, and be told of a failure that takes the answer away as by any other call."""
        try:
            return listener.ask(pipe, kind, payload, party, name, self._blocked, asker)
        except RuntimeStateError as error:
            lost = error
        self._raise_failure_once()
        raise lost

    def _blocked(self, party: int) -> str | None:
        """What keeps an actor from answering, see `_hindered`."""
        found = self._hindered([party] if party >= 0 else [])
        return None if found is None else found[1]

    def _hindered(self, parties: Iterable[int]) -> tuple[int, str] | None:
        """The first of some actors that is kept from resting, and what keeps it, in words.

        It is the user's turn to act; or, if the run is to pause, that of a model that runs freely,
        which itself can rest anywhere.
        """
        if self._arena is None:
            return None
        users = {e.party for e in self._executable.externals}
        free = {a.party for a in self._executable.actors if a.is_async}
        if self._pausing != self.runs:
            free.clear()
        arena, far = self._arena, Far()
        if arena.plan.elsewhere:
            with contextlib.suppress(RuntimeStateError):  # a rank is stopped, and does not answer
                far = self._far()

        def wait_of(party: int) -> AtRing | None:
            there = far.actors.get(party)
            return at_ring(arena.party(party)) if there is None else there.at_ring

        for party in parties:
            others = users if party in free else users | free
            if why := hindrance(arena.plan, party, wait_of, others):
                return party, why
        return None

    @property
    def current_step(self) -> int:
        """The last step that every stepping actor has completed (0 before the first)."""
        if self._arena is None:
            return 0
        clock = self._executable.arena.domains[words.CLOCK]
        if not clock:
            return 0
        far = self._far().actors
        return min(far[p].step if p in far else int(self._arena.party(p).done) for p in clock)

    @property
    def steps_together(self) -> bool:
        """Whether there are models that step; others are free-running."""
        return bool(self._executable.arena.domains[words.CLOCK])

    def _far(self) -> Far:
        return Far() if self._crew is None else self._crew.far()

    @property
    def step_seconds(self) -> float | None:
        """What a step stands for (``compile_config["step_length"]``); None if nobody said."""
        length = self._executable.compile_config.get("step_length")
        return None if length is None else step_seconds(length)

    def status(self) -> list[ActorStatus]:
        """What every actor is doing right now; costs the actors nothing."""
        self._own("status", waits=False)
        if self._arena is None:
            return []
        plans = self._executable.actors
        actors = [(plan.party, plan.name, plan.model_name) for plan in plans]
        found = {**read_status(self._arena, actors), **self._far().actors}
        return [replace(found[plan.party], worker=plan.worker) for plan in plans]

    def costs(self) -> dict[str, float]:
        """Return how many seconds of a core a step of each Process has taken, by name.

        All parts of a Process count together; of Processes that share a name, the slowest counts.
        A later placement may start from these numbers:
        ``compile_config={"placement": ("cores", {"measured": runtime.costs()})}``.

        Raises
        ------
        RuntimeStateError
            If the network is not started, or stopped.
        """
        actors, states = self._executable.actors, self.status()
        if not states:
            raise RuntimeStateError("costs: expected a network that is started")
        taken: defaultdict[AbstractProcess, float] = defaultdict(float)
        for plan, status in zip(actors, states, strict=True):
            taken[plan.process] += status.busy / max(1, status.step)
        found: dict[str, float] = {}
        for process, cost in taken.items():
            found[process.name] = max(cost, found.get(process.name, 0.0))
        return found

    def statistics(self) -> list[RingStatistics]:
        """Statistics of every ring."""
        self._own("statistics", waits=False)
        if self._arena is None:
            return []
        far = self._far().rings
        return [
            far[r.index] if r.index in far else self._arena.writer(r.index).statistics()
            for r in self._executable.arena.rings
        ]

    @property
    def actor_type(self) -> ActorType:
        """Where the actors live."""
        return self._actor_type

    @property
    def arena(self) -> Arena:
        """The shared memory of a live network."""
        if self._arena is None or self._crew is None:
            raise RuntimeStateError("the network is not started, stopped or failed")
        if self._crew.n_ranks > 1:
            raise RuntimeStateError(
                "a network whose actors live on several ranks has an arena on each of them"
            )
        return self._arena

    def messages(self) -> list[Content]:
        """What is in the rings of a network that rests."""
        assert self._crew is not None
        return self._crew.messages()

    def put_messages(self, found: list[Content]) -> None:
        """Fill the rings of a network that rests."""
        assert self._crew is not None
        self._crew.put_messages(found)

    @property
    def root_seed(self) -> int:
        """What the seeds of all actors of a live network come from."""
        if self._crew is None:
            raise RuntimeStateError("the network is not started, stopped or failed")
        return self._crew.root_seed

    @property
    def is_alive(self) -> bool:
        """True while there are actors."""
        return self._listener is not None

    @property
    def is_started(self) -> bool:
        """True once the network was run."""
        return self._is_started

    @property
    def is_over(self) -> bool:
        """True once the network was stopped or has failed."""
        return self._is_initialized and self._listener is None

    @property
    def is_finished(self) -> bool:
        """True if no run is on (it ended, or none was begun)."""
        listener = self._listener
        if listener is None or not self._is_running:
            return True
        if self._until is not None:
            return self._until.done.is_set()
        return listener.finished.is_set()

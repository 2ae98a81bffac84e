r"""The Runtime: the user's handle on a running network.

It holds one pipe per RuntimeService and one listener thread, which receives whatever the services
send: replies, prints, the end of a run, failures. Nothing here blocks unless the user asked for
it, and every wait ends when the network does.

States::

    created -> initialized -> running <-> paused -> stopped
                                  \-> failed (a model raised, an actor died, a deadlock)

`_is_running` stays True after a non-blocking run has finished until `wait`, `pause` or `stop` is
called, as users of the programming model expect; `start` accepts a new run then.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import threading
import time
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from lava_actor.channels import Arena, CspRecvPort, CspSendPort
from lava_actor.channels.interrupts import held, raised
from lava_actor.errors import (
    InvalidTypeError,
    InvalidValueError,
    MissingMemberError,
    ModelError,
    RuntimeStateError,
    WaitTimeoutError,
)
from lava_actor.model.doubts import doubt_value
from lava_actor.process.hints import warn
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.times import step_seconds
from lava_actor.protocol import words
from lava_actor.runtime.actor.shared_values import large
from lava_actor.runtime.reports.failures import raise_failures, raise_start_failure
from lava_actor.runtime.run_conditions import (
    AbstractRunCondition,
    RunContinuous,
    RunSteps,
    RunUntil,
)
from lava_actor.runtime.service.deadlock import ON_A_RING
from lava_actor.runtime.start.launcher import at_exit_before_launcher
from lava_actor.runtime.user.listener import Listener
from lava_actor.runtime.user.services import END_SECONDS
from lava_actor.runtime.user.status import ActorStatus, read_status, table_of
from lava_actor.runtime.user.supervision import Crew
from lava_actor.runtime.user.until import UntilRun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lava_actor.channels.records import RecordStore
    from lava_actor.checkpoint.resume import Resume
    from lava_actor.compiler.executable import Executable
    from lava_actor.runtime.user.handle import RunHandle

#: Live runtimes, ended at interpreter exit.
_alive: weakref.WeakSet[Runtime] = weakref.WeakSet()
_numbers = itertools.count()

_MANY = 8
"""From the how manieth live network on each start warns."""

#: How long an actor may wait for the user inside a step before a request to it is refused.
PATIENCE_NS = 2_000_000_000

#: Seconds `stop` waits for the step in progress.
STOP_SECONDS = 10.0


class _CannotPauseError(RuntimeStateError):
    """A model waits for the user inside a step."""


class Runtime:
    """Runs an `Executable`.

    Parameters
    ----------
    exe : Executable
        What to run.
    message_infrastructure_type : ActorType
        Where the actors live: processes (default) or threads.
    loglevel : int
        Level of the runtime's logger.
    resume : Resume, optional
        Start in the state of a network that was paused and saved.
    """

    def __init__(
        self,
        exe: Executable,
        message_infrastructure_type: ActorType = ActorType.MultiProcessing,
        loglevel: int = 30,
        *,
        resume: Resume | None = None,
    ) -> None:
        if message_infrastructure_type not in (ActorType.MultiProcessing, ActorType.Threading):
            raise InvalidTypeError(
                f"actor type: expected a member of ActorType, got {message_infrastructure_type!r}"
            )
        self._executable = exe
        self._resume = resume
        self._actor_type = ActorType(message_infrastructure_type)
        self.log = logging.getLogger("lava_actor.runtime")
        self.log.setLevel(loglevel)
        self._number = next(_numbers)
        self._is_initialized = False
        self._is_started = False
        self._is_running = False
        self._failure: ModelError | None = None
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._crew: Crew | None = None
        self._listener: Listener | None = None
        self._arena: Arena | None = None
        self.num_steps = 0
        self._until: UntilRun | None = None
        self._goal = 0  # the step that a run of so many steps ends with
        self.runs = 0  # how many have begun
        self.watcher: RunHandle | None = None  # of the present run, if it has one
        self._external_ports: list[Any] = []
        self.late: list[str] = []  # Vars with an initial value that no reset has taken up yet
        self._var_index = {
            var.id: (actor, var) for actor in exe.actors for var in actor.vars
        }

    # -- life -------------------------------------------------------------------------------

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
        if self._is_initialized:
            raise RuntimeStateError("initialize: this runtime was initialized before")
        _warn_of_many()
        self._is_initialized = True
        crew = Crew(self._executable, self._actor_type)
        self._crew = crew
        try:
            self._arena = crew.prepare()
            if self._resume is not None:
                self._set_clock(self._resume.step)
            self._listener = Listener(
                crew.pipes, self._executable.actors, crew.reporting, crew.services
            )
            crew.launch()
            self._listener.start()
            failure = self._listener.await_ready(crew.tell_program)
            self._listener.await_output()
            if failure is not None:
                raise_start_failure(failure)
            if self._resume is not None:
                self._start_from(self._resume)
            self._connect_externals()
            _alive.add(self)
        except BaseException:
            self._tear_down()
            raise

    def __repr__(self) -> str:
        """The Processes, and what they do."""
        if self._failure is not None:
            state = "failed"
        elif self._listener is None:
            state = "stopped" if self._is_initialized else "not started"
        else:
            state = f"{'running' if not self.is_finished else 'paused'}, step {self.current_step}"
        return f"<Runtime of {self.members()}: {state}>"

    def _repr_html_(self) -> str:
        return table_of(repr(self).strip("<>"), self.status())

    def members(self) -> str:
        """Names of the first Processes, and how many more there are."""
        names = [p.name for p in self._executable.process_list]
        return ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)

    def _set_clock(self, step: int) -> None:
        """Let the actors, which are not there yet, begin after a step of a saved network."""
        assert self._arena is not None
        clock = self._arena.domain(words.CLOCK)
        for member in self._executable.arena.domains[words.CLOCK]:
            party = self._arena.party(member)
            party.step = party.done = party.ready = step
            party.turn = 4 * step + 4  # all stages of that step are behind it
        clock.fence = step
        clock.raise_horizon(step)

    def _start_from(self, resume: Resume) -> None:
        self._resume = None  # large, and not needed any more
        resume.apply(self)
        self._is_started = resume.started

    def _connect_externals(self) -> None:
        assert self._arena is not None
        ports = {
            (p.id, name): port
            for p in self._executable.process_list
            for ports in (p.in_ports, p.out_ports)
            for name, port in zip(ports.member_names, ports.members, strict=True)
        }
        for plan in self._executable.externals:
            port: Any = ports[plan.process_id, plan.port]
            if plan.cursor is None:
                writer = self._arena.writer(plan.ring)
                end: Any = CspSendPort.from_writer(writer, port.name)
                port.external_pipe_csp_send_port = end
            else:
                reader = self._arena.reader(plan.ring, plan.cursor)
                end = CspRecvPort.from_reader(reader, port.name)
                port.external_pipe_csp_recv_port = end
            self._external_ports.append(end)

    def start(self, run_condition: AbstractRunCondition) -> None:
        """Begin a run; blocks until it ends if the condition says so.

        Raises
        ------
        RuntimeStateError
            If the network is running, stopped, failed or not initialized.
        InvalidValueError
            If ``run_condition`` is no run condition.
        ModelError
            If a model raised or an actor died during a blocking run.
        """
        if not isinstance(run_condition, AbstractRunCondition):
            raise InvalidValueError(
                f"run: expected a run condition (RunSteps, RunContinuous), got {run_condition!r}"
            )
        until: UntilRun | None = None
        try:
            with self._lock:
                listener = self._ready("run")
                if self._is_running:
                    if not listener.finished.is_set():
                        raise RuntimeStateError(
                            "run: the network is running; call wait() or pause() first"
                        )
                    self._collect()
                self._call_back("pre_run_callback")
                until = self._begin(listener, run_condition)
            if run_condition.blocking:
                with raised():
                    if until is not None:
                        self._drive_until(until, listener)
                    else:
                        self._await(listener, None)
        except KeyboardInterrupt:
            until = until or self._until
            if until is not None:
                until.abandon()
            self._rest(self.pause)
            raise

    def _begin(self, listener: Listener, condition: AbstractRunCondition) -> UntilRun | None:
        """Let a run begin that is known to all who may ask for its end."""
        until = UntilRun(condition, self._one_step) if isinstance(condition, RunUntil) else None
        steps = None if until is not None else self._steps_of(condition)
        self._note()
        with held():
            self.runs, self.watcher = self.runs + 1, None
            self._is_started = self._is_running = True
            self._until = until
            if until is None:
                self.num_steps = 0 if steps is None else steps
                clock = self._executable.arena.domains[words.CLOCK]
                self._goal = -1 if steps is None else self.current_step + steps if clock else 0
                listener.begin_run(partial(listener.tell, "run", steps))
            elif not condition.blocking:
                until.drive_in_background()
        return until

    def _one_step(self) -> bool:
        """One step of a `RunUntil`; False if the network ended or a model paused it."""
        with self._lock:
            listener = self._ready("run")
            with held():
                listener.begin_run(partial(listener.tell, "run", 1))
        while not listener.finished.wait(0.5):
            pass
        reached = listener.reason == words.REACHED and listener.step >= 0
        return reached and not listener.failures

    def _drive_until(self, until: UntilRun, listener: Listener) -> None:
        try:
            until.drive()
        except Exception:  # of the predicate
            self._until = None
            self._rest(self._pause)
            raise
        finally:
            self._until = None
        self._pause()
        self._check_end(listener, until)

    def _end_until(
        self, *, cancel: bool, to_stop: bool = False, timeout: float | None = None
    ) -> None:
        """Wait for the end of a `RunUntil` that another thread drives, or make it end."""
        until = self._until
        if until is None:
            return
        if cancel:
            until.cancel(to_stop=to_stop)
            self._ask_for_pause()  # the step in progress may wait for the user
        try:
            until.finish(timeout)
        finally:
            self._until = None

    @staticmethod
    def _steps_of(condition: AbstractRunCondition) -> int | None:
        if isinstance(condition, RunSteps):
            return int(condition.num_steps)
        if isinstance(condition, RunContinuous):
            return None
        raise InvalidValueError(
            f"run: {type(condition).__name__} is no condition this runtime can drive"
        )

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended; returns at once if none is on.

        Ctrl-C pauses the network at a step boundary and raises `KeyboardInterrupt`; Vars stay
        readable, and the next run goes on from there.

        Raises
        ------
        WaitTimeoutError
            If it has not ended within ``timeout`` seconds; the run goes on.
        ModelError
            If a model raised or an actor died.
        """
        try:
            with raised():
                self._wait(timeout)
        except KeyboardInterrupt:
            self._rest(self.pause)
            raise

    def _wait(self, timeout: float | None) -> None:
        self._own("wait")
        _check_timeout("wait", timeout)
        until = self._until
        if not self._is_running:
            self._raise_failure_once()
            return
        listener = self._ready("wait")
        if until is None:
            self._await(listener, timeout)
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        while not until.done.wait(_slice(deadline)):
            self._check_deadline(deadline, timeout)
        try:
            self._end_until(cancel=False)
        finally:
            self._collect()
        self._check_end(listener, until)

    def _await(self, listener: Listener, timeout: float | None) -> None:
        """Wait for the end of a run that is not a `RunUntil`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not listener.finished.wait(_slice(deadline)):
            self._check_deadline(deadline, timeout)
        failures = listener.failures
        self._collect()
        if failures:  # another thread has collected them, and put the network away
            raise_failures(failures)
        self._check_end(listener, None)

    def _check_end(self, listener: Listener, until: UntilRun | None) -> None:
        """Another thread may have stopped the network before what this one waited for."""
        if until is not None and until.cut_short_by_stop:
            goal = "the predicate held"
        elif until is None and listener.ending and listener.step < self._goal:
            goal = f"step {self._goal}" if self._goal else "it had ended"
        else:
            return
        raise RuntimeStateError(f"run: the network was stopped, by another thread, before {goal}")

    def _check_deadline(self, deadline: float | None, timeout: float | None) -> None:
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeoutError(
                f"wait: the run has not ended within {timeout} s (step {self.current_step})"
            )

    def pause(self) -> None:
        """Let every actor finish the same step, then rest; no-op if nothing is running.

        Raises
        ------
        RuntimeStateError
            If a model has been waiting for the user inside a step for two seconds. The network
            rests as soon as it gets what it needs for the steps that were granted already.
        """
        self._own("pause")
        try:
            self._end_until(cancel=True)
        finally:
            self._pause()

    def _pause(self) -> None:
        with self._lock:
            if not self._is_running:
                self._raise_failure_once()
                return
            listener = self._ready("pause")
            self._ask_for_pause()
        while not listener.finished.wait(0.2):
            for actor in self._executable.actors:
                if hindrance := self._blocked(actor.party):
                    raise _CannotPauseError(
                        f"pause: {actor.name} cannot rest: {hindrance}; the network rests after "
                        f"step {self.arena.domain(words.CLOCK).fence}"
                    )
        self._collect()

    def _ask_for_pause(self) -> None:
        with self._lock:
            if self._listener is not None and not self._listener.finished.is_set():
                self._listener.tell("pause")

    @staticmethod
    def _rest(pause: Callable[[], None]) -> None:
        """Pause, after Ctrl-C, which is the error to be told."""
        with contextlib.suppress(_CannotPauseError):
            pause()

    def stop(self, timeout: float | None = None) -> None:
        """End the network from whatever state it is in; idempotent.

        The step in progress may end within ``timeout`` seconds (default 10); after that actors
        are terminated, then killed, and a warning names the actors that did not leave. After
        Ctrl-C the step in progress is not waited for; `KeyboardInterrupt` follows the end.
        """
        self._own("stop")
        _check_timeout("stop", timeout)
        seconds = STOP_SECONDS if timeout is None else timeout
        with contextlib.suppress(Exception):  # an error of a predicate does not keep us running
            self._end_until(cancel=True, to_stop=True, timeout=seconds)
        with self._lock, held() as interrupts:
            self._announce_stop(seconds)
            late: list[str] = []
            if self._crew is not None and self._listener is not None:
                left = self._listener.await_stopped(seconds + END_SECONDS, interrupts)
                late += self._last_words(left)
                late += [f"RuntimeService of domain {i}" for i in self._crew.services.killed]
            self._tear_down()
            if late:
                self.log.warning("stop: had to kill %s", ", ".join(late))

    def _announce_stop(self, seconds: float) -> None:
        if self._crew is not None and self._listener is not None:
            self._listener.ending = True
            self._listener.tell("stop", seconds)
            self._crew.services.told_to_end()

    def _last_words(self, names: list[str]) -> list[str]:
        assert self._arena is not None
        late = [(a.name, self._arena.party(a.party)) for a in self._executable.actors]
        return [
            f"{name} (in {words.PHASE_NAMES.get(party.phase, '?')} of step {party.step})"
            for name, party in late
            if name in names
        ]

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
            if self._arena is not None:
                self._arena.close()
                self._arena = None
            _alive.discard(self)

    def __enter__(self) -> Runtime:
        """Initialize and hand out the runtime."""
        self.initialize()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop, whatever happened; a forked child leaves that to its parent."""
        if self._owner == os.getpid():
            self.stop()

    def _note(self) -> None:
        if self.watcher is not None:
            self.watcher.note()

    def look_out(self, seconds: float) -> None:
        """Block until the run has ended, at most so long; whoever waits for the run learns how."""
        until, listener = self._until, self._listener
        if until is not None:
            until.done.wait(seconds)
        elif listener is not None:
            listener.finished.wait(seconds)

    # -- ends of runs -----------------------------------------------------------------------

    def _own(self, what: str) -> None:
        """Refuse a process that was forked from the network's owner; nothing is sent."""
        if self._owner != os.getpid():
            raise RuntimeStateError(f"{what}: {self._whose()}")

    def _whose(self) -> str:
        return (
            f"this network belongs to process {self._owner}, from which this one ({os.getpid()}) "
            f"was forked; build a network of its own here"
        )

    def _leave_to_parent(self) -> None:
        """In a forked child: ends of external pipes would move what is the parent's."""
        whose = self._whose()
        for port in self._external_ports:
            port.ring = _Foreign(f"{port.name}: {whose}")

    def _ready(self, what: str) -> Listener:
        self._own(what)
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

    def _collect(self) -> None:
        """Take note of how the run ended."""
        with self._lock:
            listener = self._listener
            if listener is None:
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
            self._collect()

    # -- Vars -------------------------------------------------------------------------------

    def get_var(self, var_id: int, idx: Any = None) -> Any:
        """The value of a Var by id: paused, or between two steps of a running network.

        Raises
        ------
        MissingMemberError
            (an `AssertionError`) if no model of this network holds the Var.
        RuntimeStateError
            If the network is not started, stopped or failed.
        """
        value, _step = self.get_var_with_step(var_id, idx)
        return value

    def get_var_with_step(self, var_id: int, idx: Any = None) -> tuple[Any, int]:
        """As `get_var`, with the step number after which the value was taken."""
        actor, var = self._find(var_id)
        result: tuple[Any, int] = self._ask("get", (var.name, idx), actor.party, actor.name)
        return result

    def set_var(self, var_id: int, value: Any, idx: Any = None) -> None:
        """Write a Var by id; returns when the model has it and ``on_var_update`` has run."""
        actor, var = self._find(var_id)
        value = var.slot(actor.name).checked(value, idx)
        doubt_value(f"{actor.name}.{var.name}", var.declared, value, actor.model_name)
        self._ask("set", (var.name, value, idx), actor.party, actor.name)

    def reset(self) -> None:
        """Give every model its initial values again; see `session.reset`.

        An initial value that is refused changes nothing. If anything else goes wrong on the way, an
        interrupt included, the network is stopped: a part of it would begin anew and a part go on.
        """
        self._ready("reset")
        self.pause()
        self.late.clear()  # they are taken up, or an error says why not
        for actor in self._executable.actors:
            for var in actor.vars:
                var.slot(actor.name).initial(var.var.init)
        payloads = [
            ({v.name: v.var.init for v in actor.vars}, large(actor.process.proc_params))
            for actor in self._executable.actors
        ]
        try:
            self.ask_all("reset", payloads)
        except BaseException:
            self.stop(0.0)
            raise

    def ask_all(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """Send every actor, which must rest, a request of its own; the answers in their order."""
        listener = self._ready(kind)
        assert self._crew is not None
        return [
            listener.ask(
                self._crew.pipe_of(a.party), kind, payload, a.party, a.name, self._blocked
            )[0]  # the other is the step
            for a, payload in zip(self._executable.actors, payloads, strict=True)
        ]

    def _find(self, var_id: int) -> tuple[Any, Any]:
        if var_id not in self._var_index:
            raise MissingMemberError(f"no model of this network holds the Var with id {var_id}")
        return self._var_index[var_id]

    def _ask(self, kind: str, payload: tuple[Any, ...], party: int, name: str) -> Any:
        what = f"{name}.{payload[0]}.{kind}"
        listener = self._ready(what)
        self._raise_failure_once()
        if not self._is_started:
            raise RuntimeStateError(f"{what}: the network has not been started yet; run it first")
        assert self._crew is not None
        return listener.ask(self._crew.pipe_of(party), kind, payload, party, name, self._blocked)

    def _blocked(self, party: int) -> str | None:
        """What keeps an actor from answering, if it is the user's turn to act."""
        if self._arena is None:
            return None
        what = self._arena.party(party).blocked
        if what is None or what[0] not in ON_A_RING:
            return None
        if time.monotonic_ns() - what[2] < PATIENCE_NS:
            return None
        ring = self._arena.plan.rings[what[1]]
        ends = (ring.writer,) if what[0] == "data" else ring.readers
        external = {e.party for e in self._executable.externals}
        if any(end in external for end in ends):
            return f"it is in the middle of a step, waiting for the other end of {ring.name}"
        return None

    # -- looking inside ---------------------------------------------------------------------

    @property
    def current_step(self) -> int:
        """The last step that every stepping actor has completed (0 before the first)."""
        if self._arena is None:
            return 0
        clock = self._executable.arena.domains[words.CLOCK]
        if not clock:
            return 0
        return min(self._arena.party(p).done for p in clock)

    @property
    def step_seconds(self) -> float | None:
        """What a step stands for (``compile_config["step_length"]``); None if nobody said."""
        length = self._executable.compile_config.get("step_length")
        return None if length is None else step_seconds(length)

    def status(self) -> list[ActorStatus]:
        """What every actor is doing right now; costs the actors nothing."""
        self._own("status")
        if self._arena is None:
            return []
        return read_status(self._arena, self._executable)

    def statistics(self) -> list[Any]:
        """Statistics of every ring."""
        self._own("statistics")
        if self._arena is None:
            return []
        return [self._arena.writer(r.index).statistics() for r in self._executable.arena.rings]

    @property
    def actor_type(self) -> ActorType:
        """Where the actors live."""
        return self._actor_type

    @property
    def arena(self) -> Arena:
        """The shared memory of a live network."""
        if self._arena is None:
            raise RuntimeStateError("the network is not started, stopped or failed")
        return self._arena

    @property
    def records(self) -> RecordStore:
        """Where a live network records."""
        if self._crew is None or self._crew.records is None:
            raise RuntimeStateError("the network is not started, or records nothing")
        return self._crew.records

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


def _slice(deadline: float | None) -> float:
    if deadline is None:
        return 0.5
    return max(0.0, min(0.5, deadline - time.monotonic()))


def networks() -> list[Runtime]:
    """Return the live networks of this interpreter, the oldest first; ``print`` names them."""
    mine = [runtime for runtime in _alive if runtime._owner == os.getpid()]
    return sorted(mine, key=lambda runtime: runtime._number)


def stop_all(timeout: float = 0.5) -> None:
    """Stop every live network of this interpreter; see `Runtime.stop`."""
    living = networks()
    for runtime in living:  # all at once: what one of them waits for is not added up
        runtime._announce_stop(timeout)
    for runtime in living:
        runtime.stop(timeout)


def _check_timeout(what: str, timeout: Any) -> None:
    if timeout is not None and not isinstance(timeout, (int, float)):
        raise InvalidTypeError(f"{what}: expected a timeout in seconds or None, got {timeout!r}")


class _Foreign:
    """In place of a ring in a forked child: says whose it is, whatever is asked."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        raise RuntimeStateError(self._text)


def _leave_to_parent() -> None:
    for runtime in list(_alive):
        runtime._leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)


@at_exit_before_launcher
def _end_all() -> None:
    stop_all()


def _warn_of_many() -> None:
    living = networks()
    if len(living) + 1 >= _MANY:
        warn(
            f"{len(living)} networks are alive, and one more starts: "
            f"those of {'; '.join(r.members() for r in living[:_MANY])}"
            f"{'; …' if living[_MANY:] else ''}. Each keeps its actors until it is stopped: "
            f"stop() it, use it in a with block, or end all with lava_actor.stop_all(); "
            f"lava_actor.networks() lists them"
        )

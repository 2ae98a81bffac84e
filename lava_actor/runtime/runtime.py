r"""The Runtime: the user's handle on a running network.

It starts runs, pauses, waits and stops; the parts of a network that is started (`user/network`) own
its pipes (`user/supervision`) and the thread that hears what the services send (`user/listener`).
Nothing here blocks unless the user asked for it, and every wait ends when the network does.

States::

    created -> initialized -> running <-> paused -> stopped
                                  \-> failed (a model raised, an actor died, a deadlock)

`_is_running` stays True after a non-blocking run has finished until `wait`, `pause` or `stop` is
called, as users of the programming model expect; `start` accepts a new run then.
"""

from __future__ import annotations

import contextlib
import numbers
import os
import time
from functools import partial
from typing import TYPE_CHECKING

from lava_actor.channels import CspRecvPort
from lava_actor.channels.interrupts import held, raised
from lava_actor.compiler.executable import THREAD
from lava_actor.errors import (
    InvalidTypeError,
    InvalidValueError,
    LavaActorError,
    ModelError,
    RuntimeStateError,
    WaitTimeoutError,
)
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.protocol import words
from lava_actor.runtime.actor.shared_values import large
from lava_actor.runtime.reports.failures import error_of, raise_failures
from lava_actor.runtime.run_conditions import (
    AbstractRunCondition,
    RunContinuous,
    RunSteps,
    RunUntil,
)
from lava_actor.runtime.start.launcher import at_exit_before_launcher
from lava_actor.runtime.user import living
from lava_actor.runtime.user.listener import Listener
from lava_actor.runtime.user.network import Network
from lava_actor.runtime.user.rounds import Rounds
from lava_actor.runtime.user.services import END_SECONDS
from lava_actor.runtime.user.standstill import Standstill
from lava_actor.runtime.user.status import table_of
from lava_actor.runtime.user.until import UntilRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels.records import RecordStore

#: Seconds `stop` waits for the step in progress.
STOP_SECONDS = 10.0


class _CannotPauseError(RuntimeStateError):
    """A model waits for the user inside a step."""


class Runtime(Network):
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

    def _repr_html_(self) -> str:
        return table_of(repr(self).strip("<>"), self.status())

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
            # From before the run begins: an event loop would take what comes in between for itself.
            with raised() if run_condition.blocking else contextlib.nullcontext():
                with self._moment, self._lock:
                    listener = self._ready("run")
                    if not self.is_finished:
                        raise RuntimeStateError(
                            "run: the network is running; call wait() or pause() first"
                        )
                    if self._is_running:
                        self._collect(self.runs)
                    self._call_back("pre_run_callback")
                    until = self._begin(listener, run_condition)
                    run = self.runs
                if run_condition.blocking:
                    if until is not None:
                        self._drive_until(until, listener)
                    else:
                        self._await(listener, run, None)
        except BaseException as error:
            if not isinstance(error, LavaActorError):  # of a handler of a signal
                until = until or self._until
                if until is not None:
                    until.abandon()
                self._rest(self.pause)
            raise

    def _begin(self, listener: Listener, condition: AbstractRunCondition) -> UntilRun | None:
        """Let a run begin that is known to all who may ask for its end."""
        until: UntilRun | None = None
        if isinstance(condition, RunUntil):
            rounds = self._rounds(listener)
            one_step = partial(self._one_step, rounds, Standstill(self).look)
            until = UntilRun(condition, one_step, partial(self._end, rounds), self.runs + 1)
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

    def _rounds(self, listener: Listener) -> Rounds | None:
        """To grant single steps without the service, where that can be."""
        if self._asker is None or self._arena is None or not Rounds.suit(self._executable):
            return None
        return Rounds(self._arena, self._executable, listener, self._asker)

    def _end(self, rounds: Rounds | None, until: UntilRun) -> None:
        """Let the service end a run of single steps, if nobody else has."""
        if rounds is not None and rounds.begun:
            with self._lock:
                if until.number != self.runs:
                    return
                self._ask_for_pause()
            while until.number == self.runs and not rounds.listener.finished.wait(0.2):
                pass

    def _one_step(self, rounds: Rounds | None, look: Callable[[], None], until: UntilRun) -> bool:
        """One step of a `RunUntil`; False if the network ended, a model paused it, or the user."""
        with self._moment, self._lock:
            listener = self._ready("run")
            if until.cancelled or until.number != self.runs:
                return False
            with held():
                if rounds is None:
                    listener.begin_run(partial(listener.tell, "run", 1))
                else:
                    rounds.grant()
        if rounds is not None:
            return rounds.await_end(look)
        while not listener.finished.wait(0.5):
            look()
        reached = listener.reason == words.REACHED and listener.step >= 0
        return reached and not listener.failures

    def _drive_until(self, until: UntilRun, listener: Listener) -> None:
        try:
            until.drive()
        except Exception:  # of the predicate
            self._forget(until)
            self._rest(partial(self._pause, until))
            raise
        finally:
            self._forget(until)
        self._pause(until)
        self._check_end(listener, until)

    def _forget(self, until: UntilRun) -> None:
        """Another thread may have begun the next run by now."""
        with self._lock:
            if self._until is until:
                self._until = None

    def _end_until(
        self, *, cancel: bool, to_stop: bool = False, timeout: float | None = None
    ) -> None:
        """Wait for the end of a `RunUntil` that another thread drives, or make it end."""
        if (until := self._until) is None:
            return
        if cancel:
            until.cancel(to_stop=to_stop)
            self._ask_for_pause()  # the step in progress may wait for the user
        try:
            until.finish(timeout)
        finally:
            self._forget(until)

    @staticmethod
    def _steps_of(condition: AbstractRunCondition) -> int | None:
        if isinstance(condition, RunSteps):
            return int(condition.num_steps)
        if isinstance(condition, RunContinuous):
            return None
        name = type(condition).__name__
        raise InvalidValueError(f"run: {name} is no condition this runtime can drive")

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended; returns at once if none is on.

        Ctrl-C, or what another handler of a signal raises, pauses the network at a step boundary
        before it is raised; Vars stay readable, and the next run goes on from there.

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
        except BaseException as error:
            if not isinstance(error, LavaActorError):  # of a handler of a signal
                self._rest(self.pause)
            raise

    def _wait(self, timeout: float | None) -> None:
        self._own("wait")
        timeout = _seconds("wait", timeout)
        with self._lock:
            until, run = self._until, self.runs
            if not self._is_running:
                self._raise_failure_once()
                return
            listener = self._ready("wait")
        if until is None:
            self._await(listener, run, timeout)
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        while not until.done.wait(_slice(deadline)):
            self._check_deadline(deadline, timeout)
        try:
            self._end_until(cancel=False)
        finally:
            self._collect(run)
        self._check_end(listener, until)

    def _await(self, listener: Listener, run: int, timeout: float | None) -> None:
        """Wait for the end of a run that is not a `RunUntil`; another thread may begin the next."""
        deadline = None if timeout is None else time.monotonic() + timeout
        standstill = Standstill(self)
        while run == self.runs and not listener.finished.wait(_slice(deadline)):
            self._check_deadline(deadline, timeout)
            standstill.look()
        failures = listener.failures
        self._collect(run)
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
            If a model has been waiting for the user, or for a model that runs freely, inside a
            step for two seconds. The network rests as soon as it gets what it needs for the steps
            that were granted already.
        """
        self._own("pause")
        try:
            self._end_until(cancel=True)
        finally:
            self._pause()

    def _pause(self, until: UntilRun | None = None) -> None:
        """Pause the run that is on, or that of ``until`` if it still is."""
        with self._lock:
            if until is not None and until.number != self.runs:
                return
            if not self._is_running:
                self._raise_failure_once()
                return
            listener, run = self._ready("pause"), self.runs
            self._ask_for_pause()
        while run == self.runs and not listener.finished.wait(0.2):
            if found := self._hindered(a.party for a in self._executable.actors):
                name = self._executable.actors[found[0]].name
                raise _CannotPauseError(
                    f"pause: {name} cannot rest: {found[1]}; the network rests {self._fence()}"
                )
        self._collect(run)

    def _fence(self) -> str:
        if self._arena is None or not self._arena.plan.here(words.CLOCK):  # a clock elsewhere
            return "after the steps that were granted"
        return f"after step {self._arena.domain(words.CLOCK).fence}"

    def _ask_for_pause(self) -> None:
        with self._lock:
            self._pausing = self.runs
            if self._until is not None:
                self._until.cancel(to_stop=False)  # no step is granted after what is told now
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
        Ctrl-C the step in progress is not waited for; `KeyboardInterrupt` follows the end. That the
        network had failed, and nothing since has told, is logged as an error.
        """
        self._own("stop")
        given = _seconds("stop", timeout)
        seconds = STOP_SECONDS if given is None else given
        with contextlib.suppress(Exception):  # an error of a predicate does not keep us running
            self._end_until(cancel=True, to_stop=True, timeout=seconds)
        with self._lock, held() as interrupts:
            self._announce_stop(seconds)
            untold: ModelError | None = None
            late: list[str] = []
            stays: list[str] = []
            if self._crew is not None and self._listener is not None:
                left = self._listener.await_stopped(seconds + END_SECONDS, interrupts)
                late, stays = self._last_words(left)
                late += [f"RuntimeService of domain {i}" for i in self._crew.services.killed]
                if self._listener.failures:
                    untold = error_of(self._listener.failures)
            self._tear_down()
            if untold is not None:
                self.log.error("stop: the network has failed: %s", untold)
                if self.watcher is not None:
                    self.watcher.fail(untold)
            if late:
                self.log.warning("stop: had to kill %s", ", ".join(late))
            if stays:
                text = "stop: %s goes on in a thread of this interpreter, which cannot be killed"
                self.log.warning(text, ", ".join(stays))

    def _announce_stop(self, seconds: float) -> None:
        if self._crew is not None and self._listener is not None:
            self._listener.ending = True
            self._listener.tell("stop", seconds)
            self._crew.services.told_to_end()

    def _last_words(self, names: list[str]) -> tuple[list[str], list[str]]:
        """Where actors were that did not leave: those that were killed, and threads."""
        assert self._arena is not None
        killed: list[str] = []
        stay: list[str] = []
        for actor in self._executable.actors:
            if actor.name in names:
                party = self._arena.party(actor.party)
                phase = words.PHASE_NAMES.get(party.phase, "?")
                where = f"{actor.name} (in {phase} of step {party.step})"
                in_thread = ActorType.Threading == self._actor_type or actor.host == THREAD
                (stay if in_thread else killed).append(where)
        return killed, stay

    def __enter__(self) -> Runtime:
        """Initialize and hand out the runtime."""
        self.initialize()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop, whatever happened; a forked child leaves that to its parent."""
        if self.owner == os.getpid():
            self.stop()

    def look_out(self, seconds: float) -> None:
        """Block until the run has ended, at most so long; whoever waits for the run learns how."""
        until, listener = self._until, self._listener
        if until is not None:
            until.done.wait(seconds)
        elif listener is not None:
            listener.finished.wait(seconds)

    def reset(self) -> None:
        """Give every model its initial values again; see `session.reset`.

        An initial value that is refused changes nothing. If anything else goes wrong on the way, an
        interrupt included, the network is stopped: a part of it would begin anew and a part go on.
        """
        self._ready("reset")
        self.pause()
        self.require_rest("reset")
        self.late.clear()  # they are taken up, or an error says why not
        payloads = []
        for actor in self._executable.actors:
            inits = actor.inits()
            for var in actor.vars:
                var.slot(actor.name).initial(inits[var.name])
            params = large(actor.proc_params(inits)) | actor.parameters_of_part()
            payloads.append((inits, params))
        try:
            for end in self._external_ports:
                if isinstance(end, CspRecvPort):
                    end.ring.drop()
            self.ask_all("reset", payloads)
        except BaseException:
            self.stop(0.0)
            raise

    @property
    def records(self) -> RecordStore:
        """Where a live network records."""
        if self._crew is None or self._crew.records is None:
            raise RuntimeStateError("the network is not started, or records nothing")
        return self._crew.records


def _slice(deadline: float | None) -> float:
    return 0.5 if deadline is None else max(0.0, min(0.5, deadline - time.monotonic()))


def networks() -> list[Runtime]:
    """Return the live networks of this interpreter, the oldest first; ``print`` names them."""
    return living.networks()


def stop_all(timeout: float | None = 0.5) -> None:
    """Stop every live network of this interpreter; see `Runtime.stop`."""
    given = _seconds("stop_all", timeout)
    seconds = STOP_SECONDS if given is None else given
    live = networks()
    for runtime in live:  # all at once: what one of them waits for is not added up
        runtime._announce_stop(seconds)
    for runtime in live:
        runtime.stop(seconds)


def _seconds(what: str, timeout: object) -> float | None:
    if timeout is None:
        return None
    if not isinstance(timeout, numbers.Real) or not float(timeout) >= 0:
        raise InvalidTypeError(f"{what}: expected a timeout in seconds or None, got {timeout!r}")
    return float(timeout)


@at_exit_before_launcher
def _end_all() -> None:
    living.close(2.0)
    stop_all()

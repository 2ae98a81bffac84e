"""The main loop of an actor whose model runs freely (``run_async``)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lava_actor.protocol import words
from lava_actor.protocol.step import ASYNC

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.runtime.actor.actor import Actor


class FreeLoop:
    """Drives one PyAsyncProcessModel: one call of ``run_async`` per run command.

    A model that waits at a port when the network is paused can neither return nor go on: it rests
    there, and the next run finds it in the middle of its call. Requests are answered meanwhile.
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.model: Any = actor.built.model
        self._told = True  # of no run yet
        self._first = actor.party.turn  # before any command to run
        self._calling = False
        self._returns = -1  # with which of them a call ends that was told of a pause
        self._rebuilt(self.model)
        actor.on_rebuilt = self._rebuilt

    def run(self) -> None:
        """Wait for run commands until the network ends."""
        actor, party = self.actor, self.actor.party
        while True:
            party.state = words.PARKED
            self._await_command()
            n_steps, actor.pending_run = actor.pending_run, None
            self._told = False
            party.state, party.phase = words.STEPPING, ASYNC
            started, waited = time.monotonic_ns(), party.wait_ns
            self.model._la_begin_run(n_steps)
            self._call()
            party.busy_ns += (time.monotonic_ns() - started) - (party.wait_ns - waited)
            party.flush_wakes()
            asked = self._asked()
            self._tell_pause(asked)
            party.state = words.PARKED
            actor.pipe.send("done", (asked, self._returns), actor=party.index)

    def _call(self) -> None:
        """Call ``run_async``: for one run, or for all that it does not return from."""
        actor, party = self.actor, self.actor.party
        self._returns = -1
        self._calling = True
        party.attend, party.callers = self._attend, [server.requests for server in actor.servers]
        try:
            self.model.run_async()
        finally:
            party.attend = None
            self._calling = False
        self._look_around()
        if self._returns < 0:
            self._returns = actor.runs_told
        if self._returns == actor.runs_told:
            actor.pending_run = None  # of a run that began while the call was on
        party.turn = self._first + self._returns

    def _rebuilt(self, model: object) -> None:
        self.model = model
        self.model._la_connect_control(self)

    def _await_command(self) -> None:
        actor, party = self.actor, self.actor.party
        while actor.pending_run is None:
            party.wait(actor.has_mail, serve=actor.servers, record=("rest", -1, 0))
            actor.answer_requests()
            self._tell_pause(words.REACHED)

    def _tell_pause(self, asked: int) -> None:
        """Tell the model of a pause, once per run; also if it has done its work before."""
        paused = words.PAUSED in (asked, self.actor.free.pause)
        if paused and not self._told and self.actor.pending_run is None:
            self._told = True
            self.actor.pause_model()

    def _asked(self) -> int:
        model = self.model
        reason = words.REACHED
        if model._req_stop:
            reason = words.STOPPED
        elif model._req_pause:
            reason = words.PAUSED
        model._req_pause = model._req_stop = False
        return reason

    # -- what the model asks while it runs --------------------------------------------------

    def stop_requested(self) -> bool:
        """True once the user stopped the network; serves requests on the way."""
        self._look_around()
        return self.actor.free.pause == words.STOPPED

    def pause_requested(self) -> bool:
        """True once the user paused the network; serves requests on the way."""
        self._look_around()
        actor = self.actor
        while actor.runs.turn > actor.runs_told:  # the pause is over, and we have not heard yet
            self.wait()
        if actor.free.pause != words.PAUSED:
            return False
        self._returns = actor.runs_told  # a run that is told from now on is another call's
        return True

    def _attend(self) -> None:
        """What is to be done while the model waits at a port."""
        self._look_around()
        if self.actor.free.pause == words.PAUSED:
            self.model._la_rest()

    def _look_around(self) -> None:
        self.wait(timeout=0)

    def wait(self, *conditions: Callable[[], object], timeout: float | None = None) -> None:
        """Wait until a condition holds or the user has asked for something; serve meanwhile."""
        actor = self.actor
        actor.party.wait(actor.has_mail, *conditions, serve=actor.servers, timeout=timeout)
        if actor.has_mail():
            told = actor.runs_told
            actor.answer_requests()
            if actor.runs_told > told and self._calling:
                self.model._la_begin_run(actor.pending_run)

"""The main loop of an actor whose model runs freely (``run_async``)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lava_actor.errors import ChannelAborted
from lava_actor.runtime import words

if TYPE_CHECKING:
    from lava_actor.runtime.actor import Actor


class FreeLoop:
    """Drives one PyAsyncProcessModel: one call of ``run_async`` per run command."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.model: Any = actor.built.model
        self._rebuilt(self.model)
        actor.on_rebuilt = self._rebuilt

    def run(self) -> None:
        """Wait for run commands until the network ends."""
        actor, party = self.actor, self.actor.party
        while True:
            party.state = words.PARKED
            self._await_command()
            n_steps, actor.pending_run = actor.pending_run, None
            party.state, party.phase = words.STEPPING, words.ASYNC
            started, waited = time.monotonic_ns(), party.wait_ns
            self.model.num_steps = n_steps
            self.model.run_async()
            party.busy_ns += (time.monotonic_ns() - started) - (party.wait_ns - waited)
            party.flush_wakes()
            actor.pipe.send("done", self._asked(), actor=party.index)

    def _rebuilt(self, model: Any) -> None:
        self.model = model
        model.connect_control(self)

    def _await_command(self) -> None:
        actor, party = self.actor, self.actor.party
        while actor.pending_run is None:
            if party.mailbox != actor.mail_seen:
                actor.answer_requests()
                continue
            actor.serve_remote()
            key = party.prepare_wait()
            if party.mailbox != actor.mail_seen or any(s.pending() for s in actor.built.servers):
                party.cancel_wait()
            else:
                party.commit_wait(key, 0.2, "rest")
            if actor.arena.aborted:
                raise ChannelAborted("the network ended")

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
        return self.actor.free.pause == words.PAUSED

    def _look_around(self) -> None:
        actor = self.actor
        if actor.arena.aborted:
            raise ChannelAborted("the network ended")
        if actor.party.mailbox != actor.mail_seen:
            actor.answer_requests()
        actor.serve_remote()

"""The main loop of an actor whose model works step by step.

Running ahead, an actor starts step t when the horizon allows it; its own guards decide which
phases follow. In lockstep, all stepping actors meet at a barrier after every phase that some
model's guard may ask for, and at the end of every step; the last to arrive looks at everybody's
answers, decides for all, and grants the next step. What a step is stands in `protocol/step.py`.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, cast

from lava_actor.kernels.steps import ASK_PAUSE, ASK_STOP, ASKED, DECIDE, Turns, take_request
from lava_actor.protocol import words
from lava_actor.protocol.step import (
    END,
    HOST,
    POST_MGMT,
    SPK,
    AnyGuard,
    earliest,
    take_part,
    wish,
)

if TYPE_CHECKING:
    from lava_actor.kernels.steps import Burst, Seat
    from lava_actor.model.py.loihi import PyLoihiProcessModel
    from lava_actor.runtime.actor.actor import Actor


class SteppingLoop:
    """Drives one PyLoihiProcessModel."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.model = cast("PyLoihiProcessModel", actor.built.model)
        self.party = actor.party
        self.clock = actor.clock
        self.phases = actor.spec.plan.phases
        self.lockstep = actor.schedule.lockstep
        self.barriers = actor.schedule.lockstep and actor.schedule.phase_barriers
        self.domain = actor.arena.domain(words.FIRST + actor.domain_index)
        self.turns = self._new_turns()
        self._published = 0
        self.paced = actor.spec.plan.phases.paced
        self._ahead = 0
        self.announced = 0
        actor.on_rebuilt = self._rebuilt
        self.burst = self._new_burst()
        all_at_once = self.burst.whole or not (self.phases.guarded or self.phases.run_post_mgmt)
        self.plain = all_at_once and self.turns is None and not self.barriers

    def run(self) -> None:
        """Step whenever the clock allows it, until the network ends."""
        actor, party, clock = self.actor, self.party, self.clock
        started = time.monotonic_ns()
        busy, waited = party.busy_ns, party.wait_ns
        party.state = words.STEPPING
        party.may_owe = True
        self._enter(SPK)
        while True:
            upcoming = party.done + 1
            if actor.mail_seen != party.mailbox:
                actor.answer_requests()
            for server in actor.built.visited:
                if server.serve():
                    party.flush_wakes()
            if upcoming <= clock.horizon and upcoming <= clock.limit:
                if self.plain:
                    self._do_burst()
                else:
                    self._step(upcoming)
                    party.end_step()
                continue
            now = time.monotonic_ns()
            party.busy_ns = busy + (now - started) - (party.wait_ns - waited)
            self._park(upcoming)
            started = time.monotonic_ns()
            busy, waited = party.busy_ns, party.wait_ns
            party.state = words.STEPPING

    # -- for a `Worker` --------------------------------------------------------------------------

    def sit_down(self) -> None:
        """Begin to be driven with others."""
        self.party.may_owe = True
        self._enter(SPK)

    def take_seat(self, seat: Seat) -> bool:
        """Say how steps go on; False if this actor may have to wait inside a step, or its ends."""
        built = self.actor.built
        tapped = [tap.ring for tap in built.tapped]
        inward = [reader for reader in built.readers if reader not in tapped]
        mail, base = self.actor.mail_seen, self.actor.base
        pauses = self.phases.pauses or "_pause" in vars(self.model)
        quiet = not (self.phases.run_host_mgmt or pauses)
        can_share = seat.take(self.burst, inward, mail, base, self.announced, quiet)
        return can_share and self.plain and not self.paced

    def attend(self) -> None:
        """Do what is to be done between two steps; wait for nothing."""
        if self.actor.has_mail():
            self.actor.answer_requests()
        upcoming = self.party.done + 1
        if upcoming > min(self.clock.horizon, self.clock.limit):
            self.tell(upcoming)

    # -- a model that was built again ------------------------------------------------------------

    def _rebuilt(self, model: PyLoihiProcessModel) -> None:
        """The model was built again (reset): it counts its steps from here."""
        self.model = model
        if self.paced:
            self._open()
        self.burst = self._new_burst()
        self.turns = self._new_turns()
        self.actor.base = int(self.party.done)
        self._enter(SPK)

    # -- waiting between steps --------------------------------------------------------------

    def _park(self, upcoming: int) -> None:
        """Wait until the next step may start; announce the end of the run on the way."""
        actor, party, clock = self.actor, self.party, self.clock
        if self.paced and upcoming <= clock.limit:
            self._open()
            if upcoming <= clock.horizon:
                return
        party.flush_wakes()
        self.tell(upcoming)
        party.state = words.PARKED
        rest = ("rest", words.CLOCK, upcoming)
        if upcoming > clock.limit:
            party.wait(actor.has_mail, serve=actor.servers, record=rest)
            return
        for_user = self.paced and party.ready < upcoming  # otherwise others keep the horizon down
        if actor.servers or for_user:
            more = (self._is_ready_for_more,) if for_user else ()
            party.wait(
                lambda: clock.horizon >= upcoming,
                actor.has_mail,
                *more,
                serve=actor.servers,
                record=rest,
            )
        else:
            clock.await_step(party, upcoming, actor.mail_seen)

    def tell(self, upcoming: int) -> None:
        """The next step may not start: if that concerns others, tell them."""
        actor, party, clock = self.actor, self.party, self.clock
        if upcoming > clock.limit:
            return
        runs = actor.runs.turn  # before the fence, which a run moves first
        if party.done == clock.fence and self.announced != runs:
            self._announce(runs)
        elif party.done == clock.horizon == clock.granted < clock.fence and not self.lockstep:
            self._ask_for_more()

    def _open(self) -> int:
        """Let the network go as far as this model need not wait for the user: how many steps."""
        self._ahead = max(0, self.model.steps_ready())
        self.party.ready = self.party.done + self._ahead
        self.clock.open(self.party)
        return self._ahead

    def _is_ready_for_more(self) -> bool:
        return bool(self.model.steps_ready() > self._ahead)

    def _announce(self, runs: int) -> None:
        """The run has reached its end: host phase, then tell the service (last one only)."""
        actor, model = self.actor, self.model
        self.announced = runs
        if self.phases.run_host_mgmt:
            take_part(model, AnyGuard, HOST, self._enter)
            self._enter(SPK)
        if self.clock.pause == words.PAUSED:
            actor.pause_model()
        last, _ = self.clock.arrive(0)
        if last:
            self.end_run()

    def end_run(self) -> None:
        """Everybody has come to the end of the run: tell who waits for it."""
        actor = self.actor
        self.clock.release(0)
        actor.runs.done = self.announced
        actor.runs.bell()
        if not actor.runs.ready:
            os.eventfd_write(actor.wake_up, 1)

    def _ask_for_more(self) -> None:
        """The lease is used up: wake the service, once for all actors."""
        if not self.actor.runs.step:
            self.actor.runs.step = 1
            os.eventfd_write(self.actor.wake_up, 1)

    # -- one step ---------------------------------------------------------------------------

    def _enter(self, phase: int) -> None:
        self.party.phase = phase
        self.model._la_phase = phase

    def _new_burst(self) -> Burst:
        """How to do spiking; steps in a row if there is no more to a step."""
        burst: Burst = self.model._la_native_burst()
        burst.attach(
            self.clock,
            self.party,
            self.lockstep,
            self._open if self.paced else None,
            self.actor.built.taps,
            self.actor.built.tapped,
            [server.requests for server in self.actor.built.visited],
        )
        return burst

    def _new_turns(self) -> Turns | None:
        actor = self.actor
        if actor.turn_plan is None:
            return None
        return Turns(actor.turn_plan, actor.party, actor.arena, actor.servers)

    def _do_burst(self) -> None:
        burst = self.burst
        why = burst.run(self.actor.mail_seen, self.actor.base)
        if why == ASKED:
            self._ask_late(burst.bits)
        elif why == DECIDE:
            self.conclude(int(self.party.done), burst.bits)

    def _step(self, step: int) -> None:
        model, party, phases, turns = self.model, self.party, self.phases, self.turns
        party.step = step
        self._enter(SPK)
        self.burst.once(step - self.actor.base)
        passed, asked = SPK, 0
        begin = self._enter if turns is None else self._begin
        while True:
            if passed == POST_MGMT:
                self._publish(step)
            if turns is not None:
                turns.after(step, passed)
            if model._req_pause or model._req_stop:
                asked |= take_request(model)
            wanted = END if asked else wish(model, phases, passed)
            passed = self._next(step, wanted) if self.barriers else wanted
            if passed == END:
                break
            if turns is not None:
                turns.before(step, passed)
            if passed == POST_MGMT and not self.barriers:  # its guard has just been asked
                begin(passed)
                model.run_post_mgmt()
            else:
                take_part(model, phases, passed, begin)
        self._enter(SPK)
        self._publish(step)
        if turns is not None:
            turns.after(step, END)
        for tap in self.actor.built.tapped:
            tap.finish(step - self.actor.base)
        party.done = step
        if self.lockstep:
            self._end_of_step(step, asked)
        elif asked:
            self._ask_late(asked)

    def _publish(self, step: int) -> None:
        """Nothing more changes our Vars in this step: tell those who read them at its end.

        They may wait for it in post-management, so it comes before any wait for them.
        """
        if self._published != step:
            self._published = step
            for tap in self.actor.built.taps:
                tap.publish(step - self.actor.base)

    def _begin(self, phase: int) -> None:
        assert self.turns is not None
        self.turns.begin(self.party.step, phase)
        self._enter(phase)

    def _ask_late(self, flags: int) -> None:
        """A request that the compiler did not foresee: end the run at the next fence."""
        reason = words.PAUSED if flags & ASK_PAUSE else words.STOPPED
        self.actor.runs.phase = reason
        self.actor.pipe.send("ask", reason, actor=self.party.index)

    # -- lockstep ---------------------------------------------------------------------------

    def _next(self, step: int, wanted: int) -> int:
        """The next phase that comes to our domain, or `END`: everybody's wishes meet."""
        if wanted:
            self.domain.wish(wanted, step)
        while True:
            phase = self._meet(1 << wanted)
            if phase == END or self.domain.wished(phase) == step:
                return phase
            if phase == POST_MGMT:
                self._publish(step)
            if self.turns is not None:  # serve those of other domains who take part
                self.turns.before(step, phase)
                self.turns.after(step, phase)

    def _meet(self, wishes: int) -> int:
        clock = self.clock
        last, value = clock.arrive(wishes)
        if not last:
            return clock.await_release(self.party, value)
        phase = earliest(value)
        clock.release(phase)
        return phase

    def _end_of_step(self, step: int, flags: int) -> None:
        last, value = self.clock.arrive(flags)
        if last:
            self.conclude(step, value)
        else:
            self.clock.await_release(self.party, value)

    def conclude(self, step: int, value: int) -> None:
        """Everybody has arrived at the end of the step: decide for all how to go on."""
        clock = self.clock
        if value & ASK_PAUSE:
            self.actor.runs.phase = clock.pause = words.PAUSED
        elif value & ASK_STOP:
            self.actor.runs.phase = words.STOPPED
        if value:
            clock.fence = step
        if step < clock.fence:
            clock.raise_horizon(step + 1)
        clock.release(0)

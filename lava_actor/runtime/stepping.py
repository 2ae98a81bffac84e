"""The main loop of an actor whose model works step by step.

Running ahead, an actor starts step t when the horizon allows it; its own guards decide which
phases follow. In lockstep, all stepping actors meet at a barrier after every phase that some
model's guard may ask for, and at the end of every step; the last to arrive looks at everybody's
answers, decides for all, and grants the next step. The rules of the decision are those of the
LoihiProtocol (`decide_phase`).
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from lava_actor.bursts import ASKED, DECIDE
from lava_actor.runtime import words
from lava_actor.runtime.turns import ALL_DONE, LEARNED, PRE_DONE, SPIKED, Turns

if TYPE_CHECKING:
    from lava_actor.bursts import Burst
    from lava_actor.runtime.actor import Actor

#: What an actor asks for at a phase barrier; one group of three bits per sync domain.
WANT_PRE, WANT_LRN, WANT_POST = 1, 2, 4
_FLAGS = 2  # bits of ASK_PAUSE and ASK_STOP, below the groups
MAX_DOMAINS = 9

#: Decision of a barrier: the phase that comes next and the domains that take part.
END_OF_STEP = 0


def decide_phase(bits: int) -> tuple[int, int]:
    """From everybody's requests to ``(phase, mask of domains)``.

    Pre-management goes before learning before post-management, in every domain by itself; the
    domains that asked for the earliest phase take part in it.
    """
    groups = bits >> _FLAGS
    for want, phase in (
        (WANT_PRE, words.PRE_MGMT),
        (WANT_LRN, words.LRN),
        (WANT_POST, words.POST_MGMT),
    ):
        mask = 0
        for domain in range(MAX_DOMAINS):
            if groups >> (3 * domain) & want:
                mask |= 1 << domain
        if mask:
            return phase, mask
    return END_OF_STEP, 0


class SteppingLoop:
    """Drives one PyLoihiProcessModel."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.model: Any = actor.built.model
        self.base = actor.base
        self.party = actor.party
        self.clock = actor.clock
        self.phases = actor.spec.plan.phases
        self.lockstep = actor.schedule.lockstep
        self.barriers = actor.schedule.lockstep and actor.schedule.phase_barriers
        self.domain_index = actor.domain_index
        self.turns: Turns | None = None
        if actor.turn_plan is not None:
            self.turns = Turns(actor.turn_plan, actor.party, actor.arena, actor.servers)
        self.announced = 0
        actor.on_rebuilt = self._rebuilt
        actor.on_rebased = self._rebased
        guarded = (
            self.phases.pre_guard
            or self.phases.lrn_guard
            or self.phases.post_guard
            or self.phases.run_post_mgmt
        )
        self.plain = not guarded and self.turns is None and not self.barriers
        self.burst = self._new_burst()

    def run(self) -> None:
        """Step whenever the clock allows it, until the network ends."""
        actor, party, clock = self.actor, self.party, self.clock
        started, waited = time.monotonic_ns(), party.wait_ns
        party.state = words.STEPPING
        party.may_owe = True
        self._enter(words.SPK)
        while True:
            upcoming = party.done + 1
            if actor.mail_seen != party.mailbox:
                actor.answer_requests()
            if upcoming <= clock.horizon and upcoming <= clock.limit:
                if self.burst is None:
                    self._step(upcoming)
                else:
                    self._do_burst(self.burst)
                continue
            now = time.monotonic_ns()
            party.busy_ns += (now - started) - (party.wait_ns - waited)
            self._park(upcoming)
            started, waited = time.monotonic_ns(), party.wait_ns
            party.state = words.STEPPING

    def _rebuilt(self, model: Any) -> None:
        """The model was built again (reset): it counts its steps from here."""
        self.model = model
        self.burst = self._new_burst()
        self.actor.rebase(int(self.party.done))
        self._enter(words.SPK)

    def _rebased(self, base: int) -> None:
        self.base = base

    # -- waiting between steps --------------------------------------------------------------

    def _park(self, upcoming: int) -> None:
        """Wait until the next step may start; announce the end of the run on the way."""
        actor, party, clock = self.actor, self.party, self.clock
        party.flush_wakes()
        rest = ("rest", words.CLOCK, upcoming)
        if upcoming > clock.limit:
            party.state = words.PARKED
            party.wait(actor.has_mail, serve=actor.servers, record=rest)
            return
        if party.done == clock.fence and self.announced != actor.runs.turn:
            self._announce()
        elif party.done == clock.horizon < clock.fence and not self.lockstep:
            self._ask_for_more()
        party.state = words.PARKED
        if actor.servers:
            party.wait(
                lambda: clock.horizon >= upcoming,
                actor.has_mail,
                serve=actor.servers,
                record=rest,
            )
        else:
            clock.await_step(party, upcoming, actor.mail_seen)

    def _announce(self) -> None:
        """The run has reached its end: host phase, then tell the service (last one only)."""
        actor, model = self.actor, self.model
        self.announced = actor.runs.turn
        if self.phases.run_host_mgmt and model.host_guard():
            self._enter(words.HOST)
            model.run_host_mgmt()
            self._enter(words.SPK)
        last, _ = self.clock.arrive(0)
        if last:
            self.clock.release(0)
            actor.runs.done = self.announced
            os.eventfd_write(actor.wake_up, 1)

    def _ask_for_more(self) -> None:
        """The lease is used up: wake the service, once for all actors."""
        if not self.actor.runs.step:
            self.actor.runs.step = 1
            os.eventfd_write(self.actor.wake_up, 1)

    # -- one step ---------------------------------------------------------------------------

    def _enter(self, phase: int) -> None:
        self.party.phase = phase
        self.model.phase = phase

    def _new_burst(self) -> Burst | None:
        """How to do steps in a row; None if there is more to a step than spiking."""
        if not self.plain:
            return None
        burst: Burst = self.model._native_burst()
        burst.attach(self.clock, self.party, self.lockstep)
        return burst

    def _do_burst(self, burst: Burst) -> None:
        why = burst.run(self.actor.mail_seen, self.base)
        if why == ASKED:
            self._ask_late(burst.bits)
        elif why == DECIDE:
            self._conclude(int(self.party.done), burst.bits)

    def _step(self, step: int) -> None:
        model, party = self.model, self.party
        party.step = step
        model.time_step = step - self.base
        self._enter(words.SPK)
        model.run_spk()
        if self.lockstep:
            self._finish_in_lockstep(step)
            return
        self._finish_alone(step)
        party.done = step
        if flags := self._take_flags():
            self._ask_late(flags)

    def _ask_late(self, flags: int) -> None:
        """A request that the compiler did not foresee: end the run at the next fence."""
        reason = words.PAUSED if flags & words.ASK_PAUSE else words.STOPPED
        self.actor.pipe.send("ask", reason, actor=self.party.index)

    def _finish_alone(self, step: int) -> None:
        model, phases, turns = self.model, self.phases, self.turns
        if turns is not None:
            turns.publish(step, SPIKED)
        learn = bool(phases.lrn_guard and model.lrn_guard())
        if learn and phases.pre_guard and model.pre_guard():
            if turns is not None:
                turns.await_pre(step)
            self._enter(words.PRE_MGMT)
            model.run_pre_mgmt()
            learn = bool(model.lrn_guard())
        if turns is not None:
            turns.publish(step, PRE_DONE)
            turns.await_learning(step)
        if learn:
            self._enter(words.LRN)
            model.run_lrn()
        if turns is not None:
            turns.publish(step, LEARNED)
        if phases.post_guard and model.post_guard():
            if turns is not None:
                turns.await_post(step)
            self._enter(words.POST_MGMT)
            model.run_post_mgmt()
        self._enter(words.SPK)
        if turns is not None:
            turns.publish(step, ALL_DONE)
            turns.await_next(step)

    # -- lockstep ---------------------------------------------------------------------------

    def _finish_in_lockstep(self, step: int) -> None:
        model, phases, turns = self.model, self.phases, self.turns
        me = 1 << self.domain_index
        flags = self._take_flags()
        passed = SPIKED
        if turns is not None:
            turns.publish(step, SPIKED)
        want = 0 if flags else self._wants_after_spiking()
        while self.barriers:
            phase, mask = self._meet(want)
            if phase == END_OF_STEP:
                break
            taking_part = bool(mask & me)
            if not taking_part:
                continue  # our own request of a later phase stands
            want = 0
            if phase == words.PRE_MGMT:
                if phases.pre_guard and model.pre_guard():
                    if turns is not None:
                        turns.await_pre(step)
                    self._enter(phase)
                    model.run_pre_mgmt()
                if turns is not None:
                    turns.publish(step, PRE_DONE)
                    turns.await_learning(step)  # keep serving while clients have their turn
                passed = PRE_DONE
                asked = self._take_flags()
                flags |= asked
                want = 0 if asked else WANT_LRN
            elif phase == words.LRN:
                if turns is not None:
                    turns.publish(step, PRE_DONE)
                    turns.await_learning(step)
                if phases.lrn_guard and model.lrn_guard():
                    self._enter(phase)
                    model.run_lrn()
                if turns is not None:
                    turns.publish(step, LEARNED)
                passed = LEARNED
                asked = self._take_flags()
                flags |= asked
                if not asked and phases.post_guard and model.post_guard():
                    want = WANT_POST
            else:
                if turns is not None and passed < LEARNED:
                    turns.publish(step, LEARNED)
                    passed = LEARNED
                if phases.post_guard and model.post_guard():
                    if turns is not None:
                        turns.await_post(step)
                    self._enter(phase)
                    model.run_post_mgmt()
                if turns is not None:
                    turns.publish(step, ALL_DONE)
                    turns.await_next(step)
                flags |= self._take_flags()
        self._enter(words.SPK)
        if turns is not None:
            turns.publish(step, ALL_DONE)
            turns.await_next(step)
        self.party.done = step
        self._end_of_step(step, flags)

    def _wants_after_spiking(self) -> int:
        model, phases = self.model, self.phases
        if phases.lrn_guard and model.lrn_guard():
            if phases.pre_guard and model.pre_guard():
                return WANT_PRE
            return WANT_LRN
        if phases.post_guard and model.post_guard():
            return WANT_POST
        return 0

    def _take_flags(self) -> int:
        model = self.model
        if model._req_pause:  # pause wins over stop
            model._req_pause = model._req_stop = False
            return words.ASK_PAUSE
        if model._req_stop:
            model._req_stop = False
            return words.ASK_STOP
        return 0

    def _meet(self, want: int) -> tuple[int, int]:
        """Barrier after a phase: everybody's requests in, the next phase out."""
        clock = self.clock
        last, value = clock.arrive(want << (_FLAGS + 3 * self.domain_index))
        if last:
            phase, mask = decide_phase(value)
            clock.release(phase | mask << 3)
            return phase, mask
        decision = self.clock.await_release(self.party, value)
        return decision & 7, decision >> 3

    def _end_of_step(self, step: int, flags: int) -> None:
        last, value = self.clock.arrive(flags)
        if last:
            self._conclude(step, value)
        else:
            self.clock.await_release(self.party, value)

    def _conclude(self, step: int, value: int) -> None:
        """Everybody has arrived at the end of the step: decide for all how to go on."""
        clock = self.clock
        if value & words.ASK_PAUSE:
            self.actor.runs.phase = words.PAUSED
        elif value & words.ASK_STOP:
            self.actor.runs.phase = words.STOPPED
        if value or clock.pause:
            clock.fence = step
        if step < clock.fence:
            clock.raise_horizon(step + 1)
        clock.release(0)

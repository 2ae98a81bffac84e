"""The worker: one process with several actors, all driven by one thread.

Each is an actor like any other: it has its party, its pipe, its model; it reports, answers, fails
and ends by itself, and its service does not know the difference. But none waits by itself: a native
team (``kernels/steps/_team.pxi``) lets each go on as far as it can, and sleeps when none can. What
is left for the interpreter happens between two steps of an actor: requests, the end of a run, an
error.

An actor that would wait inside a step would keep all others waiting, and perhaps for each other. If
one turns out to be such (somebody has set a Var to what its native step does not take), it moves to
a thread of its own, for good.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lava_actor.kernels.steps import CONCLUDE, END_RUN, FAILED, MOVE, Seat, Team
from lava_actor.plain import plain
from lava_actor.protocol import words
from lava_actor.runtime.actor.stepping import SteppingLoop
from lava_actor.runtime.reports.output import Voices
from lava_actor.runtime.start.processes import start_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lava_actor.channels import Party
    from lava_actor.channels.wait import WaitPolicy
    from lava_actor.runtime.actor.actor import Actor


@plain(eq=False)
class _Member:
    actor: Actor
    loop: SteppingLoop
    seat: Seat


class Worker:
    """Several actors in this process.

    Parameters
    ----------
    actors : Actors
        In the order in which they get their turn.
    home : Party
        Sleeps for all of them.
    policy : WaitPolicy
        How it waits, and how actors do that leave.
    """

    def __init__(self, actors: Sequence[Actor], home: Party, policy: WaitPolicy) -> None:
        self._actors = list(actors)
        self._home = home
        self._policy = policy
        self._members: dict[Seat, _Member] = {}
        self._team: Team
        self._threads: list[threading.Thread] = []
        self._driver = threading.get_ident()
        self._voices = Voices(self._stepping)

    def main(self) -> None:
        """Live until the network ends. Never raises."""
        self._home.in_model = True
        self._policy.apply(self._home)
        for actor in self._actors:
            actor.party.move_to(self._home)
            actor.party.state = words.STARTING
        for actor in self._actors:
            self._begin(actor)
        if self._actors:
            runs = self._actors[0].runs
            self._team = Team(self._home, runs, self._members)
            self._drive()
        self._home.computing = False
        for thread in self._threads:
            thread.join()

    def _begin(self, actor: Actor) -> None:
        self._voices.speak(actor)
        try:
            if actor.start():
                assert isinstance(actor.loop, SteppingLoop)  # others share no process
                member = _Member(actor, actor.loop, Seat())
                member.loop.sit_down()
                if member.loop.take_seat(member.seat):
                    self._members[member.seat] = member
                else:
                    self._move(member)
                return
        except BaseException as error:  # noqa: BLE001  (everything must reach the user)
            self._end(actor, error)
        else:
            self._end(actor, None)

    def _drive(self) -> None:
        try:
            while self._members:
                for seat, why in self._team.turn():
                    self._attend(self._members[seat], why)
        except BaseException as error:  # noqa: BLE001  (of all: the network ends)
            for member in self._members.values():
                self._voices.speak(member.actor)
                self._end(member.actor, error)

    def _attend(self, member: _Member, why: int) -> None:
        """Do for one actor what takes the interpreter."""
        self._voices.speak(member.actor)
        member.loop.announced = member.seat.announced
        try:
            if why == FAILED:
                assert member.seat.error is not None
                raise member.seat.error
            if why == CONCLUDE:
                member.loop.conclude(int(member.actor.party.done), member.seat.bits)
            if why == END_RUN:
                member.loop.end_run()
            if why != MOVE:
                member.loop.attend()
                if member.loop.take_seat(member.seat):
                    return
            self._leave(member)
            self._move(member)
        except BaseException as error:  # noqa: BLE001  (everything must reach the user)
            self._leave(member)
            self._end(member.actor, error)

    def _stepping(self) -> Actor | None:
        """Whose native step this thread is in."""
        at = int(self._home.step) - 1
        if at < 0 or threading.get_ident() != self._driver:
            return None
        return next((actor for actor in self._actors if actor.party.index == at), None)

    def _leave(self, member: _Member) -> None:
        if self._members.pop(member.seat, None) is not None:
            self._team.remove(member.seat)

    def _end(self, actor: Actor, error: BaseException | None) -> None:
        try:
            actor.end(error)
        finally:
            self._voices.forget(actor)
            actor.pipe.close()

    # -- who cannot share -------------------------------------------------------------------

    def _move(self, member: _Member) -> None:
        """Let an actor have a thread of its own."""
        actor = member.actor
        actor.party.move_to(actor.party)
        self._threads.append(start_thread(f"actor {actor.name}", self._live_alone, member))

    def _live_alone(self, member: _Member) -> None:
        self._voices.speak(member.actor)
        self._policy.apply(member.actor.party)
        try:
            member.loop.run()
        except BaseException as error:  # noqa: BLE001  (everything must reach the user)
            self._end(member.actor, error)

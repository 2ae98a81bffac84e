"""The actors of a service, and the pipes to them and to the user: what comes in, what goes out.

Nothing in here waits for a pipe to take what is sent: frames that find no room wait in their pipe's
queue until the selector says there is some.
"""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lava_actor.channels.pipe import Frame, PipeEnded
from lava_actor.plain import plain
from lava_actor.protocol import words
from lava_actor.protocol.frames import Way
from lava_actor.runtime.reports.failures import died

if TYPE_CHECKING:
    from lava_actor.channels import Arena
    from lava_actor.channels.pipe import Pipe
    from lava_actor.errors import Failure
    from lava_actor.runtime.start.hosts import Host
    from lava_actor.runtime.start.plan import ServicePlan


@plain
class Member:
    """One actor, as its service sees it."""

    party: int
    name: str
    model: str
    pipe: Pipe
    handle: object
    open: bool = True


class Members:
    """What a service talks to."""

    def __init__(
        self, plan: ServicePlan, arena: Arena, user: Pipe, wake_up: int, host: Host
    ) -> None:
        self.plan = plan
        self.arena = arena
        self.user = user
        self.wake_up = wake_up
        self.host = host
        self.members: dict[int, Member] = {}
        self.selector = selectors.DefaultSelector()
        self.ending = False

    def _from_actor(self, member: Member) -> None:
        """Handle what a member has sent."""
        raise NotImplementedError

    def _actor_gone(self, member: Member) -> None:
        """Handle the end of a member's pipe."""
        raise NotImplementedError

    def _listen_to(self, pipe: Pipe, read: Callable[[], None]) -> None:
        """Let the selector call ``read`` when frames have come, and write what found no room."""
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        key = self.selector.register(pipe.fileno(), selectors.EVENT_READ, read)
        pipe.on_unsent = lambda: self._watch(key.fd, both, read)

    def _watch(self, descriptor: int, events: int, read: Callable[[], None]) -> None:
        if descriptor in self.selector.get_map():
            self.selector.modify(descriptor, events, read)

    def _look(self, timeout: float | None) -> None:
        """Wait for descriptors and handle what they say; end at once if the network does."""
        for key, events in self.selector.select(timeout):
            if events & selectors.EVENT_WRITE:
                self._write(key)
            if events & selectors.EVENT_READ:
                key.data()
            if self.ending:
                return

    def _write(self, key: selectors.SelectorKey) -> None:
        """There is room again in a pipe."""
        self._watch(key.fd, selectors.EVENT_READ, key.data)
        if key.fd == self.user.fileno():
            self.user.flush()
        for member in self.members.values():
            if member.open and member.pipe.fileno() == key.fd:
                with contextlib.suppress(PipeEnded):
                    member.pipe.flush()
                self.arena.party(member.party).post()  # it looks into its pipe when it is rung

    def _to_actor(self, frame: Frame) -> None:
        member = self.members.get(frame.actor)
        if member is None or not member.open:
            frame.close()
            return
        ring = frame.kind != "taken"  # that is for an actor that waits in its pipe
        with contextlib.suppress(PipeEnded):
            member.pipe.forward(frame)
            if ring:
                self.arena.party(frame.actor).post()

    def _drain(self) -> None:
        """Handle what members have sent so far; the selector knows who has."""
        ready = {key.fd for key, _ in self.selector.select(0)}
        for member in list(self.members.values()):
            if member.open and (member.pipe.holds_frames or member.pipe.fileno() in ready):
                self._from_actor(member)

    def _frames_of(self, member: Member, wait: float = 0.0) -> Iterator[Frame]:
        """What a member has sent, or sends within ``wait`` seconds, as long as it is there."""
        while member.open:
            try:
                if not member.pipe.poll(wait):
                    return
                frame = member.pipe.recv()
            except PipeEnded:
                self._actor_gone(member)
                return
            yield frame

    def _pass_on(self, frame: Frame, member: Member) -> None:
        """Let the user have what is the user's; the rest comes too late."""
        if frame.kind in Way.ACTOR_TO_USER.value:
            self.user.forward(frame, actor=member.party)
        else:
            frame.close()

    def _close(self, member: Member) -> None:
        if member.open:
            member.open = False
            self.selector.unregister(member.pipe.fileno())
            member.pipe.close()

    def _died(self, member: Member, how: str) -> Failure:
        party = self.arena.party(member.party)
        phase = words.PHASE_NAMES.get(int(party.phase), "?")
        return died(member.name, how, model=member.model, phase=phase, step=int(party.step))

    def _let_go_of(self, party: int) -> None:
        """Close the rings of an actor that could not do it itself."""
        self.arena.party(party).state = words.GONE
        for ring in self.arena.plan.rings:
            if ring.writer == party:
                self.arena.writer(ring.index).close()
            for cursor, reader in enumerate(ring.readers):
                if reader == party:
                    self.arena.reader(ring.index, cursor).detach()

"""Small requests that go to an actor and back without a service in between (`channels/desk.h`).

The asking thread lays down what it asks, posts to the actor, and waits as the runtime's party until
the actor has answered in the same place: two wake-ups, where the way through pipes takes five. What
is large, what comes while another thread is asking, or while an answer is due that nobody waits for
any more, goes through the pipe; so does an answer that turns out large, and every error.
"""

from __future__ import annotations

import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

from lava_actor.errors import ChannelAborted

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels import Arena, Desk, Party, WaitPolicy

#: What a request takes besides its payload.
_HEAD_BYTES = 256


class Asker:
    """The user's end of a network's desk; any thread may use it.

    Parameters
    ----------
    runs : Party
        As which this interpreter's threads wait, one at a time.
    policy : WaitPolicy
        How they do that.
    """

    def __init__(self, arena: Arena, desk: Desk, runs: Party, policy: WaitPolicy) -> None:
        self._arena, self._desk, self.runs, self._policy = arena, desk, runs, policy
        self._waiting = threading.Lock()

    def ask(
        self, party: int, key: int, kind: str, payload: Any, is_over: Callable[[], bool],
        look: Callable[[], None],
    ) -> bytes | None:  # fmt: skip
        """The pickled answer; empty if it comes through the pipe, None if nothing was asked here.

        ``look`` is called now and then, and may raise; ``is_over`` ends the wait.
        """
        room = self._desk.room - _HEAD_BYTES
        if any(getattr(part, "nbytes", 0) > room for part in payload):
            return None
        packed = pickle.dumps(payload, protocol=5)
        if len(packed) > room or not self._waiting.acquire(blocking=False):
            return None
        try:
            if self._desk.taken:
                return None
            self._desk.ask(self._arena.party(party), pickle.dumps((key, kind, packed)))
            while not self._wait(self._is_answered, is_over):
                look()
            return b"" if self._desk.taken else self._desk.said
        finally:
            self._waiting.release()

    def wait(self, *conditions: Callable[[], bool], look: Callable[[], None]) -> None:
        """Wait until a condition holds that actors or the end of the network make true.

        ``look`` is called now and then.
        """
        while not any(condition() for condition in conditions):
            if not self._waiting.acquire(timeout=0.05):
                continue  # another thread's question is on: that takes no longer
            try:
                held = self._wait(*conditions)
            finally:
                self._waiting.release()
            if not held:
                look()

    def _wait(self, *conditions: Callable[[], bool]) -> bool:
        """Wait for half a second at most; False if nothing has become true."""
        self._policy.apply(self.runs)
        try:
            return self.runs.wait(*conditions, timeout=0.5)
        except ChannelAborted:  # whoever listens knows more, and is about to say so
            time.sleep(0.001)
            return any(condition() for condition in conditions)
        finally:
            self.runs.computing = False  # it takes no core from the network in between

    def _is_answered(self) -> bool:
        return not self._desk.taken

"""Several clocks that step together: networks that are spread over machines have one on each.

A run ends everywhere with the same step. That of a given number of steps does by itself. A pause is
agreed on: every clock is told to hold and says which step was the last that it let begin; all end
with the latest of these. Nothing has to be taken back, and nobody waits in vain: whoever held
earlier goes on to that step, and the messages that a step needs come from steps before it.

In lockstep a model may ask for a pause in any step, which then is the last one of all. So no clock
may be a step ahead, and the steps are granted one by one, each when all have ended the one before.

With one clock all this is nothing: every order goes out as it is.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from lava_actor.protocol import words

Order = tuple[str, object, "set[int] | None"]
"""A command, its payload, and to which services it goes (None: to those it was meant for)."""


class Clocks:
    """What the services of a network are told, so that their clocks agree.

    Parameters
    ----------
    leaders : the services that move a clock
    others : free-running services, which are paused without more ado
    lockstep : whether steps are granted one by one
    """

    def __init__(self, leaders: set[int], others: set[int], *, lockstep: bool) -> None:
        self._leaders = leaders
        self._others = others
        self._several = len(leaders) > 1
        self._lockstep = self._several and lockstep
        self._held: dict[int, int] | None = None
        self._left = 0.0
        self.reason = words.REACHED

    @property
    def agreeing(self) -> bool:
        """Whether clocks hold and have not been told how far to go."""
        return self._held is not None and bool(self._leaders - self._held.keys())

    def begin_run(self) -> None:
        """Another run is about to be told."""
        self._held, self._left, self.reason = None, 0.0, words.REACHED

    def orders(self, kind: str, payload: float | None) -> list[Order]:
        """What to send for a command."""
        if kind == "run" and self._lockstep and payload != 0:
            self._left = math.inf if payload is None else payload - 1
            return [("run", 1, self._leaders), ("run", payload, self._others)]
        if kind == "stop":
            self._left = 0.0
        if kind != "pause" or not self._several:
            return [(kind, payload, None)]
        self._left = 0.0
        self.reason = words.PAUSED
        if self._held is not None or self._lockstep:  # is being agreed on, or ends with this step
            return [("pause", None, self._others)]
        self._held = {}
        return [("hold", None, self._leaders), ("pause", None, self._others)]

    def note(self, index: int, step: int, gone: Collection[int]) -> list[Order]:
        """A clock holds; what is sent once all do."""
        if self._held is None:
            return []
        self._held[index] = step
        if self._leaders - set(gone) - self._held.keys():
            return []
        return [("fence", max(self._held.values()), self._leaders)]

    def next_round(self, running: set[int], reason: int) -> set[int]:
        """The services that begin another step of a run in lockstep, if it is time."""
        if self._left < 1 or reason != words.REACHED or running & self._leaders:
            return set()
        self._left -= 1
        return self._leaders

"""Several clocks that step together: networks that are spread over machines have one on each.

A run ends everywhere with the same step. That of a given number of steps does by itself. A pause is
agreed on: every clock is told to hold and says which step was the last that it let begin; all end
with the latest of these. Nothing has to be taken back, and nobody waits in vain: whoever held
earlier goes on to that step, and the messages that a step needs come from steps before it.

In lockstep a model may ask for a pause in any step, which then is the last one of all. So no clock
may be a step ahead, and the steps are granted one by one, each when all have ended the one before.

With one clock all this is nothing: every order goes out as it is.

Models that run freely are told of a pause when the clocks have come to rest: until then, actors in
the middle of a step may need their messages, or their room for messages.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from lava_actor.protocol import words

Order = tuple[str, object, "set[int] | None"]
"""A command, its payload, and to which services it goes (None: to all)."""


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
        self._frees_later = False  # the free-running ones have not been told of a pause yet
        self.reason = words.REACHED

    @property
    def agreeing(self) -> bool:
        """Whether clocks hold and have not been told how far to go."""
        return self._held is not None and bool(self._leaders - self._held.keys())

    def begin_run(self) -> None:
        """Another run is about to be told."""
        self._held, self._left, self.reason = None, 0.0, words.REACHED
        self._frees_later = False

    def orders(
        self, kind: str, payload: float | None, to: set[int] | None = None,
        running: Collection[int] = (),
    ) -> list[Order]:  # fmt: skip
        """What to send for a command to some services, or to all.

        ``running``: those that have not ended their run.
        """
        if kind == "run" and self._lockstep and payload != 0:
            self._left = math.inf if payload is None else payload - 1
            return [("run", 1, self._leaders), ("run", payload, self._others)]
        if kind == "stop":
            self._left = 0.0
        if kind != "pause":
            return [(kind, payload, to)]
        self._frees_later = not self._leaders.isdisjoint(running)
        if not self._several:
            if self._frees_later:
                to = self._leaders if to is None else self._leaders & to
            return [(kind, payload, to)]
        self._left = 0.0
        self.reason = words.PAUSED
        others: list[Order] = [] if self._frees_later else [("pause", None, self._others)]
        if self._held is not None or self._lockstep:  # is being agreed on, or ends with this step
            return others
        self._held = {}
        return [("hold", None, self._leaders), *others]

    def at_rest(self, running: Collection[int]) -> list[Order]:
        """What to send when a service has ended its run."""
        if not self._frees_later or not self._leaders.isdisjoint(running):
            return []
        self._frees_later = False
        return [("pause", None, self._others)]

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

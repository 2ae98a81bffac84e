"""Whoever waits for a run in which no step ends is told why, once.

A model may loop for ever or compute for minutes, and a model that exchanges messages with the
user's program may wait for it; neither is an error, but nobody should have to guess.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.runtime.user.network import Network

QUIET_SECONDS = 20.0


class Standstill:
    """Looks at a run from time to time, on behalf of one who waits for its end."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._step = network.current_step
        self._since = time.monotonic()
        self._is_told = not network.steps_together  # free-running models have no step to end

    def look(self) -> None:
        """Log what holds up the run, if its step has not ended for `QUIET_SECONDS`."""
        if self._is_told:
            return
        now, step = time.monotonic(), self._network.current_step
        if step != self._step:
            self._step, self._since = step, now
        elif now - self._since >= QUIET_SECONDS:
            self._is_told = True
            found = self._network.status()
            last = [s for s in found if s.step == step]
            why = [f"{s.process} ({s.model}) waits for {s.waits_for}" for s in last if s.waits_for]
            busy = [s for s in last if s.state == "running"]
            why = [f"{s.process} ({s.model}) is in {s.phase}" for s in busy] or why
            free = [s for s in found if s not in last and s.state != "parked"]
            if not why and free:
                names = ", ".join(f"{s.process} ({s.model})" for s in free[:3])
                told = f"step {step} was the last of the run {QUIET_SECONDS:.0f} s ago, and {names}"
                told += " has not returned from run_async"
            else:
                told = f"step {step + 1} has not ended for {QUIET_SECONDS:.0f} s: "
                told += "; ".join(why[:3])
            self._network.log.warning("%s; Ctrl-C pauses the run", told)

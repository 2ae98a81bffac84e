"""Single steps that the user's program grants by itself, for `RunUntil`.

A run that the service begins and ends wakes service and listener on its way, twice as many as have
work to do. Here the thread that runs until something holds moves the clock itself: it grants one
step, wakes the actors by that, and is woken by the last of them. Each step is a run of its own for
the models, as one that the service begins.

One party moves the clock at a time. From the frame ``by_hand`` on until a ``pause`` it is this
thread, the service afterwards. The frames go through one pipe, and the pause comes last: whoever
sends one takes the runtime's lock, under which each step is granted, and has cancelled the run
before that. When the service hears of the pause, the last step was granted, and it ends the run
with that step: at once if all have announced it, else when the last one does. ``ready`` of the
runtime's party says who is told of that: the last actor publishes the end and looks at the word,
the service takes the word back and looks for the end, so one of both sees what the other did.

Only networks with one clock, one service, and no actors that wait for messages of the user's do it:
a pause of these may have to take back a step that was granted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lava_actor.protocol import words
from lava_actor.runtime.service.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels import Arena, Party
    from lava_actor.compiler.executable import Executable
    from lava_actor.runtime.user.desk import Asker
    from lava_actor.runtime.user.listener import Listener


class Rounds:
    """The steps of one run, which begins with the first."""

    def __init__(
        self, arena: Arena, executable: Executable, listener: Listener, asker: Asker
    ) -> None:
        self.listener, self._asker = listener, asker
        self._clock = arena.domain(words.CLOCK)
        self._runs: Party = asker.runs
        parties = arena.plan.domains[words.CLOCK]
        self._lease = Lease(arena, parties, executable.schedule.lockstep)
        self.begun = False

    @staticmethod
    def suit(executable: Executable) -> bool:
        """Whether steps of a network may be granted by hand, if all of it is on one machine."""
        arena = executable.arena
        return (
            len(executable.domains) == 1
            and bool(arena.domains[words.CLOCK])
            and not (arena.paced or executable.externals or arena.domains[words.FREE])
        )

    def grant(self) -> None:
        """Let one step begin; under the runtime's lock."""
        if not self.begun:
            self.listener.begin_run(partial(self.listener.tell, "by_hand"))
            self.begun = True
            self._runs.ready = 1
        self._runs.phase = self._clock.pause = words.REACHED
        self._lease.start(1, self._runs)

    def await_end(self, look: Callable[[], None]) -> bool:
        """Wait for the end of the step; False if the network ended or a model paused it.

        ``look`` is called now and then.
        """
        over = self.listener.finished
        while not (self._is_announced() or over.is_set()):
            self._asker.wait(self._is_announced, over.is_set, look=look)
        reached = self._is_announced() and self._runs.phase == words.REACHED
        return bool(reached and not self.listener.failures)

    def _is_announced(self) -> bool:
        return bool(self._runs.done == self._runs.turn)

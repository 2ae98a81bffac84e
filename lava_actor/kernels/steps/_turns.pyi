"""What taking turns promises; the idea is in ``_turns.pyx``."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lava_actor.channels import Arena, Party, RingReader, RingWriter

def ask(writer: RingWriter, question: bytes) -> None:
    """Send a message of which the beginning counts."""

class Served:
    """The owner's end of one RefPort connection.

    Parameters
    ----------
    requests : RingReader
    question : bytes
        How a request begins that asks for the value.
    answer : callable
        Sends the value; its argument means nothing.
    earlier : sequence of Served
        Those of clients whose turn comes first. A client does not wait until what it wrote is
        applied, and whose turn is next may ask before the owner has looked; so their requests,
        which are there by then, go first.
    """

    requests: RingReader
    def __init__(
        self,
        requests: RingReader,
        question: bytes,
        answer: Callable[[int], object],
        earlier: Sequence[Served] = (),
    ) -> None: ...
    def pending(self) -> bool:
        """Whether there is a request."""
    def serve(self) -> bool:
        """Answer everything that is waiting; True if there was something."""
    def carry_out(self, message: np.ndarray) -> None:
        """Do what any other request asks for."""

class Turns:
    """One member's view of its group.

    Parameters
    ----------
    plan : TurnPlan
    party : Party
        The member.
    arena : Arena
    servers : sequence of Served
        What the member serves while it waits.
    """

    def __init__(
        self, plan: Any, party: Party, arena: Arena, servers: Sequence[Served]
    ) -> None: ...
    def before(self, step: int, phase: int) -> int:
        """A phase has come, whether or not we take part: what is behind us, and who goes first."""
    def begin(self, step: int, phase: int) -> int:
        """Wait until it is our turn to do a phase."""
    def after(self, step: int, phase: int) -> int:
        """A phase is behind us; wait until nobody will touch our Vars in it any more."""

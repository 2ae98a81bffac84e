"""Bursts: how an actor does many steps in a row without going back to its main loop.

Between two steps an actor has little to do: look whether there is mail, whether the clock allows
one more, note that a step has begun and ended. In Python that takes longer than a hundred neurons
do, so a burst does it natively, and calls only ``run_spk`` (`Burst`). Where a model declares a
native step (`StepBurst`; its function is given a pack, see ``step.h``) or is one of the library's
connections (`DenseBurst`, `SparseBurst`), a burst does the step natively as well: it takes messages
where they lie in the ring, calls, and puts the next message into its slot. Such a step costs a
fraction of a microsecond besides its arithmetic.

A burst is a faster way to do the same, never another way: same arithmetic in the same order, same
messages, same waits, and whenever it meets something it does not know (a Var that was set to an
unusual type, a message that needs to be merged) the model's own Python does that step. At the end
of a burst, hence whenever anybody can look, the model's attributes are what they would be.

Bursts of several actors can share a thread, in which none waits: a `Team` (``_team.pxi``). Actors
that reach into each other's Vars take `Turns` (``_turns.pyx``).
"""

from __future__ import annotations

from lava_actor import built

built.require("lava_actor.kernels.steps._steps")
built.require("lava_actor.kernels.steps._turns")

from lava_actor.kernels.steps._steps import (  # noqa: E402  (after the check)
    ASK_PAUSE,
    ASK_STOP,
    ASKED,
    ATTEND,
    CONCLUDE,
    DECIDE,
    DONE,
    END_RUN,
    FAILED,
    MOVE,
    Burst,
    ConvBurst,
    DelaySparseBurst,
    DenseBurst,
    InTimeBurst,
    LearningBurst,
    PartBurst,
    RecordBurst,
    Seat,
    SparseBurst,
    StepBurst,
    Tap,
    TapReader,
    Team,
    catalogue,
    settle_class,
    take_request,
)
from lava_actor.kernels.steps._turns import Served, Turns, ask  # noqa: E402  (after the check)

__all__ = [
    "ASKED", "ASK_PAUSE", "ASK_STOP", "ATTEND", "Burst", "CONCLUDE", "ConvBurst", "DECIDE", "DONE",
    "DelaySparseBurst", "DenseBurst", "END_RUN", "FAILED", "InTimeBurst", "LearningBurst", "MOVE",
    "PartBurst", "RecordBurst", "Seat", "Served", "SparseBurst", "StepBurst", "Tap", "TapReader",
    "Team", "Turns", "ask", "catalogue", "settle_class", "take_request",
]  # fmt: skip

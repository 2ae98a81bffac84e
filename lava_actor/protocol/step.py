"""What a step is: its phases, who asks for them, and in which order they come.

Every step begins with spiking. What follows is asked for, phase by phase: a model that has passed a
phase says which one it `wishes` for next, and the earliest phase that somebody wishes for comes
(`earliest`); a later wish stands. In a phase that comes each model of the domains that wished for
it takes part, if its own guard says so (`take_part`). So every phase comes at most once in a step.
A model that has asked for a pause or a stop wishes for nothing more in that step, but takes part in
what others wish for.

Whoever drives a model says what "somebody" is: nobody else (a model that runs ahead or stands
alone), or all models at a barrier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Phases in their order; the host phase ends a run, free-running models know one only.
SPK, PRE_MGMT, LRN, POST_MGMT, HOST, ASYNC = 1, 2, 3, 4, 5, 6
#: No phase: a model does what it does at a pause or at the end (`_pause`, `_stop`).
CLEAN_UP = 7
#: In place of a phase: the step is over.
END = 0

#: {phase: (guard, method)} of a model.
METHODS = {
    PRE_MGMT: ("pre_guard", "run_pre_mgmt"),
    LRN: ("lrn_guard", "run_lrn"),
    POST_MGMT: ("post_guard", "run_post_mgmt"),
    HOST: ("host_guard", "run_host_mgmt"),
}


class AnyGuard:
    """In place of a `PhaseTable`: every guard may be overridden, so all are asked."""

    pre_guard = lrn_guard = post_guard = host_guard = True


def wish(model: Any, table: Any, passed: int) -> int:
    """The phase a model asks for once ``passed`` is behind it, or `END`.

    ``table`` tells which guards the model overrides; the others are not called.
    """
    if passed == SPK and table.lrn_guard and model.lrn_guard():
        return PRE_MGMT if table.pre_guard and model.pre_guard() else LRN
    if passed == PRE_MGMT:
        return LRN
    if passed != POST_MGMT and table.post_guard and model.post_guard():
        return POST_MGMT
    return END


def earliest(wishes: int) -> int:
    """The phase that comes, from the union of ``1 << wish`` of all."""
    wishes &= ~1
    return (wishes & -wishes).bit_length() - 1 if wishes else END


def take_part(model: Any, table: Any, phase: int, begin: Callable[[int], object]) -> None:
    """Run the method of a phase that has come, if the guard says so; ``begin(phase)`` before."""
    if phase == LRN:  # METHODS spelled out for the one that comes most often
        if table.lrn_guard and model.lrn_guard():
            begin(phase)
            model.run_lrn()
        return
    guard, method = METHODS[phase]
    if getattr(table, guard) and getattr(model, guard)():
        begin(phase)
        getattr(model, method)()

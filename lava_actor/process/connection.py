"""LearningConnectionProcess: ports and Vars of a plastic connection."""

from __future__ import annotations

from typing import Any

from lava_actor.process.ports.ports import InPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

_CONSTANTS = tuple(
    f"{trace}_{what}" for trace in ("x1", "x2", "y1", "y2", "y3") for what in ("tau", "impulse")
)


class LearningConnectionProcess(AbstractProcess):
    """Base of connections that learn; for cooperative inheritance.

    Parameters
    ----------
    shape : (post, pre)
    learning_rule : LoihiLearningRule or None
        None gives empty rules and zero constants.
    tag_1, tag_2 : array_like, optional
        Initial values of the tag and the delay variable.
    """

    def __init__(
        self, shape: tuple[int, ...] = (1, 1), learning_rule: Any = None, **kwargs: Any
    ) -> None:
        kwargs["learning_rule"] = learning_rule
        kwargs["shape"] = shape
        tag_1, tag_2 = kwargs.get("tag_1", 0), kwargs.get("tag_2", 0)
        self._learning_rule = learning_rule
        post, pre = (shape[0],), (shape[-1],)

        self.s_in_bap = InPort(shape=post)
        self.s_in_y1 = InPort(shape=post)
        self.s_in_y2 = InPort(shape=post)
        self.s_in_y3 = InPort(shape=post)
        for name in ("x0", "tx", "x1", "x2"):
            setattr(self, name, Var(shape=pre, init=0))
        for name in ("y0", "ty", "y1", "y2", "y3"):
            setattr(self, name, Var(shape=post, init=0))
        self.tag_1 = Var(shape=shape, init=tag_1)
        self.tag_2 = Var(shape=shape, init=tag_2)
        for name in ("dw", "dd", "dt"):
            setattr(self, name, Var(shape=(256,), init=getattr(learning_rule, f"{name}_str", None)))
        for name in _CONSTANTS:
            setattr(self, name, Var(shape=(1,), init=getattr(learning_rule, name, 0)))
        super().__init__(**kwargs)

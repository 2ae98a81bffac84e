"""LearningConnectionProcess: the ports and Vars of a plastic connection."""

from __future__ import annotations

import copy

from lava_actor.process.ports.ports import InPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

TRACES = ("x1", "x2", "y1", "y2", "y3")


class LearningConnectionProcess(AbstractProcess):
    """Base of connections that learn.

    For cooperative inheritance, in this order: ``class X(LearningConnectionProcess,
    SomeConnection)``. All parameters are handed on and end up in ``proc_params``.

    Parameters
    ----------
    shape : (post, pre)
        Numbers of neurons after and before the connection.
    learning_rule : LoihiLearningRule or None
        None gives ports and Vars with empty rules and constants of zero.
    tag_1, tag_2 : number or array_like of ``shape``, optional
        Initial values of the tag and of the delay variable; default 0.
    **kwargs
        Go on to the next class.

    Attributes
    ----------
    s_in_bap, s_in_y1, s_in_y2, s_in_y3 : InPort, shape (post,)
        Back-propagating action potentials, and traces of the neurons after the connection.
    x0, tx, x1, x2 : Var, shape (pre,)
        Whether the neurons before spiked in this step, when in the learning epoch, and traces.
    y0, ty, y1, y2, y3 : Var, shape (post,)
        The same of the neurons after.
    tag_1, tag_2 : Var, shape (post, pre)
        Tag and delay.
    dw, dd, dt : Var, shape (256,)
        The rules as strings.
    x1_tau, x1_impulse, …, y3_tau, y3_impulse : Var, shape (1,)
        Time constants and impulses of the traces.
    """

    def __init__(
        self, shape: tuple[int, ...] = (1, 1), learning_rule: object = None, **kwargs: object
    ) -> None:
        post, pre = (shape[0],), (shape[-1],)
        self._learning_rule = learning_rule

        for source in ("bap", "y1", "y2", "y3"):
            setattr(self, f"s_in_{source}", InPort(shape=post))
        for name in ("x0", "tx", "x1", "x2", "y0", "ty", "y1", "y2", "y3"):
            setattr(self, name, Var(shape=pre if "x" in name else post, init=0))
        for tag in ("tag_1", "tag_2"):
            setattr(self, tag, Var(shape=shape, init=kwargs.get(tag, 0)))
        for target in ("dw", "dd", "dt"):
            rule = "" if learning_rule is None else getattr(learning_rule, f"{target}_str")
            setattr(self, target, Var(shape=(256,), init=rule))
        for constant in (f"{trace}_{what}" for trace in TRACES for what in ("tau", "impulse")):
            value = 0 if learning_rule is None else getattr(learning_rule, constant)
            setattr(self, constant, Var(shape=(1,), init=value))

        super().__init__(shape=shape, learning_rule=learning_rule, **kwargs)
        if learning_rule is not None:  # it may be changed until the network starts, and so may they
            self.proc_params["rule_in_vars"] = copy.copy(learning_rule)

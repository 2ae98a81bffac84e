"""Overwriting a Var on a schedule."""

from __future__ import annotations

import numpy as np

from lava_actor.model.ports import PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.proc._arithmetic import require_integral
from lava_actor.proc._model import LavaPyType, cpu_model
from lava_actor.proc._remote import Remote
from lava_actor.proc.io._scheduled import OnSchedule, Scheduled
from lava_actor.process import RefPort, Var
from lava_actor.process.parameters import ProcessParameters
from lava_actor.protocol.counts import whole_number


class Reset(Scheduled, Remote):
    """Overwrites a Var with one value, in every `interval`-th step.

    It writes in the post-management phase of the steps t with
    ``(t - 1) mod interval == offset mod interval``; the new value holds after that step.

    Parameters
    ----------
    reset_value
        What every element of the Var becomes. The fixed model takes integers only.
    interval
        Steps between writes, at least 1.
    offset
        Which step of the interval.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if `interval` is below 1.
    """

    _la_already = "this Reset already overwrites"

    def __init__(
        self, *, reset_value: float = 0, interval: int = 1, offset: int = 0, **kwargs: object
    ) -> None:
        interval = whole_number("Reset.interval", interval, 1)
        super().__init__(reset_value=reset_value, interval=interval, offset=offset, **kwargs)
        self.reset_value = Var(shape=(1,), init=reset_value)
        self._la_schedule(interval, offset)
        self.state = RefPort(shape=(1,))


class AbstractPyReset(OnSchedule):
    """Writes on the schedule; subclasses declare the number type."""

    state: PyRefPortVectorDense
    reset_value: np.ndarray

    def run_post_mgmt(self) -> None:
        """Overwrite the Var."""
        self.state.write(np.full(self.state.shape, self.reset_value[0]))


AbstractPyResetModel = AbstractPyReset
"""The same under our own name."""


@cpu_model(Reset, "fixed_pt")
class PyResetFixed(AbstractPyReset):
    """Fixed-point model of `Reset`."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, int)
    reset_value: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        require_integral("Reset", "reset_value", proc_params["reset_value"], np.int32)


@cpu_model(Reset, "floating_pt")
class PyResetFloat(AbstractPyReset):
    """Floating-point model of `Reset`."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, float)
    reset_value: np.ndarray = LavaPyType(np.ndarray, float)

"""Leaky integrate-and-fire neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.errors import InvalidValueError
from lava_actor.proc._siblings import of_sibling
from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given
from lava_actor.protocol.counts import whole_number

if TYPE_CHECKING:
    from lava_actor.proc.lif.learning_process import LearningLIF

__all__ = ["AbstractLIF", "LIF", "LIFReset", "LIFRefractory", "TernaryLIF", "LearningLIF"]


__getattr__ = of_sibling(__name__, "LearningLIF")


class AbstractLIF(AbstractProcess):
    """What all LIF neurons have: current u, voltage v, their decays, a bias, one input, one output.

    Parameters
    ----------
    shape : tuple of int, or int
        Shape of the population: of `u`, `v`, `bias_mant`, `bias_exp`, of the InPort `a_in` and of
        the OutPort `s_out`.
    u, v : float or array_like
        Initial current and voltage.
    du, dv : float or array_like
        Decay of current and voltage per step: a fraction in the floating-point models, in units of
        1/4096 in the fixed-point models. One for all neurons, or one for each.
    bias_mant, bias_exp : float or array_like
        The bias added to the voltage is ``bias_mant * 2**bias_exp`` in fixed point and
        ``bias_mant`` alone in floating point.
    **kwargs
        Further parameters for models; they find them in ``proc_params``.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        u: ArrayLike = 0,
        v: ArrayLike = 0,
        du: ArrayLike = 0,
        dv: ArrayLike = 0,
        bias_mant: ArrayLike = 0,
        bias_exp: ArrayLike = 0,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.u = Var(shape=shape, init=u)
        self.v = Var(shape=shape, init=v)
        self.du = Var(shape=_one_or_each(du, shape), init=du)
        self.dv = Var(shape=_one_or_each(dv, shape), init=dv)
        self.bias_mant = Var(shape=shape, init=bias_mant)
        self.bias_exp = Var(shape=shape, init=bias_exp)


class LIF(AbstractLIF):
    """Leaky integrate-and-fire neurons.

    In each step::

        u = u*(1 - du) + a_in
        v = v*(1 - dv) + u + bias
        s_out = 1 and v = 0 where v > vth, s_out = 0 elsewhere

    The fixed-point model computes the same in the integers and with the roundings of Loihi, see
    `AbstractPyLifModelFixed`.

    Parameters
    ----------
    vth : float or array_like
        Threshold; a neuron spikes if it is exceeded strictly. One for all neurons, or one for each.
        Fixed point: in units of 2**6.

    Examples
    --------
    >>> LIF(shape=(100,), du=0.1, dv=0.05, vth=1.0, bias_mant=0.2)
    """

    def __init__(
        self,
        *,
        vth: ArrayLike = 10,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.vth = Var(shape=_one_or_each(vth, self.v.shape), init=vth)


class LIFReset(LIF):
    """LIF neurons whose u and v are set to zero at regular intervals.

    That happens before the update of every step t with
    ``t % reset_interval == reset_offset % reset_interval``.

    Parameters
    ----------
    reset_interval : int
        Steps between two resets, at least 1.
    reset_offset : int
        Which of these steps it is, at least 0.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if interval or offset is out of range.
    """

    def __init__(
        self,
        *,
        reset_interval: int = 1,
        reset_offset: int = 0,
        **inherited: object,
    ) -> None:
        named = _named(self, inherited)
        reset_interval = whole_number(f"{named}.reset_interval", reset_interval, 1)
        reset_offset = whole_number(f"{named}.reset_offset", reset_offset, 0)
        super().__init__(**given(locals()))


class LIFRefractory(LIF):
    """LIF neurons whose voltage rests for some steps after a spike.

    u is updated in every step. v is updated only in steps after ``refractory_period_end``, which a
    spike in step t sets to ``t + refractory_period``.

    Parameters
    ----------
    refractory_period : int
        For how many steps v rests, at least 1.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the period is shorter.
    """

    def __init__(
        self,
        *,
        refractory_period: int = 1,
        **inherited: object,
    ) -> None:
        refractory_period = whole_number(
            f"{_named(self, inherited)}.refractory_period", refractory_period, 1
        )
        super().__init__(**given(locals()))
        self.refractory_period_end = Var(shape=self.v.shape, init=0)


class TernaryLIF(AbstractLIF):
    """LIF neurons that also fire downwards.

    u and v as in `LIF`; ``s_out = 1`` where ``v > vth_hi``, -1 where ``v < vth_lo``, and v = 0 in
    both cases.

    Parameters
    ----------
    vth_hi, vth_lo : float or array_like
        Upper and lower threshold. Fixed point: in units of 2**6.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the lower threshold is above the upper one.
    """

    def __init__(
        self,
        *,
        vth_hi: ArrayLike = 10,
        vth_lo: ArrayLike = -10,
        **inherited: object,
    ) -> None:
        if np.any(np.asarray(vth_lo) > np.asarray(vth_hi)):
            raise InvalidValueError(
                f"{_named(self, inherited)}: expected vth_lo <= vth_hi, got vth_lo={vth_lo!r} "
                f"and vth_hi={vth_hi!r}"
            )
        super().__init__(**given(locals()))
        self.vth_hi = Var(shape=_one_or_each(vth_hi, self.v.shape), init=vth_hi)
        self.vth_lo = Var(shape=_one_or_each(vth_lo, self.v.shape), init=vth_lo)


def _one_or_each(value: ArrayLike, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a parameter: it is one number for all neurons, or has one for each."""
    return (1,) if np.size(value) == 1 else shape


def _named(process: AbstractProcess, parameters: dict[str, object]) -> object:
    """How to call a Process in a message before it has been constructed."""
    return parameters.get("name") or type(process).__name__

"""Sigma, Delta and SigmaDelta neurons: they exchange changes of activity instead of activity."""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.proc._shaped import Shaped
from lava_actor.process import InPort, OutPort, Var
from lava_actor.process.inherited import given
from lava_actor.process.values import plain_number


@unique
class ActivationMode(IntEnum):
    """What a `SigmaDelta` neuron does with the sum of its inputs."""

    UNIT = 0
    """Passes it on."""
    RELU = 1
    """Passes on what is positive."""


class Sigma(Shaped):
    """Sums up what it receives: turns changes of activity back into activity.

    ::

        sigma[t] = sigma[t-1] + a_in[t]
        s_out[t] = sigma[t]

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of the Var `sigma`.

    Notes
    -----
    float: double; fixed: int32, wrapping.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.sigma = Var(shape=shape, init=0)


class AbstractDelta(Shaped):
    """What neurons that send changes have: two ports, what was sent so far, a threshold.

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of `act`, `residue`, `error` and `sigma`.
    vth
        Threshold, in units of the input. The Var `vth` holds it in state scale,
        ``vth * 2**(spike_exp + state_exp)``.
    cum_error
        Compare the accumulated change with the threshold instead of the change of one step.
    spike_exp
        Fixed point: fractional bits of the messages.
    state_exp
        Fixed point: further fractional bits of the state.
    **kwargs
        Go to ``proc_params``.
    """

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        vth: ArrayLike,
        cum_error: bool = False,
        spike_exp: int = 0,
        state_exp: int = 0,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.vth = Var(shape=(1,), init=_in_state_scale(vth, spike_exp, state_exp))
        self.sigma = Var(shape=shape, init=0)
        self.act = Var(shape=shape, init=0)
        self.residue = Var(shape=shape, init=0)
        self.error = Var(shape=shape, init=0)
        self.spike_exp = Var(shape=(1,), init=spike_exp)
        self.state_exp = Var(shape=(1,), init=state_exp)
        self.cum_error = Var(shape=(1,), init=cum_error)


class Delta(AbstractDelta):
    """Sends its input only when it has changed enough.

    With ``act`` the input of the step before and ``residue`` what was not sent so far::

        delta   = a_in - act + residue
        s_out   = delta where |delta| >= vth, else 0
        residue = delta - s_out;   act = a_in

    With `cum_error` the changes are added up in `error`, and `delta` is sent where
    ``|error| >= vth``; there `error` starts again from zero.

    The fixed model works in state scale: the input is shifted left by ``spike_exp + state_exp``,
    and what is sent is shifted back by `state_exp` (floor); the bits lost there are lost.

    The Var `sigma` is there for uniformity and not used.
    """

    def __init__(self, **inherited: object) -> None:
        super().__init__(**given(locals()))


class SigmaDelta(AbstractDelta):
    """A neuron that receives changes, applies an activation function and sends changes.

    ::

        sigma += a_in
        act_new = f(sigma + bias)              f: identity or max(0, .)
        s_out = the `Delta` stage of act_new

    In the fixed model `sigma` and `bias` are in state scale and `a_in` is added as it comes: the
    connection in front has to deliver it in that scale (its ``weight_exp``). What is sent is
    shifted back by `state_exp`.

    Parameters
    ----------
    vth, bias
        Threshold and bias in units of the activation; their Vars hold them in state scale,
        multiplied by ``2**(spike_exp + state_exp)``.
    act_mode
        The activation function.
    """

    def __init__(
        self,
        *,
        bias: ArrayLike = 0,
        act_mode: ActivationMode = ActivationMode.RELU,
        **kwargs: object,
    ) -> None:
        super().__init__(**given(locals()))
        scaled = _in_state_scale(bias, self.spike_exp.init, self.state_exp.init)
        self.bias = Var(shape=self.shape, init=scaled)


def _in_state_scale(value: ArrayLike, spike_exp: int, state_exp: int) -> object:
    exponent = int(spike_exp) + int(state_exp)
    factor: int | float = 1 << exponent if exponent >= 0 else 2.0**exponent
    if not np.ndim(value):
        return plain_number(value) * factor
    array = np.asarray(value)
    if array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64):
        array = array.astype(np.int64)
    elif array.dtype.kind == "f":
        array = array.astype(float)
    return array * factor

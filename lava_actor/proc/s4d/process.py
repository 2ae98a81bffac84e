"""Diagonal state-space models."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.proc._shaped import Shaped
from lava_actor.proc.sdn.process import ActivationMode, SigmaDelta
from lava_actor.process import InPort, OutPort, Var
from lava_actor.process.inherited import given


class S4d(Shaped):
    """A diagonal state-space model.

    After Gu et al., On the Parameterization and Initialization of Diagonal State Space Models
    (2022)::

        x     = a*x + b*a_in
        s_out = Re(2*c*x)

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of the Vars `a, b, c, s4_state`.
    a, b, c
        Diagonal of the state matrix, input and output vector, discretised; complex or real.
    s4_state
        The state x at the start.
    s4_exp, inp_exp
        Fractional bits of state and input on hardware; the CPU model does not use them.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        a: ArrayLike,
        b: ArrayLike,
        c: ArrayLike,
        s4_state: ArrayLike = 0,
        s4_exp: int = 0,
        inp_exp: int = 0,
    ) -> None:
        super().__init__(**given(locals()))
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.a = Var(shape=shape, init=a)
        self.b = Var(shape=shape, init=b)
        self.c = Var(shape=shape, init=c)
        self.s4_state = Var(shape=shape, init=s4_state)
        self.s4_exp = Var(shape=(1,), init=s4_exp)
        self.inp_exp = Var(shape=(1,), init=inp_exp)


class SigmaS4dDelta(SigmaDelta):
    """A `SigmaDelta` neuron whose activation function is a diagonal state-space model.

    ::

        sigma += a_in
        x      = a*x + b*sigma
        s_out  = the Delta stage of Re(2*c*x)

    Parameters
    ----------
    shape
        Shape of the population, of both ports and of the Vars `a, b, c, s4_state`.
    vth
        Threshold of the delta stage; the Var holds it multiplied by ``2**state_exp``.
    a, b, c
        As for `S4d`.
    state_exp
        Scale of the threshold.
    s4_exp
        Fractional bits of the state on hardware; the CPU model does not use it.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        vth: ArrayLike,
        a: ArrayLike,
        b: ArrayLike,
        c: ArrayLike,
        state_exp: int = 0,
        s4_exp: int = 0,
        **others: object,
    ) -> None:
        super().__init__(**given(locals()), act_mode=ActivationMode.UNIT)
        self.a = Var(shape=shape, init=a)
        self.b = Var(shape=shape, init=b)
        self.c = Var(shape=shape, init=c)
        self.s4_state = Var(shape=shape, init=0)
        self.s4_exp = Var(shape=(1,), init=s4_exp)


class SigmaS4dDeltaLayer(Shaped):
    """A layer of state-space models with `d_states` states per channel: a hierarchical Process.

    ``Sparse(K.T) -> SigmaS4dDelta(n * d_states) -> Sparse(K)`` with
    ``K = kron(eye(n), ones(d_states))``: each of the n inputs drives its states, whose outputs are
    added up. The two connections take one step each.

    Parameters
    ----------
    shape
        Shape of `s_in` and `a_out`, ``(n,)``.
    vth
        Threshold of the inner neurons.
    a, b, c
        Parameters of the inner neurons, ``(n * d_states,)``; see `S4d`.
    d_states
        States per channel.
    num_message_bits
        Of the two connections.
    state_exp
        Scale of the threshold; the exponent of the connections' weights in fixed point.
    s4_exp
        Fractional bits of the state on hardware; the CPU model does not use it.

    Notes
    -----
    The Vars `a, b, c, s4_state` are those of the inner neurons; `conn_weights` holds K at the
    start.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        vth: ArrayLike,
        a: ArrayLike,
        b: ArrayLike,
        c: ArrayLike,
        d_states: int = 1,
        s4_exp: int = 0,
        num_message_bits: int = 24,
        state_exp: int = 0,
        **kwargs: object,
    ) -> None:
        inner_shape = (int(np.prod(shape)) * d_states,)
        weights = np.kron(np.eye(int(np.prod(shape))), np.ones(d_states))
        super().__init__(**given(locals()), conn_weights=weights)
        self.s_in = InPort(shape=shape)
        self.a_out = OutPort(shape=shape)
        self.a = Var(shape=inner_shape, init=a)
        self.b = Var(shape=inner_shape, init=b)
        self.c = Var(shape=inner_shape, init=c)
        self.s4_state = Var(shape=inner_shape, init=0)
        self.S4_exp = Var(shape=(1,), init=s4_exp)
        self.state_exp = Var(shape=(1,), init=state_exp)
        self.conn_weights = Var(shape=weights.shape, init=weights)
        self.num_message_bits = Var(shape=(1,), init=num_message_bits)

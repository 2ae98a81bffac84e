"""Learning rules: how a synapse changes, in terms of spikes, traces and itself.

A rule belongs to the learning engine of Loihi (Davies et al. 2018): at the end of every learning
epoch, ``z ← z + dz`` for each synaptic variable z that the rule targets, with dz a sum of products.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.learning import string_symbols as names
from lava_actor.learning.product_series import ProductSeries, traces_per_dependency
from lava_actor.learning.symbolic_equation import SymbolicEquation
from lava_actor.learning.utils import one_number
from lava_actor.process.hints import briefly
from lava_actor.protocol.counts import whole_number

__all__ = ["LoihiLearningRule", "Loihi2FLearningRule", "Loihi3FLearningRule"]

SLOWEST_TAU = 65535
"""Time constant of traces that three-factor rules receive: next to no decay."""


class _Targets:
    """The strings of a rule; replaced as a whole, so a faulty string changes nothing."""

    def __init__(self, strings: dict[str, str | None]) -> None:
        self.strings = strings
        if not self.parsed:
            raise InvalidValueError(
                "learning rule: expected at least one of dw, dd and dt, all three are None"
            )
        given = {k: t for t, s in self.parsed.items() if (k := s.decimate_exponent) is not None}
        if len(given) > 1:
            found = ", ".join(f"u{k} in {target}" for k, target in given.items())
            raise InvalidValueError(
                f"learning rule: all u need the same digit in dw, dd and dt, found {found}"
            )

    @property
    def parsed(self) -> dict[str, ProductSeries]:
        return {t: _parsed(t, text) for t, text in self.strings.items() if text is not None}


@functools.lru_cache(maxsize=256)
def _parsed(target: str, text: str) -> ProductSeries:
    return ProductSeries(SymbolicEquation(target, text))


class _Text:
    """A rule as text, None if there is none. Setting it parses it."""

    def __init__(self, target: str) -> None:
        self._target = target

    def __get__(self, rule: LoihiLearningRule, owner: type) -> object:
        return self if rule is None else rule._targets.strings[self._target]

    def __set__(self, rule: LoihiLearningRule, text: str | None) -> None:
        rule.set_strings(**{**rule._targets.strings, self._target: text})


class _Parsed:
    """A rule as products, None if there is none."""

    def __init__(self, target: str) -> None:
        self._target = target

    def __get__(self, rule: LoihiLearningRule, owner: type) -> Any:
        return self if rule is None else rule._targets.parsed.get(self._target)

    def __set__(self, rule: object, value: object) -> None:
        raise AttributeError(f"{self._target} is read only: set {self._target}_str")


class _Constant:
    """A number of a rule that cannot be negative; setting it checks that."""

    def __init__(self, meaning: str) -> None:
        self.__doc__ = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, rule: object, owner: type) -> Any:
        return self if rule is None else getattr(rule, f"_{self._name}")

    def __set__(self, rule: object, value: float | np.ndarray) -> None:
        number = one_number(f"learning rule: {self._name}", value)
        if not 0 <= number < np.inf:
            finite = ", which is not finite" if number == np.inf else ""
            raise InvalidValueError(
                f"learning rule: {self._name}: expected >= 0, got {number}{finite}"
            )
        setattr(rule, f"_{self._name}", number)


class LoihiLearningRule:
    """A learning rule: up to three targets and the constants of five traces.

    Connections treat this class like `Loihi2FLearningRule`.

    Parameters
    ----------
    dw, dd, dt : str, optional
        Rules for the weight, the delay variable (``tag_2``) and the tag (``tag_1``) in the rule
        language, for example ``"x0*(-1)*2^-1*y1 + y0*2*x1"``. At least one is needed.
    x1_impulse, x2_impulse, y1_impulse, y2_impulse, y3_impulse : float
        What a spike adds to the trace, >= 0. Fixed-point traces hold 0 … 127.
    x1_tau, x2_tau, y1_tau, y2_tau, y3_tau : float
        Time constants of exponential decay in steps, >= 0; with 0 a trace lasts for the step of its
        spike.
    t_epoch : int
        Steps per learning epoch, > 0.
    rng_seed : int, optional
        Seed of the rounding of fixed-point traces. By default one is drawn from NumPy's global
        generator (`numpy.random.seed` makes it reproducible); the attribute tells which.

    Raises
    ------
    RuleError
        If a string is no rule (a `ValueError` that points at the fault).
    InvalidValueError
        If all rules are None, a constant is negative, or rules disagree on the digit of ``u``.
    """

    @briefly
    def __init__(
        self,
        dw: str | None = None,
        dd: str | None = None,
        dt: str | None = None,
        x1_impulse: float = 0.0,
        x1_tau: float = 0.0,
        x2_impulse: float = 0.0,
        x2_tau: float = 0.0,
        y1_impulse: float = 0.0,
        y1_tau: float = 0.0,
        y2_impulse: float = 0.0,
        y2_tau: float = 0.0,
        y3_impulse: float = 0.0,
        y3_tau: float = 0.0,
        t_epoch: int = 1,
        rng_seed: int | None = None,
    ) -> None:
        self.set_strings(dw, dd, dt)
        self.x1_impulse, self.x1_tau = x1_impulse, x1_tau
        self.x2_impulse, self.x2_tau = x2_impulse, x2_tau
        self.y1_impulse, self.y1_tau = y1_impulse, y1_tau
        self.y2_impulse, self.y2_tau = y2_impulse, y2_tau
        self.y3_impulse, self.y3_tau = y3_impulse, y3_tau
        self.t_epoch = t_epoch
        if rng_seed is None:
            # The global generator is the seed that users of Lava's learning rules control.
            rng_seed = int(np.random.randint(1, 2**31 - 1))  # noqa: NPY002
        self.rng_seed = rng_seed

    # The three rules

    dw_str = _Text(names.DW)
    dd_str = _Text(names.DD)
    dt_str = _Text(names.DT)

    def set_strings(self, dw: str | None, dd: str | None, dt: str | None) -> None:
        """Replace all three rules at once; if one is not valid, none is replaced.

        Parameters
        ----------
        dw, dd, dt : str or None
            None for no rule.

        Raises
        ------
        InvalidValueError
            If a string is no rule, all are None, or they disagree on the digit of ``u``.
        """
        strings = {names.DW: dw, names.DD: dd, names.DT: dt}
        self._targets = _Targets({key: _rule_string(key, text) for key, text in strings.items()})

    dw = _Parsed(names.DW)
    dd = _Parsed(names.DD)
    dt = _Parsed(names.DT)

    @property
    def active_product_series(self) -> dict[str, ProductSeries]:
        """The parsed rules that there are, by target, in the order dw, dd, dt."""
        return self._targets.parsed

    @property
    def decimate_exponent(self) -> int | None:
        """The k of all ``uk``, None if no rule has one."""
        exponents = {s.decimate_exponent for s in self._targets.parsed.values()} - {None}
        return exponents.pop() if exponents else None

    @property
    def active_traces(self) -> set[str]:
        """Names of all traces that a rule uses."""
        return set().union(*self.active_traces_per_dependency.values())

    @property
    def active_traces_per_dependency(self) -> dict[str, set[str]]:
        """Which traces are used under which condition (x0, y0, u); conditions that occur only."""
        return traces_per_dependency(self._targets.parsed.values())

    # The constants

    x1_impulse = _Constant("what a pre-synaptic spike adds to x1")
    x1_tau = _Constant("time constant of x1 in steps")
    x2_impulse = _Constant("what a pre-synaptic spike adds to x2")
    x2_tau = _Constant("time constant of x2 in steps")
    y1_impulse = _Constant("what a post-synaptic spike adds to y1")
    y1_tau = _Constant("time constant of y1 in steps")
    y2_impulse = _Constant("what a post-synaptic spike adds to y2")
    y2_tau = _Constant("time constant of y2 in steps")
    y3_impulse = _Constant("what a post-synaptic spike adds to y3")
    y3_tau = _Constant("time constant of y3 in steps")

    @property
    def t_epoch(self) -> int:
        """Steps per learning epoch."""
        return self._t_epoch

    @t_epoch.setter
    def t_epoch(self, steps: int) -> None:
        self._t_epoch = whole_number("learning rule: t_epoch", steps, least=1)

    @property
    def rng_seed(self) -> int:
        """Seed of the rounding of fixed-point traces."""
        return self._rng_seed

    @rng_seed.setter
    def rng_seed(self, seed: int) -> None:
        self._rng_seed = whole_number("learning rule: rng_seed", seed)


def _rule_string(target: str, text: object) -> str | None:
    if text is None or isinstance(text, str):
        return text
    raise InvalidTypeError(
        f"learning rule: {target}: expected a string or None, got {type(text).__name__}"
    )


class Loihi2FLearningRule(LoihiLearningRule):
    """A two-factor rule: the connection computes all traces from pre- and post-synaptic spikes.

    Parameters and errors are those of `LoihiLearningRule`.
    """


class Loihi3FLearningRule(LoihiLearningRule):
    """A three-factor rule: the post-synaptic neuron sends the traces y1, y2 and y3.

    Between the step it was received in and the time it is used, a received trace decays with a time
    constant of 65535 steps.

    Parameters
    ----------
    dw, dd, dt, x1_impulse, x1_tau, x2_impulse, x2_tau, t_epoch, rng_seed
        As in `LoihiLearningRule`.
    """

    @briefly
    def __init__(
        self,
        dw: str | None = None,
        dd: str | None = None,
        dt: str | None = None,
        x1_impulse: float = 0.0,
        x1_tau: float = 0.0,
        x2_impulse: float = 0.0,
        x2_tau: float = 0.0,
        t_epoch: int = 1,
        rng_seed: int | None = None,
    ) -> None:
        slowest: Any = {f"{trace}_tau": SLOWEST_TAU for trace in names.POST_TRACES}
        super().__init__(
            dw, dd, dt, x1_impulse, x1_tau, x2_impulse, x2_tau,
            t_epoch=t_epoch, rng_seed=rng_seed, **slowest,
        )  # fmt: skip

"""Distributions of weights and delays: plain data that draws numbers when asked."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from statistics import NormalDist

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process.values import plain_number

MOST_LEVELS = 256
"""Values that a code of one byte tells apart."""


@dataclass(frozen=True, repr=False)
class Distribution(ABC):
    """What weights or delays of synapses are drawn from."""

    def __post_init__(self) -> None:
        """Refuse parameters that are not numbers, or not numbers of this distribution."""
        for field in fields(self):
            value = plain_number(getattr(self, field.name))
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise InvalidTypeError(
                    f"{self._named(field.name)}: expected a number, got {value!r}"
                )
            if math.isnan(value) or (math.isinf(value) and field.name not in ("low", "high")):
                raise InvalidValueError(
                    f"{self._named(field.name)}: expected a finite number, got {value!r}"
                )
            object.__setattr__(self, field.name, value)
        self._check()

    def __repr__(self) -> str:
        """The call that makes this distribution, without what it need not say."""
        held = ((field, getattr(self, field.name)) for field in fields(self))
        given = (f"{field.name}={value!r}" for field, value in held if value != field.default)
        return f"{type(self).__name__}({', '.join(given)})"

    def _named(self, field: str) -> str:
        return f"{type(self).__name__}.{field}"

    def _check(self) -> None:
        low, high = self.bounds()
        if low > high:
            raise InvalidValueError(
                f"{self._named('high')}: expected at least low, {low!r}, got {high!r}"
            )
        levels = getattr(self, "levels", 0)
        if levels != int(levels) or not 0 <= levels <= MOST_LEVELS:
            raise InvalidValueError(
                f"{self._named('levels')}: expected an integer from 0 to {MOST_LEVELS}, got "
                f"{levels!r}"
            )

    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest number there may be; infinite if there is none."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many numbers as float64."""

    def draw_whole(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many integers: numbers of the distribution, rounded to the nearest one."""
        return np.rint(self.draw(rng, count)).astype(np.int64)

    def check_whole(self, where: str) -> None:  # noqa: B027  (most have integers)
        """Refuse a distribution without integers in it."""

    def values(self) -> np.ndarray | None:
        """Return the equally probable numbers there are, if they are at most 256, else None."""
        levels = int(getattr(self, "levels", 0))
        return self.quantile((np.arange(levels) + 0.5) / levels) if levels else None

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """Return the numbers that a `share` of all numbers stays below."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Constant(Distribution):
    """One number."""

    value: float

    def __repr__(self) -> str:
        """The number."""
        return repr(self.value)

    def bounds(self) -> tuple[float, float]:
        """Return the number twice."""
        return self.value, self.value

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many copies."""
        return np.full(count, float(self.value))

    def check_whole(self, where: str) -> None:
        """Refuse a fraction."""
        if self.value != int(self.value):
            raise InvalidValueError(f"{where}: expected integers, got {self.value!r}")

    def values(self) -> np.ndarray:
        """Return the number."""
        return np.array([float(self.value)])


@dataclass(frozen=True, repr=False)
class Uniform(Distribution):
    """Numbers from `low` to `high`; as delays, the integers from `low` to `high`, both included.

    Parameters
    ----------
    low, high : float
    levels : int
        Not 0: weights take so many values only, see `Normal`.
    """

    low: float
    high: float
    levels: int = 0

    def _check(self) -> None:
        super()._check()
        if not math.isfinite(self.high - self.low):
            raise InvalidValueError(f"{self._named('high')}: expected finite bounds, got {self}")

    def bounds(self) -> tuple[float, float]:
        """Return `low` and `high`."""
        return self.low, self.high

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many numbers."""
        return rng.uniform(self.low, self.high, count)

    def draw_whole(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many integers within the bounds, all equally probable."""
        return rng.integers(math.ceil(self.low), math.floor(self.high), count, endpoint=True)

    def check_whole(self, where: str) -> None:
        """Refuse bounds without an integer between them."""
        if math.ceil(self.low) > math.floor(self.high):
            raise InvalidValueError(f"{where}: expected an integer between the bounds of {self}")

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """Return the numbers that a `share` of all numbers stays below."""
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """Normally distributed numbers; those outside of `low` … `high` are clipped.

    Parameters
    ----------
    mean, sd : float
        Before clipping.
    low, high : float
        Bounds; delays need both.
    levels : int
        0: a continuum. Otherwise weights take so many values only, at most 256, all equally
        probable (the middles of as many quantiles), and a weight needs one byte instead of eight.
        With 256 the standard deviation is smaller by 0.3 %.
    """

    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf
    levels: int = 0

    def _check(self) -> None:
        super()._check()
        if self.sd < 0:
            raise InvalidValueError(f"{self._named('sd')}: expected at least 0, got {self.sd!r}")

    def bounds(self) -> tuple[float, float]:
        """Return `low` and `high`."""
        return self.low, self.high

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return so many numbers."""
        return np.clip(self._spread(rng.standard_normal(count)), self.low, self.high)

    def _spread(self, standard: np.ndarray) -> np.ndarray:
        return self.mean + self.sd * standard

    def quantile(self, share: np.ndarray) -> np.ndarray:
        """Return the numbers that a `share` of all numbers stays below."""
        below = NormalDist().inv_cdf
        standard = np.array([below(x) for x in share.tolist()])
        return np.clip(self._spread(standard), self.low, self.high)


@dataclass(frozen=True, repr=False)
class LogNormal(Normal):
    """Numbers whose logarithms are normally distributed; those outside of the bounds are clipped.

    Parameters
    ----------
    mean, sd : float
        Of the logarithms.
    low, high : float
        Bounds of the numbers; delays need `high`.
    levels : int
        See `Normal`.
    """

    low: float = 0.0

    def _spread(self, standard: np.ndarray) -> np.ndarray:
        return np.exp(super()._spread(standard))


def as_distribution(where: str, given: object) -> Distribution:
    """Return a distribution as it is, and a number as a constant.

    Raises
    ------
    InvalidTypeError
        If it is neither.
    """
    if isinstance(given, Distribution):
        return given
    array = np.asarray(given)
    if array.ndim or array.dtype.kind not in "iufb":
        raise InvalidTypeError(f"{where}: expected a number or a distribution, got {given!r}")
    return Constant(array.item())

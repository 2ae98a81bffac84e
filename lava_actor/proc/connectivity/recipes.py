"""Recipes of connectivity: who is connected with whom, by rule instead of by matrix.

A recipe is a few numbers; the synapses are drawn where they are used, in the actor of the
connection. What is drawn depends on the seed and the target alone: targets are taken in blocks of
256, and each block has random streams of its own for sources, weights and delays (the counters of
Philox start at the number of the block). So any part of the rows can be built anywhere, and is the
same part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.proc._streams import stream
from lava_actor.proc._synapses import Synapses
from lava_actor.proc.connectivity.distributions import Distribution, as_distribution

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from scipy.sparse import csr_matrix

BLOCK = 256
"""Targets that share their random streams."""

_TABLED = 16
"""Pairs per synapse up to which a table of all pairs is less work than sorting."""

_COUNTS, _SOURCES, _WEIGHTS, _DELAYS = range(4)

_Stream = Callable[[], np.random.Generator]
_Drawn = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, repr=False)
class Recipe:
    """How to draw the synapses of a connection; made by the functions beside.

    Attributes
    ----------
    rule : str
        Name of the function that made the recipe.
    shape : tuple of int
        (post, pre)
    amount : float or int
        What the rule fixes: a probability, a number per target, a number in all.
    weight : Distribution
    seed : int or None
        None: the connection's own, from the seed of the network and the name of the Process.
    replace : bool
        Whether two neurons may have several synapses.
    rows : tuple of int, optional
        The first and the end of the targets whose synapses are drawn; default: all.
    """

    rule: str
    shape: tuple[int, int]
    amount: float
    weight: Distribution
    seed: int | None
    replace: bool = False
    rows: tuple[int, int] | None = None

    @property
    def expected(self) -> float:
        """How many synapses there are on average."""
        post, pre = self.shape
        return {
            "fixed_probability": self.amount * post * pre,
            "fixed_indegree": self.amount * post,
            "fixed_total_number": self.amount,
            "one_to_one": post,
        }.get(self.rule, post * pre)

    def targets(self, first: int, end: int) -> Recipe:
        """The recipe of the synapses of some targets only: the same ones as in the whole."""
        return replace(self, rows=(first, end))

    def synapses(
        self, seed: int = 0, delay: Distribution | None = None, rows: tuple[int, int] | None = None
    ) -> Synapses:
        """Draw the synapses, those of the targets ``rows[0]`` to ``rows[1]`` only if given.

        Parameters
        ----------
        seed : int
            Used if the recipe has none.
        delay : Distribution, optional
            Of the delays, in steps.
        rows : tuple of int, optional
        """
        seed = seed if self.seed is None else self.seed
        first, end = rows or self.rows or (0, self.shape[0])
        table = self.weight.values()
        steps = np.min_scalar_type(0 if delay is None else int(delay.bounds()[1]))
        counts, sources, weights, delays = [], [], [], []
        per_row = self._per_row(seed)
        for block in range(first // BLOCK, -(-end // BLOCK)):
            start = block * BLOCK
            stop = min(start + BLOCK, self.shape[0])
            per = np.full(stop - start, self.amount) if per_row is None else per_row[start:stop]
            found, per = _RULES[self.rule](self, partial(stream, seed, _SOURCES, block), start, per)
            drawn = self._weights(partial(stream, seed, _WEIGHTS, block), table, found.size)
            late = None
            if delay is not None:
                late = delay.draw_whole(stream(seed, _DELAYS, block), found.size).astype(steps)
            if start < first or end < stop:
                ends = np.concatenate(([0], np.cumsum(per)))
                per = per[max(first - start, 0) : end - start]
                part = slice(ends[max(first - start, 0)], ends[min(end, stop) - start])
                found, drawn = found[part], drawn[part]
                late = None if late is None else late[part]
            counts.append(per)
            sources.append(found.astype(np.int32))
            weights.append(drawn)
            if late is not None:
                delays.append(late)
        pointers = np.zeros(end - first + 1, np.int64)
        np.cumsum(_joined(counts, np.int64), out=pointers[1:])
        return Synapses(
            (end - first, self.shape[1]),
            pointers,
            _joined(sources, np.int32),
            _joined(weights, np.float64 if table is None else np.uint8),
            table,
            None if delay is None else _joined(delays, steps),
        )

    def _weights(self, rng: _Stream, table: np.ndarray | None, count: int) -> np.ndarray:
        if table is None:
            return self.weight.draw(rng(), count)
        if table.size == 1:
            return np.zeros(count, np.uint8)
        return rng().integers(table.size, size=count, dtype=np.uint8)

    def _per_row(self, seed: int) -> np.ndarray | None:
        """How many synapses each target gets, where that is drawn for all targets together."""
        if self.rule != "fixed_total_number":
            return None
        post = self.shape[0]
        return stream(seed, _COUNTS).multinomial(int(self.amount), np.full(post, 1 / max(post, 1)))

    def matrix(self, seed: int = 0) -> csr_matrix:
        """Build the matrix here: for tests, pictures, and connections that take no recipe.

        Two neurons with several synapses have several stored entries; in a running connection
        with delays, these are in the order of the delays.
        """
        found = self.synapses(seed)
        return found.by_column(found.values()).tocsr()

    def some_weights(self) -> np.ndarray:
        """Return the weights there may be, or a thousand examples."""
        values = self.weight.values()
        return self.weight.draw(np.random.default_rng(0), 1000) if values is None else values

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NoReturn:
        """Refuse: a recipe is built where its synapses are used."""
        raise InvalidTypeError(
            f"{self!r} is no array: Sparse and DelaySparse build it in their actors; "
            f"matrix(seed) builds it here"
        )

    def __repr__(self) -> str:
        """The call that makes this recipe."""
        parts = [repr(self.shape)]
        if self.rule in ("fixed_probability", "fixed_indegree", "fixed_total_number"):
            parts.append(repr(self.amount))
        parts.append(f"weight={self.weight!r}")
        if self.rule == "fixed_indegree" and self.replace:
            parts.append("replace=True")
        if self.seed is not None:
            parts.append(f"seed={self.seed}")
        return f"{self.rule}({', '.join(parts)})"


def fixed_probability(
    shape: tuple[int, int], p: float, *, weight: float | Distribution = 1.0, seed: int | None = None
) -> Recipe:
    """Connect each pair with probability `p`, independently of all others.

    Parameters
    ----------
    shape : tuple of int
        (post, pre)
    p : float
        0 to 1.
    weight : float or Distribution
    seed : int, optional
        Default: from the seed of the network and the name of the connection.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if a number is out of range.
    InvalidTypeError
        (a `TypeError`) if something is no number.
    """
    rule = "fixed_probability"
    if not isinstance(p, (int, float, np.integer, np.floating)) or isinstance(p, bool):
        raise InvalidTypeError(f"{rule}: expected a probability, got {p!r}")
    if not 0 <= p <= 1:
        raise InvalidValueError(f"{rule}: expected a probability from 0 to 1, got {p!r}")
    return _recipe(rule, shape, float(p), weight, seed)


def fixed_indegree(
    shape: tuple[int, int],
    indegree: int,
    *,
    weight: float | Distribution = 1.0,
    replace: bool = False,
    seed: int | None = None,
) -> Recipe:
    """Give each target `indegree` synapses from sources drawn at random.

    Parameters
    ----------
    shape : tuple of int
        (post, pre)
    indegree : int
    weight : float or Distribution
    replace : bool
        Whether a source may be drawn several times for one target, each time for a synapse of its
        own.
    seed : int, optional
        See `fixed_probability`.

    Raises
    ------
    InvalidValueError, InvalidTypeError
        See `fixed_probability`; also if there are fewer sources than `indegree`.
    """
    rule = "fixed_indegree"
    recipe = _recipe(rule, shape, _count(rule, indegree), weight, seed, bool(replace))
    pre = recipe.shape[1]
    if indegree > pre and not (replace and pre):
        raise InvalidValueError(
            f"{rule}: expected at most {pre} synapses per target, one from each source, got "
            f"{indegree}" + ("" if replace else "; replace=True draws sources several times")
        )
    return recipe


def fixed_total_number(
    shape: tuple[int, int],
    number: int,
    *,
    weight: float | Distribution = 1.0,
    seed: int | None = None,
) -> Recipe:
    """Draw `number` synapses; source and target of each at random, pairs may come several times.

    Parameters
    ----------
    shape : tuple of int
        (post, pre)
    number : int
    weight : float or Distribution
    seed : int, optional
        See `fixed_probability`.

    Raises
    ------
    InvalidValueError, InvalidTypeError
        See `fixed_probability`.
    """
    rule = "fixed_total_number"
    recipe = _recipe(rule, shape, _count(rule, number), weight, seed, replace=True)
    if number and 0 in recipe.shape:
        raise InvalidValueError(f"{rule}: expected no synapses for shape {recipe.shape}")
    return recipe


def all_to_all(
    shape: tuple[int, int], *, weight: float | Distribution = 1.0, seed: int | None = None
) -> Recipe:
    """Connect every source with every target; see `fixed_probability`."""
    return _recipe("all_to_all", shape, 0, weight, seed)


def one_to_one(
    shape: tuple[int, int] | int, *, weight: float | Distribution = 1.0, seed: int | None = None
) -> Recipe:
    """Connect source k with target k; `shape` is square, one int will do."""
    recipe = _recipe("one_to_one", (shape, shape) if _is_int(shape) else shape, 1, weight, seed)
    if recipe.shape[0] != recipe.shape[1]:
        raise InvalidValueError(
            f"one_to_one: expected as many sources as targets, got shape {recipe.shape}"
        )
    return recipe


def _recipe(
    rule: str, shape: object, amount: float, weight: object, seed: int | None, replace: bool = False
) -> Recipe:
    sides = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    if len(sides) != 2 or not all(_is_int(side) for side in sides):
        raise InvalidTypeError(f"{rule}: expected a shape of two integers, got {shape!r}")
    if not 0 <= min(sides) <= max(sides) < 2**31:
        raise InvalidValueError(f"{rule}: expected sizes from 0 to 2**31 - 1, got {shape!r}")
    if seed is not None and not (_is_int(seed) and seed >= 0):
        raise InvalidValueError(f"{rule}: expected a non-negative integer as seed, got {seed!r}")
    weight = as_distribution(f"{rule}: weight", weight)
    seed = None if seed is None else int(seed)
    return Recipe(rule, (int(sides[0]), int(sides[1])), amount, weight, seed, replace)


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _count(rule: str, given: int) -> int:
    if not _is_int(given):
        raise InvalidTypeError(f"{rule}: expected an integer number of synapses, got {given!r}")
    if given < 0:
        raise InvalidValueError(f"{rule}: expected at least 0 synapses, got {given}")
    return int(given)


def _joined(parts: list[np.ndarray], dtype: DTypeLike) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


# -- rules: what they return are the sources of a block, and how many each target has -------------


def _at_random(recipe: Recipe, rng: _Stream, start: int, per: np.ndarray) -> _Drawn:
    pre = recipe.shape[1]
    if recipe.replace or not pre:
        return rng().integers(max(pre, 1), size=int(per.sum()), dtype=np.int32), per
    return _distinct(rng(), per.size, pre, int(recipe.amount)), per


def _distinct(rng: np.random.Generator, rows: int, pre: int, count: int) -> np.ndarray:
    """Draw `count` different sources for each row; all sets are equally probable.

    Sources are drawn until there are as many different ones; where these are most of all, those
    that are left out are drawn.
    """
    if _TABLED * count > pre:
        return _marked(rng, rows, pre, count)
    keys = np.sort(rng.integers(pre, size=(rows, count)), axis=1)
    keys = (keys + np.arange(rows)[:, None] * pre).ravel()
    while True:
        keys = keys[np.diff(keys, prepend=-1) != 0]
        missing = count - np.bincount(keys // max(pre, 1), minlength=rows)
        if not missing.any():
            return keys % max(pre, 1)
        new = np.repeat(np.arange(rows) * pre, missing) + rng.integers(pre, size=missing.sum())
        keys = np.sort(np.concatenate((keys, new)), kind="stable")  # most are in order


def _marked(rng: np.random.Generator, rows: int, pre: int, count: int) -> np.ndarray:
    """Draw the same by a table of all pairs."""
    least = min(count, pre - count)
    marked = np.zeros((rows, pre), bool)
    missing = np.full(rows, least)
    while missing.any():
        first = np.repeat(np.arange(rows) * pre, missing)
        marked.reshape(-1)[first + rng.integers(pre, size=missing.sum())] = True
        missing = least - np.count_nonzero(marked, axis=1)
    return np.nonzero(marked if least == count else ~marked)[1]


def _by_probability(recipe: Recipe, rng: _Stream, start: int, per: np.ndarray) -> _Drawn:
    """Go through all pairs, from one synapse to the next: gaps are distributed geometrically."""
    pre, p = recipe.shape[1], recipe.amount
    pairs = per.size * pre
    generator, found, last = rng(), [np.zeros(0, np.int64)], -1
    while p and last < pairs - 1:
        expected = (pairs - last) * p
        drawn = generator.standard_exponential(int(expected + 4 * np.sqrt(expected)) + 16)
        gaps = np.minimum(np.floor(drawn / -np.log1p(-p)), pairs) if p < 1 else np.zeros(drawn.size)
        places = last + np.cumsum(1 + gaps.astype(np.int64))
        found.append(places[places < pairs])
        last = int(places[-1])
    rows, sources = np.divmod(np.concatenate(found), max(pre, 1))
    return sources, np.bincount(rows, minlength=per.size)


def _everybody(recipe: Recipe, rng: _Stream, start: int, per: np.ndarray) -> _Drawn:
    pre = recipe.shape[1]
    return np.tile(np.arange(pre), per.size), np.full(per.size, pre)


def _same_number(recipe: Recipe, rng: _Stream, start: int, per: np.ndarray) -> _Drawn:
    return np.arange(start, start + per.size), np.ones(per.size, np.int64)


_RULES: dict[str, Callable[..., _Drawn]] = {
    "fixed_probability": _by_probability,
    "fixed_indegree": _at_random,
    "fixed_total_number": _at_random,
    "all_to_all": _everybody,
    "one_to_one": _same_number,
}

"""The change of synapses in native loops: a rule as a table, and when the loops can take it.

What they compute is written in NumPy in `lava_actor.learning.update` and its appliers, and equal to
the last bit. The loops take the library's own appliers, variables that share a pattern, and numbers
in the types of the engines; anything else is left to NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lava_actor.kernels._learning import Lines
from lava_actor.learning import string_symbols as names
from lava_actor.learning.arrears import Arrears
from lava_actor.learning.constants import FACTOR_TO_WIDTH_DICT
from lava_actor.learning.limits import Limits, Sign
from lava_actor.learning.patterns import Pattern
from lava_actor.learning.products import Factor, Product
from lava_actor.learning.sparse_pattern import SparsePattern
from lava_actor.learning.synapses import SynapticVariable

CONDITIONS = (names.X0, names.Y0, names.U)
VARIABLES = tuple(names.SYNAPTIC_VARIABLE_VAR_MAPPING.values())
SIGNS = {Sign.ANY: 0, Sign.POSITIVE: 1, Sign.NEGATIVE: -1}

PLACES = {
    **{name: (0, i) for i, name in enumerate((names.X1, names.X2))},
    **{name: (1, i) for i, name in enumerate((names.Y1, names.Y2, names.Y3))},
    **{name: (2, i) for i, name in enumerate(names.SYNAPTIC_VARIABLE_VAR_MAPPING)},
    names.X0: (3, 0),
    names.Y0: (4, 0),
}
"""Where the loops find what a factor names: kind and index."""


class RuleTable:
    """The products of a rule as rows of numbers.

    Parameters
    ----------
    targets : sequence of (str, sequence of Product, Limits)
        The variables that change, each with its products.
    """

    def __init__(self, targets: Sequence[tuple[str, Sequence[Product], Limits]]) -> None:
        self.targets = [name for name, _, _ in targets]
        factors = [f for _, products, _ in targets for p in products for f in p.factors]
        rows, first = [], 0
        for number, (_, products, _) in enumerate(targets):
            for p in products:
                condition = CONDITIONS.index(p.dependency)
                shift = p.right_shift
                row = (number, condition, p.s_mantissa, p.exponent, shift, first, len(p.factors))
                rows.append(row)
                first += len(p.factors)
        self.arrays = (
            _whole(rows, 7),
            _whole([_factor_row(f) for f in factors], 5),
            np.array([f.const or 0 for f in factors], np.float64),
            _whole(
                [(VARIABLES.index(n), SIGNS[to.sign], to.low, to.high) for n, _, to in targets], 4
            ),
        )

    def learn(
        self,
        variables: Mapping[str, SynapticVariable],
        histories: tuple[np.ndarray, np.ndarray],
        last_spikes: tuple[np.ndarray, np.ndarray],
        u: int,
        number: type[np.generic],
        carry: int,
        arrears: Arrears | None = None,
    ) -> bool:
        """Change all targets, in place, or leave that to `arrears`.

        Returns
        -------
        bool
            False, and nothing done, if this is for NumPy.
        """
        patterns = {id(v.pattern): v.pattern for v in variables.values()}
        types = (np.float64,) if number is np.float64 else (np.int32, np.int64)
        if (
            any(v.data.dtype not in types for v in variables.values())
            or any(history.dtype != number for history in histories)
            or len(patterns) > 1
        ):
            return False
        unsettled = sum(
            (not variables[name].settled) << bit for bit, name in enumerate(self.targets)
        )
        pre, post = map(np.ascontiguousarray, histories)
        arguments = ((pre, post), last_spikes, u, carry, unsettled)
        found = 0
        if arrears is not None:
            arrears.add(self.arrays, VARIABLES, *arguments)
        else:
            lines = _lines(next(iter(patterns.values())), variables[self.targets[0]].data)
            if lines is None:
                return False
            data = [variables[name].data if name in variables else None for name in VARIABLES]
            lines.add(self.arrays, data, *arguments)
            found = lines.catch_up()
        for bit, name in enumerate(self.targets):
            variables[name].settled = not found >> bit & 1
        return True


def _lines(pattern: Pattern, data: np.ndarray) -> Lines | None:
    """Return the lines of variables as they lie in memory."""
    if not isinstance(pattern, SparsePattern):
        by_column = data.flags.f_contiguous and not data.flags.c_contiguous
        return Lines(by_column, data.shape[by_column])
    if not pattern.is_short:
        return None
    return Lines(False, pattern.shape[0], (pattern.indptr.astype(np.int64), pattern.indices))


def _whole(rows: Sequence[object], columns: int) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, columns)


def _factor_row(factor: Factor) -> tuple[int, ...]:
    form = 0 if factor.const is None else 1 if isinstance(factor.const, int) else 2
    width = FACTOR_TO_WIDTH_DICT[factor.state_var]
    return (*PLACES[factor.state_var], width, int(factor.is_sgn), form)

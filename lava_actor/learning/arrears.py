"""Learning that waits until somebody needs the synapses it changes.

An epoch changes a few synapses of every neuron, so doing it at once costs the time to fetch nearly
all of them from memory. But the synapses of a pre-synaptic neuron, a column, are needed only when
that neuron spikes, or when somebody looks at the variable. So epochs are kept, and a column goes
through those that it has missed, in their order, when it is needed, and stays in the cache
meanwhile. No two columns share a synapse: the numbers are those of learning at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.kernels._learning import Lines
from lava_actor.learning.dense_pattern import DensePattern
from lava_actor.learning.sparse_pattern import SparsePattern
from lava_actor.learning.synapses import SynapticVariable
from lava_actor.model.types import LavaPyType

if TYPE_CHECKING:
    from lava_actor.kernels._learning import Table
    from lava_actor.learning.connection_base import PyLearningConnection


class PlasticVar(LavaPyType):
    """Declares a variable whose learning may wait until somebody reads the attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, model: PyLearningConnection | None, owner: object = None) -> Any:
        """Return the declaration (of the class), or the values of now (of a model)."""
        if model is None:
            return self
        if model._la_arrears is not None:
            model._la_arrears.settle()
        try:
            return model.__dict__[self._name]
        except KeyError:
            raise AttributeError(f"{type(model).__name__}.{self._name} has no value yet") from None

    def __set__(self, model: PyLearningConnection, value: object) -> None:
        """Replace the values."""
        model._la_drop_arrears()
        model.__dict__[self._name] = value


class Arrears:
    """What the variables of a connection have still to learn, by column.

    Parameters
    ----------
    variables : mapping from Var name to SynapticVariable
        All that the rule reads or writes, see `fit`. The values of sparse ones are kept by column
        as well, and written back by `settle`.
    """

    def __init__(self, variables: Mapping[str, SynapticVariable]) -> None:
        pattern = next(iter(variables.values())).pattern
        self.data = {name: v.data for name, v in variables.items()}
        self._order: np.ndarray | None = None
        self._learned = False
        self._variables = variables
        self.pattern: tuple[np.ndarray, np.ndarray] | None = None
        columns = next(iter(self.data.values())).shape[-1]
        if isinstance(pattern, SparsePattern):
            self._order, starts = pattern.by_column
            self.pattern, columns = (starts, pattern.rows[self._order]), pattern.shape[1]
            self.data = {name: data[self._order] for name, data in self.data.items()}
        self.lines = Lines(True, columns, self.pattern)
        self._room = sum(data.nbytes for data in self.data.values())

    @staticmethod
    def fit(variables: Mapping[str, SynapticVariable]) -> bool:
        """Whether variables can be learned by column: numbers of an engine, in one pattern."""
        kinds = {v.data.dtype.str[1:] for v in variables.values()}
        patterns = {id(v.pattern): v.pattern for v in variables.values()}.values()
        return (
            len(patterns) == 1
            and (kinds == {"f8"} or kinds <= {"i4", "i8"})
            and all(
                (isinstance(v.pattern, SparsePattern) and v.pattern.is_short)
                or (isinstance(v.pattern, DensePattern) and v.data.flags.f_contiguous)
                for v in variables.values()
            )
        )

    def columns(
        self, name: str, number: np.dtype
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return a sparse variable as where columns start, rows and values of type `number`."""
        data = self.data.get(name)
        if self.pattern is None or data is None or data.dtype != number:
            return None
        return *self.pattern, data

    def add(self, table: Table, names: tuple[str, ...], histories: Any, *rest: Any) -> None:
        """Keep an epoch; see `Lines.add`."""
        self._learned = True
        self.lines.add(table, [self.data.get(name) for name in names], histories, *rest)
        if self.lines.nbytes > self._room:
            self.lines.catch_up()

    def catch_up(self, at: np.ndarray) -> None:
        """Let some columns learn what they have missed."""
        self.lines.catch_up(at)

    def settle(self) -> None:
        """Let all columns learn what they have missed, and the variables show it."""
        self.lines.catch_up()
        if self._learned and self._order is not None:
            for name, variable in self._variables.items():
                variable.data[self._order] = self.data[name]
        self._learned = False

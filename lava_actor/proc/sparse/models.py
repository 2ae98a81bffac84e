"""Models of the sparse connections."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse
from scipy.sparse import csr_matrix

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.kernels.steps import DelaySparseBurst, SparseBurst
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.registry import HIDDEN
from lava_actor.proc._arithmetic import owner_of
from lava_actor.proc._connection import (
    BY_ROW,
    ConnectionModel,
    Delayed,
    FixedNumbers,
    FloatNumbers,
    Undelayed,
)
from lava_actor.proc._delays import delay_weights
from lava_actor.proc._model import LavaPyType, cpu_model, is_of_user
from lava_actor.proc._operators import SparseOperator
from lava_actor.proc._siblings import of_sibling
from lava_actor.proc._synapses import Synapses
from lava_actor.proc.connectivity import Distribution, Recipe
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.process import matrices
from lava_actor.process.process import AbstractProcess

if TYPE_CHECKING:

    from lava_actor.proc.sparse.learning_models import (
        PyLearningSparseModelBitApproximate,
        PyLearningSparseModelFloat,
    )

__all__ = [
    "AbstractPySparseModelFloat", "AbstractPySparseModelBitAcc", "PySparseModelFloat",
    "PySparseModelBitAcc", "PyLearningSparseModelFloat", "PyLearningSparseModelBitApproximate",
    "AbstractPyDelaySparseModel", "PyDelaySparseModelFloat", "PyDelaySparseModelBitAcc",
]  # fmt: skip


__getattr__ = of_sibling(__name__, "PyLearningSparseModelFloat PyLearningSparseModelBitApproximate")


class _InOperator(LavaPyType):
    """Declares what the operator of a sparse connection holds, once it has been made.

    Reading the attribute of a model returns what was assigned last, or makes a csr matrix, a copy;
    assigning one replaces it, and so does changing the copy's numbers in a class of a user.
    """

    _method: ClassVar[str]
    """Of the operator, which makes the matrix."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, model: _SparseWeights | None, owner: object = None) -> object:
        """Return the declaration (of the class), or the matrix (of a model)."""
        if model is None:
            return self
        held = model.__dict__
        given = held.get(self._name)
        is_drawn = isinstance(given, self.takes) and isinstance(held.get("weights"), Recipe)
        if given is not None and not is_drawn:
            return given
        operator = model._la_current_operator() if is_drawn else model._la_operator
        if operator is None:
            raise AttributeError(f"{type(model).__name__}.{self._name} has no value yet")
        if not is_of_user(model):
            return getattr(operator, self._method)()
        lent = held.setdefault("_la_lent", {})
        if self._name not in lent:
            lent[self._name] = getattr(operator, self._method)()
        return lent[self._name]

    def __set__(self, model: _SparseWeights, value: object) -> None:
        """Replace the matrix of a model."""
        model.__dict__.get("_la_lent", {}).pop(self._name, None)
        model.__dict__[self._name] = value


class WeightsVar(_InOperator):
    """Declares the `weights`, which live in the operator only.

    So millions of weights exist once, in the order in which they are used. A recipe is built when
    the operator is made.
    """

    takes = (Recipe,)
    _method = "matrix"


class DelaysVar(_InOperator):
    """Declares `delays` that the operator holds as well."""

    takes = (Distribution,)
    _method = "delays"


class LineVar(LavaPyType):
    """Declares an `a_buff` with delays, in whose place native steps may have lists of what is due.

    Who reads the attribute gets the line, and lists end.
    """

    lands = True

    def __get__(self, model: AbstractPyDelaySparseModel | None, owner: object = None) -> object:
        """Return the declaration (of the class), or the line (of a model)."""
        if model is None:
            return self
        held = model.__dict__
        if "_la_later" in held:
            held.pop("_la_later").land()
        if "a_buff" not in held:
            raise AttributeError(f"{type(model).__name__}.a_buff has no value yet")
        return held["a_buff"]

    def __set__(self, model: AbstractPyDelaySparseModel, line: object) -> None:
        """Replace the line."""
        model.__dict__.pop("_la_later", None)
        model.__dict__["a_buff"] = line


class _SparseWeights(ConnectionModel):
    """Keeps the weights in an operator."""

    weights: csr_matrix

    _la_operator: SparseOperator | None = None
    _la_given: tuple[object, object] = (None, None)
    """Weights and delays, as far as they are attributes of their own, that the operator has."""

    def on_start(self) -> None:
        """Arrange the weights; in fixed point clip and truncate them."""
        self._la_current_operator()

    def _la_current_operator(self) -> SparseOperator:
        """Return the operator of the present weights."""
        held = self.__dict__
        weights, delays = self._la_given
        operator = self._la_operator
        if operator is not None and "_la_lent" in held:
            for name, lent in held.pop("_la_lent").items():  # have its numbers been changed?
                own = operator.matrix() if name == "weights" else operator.delays()
                if not np.array_equal(lent.data, own.data):
                    held[name] = lent
        if (
            operator is None
            or held.get("weights") is not weights
            or held.get("delays") is not delays
        ):
            operator = self._la_operator = self._la_new_operator()
            if isinstance(inspect.getattr_static(type(self), "weights", None), WeightsVar):
                held.pop("weights", None)
            if operator.delay_dtype is not None and isinstance(
                inspect.getattr_static(type(self), "delays", None), DelaysVar
            ):
                held.pop("delays", None)
            self._la_given = held.get("weights"), held.get("delays")
        if type(operator) is not SparseOperator:
            raise InvalidTypeError(f"{owner_of(self)}: its operator is none")
        return operator

    def _la_new_operator(self) -> SparseOperator:
        recipe = self.__dict__.get("weights")
        if isinstance(recipe, Recipe):
            return SparseOperator.of(self._la_used_synapses(recipe), self._la_number)
        return SparseOperator(self._la_used_matrix(), self._la_number)

    def _la_used_synapses(self, recipe: Recipe, delay: Distribution | None = None) -> Synapses:
        """Draw the synapses of a recipe, with weights as they are used."""
        found = recipe.synapses(self._la_rng_seed, delay)
        if found.table is None:
            found.weights = np.ascontiguousarray(
                self._la_used_weights(found.weights), self._la_number
            )
        else:
            found.table = self._la_used_weights(found.table)
        return found

    def _la_check_restored(self) -> None:
        """Refuse an operator out of a file that does not fit the output."""
        if self._la_operator is not None and self._la_operator.reach > self.a_buff.size:
            raise InvalidValueError(f"{owner_of(self)}.weights: rows beyond the output")

    def _la_used_matrix(self) -> csr_matrix:
        """The present weights as they are used; stored zeros, given or new, stay stored."""
        matrix = self.weights.tocsr()
        if not matrix.has_canonical_format and not (
            self._la_operator is not None
            and matrices.same_places(matrix, self._la_operator.matrix())
        ):
            matrix.sum_duplicates()
        if "weights" not in self.__dict__:
            return matrix  # out of an operator, hence in use
        if not np.isfinite(matrix.data).all() and self._la_number.kind != "f":
            raise InvalidValueError(f"{owner_of(self)}.weights: expected finite numbers")
        data = self._la_used_weights(matrix.data)
        return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


class _SparseConnection(_SparseWeights, Undelayed):
    _la_burst = SparseBurst, "_la_current_operator"

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to `sums` (post,)."""
        self._la_current_operator().add(at, x, sums)


class AbstractPySparseModelFloat(FloatNumbers, _SparseConnection):
    """Sparse connections in double precision: ``a_buff = W @ s``."""

    a_buff: np.ndarray = LavaPyType(np.ndarray, float)
    weights: csr_matrix = WeightsVar(csr_matrix, float)


@cpu_model(Sparse, "floating_pt")
class PySparseModelFloat(AbstractPySparseModelFloat):
    """Floating-point model of `Sparse`."""

    cut = BY_ROW


class AbstractPySparseModelBitAcc(FixedNumbers, _SparseConnection):
    """Sparse connections in the integers of Loihi; see `AbstractPyDenseModelBitAcc`."""

    weights: csr_matrix = WeightsVar(csr_matrix, np.int32, precision=8)


@cpu_model(Sparse, "bit_accurate_loihi", "fixed_pt")
class PySparseModelBitAcc(AbstractPySparseModelBitAcc):
    """Fixed-point model of `Sparse`, bit by bit as on Loihi."""

    cut = BY_ROW


class AbstractPyDelaySparseModel(_SparseWeights, Delayed):
    """Sparse connections with delays; see `AbstractPyDelayDenseModel`.

    `delays` stay what they were given as: a csr matrix or an array. A csr matrix with the pattern
    of the weights, and what is drawn by a recipe, is kept in the operator only.
    """

    delays: csr_matrix | np.ndarray

    _la_burst = DelaySparseBurst, "_la_current_operator"

    @classmethod
    def _la_specialised(cls, process: AbstractProcess) -> type[AbstractProcessModel]:
        """Return a model that declares an array where `process` has one."""
        if not isinstance(process.vars.delays.init, np.ndarray):
            return cls
        members = {"delays": LavaPyType(np.ndarray, int), HIDDEN: True}
        made = type(cls.__name__, (cls,), {**members, "__module__": cls.__module__})
        made.__qualname__ = f"{cls.__qualname__}.of.{process.name}"
        return made

    def _la_new_operator(self) -> SparseOperator:
        depth, recipe = self.a_buff.shape[-1], self.__dict__.get("weights")
        delays: Any = self.__dict__["delays"] if isinstance(recipe, Recipe) else self.delays
        if isinstance(recipe, Recipe) != isinstance(delays, Distribution):
            raise InvalidTypeError(
                f"{owner_of(self)}.delays: expected a distribution if weights are a recipe, and "
                f"only then, got {type(delays).__name__}"
            )
        try:
            if isinstance(recipe, Recipe):
                return SparseOperator.of(
                    self._la_used_synapses(recipe, delays), self._la_number, depth
                )
            return SparseOperator(
                self._la_used_matrix(), self._la_number, scipy.sparse.csr_matrix(delays), depth
            )
        except InvalidValueError as error:
            raise InvalidValueError(f"{owner_of(self)}: {error}") from None

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to their columns of `sums`."""
        self._la_current_operator().add(at, x, sums.T)

    @staticmethod
    def get_delay_wgts_mat(weights: object, delays: object, max_delay: int) -> csr_matrix:
        """Stack the weights by delay: (post * (max_delay + 1), pre), block k has delay k."""
        return delay_weights(scipy.sparse.csr_matrix(weights), delays, max_delay)


@cpu_model(DelaySparse, "floating_pt")
class PyDelaySparseModelFloat(FloatNumbers, AbstractPyDelaySparseModel):
    """Floating-point model of `DelaySparse`."""

    cut = BY_ROW

    a_buff: np.ndarray = LineVar(np.ndarray, float)
    weights: csr_matrix = WeightsVar(csr_matrix, float)
    delays: csr_matrix = DelaysVar(csr_matrix, int)


@cpu_model(DelaySparse, "bit_accurate_loihi", "fixed_pt")
class PyDelaySparseModelBitAcc(FixedNumbers, AbstractPyDelaySparseModel):
    """Fixed-point model of `DelaySparse`; delays up to 63."""

    cut = BY_ROW

    a_buff: np.ndarray = LineVar(np.ndarray, np.int32, precision=16)
    weights: csr_matrix = WeightsVar(csr_matrix, np.int32, precision=8)
    delays: csr_matrix = DelaysVar(csr_matrix, int, precision=6)

    def on_start(self) -> None:
        """Check the delays, arrange the weights."""
        super().on_start()
        self._la_check_delays()

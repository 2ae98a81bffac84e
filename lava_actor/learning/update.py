"""The change of all synaptic variables at the end of an epoch.

`SynapseUpdate` goes through the groups of synapses (`lava_actor.learning.patterns`), lets the
appliers compute the new values of every target from the old ones, and stores them only when all
targets of a group are done: ``dt`` never sees the new weight.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from lava_actor.learning import string_symbols as names
from lava_actor.learning.arrears import Arrears
from lava_actor.learning.learning_rule_applier import (
    AbstractLearningRuleApplier,
    LearningRuleApplierBitApprox,
    LearningRuleApplierFloat,
)
from lava_actor.learning.limits import Limits, carry, from_accumulator, limits_of, to_accumulator
from lava_actor.learning.native import RuleTable
from lava_actor.learning.patterns import Patch, Spiking
from lava_actor.learning.product_series import ProductSeries, traces_per_dependency
from lava_actor.learning.synapses import SynapticVariable

TRACE_INDEX = {names.X1: 0, names.X2: 1, names.Y1: 0, names.Y2: 1, names.Y3: 2}
"""Place of a trace among those of its side."""

PIECE = 1 << 15
"""Synapses to compute at a time: intermediate results of a piece stay in the processor's cache."""


class Numbers(ABC):
    """How a synaptic variable is held while it is changed.

    Attributes
    ----------
    native : (type, int) or None
        For the native loops: the type of numbers, and what is added before they are rounded.
    """

    native: tuple[type[np.generic], int] | None = None

    @abstractmethod
    def begin(self, values: np.ndarray) -> np.ndarray:
        """Return what the applier adds to."""

    @abstractmethod
    def end(self, accumulator: np.ndarray, limits: Limits) -> np.ndarray:
        """Return the new values of the variable, limited."""

    @abstractmethod
    def settled(self, values: np.ndarray, limits: Limits) -> bool:
        """Whether `values`, a result of `end`, would stay as they are without any change."""


class FloatNumbers(Numbers):
    """Double precision: no rounding, and no limit but the sign."""

    native = np.float64, 0

    def begin(self, values: np.ndarray) -> np.ndarray:
        """Return the values themselves."""
        return values

    def end(self, accumulator: np.ndarray, limits: Limits) -> np.ndarray:
        """Limit the sign."""
        return limits.sign_limited(accumulator)

    def settled(self, values: np.ndarray, limits: Limits) -> bool:
        """Return True: a sign that was limited once stays."""
        return True


class FixedNumbers(Numbers):
    """Integers with seven more bits, rounded stochastically with one random number for all.

    Parameters
    ----------
    random_number : float
        In [0, 1).
    """

    def __init__(self, random_number: float) -> None:
        self._random_number = random_number
        self.native = np.int32, carry(random_number)

    def begin(self, values: np.ndarray) -> np.ndarray:
        """Shift the values left by seven bits."""
        return to_accumulator(values)

    def end(self, accumulator: np.ndarray, limits: Limits) -> np.ndarray:
        """Limit the sign, round, and limit the range."""
        return from_accumulator(accumulator, limits, self._random_number)

    def settled(self, values: np.ndarray, limits: Limits) -> bool:
        """Tell whether the accumulator can hold all of the values."""
        return limits.settled(values)


@dataclass(frozen=True)
class Epoch:
    """What happened in the epoch that ends.

    Attributes
    ----------
    x_history, y_history : ndarray (t_epoch + 1, traces, neurons)
        Course of the pre- and post-synaptic traces.
    tx, ty : ndarray (neurons,)
        Position of the last pre- and post-synaptic spikes, 0 for none.
    u : int
        1 if products with ``uk`` count in this epoch, else 0.
    """

    x_history: np.ndarray
    y_history: np.ndarray
    tx: np.ndarray
    ty: np.ndarray
    u: int

    def trace(self, trace: str, dependency: str, patch: Patch) -> np.ndarray:
        """Return a trace for each synapse of a patch, at the time that belongs to a condition.

        That time is the last pre-synaptic spike for x0, the last post-synaptic spike for y0 and the
        end of the epoch for u.
        """
        pre = trace in names.PRE_TRACES
        history, neurons = (self.x_history, patch.cols) if pre else (self.y_history, patch.rows)
        end = len(history) - 1
        when: int | np.ndarray
        if dependency == names.U or end == 1:  # in an epoch of one step all times are the same
            when = end
        else:
            when = self.tx[patch.cols] if dependency == names.X0 else self.ty[patch.rows]
        return history[when, TRACE_INDEX[trace], neurons]


class _Target:
    """One target of a rule, with what its applier needs."""

    def __init__(
        self, series: ProductSeries, applier: AbstractLearningRuleApplier, limits: Limits
    ) -> None:
        self.series, self.applier, self.limits = series, applier, limits
        self.conditions = {product.dependency for product in series.products}
        factors = {f.state_var for product in series.products for f in product.factors}
        self.only_spiking = applier.touches_spiking_synapses_only
        mapping = names.SYNAPTIC_VARIABLE_VAR_MAPPING
        letters = mapping if not self.only_spiking else factors & set(mapping)
        self.synaptic_factors = [mapping[letter] for letter in letters]
        self.uses = self.conditions | factors if self.only_spiking else names.DEPENDENCIES


class SynapseUpdate:
    """A learning rule, ready to change synapses.

    Parameters
    ----------
    appliers : mapping from target (dw, dd, dt) to a pair of ProductSeries and applier
        What changes, and how.
    sign_mode : Enum or None
        Sign mode of the weights.
    """

    def __init__(
        self,
        appliers: Mapping[str, tuple[ProductSeries, AbstractLearningRuleApplier]],
        sign_mode: Enum | None,
    ) -> None:
        limits = limits_of(sign_mode)
        self._targets: dict[str, _Target] = {}
        self._traces = traces_per_dependency(series for series, _ in appliers.values())
        for target, (series, applier) in appliers.items():
            variable = names.SYNAPTIC_VARIABLE_VAR_MAPPING[target[1:]]
            self._targets[variable] = _Target(series, applier, limits[variable])
        known = (LearningRuleApplierFloat, LearningRuleApplierBitApprox)
        self._table = None
        if all(type(applier) in known for _, applier in appliers.values()):
            self._table = RuleTable(
                [
                    (name, target.series.products, target.limits)
                    for name, target in self._targets.items()
                ]
            )
        used = set().union(*(target.uses for target in self._targets.values()))
        self._pre_sides = (True, False) if names.X0 in used else (None,)
        self._post_sides = (True, False) if names.Y0 in used else (None,)

    @property
    def may_wait(self) -> bool:
        """Whether what an epoch does can be done later, one column at a time."""
        return self._table is not None

    @property
    def variables(self) -> set[str]:
        """Names of the synaptic variables that are read or written."""
        read = {name for target in self._targets.values() for name in target.synaptic_factors}
        return read | set(self._targets)

    def run(
        self,
        variables: Mapping[str, SynapticVariable],
        epoch: Epoch,
        numbers: Numbers,
        arrears: Arrears | None = None,
    ) -> None:
        """Change all targets, in place.

        Parameters
        ----------
        variables : mapping from Var name to SynapticVariable
        epoch : Epoch
        numbers : Numbers
        arrears : Arrears, optional
            Of these variables, if they `may_wait`: what has to be done is left to them.
        """
        if self._table is not None and numbers.native is not None:
            histories, spikes = (epoch.x_history, epoch.y_history), (epoch.tx, epoch.ty)
            if self._table.learn(variables, histories, spikes, epoch.u, *numbers.native, arrears):
                return
        pre, post = Spiking(epoch.tx), Spiking(epoch.ty)
        settled = dict.fromkeys(self._targets, True)
        for conditions in self._groups(pre, post, epoch.u):
            concerned = self._concerned(conditions, variables)
            for patches in self._pieces(concerned, variables, pre, post, conditions):
                results = []
                for name, target in concerned.items():
                    patch = patches.get(id(variables[name].pattern))
                    if patch is None:
                        continue
                    new = self._changed(name, target, patch, variables, epoch, conditions, numbers)
                    settled[name] &= numbers.settled(new, target.limits)
                    results.append((variables[name], patch, new))
                for variable, patch, values in results:
                    variable.write(patch, values)
        for name, is_settled in settled.items():
            variables[name].settled = is_settled

    def _groups(self, pre: Spiking, post: Spiking, u: int) -> Iterator[dict[str, object]]:
        """Go through the groups of synapses that share all conditions.

        Yields
        ------
        dict
            Value of the conditions x0, y0 and u; None if no product asks for it.
        """
        for pre_spiked in self._pre_sides:
            for post_spiked in self._post_sides:
                if (pre_spiked and not pre.any) or (post_spiked and not post.any):
                    continue
                yield {names.X0: pre_spiked, names.Y0: post_spiked, names.U: u}

    def _concerned(
        self, conditions: Mapping[str, object], variables: Mapping[str, SynapticVariable]
    ) -> dict[str, _Target]:
        """Return the targets that may change under these conditions."""
        holds = {name for name, holding in conditions.items() if holding}
        return {
            name: target
            for name, target in self._targets.items()
            if not target.only_spiking or holds & target.conditions or not variables[name].settled
        }

    @staticmethod
    def _pieces(
        concerned: Mapping[str, _Target],
        variables: Mapping[str, SynapticVariable],
        pre: Spiking,
        post: Spiking,
        conditions: Mapping[str, Any],
    ) -> Iterator[dict[int, Patch]]:
        """Cut a group into pieces that are computed one after the other.

        Yields
        ------
        dict
            The same synapses as a patch of each pattern, by the id of the pattern.
        """
        used = {*concerned, *(f for target in concerned.values() for f in target.synaptic_factors)}
        patterns = {id(variables[name].pattern): variables[name].pattern for name in used}
        patches = {}
        for key, pattern in patterns.items():
            patch = pattern.patch(pre, post, conditions[names.X0], conditions[names.Y0])
            if patch is not None:
                patches[key] = patch
        if len(patterns) > 1:  # pieces of different patterns would not be the same synapses
            yield patches
            return
        for key, patch in patches.items():
            for piece in patch.pattern.pieces(patch, PIECE):
                yield {key: piece}

    def _changed(
        self,
        name: str,
        target: _Target,
        patch: Patch,
        variables: Mapping[str, SynapticVariable],
        epoch: Epoch,
        conditions: Mapping[str, object],
        numbers: Numbers,
    ) -> np.ndarray:
        arguments: dict[str, object] = {**conditions, "shape": patch.shape}
        for dependency in target.conditions:
            if conditions[dependency]:
                for trace in self._traces[dependency]:
                    key = f"{trace}_{dependency}"
                    if key not in patch.shared:
                        patch.shared[key] = epoch.trace(trace, dependency, patch)
                    arguments[key] = patch.shared[key]
        for factor in target.synaptic_factors:
            arguments[factor] = variables[factor].read(patch)
        variable = variables[name]
        begin = numbers.begin(variable.read(patch))
        return numbers.end(target.applier.apply(begin, **arguments), target.limits)

"""Model side of connections that learn.

`LearningConnectionModelFloat` and `LearningConnectionModelBitApproximate` are mixins: a concrete
model derives from one of them and from the model of a connection, in this order, and calls
`recv_traces` in its ``run_spk``::

    class MyModel(LearningConnectionModelFloat, SomeConnectionModel):
        def run_spk(self):
            self.a_out.send(self.a_buff)
            s_in = self.s_in.recv()
            self.a_buff = self.weights.dot(s_in)
            self.recv_traces(s_in)

In a step, spikes are booked as they arrive (`recv_traces`). At the end of an epoch (`run_lrn`) the
course of all traces over the epoch is computed, and every synaptic variable that the rule targets
is changed, from the old values of all of them (learning engine of Loihi, Davies et al. 2018).
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from lava_actor.learning import string_symbols as names
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import Loihi3FLearningRule, LoihiLearningRule
from lava_actor.learning.learning_rule_applier import (
    AbstractLearningRuleApplier,
    LearningRuleApplierBitApprox,
    LearningRuleApplierFloat,
)
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.random import ROUNDING_SEED, ConnVarRandom, TraceRandom
from lava_actor.learning.spikes import FixedGradedSpikes, FloatGradedSpikes, GradedSpikes, book
from lava_actor.learning.synapses import SynapticVariable
from lava_actor.learning.traces import FixedTraces, FloatTraces, Traces
from lava_actor.learning.update import Epoch, FixedNumbers, FloatNumbers, Numbers, SynapseUpdate
from lava_actor.model.ports import PyInPort
from lava_actor.model.types import LavaPyType

__all__ = [
    "AbstractLearningConnection",
    "PyLearningConnection",
    "LearningConnectionModelFloat",
    "LearningConnectionModelBitApproximate",
    "NUM_DEPENDENCIES",
    "NUM_X_TRACES",
    "NUM_Y_TRACES",
]

NUM_DEPENDENCIES = len(names.DEPENDENCIES)
NUM_X_TRACES = len(names.PRE_TRACES)
NUM_Y_TRACES = len(names.POST_TRACES)

X_TRACES = (names.X1, names.X2)
Y_TRACES = (names.Y1, names.Y2, names.Y3)
CONSTANTS = tuple(f"{trace}_{kind}" for trace in X_TRACES + Y_TRACES for kind in ("tau", "impulse"))
TARGETS = (names.DW, names.DD, names.DT)


class AbstractLearningConnection:
    """Names of what a learning connection has; concrete classes declare the types."""

    s_in_bap: Any = None
    s_in_y1: Any = None
    s_in_y2: Any = None
    s_in_y3: Any = None

    x0: Any = None
    tx: Any = None
    x1: Any = None
    x2: Any = None

    y0: Any = None
    ty: Any = None
    y1: Any = None
    y2: Any = None
    y3: Any = None

    tag_1: Any = None
    tag_2: Any = None

    dw: Any = None
    dd: Any = None
    dt: Any = None

    x1_tau: Any = None
    x1_impulse: Any = None
    x2_tau: Any = None
    x2_impulse: Any = None
    y1_tau: Any = None
    y1_impulse: Any = None
    y2_tau: Any = None
    y2_impulse: Any = None
    y3_tau: Any = None
    y3_impulse: Any = None


class PyLearningConnection(AbstractLearningConnection):
    """What both engines share: order of events, booking of spikes, change of rules.

    Parameters
    ----------
    proc_params : ProcessParameters
        ``shape`` (post, pre), ``learning_rule`` and ``graded_spike_cfg`` are needed (`KeyError`);
        ``sign_mode`` may be there. The model works on a copy of the rule.
    """

    # What the ProcessModel that this class is mixed into brings along.
    weights: Any
    time_step: int
    log: Any

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)  # type: ignore[call-arg]  # the model next in line
        self._learning_rule: LoihiLearningRule = copy.copy(proc_params["learning_rule"])
        self._shape: tuple[int, ...] = proc_params["shape"]
        self._graded_spike_cfg = GradedSpikeCfg(proc_params["graded_spike_cfg"])
        self.sign_mode = proc_params.get("sign_mode")
        self._rounding_seed = proc_params.get("rounding_seed", ROUNDING_SEED)
        self._synapses: dict[str, SynapticVariable] = {}
        self._init_randoms()
        self._build_from_rule()

    # What the engines decide

    @abstractmethod
    def _create_learning_rule_applier(
        self, product_series: ProductSeries
    ) -> AbstractLearningRuleApplier:
        """Return the applier for one parsed rule; override to change the arithmetic of rules."""

    @abstractmethod
    def _init_randoms(self) -> None:
        """Make the generators of random numbers."""

    @abstractmethod
    def _make_traces(self, impulses: Sequence[float], taus: Sequence[float]) -> Traces:
        """Return the arithmetic of several traces."""

    @abstractmethod
    def _make_graded_spikes(self) -> GradedSpikes:
        """Return what payloads do to x1."""

    @abstractmethod
    def _numbers(self) -> Numbers:
        """Return how synaptic variables are held in this learning phase."""

    def _advance_trace_randoms(self) -> None:
        """Take new random numbers for the traces; twice per step."""

    def _advance_rounding(self) -> None:
        """Take a new random number for the synaptic variables; once per learning phase."""

    def _random_decay(self, side: str) -> float:
        """Return the current random number for decay of the traces of side ``x`` or ``y``."""
        return 0.0

    def _random_impulse(self, side: str) -> int:
        """Return the current random number for impulses of the traces of side ``x`` or ``y``."""
        return 0

    def _build_from_rule(self) -> None:
        """Make everything that follows from the rule."""
        rule = self._learning_rule
        self._receives_y_traces = isinstance(rule, Loihi3FLearningRule)
        self._x_traces = self._traces_of(X_TRACES)
        self._y_traces = self._traces_of(Y_TRACES)
        self._x2_alone = self._traces_of(X_TRACES[1:])
        regular = self._graded_spike_cfg is GradedSpikeCfg.USE_REGULAR_IMPULSE
        self._graded_spikes = None if regular else self._make_graded_spikes()
        self._update = SynapseUpdate(
            {
                target: (series, self._create_learning_rule_applier(series))
                for target, series in rule.active_product_series.items()
            },
            self.sign_mode,
        )

    def _traces_of(self, traces: Sequence[str]) -> Traces:
        rule = self._learning_rule
        return self._make_traces(
            [getattr(rule, f"{trace}_impulse") for trace in traces],
            [getattr(rule, f"{trace}_tau") for trace in traces],
        )

    # The spiking phase

    def _within_epoch_time_step(self) -> int:
        """Return the position of the present step in its epoch, 1 … t_epoch."""
        return (self.time_step - 1) % self._learning_rule.t_epoch + 1

    def recv_traces(self, s_in: np.ndarray) -> None:
        """Book pre-synaptic spikes, then receive and book post-synaptic spikes and traces.

        Call it once per ``run_spk``, after `s_in` has been received.

        Parameters
        ----------
        s_in : ndarray (pre,)
            What came in: 0 for no spike; the payload matters with graded spikes only.
        """
        self._process_pre_spikes(s_in)
        self._advance_trace_randoms()
        s_in_bap = self.s_in_bap.recv().astype(bool)
        received = None
        if self._receives_y_traces:
            received = self.s_in_y1.recv(), self.s_in_y2.recv(), self.s_in_y3.recv()
        self._process_post_spikes(s_in_bap)
        if received is not None:
            for trace, values in zip(Y_TRACES, received, strict=True):
                self._store(trace, values)
        self._advance_trace_randoms()

    def _process_pre_spikes(self, s_in: np.ndarray) -> None:
        """Book pre-synaptic spikes: positions, and impulses of neurons that spike again."""
        spiking = np.flatnonzero(s_in)
        if not spiking.size:
            return
        if self._graded_spikes is None:
            again = self._book("tx", spiking)
            if again.size:
                self._add_impulses(X_TRACES, again, self._x_traces, 0)
            return
        changed, counted = self._graded_spikes.apply(self.x1[spiking], s_in.reshape(-1)[spiking])
        self._write("x1", spiking, changed)
        again = self._book("tx", spiking if counted is None else spiking[counted])
        if again.size:
            self._add_impulses(X_TRACES[1:], again, self._x2_alone, 0)

    def _process_post_spikes(self, s_in_bap: np.ndarray) -> None:
        """Book post-synaptic spikes: positions, and impulses of neurons that spike again."""
        spiking = np.flatnonzero(s_in_bap)
        if not spiking.size:
            return
        again = self._book("ty", spiking)
        if again.size:
            self._add_impulses(Y_TRACES, again, self._y_traces, self._random_impulse("y"))
        self._write("y0", spiking, True)

    def _book(self, last_spikes: str, spiking: np.ndarray) -> np.ndarray:
        return book(self._writeable(last_spikes), spiking, self._within_epoch_time_step())

    def _add_impulses(
        self, traces: Sequence[str], neurons: np.ndarray, arithmetic: Traces, random: int
    ) -> None:
        old = np.stack([getattr(self, trace)[neurons] for trace in traces])
        for trace, values in zip(traces, arithmetic.add(old, random), strict=True):
            self._write(trace, neurons, values)

    # The learning phase

    def lrn_guard(self) -> bool:
        """Learn in the last step of an epoch."""
        return self.time_step % self._learning_rule.t_epoch == 0

    def run_lrn(self) -> None:
        """Close the epoch: traces, then synaptic variables, then a new epoch."""
        self._advance_rounding()
        self._store("x0", self.tx > 0)
        self._store("y0", self.ty > 0)
        x_history, y_history = self._compute_trace_histories()
        self._store_traces(X_TRACES, x_history[-1])
        if not self._receives_y_traces:
            self._store_traces(Y_TRACES, y_history[-1])
        self._apply_learning_rules(x_history, y_history)
        for name in ("tx", "ty", "x0", "y0"):
            self._store(name, 0)

    def _compute_trace_histories(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the course of the traces over the epoch.

        Returns
        -------
        x_history : ndarray (t_epoch + 1, 2, pre)
        y_history : ndarray (t_epoch + 1, 3, post)
        """
        t_epoch = self._learning_rule.t_epoch
        return (
            self._x_traces.history(
                np.stack([self.x1, self.x2]),
                self.tx,
                t_epoch,
                self._random_decay("x"),
                self._random_impulse("x"),
            ),
            self._y_traces.history(
                np.stack([self.y1, self.y2, self.y3]),
                self.ty,
                t_epoch,
                self._random_decay("y"),
                self._random_impulse("y"),
            ),
        )

    def _apply_learning_rules(self, x_history: np.ndarray, y_history: np.ndarray) -> None:
        """Change the synaptic variables, in place, given the course of the traces."""
        epoch = Epoch(x_history, y_history, self.tx, self.ty, self._decimation())
        self._update.run(self._synaptic_variables(), epoch, self._numbers())

    def _decimation(self) -> int:
        """Return the value of ``uk``: 1 in every 2^k-th epoch, else 0."""
        exponent = self._learning_rule.decimate_exponent
        if exponent is None:
            return 0
        return int(self.time_step // self._learning_rule.t_epoch % (1 << exponent) == 0)

    def _synaptic_variables(self) -> dict[str, SynapticVariable]:
        """Return the variables of the rule, wrapped anew where somebody has replaced one."""
        for name in self._update.variables:
            known = self._synapses.get(name)
            if known is None or not known.is_of(getattr(self, name)):
                others = tuple(v for key, v in self._synapses.items() if key != name)
                self._synapses[name] = SynapticVariable(self._writeable(name), like=others)
        return self._synapses

    # State that others may have replaced by arrays of their own

    def _writeable(self, name: str) -> Any:
        value = getattr(self, name)
        data = value if isinstance(value, np.ndarray) else value.data
        if not data.flags.writeable:
            value = value.copy()
            setattr(self, name, value)
        return value

    def _write(self, name: str, neurons: np.ndarray, values: Any) -> None:
        self._writeable(name)[neurons] = values

    def _store(self, name: str, values: Any) -> None:
        self._writeable(name)[...] = values

    def _store_traces(self, traces: Sequence[str], values: np.ndarray) -> None:
        for trace, value in zip(traces, values, strict=True):
            self._store(trace, value)

    # Changes from outside

    def on_var_update(self) -> None:
        """Take over constants and rules that were set from outside.

        A constant of the rule that nobody changed keeps the value the user gave it, even if the
        Var cannot hold it (a fraction in fixed point).

        Raises
        ------
        InvalidValueError
            If the new rule or constant is not valid; the old one is then put back.
        """
        for variable in self._synapses.values():
            variable.settled = False
        rule = copy.copy(self._learning_rule)
        try:
            changed = self._copy_constants(rule) | self._copy_strings(rule)
        except ValueError:
            self._put_back()
            raise
        if changed:
            self._learning_rule = rule
            self._build_from_rule()

    def _copy_constants(self, rule: LoihiLearningRule) -> bool:
        changed = False
        for name in CONSTANTS:
            held = np.asarray(getattr(self, name))
            if held.reshape(-1)[0] != self._as_held(name):
                setattr(rule, name, held)
                changed = True
        return changed

    def _as_held(self, constant: str) -> Any:
        """Return a constant of the rule the way the Var of the model holds it."""
        dtype = np.asarray(getattr(self, constant)).dtype
        return np.asarray(getattr(self._learning_rule, constant)).astype(dtype)

    def _copy_strings(self, rule: LoihiLearningRule) -> bool:
        held = {target: _text(getattr(self, target)) for target in TARGETS}
        if held == {target: getattr(rule, f"{target}_str") for target in TARGETS}:
            return False
        rule.set_strings(**held)
        return True

    def _put_back(self) -> None:
        for name in CONSTANTS:
            value = np.asarray(getattr(self, name)).copy()
            value[...] = self._as_held(name)
            setattr(self, name, value)
        for target in TARGETS:
            setattr(self, target, getattr(self._learning_rule, f"{target}_str"))


def _text(held: str | None) -> str | None:
    """Return a rule string as it was set: no padding, None if there is none."""
    return (held or "").rstrip("\0") or None


class LearningConnectionModelFloat(PyLearningConnection):
    """Learning in double precision, without any rounding."""

    s_in_bap = LavaPyType(PyInPort.VEC_DENSE, bool)
    s_in_y1 = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_y2 = LavaPyType(PyInPort.VEC_DENSE, float)
    s_in_y3 = LavaPyType(PyInPort.VEC_DENSE, float)

    x0 = LavaPyType(np.ndarray, bool)
    tx = LavaPyType(np.ndarray, int, precision=6)
    x1 = LavaPyType(np.ndarray, float)
    x2 = LavaPyType(np.ndarray, float)

    y0 = LavaPyType(np.ndarray, bool)
    ty = LavaPyType(np.ndarray, int, precision=6)
    y1 = LavaPyType(np.ndarray, float)
    y2 = LavaPyType(np.ndarray, float)
    y3 = LavaPyType(np.ndarray, float)

    tag_1 = LavaPyType(np.ndarray, float)
    tag_2 = LavaPyType(np.ndarray, float)

    dw = LavaPyType(str, str)
    dd = LavaPyType(str, str)
    dt = LavaPyType(str, str)

    x1_tau = LavaPyType(np.ndarray, float)
    x1_impulse = LavaPyType(np.ndarray, float)
    x2_tau = LavaPyType(np.ndarray, float)
    x2_impulse = LavaPyType(np.ndarray, float)
    y1_tau = LavaPyType(np.ndarray, float)
    y1_impulse = LavaPyType(np.ndarray, float)
    y2_tau = LavaPyType(np.ndarray, float)
    y2_impulse = LavaPyType(np.ndarray, float)
    y3_tau = LavaPyType(np.ndarray, float)
    y3_impulse = LavaPyType(np.ndarray, float)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        if self._graded_spike_cfg in (
            GradedSpikeCfg.ADD_WITH_SATURATION,
            GradedSpikeCfg.ADD_WITHOUT_SATURATION,
        ):
            self.log.warning(
                "graded_spike_cfg %s: traces have no upper limit in floating point, half of each "
                "payload is added to x1",
                self._graded_spike_cfg.name,
            )

    def _create_learning_rule_applier(
        self, product_series: ProductSeries
    ) -> AbstractLearningRuleApplier:
        return LearningRuleApplierFloat(product_series)

    def _init_randoms(self) -> None:
        """Make none: nothing is rounded."""

    def _make_traces(self, impulses: Sequence[float], taus: Sequence[float]) -> Traces:
        return FloatTraces(impulses, taus)

    def _make_graded_spikes(self) -> GradedSpikes:
        return FloatGradedSpikes(self._graded_spike_cfg)

    def _numbers(self) -> Numbers:
        return FloatNumbers()


class LearningConnectionModelBitApproximate(PyLearningConnection):
    """Learning in integers with the widths of the hardware, rounded stochastically.

    Results depend on the seeds alone: ``rng_seed`` of the rule for the traces, and
    ``rounding_seed`` of the connection (default 2) for the synaptic variables.
    """

    s_in_bap = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    s_in_y1 = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    s_in_y2 = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)
    s_in_y3 = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=7)

    x0 = LavaPyType(np.ndarray, bool)
    tx = LavaPyType(np.ndarray, int, precision=6)
    x1 = LavaPyType(np.ndarray, int, precision=7)
    x2 = LavaPyType(np.ndarray, int, precision=7)

    y0 = LavaPyType(np.ndarray, bool)
    ty = LavaPyType(np.ndarray, int, precision=6)
    y1 = LavaPyType(np.ndarray, int, precision=7)
    y2 = LavaPyType(np.ndarray, int, precision=7)
    y3 = LavaPyType(np.ndarray, int, precision=7)

    tag_1 = LavaPyType(np.ndarray, int, precision=8)
    tag_2 = LavaPyType(np.ndarray, int, precision=6)

    dw = LavaPyType(str, str)
    dd = LavaPyType(str, str)
    dt = LavaPyType(str, str)

    x1_tau = LavaPyType(np.ndarray, int, precision=8)
    x1_impulse = LavaPyType(np.ndarray, int, precision=8)
    x2_tau = LavaPyType(np.ndarray, int, precision=8)
    x2_impulse = LavaPyType(np.ndarray, int, precision=8)
    y1_tau = LavaPyType(np.ndarray, int, precision=8)
    y1_impulse = LavaPyType(np.ndarray, int, precision=8)
    y2_tau = LavaPyType(np.ndarray, int, precision=8)
    y2_impulse = LavaPyType(np.ndarray, int, precision=8)
    y3_tau = LavaPyType(np.ndarray, int, precision=8)
    y3_impulse = LavaPyType(np.ndarray, int, precision=8)

    def _create_learning_rule_applier(
        self, product_series: ProductSeries
    ) -> AbstractLearningRuleApplier:
        return LearningRuleApplierBitApprox(product_series)

    def _init_randoms(self) -> None:
        """Make the generators: two for each side's traces, one for the synaptic variables."""
        seed = self._learning_rule.rng_seed
        self._x_random = TraceRandom(seed, seed + 1)
        self._y_random = TraceRandom(seed + 2, seed + 3)
        self._conn_var_random = ConnVarRandom(self._rounding_seed)

    def _advance_trace_randoms(self) -> None:
        self._x_random.advance()
        self._y_random.advance()

    def _advance_rounding(self) -> None:
        self._conn_var_random.advance()

    def _random_decay(self, side: str) -> float:
        return (self._x_random if side == "x" else self._y_random).random_trace_decay

    def _random_impulse(self, side: str) -> int:
        return int((self._x_random if side == "x" else self._y_random).random_impulse_addition)

    def _make_traces(self, impulses: Sequence[float], taus: Sequence[float]) -> Traces:
        return FixedTraces(impulses, taus)

    def _make_graded_spikes(self) -> GradedSpikes:
        return FixedGradedSpikes(self._graded_spike_cfg)

    def _numbers(self) -> Numbers:
        return FixedNumbers(self._conn_var_random.random_stochastic_round)

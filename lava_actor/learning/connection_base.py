"""What both engines of a learning connection's model share.

In a step, spikes are booked as they arrive (`recv_traces`). At the end of an epoch (`run_lrn`) the
course of all traces over the epoch is computed, and every synaptic variable that the rule targets
is changed, from the old values of all of them (learning engine of Loihi, Davies et al. 2018).
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lava_actor.kernels._learning import book_spikes
from lava_actor.learning import string_symbols as names
from lava_actor.learning.arrears import Arrears
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.errors import MissingRuleError
from lava_actor.learning.learning_rule import Loihi3FLearningRule, LoihiLearningRule
from lava_actor.learning.learning_rule_applier import AbstractLearningRuleApplier
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.random import ROUNDING_SEED
from lava_actor.learning.rule_vars import CONSTANTS, TARGETS, rule_from_vars, show
from lava_actor.learning.spikes import GradedSpikes, book
from lava_actor.learning.synapses import SynapticVariable
from lava_actor.learning.traces import Traces
from lava_actor.learning.update import Epoch, Numbers, SynapseUpdate
from lava_actor.model.members import UNDECLARED

if TYPE_CHECKING:
    from logging import Logger

    from scipy.sparse import csr_matrix

    from lava_actor.process.parameters import ProcessParameters

__all__ = [
    "AbstractLearningConnection", "PyLearningConnection", "NUM_DEPENDENCIES", "NUM_X_TRACES",
    "NUM_Y_TRACES",
]  # fmt: skip

NUM_DEPENDENCIES = len(names.DEPENDENCIES)
NUM_X_TRACES = len(names.PRE_TRACES)
NUM_Y_TRACES = len(names.POST_TRACES)

X_TRACES = (names.X1, names.X2)
Y_TRACES = (names.Y1, names.Y2, names.Y3)


class AbstractLearningConnection:
    """Names of what a learning connection has; concrete classes declare the types."""

    s_in_bap = s_in_y1 = s_in_y2 = s_in_y3 = UNDECLARED
    x0 = tx = x1 = x2 = y0 = ty = y1 = y2 = y3 = tag_1 = tag_2 = UNDECLARED
    dw = dd = dt = UNDECLARED
    x1_tau = x1_impulse = x2_tau = x2_impulse = UNDECLARED
    y1_tau = y1_impulse = y2_tau = y2_impulse = y3_tau = y3_impulse = UNDECLARED


class PyLearningConnection(AbstractLearningConnection):
    """What both engines share: order of events, booking of spikes, change of rules.

    Parameters
    ----------
    proc_params : ProcessParameters
        ``shape`` (post, pre), ``learning_rule`` and ``graded_spike_cfg`` are needed (`KeyError`);
        ``sign_mode`` and ``rounding_seed`` may be there. The model works on a copy of the rule.

    Raises
    ------
    MissingRuleError
        (a `TypeError`) if ``learning_rule`` is none.
    """

    _la_may_wait: ClassVar[bool] = False
    """Whether what learning does to synapses may wait: code of such a class, and not of one derived
    from it, asks for `_la_current_arrears` or the attributes whenever it reads them."""

    _la_traces: ClassVar[type[Traces]]
    """The arithmetic of several traces."""

    _la_payloads: ClassVar[type[GradedSpikes]]
    """What payloads do to x1."""

    _la_arrears: Arrears | None = None

    _la_derived = frozenset(
        {"_la_arrears", "_la_synapses", "_la_x_traces", "_la_y_traces", "_la_x2_alone",
         "_la_graded_spikes", "_la_update", "_la_arrived"}
    )  # fmt: skip

    # What the ProcessModel that this class is mixed into brings along.
    weights: np.ndarray | csr_matrix
    time_step: int
    _la_process_name: str
    log: Logger
    _la_weights_of: Callable[[Arrears], object]
    """The weights as native steps use them: a matrix, or arrays by column; or None."""
    _la_arrange: Callable[[], None]
    """Brings the variables to the type and order in which they can wait."""

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)  # type: ignore[call-arg]  # the model next in line
        rule = proc_params["learning_rule"]
        if not isinstance(rule, LoihiLearningRule):
            raise MissingRuleError.of(type(self).__name__, rule)
        self._learning_rule: LoihiLearningRule = copy.copy(rule)
        self._la_shown_rule: LoihiLearningRule | None = proc_params.get("rule_in_vars")
        self._shape: tuple[int, ...] = proc_params["shape"]
        self._graded_spike_cfg = GradedSpikeCfg(proc_params["graded_spike_cfg"])
        self.sign_mode = proc_params.get("sign_mode")
        self._la_rounding_seed = proc_params.get("rounding_seed", ROUNDING_SEED)
        self._la_synapses: dict[str, SynapticVariable] = {}
        self._init_randoms()
        self._la_build_from_rule()

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
    def _la_numbers(self) -> Numbers:
        """Return how synaptic variables are held in this learning phase."""

    def _la_advance_trace_randoms(self, count: int = 1) -> None:
        """Take new random numbers for the traces; twice per step."""

    def _la_advance_rounding(self) -> None:
        """Take a new random number for the synaptic variables; once per learning phase."""

    def _la_random_decay(self, side: str) -> float:
        """Return the current random number for decay of the traces of side ``x`` or ``y``."""
        return 0.0

    def _la_random_impulse(self, side: str) -> int:
        """Return the current random number for impulses of the traces of side ``x`` or ``y``."""
        return 0

    def _la_build_from_rule(self) -> None:
        """Make everything that follows from the rule."""
        rule = self._learning_rule
        self._la_receives_y_traces = isinstance(rule, Loihi3FLearningRule)
        self._la_x_traces = self._la_traces_of(X_TRACES)
        self._la_y_traces = self._la_traces_of(Y_TRACES)
        self._la_x2_alone = self._la_traces_of(X_TRACES[1:])
        regular = self._graded_spike_cfg is GradedSpikeCfg.USE_REGULAR_IMPULSE
        self._la_graded_spikes = None if regular else self._la_payloads(self._graded_spike_cfg)
        self._la_update = SynapseUpdate(
            {
                target: (series, self._create_learning_rule_applier(series))
                for target, series in rule.active_product_series.items()
            },
            self.sign_mode,
        )

    def _la_traces_of(self, traces: Sequence[str]) -> Traces:
        rule = self._learning_rule
        return self._la_traces(
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
        self._la_advance_trace_randoms()
        self._la_receive_behind()
        self._la_advance_trace_randoms()

    def _la_receive_behind(self) -> None:
        """Receive and book post-synaptic spikes and traces."""
        s_in_bap = self.s_in_bap.recv().astype(bool)
        received = None
        if self._la_receives_y_traces:
            received = self.s_in_y1.recv(), self.s_in_y2.recv(), self.s_in_y3.recv()
        self._process_post_spikes(s_in_bap)
        if received is not None:
            self._la_store_traces(Y_TRACES, received)

    def _process_pre_spikes(self, s_in: np.ndarray) -> None:
        """Book pre-synaptic spikes: positions, and impulses of neurons that spike again."""
        spiking = np.flatnonzero(s_in)
        if not spiking.size:
            return
        if self._la_graded_spikes is None:
            self._la_book("tx", spiking, X_TRACES, self._la_x_traces, 0)
            return
        changed, counted = self._la_graded_spikes.apply(self.x1[spiking], s_in.reshape(-1)[spiking])
        self._la_write("x1", spiking, changed)
        counting = spiking if counted is None else spiking[counted]
        self._la_book("tx", counting, X_TRACES[1:], self._la_x2_alone, 0)

    def _process_post_spikes(self, s_in_bap: np.ndarray) -> None:
        """Book post-synaptic spikes: positions, and impulses of neurons that spike again."""
        spiking = np.flatnonzero(s_in_bap)
        if not spiking.size:
            return
        self._la_book("ty", spiking, Y_TRACES, self._la_y_traces, self._la_random_impulse("y"))
        self._la_write("y0", spiking, True)

    def _la_book(
        self,
        last_spikes: str,
        spiking: np.ndarray,
        traces: Sequence[str],
        arithmetic: Traces,
        random: int,
    ) -> None:
        """Note spikes; neurons that had spiked in this epoch already get their impulses now."""
        last, position = self._la_writeable(last_spikes), self._within_epoch_time_step()
        impulses = arithmetic.impulses_now(random)
        if impulses is not None:
            held = [self._la_writeable(trace) for trace in traces]
            if book_spikes(spiking.astype(np.int32), position, last, held, impulses):
                return
        again = book(last, spiking, position)
        if again.size:
            old = np.array([getattr(self, trace)[again] for trace in traces])
            for trace, values in zip(traces, arithmetic.add(old, random), strict=True):
                self._la_write(trace, again, values)

    def _la_jump_behind(self) -> np.ndarray | None:
        """Return the present impulses of the post-synaptic traces."""
        return self._la_y_traces.impulses_now(self._la_random_impulse("y"))

    def _la_native_state(self) -> tuple[object, ...] | None:
        """Return what native steps work on; None if they cannot.

        Returns
        -------
        tuple
            What waits, length of an epoch, weights by column, (last spikes, traces, impulses) of
            both sides, y0, whether post-synaptic impulses vary, whether payloads drive a trace.
        """
        arrears = self._la_current_arrears()
        if arrears is None or (weights := self._la_weights_of(arrears)) is None:
            return None
        jump_before, jump_behind = self._la_x_traces.impulses_now(0), self._la_jump_behind()
        if jump_before is None or jump_behind is None:
            return None
        sides = ("tx", X_TRACES, jump_before), ("ty", Y_TRACES, jump_behind)
        return (
            arrears.lines,
            self._learning_rule.t_epoch,
            weights,
            [(getattr(self, last), [getattr(self, t) for t in traces], impulses)
             for last, traces, impulses in sides],
            self.y0,
            self._la_y_traces.varies,
            self._la_graded_spikes is not None,
        )  # fmt: skip

    # The learning phase

    def lrn_guard(self) -> bool:
        """Learn in the last step of an epoch."""
        return self.time_step % self._learning_rule.t_epoch == 0

    def run_lrn(self) -> None:
        """Close the epoch: traces, then synaptic variables, then a new epoch."""
        self._la_advance_rounding()
        pre, post = bool(self.tx.any()), bool(self.ty.any())
        if pre:
            self._la_store("x0", self.tx > 0)
        if post:
            self._la_store("y0", self.ty > 0)
        x_history, y_history = self._compute_trace_histories()
        self._la_store_traces(X_TRACES, x_history[-1])
        if not self._la_receives_y_traces:
            self._la_store_traces(Y_TRACES, y_history[-1])
        self._apply_learning_rules(x_history, y_history)
        for name in ("tx", "x0") * pre + ("ty", "y0") * post:
            self._la_store(name, 0)

    def _compute_trace_histories(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the course of the traces over the epoch.

        Returns
        -------
        x_history : ndarray (t_epoch + 1, 2, pre)
        y_history : ndarray (t_epoch + 1, 3, post)
        """
        x_traces, y_traces = (self.x1, self.x2), (self.y1, self.y2, self.y3)
        return (
            self._la_history("x", self._la_x_traces, x_traces, self.tx),
            self._la_history("y", self._la_y_traces, y_traces, self.ty),
        )

    def _la_history(
        self, side: str, arithmetic: Traces, traces: tuple[np.ndarray, ...], last: np.ndarray
    ) -> np.ndarray:
        randoms = self._la_random_decay(side), self._la_random_impulse(side)
        return arithmetic.history(np.array(traces), last, self._learning_rule.t_epoch, *randoms)

    def _apply_learning_rules(self, x_history: np.ndarray, y_history: np.ndarray) -> None:
        """Change the synaptic variables, in place, given the course of the traces."""
        epoch = Epoch(x_history, y_history, self.tx, self.ty, self._la_decimation())
        arrears = self._la_current_arrears()
        self._la_update.run(self._la_synaptic_variables(), epoch, self._la_numbers(), arrears)

    def _la_current_arrears(self) -> Arrears | None:
        """Return what holds the learning that waits; None where it does not wait."""
        if (
            self._la_arrears is None
            and vars(type(self)).get("_la_may_wait")
            and self._la_update.may_wait
        ):
            self._la_arrange()
            variables = self._la_synaptic_variables()
            if "weights" not in variables:  # of whose columns activations are made
                variables["weights"] = self._la_synaptic_variable("weights")
            if Arrears.fit(variables):
                self._la_arrears = Arrears(variables)
        return self._la_arrears

    def _la_drop_arrears(self) -> None:
        """Let all synapses learn what they have missed; start anew from what they are then."""
        if self._la_arrears is not None:
            self._la_arrears.settle()
            self._la_forget_synapses()

    def _la_check_restored(self) -> None:
        """Make anew what follows from the rule and the variables."""
        self._la_forget_synapses()
        self._la_build_from_rule()

    def _la_forget_synapses(self) -> None:
        self.__dict__.pop("_la_arrears", None)
        for variable in self._la_synapses.values():  # what was settled, columns knew
            variable.settled = False

    def _la_decimation(self) -> int:
        """Return the value of ``uk``: 1 in every 2^k-th epoch, else 0."""
        exponent = self._learning_rule.decimate_exponent
        if exponent is None:
            return 0
        return int(self.time_step // self._learning_rule.t_epoch % (1 << exponent) == 0)

    def _la_synaptic_variables(self) -> dict[str, SynapticVariable]:
        """Return the variables of the rule."""
        return {name: self._la_synaptic_variable(name) for name in self._la_update.variables}

    def _la_synaptic_variable(self, name: str) -> SynapticVariable:
        """Return one variable, wrapped anew if somebody has replaced it."""
        known = self._la_synapses.get(name)
        if known is None or not known.is_of(self.__dict__.get(name)):
            others = tuple(v for key, v in self._la_synapses.items() if key != name)
            known = self._la_synapses[name] = SynapticVariable(
                self._la_writeable(name), like=others
            )
        return known

    # State that others may have replaced by arrays of their own

    def _la_writeable(self, name: str) -> np.ndarray | csr_matrix:
        value = getattr(self, name)
        data = value if isinstance(value, np.ndarray) else value.data
        if not data.flags.writeable:
            value = value.copy()
            setattr(self, name, value)
        return value

    def _la_write(self, name: str, neurons: np.ndarray, values: object) -> None:
        self._la_writeable(name)[neurons] = values

    def _la_store(self, name: str, values: object) -> None:
        self._la_writeable(name)[...] = values

    def _la_store_traces(self, traces: Sequence[str], values: Iterable[np.ndarray]) -> None:
        for trace, value in zip(traces, values, strict=True):
            self._la_store(trace, value)

    # Changes from outside

    def on_start(self) -> None:
        """Take over initial values of constants and rules that replace those of the rule."""
        super().on_start()  # type: ignore[misc]  # the model next in line
        self._la_take_rule()
        show(self, self._learning_rule)

    def _la_var_written(self, name: str) -> None:
        """Take over constants and rules that were set from outside.

        Raises
        ------
        InvalidValueError
            If the new rule or constant is not valid; the old one is then put back.
        """
        super()._la_var_written(name)  # type: ignore[misc]  # the model next in line
        if name in CONSTANTS or name in TARGETS:
            self._la_drop_arrears()
            self._la_forget_synapses()
            self._la_take_rule(name)

    def on_var_update(self) -> None:
        """Begin anew with what synapses are."""
        super().on_var_update()  # type: ignore[misc]  # the model next in line
        self._la_drop_arrears()
        self._la_forget_synapses()

    def _la_take_rule(self, written: str = "") -> None:
        shown = self._la_shown_rule
        rule = None if shown is None else rule_from_vars(self, self._learning_rule, shown, written)
        if rule is not None:
            self._learning_rule = rule
            self._la_build_from_rule()
        self._la_shown_rule = self._learning_rule

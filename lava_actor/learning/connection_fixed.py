"""The fixed-point engine of learning connections."""

from __future__ import annotations

import numpy as np

from lava_actor.learning.connection_base import PyLearningConnection
from lava_actor.learning.learning_rule_applier import (
    AbstractLearningRuleApplier,
    LearningRuleApplierBitApprox,
)
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.random import ConnVarRandom, TraceRandom
from lava_actor.learning.rule_vars import CONSTANTS
from lava_actor.learning.spikes import FixedGradedSpikes
from lava_actor.learning.traces import FixedTraces
from lava_actor.learning.update import FixedNumbers, Numbers
from lava_actor.model.members import declares
from lava_actor.model.ports import PyInPort


@declares(bool, "s_in_bap", 1, PyInPort.VEC_DENSE)
@declares(np.int32, "s_in_y1 s_in_y2 s_in_y3", 7, PyInPort.VEC_DENSE)
@declares(bool, "x0 y0", kind=np.ndarray)
@declares(int, "tx ty tag_2", 6, np.ndarray)
@declares(int, "x1 x2 y1 y2 y3", 7, np.ndarray)
@declares(int, f"tag_1 {' '.join(CONSTANTS)}", 8, np.ndarray)
@declares(str, "dw dd dt", kind=str)
class LearningConnectionModelBitApproximate(PyLearningConnection):
    """Learning in integers with the widths of the hardware, rounded stochastically.

    Results depend on the seeds alone: ``rng_seed`` of the rule for the traces, and
    ``rounding_seed`` of the connection (default 2) for the synaptic variables.
    """

    _la_traces = FixedTraces
    _la_payloads = FixedGradedSpikes

    def _create_learning_rule_applier(
        self, product_series: ProductSeries
    ) -> AbstractLearningRuleApplier:
        return LearningRuleApplierBitApprox(product_series)

    def _init_randoms(self) -> None:
        """Make the generators: two for each side's traces, one for the synaptic variables."""
        seed = self._learning_rule.rng_seed
        self._la_x_random = TraceRandom(seed, seed + 1)
        self._la_y_random = TraceRandom(seed + 2, seed + 3)
        self._la_conn_var_random = ConnVarRandom(self._la_rounding_seed)

    def _la_advance_trace_randoms(self, count: int = 1) -> None:
        """Take new random numbers for the traces."""
        self._la_x_random.advance(count)
        self._la_y_random.advance(count)

    def _la_advance_rounding(self) -> None:
        self._la_conn_var_random.advance()

    def _la_random_decay(self, side: str) -> float:
        return getattr(self, f"_la_{side}_random").random_trace_decay

    def _la_random_impulse(self, side: str) -> int:
        return int(getattr(self, f"_la_{side}_random").random_impulse_addition)

    def _la_numbers(self) -> Numbers:
        return FixedNumbers(self._la_conn_var_random.random_stochastic_round)

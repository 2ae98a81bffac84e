"""The floating-point engine of learning connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_actor.learning.connection_base import PyLearningConnection
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule_applier import (
    AbstractLearningRuleApplier,
    LearningRuleApplierFloat,
)
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.rule_vars import CONSTANTS
from lava_actor.learning.spikes import FloatGradedSpikes
from lava_actor.learning.traces import FloatTraces
from lava_actor.learning.update import FloatNumbers, Numbers
from lava_actor.model.members import declares
from lava_actor.model.ports import PyInPort

if TYPE_CHECKING:
    from lava_actor.process.parameters import ProcessParameters


@declares(bool, "s_in_bap", kind=PyInPort.VEC_DENSE)
@declares(float, "s_in_y1 s_in_y2 s_in_y3", kind=PyInPort.VEC_DENSE)
@declares(bool, "x0 y0", kind=np.ndarray)
@declares(int, "tx ty", 6, np.ndarray)
@declares(float, f"x1 x2 y1 y2 y3 tag_1 tag_2 {' '.join(CONSTANTS)}", kind=np.ndarray)
@declares(str, "dw dd dt", kind=str)
class LearningConnectionModelFloat(PyLearningConnection):
    """Learning in double precision, without any rounding."""

    _la_traces = FloatTraces
    _la_payloads = FloatGradedSpikes

    def __init__(self, proc_params: ProcessParameters) -> None:
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

    def _la_numbers(self) -> Numbers:
        return FloatNumbers()

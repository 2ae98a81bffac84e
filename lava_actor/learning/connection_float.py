"""The floating-point engine of learning connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lava_actor.learning.connection_base import PyLearningConnection
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule_applier import (
    AbstractLearningRuleApplier,
    LearningRuleApplierFloat,
)
from lava_actor.learning.product_series import ProductSeries
from lava_actor.learning.spikes import FloatGradedSpikes, GradedSpikes
from lava_actor.learning.traces import FloatTraces, Traces
from lava_actor.learning.update import FloatNumbers, Numbers
from lava_actor.model.ports import PyInPort
from lava_actor.model.types import LavaPyType


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

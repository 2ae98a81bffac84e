"""Learning connections as a user writes them: Processes and models of their own.

The activation is plain NumPy or SciPy, so that only learning is under test.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_actor.learning.connection_models import (
    LearningConnectionModelBitApproximate,
    LearningConnectionModelFloat,
)
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.harness import ModelHarness
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.process.connection import LearningConnectionProcess
from lava_actor.process.ports.ports import InPort, OutPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Plain(AbstractProcess):
    """A connection that sends what it received in the step before, through its weights."""

    def __init__(self, *, weights: Any, **kwargs: Any) -> None:
        super().__init__(weights=weights, **kwargs)
        self.s_in = InPort(shape=(weights.shape[1],))
        self.a_out = OutPort(shape=(weights.shape[0],))
        self.weights = Var(shape=weights.shape, init=weights)


class OwnDense(LearningConnectionProcess, Plain):
    """Learns."""


class OwnSparse(LearningConnectionProcess, Plain):
    """Learns, with csr matrices."""


class Learner(PyLoihiProcessModel):
    """Receives spikes and tells the learning engine."""

    s_in = LavaPyType(PyInPort.VEC_DENSE, int)

    def on_start(self) -> None:
        self.a_buff = np.zeros(self.weights.shape[0])

    def run_spk(self) -> None:
        self.a_out.send(self.a_buff)
        spikes = self.s_in.recv() != 0
        self.a_buff = self.weights @ spikes.astype(int)
        self.recv_traces(spikes)


@implements(proc=OwnDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class OwnDenseFloat(LearningConnectionModelFloat, Learner):
    a_out = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights = LavaPyType(np.ndarray, float)


@implements(proc=OwnDense, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class OwnDenseFixed(LearningConnectionModelBitApproximate, Learner):
    a_out = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    weights = LavaPyType(np.ndarray, np.int32)


@implements(proc=OwnSparse, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class OwnSparseFloat(LearningConnectionModelFloat, Learner):
    a_out = LavaPyType(PyOutPort.VEC_DENSE, float)
    weights = LavaPyType(csr_matrix, float)
    tag_1 = LavaPyType(csr_matrix, float)
    tag_2 = LavaPyType(csr_matrix, float)


@implements(proc=OwnSparse, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class OwnSparseFixed(LearningConnectionModelBitApproximate, Learner):
    a_out = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    weights = LavaPyType(csr_matrix, np.int32)
    tag_1 = LavaPyType(csr_matrix, int)
    tag_2 = LavaPyType(csr_matrix, int)


def harness(
    rule: Any,
    *,
    fixed: bool,
    weights: Any,
    sparse: bool = False,
    graded_spike_cfg: GradedSpikeCfg = GradedSpikeCfg.USE_REGULAR_IMPULSE,
    **kwargs: Any,
) -> ModelHarness:
    """Drive one connection of this module."""
    process_cls, models = {
        False: (OwnDense, (OwnDenseFloat, OwnDenseFixed)),
        True: (OwnSparse, (OwnSparseFloat, OwnSparseFixed)),
    }[sparse]
    process = process_cls(
        shape=weights.shape,
        weights=weights,
        learning_rule=rule,
        graded_spike_cfg=graded_spike_cfg,
        **kwargs,
    )
    return ModelHarness(models[fixed], process)

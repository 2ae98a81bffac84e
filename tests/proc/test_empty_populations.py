"""Populations without neurons do nothing, in any model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor.compiler.expand import select_model
from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast
from lava_actor.proc.clp.prototype_lif.process import PrototypeLIF
from lava_actor.proc.conv_in_time.process import ConvInTime
from lava_actor.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay
from lava_actor.proc.io.encoder import Compression, DeltaEncoder
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.receiver.process import Receiver, Receiver32Bit
from lava_actor.proc.resfire.process import RFZero
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.s4d.process import S4d, SigmaS4dDelta
from lava_actor.proc.sdn.process import Delta, Sigma, SigmaDelta
from lava_actor.proc.spiker.process import Spiker, Spiker32bit

EMPTY: dict[str, Any] = {"shape": (0,)}

PROCESSES = [
    ("fixed_pt floating_pt", Sigma, EMPTY),
    ("fixed_pt floating_pt", Delta, EMPTY | {"vth": 1}),
    ("fixed_pt floating_pt", SigmaDelta, EMPTY | {"vth": 1}),
    ("fixed_pt floating_pt", RF, EMPTY | {"period": 10, "alpha": 0.1, "decay_bits": 12}),
    ("fixed_pt floating_pt", RF_IZ, EMPTY | {"period": 10, "alpha": 0.1, "decay_bits": 12}),
    ("fixed_pt floating_pt", ATRLIF, EMPTY),
    ("fixed_pt", GradedVec, EMPTY),
    ("fixed_pt", GradedReluVec, EMPTY),
    ("fixed_pt", NormVecDelay, EMPTY),
    ("fixed_pt floating_pt", InvSqrt, EMPTY),
    ("fixed_pt", ProdNeuron, EMPTY),
    ("fixed_pt", RFZero, EMPTY | {"freqs": [], "decay_tau": []}),
    ("fixed_pt", PrototypeLIF, EMPTY),
    ("fixed_pt", IdBroadcast, EMPTY),
    ("fixed_pt", Spiker, EMPTY),
    ("fixed_pt", Spiker32bit, EMPTY),
    ("fixed_pt", Receiver, EMPTY),
    ("fixed_pt", Receiver32Bit, EMPTY),
    ("floating_pt", S4d, EMPTY | {"a": 1, "b": 1, "c": 1}),
    ("floating_pt", SigmaS4dDelta, EMPTY | {"vth": 1, "a": 1, "b": 1, "c": 1}),
    *[("fixed_pt", DeltaEncoder, EMPTY | {"vth": 1, "compression": c}) for c in Compression],
    *[
        ("fixed_pt floating_pt", ConvInTime, {"weights": np.ones(shape)})
        for shape in ((2, 0, 0), (2, 3, 0), (2, 0, 3))
    ],
]
CASES = [(tag, make, kwargs) for tags, make, kwargs in PROCESSES for tag in tags.split()]


@pytest.mark.parametrize(("tag", "make", "kwargs"), CASES)
def test_empty_populations_do_nothing(tag, make, kwargs) -> None:
    process = make(**kwargs)
    harness = ModelHarness(select_model(process, Loihi2SimCfg(select_tag=tag)), process)
    for _ in range(2):
        for message in harness.step().values():
            assert not np.any(message)

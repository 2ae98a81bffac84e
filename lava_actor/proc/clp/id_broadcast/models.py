"""Models of IdBroadcast."""

from __future__ import annotations

import numpy as np

from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.native import NativeStep
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc._arithmetic import integral_input, kept
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast


@implements(proc=IdBroadcast, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyIdBroadcastModel(PyLoihiProcessModel):
    """Fixed-point model of `IdBroadcast`."""

    native_step = NativeStep(
        "broadcast_i32",
        inputs={"a_in": np.int32},
        outputs={"s_out": np.int32},
        state={"val": np.int32},
    )

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    val: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive and pass on."""
        self.val = kept(self.val, integral_input(self, "a_in", self.a_in.recv()))
        self.s_out.send(self.val)

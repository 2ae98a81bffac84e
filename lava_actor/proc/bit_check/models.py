"""Models of BitCheck."""

from __future__ import annotations

import numpy as np

from lava_actor.model.ports import PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.proc._model import LavaPyType, PyLoihiProcessModel, cpu_model
from lava_actor.proc.bit_check.process import BitCheck


def exceeds_bits(values: np.ndarray, bits: int) -> bool:
    """Whether any value is outside of the signed integers of `bits` bits."""
    limit = 1 << (bits - 1)
    return bool(((values < -limit) | (values > limit - 1)).any())


class AbstractBitCheckModel(PyLoihiProcessModel):
    """Looks at the Var in every step."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, np.int64, reads_only=True)
    layerid: np.ndarray = LavaPyType(np.ndarray, np.int32)
    debug: np.ndarray = LavaPyType(np.ndarray, np.int32)
    bits: np.ndarray = LavaPyType(np.ndarray, np.int32)
    _overflowed: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self) -> bool:
        """Look in every step."""
        return True

    def run_post_mgmt(self) -> None:
        """Raise the flag if the Var has left its range."""
        values = self.state.read()
        bits = int(self.bits.flat[0])
        if self._overflowed.any() or not exceeds_bits(values, bits):
            return
        self._overflowed[...] = 1
        if self.debug.any():
            print(  # noqa: T201 - this is what debug=1 asks for
                f"BitCheck: layer {self.layerid.flat[0]} has left {bits} bits in step "
                f"{self.time_step}: minimum {values.min()}, maximum {values.max()}"
            )


@cpu_model(BitCheck)
class LoihiBitCheckModel(AbstractBitCheckModel):
    """Model of `BitCheck`."""

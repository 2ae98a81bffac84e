"""A Process writes into the Var of another one, through a VarPort and through connect_var."""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyRefPort, PyVarPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import RefPort, VarPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Writer(AbstractProcess):
    """Has a RefPort."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.ref = RefPort((3,))


class Owner(AbstractProcess):
    """Has a Var with a VarPort."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.value = Var((3,), init=4)
        self.door = VarPort(self.value)


@implements(proc=Writer, protocol=LoihiProtocol)
@requires(CPU)
class PyWriter(PyLoihiProcessModel):
    """Writes from the second step on."""

    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)

    def post_guard(self):
        return self.time_step > 1

    def run_post_mgmt(self):
        self.ref.write(np.array([5, 5, 5]) + self.time_step)
        self.ref.wait()


@implements(proc=Owner, protocol=LoihiProtocol)
@requires(CPU)
class PyOwner(PyLoihiProcessModel):
    """Does nothing by itself."""

    value: np.ndarray = LavaPyType(np.ndarray, np.int32)
    door: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, int)


def main():
    for through_port in (True, False):
        writer, owner = Writer(), Owner()
        if through_port:
            writer.ref.connect(owner.door)
        else:
            writer.ref.connect_var(owner.value)
        seen = []
        for _ in range(4):
            writer.run(condition=RunSteps(num_steps=1), run_cfg=Loihi1SimCfg())
            seen.append(owner.value.get().tolist())
        writer.stop()
        assert seen == [[4] * 3, [7] * 3, [8] * 3, [9] * 3], seen


if __name__ == "__main__":
    main()

"""A model asks for a pause; an asynchronous model runs beside it."""

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import RunConfig
from lava.magma.core.sync.protocols.async_protocol import AsyncProtocol
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class FirstModel(RunConfig):
    """Takes whatever model comes first."""

    def select(self, proc, proc_models):
        return proc_models[0]


class Counter(AbstractProcess):
    """Counts steps and sends the count."""

    def __init__(self):
        super().__init__()
        self.count = Var(shape=(1,), init=0)
        self.out = OutPort(shape=(1,))


class Adder(AbstractProcess):
    """Adds what it receives."""

    def __init__(self):
        super().__init__()
        self.total = Var(shape=(1,), init=0)
        self.inp = InPort(shape=(1,))


@implements(proc=Counter, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyCounter(PyLoihiProcessModel):
    """Asks for a pause in step 3."""

    count: np.ndarray = LavaPyType(np.ndarray, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_spk(self):
        self.count[:] = self.time_step
        self.out.send(self.count)
        if self.time_step == 3:
            self._req_pause = True


@implements(proc=Adder, protocol=AsyncProtocol)
@requires(CPU)
class PyAdder(PyAsyncProcessModel):
    """Adds until nothing more comes or it is told to end."""

    total: np.ndarray = LavaPyType(np.ndarray, int)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)

    def run_async(self):
        while not (self.check_for_stop_cmd() or self.check_for_pause_cmd()):
            if self.inp.probe():
                self.total = self.total + self.inp.recv()


if __name__ == "__main__":
    counter, adder = Counter(), Adder()
    counter.out.connect(adder.inp)
    counter.run(condition=RunSteps(num_steps=100), run_cfg=FirstModel())
    assert not counter.runtime._is_running
    assert counter.runtime._is_started
    assert counter.count.get() == 3
    counter.stop()

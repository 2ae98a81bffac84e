"""A Process that makes its parts in its constructor, passes its ports through, and has no model."""

import numpy as np
from lava.magma.compiler.exceptions import NoProcessModelFound
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF


class Layer(AbstractProcess):
    """Synapses and cells; `clear` leads to whatever is to be cleared in every step."""

    def __init__(self, size):
        super().__init__()
        self.synapses, self.cells = Dense(weights=np.eye(size)), LIF(shape=(size,), du=1, dv=1)
        self.inp, self.unused = InPort((size,)), InPort((size,))
        self.out = OutPort((size,))
        self.eraser = Reset(interval=1)
        self.clear = RefPort((1,))
        self.inp.reshape((size,)).connect(self.synapses.s_in)
        self.synapses.a_out.connect(self.cells.a_in)
        self.cells.s_out.connect(self.out)
        self.eraser.state.connect(self.clear)


class Nested(AbstractProcess):
    """A layer in a layer."""

    def __init__(self, size):
        super().__init__()
        self.inner = Layer(size)
        self.inp, self.out = InPort((size,)), OutPort((size,))
        self.inp.connect(self.inner.inp)
        self.inner.out.connect(self.out)


class Broken(AbstractProcess):
    """Nothing inside takes what comes in."""

    def __init__(self, size):
        super().__init__()
        self.cells = LIF(shape=(size,))
        self.inp, self.out = InPort((size,)), OutPort((size,))
        self.cells.s_out.connect(self.out)


def run(layer, size):
    source, sink = Source(data=20 * np.eye(size)), Sink(shape=(size,), buffer=5)
    source.s_out.connect(layer.inp)
    layer.out.connect(sink.a_in)
    layer.run(condition=RunSteps(num_steps=5), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
    got = sink.data.get()
    layer.stop()
    return got.tolist()


if __name__ == "__main__":
    layer = Layer(3)
    other = LIF(shape=(1,), bias_mant=5)
    layer.clear.connect_var(other.v)
    for made in (layer, Nested(3)):
        made_inner = getattr(made, "inner", made)
        made_inner.cells.vth.init = 0.5
        expected = [[0, 1, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]]
        assert run(made, 3) == expected
    try:
        run(Broken(2), 2)
    except NoProcessModelFound:
        pass
    else:
        raise AssertionError("a port that leads nowhere went unnoticed")

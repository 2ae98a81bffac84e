"""A layer made of a Dense and a LIF, described by a sub-process model with aliased Vars."""

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF


class Layer(AbstractProcess):
    """Synapses and the neurons behind them."""

    def __init__(self, weights, **kwargs):
        super().__init__(weights=weights, **kwargs)
        n_out, n_in = weights.shape
        self.s_in = InPort(shape=(n_in,))
        self.s_out = OutPort(shape=(n_out,))
        self.weights = Var(shape=weights.shape, init=weights)
        self.v = Var(shape=(n_out,), init=0)


@implements(proc=Layer)
@requires(CPU)
@tag("floating_pt")
class SubLayerModel(AbstractSubProcessModel):
    """Builds the layer from library Processes."""

    def __init__(self, proc):
        weights = proc.proc_params["weights"]
        self.dense = Dense(weights=weights)
        self.lif = LIF(shape=(weights.shape[0],), du=1, dv=0.5, vth=2)
        proc.in_ports.s_in.connect(self.dense.in_ports.s_in)
        self.dense.out_ports.a_out.connect(self.lif.in_ports.a_in)
        self.lif.out_ports.s_out.connect(proc.out_ports.s_out)
        proc.vars.weights.alias(self.dense.vars.weights)
        proc.vars.v.alias(self.lif.vars.v)


def reference(weights, spikes):
    """Compute the same in plain NumPy."""
    v, arriving, out = np.zeros(len(weights)), np.zeros(len(weights)), []
    for column in spikes.T:
        v = 0.5 * v + arriving
        out.append(v > 2)
        v[v > 2] = 0
        arriving = weights @ column
    return v, np.array(out).T


if __name__ == "__main__":
    rng = np.random.default_rng(5)
    weights = rng.normal(0.4, 1, (3, 6))
    spikes = rng.integers(0, 2, (6, 25))
    source, layer, sink = Source(data=spikes), Layer(weights), Sink(shape=(3,), buffer=25)
    source.s_out.connect(layer.s_in)
    layer.s_out.connect(sink.a_in)
    config = Loihi1SimCfg(select_tag="floating_pt", select_sub_proc_model=True)
    layer.run(condition=RunSteps(num_steps=25), run_cfg=config)
    v, out = reference(weights, spikes)
    assert out.any()
    assert np.array_equal(sink.data.get(), out), (sink.data.get(), out)
    assert np.allclose(layer.v.get(), v, atol=1e-12)
    assert np.array_equal(layer.weights.get(), weights)
    layer.stop()

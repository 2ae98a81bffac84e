"""The first network of the README: one population drives another; who spikes when, as a picture."""

import numpy as np

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor

rng = np.random.default_rng(1)
drive = LIF(shape=(100,), bias_mant=rng.uniform(0.5, 1.0, 100), vth=10)
synapses = Dense(weights=rng.uniform(0, 0.15, (20, 100)))
cells = LIF(shape=(20,), du=0.3, dv=0.1, vth=10)
drive.s_out.connect(synapses.s_in)
synapses.a_out.connect(cells.a_in)

monitor = Monitor()
monitor.probe(cells.s_out)

with cells:  # stops the network at the end, whatever happens
    cells.run(RunSteps(num_steps=200), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
    print("voltages now:     ", cells.v.get().round(1))

steps, neurons = monitor.spikes(cells.s_out)  # who spiked when: still there after the end
print("spikes per neuron:", np.bincount(neurons, minlength=20))
monitor.raster().figure.savefig("first_network.png")

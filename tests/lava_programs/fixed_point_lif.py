"""A fixed-point LIF driven by recorded input, watched by Monitors and a sink."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc import io
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor

STEPS = 8

if __name__ == "__main__":
    data = np.array([[30, 0, 25, 40, 0, -60, 0, 0]])
    source = io.source.RingBuffer(data=data)
    lif = LIF(shape=(1,), du=410, dv=205, vth=200)
    sink = io.sink.RingBuffer(shape=(1,), buffer=STEPS)
    source.s_out.connect(lif.a_in)
    lif.s_out.connect(sink.a_in)
    voltage, current = Monitor(), Monitor()
    voltage.probe(lif.v, STEPS)
    current.probe(lif.u, STEPS)

    lif.run(condition=RunSteps(num_steps=STEPS), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    v = voltage.get_data()[lif.name]["v"].ravel()
    u = current.get_data()[lif.name]["u"].ravel()
    s = sink.data.get().ravel()
    lif.stop()

    assert u.tolist() == [1920, 1727, 3153, 5396, 4854, 526, 473, 425], u
    assert v.tolist() == [1920, 3550, 6525, 11594, 0, 526, 972, 1348], v
    assert s.tolist() == [0, 0, 0, 0, 1, 0, 0, 0], s

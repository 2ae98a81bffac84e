"""Excitatory and inhibitory neurons, recurrent, watched by Monitors; compared with NumPy."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import Read
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from lava.proc.sparse.process import Sparse
from scipy.sparse import csr_matrix

N_EXC, N_INH, N_IN, STEPS = 24, 6, 10, 60
PARAMETERS = {"du": 0.4, "dv": 0.1, "vth": 2.0}

rng = np.random.default_rng(11)
spikes_in = (rng.random((N_IN, STEPS)) < 0.3).astype(float)
w_in = rng.random((N_EXC, N_IN)) * 0.8
w_ee = (rng.random((N_EXC, N_EXC)) < 0.2) * rng.random((N_EXC, N_EXC)) * 0.6
w_ie = rng.random((N_INH, N_EXC)) * 0.3
w_ei = -rng.random((N_EXC, N_INH)) * 0.8


def numpy_says():
    """The same network in plain NumPy: one step of delay per connection."""
    u = {"e": np.zeros(N_EXC), "i": np.zeros(N_INH)}
    v = {"e": np.zeros(N_EXC), "i": np.zeros(N_INH)}
    arriving = {"e": np.zeros(N_EXC), "i": np.zeros(N_INH)}
    v_e, spikes_e = np.zeros((STEPS, N_EXC)), np.zeros((STEPS, N_EXC))
    for step in range(STEPS):
        spikes = {}
        for kind in "ei":
            u[kind] = u[kind] * (1 - PARAMETERS["du"]) + arriving[kind]
            v[kind] = v[kind] * (1 - PARAMETERS["dv"]) + u[kind]
            spikes[kind] = v[kind] > PARAMETERS["vth"]
            v[kind][spikes[kind]] = 0
        v_e[step], spikes_e[step] = v["e"], spikes["e"]
        arriving["e"] = w_in @ spikes_in[:, step] + w_ee @ spikes["e"] + w_ei @ spikes["i"]
        arriving["i"] = w_ie @ spikes["e"]
    return v_e, spikes_e, v["i"]


source = Source(data=spikes_in)
exc = LIF(shape=(N_EXC,), name="excitatory", **PARAMETERS)
inh = LIF(shape=(N_INH,), name="inhibitory", **PARAMETERS)
dense_in, dense_ie, dense_ei = Dense(weights=w_in), Dense(weights=w_ie), Dense(weights=w_ei)
sparse_ee = Sparse(weights=csr_matrix(w_ee))
sink = Sink(shape=(N_EXC,), buffer=STEPS)
probe_v, probe_s, reader = Monitor(), Monitor(), Read(buffer=STEPS // 5, interval=5)

source.s_out.connect(dense_in.s_in)
dense_in.a_out.connect(exc.a_in)
exc.s_out.connect([sparse_ee.s_in, dense_ie.s_in, sink.a_in])
sparse_ee.a_out.connect(exc.a_in)
dense_ie.a_out.connect(inh.a_in)
inh.s_out.connect(dense_ei.s_in)
dense_ei.a_out.connect(exc.a_in)
probe_v.probe(target=exc.v, num_steps=STEPS)
probe_s.probe(target=exc.s_out, num_steps=STEPS)
reader.connect_var(inh.v)

config = Loihi2SimCfg(select_tag="floating_pt")
exc.run(condition=RunSteps(num_steps=STEPS // 2), run_cfg=config)
exc.run(condition=RunSteps(num_steps=STEPS - STEPS // 2))

v_e, spikes_e, v_i = numpy_says()
assert spikes_e.sum() > 100, "the test is about spikes"
np.testing.assert_allclose(probe_v.get_data()["excitatory"]["v"], v_e, rtol=1e-9, atol=1e-9)
np.testing.assert_array_equal(probe_s.get_data()["excitatory"]["s_out"], spikes_e)
np.testing.assert_array_equal(sink.data.get().T, spikes_e)
np.testing.assert_allclose(inh.v.get(), v_i, rtol=1e-9, atol=1e-9)
assert reader.data.get().shape == (N_INH, STEPS // 5)
np.testing.assert_allclose(sparse_ee.weights.get().toarray(), w_ee)
exc.stop()

"""STDP between two populations; weights are watched, a rule is changed between runs, files kept."""

import os

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense, LearningDense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from lava.utils.serialization import load, save

STEPS = 40


def network(rule):
    """A teacher makes the post neurons spike a step after their input."""
    rng = np.random.default_rng(2)
    pre = (rng.random((3, STEPS)) < 0.25).astype(float)
    source, teacher = Source(data=pre), Source(data=np.roll(pre[:2], 2, axis=1))
    plastic = LearningDense(weights=np.full((2, 3), 4.0), learning_rule=rule, name="plastic")
    fixed = Dense(weights=np.eye(2) * 100)
    post = LIF(shape=(2,), vth=90, du=1, dv=1)
    monitor = Monitor()
    source.s_out.connect(plastic.s_in)
    plastic.a_out.connect(post.a_in)
    teacher.s_out.connect(fixed.s_in)
    fixed.a_out.connect(post.a_in)
    post.s_out.connect(plastic.s_in_bap)
    monitor.probe(plastic.weights, STEPS + 4)
    return plastic, post, monitor


def stdp():
    return STDPLoihi(
        learning_rate=1, A_plus=1, A_minus=-1, tau_plus=10, tau_minus=10, t_epoch=2, rng_seed=5
    )


config = Loihi2SimCfg(select_tag="floating_pt")

plastic, post, monitor = network(stdp())
plastic.run(RunSteps(STEPS), config)
course = monitor.get_data()["plastic"]["weights"]
final = plastic.weights.get()
assert course.shape == (STEPS + 4, 2, 3)
assert np.array_equal(course[STEPS - 1], final)
assert not course[STEPS:].any()
assert not np.array_equal(course[0], final)
assert plastic.dw.get() == stdp().dw_str
plastic.stop()

# The same in two halves is the same.
plastic, post, monitor = network(stdp())
for _ in range(2):
    plastic.run(RunSteps(STEPS // 2), config)
assert np.array_equal(plastic.weights.get(), final)
# Another rule from here on: every learning step forgets.
plastic.dw.set("-1 * u0")
plastic.run(RunSteps(4))
forgotten = plastic.weights.get() - final
assert (forgotten == forgotten[0, 0]).all()
assert forgotten[0, 0] < 0, forgotten
plastic.stop()

# A rule of our own, in fixed point: weights stay integers.
rule = Loihi2FLearningRule(
    dw="2^-1 * x1 * y0 - 2^-1 * y1 * x0",
    x1_impulse=16, x1_tau=4, y1_impulse=16, y1_tau=4, t_epoch=1, rng_seed=7,
)  # fmt: skip
source = Source(data=np.array([[1, 0, 0, 1, 0, 0, 0, 0]]))
back = Source(data=np.array([[0, 0, 1, 0, 0, 1, 0, 0]]))
fixed_plastic = LearningDense(weights=np.array([[10]]), learning_rule=rule)
sink = Sink(shape=(1,), buffer=8)
source.s_out.connect(fixed_plastic.s_in)
back.s_out.connect(fixed_plastic.s_in_bap)
fixed_plastic.a_out.connect(sink.a_in)
fixed_plastic.run(RunSteps(8), Loihi2SimCfg(select_tag="fixed_pt"))
weight = fixed_plastic.weights.get()
assert weight.dtype.kind == "i"
assert weight != 10
fixed_plastic.stop()

# Networks travel through files.
lif, dense = LIF(shape=(4,), bias_mant=3, vth=10, name="from file"), Dense(weights=np.eye(4))
lif.s_out.connect(dense.s_in)
executable = lif.compile(Loihi2SimCfg(select_tag="fixed_pt"))
save([lif, dense], "network", executable)
assert os.path.exists("network.pickle")
lif.create_runtime(executable=executable)
lif.run(RunSteps(7))
expected = lif.v.get()
lif.stop()

(loaded, _), loaded_executable = load("network.pickle")
assert loaded.name == "from file"
assert loaded.s_out.get_dst_ports()[0].process.name == dense.name
loaded.create_runtime(executable=loaded_executable)
loaded.run(RunSteps(7))
assert np.array_equal(loaded.v.get(), expected)
loaded.stop()

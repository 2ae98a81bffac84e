"""Two neurons and a plastic synapse with a spike-timing dependent rule."""

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava.proc.lif.process import LIF

if __name__ == "__main__":
    rule = STDPLoihi(learning_rate=1, A_plus=1, A_minus=-2, tau_plus=10, tau_minus=10, t_epoch=1)
    pre = LIF(shape=(1,), du=0, dv=0, vth=1, bias_mant=0.1)
    synapse = LearningDense(weights=np.zeros((1, 1)), learning_rule=rule)
    post = LIF(shape=(1,), du=0, dv=0, vth=1, bias_mant=0.15)
    pre.s_out.connect(synapse.s_in)
    synapse.a_out.connect(post.a_in)
    post.s_out.connect(synapse.s_in_bap)
    pre.run(condition=RunSteps(num_steps=100), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
    weight = synapse.weights.get()
    pre.stop()
    assert np.allclose(weight, [[-79.35744962]]), weight

"""Graded vectors and matrices, written as algebra."""

import numpy as np
from lava.frameworks.loihi2 import (
    GradedDense,
    GradedVec,
    InputVec,
    Loihi2SimCfg,
    OutputVec,
    RunSteps,
)

if __name__ == "__main__":
    columns = np.array([[40, 50, 60], [30, 20, 10]])
    weights = np.array([[0.5, -0.25], [0.1, 1]])
    vector = InputVec(columns, loihi2=False)
    product = GradedVec(shape=(2,), vth=10, exp=0)
    out = OutputVec(shape=(2,), buffer=8, loihi2=False)
    product << GradedDense(weights=weights) @ vector
    out << product
    out.run(condition=RunSteps(num_steps=8), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    received = out.get_data().T.tolist()
    out.stop()
    expected = [[12, 33], [20, 24], [27, 15]]
    assert received == [[0, 0], *expected, *expected, expected[0]], received

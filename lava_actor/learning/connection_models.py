"""Model side of connections that learn.

`LearningConnectionModelFloat` and `LearningConnectionModelBitApproximate` are mixins: a concrete
model derives from one of them and from the model of a connection, in this order, and calls
`recv_traces` in its ``run_spk``::

    class MyModel(LearningConnectionModelFloat, SomeConnectionModel):
        def run_spk(self):
            self.a_out.send(self.a_buff)
            s_in = self.s_in.recv()
            self.a_buff = self.weights.dot(s_in)
            self.recv_traces(s_in)
"""

from __future__ import annotations

from lava_actor.learning.connection_base import (
    NUM_DEPENDENCIES,
    NUM_X_TRACES,
    NUM_Y_TRACES,
    AbstractLearningConnection,
    PyLearningConnection,
)
from lava_actor.learning.connection_fixed import LearningConnectionModelBitApproximate
from lava_actor.learning.connection_float import LearningConnectionModelFloat

__all__ = [
    "AbstractLearningConnection", "PyLearningConnection", "LearningConnectionModelFloat",
    "LearningConnectionModelBitApproximate", "NUM_DEPENDENCIES", "NUM_X_TRACES", "NUM_Y_TRACES",
]  # fmt: skip

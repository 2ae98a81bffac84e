"""The neural state machine of a continual learner: labels of prototypes, and new prototypes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given


class Readout(AbstractProcess):
    """Keeps the label of each prototype, answers with it and learns it from the user.

    Labels are positive; 0 stands for none yet, ``-(w + 1)`` for the pseudo-label of prototype `w`.
    In each step:

    1. If a prototype spikes, the first one is the winner `w`; if it has no label it gets its
       pseudo-label. The label is sent to the user.
    2. If the user gives a label: where it equals that of the last winner the feedback is 1; where
       the winner has another one the feedback is -1 and a new prototype is asked for; where the
       winner has a pseudo-label it takes the user's, which is sent back as the answer.

    Parameters
    ----------
    n_protos
        Number of prototypes.
    proto_labels
        Labels at the start, `(n_protos,)`; zeros if None.

    Notes
    -----
    InPorts: `inference_in` `(n_protos,)`, spikes of the prototypes; `label_in` `(1,)`. OutPorts,
    all `(1,)`, 0 where there is nothing to say: `user_output`, `feedback`, `trigger_alloc`. Vars:
    `proto_labels` `(n_protos,)`, `last_winner_id` `(1,)`.
    """

    def __init__(
        self,
        *,
        n_protos: int,
        proto_labels: ArrayLike | None = None,
        **inherited: object,
    ) -> None:
        if proto_labels is None:
            proto_labels = np.zeros(n_protos, dtype=int)
        super().__init__(**given(locals()))
        self.inference_in = InPort(shape=(n_protos,))
        self.label_in = InPort(shape=(1,))
        self.user_output = OutPort(shape=(1,))
        self.feedback = OutPort(shape=(1,))
        self.trigger_alloc = OutPort(shape=(1,))
        self.proto_labels = Var(shape=(n_protos,), init=proto_labels)
        self.last_winner_id = Var(shape=(1,), init=0)


class Allocator(AbstractProcess):
    """Hands out the number of the next free prototype when it is triggered.

    Parameters
    ----------
    n_protos
        Number of prototypes.
    next_alloc_id
        The number that is handed out first; 1 is the first prototype.

    Notes
    -----
    Ports, all `(1,)`: `trigger_in` (non-zero: allocate), `allocate_out` (the number, or 0). Var
    `next_alloc_id`.
    """

    def __init__(
        self,
        *,
        n_protos: int,
        next_alloc_id: int = 1,
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.n_protos = n_protos
        self.trigger_in = InPort(shape=(1,))
        self.allocate_out = OutPort(shape=(1,))
        self.next_alloc_id = Var(shape=(1,), init=next_alloc_id)

"""What the models of learning connections add to those of plain connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.proc._connection import FixedNumbers, Undelayed
from lava_actor.utils.weightutils import SignMode, truncated_bits

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


class LearningSteps(Undelayed):
    """Tells the learning engine about every spike that arrives.

    Goes between the engine (`lava_actor.learning.connection_models`) and the model of a connection.
    The activation is computed first, with the weights from before the learning phase.
    """

    recv_traces: Callable[[np.ndarray], None]
    """Of the engine."""

    _arrived: tuple[np.ndarray, np.ndarray | None]

    def receive(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Receive from the senders; see `ConnectionModel.receive`."""
        self._arrived = super().receive()
        return self._arrived

    def run_spk(self) -> None:
        """Do the step of a connection, then book spikes before and behind the synapses."""
        super().run_spk()
        at, payload = self._arrived
        s_in = np.zeros(self.s_in.shape, self.number)
        s_in[at] = 1 if payload is None else payload
        self.recv_traces(s_in)


class TruncatedWeights(FixedNumbers):
    """Fixed-point weights that are truncated once, and not clipped."""

    @classmethod
    def _doubts_of(cls, _process: AbstractProcess) -> Iterator[str]:
        return iter(())

    def used_weights(self, weights: Any) -> Any:
        """Keep `num_weight_bits` of the initial weights; later ones are used as they are."""
        whole = weights.astype(np.int32, copy=False)
        if self.weights_set:
            return whole
        self.weights_set = True
        return truncated_bits(whole, self.sign_mode or SignMode.MIXED, self.num_weight_bits)

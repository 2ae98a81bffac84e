"""What the models of learning connections add to those of plain connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.learning import string_symbols as names
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import Loihi3FLearningRule
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

    @classmethod
    def _doubts_of(cls, process: AbstractProcess) -> Iterator[str]:
        """Say why the rule will never change a synapse."""
        return _doubts_of_rule(process)

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


def _doubts_of_rule(process: AbstractProcess) -> Iterator[str]:
    rule = process.proc_params["learning_rule"]
    behind = "s_in_bap", *(f"s_in_{trace}" for trace in names.POST_TRACES)
    fed = {name for name in behind if getattr(process, name).get_src_ports()}
    traces = rule.active_traces
    if not fed and (traces & names.POST_TRACES or names.Y0 in rule.active_traces_per_dependency):
        yield (
            f"{process.name}.s_in_bap: nothing is connected, and the learning rule waits for what "
            f"the neurons behind do; connect their spikes: neurons.s_out.connect("
            f"{process.name}.s_in_bap)"
        )
    regular = GradedSpikeCfg.USE_REGULAR_IMPULSE
    by_payload = process.proc_params.get("graded_spike_cfg", regular) is not regular
    sent = names.POST_TRACES if isinstance(rule, Loihi3FLearningRule) else ()  # by the neurons
    for trace in sorted(traces.difference(sent)):
        received = f"s_in_{trace}" in fed or (trace == "x1" and by_payload)
        begun = np.any(process.vars[trace].init)
        if not getattr(rule, f"{trace}_impulse") and not received and not begun:
            yield (
                f"{process.name}.{trace}: the learning rule reads this trace, but its impulse "
                f"is 0, so it stays 0; give the rule {trace}_impulse=…"
            )


class TruncatedWeights(FixedNumbers):
    """Fixed-point weights that are truncated once, and not clipped."""

    @classmethod
    def _doubts_of(cls, process: AbstractProcess) -> Iterator[str]:
        return _doubts_of_rule(process)

    def used_weights(self, weights: Any) -> Any:
        """Keep `num_weight_bits` of the initial weights; later ones are used as they are."""
        whole = weights.astype(np.int32, copy=False)
        if self.weights_set:
            return whole
        self.weights_set = True
        return truncated_bits(whole, self.sign_mode or SignMode.MIXED, self.num_weight_bits)

"""What the models of learning connections add to those of plain connections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.kernels.steps import Burst, LearningBurst
from lava_actor.learning import string_symbols as names
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import Loihi3FLearningRule
from lava_actor.model.cuts import Cut
from lava_actor.model.native import PortFacts, no_plain_in, stands_in_the_way
from lava_actor.proc._connection import FixedNumbers, Kind, Undelayed
from lava_actor.process.matrices import issparse, same_places
from lava_actor.utils.weightutils import SignMode

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


BEHIND = "s_in_bap", *(f"s_in_{trace}" for trace in sorted(names.POST_TRACES))

_ENGINE = (
    "recv_traces", "_la_receive_behind", "lrn_guard", "run_lrn", "_process_pre_spikes",
    "_process_post_spikes", "_la_advance_trace_randoms", "_compute_trace_histories",
)  # fmt: skip
"""Methods of the engine that native steps replace."""


LEARNING_BY_ROW = Cut(
    "a_out",
    ("a_out", "a_buff", "weights", "tag_1", "tag_2", *BEHIND, "y0", "ty", "y1", "y2", "y3"),
    cost=0.05,
    sends_first=True,
    alike=("x0", "tx", "x1", "x2"),
    remade=("_la_columns",),
)
"""Every part books the same spikes before the synapses, with the same random numbers: one number
rounds the traces of all neurons, and one all synapses."""


class LearningSteps(Undelayed):
    """Tells the learning engine about every spike that arrives.

    Goes between the engine (`lava_actor.learning.connection_models`) and the model of a connection.
    The activation is computed first, with the weights from before the learning phase.
    """

    recv_traces: Callable[[np.ndarray], None]
    """Of the engine, as is the rest."""

    _process_pre_spikes: Callable[[np.ndarray], None]
    _la_receives_y_traces: bool

    s_in_bap: Any

    _la_arrived: tuple[np.ndarray, np.ndarray | None]

    @classmethod
    def _la_doubts_of(cls, process: AbstractProcess) -> Iterator[str]:
        """Say why the rule will never change a synapse."""
        return _doubts_of_rule(process)

    _la_native_step_is_whole = True

    @classmethod
    def _la_parameters_of_parts(cls, process: AbstractProcess) -> dict[str, object]:
        """Return none: the sign mode does not follow from the weights."""
        return {}

    @classmethod
    def _la_native_kind(cls) -> Kind | None:
        """Only the library's own classes: others may do anything with what learning changes."""
        return (cls, LearningBurst, *_ENGINE) if vars(cls).get("_la_may_wait") else None

    @classmethod
    def _la_arithmetic_of(cls) -> type[object]:
        return cls

    @classmethod
    def _la_obstacle(cls, ports: Mapping[str, PortFacts], own: Iterable[str] = ()) -> str | None:
        why = super()._la_obstacle(ports, own)
        for name in BEHIND:
            why = why or (no_plain_in(name, ports[name]) if name in ports else None)
        return why

    @classmethod
    def _la_obstacle_in(cls, process: AbstractProcess) -> str | None:
        """Say which variable of the rule has entries of its own, so that no loop takes both."""
        rule, letters = process.proc_params["learning_rule"], names.SYNAPTIC_VARIABLE_VAR_MAPPING
        series = rule.active_product_series
        used = {f.state_var for s in series.values() for p in s.products for f in p.factors}
        weights = process.vars.weights.init
        for letter in sorted(used & set(letters) | {target[1:] for target in series}):
            name = letters[letter]
            held = process.vars[name].init
            if issparse(held) and not same_places(held, weights):
                return f"the entries of {name}, which its rule uses, are not those of the weights"
        return None

    def _la_native_burst(self) -> Burst:
        if stands_in_the_way(self) is not None:
            return Burst(self)
        names = BEHIND[1:] if self._la_receives_y_traces else ()
        traces = [getattr(self, name) for name in names]
        if any(trace.dtype != self._la_number for trace in traces):
            return Burst(self)
        return LearningBurst(
            self,
            *self._la_burst_ends(),
            self.s_in_bap.native_sources(),
            [(port.native_sources(), self._la_number, port.shape, port.room) for port in traces],
        )

    def _la_receive(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Receive from the senders; see `ConnectionModel._la_receive`."""
        self._la_arrived = super()._la_receive()
        return self._la_arrived

    def run_spk(self) -> None:
        """Do the step of a connection, then book spikes before and behind the synapses."""
        super().run_spk()
        self.recv_traces(self._la_spikes_before())

    def _la_book_arrived(self) -> None:
        """Book the spikes before the synapses that `_la_receive` has received."""
        self._process_pre_spikes(self._la_spikes_before())

    def _la_spikes_before(self) -> np.ndarray:
        at, payload = self._la_arrived
        s_in = np.zeros(self.s_in.shape, self._la_number)
        s_in[at] = 1 if payload is None else payload
        return s_in


def _doubts_of_rule(process: AbstractProcess) -> Iterator[str]:
    rule = process.proc_params["learning_rule"]
    fed = {name for name in BEHIND if getattr(process, name).get_src_ports()}
    traces = rule.active_traces
    if not fed and (traces & names.POST_TRACES or names.Y0 in rule.active_traces_per_dependency):
        yield (
            f"{process.name}.s_in_bap: nothing is connected, and the learning rule waits for what "
            f"the neurons behind do; connect their spikes: neurons.s_out.connect("
            f"{process.name}.s_in_bap)"
        )
    regular = GradedSpikeCfg.USE_REGULAR_IMPULSE
    by_payload = process.proc_params.get("graded_spike_cfg", regular) is not regular
    if by_payload and not np.any(process.vars.num_message_bits.init):
        yield (
            f"{process.name}.graded_spike_cfg: payloads drive x1, but num_message_bits is 0, so "
            f"each is 1; give num_message_bits=…"
        )
    for name in rule.active_product_series:
        variable = names.SYNAPTIC_VARIABLE_VAR_MAPPING[name[1:]]
        held = process.vars[variable].init
        if issparse(held) and not held.nnz and process.vars.weights.init.nnz:
            yield (
                f"{process.name}.{variable}: the rule {name} changes stored entries, and there is "
                f"none; give {variable}=… with the entries that learn, zeros among them"
            )
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

    def _la_used_weights(self, weights: np.ndarray) -> np.ndarray:
        """Keep `num_weight_bits` of the initial weights; later ones are used as they are."""
        whole = weights.astype(np.int32, copy=False)
        if self._la_weights_set:
            return whole
        self._la_weights_set = True
        return self._la_truncated(whole, self.sign_mode or SignMode.MIXED)

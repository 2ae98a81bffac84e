"""Widths, in bits, of what the fixed-point engine holds, and how graded spikes drive a trace.

Suffix ``_U``: magnitude only; ``_S``: with the sign bit. The widths are those of the first Loihi
generation (Davies et al., "Loihi: a neuromorphic manycore processor with on-chip learning", IEEE
Micro 38(1), 2018, and the learning engine's published parameter ranges).
"""

from __future__ import annotations

from enum import IntEnum

from lava_actor.learning import string_symbols as names

W_EPOCH_TIME = 6

W_WEIGHTS_U = 8
W_WEIGHTS_S = W_WEIGHTS_U + 1
W_TAG_1_U = 8
W_TAG_1_S = W_TAG_1_U + 1
W_TAG_2_U = 8
W_TAG_2_S = W_TAG_2_U + 1
W_SYN_VAR_U = {"weights": W_WEIGHTS_U, "tag_1": W_TAG_1_U, "tag_2": W_TAG_2_U}
W_SYN_VAR_S = {"weights": W_WEIGHTS_S, "tag_1": W_TAG_1_S, "tag_2": W_TAG_2_S}

W_TRACE = 7
W_TRACE_FRACTIONAL_PART = 8
W_CONST = 8
W_S_MANT = 4

W_ACCUMULATOR_U = 15
W_ACCUMULATOR_S = W_ACCUMULATOR_U + 1

FACTOR_TO_WIDTH_DICT: dict[str, int] = {
    **dict.fromkeys(names.SPIKE_DEPENDENCIES, 1),
    **dict.fromkeys(names.PRE_TRACES | names.POST_TRACES, W_TRACE),
    **dict.fromkeys(names.SYNAPTIC_VARIABLES, W_WEIGHTS_S),
    names.C: W_CONST,
}
"""Width a factor adds to its product; it also saturates the factor."""


DEP_TO_IDX_DICT: dict[str, int] = {names.X0: 0, names.Y0: 1, names.U: 2}
"""Places of the dependencies in arrays that have one entry for each."""


class GradedSpikeCfg(IntEnum):
    """What the payload of a pre-synaptic spike does to the trace ``x1``.

    Anything but the default needs a connection with ``num_message_bits > 0`` and takes the place of
    the rule's ``x1_impulse``.
    """

    USE_REGULAR_IMPULSE = 0
    """Nothing: the trace gets the impulse of the rule; the payload acts on the activation only."""
    OVERWRITE = 1
    """The trace becomes half the payload."""
    ADD_WITH_SATURATION = 2
    """Half the payload is added; the trace stays at its largest value on overflow."""
    ADD_WITHOUT_SATURATION = 3
    """Half the payload is added; on overflow the trace wraps, and only then the spike counts."""

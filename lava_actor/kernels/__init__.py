"""Inner loops over arrays: what touches every neuron or every synapse in every step.

Pure functions of arrays; no Process, no model, no port is known here. Everything they compute is
also written in NumPy beside its use (`lava_actor.proc`), and tests hold the two together: to the
last bit, except that sums over many synapses may be rounded in another order than NumPy's.
"""

from __future__ import annotations

from lava_actor import built

built.require("lava_actor.kernels._kernels")
built.require("lava_actor.kernels._learning")

from lava_actor.kernels._kernels import (  # noqa: E402  (after the check)
    advance_columns,
    as_unique,
    conv_events,
    csc_events,
    csc_events_coded,
    dense_events,
    dense_events_delayed,
    one_value,
    picked_events,
    sort_by_delay,
)

__all__ = [
    "as_unique", "one_value", "dense_events", "dense_events_delayed", "advance_columns",
    "csc_events", "csc_events_coded", "picked_events", "conv_events", "sort_by_delay",
]  # fmt: skip

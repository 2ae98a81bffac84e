"""Booking of spikes as they arrive.

Within an epoch only the position of a neuron's last spike is kept (``tx``, ``ty``). When a neuron
spikes again in the same epoch, the impulse of its earlier spike is added to the trace at once, as
if it had come before the epoch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.traces import MAX_TRACE
from lava_actor.learning.utils import saturate

PAYLOAD_VALUES = 256
"""Half a payload, and its sum with a trace, are kept modulo this in fixed point."""


def book(last_spikes: np.ndarray, spiking: np.ndarray, position: int) -> np.ndarray:
    """Note spikes, and tell who had spiked in this epoch already.

    Parameters
    ----------
    last_spikes : ndarray (neurons,)
        Position of the last spike, 0 for none; changed in place.
    spiking : ndarray of int
        Indices of the neurons that spike now.
    position : int
        Present position in the epoch, 1 … t_epoch.

    Returns
    -------
    ndarray of int
        The part of `spiking` whose earlier impulse is to be added now.
    """
    again = spiking[last_spikes[spiking] > 0] if position > 1 else spiking[:0]
    last_spikes[spiking] = position
    return again


class GradedSpikes(ABC):
    """What the payloads of pre-synaptic spikes do to the trace x1.

    Parameters
    ----------
    config : GradedSpikeCfg
        Anything but ``USE_REGULAR_IMPULSE``.
    """

    def __init__(self, config: GradedSpikeCfg) -> None:
        self.config = config

    @abstractmethod
    def apply(
        self, traces: np.ndarray, payload: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the new traces, and which of the spikes count.

        Parameters
        ----------
        traces, payload : ndarray (spiking neurons,)
            x1 and the payload of the neurons that spike.

        Returns
        -------
        traces : ndarray
        counted : ndarray of bool or None
            Spikes that are booked for the conditions and traces of the rule; None for all.
        """


class FloatGradedSpikes(GradedSpikes):
    """In double precision: nothing saturates, both ways of adding are the same."""

    def apply(self, traces: np.ndarray, payload: np.ndarray) -> tuple[np.ndarray, None]:
        """Overwrite with, or add, half the payload."""
        half = payload / 2
        return (half if self.config is GradedSpikeCfg.OVERWRITE else traces + half), None


class FixedGradedSpikes(GradedSpikes):
    """In integers, with q half the payload, rounded (halves to even) and taken modulo 256.

    ::

        OVERWRITE               x1 = q
        ADD_WITH_SATURATION     x1 = clip((x1 + q) mod 256, 0, 127)
        ADD_WITHOUT_SATURATION  s = (x1 + q) mod 256;  overflow if s > 127, then x1 = s - 127;
                                only spikes that overflow count
    """

    def apply(
        self, traces: np.ndarray, payload: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Write half the payload to the traces; see the table above."""
        half = np.rint(payload / 2).astype(np.int64) % PAYLOAD_VALUES
        if self.config is GradedSpikeCfg.OVERWRITE:
            return half, None
        total = (traces + half) % PAYLOAD_VALUES
        if self.config is GradedSpikeCfg.ADD_WITH_SATURATION:
            return saturate(total, 0, MAX_TRACE), None
        overflow = total > MAX_TRACE
        return np.where(overflow, total - MAX_TRACE, total), overflow

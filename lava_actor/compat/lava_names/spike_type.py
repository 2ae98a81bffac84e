"""Kinds of spikes of the hardware."""

from __future__ import annotations

from enum import IntEnum


class SpikeType(IntEnum):
    """Payload of a spike: none, 8 to 24 bit, or a population address."""

    BINARY_SPIKE = 1
    LONG_SPIKE = 2
    GRADED8_SPIKE = 3
    GRADED16_SPIKE = 4
    GRADED24_SPIKE = 5
    POP16_SPIKE = 6
    POP32_SPIKE = 7

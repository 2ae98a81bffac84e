"""Widths of numbers on hardware."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Precision:
    """Sign, width and implied shift of a number; without effect on a CPU.

    Attributes
    ----------
    is_signed : bool
    num_bits : int
    implicit_shift : int
        How many bits hardware shifts the number left by itself.
    """

    is_signed: bool = False
    num_bits: int = 32
    implicit_shift: int = 0

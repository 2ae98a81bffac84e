"""Which hardware there is: none."""

from __future__ import annotations


class Loihi2:
    """The Loihi 2 of this system: there is none, so that programs run their CPU models.

    Attributes
    ----------
    preferred_partition : str or None
        Where a program would like to run; without effect.
    is_loihi2_available : bool
    partition : str
    """

    preferred_partition: str | None = None
    is_loihi2_available = False
    partition = "Unspecified"

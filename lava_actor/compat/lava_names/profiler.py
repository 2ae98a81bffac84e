"""Lava's profiler of hardware."""

from __future__ import annotations

from typing import NoReturn

from lava_actor.errors import UnsupportedError


class Profiler:
    """Measures time and energy of networks on Loihi; there is no Loihi here, and no `Profiler`.

    Raises
    ------
    UnsupportedError
        (a `NotImplementedError`) by `init`, as in Lava without hardware.
    """

    @staticmethod
    def init(run_cfg: object) -> NoReturn:
        """Refuse: nothing of what it measures exists on a CPU."""
        raise UnsupportedError(
            f"Profiler.init: expected a run configuration for hardware that is there, got "
            f"{type(run_cfg).__name__}; to see where the time of a network goes, call "
            f"runtime.statistics() or use `lava-actor bench`"
        )

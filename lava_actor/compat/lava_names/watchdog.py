"""Lava's optional channel watchdog.

Here every blocked wait is recorded in the arena and a network that waits on itself is reported as a
deadlock, so there is nothing to switch on: the builder always gives the manager that does nothing.
"""

from __future__ import annotations


class NoOPWatchdogManager:
    """A watchdog manager that watches nothing."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class WatchdogManagerBuilder:
    """Builds the watchdog of a network from its compile options, which are kept for reading.

    Parameters
    ----------
    compile_config : dict
        Compile options.
    log_level : int
        Level of the watchdog's messages.
    """

    def __init__(
        self, compile_config: dict[str, object] | None = None, log_level: int = 30
    ) -> None:
        self.compile_config = dict(compile_config or {})
        self.log_level = log_level

    def build(self) -> NoOPWatchdogManager:
        """Return the manager, not started."""
        return NoOPWatchdogManager()

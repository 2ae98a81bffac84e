"""Processes that tell their shape."""

from __future__ import annotations

from lava_actor.process.process import AbstractProcess


class Shaped(AbstractProcess):
    """Base of Processes whose constructor takes a shape."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the population."""
        return self.proc_params["shape"]

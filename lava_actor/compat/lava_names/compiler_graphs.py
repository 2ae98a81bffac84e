"""Walks over networks, as `lava.magma.compiler.compiler_graphs` offers them."""

from __future__ import annotations

from collections.abc import Iterable

from lava_actor.compiler.network import find_network
from lava_actor.process.process import AbstractProcess


def find_processes(
    proc: AbstractProcess, seen_procs: Iterable[AbstractProcess] | None = None
) -> list[AbstractProcess]:
    """Return all Processes that are connected with `proc`, itself and `seen_procs` included.

    They come in the order in which they were made.
    """
    return find_network([proc, *(seen_procs or ())])

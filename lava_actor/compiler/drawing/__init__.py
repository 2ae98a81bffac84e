"""Pictures of networks: what is in them (`graph`), where it is (`layout`), how it looks (`svg`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lava_actor.compiler.drawing.graph import graph_of
from lava_actor.compiler.drawing.layout import arrange
from lava_actor.compiler.drawing.svg import Drawing, render

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess

__all__ = ["Drawing", "draw"]


def draw(process: AbstractProcess) -> Drawing:
    """Draw the network that a Process belongs to; see `AbstractProcess.draw`."""
    graph = graph_of(process)
    return Drawing(render(graph, arrange(graph)), len(graph.boxes), len(graph.edges))

"""Where the boxes of a picture stand: in layers from top to bottom, as messages flow.

Each hierarchical Process is laid out by itself and takes its place among its siblings as one box of
that size. Connections that close a circle do not count for the question which layer is whose; a
layer takes as many rows as the width allows, so a picture grows in height only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lava_actor.compiler.drawing.graph import Graph

BOX, LINE, GAP, ROW_GAP, PAD, TITLE = 148.0, 13.0, 18.0, 44.0, 16.0, 20.0
#: How wide a picture may become.
WIDTH = 900.0
_SWEEPS = 4


@dataclass
class Place:
    """Left upper corner and size of a box."""

    x: float
    y: float
    width: float
    height: float


def arrange(graph: Graph) -> dict[int, Place]:
    """A place for every box."""
    places: dict[int, Place] = {}
    _block(graph, graph.roots(), places, WIDTH)
    return places


def _block(
    graph: Graph, keys: list[int], places: dict[int, Place], limit: float
) -> tuple[float, float]:
    """Place siblings and all within them, from (0, 0); returns width and height."""
    for key in keys:
        box = graph.boxes[key]
        if box.parts:
            inner = max(BOX, limit - 2 * PAD)
            width, height = _block(graph, box.parts, places, inner)
            _move(graph, box.parts, places, PAD, TITLE + PAD)
            places[key] = Place(0, 0, max(width, BOX) + 2 * PAD, height + TITLE + 2 * PAD)
        else:
            places[key] = Place(0, 0, BOX, 21.0 + LINE * len(box.notes))
    layers = _ordered(_layers(keys, links := _links(graph, keys)), links)
    rows = [row for layer in layers for row in _rows(layer, places, limit)]
    widths = [sum(places[k].width for k in row) + GAP * (len(row) - 1) for row in rows]
    total, y = max(widths, default=BOX), 0.0
    for row, width in zip(rows, widths, strict=True):
        x = (total - width) / 2
        for key in row:
            places[key].x, places[key].y = x, y
            x += places[key].width + GAP
            _move(graph, graph.boxes[key].parts, places, places[key].x, places[key].y)
        y += max(places[k].height for k in row) + ROW_GAP
    return total, max(0.0, y - ROW_GAP)


def _move(
    graph: Graph, keys: list[int], places: dict[int, Place], right: float, down: float
) -> None:
    for key in keys:
        places[key].x += right
        places[key].y += down
        _move(graph, graph.boxes[key].parts, places, right, down)


def _rows(layer: list[int], places: dict[int, Place], limit: float) -> list[list[int]]:
    rows: list[list[int]] = []
    left = 0.0
    for key in layer:
        width = places[key].width + GAP
        if not rows or width > left + GAP:
            rows.append([])
            left = limit
        rows[-1].append(key)
        left -= width
    return rows


def _links(graph: Graph, keys: list[int]) -> dict[int, list[int]]:
    """Who sends to whom among siblings, their parts included; the order is that of creation."""
    mine = set(keys)

    def sibling(key: int | None) -> int | None:
        while key is not None and key not in mine:
            key = graph.boxes[key].parent
        return key

    found: dict[int, list[int]] = defaultdict(list)
    for edge in graph.edges:
        source, target = sibling(edge.source), sibling(edge.target)
        if edge.remote:  # who looks on stands below what is looked at
            source, target = target, source
        if source is None or target is None or source == target or target in found[source]:
            continue
        found[source].append(target)
    return found


def _layers(keys: list[int], links: dict[int, list[int]]) -> list[list[int]]:
    """Layers by the longest way from a source, without the links that close a circle."""
    order: list[int] = []
    state: dict[int, int] = {}  # 1: on the way, 2: done
    forward: dict[int, list[int]] = defaultdict(list)
    fed = {target for targets in links.values() for target in targets}
    for start in [*(k for k in keys if k not in fed), *keys]:
        stack = [(start, iter(links[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            key, targets = stack[-1]
            for target in targets:
                if state.get(target) != 1:
                    forward[key].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(links[target])))
                    break
            else:
                state[key] = 2
                order.append(key)
                stack.pop()
    depth = dict.fromkeys(keys, 0)
    for key in reversed(order):
        for target in forward[key]:
            depth[target] = max(depth[target], depth[key] + 1)
    layers: list[list[int]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in keys:
        layers[depth[key]].append(key)
    return layers


def _ordered(layers: list[list[int]], links: dict[int, list[int]]) -> list[list[int]]:
    """Put each box near the middle of its partners, down and up again."""
    back: dict[int, list[int]] = defaultdict(list)
    for source, targets in links.items():
        for target in targets:
            back[target].append(source)
    for sweep in range(_SWEEPS):
        near = links if sweep % 2 else back
        place = {key: i / len(layer) for layer in layers for i, key in enumerate(layer)}
        for layer in layers:
            layer.sort(key=lambda k: _mean([place[n] for n in near.get(k, ())], place[k]))
            place.update({key: i / len(layer) for i, key in enumerate(layer)})
    return layers


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise

"""Which way connections take in a picture: through the gaps between boxes, and back up beside them.

Boxes whose heights overlap form a band. A connection that goes down past a band takes the gap that
is nearest to the straight line; those that share a gap run beside each other. One that closes a
circle goes up to the right of all that stands between its ends, in a lane that it shares with those
to the same port.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from lava_actor.compiler.drawing.graph import Edge, Graph
from lava_actor.compiler.drawing.layout import GAP, Place

#: From the boxes to the first lane beside them, and to the last.
NEAR, FAR = 14.0, 54.0
_LANE, _DIP = 3.0, 24.0


@dataclass
class _Band:
    top: float
    bottom: float
    boxes: list[Place]

    def free(self, x: float, taken: Counter[float]) -> float:
        """Where a line near ``x`` can pass."""
        box = next((b for b in self.boxes if b.x - _LANE < x < b.x + b.width + _LANE), None)
        if box is None:
            return x
        left = x < box.x + box.width / 2
        edge = box.x if left else box.x + box.width
        taken[edge] += 1
        aside = _LANE * (1 + taken[edge] % (GAP // _LANE - 1))
        return edge - aside if left else edge + aside


def ways(graph: Graph, places: dict[int, Place]) -> list[str]:
    """The path of each connection, as SVG writes it."""
    bands = _bands([places[key] for key, box in graph.boxes.items() if not box.parts])
    taken: dict[int, Counter[float]] = defaultdict(Counter)
    ends = [_ends(graph, edge, places) for edge in graph.edges]
    up: dict[tuple[float, float], float] = {}
    lanes: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for edge, (_, y1, x2, y2) in zip(graph.edges, ends, strict=True):
        if y2 <= y1 and not edge.remote:
            up[x2, y2] = max(_side(y1, y2, places), up.get((x2, y2), 0.0))
    for end, side in up.items():
        lanes[side].append(end)
    found = []
    for edge, (x1, y1, x2, y2) in zip(graph.edges, ends, strict=True):
        if edge.remote:
            found.append(f"M{x1:g} {y1:g}{_curve(x1, y1, x2, y2, (y2 - y1) / 2)}")
        elif y2 > y1:
            found.append(_down(x1, y1, x2, y2, bands, taken))
        else:
            beside = lanes[up[x2, y2]]
            side = up[x2, y2] + NEAR + (FAR - NEAR) * beside.index((x2, y2)) / max(6, len(beside))
            found.append(
                f"M{x1:g} {y1:g}C{x1:g} {y1 + _DIP:g} {side:g} {y1 + _DIP:g} {side:g} {y1 - 10:g}"
                f"L{side:g} {y2 + 10:g}C{side:g} {y2 - _DIP:g} {x2:g} {y2 - _DIP:g} {x2:g} {y2:g}"
            )
    return found


def port_x(names: list[str], name: str, place: Place) -> float:
    """Where a port is on the edge of its box."""
    index = names.index(name) if name in names else (len(names) - 1) / 2
    return place.x + place.width * (index + 1) / (len(names) + 1)


def _ends(graph: Graph, edge: Edge, places: dict[int, Place]) -> tuple[float, float, float, float]:
    source, target = places[edge.source], places[edge.target]
    if edge.remote:  # from one that reaches into another to that: between the sides that face
        x1, x2 = source.x + source.width * 0.8, target.x + target.width * 0.8
        below = source.y > target.y
        return x1, source.y + source.height * (not below), x2, target.y + target.height * below
    x1 = port_x(graph.boxes[edge.source].outputs, edge.source_port, source)
    x2 = port_x(graph.boxes[edge.target].inputs, edge.target_port, target)
    return x1, source.y + source.height, x2, target.y


def _bands(boxes: list[Place]) -> list[_Band]:
    bands: list[_Band] = []
    for box in sorted(boxes, key=lambda b: b.y):
        if not bands or box.y >= bands[-1].bottom:
            bands.append(_Band(box.y, box.y + box.height, []))
        bands[-1].bottom = max(bands[-1].bottom, box.y + box.height)
        bands[-1].boxes.append(box)
    return bands


def _side(y1: float, y2: float, places: dict[int, Place]) -> float:
    return max(p.x + p.width for p in places.values() if p.y < y1 and p.y + p.height > y2)


def _down(
    x1: float, y1: float, x2: float, y2: float,
    bands: list[_Band], taken: dict[int, Counter[float]],
) -> str:  # fmt: skip
    way, x, y = f"M{x1:g} {y1:g}", x1, y1
    for number, band in enumerate(bands):
        if band.top < y1 or band.bottom > y2:
            continue
        past = band.free(x + (x2 - x) * (band.top - y) / (y2 - y), taken[number])
        way += f"{_curve(x, y, past, band.top)}L{past:g} {band.bottom:g}"
        x, y = past, band.bottom
    return way + _curve(x, y, x2, y2)


def _curve(x1: float, y1: float, x2: float, y2: float, bend: float | None = None) -> str:
    bend = min(40.0, (y2 - y1) / 2) if bend is None else bend
    return f"C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"

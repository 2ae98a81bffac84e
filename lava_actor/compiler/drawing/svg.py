"""How a picture of a network looks: SVG text, without any library."""

from __future__ import annotations

import html
from pathlib import Path

from lava_actor.compiler.drawing.graph import Box, Edge, Graph
from lava_actor.compiler.drawing.layout import Place
from lava_actor.errors import InvalidValueError

COLOURS = {
    "source": "#e3f1e1",
    "neurons": "#e1ecf7",
    "connection": "#f1f1f1",
    "sink": "#fbead9",
    "watcher": "#efe6f5",
}
_MARGIN = 60.0
_LETTERS = 21
#: Pictures of more boxes name ports where the mouse rests on them only.
_NAMED = 30


class Drawing:
    """A picture of a network. A notebook's cell shows it; `save` writes it; ``str`` is the SVG."""

    def __init__(self, svg: str, boxes: int, edges: int) -> None:
        self._svg, self._boxes, self._edges = svg, boxes, edges

    def save(self, path: str | Path) -> None:
        """Write the SVG to a file.

        Raises
        ------
        InvalidValueError
            (a `ValueError`) if the name does not end in ``.svg``.
        """
        if Path(path).suffix.lower() != ".svg":
            raise InvalidValueError(f"save: expected a file name that ends in .svg, got {path!s}")
        Path(path).write_text(self._svg, encoding="utf-8")

    def __str__(self) -> str:
        """The SVG."""
        return self._svg

    def __repr__(self) -> str:
        """How much there is to see."""
        return f"<drawing of {self._boxes} Processes and {self._edges} connections>"

    def _repr_svg_(self) -> str:
        return self._svg


def render(graph: Graph, places: dict[int, Place]) -> str:
    """The SVG text."""
    right = max((p.x + p.width for p in places.values()), default=0.0) + 2 * _MARGIN
    low = max((p.y + p.height for p in places.values()), default=0.0) + _MARGIN
    named = len(graph.boxes) <= _NAMED
    view = f"{-_MARGIN:g} {-_MARGIN / 2:g} {right:g} {low:g}"
    lines = [
        (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{right:g}" '
        f'height="{low:g}" style="max-width:100%;height:auto" font-family="sans-serif" '
        'font-size="10" role="img">'),
        ('<defs><marker id="la-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
        'markerHeight="6" orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b6770"/></marker></defs>'),
        (f'<rect x="{-_MARGIN:g}" y="{-_MARGIN / 2:g}" width="{right:g}" height="{low:g}" '
        'fill="#ffffff"/>'),
    ]
    outer = [box for box in graph.boxes.values() if box.parts]
    lines += [_frame(box, places[box.key]) for box in sorted(outer, key=lambda b: _depth(graph, b))]
    lines += [_connection(graph, edge, places) for edge in graph.edges]
    lines += [_box(b, places[b.key], named) for b in graph.boxes.values() if not b.parts]
    return "\n".join([*lines, "</svg>"])


def _depth(graph: Graph, box: Box) -> int:
    return 0 if box.parent is None else 1 + _depth(graph, graph.boxes[box.parent])


def _text(text: str, letters: int = _LETTERS) -> str:
    return html.escape(text if len(text) <= letters else text[: letters - 1] + "…")


def _frame(box: Box, place: Place) -> str:
    title = _text(f"{box.name}: {box.kind}", int(place.width / 6))
    return (
        f'<g><title>{html.escape(f"{box.name}: {box.kind}")}</title>'
        f'<rect x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{place.height:g}" '
        'rx="8" fill="#8090a0" fill-opacity="0.08" stroke="#8090a0" stroke-dasharray="4 3"/>'
        f'<text x="{place.x + 8:g}" y="{place.y + 15:g}" fill="#445">{title}</text></g>'
    )


def _box(box: Box, place: Place, named: bool) -> str:
    middle = place.x + place.width / 2
    whole = html.escape("\n".join([f"{box.name}: {box.kind}", *box.notes]))
    lines = [
        (f"<g><title>{whole}</title>"
        f'<rect x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{place.height:g}" '
        f'rx="5" fill="{COLOURS[box.role]}" stroke="#5b6770"/>'),
        (f'<text x="{middle:g}" y="{place.y + 15:g}" text-anchor="middle" font-weight="bold" '
        f'fill="#223">{_text(box.name)}</text>'),
    ]
    lines += [
        f'<text x="{middle:g}" y="{place.y + 28 + 13 * i:g}" text-anchor="middle" fill="#445">'
        f"{_text(note, 26)}</text>"
        for i, note in enumerate([box.kind, *box.notes])
    ]
    for names, y, step in ((box.inputs, place.y, -5), (box.outputs, place.y + place.height, 11)):
        for name in names:
            x = _port_x(names, name, place)
            lines.append(
                f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="#fff" stroke="#5b6770">'
                f"<title>{html.escape(name)}</title></circle>"
            )
            if named:
                lines.append(
                    f'<text x="{x + 5:g}" y="{y + step:g}" font-size="8" fill="#667">'
                    f"{_text(name, 14)}</text>"
                )
    return "".join([*lines, "</g>"])


def _port_x(names: list[str], name: str, place: Place) -> float:
    index = names.index(name) if name in names else (len(names) - 1) / 2
    return place.x + place.width * (index + 1) / (len(names) + 1)


def _connection(graph: Graph, edge: Edge, places: dict[int, Place]) -> str:
    source, target = places[edge.source], places[edge.target]
    if edge.remote:
        way, dashes = _sight(source, target), ' stroke-dasharray="3 3"'
    else:
        x1 = _port_x(graph.boxes[edge.source].outputs, edge.source_port, source)
        x2 = _port_x(graph.boxes[edge.target].inputs, edge.target_port, target)
        way, dashes = _way(x1, source.y + source.height, x2, target.y, places), ""
    return (
        f'<path d="{way}" fill="none" stroke="#5b6770" stroke-opacity="0.75"{dashes} '
        f'marker-end="url(#la-tip)"><title>{html.escape(edge.label)}</title></path>'
    )


def _way(x1: float, y1: float, x2: float, y2: float, places: dict[int, Place]) -> str:
    if y2 > y1:
        bend = min(40.0, (y2 - y1) / 2)
        return f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
    # Back up, to the right of all that stands between.
    between = [p for p in places.values() if p.y < y1 and p.y + p.height > y2]
    side = max(p.x + p.width for p in between) + 16
    return (
        f"M{x1:g} {y1:g}C{x1:g} {y1 + 24:g} {side:g} {y1 + 24:g} {side:g} {y1 - 10:g}"
        f"L{side:g} {y2 + 10:g}C{side:g} {y2 - 24:g} {x2:g} {y2 - 24:g} {x2:g} {y2:g}"
    )


def _sight(source: Place, target: Place) -> str:
    """From a Process that reaches into another one to that: between the sides that face."""
    x1, x2 = source.x + source.width * 0.8, target.x + target.width * 0.8
    below = source.y > target.y
    y1, y2 = source.y + source.height * (not below), target.y + target.height * below
    bend = (y2 - y1) / 2
    return f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"

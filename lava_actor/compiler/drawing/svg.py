"""How a picture of a network looks: SVG text, without any library."""

from __future__ import annotations

import html
from pathlib import Path

from lava_actor.compiler.drawing.graph import LETTERS, Box, Edge, Graph
from lava_actor.compiler.drawing.layout import LINE, Place
from lava_actor.compiler.drawing.ways import port_x, ways
from lava_actor.errors import InvalidValueError

COLOURS = {
    "source": "#e3f1e1",
    "neurons": "#e1ecf7",
    "connection": "#f1f1f1",
    "sink": "#fbead9",
    "watcher": "#efe6f5",
}
#: Of lines, by the neurons at one of their ends: so an eye can follow one among many.
LINES = ("#5b6770", "#2f6fa8", "#a8572f", "#2f8a5b", "#8a4a9a", "#8a7a1f")
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
    ends = [key for key, box in graph.boxes.items() if box.role != "connection"]
    shade = {key: LINES[i % len(LINES)] for i, key in enumerate(ends)}
    lines += [
        _connection(edge, way, shade.get(edge.source) or shade.get(edge.target, LINES[0]))
        for edge, way in zip(graph.edges, ways(graph, places), strict=True)
    ]
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
    whole = html.escape("\n".join([box.name, *box.notes]))
    lines = [
        (f"<g><title>{whole}</title>"
        f'<rect x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{place.height:g}" '
        f'rx="5" fill="{COLOURS[box.role]}" stroke="#5b6770"/>'),
        (f'<text x="{middle:g}" y="{place.y + 15:g}" text-anchor="middle" font-weight="bold" '
        f'fill="#223">{_text(box.name)}</text>'),
    ]
    lines += [
        f'<text x="{middle:g}" y="{place.y + 28 + LINE * i:g}" text-anchor="middle" fill="#445">'
        f"{_text(note, LETTERS)}</text>"
        for i, note in enumerate(box.notes)
    ]
    for names, y, step in ((box.inputs, place.y, -5), (box.outputs, place.y + place.height, 11)):
        for name in names:
            x = port_x(names, name, place)
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


def _connection(edge: Edge, way: str, colour: str) -> str:
    dashes = ' stroke-dasharray="3 3"' if edge.remote else ""
    return (
        f'<path d="{way}" fill="none" stroke="{colour}" stroke-opacity="0.75"{dashes} '
        f'marker-end="url(#la-tip)"><title>{html.escape(edge.label)}</title></path>'
    )

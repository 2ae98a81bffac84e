"""How cost grows: results along an axis as tables, and as one picture of curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Result
from benchmarks.quantities import duration

SYNAPSE_SHARE = 1 / 50
"""Share of the senders that fire per step on the axis of synapses."""
ACTIVITY_SYNAPSES = 1_000_000
"""Synapses on the axis of activity."""


@dataclass(frozen=True)
class Axis:
    """One way to make a network larger.

    Parameters
    ----------
    label : str
        Of what is varied.
    of : str
        What the work of a step consists of.
    work : callable
        How much of that there is, from the place on the axis.
    """

    label: str
    of: str
    work: Callable[[float], float]


AXES = {
    "growth: actors": Axis("actors", "actor", lambda x: x),
    "growth: neurons": Axis("neurons", "neuron", lambda x: x),
    "growth: synapses": Axis("synapses", "synaptic event", lambda x: x * SYNAPSE_SHARE),
    "growth: payload": Axis("bytes per message", "byte", lambda x: x),
    "growth: activity": Axis(
        "share of neurons that fire", "synaptic event", lambda x: x * ACTIVITY_SYNAPSES
    ),
}
"""By the shape of their cases."""


def points(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results that belong to axes, per axis, in the order of the axis."""
    found: dict[str, list[Result]] = {}
    for shape in AXES:
        chosen = [result for result in results if result.case.shape == shape]
        if chosen:
            found[shape] = sorted(chosen, key=lambda result: result.case.x)
    return found


def table(results: Sequence[Result]) -> str:
    """One table per axis, in Markdown."""
    lines = []
    for shape, chosen in points(results).items():
        axis = AXES[shape]
        names = list(dict.fromkeys(row.contender for result in chosen for row in result.rows))
        header = [axis.label, *names, f"{names[0]}, per {axis.of}", "rest: times the first"]
        lines += ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
        for result in chosen:
            rows = {row.contender: row for row in result.rows}
            first = result.rows[0]
            cells = [duration(rows[name].median) if name in rows else "" for name in names]
            cells.append(duration(first.median / axis.work(result.case.x)))
            cells.append(", ".join(f"{row.ratio:.2f}" for row in result.rows[1:]))
            lines.append("| " + " | ".join([result.case.name, *cells]) + " |")
        lines.append("")
    return "\n".join(lines)


def draw(file: Path, results: Sequence[Result]) -> None:
    """One picture: an axis per panel, time per unit over its points, both logarithmic."""
    from matplotlib import pyplot as plt  # an extra: only asked for where it is installed
    from PIL import Image  # comes with it

    axes = points(results)
    n_rows = (len(axes) + 1) // 2
    figure, panels = plt.subplots(
        n_rows, min(2, len(axes)), figsize=(9, 3.2 * n_rows), layout="constrained", squeeze=False
    )
    for panel in panels.flat[len(axes) :]:
        panel.set_axis_off()
    for panel, (shape, chosen) in zip(panels.flat, axes.items(), strict=False):
        names = list(dict.fromkeys(row.contender for result in chosen for row in result.rows))
        for name in names:
            rows = [
                (result.case.x, row)
                for result in chosen
                for row in result.rows
                if row.contender == name
            ]
            xs = [x for x, _ in rows]
            (line,) = panel.plot(
                xs, [row.median * 1e6 for _, row in rows], "o-", ms=3.5, lw=1.4, label=name
            )
            panel.fill_between(
                xs,
                [min(row.seconds) * 1e6 for _, row in rows],
                [max(row.seconds) * 1e6 for _, row in rows],
                color=line.get_color(),
                alpha=0.15,
                lw=0,
            )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel(AXES[shape].label)
        panel.set_ylabel(f"µs per {chosen[0].case.unit}")
        panel.grid(which="major", alpha=0.3)
        panel.legend(fontsize="x-small")
    figure.savefig(file, dpi=100)
    plt.close(figure)
    with Image.open(file) as picture:  # few colours, a quarter of the size
        picture.convert("RGB").quantize(48, dither=Image.Dither.NONE).save(file, optimize=True)

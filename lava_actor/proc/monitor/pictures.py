"""Pictures of what a Monitor recorded. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.process.times import UNITS, unit_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
_SIZE = (10, 5)

PLACES = 1000, 400
"""Columns and rows that marks of a raster can be told apart in."""


def new_axes() -> Axes:
    """Axes in a figure of their own."""
    import matplotlib.pyplot as plt  # an extra: only plotting needs it

    return plt.subplots(figsize=_SIZE, layout="constrained")[1]


def time_axis(ax: Axes, until: int, step_seconds: float | None) -> float:
    """Label the axis of a picture; returns what one step is on it."""
    if step_seconds is None:
        ax.set_xlabel("Time step")
        return 1.0
    unit = unit_for(step_seconds * until)
    ax.set_xlabel(f"Time ({unit})")
    return step_seconds / UNITS[unit]


def _seen(
    steps: np.ndarray, indices: np.ndarray, until: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Spikes that are seen: where millions lie upon each other, one per place."""
    columns, rows = PLACES
    if len(steps) <= columns * rows:
        return steps, indices
    places = steps.astype(np.int64) * columns // (until + 1) * rows
    places += indices.astype(np.int64) * rows // size
    last = np.full(columns * rows, -1)
    last[places] = np.arange(len(places))
    kept = np.sort(last[last >= 0])
    return steps[kept], indices[kept]


def raster(
    ax: Axes,
    rows: Sequence[tuple[str, int, np.ndarray, np.ndarray]],
    until: int,
    step_seconds: float | None,
    options: dict[str, Any],
) -> None:
    """One row per neuron, one mark per spike; several targets stand above each other.

    ``rows``: of each target its name, its number of neurons, and steps and indices of its spikes.
    """
    length = time_axis(ax, until, step_seconds)
    from matplotlib import cbook, lines  # here, as all of it: an extra

    options = cbook.normalize_kwargs(options, lines.Line2D)
    style = {"marker": "o", "markersize": 1.5, "linestyle": "None", **options}
    offset = 0
    for name, size, steps, indices in rows:
        steps, indices = _seen(steps, indices, until, size)
        ax.plot(steps * length, indices.astype(np.int64) + offset, **{"label": name, **style})
        offset += size
    ax.set_xlim(0.5 * length, (max(until, 1) + 0.5) * length)
    ax.set_ylim(-0.5, max(offset, 1) - 0.5)
    ax.set_ylabel("Neuron")
    if len(rows) > 1:
        above: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 4}
        ax.legend(markerscale=4, frameon=False, **above)
    else:
        ax.set_title(rows[0][0])

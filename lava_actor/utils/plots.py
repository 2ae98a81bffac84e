"""Plots of what a network did. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.process.hints import warn
from lava_actor.process.recording import Recording
from lava_actor.process.times import UNITS, step_seconds, unit_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEFAULT_FIGSIZE = (10, 5)


def raster_plot(
    spikes: np.ndarray, stride: int = 6, fig: Figure | None = None,
    figsize: tuple[float, float] | None = None, marker: str = "o", markersize: float = 1.5,
    color: object = "b", alpha: float = 1, xlabel: str = "Time Steps", ylabel: str = "Neurons",
    step_length: str | float | None = None, rows: str | None = None,
) -> Figure:  # fmt: skip
    """Draw a raster plot: one line per neuron, one marker per spike.

    Parameters
    ----------
    spikes
        ``(neurons, steps)``, or ``(steps, neurons)`` if `rows` says so; 0 or 1.
    stride
        Draw every `stride`-th neuron: 0, stride, 2*stride, …
    fig
        Figure to draw into; a new one if None.
    figsize
        Size of the new figure in inches; 10 by 5 if None.
    marker, markersize, color, alpha
        Of the markers, as in ``matplotlib.axes.Axes.plot``.
    xlabel, ylabel
        Labels of the axes.
    step_length
        What a step stands for, such as ``"0.1 ms"``: the axis tells times then.
    rows
        What a row of `spikes` is: ``"neurons"``, or ``"steps"`` as in the recording of a Monitor.
        Left out it is neurons, with a warning if this looks like the recording of a Monitor.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if `spikes` is not two-dimensional or empty or has other values than 0 and
        1, if `rows` is another word, if `stride` is no integer from 1 to the number of neurons, if
        `fig` is no Figure, or if both `fig` and `figsize` are given.
    """
    if rows not in (None, "neurons", "steps"):
        raise InvalidValueError(f"rows: expected 'neurons' or 'steps', got {rows!r}")
    spikes = np.asarray(spikes) if rows != "steps" else np.asarray(spikes).T
    if rows is None and spikes.flags.c_contiguous and spikes.shape in Recording.shapes:
        warn(
            f"raster_plot: an array of shape {spikes.shape} is drawn as (neurons, steps), and "
            f"looks like a recording, whose rows are steps: write rows='steps', or rows='neurons'"
        )
    if spikes.ndim != 2 or spikes.size == 0:
        raise InvalidValueError(
            "Parameter <spikes> must have exactly two dimensions and they must be non-empty."
        )
    if not np.isin(spikes, (0, 1)).all():
        raise InvalidValueError("All values in spikes must be either 0 or 1.")
    if not hasattr(stride, "__index__") or stride < 1:
        raise InvalidValueError(f"stride: expected a positive integer, got {stride!r}")
    if fig is not None and not hasattr(fig, "gca"):
        raise InvalidValueError(f"fig: expected a Figure, such as axes.figure, got {fig!r}")
    if stride > spikes.shape[0]:
        raise InvalidValueError("Stride must not be greater than the number of neurons.")
    if fig is not None and figsize is not None:
        raise InvalidValueError("Must use at most one of the following: fig, figsize.")

    length = 1.0
    if step_length is not None:
        seconds = step_seconds(step_length)
        unit = unit_for(seconds * spikes.shape[1])
        length = seconds / UNITS[unit]
        xlabel = f"Time ({unit})" if xlabel == "Time Steps" else xlabel
    import matplotlib.pyplot as plt  # an extra: only plotting needs it

    if fig is None:
        fig = plt.figure(figsize=figsize or DEFAULT_FIGSIZE)
    axes = fig.gca()
    lines, steps = np.nonzero(spikes[::stride])
    axes.plot(
        steps * length, lines * stride, linestyle="None",
        marker=marker, markersize=markersize, color=color, alpha=alpha,
    )  # fmt: skip
    axes.set_xlim(-0.5 * length, (spikes.shape[1] - 0.5) * length)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_yticks([])
    return fig

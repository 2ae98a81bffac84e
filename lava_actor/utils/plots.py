"""Plots of what a network did. Needs matplotlib (the extra ``plot``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidValueError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEFAULT_FIGSIZE = (10, 5)


def raster_plot(
    spikes: np.ndarray,
    stride: int = 6,
    fig: Figure | None = None,
    figsize: tuple[float, float] | None = None,
    marker: str = "o",
    markersize: float = 1.5,
    color: Any = "b",
    alpha: float = 1,
    xlabel: str = "Time Steps",
    ylabel: str = "Neurons",
) -> Figure:
    """Draw a raster plot: one line per neuron, one marker per spike.

    Parameters
    ----------
    spikes
        ``(neurons, steps)``, 0 or 1.
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

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if `spikes` is not two-dimensional or empty or has other values than 0 and
        1, if `stride` exceeds the number of neurons, or if both `fig` and `figsize` are given.
    """
    spikes = np.asarray(spikes)
    if spikes.ndim != 2 or spikes.size == 0:
        raise InvalidValueError(
            "Parameter <spikes> must have exactly two dimensions and they must be non-empty."
        )
    if not np.isin(spikes, (0, 1)).all():
        raise InvalidValueError("All values in spikes must be either 0 or 1.")
    if stride > spikes.shape[0]:
        raise InvalidValueError("Stride must not be greater than the number of neurons.")
    if fig is not None and figsize is not None:
        raise InvalidValueError("Must use at most one of the following: fig, figsize.")

    import matplotlib.pyplot as plt  # an extra: only plotting needs it

    if fig is None:
        fig = plt.figure(figsize=figsize or DEFAULT_FIGSIZE)
    axes = fig.gca()
    lines, steps = np.nonzero(spikes[::stride])
    axes.plot(
        steps,
        lines * stride,
        marker=marker,
        markersize=markersize,
        color=color,
        alpha=alpha,
        linestyle="None",
    )
    axes.set_xlim(-0.5, spikes.shape[1] - 0.5)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_yticks([])
    return fig

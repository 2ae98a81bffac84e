"""Raster plots."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from lava_actor.process.recording import Recording
from lava_actor.utils.plots import raster_plot


@pytest.fixture(autouse=True)
def figures_closed():
    Recording.shapes.clear()
    yield
    plt.close("all")


SPIKES = np.array([[0, 1, 0], [1, 1, 1], [0, 0, 1], [1, 0, 0]])


def test_with_the_length_of_a_step_the_axis_tells_times() -> None:
    figure = raster_plot(SPIKES, stride=1, step_length="0.5 ms")
    (line,) = figure.gca().lines
    assert sorted(set(line.get_xdata())) == [0.0, 0.5, 1.0]
    assert figure.gca().get_xlabel() == "Time (ms)"


def test_every_stride_th_neuron_is_drawn() -> None:
    figure = raster_plot(SPIKES, stride=2)
    (line,) = figure.gca().lines
    assert sorted(zip(line.get_xdata(), line.get_ydata(), strict=True)) == [(1, 0), (2, 2)]
    assert figure.gca().get_xlabel() == "Time Steps"
    assert figure.gca().get_ylabel() == "Neurons"
    assert tuple(figure.get_size_inches()) == (10, 5)


def test_a_given_figure_is_drawn_into() -> None:
    figure = plt.figure()
    assert raster_plot(SPIKES, stride=1, fig=figure) is figure


@pytest.mark.parametrize(
    ("spikes", "kwargs", "text"),
    [
        (
            np.zeros(3),
            {},
            "Parameter <spikes> must have exactly two dimensions and they must be non-empty.",
        ),
        (
            np.zeros((0, 3)),
            {},
            "Parameter <spikes> must have exactly two dimensions and they must be non-empty.",
        ),
        (np.full((8, 2), 2), {}, "All values in spikes must be either 0 or 1."),
        (SPIKES, {"stride": 5}, "Stride must not be greater than the number of neurons."),
    ],
)
def test_wrong_arguments_are_refused(spikes, kwargs, text) -> None:
    with pytest.raises(ValueError, match=f"^{text.replace('<', '[<]')}$"):
        raster_plot(spikes, **kwargs)


def test_figure_and_size_exclude_each_other() -> None:
    with pytest.raises(ValueError, match=r"^Must use at most one of the following: fig, figsize.$"):
        raster_plot(SPIKES, stride=1, fig=plt.figure(), figsize=(1, 1))

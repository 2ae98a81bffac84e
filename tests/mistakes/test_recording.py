"""Mistakes in recording."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from lava_actor.proc.monitor.process import Monitor
from lava_actor.utils.plots import raster_plot
from tests.mistakes.tables import FLOAT, Table, lif, ran

TABLE = Table()
doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


@doubted("m.get_data", "not started", "zeros")
def reading_a_monitor_that_never_ran() -> None:
    monitor = Monitor(name="m")
    monitor.probe(lif().v, 3)
    assert next(iter(monitor.get_data().values()))["v"].shape == (3, 2)


@harmless
def probing_without_a_number_of_steps() -> None:
    Monitor().probe(lif().v)


@refused("m.probe", "'x'", "another name")
def probing_two_of_one_name() -> None:
    monitor = Monitor(name="m")
    for _ in range(2):
        monitor.probe(lif(name="x").v, 3)


@harmless
def probing_two_targets_and_too_many_steps() -> None:
    a, monitor = lif(bias_mant=1), Monitor()
    monitor.probe(a.v, 5)
    monitor.probe(a.u, 2)
    monitor.run(2, FLOAT)  # through the Monitor
    data = monitor.get_data()
    assert data[a.name]["v"][:, 0].tolist() == [1, 2, 0, 0, 0]
    assert data[a.name]["u"].shape == (2, 2)


@refused("nothing called 'cell' is recorded; there is: a$")
def a_recording_of_another_name() -> None:
    a, monitor = lif(name="a"), Monitor()
    monitor.probe(a.v, 1)
    ran(a)
    monitor.get_data()["cell"]


@harmless
def reading_and_plotting_a_monitor_after_stop() -> None:
    class Axes:
        def __getattr__(self, _name: str) -> Any:
            return lambda *_args, **_kwargs: None

    a, monitor = lif(bias_mant=1), Monitor()
    monitor.probe(a.v, 2)
    ran(a, 2).stop()
    assert monitor.get_data()[a.name]["v"].tolist() == [[1, 1], [2, 2]]
    monitor.plot(Axes(), a.v)


@refused("m: a.v is not probed")
def plotting_what_was_not_probed() -> None:
    class Axes:
        def plot(self) -> None:
            pass

    Monitor(name="m").plot(Axes(), lif(name="a").v)


@doubted(r"raster_plot: .* \(4, 2\) is drawn as \(neurons, steps\)", "rows='steps'")
def a_recording_whose_steps_are_drawn_as_neurons() -> None:
    a, monitor = lif(), Monitor()
    monitor.probe(a.s_out, 4)
    ran(a, 4)
    spikes = monitor.get_data()[a.name]["s_out"].astype(int)
    for given in ({}, {"rows": "steps"}):
        plt.close(raster_plot(spikes, stride=1, **given))
    plt.close(raster_plot(spikes.T, stride=1))


TABLE.REFUSED |= {
    "no_stride": (
        lambda: raster_plot(np.eye(8), stride=0),
        ("stride: expected a positive integer, got 0",),
    ),
    "axes_for_a_figure": (
        lambda: raster_plot(np.eye(8), fig=object()),  # type: ignore[arg-type]
        ("fig: expected a Figure, such as axes.figure",),
    ),
    "a_target_for_the_constructor": (
        lambda: Monitor(lif().v),  # type: ignore[call-arg]
        ("Monitor: too many positional", r"probe\(…\)"),
    ),
    "a_misspelt_keyword_of_probe": (
        lambda: Monitor().probe(lif().v, numsteps=3),  # type: ignore[call-arg]
        ("Monitor.probe: .*'numsteps'", "did you mean 'num_steps'"),
    ),
    "spikes_of_nothing": (
        lambda: Monitor().spikes(),
        ("Monitor.spikes: missing a required argument: 'target'",),
    ),
    "probing_after_the_start": (
        lambda: Monitor().probe(ran(lif(name="a")).s_out, 3),
        ("probe", "'?a'? is started", r"before the start, or after stop\(\)"),
    ),
    "probing_an_in_port": (
        lambda: Monitor(name="m").probe(lif(name="a").a_in, 3),
        ("m.probe", "InPort a.a_in", "OutPort that feeds it"),
    ),
    "probing_a_process": (
        lambda: Monitor(name="m").probe(lif(name="a"), 3),
        ("m.probe", "'a'", "itself", "vth, s_out"),
    ),
    "probing_a_fraction_of_a_step": (
        lambda: Monitor(name="m").probe(lif().v, 2.5),
        ("m.probe", "an integer", "2.5"),
    ),
    "plotting_into_a_figure": (
        lambda: Monitor(name="m").plot(object(), lif().v),
        ("m.plot", "axes"),
    ),
    "probing_with_a_class": (
        lambda: Monitor.probe(lif().v, 3),
        ("Monitor.probe belongs to an instance",),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()

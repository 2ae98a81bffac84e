"""Draws the pictures of docs/gallery.md: every neuron model, run by the real runtime.

    python docs/make_gallery.py [--into FOLDER] [names …]

Each function below builds a small network, records it with a Monitor and draws what came out.
Afterwards no actor may be left; if one is, the program says so and fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from lava_actor import AbstractProcess, Loihi2SimCfg, OutPort, RunSteps, Var
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF, LearningLIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.resfire.process import RFZero
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.s4d.process import S4d, SigmaS4dDelta, SigmaS4dDeltaLayer
from lava_actor.proc.sdn.process import Delta, Sigma, SigmaDelta

FOLDER = Path(__file__).resolve().parent / "gallery"
BLUE, ORANGE, GREEN, GREY, RED = "#1f5fa8", "#d9731a", "#3a8a4d", "#8a8a8a", "#b8323c"

PICTURES: dict[str, Callable[[], Figure]] = {}
"""What can be drawn, by the name of the file."""


def picture(function: Callable[[], Figure]) -> Callable[[], Figure]:
    """Make a function one of the pictures, under its name."""
    PICTURES[function.__name__] = function
    return function


# --- running and drawing -------------------------------------------------------------------------


def record(*targets: Var | OutPort, steps: int, tag: str = "floating_pt") -> list[np.ndarray]:
    """Run the network of some Vars and OutPorts; one array (steps, neurons) for each."""
    monitor = Monitor()
    for target in targets:
        monitor.probe(target, steps)
    with monitor:
        monitor.run(RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag=tag))
        data = monitor.get_data()
        return [data[t.process.name][t.name].reshape(steps, -1) for t in targets]


def source(values: np.ndarray) -> RingBuffer:
    """Send ``values``, shape (neurons, steps) or (steps,)."""
    return RingBuffer(data=np.atleast_2d(values))


def feed(values: np.ndarray, neuron: AbstractProcess, port: str = "a_in") -> None:
    """Drive an InPort with ``values``."""
    source(values).s_out.connect(getattr(neuron, port))


def pulses(steps: int, at: dict[int, float]) -> np.ndarray:
    """Zeros with values at some steps (the first step is 1)."""
    values = np.zeros(steps)
    for step, value in at.items():
        values[step - 1] = value
    return values


def panels(title: str, *heights: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels above each other that share the time axis."""
    figure = Figure(figsize=(6.4, 0.55 + sum(heights)), dpi=100, layout="constrained")
    grid = figure.subplots(
        len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    axes = list(grid[:, 0])
    axes[0].set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes[-1].set_xlabel("step", fontsize=8)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    return figure, axes


def trace(ax: Axes, values: np.ndarray, label: str, color: str = BLUE, **style: object) -> None:
    """Draw one neuron's values over the steps, from step 1."""
    time = np.arange(1, len(values) + 1)
    ax.plot(time, values, color=color, linewidth=1.3, label=label, **style)


def level(ax: Axes, value: float, label: str) -> None:
    """Draw a threshold."""
    ax.axhline(value, color=GREY, linestyle="--", linewidth=0.9, label=label)


def raster(ax: Axes, spikes: np.ndarray, label: str = "spikes") -> None:
    """Draw one row per neuron; spikes downwards are red."""
    for sign, color in ((1, BLUE), (-1, RED)):
        step, neuron = np.nonzero(np.sign(spikes) == sign)
        ax.vlines(step + 1, neuron - 0.38, neuron + 0.38, color=color, linewidth=1.3)
    ax.set_ylim(-0.6, spikes.shape[1] - 0.4)
    ax.set_yticks([])
    ax.set_ylabel(label, fontsize=8)


def stems(ax: Axes, values: np.ndarray, label: str, color: str = ORANGE) -> None:
    """Draw messages with a value; nothing where nothing was sent."""
    sent = np.flatnonzero(values)
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.vlines(sent + 1, 0, values[sent], color=color, linewidth=1.3)
    ax.plot(sent + 1, values[sent], "o", color=color, markersize=2.6, label=label)


def finish(figure: Figure, axes: list[Axes], *labels: str) -> Figure:
    """Name the vertical axes and add the legends."""
    for ax, label in zip(axes, labels, strict=False):
        if label:
            ax.set_ylabel(label, fontsize=8)
    for ax in axes:
        if len(ax.get_legend_handles_labels()[0]) > 1:
            ax.legend(
                fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0),
                borderaxespad=0.2, handlelength=1.4,
            )  # fmt: skip
    return figure


# --- leaky integrate and fire --------------------------------------------------------------------


@picture
def lif() -> Figure:
    """Draw five LIF neurons with five biases, the middle one in detail."""
    cells = LIF(shape=(5,), du=0.2, dv=0.05, vth=10, bias_mant=np.linspace(0.4, 1.4, 5))
    feed(np.tile(pulses(150, {50: 3.0, 100: -3.0}), (5, 1)), cells)
    v, u, s = record(cells.v, cells.u, cells.s_out, steps=150)
    figure, axes = panels("LIF", 1.5, 0.8, 0.9)
    trace(axes[0], v[:, 2], "v")
    level(axes[0], 10, "vth")
    trace(axes[1], u[:, 2], "u", ORANGE)
    raster(axes[2], s, "5 neurons,\nbias 0.4 … 1.4")
    return finish(figure, axes, "voltage", "current")


@picture
def lif_reset() -> Figure:
    """Draw a neuron that is reset every 30 steps."""
    cells = LIFReset(shape=(1,), dv=0.01, vth=10, bias_mant=0.55, reset_interval=30)
    v, s = record(cells.v, cells.s_out, steps=150)
    figure, axes = panels("LIFReset, reset_interval=30", 1.6, 0.4)
    trace(axes[0], v[:, 0], "v")
    level(axes[0], 10, "vth")
    for i, step in enumerate(range(30, 150, 30)):
        label = "reset" if i == 0 else None
        axes[0].axvline(step, color=ORANGE, linewidth=0.9, linestyle=":", label=label)
    raster(axes[1], s)
    return finish(figure, axes, "voltage")


@picture
def lif_refractory() -> Figure:
    """Draw two neurons that differ in their refractory period."""
    plain = LIF(shape=(1,), vth=10, bias_mant=1.2)
    tired = LIFRefractory(shape=(1,), vth=10, bias_mant=1.2, refractory_period=12)
    (v0, s0), (v1, s1) = (record(p.v, p.s_out, steps=110) for p in (plain, tired))
    figure, axes = panels("LIFRefractory, refractory_period=12", 1.6, 0.6)
    trace(axes[0], v1[:, 0], "LIFRefractory")
    trace(axes[0], v0[:, 0], "LIF", GREY, alpha=0.6)
    level(axes[0], 10, "vth")
    raster(axes[1], np.hstack([s1, s0]), "")
    axes[1].set_yticks([0, 1], ["Refractory", "LIF"], fontsize=7)
    return finish(figure, axes, "voltage")


@picture
def ternary_lif() -> Figure:
    """Draw a neuron that follows a sine with spikes up and down."""
    cells = TernaryLIF(shape=(1,), dv=0.02, vth_hi=4, vth_lo=-4)
    drive = np.sin(np.arange(160) / 160 * 4 * np.pi)
    cells.du.init = 1
    feed(drive, cells)
    v, s = record(cells.v, cells.s_out, steps=160)
    figure, axes = panels("TernaryLIF", 0.8, 1.4, 0.5)
    trace(axes[0], drive, "a_in", GREEN)
    trace(axes[1], v[:, 0], "v")
    level(axes[1], 4, "vth_hi, vth_lo")
    axes[1].axhline(-4, color=GREY, linestyle="--", linewidth=0.9)
    raster(axes[2], s, "+1 / −1")
    return finish(figure, axes, "input", "voltage")


@picture
def learning_lif() -> Figure:
    """Draw a weight that STDP raises while pre- comes before post-synaptic activity."""
    steps = 200
    pre = np.zeros((1, steps))
    pre[0, 9::20] = 1
    post = np.zeros((1, steps))
    post[0, 12:100:20] = 20  # first three steps after the pre-synaptic spike …
    post[0, 106::20] = 20  # … then three steps before the next one
    rule = STDPLoihi(
        learning_rate=1, A_plus=0.5, A_minus=-0.5, tau_plus=8, tau_minus=8, t_epoch=1
    )
    synapse = LearningDense(weights=np.array([[40.0]]), learning_rule=rule)
    cell = LearningLIF(shape=(1,), du=1, dv=1, vth=10)
    mute = RingBuffer(data=pre)
    mute.s_out.connect(synapse.s_in)
    feed(post, cell)
    cell.s_out.connect(synapse.s_in_bap)
    w, s_post, s_pre = record(synapse.weights, cell.s_out, mute.s_out, steps=steps)
    figure, axes = panels("LearningLIF with LearningDense and STDPLoihi", 1.5, 0.6)
    trace(axes[0], w[:, 0], "weight", GREEN)
    raster(axes[1], np.hstack([s_post, s_pre]), "")
    axes[1].set_yticks([0, 1], ["post", "pre"], fontsize=7)
    return finish(figure, axes, "weight")


@picture
def atrlif() -> Figure:
    """Draw a threshold that climbs with every spike, and decays."""
    cells = ATRLIF(
        shape=(1,), delta_i=0.4, delta_v=0.1, delta_theta=0.03, delta_r=0.1, theta_0=5, theta_step=3
    )
    drive = np.zeros(160)
    drive[10:110] = 0.9
    feed(drive, cells)
    v, r, theta, s = record(cells.v, cells.r, cells.theta, cells.s_out, steps=160)
    figure, axes = panels("ATRLIF", 1.8, 0.4)
    trace(axes[0], v[:, 0], "v")
    trace(axes[0], v[:, 0] - r[:, 0], "v − r", GREEN)
    trace(axes[0], theta[:, 0], "theta", ORANGE)
    raster(axes[1], s)
    return finish(figure, axes, "state")


# --- resonate and fire ---------------------------------------------------------------------------


@picture
def rf() -> Figure:
    """Draw two oscillators under a pulse train that has the period of one of them."""
    steps = 160
    train = np.zeros(steps)
    train[9:90:20] = 0.5
    real, spikes = [], []
    for period in (20, 13):
        cells = RF(shape=(1,), period=period, alpha=0.04, vth=0.8)
        feed(train, cells, "a_real_in")
        for kept, got in zip(
            (real, spikes), record(cells.real, cells.s_out, steps=steps), strict=True
        ):
            kept.append(got[:, 0])
    figure, axes = panels("RF under a pulse every 20 steps", 0.5, 1.6, 0.6)
    raster(axes[0], train[:, None], "input")
    trace(axes[1], real[0], "period 20")
    trace(axes[1], real[1], "period 13", GREY)
    level(axes[1], 0.8, "vth")
    raster(axes[2], np.stack(spikes[::-1], axis=1), "")
    axes[2].set_yticks([1, 0], ["20", "13"], fontsize=7)
    return finish(figure, axes, "", "real part")


@picture
def rf_iz() -> Figure:
    """Draw the reset of RF_IZ in the complex state."""
    cells = RF_IZ(shape=(1,), period=20, alpha=0.02, vth=0.5)
    feed(pulses(140, {10: 0.6, 62: 0.4, 82: 0.4}), cells, "a_real_in")
    real, imag, s = record(cells.real, cells.imag, cells.s_out, steps=140)
    figure, axes = panels("RF_IZ", 1.7, 0.4)
    trace(axes[0], real[:, 0], "real", GREY)
    trace(axes[0], imag[:, 0], "imag")
    level(axes[0], 0.5, "vth")
    raster(axes[1], s)
    return finish(figure, axes, "state")


@picture
def rf_zero() -> Figure:
    """Draw an oscillator that rings down and sends its amplitude once per period."""
    cells = RFZero(shape=(1,), freqs=40, decay_tau=0.06, uth=50)
    feed(pulses(160, {10: 1000, 90: 1500}).astype(int), cells, "u_in")
    u, v, s = record(cells.u, cells.v, cells.s_out, steps=160, tag="fixed_pt")
    figure, axes = panels("RFZero, 40 Hz at 1 ms per step", 1.5, 0.8)
    trace(axes[0], u[:, 0], "u")
    trace(axes[0], v[:, 0], "v", GREY)
    stems(axes[1], s[:, 0], "s_out")
    return finish(figure, axes, "state", "s_out")


# --- sigma and delta -----------------------------------------------------------------------------


def _wave(steps: int) -> np.ndarray:
    time = np.arange(steps)
    return 5 * np.sin(time / 20) * np.exp(-time / 120)


@picture
def delta_sigma() -> Figure:
    """Draw a wave, the few messages that carry it, and the wave again."""
    wave = _wave(160)
    delta, sigma = Delta(shape=(1,), vth=0.8), Sigma(shape=(1,))
    feed(wave, delta)
    delta.s_out.connect(sigma.a_in)
    sent, back = record(delta.s_out, sigma.s_out, steps=160)
    figure, axes = panels("Delta, then Sigma", 0.9, 1.5)
    stems(axes[0], sent[:, 0], "Delta")
    trace(axes[1], wave, "a_in of Delta", GREY)
    trace(axes[1], back[:, 0], "s_out of Sigma", drawstyle="steps-post")
    messages = np.count_nonzero(sent)
    axes[0].set_title(
        f"{messages} messages in 160 steps", loc="right", fontsize=8, color=GREY
    )
    return finish(figure, axes, "Delta sends", "activity")


@picture
def sigma_delta() -> Figure:
    """Draw a rectifying neuron that receives and sends changes."""
    wave = _wave(160)
    cells = SigmaDelta(shape=(1,), vth=0.4)
    feed(np.diff(wave, prepend=0.0), cells)
    sigma, sent = record(cells.sigma, cells.s_out, steps=160)
    figure, axes = panels("SigmaDelta, RELU", 1.5, 0.8)
    trace(axes[0], sigma[:, 0], "sigma", GREY)
    trace(axes[0], np.cumsum(sent[:, 0]), "sum of s_out", drawstyle="steps-post")
    stems(axes[1], sent[:, 0], "s_out")
    return finish(figure, axes, "activity", "s_out")


@picture
def s4d() -> Figure:
    """Draw the answer of one state-space mode to a step, in full and as changes."""
    steps = 140
    drive = np.zeros(steps)
    drive[9:80] = 1.0
    mode = {"a": 0.96 * np.exp(0.2j), "b": 0.1, "c": 1.0}
    plain = S4d(shape=(1,), **mode)
    feed(drive, plain)
    (full,) = record(plain.s_out, steps=steps)
    sparse = SigmaS4dDelta(shape=(1,), vth=0.15, **mode)
    feed(np.diff(drive, prepend=0.0), sparse)
    (sent,) = record(sparse.s_out, steps=steps)
    layer = SigmaS4dDeltaLayer(shape=(1,), vth=0.15, d_states=1, **mode)
    changes = source(np.diff(drive, prepend=0.0))
    changes.s_out.connect(layer.s_in)
    (out,) = record(layer.a_out, steps=steps)
    figure, axes = panels("S4d, SigmaS4dDelta, SigmaS4dDeltaLayer", 1.6, 0.8)
    trace(axes[0], full[:, 0], "S4d", GREY)
    trace(axes[0], np.cumsum(sent[:, 0]), "SigmaS4dDelta,\nsummed", drawstyle="steps-post")
    trace(axes[0], np.cumsum(out[:, 0]), "…Layer, summed", GREEN, drawstyle="steps-post")
    stems(axes[1], sent[:, 0], "s_out")
    return finish(figure, axes, "activity", "SigmaS4dDelta\nsends")


# --- graded spikes -------------------------------------------------------------------------------


@picture
def graded_vec() -> Figure:
    """Draw what two thresholds let through."""
    values = np.round(40 * np.sin(np.arange(60) / 6)).astype(int)
    both, up = GradedVec(shape=(1,), vth=20), GradedReluVec(shape=(1,), vth=20)
    sender = source(values)
    sender.s_out.connect([both.a_in, up.a_in])
    a, b = record(both.s_out, up.s_out, steps=60, tag="fixed_pt")
    figure, axes = panels("GradedVec and GradedReluVec, vth=20", 1.0, 1.0)
    for ax, sent in zip(axes, (a, b), strict=True):
        trace(ax, values, "a_in", GREY, alpha=0.6)
        stems(ax, sent[:, 0], "s_out")
    return finish(figure, axes, "GradedVec", "GradedReluVec")


@picture
def norm_vec_delay() -> Figure:
    """Draw a vector of growing length that comes out with length one."""
    steps, one = 40, 1 << 12
    scale = np.linspace(0.5, 3.0, steps)
    vectors = (np.array([[0.6], [0.8]]) * scale * one).astype(int)
    # in the network, the second input is the inverse length; here it is computed beforehand
    inverse = np.roll(one / scale, 1).astype(int)
    cells = NormVecDelay(shape=(2,), vth=1)
    feed(vectors, cells, "a_in1")
    feed(np.tile(inverse, (2, 1)), cells, "a_in2")
    (out,) = record(cells.s_out, steps=steps, tag="fixed_pt")
    figure, axes = panels("NormVecDelay", 0.9, 0.9)
    for i, color in enumerate((BLUE, ORANGE)):
        trace(axes[0], vectors[i] / one, f"a_in1[{i}]", color)
        trace(axes[1], out[:, i] / one**2, f"s_out[{i}]", color, marker=".", markersize=3)
    axes[0].set_ylim(0, None)
    axes[1].set_ylim(0, 1)
    return finish(figure, axes, "input", "output")


@picture
def inv_sqrt() -> Figure:
    """Draw the fixed-point iteration over the exact curve."""
    exact = np.linspace(0.2, 8, 60)
    cells = InvSqrt(shape=(1,), fp_base=12)
    feed((exact * 2**12).astype(int), cells)
    (out,) = record(cells.s_out, steps=60, tag="fixed_pt")
    figure, axes = panels("InvSqrt, fp_base=12", 0.7, 1.4)
    trace(axes[0], exact, "a_in", GREEN)
    trace(axes[1], 1 / np.sqrt(exact), "1 / √a_in", GREY)
    axes[1].plot(np.arange(1, 61), out[:, 0] / 2**12, ".", color=BLUE, markersize=4, label="s_out")
    return finish(figure, axes, "input", "output")


@picture
def prod_neuron() -> Figure:
    """Draw the product of two waves."""
    time = np.arange(120)
    carrier = np.round(100 * np.sin(time / 3)).astype(int)
    envelope = np.round(64 * np.sin(time / 38)).astype(int)
    cells = ProdNeuron(shape=(1,), vth=1, exp=6)
    feed(carrier, cells, "a_in1")
    feed(envelope, cells, "a_in2")
    (out,) = record(cells.s_out, steps=120, tag="fixed_pt")
    figure, axes = panels("ProdNeuron, exp=6", 0.9, 1.2)
    trace(axes[0], carrier, "a_in1", GREY)
    trace(axes[0], envelope, "a_in2", ORANGE)
    trace(axes[1], out[:, 0], "s_out")
    return finish(figure, axes, "inputs", "s_out")


# --- the program ---------------------------------------------------------------------------------


def draw(name: str, folder: Path = FOLDER) -> Path:
    """Draw one picture into a folder; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    figure = PICTURES[name]()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)  # a third of the size
    return path


def actors_left() -> list[str]:
    """Name the children of the launcher: services and actors that are still there."""
    from lava_actor.runtime.start import launcher

    pid = launcher.ensure().process.pid
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return listing.read_text("ascii").split()


def main() -> int:
    """Draw the pictures of some names, or all; 1 if something is left running."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/gallery.md.")
    parser.add_argument("names", nargs="*", help=f"which ones: {', '.join(PICTURES)}")
    parser.add_argument("--into", type=Path, default=FOLDER, help="where to write them")
    options = parser.parse_args()
    for name in options.names or PICTURES:
        path = draw(name, options.into)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    left = actors_left()
    if left:
        print("still running:", ", ".join(left), file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())

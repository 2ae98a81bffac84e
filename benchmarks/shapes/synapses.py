"""Delays beside none, a convolution, and sigma-delta neurons that send what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.periodic import NEVER, Layer, Source, follower
from benchmarks.processes import Check, actors
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from lava_actor.proc.sparse.process import DelaySparse, Sparse

LAYERS = Layer(Source(5000, 33), 500_000), Layer(Source(10_000, 33), 2_000_000)
LONGEST = 8
"""Steps of delay at most."""
IMAGE, FEATURES, KERNEL, PERIOD = (64, 64, 8), 16, 3, 50
DIGITS = (64, 400, 10)
"""Pixels, hidden neurons, classes."""
IMAGES, SHOWN = 50, 20
"""Images, and steps that each is shown; then they begin again."""


def delays(layer: Layer) -> np.ndarray:
    """0 to `LONGEST` - 1 extra steps for the synapses of a layer, evenly."""
    return np.random.default_rng(8).integers(0, LONGEST, layer.n_synapses)


def connected(layer: Layer, *, delayed: bool) -> tuple[LIF, Check]:
    """A source, synapses and listeners, whose voltages are what arrives."""
    source, listeners = LIF(**layer.source.constants), LIF(**layer.listener)
    weights = layer.weights()
    if delayed:
        late = weights.astype(np.int32)
        late.data[:] = delays(layer)
        connection = DelaySparse(weights=weights, delays=late)
        parts = []
        for delay in range(LONGEST):
            part = weights.copy()
            part.data[:] = late.data == delay
            parts.append(part)
    else:
        connection, parts = Sparse(weights=weights), [weights]
    source.s_out.connect(connection.s_in)
    connection.a_out.connect(listeners.a_in)

    def check(steps: int) -> None:
        wanted = sum(
            part @ layer.source.fired(steps - 1 - delay) for delay, part in enumerate(parts)
        )
        expect(np.array_equal(listeners.v.get(), wanted), f"other voltages after step {steps}")

    return source, check


class Convolution:
    """A convolution of spikes that come by themselves; weights are small integers.

    Parameters
    ----------
    image : (X, Y, channels)
    """

    def __init__(self, image: tuple[int, int, int] = IMAGE) -> None:
        self.image = image
        self.source = Source(int(np.prod(image)), PERIOD)
        shape = (FEATURES, KERNEL, KERNEL, image[2])
        self.weights = np.random.default_rng(9).integers(-8, 8, shape).astype(float)
        flipped = self.weights[:, ::-1, ::-1].transpose(3, 1, 2, 0)
        self.columns = np.ascontiguousarray(flipped).reshape(-1, FEATURES)

    def sums(self, step: int) -> np.ndarray:
        """What the listeners receive of the spikes of a step: a matrix product over all windows."""
        padded = np.pad(self.source.fired(step).reshape(self.image), ((1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (KERNEL, KERNEL), axis=(0, 1))
        found = windows.reshape(-1, self.columns.shape[0]) @ self.columns
        return found.reshape(*self.image[:2], FEATURES)

    def build(self) -> tuple[LIF, Check]:
        """Source, Conv, listeners."""
        constants = self.source.constants
        constants |= {"shape": self.image, "v": constants["v"].reshape(self.image)}
        source = LIF(**constants)
        conv = Conv(weight=self.weights, input_shape=self.image, padding=1)
        listeners = LIF(**follower(0, NEVER) | {"shape": (*self.image[:2], FEATURES)})
        source.s_out.connect(conv.s_in)
        conv.a_out.connect(listeners.a_in)

        def check(steps: int) -> None:
            wanted = self.sums(steps - 1)
            expect(np.array_equal(listeners.v.get(), wanted), f"another image after step {steps}")

        return source, check


class Digits:
    """Two layers of sigma-delta neurons that look at images, each for a while; all are integers.

    Parameters
    ----------
    sizes : (int, int, int)
    """

    def __init__(self, sizes: tuple[int, int, int] = DIGITS) -> None:
        rng = np.random.default_rng(10)
        self.sizes = sizes
        self.images = rng.integers(0, 17, (IMAGES, sizes[0])) * (rng.random(sizes[0]) < 0.5)
        self.weights = [
            rng.integers(-8, 8, (after, before)).astype(float) for before, after in pairwise(sizes)
        ]

    def shown(self, step: int) -> np.ndarray:
        """The pixels in a step, which counts from 1."""
        image: np.ndarray = self.images[(step - 1) // SHOWN % IMAGES].astype(float)
        return image

    def build(self) -> tuple[RingBuffer, Check]:
        """Source, Delta, Dense, SigmaDelta, Dense, Sigma."""
        source = RingBuffer(data=np.repeat(self.images.T, SHOWN, axis=1).astype(float))
        delta = Delta(shape=self.sizes[:1], vth=1)
        hidden = SigmaDelta(shape=self.sizes[1:2], vth=16, act_mode=ActivationMode.RELU)
        last = Sigma(shape=self.sizes[2:])
        source.s_out.connect(delta.a_in)
        for before, weights, after in zip(
            (delta, hidden), self.weights, (hidden, last), strict=True
        ):
            dense = Dense(weights=weights, num_message_bits=24)
            before.s_out.connect(dense.s_in)
            dense.a_out.connect(after.a_in)

        def check(steps: int) -> None:
            state = DigitsLoop(self)
            state.run(steps)
            expect(np.array_equal(last.sigma.get(), state.last), f"other sums after step {steps}")

        return source, check


class DigitsLoop:
    """The same in plain NumPy.

    Parameters
    ----------
    network : Digits
    """

    def __init__(self, network: Digits) -> None:
        self.network = network
        self.step = 0
        pixels, hidden, last = network.sizes
        self.seen = np.zeros(pixels)
        self.sigma, self.act, self.residue = np.zeros((3, hidden))
        self.to_hidden, self.to_last, self.last = np.zeros(hidden), np.zeros(last), np.zeros(last)

    def run(self, steps: int) -> None:
        """Go that many steps; what a layer sends arrives one step later."""
        first, second = self.network.weights
        for _ in range(steps):
            self.step += 1
            pixels = self.network.shown(self.step)
            changed, self.seen = pixels - self.seen, pixels
            self.sigma += self.to_hidden
            active = np.maximum(self.sigma, 0)
            change = active - self.act + self.residue
            sent = np.where(np.abs(change) >= 16, change, 0)
            self.act, self.residue = active, change - sent
            self.last += self.to_last
            self.to_hidden, self.to_last = first @ changed, second @ sent


def loop(name: str, run: Callable[[int], object]) -> Contender:
    """Steps without a runtime."""

    @contextmanager
    def running() -> Iterator[Run]:
        def timed(steps: int) -> float:
            started = perf_counter()
            run(steps)
            return perf_counter() - started

        yield timed

    return Contender(name, running)


def each(step: Callable[[int], Any]) -> Callable[[int], None]:
    """Calls of a function of the step, for a number of steps."""

    def run(steps: int) -> None:
        for number in range(1, steps + 1):
            step(number)

    return run


def cases(full: bool) -> Iterator[Case]:
    """Sparse layers of two sizes, an image, a classifier."""
    for layer in LAYERS:
        size = f"{layer.source.size} neurons, {layer.n_synapses / 1e6:.1f} M synapses"
        yield Case(
            "synapses", f"delays of 1 to {LONGEST} steps, {size}, 3 % firing", "step",
            (
                actors("DelaySparse", partial(connected, layer, delayed=True)),
                actors("Sparse", partial(connected, layer, delayed=False)),
            ),
        )  # fmt: skip
    image = Convolution()
    yield Case(
        "synapses", "Conv 64x64x8, 3x3, 16 features, 2 % firing", "step",
        (actors("Conv", image.build), loop("NumPy, matrix product", each(image.sums))),
    )  # fmt: skip
    digits = Digits()
    yield Case(
        "synapses", f"sigma-delta {' -> '.join(map(str, DIGITS))}, images of {SHOWN} steps", "step",
        (actors("actors", digits.build), loop("NumPy loop", DigitsLoop(digits).run)),
    )  # fmt: skip

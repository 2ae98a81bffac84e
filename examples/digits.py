"""Handwritten digits through a network of spiking neurons.

The 1797 images of scikit-learn (8x8 pixels, 17 grey levels) become spike trains: a pixel of level
p fires p times within 16 steps. Two layers of LIF neurons and two Dense connections classify the
half of the images that was not used to find the weights: the first layer expands the image through
random weights, the weights of the second layer are a ridge regression on the hidden spike counts
of the training half, so nothing is learned elsewhere and brought in.

    python examples/digits.py
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIFReset

STEPS_PER_IMAGE = 20  # 16 steps with spikes, then time for the last ones to pass the network
LEVELS = 16
HIDDEN = 400


def spike_trains(images: np.ndarray) -> np.ndarray:
    """Images (n, 64) of levels 0..16 to spikes (64, n * STEPS_PER_IMAGE), evenly spread in time."""
    step = np.arange(LEVELS)
    level = images[:, :, None]
    fires = (step * level) // LEVELS != ((step + 1) * level) // LEVELS
    quiet = np.zeros((*images.shape, STEPS_PER_IMAGE - LEVELS), bool)
    trains = np.concatenate([fires, quiet], axis=2)
    return trains.transpose(1, 0, 2).reshape(images.shape[1], -1).astype(float)


def counts_per_image(spikes: np.ndarray, delay: int) -> np.ndarray:
    """Spikes (n, steps) to counts (images, n); a layer answers ``delay`` steps after its input."""
    shifted = np.roll(spikes, -delay, axis=1)
    return shifted.reshape(spikes.shape[0], -1, STEPS_PER_IMAGE).sum(axis=2).T


def run_network(trains: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """Push spike trains through Dense and LIF layers; spikes of the last layer (n, steps).

    A layer forgets the last image when the first spikes of the next one reach it: layer k (from 1)
    answers k steps after its input, because every connection takes one step. Layers before the
    last leak; the last one counts.
    """
    source = Source(data=trains)
    last = source.s_out
    for depth, layer in enumerate(weights, start=1):
        dense = Dense(weights=layer)
        neurons = LIFReset(
            shape=(layer.shape[0],),
            du=1.0,
            dv=0.0 if depth == 2 else 0.05,
            vth=1.0,
            reset_interval=STEPS_PER_IMAGE,
            reset_offset=depth + 1,
        )
        last.connect(dense.s_in)
        dense.a_out.connect(neurons.a_in)
        last = neurons.s_out
    sink = Sink(shape=last.shape, buffer=trains.shape[1])
    last.connect(sink.a_in)
    with sink:
        sink.run(RunSteps(num_steps=trains.shape[1]), Loihi2SimCfg(select_tag="floating_pt"))
        return sink.data.get()


def main() -> float:
    """Train on one half, test on the other; returns the accuracy on the unseen half."""
    digits = load_digits()
    order = np.random.default_rng(1).permutation(len(digits.target))
    train, test = np.split(order, [len(order) // 2])
    trains = spike_trains(digits.data.astype(int))
    trains_of = trains.reshape(64, -1, STEPS_PER_IMAGE)

    rng = np.random.default_rng(2)
    hidden = rng.normal(0.0, 0.25, (HIDDEN, 64))
    seen = trains_of[:, train].reshape(64, -1)
    counts = counts_per_image(run_network(seen, [hidden]), delay=1)

    targets = np.eye(10)[digits.target[train]]
    ridge = counts.T @ counts + 300.0 * np.eye(HIDDEN)
    readout = np.linalg.solve(ridge, counts.T @ targets).T

    unseen = trains_of[:, test].reshape(64, -1)
    # about as many spikes of the right neuron per image
    output = run_network(unseen, [hidden, readout * 12.0])
    answers = counts_per_image(output, delay=2).argmax(axis=1)
    accuracy = float((answers == digits.target[test]).mean())
    print(f"{len(test)} unseen images, {output.shape[1]} steps: {accuracy:.1%} correct")
    return accuracy


if __name__ == "__main__":
    main()

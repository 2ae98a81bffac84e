"""A sigma-delta network filters a video and sends only what changes.

A dot moves over a background that stands still. Differences beyond a threshold travel as graded
events, a connection blurs them, sums on the other side give the filtered picture.

    python examples/sigma_delta_filter.py [FRAMES]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sdn.process import Delta, Sigma

SIZE, THRESHOLD = 16, 0.1


def blur() -> np.ndarray:
    """Every pixel becomes the mean of itself and its neighbours to the left and right."""
    pixels = SIZE * SIZE
    line = (np.eye(SIZE) + np.eye(SIZE, k=1) + np.eye(SIZE, k=-1)) / 3
    return np.kron(np.eye(SIZE), line).reshape(pixels, pixels)


def main(frames: int = 120) -> tuple[float, float]:
    """Filter; returns the share of pixels that were sent, and the largest error of the result."""
    rng = np.random.default_rng(6)
    video = np.repeat(rng.random((1, SIZE, SIZE)), frames, axis=0)
    for frame in range(frames):
        video[frame, SIZE // 2, frame % SIZE] = 3.0
    pictures = video.reshape(frames, -1)
    source = Source(data=pictures.T)
    delta = Delta(shape=(SIZE * SIZE,), vth=THRESHOLD)
    weights = Dense(weights=blur(), num_message_bits=24)
    sigma = Sigma(shape=(SIZE * SIZE,))
    source.s_out.connect(delta.a_in)
    delta.s_out.connect(weights.s_in)
    weights.a_out.connect(sigma.a_in)
    monitor = Monitor()
    monitor.probe(delta.s_out)
    monitor.probe(sigma.s_out)
    with sigma:
        sigma.run(frames, Loihi2SimCfg(select_tag="floating_pt"))
    sent = len(monitor.spikes(delta.s_out).indices) / pictures.size
    filtered = monitor.get_data()[sigma.name]["s_out"]
    error = float(np.abs(filtered[2:] - (pictures @ blur().T)[1:-1]).max())
    print(f"{sent:.1%} of all pixels were sent; largest error {error:.3f} (threshold {THRESHOLD})")
    return sent, error


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

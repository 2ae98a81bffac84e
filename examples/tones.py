"""Resonate-and-fire neurons tell tones apart.

Five neurons (Izhikevich, Neural Networks 14, 2001) resonate at periods of their own. A noisy tone
of any phase makes the one fire most whose period it has.

    python examples/tones.py [TONES]
"""

from __future__ import annotations

import sys

import numpy as np

from lava_actor import Loihi2SimCfg
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.rf.process import RF

PERIODS = np.array([8, 11, 15, 21, 30])
LENGTH = 200  # steps per tone


def main(tones: int = 40) -> float:
    """Play tones; returns the share that was recognised."""
    rng = np.random.default_rng(2)
    played = rng.integers(0, len(PERIODS), tones)
    time = np.arange(LENGTH)
    sound = np.concatenate(
        [np.sin(2 * np.pi * (time / PERIODS[k] + rng.random())) for k in played]
    )
    sound += rng.normal(0, 0.5, sound.shape)
    source = Source(data=sound[None, :])
    ear = Dense(weights=np.ones((len(PERIODS), 1)), num_message_bits=24)
    source.s_out.connect(ear.s_in)
    neurons = []
    monitor = Monitor()
    one_each = np.eye(len(PERIODS))
    for k, period in enumerate(PERIODS):  # a period belongs to a Process, hence one per tone
        neuron = RF(shape=(1,), period=float(period), alpha=0.05, vth=6, name=f"period {period}")
        share = Dense(weights=one_each[k : k + 1], num_message_bits=24)
        ear.a_out.connect(share.s_in)
        share.a_out.connect(neuron.a_real_in)
        monitor.probe(neuron.s_out)
        neurons.append(neuron)
    with ear:
        ear.run(tones * LENGTH, Loihi2SimCfg(select_tag="floating_pt"))
    tone = [(monitor.spikes(neuron.s_out).steps - 1) // LENGTH for neuron in neurons]
    counts = np.stack([np.bincount(which, minlength=tones) for which in tone])
    right = float((counts.argmax(axis=0) == played).mean())
    print(f"{tones} noisy tones of {len(PERIODS)} periods: {right:.0%} recognised")
    return right


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

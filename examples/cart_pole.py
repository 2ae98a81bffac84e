"""A cart with a pole is balanced by two spiking neurons, live.

The program simulates the cart (Barto, Sutton & Anderson, 1983) and sends its state to a running
network through an `Injector`. Two neurons vote by spikes for a push to the left or to the right;
an `Extractor` hands their spikes back. The network is faster than the cart: it is asked in every
step.

    python examples/cart_pole.py [STEPS]
"""

from __future__ import annotations

import math
import sys

import numpy as np

from lava_actor import Loihi2SimCfg, RunContinuous
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.extractor import Extractor
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.process import LIF

GRAVITY, CART, POLE, HALF, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
GAINS = np.array([0.3, 0.6, 8.0, 2.0])  # place, speed, angle, turning speed


def moved(state: np.ndarray, push: float) -> np.ndarray:
    """The state after one interval, by Euler's method."""
    place, speed, angle, turning = state
    sine, cosine, mass = math.sin(angle), math.cos(angle), CART + POLE
    drive = (push + POLE * HALF * turning**2 * sine) / mass
    bend = (GRAVITY * sine - cosine * drive) / (HALF * (4 / 3 - POLE * cosine**2 / mass))
    pull = drive - POLE * HALF * bend * cosine / mass
    return np.array([place, speed, angle, turning]) + SECONDS * np.array(
        [speed, pull, turning, bend]
    )


def main(steps: int = 500) -> int:
    """Balance; returns for how many intervals the pole stood."""
    injector, extractor = Injector(shape=(4,)), Extractor(shape=(2,))
    weights = Dense(weights=np.stack([-GAINS, GAINS]), num_message_bits=24)
    neurons = LIF(shape=(2,), du=1, dv=1, vth=0)  # fire whenever their input is positive
    injector.out_port.connect(weights.s_in)
    weights.a_out.connect(neurons.a_in)
    neurons.s_out.connect(extractor.in_port)
    state = np.array([0.0, 0.0, 0.05, 0.0])
    stood = 0
    with neurons:
        neurons.run(RunContinuous(), Loihi2SimCfg(select_tag="floating_pt"))
        while stood < steps and abs(state[2]) < math.radians(12) and abs(state[0]) < 2.4:
            injector.send(state)
            left, right = extractor.receive()  # the answer to the state before: a step of delay
            state = moved(state, FORCE * (right - left))
            stood += 1
    seconds = stood * SECONDS
    print(f"the pole stood for {stood} intervals, {seconds:.1f} s of {steps * SECONDS:.1f} s")
    return stood


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""A population with one recurrent projection, whole and cut into two parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.measure import Case, expect
from benchmarks.periodic import Layer, Source
from benchmarks.processes import Check, actors
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse

WEIGHT = 2.0**-24
"""What arrives between two spikes of a neuron is too little to change when the next one comes."""
PERIOD = 50
SMALL = Layer(Source(20_000, PERIOD), 4_000_000)
LARGE = Layer(Source(50_000, PERIOD), 25_000_000)
PARTS = {"cells": 2, "recurrent": 2}


def build(layer: Layer) -> tuple[LIF, Check]:
    """Neurons that fire by themselves, and hear of each other."""
    cells = LIF(**layer.source.constants, name="cells")
    weights = layer.weights(float)
    weights.data[:] = WEIGHT
    recurrent = Sparse(weights=weights, name="recurrent")
    cells.s_out.connect(recurrent.s_in)
    recurrent.a_out.connect(cells.a_in)

    def check(steps: int) -> None:
        wanted = weights @ layer.source.fired(steps)
        expect(np.array_equal(recurrent.a_buff.get(), wanted), f"other spikes at step {steps}")

    return cells, check


def cases(full: bool) -> Iterator[Case]:
    """One actor each for neurons and synapses, and two of each; the large case takes a gigabyte."""
    for layer in (SMALL, LARGE) if full else (SMALL,):
        size = f"{layer.source.size:,} neurons, {layer.n_synapses:,} synapses".replace(",", " ")
        made = partial(build, layer)
        yield Case(
            "parts", size, "step",
            (actors("2 parts", made, placement=PARTS), actors("whole", made)),
        )  # fmt: skip

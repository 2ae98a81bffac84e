"""Plastic connections: a dense and a sparse one that learn by spike-timing dependent plasticity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse import random as random_matrix

from benchmarks import settings
from benchmarks.measure import Case, Contender, Run, expect
from benchmarks.peers import brian
from lava_actor import Loihi1SimCfg, RunSteps
from lava_actor.learning.learning_rule_applier import (
    LearningRuleApplierBitApprox,
    LearningRuleApplierFloat,
)
from lava_actor.proc.dense.learning_models import (
    PyLearningDenseModelBitApproximate,
    PyLearningDenseModelFloat,
)
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.sparse.learning_models import (
    PyLearningSparseModelBitApproximate,
    PyLearningSparseModelFloat,
)
from lava_actor.proc.sparse.process import LearningSparse

FIRING = 0.04
EPOCH = 4
STEPS = 200
CYCLE = 50
"""Steps after which the spikes repeat."""


class _FloatText(LearningRuleApplierFloat):
    """Not the library's own, so that the native loops leave it to NumPy."""


class _FixedText(LearningRuleApplierBitApprox):
    """The same in integers."""


class _InNumPy:
    text: type[Any]

    def _create_learning_rule_applier(self, product_series: Any) -> Any:
        return self.text(product_series)


class DenseFloat(_InNumPy, PyLearningDenseModelFloat):
    """Learns in NumPy."""

    _la_hidden_from_discovery = True
    text = _FloatText


class DenseFixed(_InNumPy, PyLearningDenseModelBitApproximate):
    """Learns in NumPy."""

    _la_hidden_from_discovery = True
    text = _FixedText


class SparseFloat(_InNumPy, PyLearningSparseModelFloat):
    """Learns in NumPy."""

    _la_hidden_from_discovery = True
    text = _FloatText


class SparseFixed(_InNumPy, PyLearningSparseModelBitApproximate):
    """Learns in NumPy."""

    _la_hidden_from_discovery = True
    text = _FixedText


IN_NUMPY = {
    (LearningDense, False): DenseFloat,
    (LearningDense, True): DenseFixed,
    (LearningSparse, False): SparseFloat,
    (LearningSparse, True): SparseFixed,
}

_learned: dict[tuple[Any, ...], bytes] = {}
"""Weights after so many steps, as the first contender that came there found them."""


def described(size: int, density: float) -> tuple[Any, list[np.ndarray]]:
    """Weights, and spikes before and behind them, by neuron and step."""
    rng = np.random.default_rng(1)
    if density < 1:
        weights = random_matrix(size, size, density, random_state=rng, format="csr")
        weights = csr_matrix((weights * 100).rint())
    else:
        weights = rng.integers(-50, 50, (size, size)).astype(float)
    return weights, [(rng.random((size, CYCLE)) < FIRING).astype(int) for _ in range(2)]


def in_brian(size: int, density: float) -> Contender:
    """Pairs of spikes in Brian2, where traces belong to synapses and weights to every step."""
    weights, (before, behind) = described(size, density)
    columns = csr_matrix(weights).tocsc()
    before_i, before_t = np.nonzero(before)
    behind_i, behind_t = np.nonzero(behind)
    arrays = {
        "n": np.array(size), "cycle": np.array(CYCLE), "w": columns.data.astype(float),
        "i": np.repeat(np.arange(size), np.diff(columns.indptr)), "j": columns.indices,
        "before_i": before_i, "before_t": before_t, "behind_i": behind_i, "behind_t": behind_t,
    }  # fmt: skip
    return brian.plastic(arrays, f"{size} {density} {FIRING}", 2, STEPS, settings.folder())


def learning(kind: type, size: int, density: float, *, fixed: bool, native: bool) -> Contender:
    """Spikes from a list arrive before and behind the synapses."""

    @contextmanager
    def opened() -> Iterator[Run]:
        weights, spikes = described(size, density)
        rule = STDPLoihi(1, 0.5, -0.5, 8, 8, t_epoch=EPOCH, rng_seed=1)
        connection = kind(weights=weights, learning_rule=rule)
        before, behind = (RingBuffer(data=data) for data in spikes)
        before.s_out.connect(connection.s_in)
        behind.s_out.connect(connection.s_in_bap)
        models = {} if native else {kind: IN_NUMPY[kind, fixed]}
        config = Loihi1SimCfg(
            select_tag="fixed_pt" if fixed else "floating_pt", exception_proc_model_map=models
        )
        done = 0

        def run(count: int) -> float:
            nonlocal done
            started = perf_counter()
            connection.run(RunSteps(num_steps=count), config)
            taken = perf_counter() - started
            done += count
            found = connection.weights.get()
            held = getattr(found, "data", found).tobytes() if density < 1 else found.tobytes()
            key = (kind, size, density, fixed, done)
            expect(_learned.setdefault(key, held) == held, f"other weights after step {done}")
            return taken

        try:
            yield run
        finally:
            connection.stop()

    return Contender("native" if native else "NumPy", opened, fixed=STEPS)


def cases(full: bool) -> Iterator[Case]:
    """Dense and sparse, floating and fixed point; a million synapses each."""
    for kind, size, density in ((LearningDense, 1000, 1.0), (LearningSparse, 10_000, 0.01)):
        for fixed in (False, True):
            peers = () if fixed or brian.version() is None else (in_brian(size, density),)
            yield Case(
                shape="plastic",
                name=f"{kind.__name__} of 10^6 synapses, {'fixed' if fixed else 'floating'} point",
                unit="step",
                contenders=(
                    *(
                        learning(kind, size, density, fixed=fixed, native=native)
                        for native in (True, False)
                    ),
                    *peers,
                ),
            )

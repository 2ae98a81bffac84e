"""Connections that learn: their native steps, learning included, against their Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from lava_actor.kernels.steps import DONE, Burst, LearningBurst
from lava_actor.learning.constants import GradedSpikeCfg
from lava_actor.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava_actor.proc.dense.learning_models import (
    PyLearningDenseModelBitApproximate,
    PyLearningDenseModelFloat,
)
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.sparse.learning_models import (
    PyLearningSparseModelBitApproximate,
    PyLearningSparseModelFloat,
)
from lava_actor.proc.sparse.process import LearningSparse
from tests.learning.test_engine import strings

KINDS = (
    PyLearningDenseModelFloat, PyLearningDenseModelBitApproximate,
    PyLearningSparseModelFloat, PyLearningSparseModelBitApproximate,
)  # fmt: skip
STATE = (
    "weights", "tag_1", "tag_2", "a_buff", "x0", "tx", "x1", "x2", "y0", "ty", "y1", "y2", "y3",
    "time_step",
)  # fmt: skip
N_IN, N_OUT = 70, 40
RUNS = (3, 4, 11)  # ends of runs, of which some are not ends of epochs


class Text:
    """Mixed into a model: it is not the library's own, so its Python learns, at once."""

    _la_hidden_from_discovery = True

    def lrn_guard(self) -> bool:
        guard: bool = super().lrn_guard()  # type: ignore[misc]
        return guard


def text_of(kind: type[Any]) -> type[Any]:
    return type(f"Text{kind.__name__}", (Text, kind), {})


def connection(rng: np.random.Generator, sparse: bool, rules: dict[str, str], factors: int,
               t_epoch: int, bits: int, graded: GradedSpikeCfg) -> Any:  # fmt: skip
    traces = ("x1", "x2") if factors == 3 else ("x1", "x2", "y1", "y2", "y3")
    constants = {f"{t}_impulse": float(rng.choice([16, 3.5, 90.25])) for t in traces}
    constants |= {f"{t}_tau": float(rng.choice([0, 3, 10])) for t in traces}
    kind = Loihi3FLearningRule if factors == 3 else Loihi2FLearningRule
    rule = kind(**rules, **constants, t_epoch=t_epoch, rng_seed=int(rng.integers(9)))
    stored = rng.random((N_OUT, N_IN)) < (0.3 if sparse else 1)
    matrices = {
        "weights": rng.integers(-60, 60, stored.shape) * stored,
        "tag_1": rng.integers(-9, 9, stored.shape) * stored,
        "tag_2": rng.integers(0, 9, stored.shape) * stored,
    }
    if sparse:
        at = np.nonzero(stored)
        matrices = {n: csr_matrix((m[at], at), shape=m.shape) for n, m in matrices.items()}
    return (LearningSparse if sparse else LearningDense)(
        **matrices, learning_rule=rule, num_message_bits=bits, graded_spike_cfg=graded
    )


def state(model: Any) -> dict[str, bytes]:
    found = {name: getattr(model, name) for name in STATE}
    return {
        name: np.asarray(getattr(value, "data", value) + 0).tobytes()
        if name in ("weights", "tag_1", "tag_2") and not isinstance(value, np.ndarray)
        else np.ascontiguousarray(value).tobytes()
        for name, value in found.items()
    }


def learn_in_python(model: Any, first: int, last: int) -> None:
    for step in range(first, last + 1):
        model.time_step = step
        model.run_spk()
        if model.lrn_guard():
            model.run_lrn()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.filterwarnings(
    "ignore:.*lose their fraction", "ignore:.*stays 0", "ignore:.*nothing is connected"
)
@settings(
    max_examples=12, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.generate],
)  # fmt: skip
@given(
    rules=strings(),
    seed=st.integers(0, 10**6),
    t_epoch=st.sampled_from([1, 2, 4]),
    factors=st.sampled_from([2, 3]),
    graded=st.sampled_from([(0, 0), (8, 0), (8, 1), (8, 3)]),
    before=st.sampled_from([["float"], ["int events"], ["bool"], ["int", "int events"]]),
    behind=st.sampled_from([["int"], ["bool"], ["int events"], ["bool", "int events"], []]),
)
def test_a_native_step_learns_what_python_does(
    stand: Any, kind: Any, rules: dict[str, str], seed: int, t_epoch: int, factors: int,
    graded: tuple[int, int], before: list[str], behind: list[str],
) -> None:  # fmt: skip
    fixed, sparse = "Fixed" in kind.__name__ or "Bit" in kind.__name__, "Sparse" in kind.__name__
    if fixed:
        before = ["int" if one == "float" else one for one in before]
    feeders = {"s_in": before, "s_in_bap": behind}
    if factors == 3:
        feeders |= {f"s_in_y{k}": ["int" if fixed else "float"] * (k < 3) for k in (1, 2, 3)}
    bits, config = graded[0], GradedSpikeCfg(graded[1])
    native, plain = (
        stand(connection(np.random.default_rng(seed), sparse, rules, factors, t_epoch, bits,
                         config), one, feeders)
        for one in (kind, text_of(kind))
    )  # fmt: skip
    burst = native.burst()
    assert type(burst) is LearningBurst
    assert type(plain.burst()) is Burst
    rng, done = np.random.default_rng(seed), 0
    for until in RUNS:
        for _ in range(until - done):
            for mine, theirs in zip(native.feeds, plain.feeds, strict=True):
                share = rng.choice([0.0, 0.1, 1.0])
                message = rng.integers(1, 120, mine.shape) * (rng.random(mine.shape) < share)
                if mine.dtype != bool and rng.random() < 0.3:
                    message = np.minimum(message, 1)
                mine.send(message.astype(mine.dtype))
                theirs.send(message.astype(mine.dtype))
        native.clock.raise_horizon(until)
        with np.errstate(all="ignore"):
            assert burst.run(native.party.mailbox, 0) == DONE
            learn_in_python(plain.model, done + 1, until)
        assert burst.native_steps == until
        assert state(native.model) == state(plain.model)
        for mine, theirs in zip(native.takes, plain.takes, strict=True):
            for _ in range(until - done):
                assert mine.recv().tobytes() == theirs.recv().tobytes()
        done = until


@pytest.mark.filterwarnings("ignore:.*stays 0", "ignore:.*nothing is connected")
def test_spiking_alone_does_not_learn(stand: Any) -> None:
    rules = {"dw": "x0*y1 - y0*x1"}
    made = [
        stand(connection(np.random.default_rng(1), False, rules, 2, 1, 0, GradedSpikeCfg(0)),
              PyLearningDenseModelFloat, {"s_in": ["bool"], "s_in_bap": ["bool"]})
        for _ in range(2)
    ]  # fmt: skip
    for one in made:
        for feed in one.feeds:
            feed.send(np.ones(feed.shape, bool))
            feed.send(np.ones(feed.shape, bool))
    alone, whole = made
    burst = alone.burst()
    for step in (1, 2):
        burst.once(step)
        assert (alone.model.tx == 1).all()
        alone.model.run_lrn()
    whole.clock.raise_horizon(2)
    whole.burst().run(whole.party.mailbox, 0)
    assert state(alone.model) == state(whole.model)

"""Both engines against a slow oracle, in dense and sparse connections, for random rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, issparse

from lava_actor.learning import update
from lava_actor.learning.learning_rule import Loihi2FLearningRule, Loihi3FLearningRule
from lava_actor.learning.native import RuleTable
from lava_actor.utils.weightutils import SignMode
from tests.cases import cases

from .oracle import Oracle
from .own_connection import harness

FACTORS = ("x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t")
BRACKETS = ("({}+3)", "({}-2)", "(5-{})", "(-{})", "({}+2^-1)")
SCALES = ("", "2*", "(-3)*", "2^-2*", "5*2^-3*", "7*2^4*", "2^7*")


@st.composite
def products(draw: st.DrawFn, k: int) -> str:
    text = draw(st.sampled_from(SCALES)) + draw(st.sampled_from(["x0", "y0", f"u{k}"]))
    for variable in draw(st.lists(st.sampled_from(FACTORS), max_size=3)):
        forms = ["{}", *BRACKETS]
        if variable in "wdt":
            forms += ["sgn({})", "sgn({}-4)"]
        text += "*" + draw(st.sampled_from(forms)).format(variable)
    return text


@st.composite
def strings(draw: st.DrawFn) -> dict[str, str]:
    k = draw(st.integers(0, 2))
    targets = draw(st.lists(st.sampled_from(["dw", "dd", "dt"]), min_size=1, unique=True))
    rules = {}
    for target in targets:
        terms = draw(st.lists(products(k), min_size=1, max_size=3))
        rules[target] = terms[0] + "".join(draw(st.sampled_from("+-")) + t for t in terms[1:])
    return rules


@dataclass
class Scenario:
    """A connection, its rule, and what comes in."""

    three_factor: bool
    fixed: bool
    sign_mode: str
    rule_arguments: dict[str, Any]
    seed: int
    extreme: bool
    """Initial values at and beyond the limits, of any sign."""
    piece: int
    """How many synapses NumPy computes at a time; 0: native loops do."""
    steps: int = 12
    shape: tuple[int, int] = (3, 4)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def rule(self) -> Any:
        kind = Loihi3FLearningRule if self.three_factor else Loihi2FLearningRule
        return kind(**self.rule_arguments)

    def matrices(self) -> dict[str, np.ndarray]:
        low, high = {"MIXED": (-30, 30), "EXCITATORY": (0, 60), "INHIBITORY": (-60, 0)}[
            self.sign_mode
        ]
        ranges = {"weights": (low, high), "tag_1": (-9, 9), "tag_2": (0, 9)}
        if self.extreme:
            ranges = {"weights": (-300, 300), "tag_1": (-259, -250), "tag_2": (-9, 300)}
        whole = {name: self.rng.integers(*limits, self.shape) for name, limits in ranges.items()}
        return {name: m if self.fixed else m / 8 for name, m in whole.items()}

    def inputs(self) -> list[dict[str, np.ndarray]]:
        post, pre = self.shape
        kind = int if self.fixed else float
        return [
            {
                "s_in": (self.rng.random(pre) < 0.4).astype(kind),
                "s_in_bap": (self.rng.random(post) < 0.4).astype(kind),
                **{f"s_in_y{n}": self.rng.integers(0, 90, post).astype(kind) for n in (1, 2, 3)},
            }
            for _ in range(self.steps)
        ]


@st.composite
def scenarios(draw: st.DrawFn, *, fixed: bool) -> Scenario:
    three_factor = draw(st.booleans())
    sides = ("x1", "x2") if three_factor else ("x1", "x2", "y1", "y2", "y3")
    constants: dict[str, Any] = {}
    for trace in sides:
        constants[f"{trace}_impulse"] = draw(st.sampled_from([0, 5, 16, 10.3, 60]))
        constants[f"{trace}_tau"] = draw(st.sampled_from([0, 2, 7.5, 20]))
    return Scenario(
        three_factor=three_factor,
        fixed=fixed,
        sign_mode=draw(st.sampled_from(["MIXED", "EXCITATORY", "INHIBITORY"])),
        rule_arguments={
            **draw(strings()),
            **constants,
            "t_epoch": draw(st.sampled_from([1, 2, 3, 5])),
            "rng_seed": draw(st.integers(1, 100)),
        },
        seed=draw(st.integers(0, 1000)),
        extreme=draw(st.booleans()),
        piece=draw(st.sampled_from([0, update.PIECE, 4, 1])),
    )


def _no(*_arguments: Any) -> bool:
    return False


def compare(scenario: Scenario, sparse: bool) -> None:
    """Drive a connection and the oracle side by side, and compare all state after each step."""
    matrices, inputs, rule = scenario.matrices(), scenario.inputs(), scenario.rule()
    stored = None
    if sparse:
        stored = {name: scenario.rng.random(scenario.shape) < 0.6 for name in matrices}
        stored["tag_2"] = stored["weights"]
        matrices = {name: np.where(stored[name], m, 0) for name, m in matrices.items()}
        given_matrices = {name: _csr(m, stored[name]) for name, m in matrices.items()}
    else:
        given_matrices = matrices
    network = harness(
        rule,
        fixed=scenario.fixed,
        sparse=sparse,
        sign_mode=SignMode[scenario.sign_mode],
        **given_matrices,
    )
    if not sparse:  # matrices may be stored by row or by column
        for name, order in zip(matrices, scenario.rng.choice(["C", "F"], 3), strict=True):
            setattr(network.model, name, getattr(network, name).copy(order))
    oracle = Oracle(
        rule,
        three_factor=scenario.three_factor,
        fixed=scenario.fixed,
        sign_mode=scenario.sign_mode,
        matrices=matrices,
        stored=stored,
    )
    rounding = 0 if scenario.fixed else 1e-9

    def check(got: Any, want: Any, message: str) -> None:
        if not np.array_equal(got, want):  # which is quickly seen
            np.testing.assert_allclose(got, want, rtol=rounding, atol=rounding, err_msg=message)

    for t, now in enumerate(inputs, 1):
        with (
            np.errstate(over="ignore", invalid="ignore"),  # products of random rules grow
            mock.patch.object(update, "PIECE", scenario.piece or update.PIECE),
            mock.patch.object(RuleTable, "learn", RuleTable.learn if not scenario.piece else _no),
        ):
            network.step(**now)
            oracle.step(now["s_in"], now["s_in_bap"], {y: now[f"s_in_{y}"] for y in YS})
        if max(np.abs(m).max() for m in map(np.array, oracle.m.values())) > 1e12:
            return  # a floating rule that explodes: rounding decides from here on
        for name in ("weights", "tag_1", "tag_2"):
            got = getattr(network, name)
            got = got.toarray() if issparse(got) else got
            check(got, oracle.m[name], f"{name} after step {t}")
        for name, values in oracle.trace.items():
            check(getattr(network, name), values, f"{name} after step {t}")
        check(network.tx, oracle.tx, f"tx after step {t}")
        check(network.ty, oracle.ty, f"ty after step {t}")


YS = ("y1", "y2", "y3")


def _csr(matrix: np.ndarray, stored: np.ndarray) -> csr_matrix:
    rows, cols = np.nonzero(stored)
    return csr_matrix((matrix[rows, cols], (rows, cols)), shape=matrix.shape)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@settings(max_examples=cases(150), deadline=None, derandomize=True)
@given(scenario=scenarios(fixed=True))
def test_fixed_learning_is_bit_exact(sparse: bool, scenario: Scenario) -> None:
    compare(scenario, sparse)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@settings(max_examples=cases(100), deadline=None, derandomize=True)
@given(scenario=scenarios(fixed=False))
def test_floating_learning_is_exact_to_rounding(sparse: bool, scenario: Scenario) -> None:
    compare(scenario, sparse)

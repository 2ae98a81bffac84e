"""The native loops against the NumPy text of the same, bit for bit."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from lava_actor.kernels._learning import Lines, book_spikes, trace_history
from lava_actor.learning import traces as traces_module
from lava_actor.learning.arrears import Arrears
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.learning.learning_rule_applier import (
    LearningRuleApplierBitApprox,
    LearningRuleApplierFloat,
)
from lava_actor.learning.limits import limits_of
from lava_actor.learning.native import RuleTable
from lava_actor.learning.spikes import book
from lava_actor.learning.synapses import SynapticVariable
from lava_actor.learning.traces import FixedTraces, FloatTraces
from lava_actor.learning.update import Epoch, FixedNumbers, FloatNumbers, SynapseUpdate
from lava_actor.utils.weightutils import SignMode
from tests.cases import cases

from .test_engine import strings

SHAPES = [(1, 1), (3, 4), (17, 9), (30, 300), (2, 700), (700, 2), (0, 3), (3, 0)]
"""Among them lines that are longer than what the loops take at a time."""


def epochs(rng: np.random.Generator, shape: tuple[int, int], t_epoch: int, number: type) -> Epoch:
    """Return random traces and spikes; on some sides nobody spiked, or everybody."""
    histories, spikes = [], []
    for traces, neurons in ((2, shape[1]), (3, shape[0])):
        history = rng.integers(0, 128, (t_epoch + 1, traces, neurons)).astype(number)
        histories.append(history if number is np.int32 else history * rng.random(history.shape))
        here = rng.random(neurons) < rng.choice([0.0, 0.02, 0.3, 1.0])
        spikes.append(np.where(here, rng.integers(1, t_epoch + 1, neurons), 0))
    return Epoch(*histories, *spikes, u=int(rng.integers(2)))


def matrices(
    rng: np.random.Generator, shape: tuple[int, int], number: type, sparse: bool
) -> dict[str, Any]:
    """Return variables at, within and beyond their limits, in any layout or with one pattern."""
    stored = rng.random(shape) < 0.5
    made = {}
    for name in ("weights", "tag_1", "tag_2"):
        values = rng.choice([-300, -257, -256, -255, -9, -1, 0, 1, 7, 128, 255, 256, 300], shape)
        kind = rng.choice([np.int32, np.int64]) if number is np.int32 else np.float64
        values = np.array(values, kind, order=str(rng.choice(["C", "F"])))
        if number is np.float64:
            values /= 7
        if sparse:
            rows, cols = np.nonzero(stored)
            values = csr_matrix((values[rows, cols], (rows, cols)), shape=shape)
        made[name] = values
    return made


def changed(
    update: SynapseUpdate,
    given_matrices: dict[str, Any],
    seen: list[Epoch],
    numbers: Any,
    *,
    later: bool = False,
) -> tuple[list[bytes], list[bool]]:
    """Run some epochs; return the variables as bytes, and which are settled.

    ``later``: columns learn when they are asked for, some now and then, all at the end.
    """
    variables: dict[str, SynapticVariable] = {}
    for name in sorted(update.variables):
        matrix = (
            given_matrices[name].copy()
            if sparse_of(given_matrices[name])
            else np.array(given_matrices[name], copy=True, order="K")
        )
        variables[name] = SynapticVariable(matrix, like=tuple(variables.values()))
    arrears = Arrears(variables) if later else None
    for number, epoch in enumerate(seen):
        with np.errstate(over="ignore", invalid="ignore"):
            update.run(variables, epoch, numbers, arrears)
        if arrears is not None:
            arrears.catch_up(np.arange(number % 2, epoch.tx.size, 2, dtype=np.int32))
    if arrears is not None:
        arrears.settle()
    held = [np.ascontiguousarray(v.data + 0).tobytes() for v in variables.values()]
    return held, [v.settled for v in variables.values()]


def sparse_of(matrix: Any) -> bool:
    return not isinstance(matrix, np.ndarray)


@pytest.mark.parametrize("fixed", [False, True], ids=["float", "fixed"])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@settings(max_examples=cases(120), deadline=None, derandomize=True)
@given(
    rules=strings(),
    seed=st.integers(0, 10**6),
    shape=st.sampled_from(SHAPES),
    t_epoch=st.sampled_from([1, 2, 4, 70]),
    mode=st.sampled_from(["MIXED", "EXCITATORY", "INHIBITORY"]),
)
def test_native_loops_change_synapses_as_numpy_does_to_the_last_bit(
    fixed: bool,
    sparse: bool,
    rules: dict[str, str],
    seed: int,
    shape: tuple[int, int],
    t_epoch: int,
    mode: str,
) -> None:
    rng = np.random.default_rng(seed)
    number = np.int32 if fixed else np.float64
    applier = LearningRuleApplierBitApprox if fixed else LearningRuleApplierFloat
    series = Loihi2FLearningRule(**rules, rng_seed=1).active_product_series
    update = SynapseUpdate({t: (s, applier(s)) for t, s in series.items()}, SignMode[mode])
    given_matrices = matrices(rng, shape, number, sparse)
    seen = [epochs(rng, shape, t_epoch, number) for _ in range(3)]
    numbers = FixedNumbers(float(rng.random())) if fixed else FloatNumbers()
    with mock.patch.object(RuleTable, "learn", autospec=True, side_effect=RuleTable.learn) as loops:
        native = changed(update, given_matrices, seen, numbers)
    assert loops.call_count == len(seen)
    if update.may_wait and not sparse:
        given_matrices = {n: np.asfortranarray(m) for n, m in given_matrices.items()}
    if update.may_wait:
        assert native == changed(update, given_matrices, seen, numbers, later=True)
    with mock.patch.object(RuleTable, "learn", return_value=False):
        assert native == changed(update, given_matrices, seen, numbers)


def test_what_the_loops_cannot_take_is_left_to_numpy() -> None:
    """Variables of different patterns."""
    rng = np.random.default_rng(3)
    epoch = epochs(rng, (3, 4), 2, np.float64)
    given_matrices = matrices(rng, (3, 4), np.float64, sparse=True)
    given_matrices["tag_1"] = csr_matrix(np.eye(3, 4))
    for rule, taken in (("x0*w + u0*t", False), ("x0*w", True)):
        series = Loihi2FLearningRule(dw=rule, rng_seed=1).active_product_series
        update = SynapseUpdate(
            {t: (s, LearningRuleApplierFloat(s)) for t, s in series.items()}, SignMode.MIXED
        )
        answers = []

        def learn(*arguments: Any, into: list[bool] = answers) -> bool:
            into.append(_LEARN(*arguments))
            return into[-1]

        with mock.patch.object(RuleTable, "learn", learn):
            changed(update, given_matrices, [epoch], FloatNumbers())
        assert answers == [taken]


_LEARN = RuleTable.learn


def test_a_rule_may_have_any_number_of_products() -> None:
    rng = np.random.default_rng(3)
    given_matrices = matrices(rng, (3, 4), np.float64, sparse=False)
    seen = [epochs(rng, (3, 4), 2, np.float64) for _ in range(3)]
    text = "+".join(f"{1 + k % 7}*2^-7*{'x0*y1' if k % 2 else 'y0*x1*w'}" for k in range(200))
    series = Loihi2FLearningRule(dw=text, rng_seed=1).active_product_series["dw"]
    update = SynapseUpdate({"dw": (series, LearningRuleApplierFloat(series))}, SignMode.MIXED)
    assert update.may_wait
    native = changed(update, given_matrices, seen, FloatNumbers())
    assert changed(update, given_matrices, [], FloatNumbers()) != native
    with mock.patch.object(RuleTable, "learn", return_value=False):
        assert native == changed(update, given_matrices, seen, FloatNumbers())


def test_a_table_of_products_is_checked_before_the_loops_believe_it() -> None:
    rule = Loihi2FLearningRule(dw="x0*y1 - y0*x1", rng_seed=1)
    assert rule.dw is not None
    table = RuleTable([("weights", rule.dw.products, limits_of(None)["weights"])]).arrays
    epoch = epochs(np.random.default_rng(0), (3, 4), 2, np.float64)
    histories, when = (epoch.x_history, epoch.y_history), (epoch.tx, epoch.ty)
    rest = (histories, when, 0, 0, 0)
    Lines(False, 3).add(table, [np.zeros((3, 4)), None, None], *rest)
    with pytest.raises(ValueError, match=r"matrices \(post, pre\)"):
        Lines(False, 3).add(table, [np.zeros((4, 3)), None, None], *rest)
    with pytest.raises(ValueError, match="expected 4 lines"):
        Lines(False, 4).add(table, [np.zeros((3, 4)), None, None], *rest)
    with pytest.raises(TypeError, match="none of the types"):
        Lines(False, 3).add(table, [np.zeros((3, 4), np.int32), None, None], *rest)
    late = (epoch.tx + 3, epoch.ty)
    with pytest.raises(ValueError, match="positions in the epoch"):
        Lines(True, 4).add(table, [np.zeros((3, 4)), None, None], histories, late, 0, 0, 0)
    frozen = np.zeros((3, 4))
    frozen.flags.writeable = False
    with pytest.raises(TypeError, match="can be written"):
        Lines(False, 3).add(table, [frozen, None, None], *rest)
    lines = Lines(True, 4)
    lines.add(table, [np.zeros((3, 4)), None, None], *rest)
    with pytest.raises(IndexError, match=r"lines 0 … 3, got 4"):
        lines.catch_up(np.array([1, 4], np.int32))


@pytest.mark.parametrize("kind", [FloatTraces, FixedTraces])
@pytest.mark.parametrize("position", [1, 3])
def test_spikes_are_booked_natively_as_by_numpy(kind: type[Any], position: int) -> None:
    rng = np.random.default_rng(position)
    traces = kind([10.3, 127, 0.5], [5, 5, 5])
    number = np.int64 if kind is FixedTraces else np.float64
    for share in (0.0, 0.3, 1.0):
        held = [(rng.random(50) * 200).astype(number) for _ in range(3)]
        last = rng.integers(0, 3, 50)
        spiking = np.flatnonzero(rng.random(50) < share).astype(np.int32)
        mine, mine_last, random = [h.copy() for h in held], last.copy(), int(rng.integers(128))
        assert book_spikes(spiking, position, mine_last, mine, traces.impulses_now(random))
        again = book(last, spiking, position)
        for trace, values in zip(
            held, traces.add(np.array([h[again] for h in held]), random), strict=True
        ):
            trace[again] = values
        assert mine_last.tobytes() == last.tobytes()
        assert [h.tobytes() for h in mine] == [h.tobytes() for h in held]
    assert not book_spikes(spiking, 3, last, held, traces.impulses_now(0)[:1])


@pytest.mark.parametrize("kind", [FloatTraces, FixedTraces])
@pytest.mark.parametrize("t_epoch", [1, 4, 33])
@pytest.mark.parametrize("neurons", [0, 1, 300])
def test_native_traces_decay_and_jump_as_numpy_does_to_the_last_bit(
    kind: type[Any], t_epoch: int, neurons: int
) -> None:
    rng = np.random.default_rng(neurons + t_epoch)
    for _ in range(20):
        impulses, taus = rng.choice([0, 5, 10.3, 127, 300], 3), rng.choice([0, 0.5, 7.5, 65535], 3)
        traces = kind(impulses, taus)
        start = rng.integers(-5, 200, (3, neurons)) * (1 if kind is FixedTraces else rng.random())
        last = rng.integers(0, t_epoch + 1, neurons) * (
            rng.random(neurons) < rng.choice([0, 0.3, 1])
        )
        numbers = (float(rng.random()), int(rng.integers(128)))
        with mock.patch.object(traces_module, "trace_history", wraps=trace_history) as loop:
            native = traces.history(start, last, t_epoch, *numbers)
        assert loop.called
        own = type("Own", (kind,), {})(impulses, taus)  # a subclass may change the arithmetic
        text = own.history(start, last, t_epoch, *numbers)
        assert native.dtype == text.dtype
        assert native.tobytes() == text.tobytes()

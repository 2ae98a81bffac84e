"""Dense, sparse and delayed connections: one set of rules for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lava_actor import CPU, Loihi2SimCfg, LoihiProtocol, RunSteps, implements, requires
from lava_actor.errors import InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.model.members import declares
from lava_actor.model.ports import PyOutPort
from lava_actor.model.types import LavaPyType
from lava_actor.proc.conv.models import AbstractPyConvModel
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.conv_in_time.models import AbstractPyConvInTimeModel
from lava_actor.proc.conv_in_time.process import ConvInTime
from lava_actor.proc.dense import models as dense_models
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.sparse import models as sparse_models
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.utils.weightutils import (
    SignMode,
    clip_weights,
    optimize_weight_bits,
    truncate_weights,
)
from tests.cases import cases

FLOAT = {
    "dense": (Dense, dense_models.PyDenseModelFloat),
    "sparse": (Sparse, sparse_models.PySparseModelFloat),
    "delay dense": (DelayDense, dense_models.PyDelayDenseModelFloat),
    "delay sparse": (DelaySparse, sparse_models.PyDelaySparseModelFloat),
}
FIXED = {
    "dense": (Dense, dense_models.PyDenseModelBitAcc),
    "sparse": (Sparse, sparse_models.PySparseModelBitAcc),
    "delay dense": (DelayDense, dense_models.PyDelayDenseModelBitAcc),
    "delay sparse": (DelaySparse, sparse_models.PyDelaySparseModelBitAcc),
}
KINDS = list(FLOAT)


def harness(kinds: dict[str, Any], kind: str, weights: Any, **kwargs: Any) -> ModelHarness:
    process, model = kinds[kind]
    if "delay" in kind:
        kwargs.setdefault("delays", 0)
    return ModelHarness(model, process(weights=weights, name="synapses", **kwargs))


def outputs(connection: ModelHarness, rows: Any) -> np.ndarray:
    return np.array([connection.step(s_in=row)["a_out"] for row in rows])


def dense_weights(connection: ModelHarness) -> np.ndarray:
    weights = connection.weights
    return weights.toarray() if sparse.issparse(weights) else weights


# -- the rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kinds", [FLOAT, FIXED], ids=["float", "fixed"])
def test_output_comes_one_step_late_and_begins_with_zeros(kinds: Any, kind: str) -> None:
    weights = np.array([[4, -2, 0], [6, 0, 8]])
    got = outputs(harness(kinds, kind, weights), [[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1]])
    assert got.tolist() == [[0, 0], [4, 6], [-2, 8], [0, 0]]


@pytest.mark.parametrize("kind", KINDS)
def test_binary_input_ignores_value_and_sign(kind: str) -> None:
    """Every non-zero input is one spike; NaN is one, too. A stored zero is none."""
    weights = np.array([[1.5, 2.5, 4.0]])
    connection = harness(FLOAT, kind, weights)
    got = outputs(connection, [[-3.5, 0, np.nan], [1, 1, 1], [0, 0, 0]])
    assert got.ravel().tolist() == [0, 5.5, 8.0]
    zero = np.array([0.0, 2.0]), np.array([0, 1])
    assert connection.step(s_in=zero)["a_out"] == [0]
    assert connection.step()["a_out"] == [2.5]


@pytest.mark.parametrize("kind", KINDS)
def test_graded_input_scales_the_weights(kind: str) -> None:
    weights = np.array([[2.0, -1.0], [0.0, 0.5]])
    connection = harness(FLOAT, kind, weights, num_message_bits=8)
    got = outputs(connection, [[1.5, 4.0], [0, -2.0], [0, 0]])
    assert got.tolist() == [[0, 0], [-1.0, 2.0], [2.0, -1.0]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [0, 8])
def test_events_of_one_index_count_as_their_sum(kind: str, bits: int) -> None:
    """As if they had come in one array: +1 and -1 cancel, two spikes on one line are one."""
    weights = np.array([[1.0, 10.0, 100.0]])
    connection = harness(FLOAT, kind, weights, num_message_bits=bits)
    messages: list[Any] = [
        (np.array([1.0, 2.0, -1.0, 1.0]), np.array([2, 1, 2, 1])),
        (None, np.array([1, 1])),
        np.zeros(3),
    ]
    got = outputs(connection, messages).ravel().tolist()
    assert got == ([0, 30.0, 20.0] if bits else [0, 10.0, 10.0])


@pytest.mark.parametrize("kind", KINDS)
def test_indices_outside_of_the_input_are_an_error_of_the_sender(kind: str) -> None:
    connection = harness(FLOAT, kind, np.ones((2, 3)))
    connection.model.s_in._rings[0].raw_events = True  # as an OutPort.VEC_SPARSE may send them
    with pytest.raises(InvalidValueError, match=r"'synapses'\.s_in: event ind"):
        connection.step(s_in=(np.array([1.0]), np.array([3])))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_and_buffer_can_be_set(kind: str) -> None:
    connection = harness(FLOAT, kind, np.array([[1.0, 2.0]]))
    connection.step(s_in=[1, 1])
    value = np.array([[5.0, 7.0]])
    connection.set("weights", sparse.csr_matrix(value) if "sparse" in kind else value)
    assert dense_weights(connection).tolist() == value.tolist()
    assert connection.step(s_in=[0, 1])["a_out"] == [3.0]
    connection.set("a_buff", np.full(connection.a_buff.shape, 0.25))
    assert connection.step(s_in=[1, 0])["a_out"] == [0.25]
    assert connection.step()["a_out"] == [5.0]


@pytest.mark.parametrize("kind", ["dense", "delay dense"])
def test_dense_weights_may_be_written_to_in_place(kind: str) -> None:
    connection = harness(FLOAT, kind, np.ones((2, 2)))
    connection.step()
    connection.weights[0, 1] = 5.0
    connection.step(s_in=[0, 1])
    assert connection.step()["a_out"].tolist() == [5.0, 1.0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kinds", [FLOAT, FIXED], ids=["float", "fixed"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_populations_do_nothing(kinds: Any, kind: str, shape: Any) -> None:
    connection = harness(kinds, kind, np.zeros(shape))
    for _ in range(2):
        message = connection.step(s_in=np.ones(shape[1]))["a_out"]
        assert message.tolist() == [0] * shape[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [np.ones(3), np.ones((2, 2, 2)), 3.0])
def test_weights_must_be_a_matrix(kind: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"weights: expected a matrix"):
        harness(FLOAT, kind, wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_must_be_real(kind: str) -> None:
    with pytest.raises(TypeError, match=r"synapses\.weights: expected real numbers"):
        harness(FLOAT, kind, np.array([[1j]]))


def test_a_subclass_may_use_the_weights_as_an_ordinary_attribute() -> None:
    """A model in Lava's style, which declares `weights` itself and computes with it."""

    class Own(sparse_models.PySparseModelFloat):
        _la_hidden_from_discovery = True
        weights: sparse.csr_matrix = LavaPyType(sparse.csr_matrix, float)

    connection = ModelHarness(Own, Sparse(weights=np.array([[1.0, 2.0]])))
    connection.step(s_in=[1, 1])
    assert connection.step()["a_out"] == [3.0]
    connection.model.weights = connection.weights * 2
    connection.step(s_in=[1, 1])
    assert connection.step()["a_out"] == [6.0]
    assert connection.model.weights is connection.model.weights


class OwnDelayDense(dense_models.AbstractPyDelayDenseModel):
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)
    weights: np.ndarray = LavaPyType(np.ndarray, float)
    delays: np.ndarray = LavaPyType(np.ndarray, int)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, int)


class OwnDelaySparse(sparse_models.AbstractPyDelaySparseModel):
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32)
    weights: sparse.csr_matrix = LavaPyType(sparse.csr_matrix, np.int16)
    delays: sparse.csr_matrix = LavaPyType(sparse.csr_matrix, int)
    num_message_bits: np.ndarray = LavaPyType(np.ndarray, int)


@declares(float, "a_out weights a_buff")
@declares(int, "num_message_bits")
class OwnConvInTime(AbstractPyConvInTimeModel):
    pass


@declares(np.int32, "a_out weight a_buf kernel_size padding stride dilation groups weight_exp")
@declares(int, "num_message_bits num_weight_bits")
class OwnConv(AbstractPyConvModel):
    pass


@pytest.mark.parametrize(
    ("model", "process", "first"),
    [
        (OwnConvInTime, ConvInTime(weights=np.array([[[3, 5]]]), name="own"), [2, 1]),
        (OwnConv, Conv(weight=np.array([[[[3, 5]]]]), input_shape=(1, 1, 2), name="own"),
         [[[2, 1]]]),
    ],
)  # fmt: skip
def test_own_convolutions_need_no_class_of_numbers(model: Any, process: Any, first: Any) -> None:
    got = outputs(ModelHarness(model, process), [first, np.zeros_like(first)])
    assert got.ravel().tolist() == [0, 8]


@pytest.mark.parametrize(
    ("model", "process", "dtype"),
    [(OwnDelayDense, DelayDense, np.float64), (OwnDelaySparse, DelaySparse, np.int32)],
)
@pytest.mark.parametrize("bits", [0, 8])
def test_a_model_of_ones_own_computes_in_the_type_of_the_weights_it_declares(
    model: Any, process: Any, dtype: Any, bits: int
) -> None:
    connection = ModelHarness(
        model, process(weights=np.array([[3, 5]]), delays=1, num_message_bits=bits, name="own")
    )
    got = outputs(connection, [[2, 1], [0, 0], [0, 0], [0, 0]])
    assert got.dtype == dtype
    assert got.ravel().tolist() == [0, 0, 11 if bits else 8, 0]
    if bits and dtype == np.int32:
        with pytest.raises(InvalidValueError, match=r"'own'\.s_in: expected integral"):
            connection.step(s_in=np.array([0.5, 0.0]))


# -- fixed point -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, [[0, 0, 200], [-4, 0, 254]]),
        ({"num_weight_bits": 6}, [[0, 0, 200], [-8, 0, 248]]),
        ({"sign_mode": SignMode.EXCITATORY}, [[1, 0, 200], [0, 1, 255]]),
        ({"sign_mode": SignMode.INHIBITORY}, [[0, 0, 0], [-3, 0, 0]]),
    ],
    ids=str,
)
def test_weights_become_what_the_hardware_stores(kind: str, options: Any, want: Any) -> None:
    weights = np.array([[1.9, 0, 200], [-3, 1, 300]])
    connection = harness(FIXED, kind, weights, **options)
    assert dense_weights(connection).tolist() == want
    assert dense_weights(connection).dtype == np.int32
    if "sparse" in kind:
        assert connection.weights.nnz == 5  # what became zero is still a synapse


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_set_later_are_used_as_they_are(kind: str) -> None:
    connection = harness(FIXED, kind, np.array([[3, -5]]))
    assert dense_weights(connection).tolist() == [[2, -6]]
    value = np.array([[3, 1000]])
    connection.set("weights", sparse.csr_matrix(value) if "sparse" in kind else value)
    connection.step(s_in=[1, 1])
    assert connection.step()["a_out"] == [1003]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("exponent", "want"),
    [(-3, [0, 18, -27, 27]), (0, [0, 150, -210, 220]), (2, [0, 600, -840, 880])],
)
def test_the_sum_is_scaled_with_rounding_down(kind: str, exponent: int, want: list[int]) -> None:
    weights = np.array([[50, -30]])
    connection = harness(FIXED, kind, weights, weight_exp=exponent, num_message_bits=8)
    got = outputs(connection, [[3, 0], [0, 7], [5, 1], [0, 0]])
    assert got.ravel().tolist() == want


@pytest.mark.parametrize("kind", KINDS)
def test_sums_wrap_at_32_bits(kind: str) -> None:
    connection = harness(FIXED, kind, np.array([[200, 100]]), num_message_bits=24)
    payload = np.array([2**24 - 1, 2**23], np.int32)
    connection.step(s_in=payload)
    want = (200 * (2**24 - 1) + 100 * 2**23 + 2**31) % 2**32 - 2**31
    assert connection.step()["a_out"] == [want]
    wide = np.array([2**40 + 3, 0])
    connection.step(s_in=wide)
    assert connection.step()["a_out"] == [600]


@pytest.mark.parametrize("kind", KINDS)
def test_the_fixed_model_refuses_fractions_of_input(kind: str) -> None:
    connection = harness(FIXED, kind, np.array([[2, 4]]), num_message_bits=8)
    assert connection.step(s_in=np.array([1.0, 3.0]))["a_out"] == [0]
    assert connection.step()["a_out"] == [14]
    with pytest.raises(InvalidValueError, match=r"'synapses'\.s_in: expected integral"):
        connection.step(s_in=np.array([0.5, 0.0]))


@pytest.mark.parametrize("name", ["weight_exp", "num_weight_bits"])
def test_the_fixed_model_refuses_fractional_parameters(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected an integer"):
        harness(FIXED, "dense", np.ones((1, 1)), **{name: 0.5})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("num_weight_bits", -1, r"expected an integer, at least 0, got -1"),
        ("num_weight_bits", True, r"expected an integer, at least 0, got True"),
        ("num_weight_bits", 11, r"expected an integer from 0 to 10, got 11"),
        ("num_weight_bits", 0, r"expected at least 1 for weights other than 0, got 0"),
        ("weight_exp", 31, r"expected an integer from -128 to 30, got 31"),
        ("weight_exp", True, r"expected an integer, at least -128, got True"),
    ],
)
def test_bits_and_exponents_that_leave_nothing_of_a_weight_are_refused(
    kind: str, name: str, value: Any, why: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=rf"{name}: {why}"):
        harness(FIXED, kind, np.full((1, 1), 4), **{name: value})


@pytest.mark.parametrize("mode", [SignMode.MIXED, SignMode.EXCITATORY])
@pytest.mark.parametrize("weights", [[[0, 0]], [[255, 190]], [[1, 64]]], ids=str)
def test_whatever_optimized_weights_say_of_themselves_is_taken(
    weights: list[list[int]], mode: SignMode
) -> None:
    found = optimize_weight_bits(np.array(weights), mode)
    options = {"num_weight_bits": found.num_weight_bits, "weight_exp": found.weight_exp}
    connection = harness(FIXED, "dense", found.weights, sign_mode=mode, **options)
    assert dense_weights(connection).tolist() == found.weights.tolist()


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        harness(FIXED, "sparse", np.array([[np.inf]]))


@settings(deadline=None, max_examples=cases(60))
@given(st.data())
def test_fixed_point_is_the_same_for_all_kinds(data: Any) -> None:
    """Weights, input, bits, exponent, payloads: dense, sparse and delay 0 agree with NumPy."""
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    numbers = st.integers(-300, 300)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    weights = rng.integers(-300, 300, shape) * (rng.random(shape) < 0.7)
    mode = data.draw(st.sampled_from([None, *SignMode]))
    bits = data.draw(st.integers(1, 8))
    exponent = data.draw(st.integers(-8, 8))
    graded = data.draw(st.booleans())
    rows = [data.draw(st.lists(numbers, min_size=shape[1], max_size=shape[1])) for _ in range(3)]
    options = {
        "sign_mode": mode,
        "num_weight_bits": bits,
        "weight_exp": exponent,
        "num_message_bits": 10 * graded,
    }
    used = mode or (SignMode.EXCITATORY if weights.min() >= 0 else
                    SignMode.INHIBITORY if weights.max() <= 0 else SignMode.MIXED)  # fmt: skip
    stored = truncate_weights(clip_weights(weights, used, 8), used, bits)
    want = []
    for row in rows[:-1]:
        sums = stored @ (np.array(row) if graded else np.array(row) != 0).astype(np.int64)
        want.append((sums << exponent if exponent > 0 else sums >> -exponent).tolist())
    for kind in KINDS:
        got = outputs(harness(FIXED, kind, weights, **options), np.array(rows))
        assert got[1:].tolist() == want, kind


# -- delays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["delay dense", "delay sparse"])
@pytest.mark.parametrize("kinds", [FLOAT, FIXED], ids=["float", "fixed"])
def test_example_of_the_documentation(kinds: Any, kind: str) -> None:
    connection = harness(
        kinds, kind, np.array([[10, 20], [30, 40]]), delays=np.array([[0, 2], [1, 0]])
    )
    got = outputs(connection, [[1, 1], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0], [0, 0]])
    assert got.T.tolist() == [[0, 10, 0, 20, 0, 0, 20], [0, 40, 30, 0, 40, 0, 0]]


@settings(deadline=None, max_examples=cases(40))
@given(st.data())
def test_delays_hold_back_what_the_definition_says(data: Any) -> None:
    """Against the definition: a spike in step t shows in the output of step t + 1 + d."""
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    weights = 2 * rng.integers(-20, 20, shape) * (rng.random(shape) < 0.7)
    delays = rng.integers(0, 5, shape)
    exponent = data.draw(st.integers(-2, 2))
    longest = data.draw(st.integers(int(delays.max()), 7))
    rows = rng.integers(-3, 4, (12, shape[1]))
    want = np.zeros((30, shape[0]), np.int64)
    for t, row in enumerate(rows):
        for d in range(5):
            sums = np.where(delays == d, weights, 0) @ row
            want[t + 1 + d] += sums << exponent if exponent > 0 else sums >> -exponent
    for given_delays, kind in (
        (delays, "delay dense"),
        (delays.astype(np.int8), "delay dense"),
        (sparse.coo_matrix(delays), "delay sparse"),
        (delays, "delay sparse"),
    ):
        connection = harness(FIXED, kind, weights, delays=given_delays, max_delay=longest,
                             weight_exp=exponent, num_message_bits=4,
                             sign_mode=SignMode.MIXED)  # fmt: skip
        assert connection.a_buff.shape == (shape[0], longest + 1 if longest else delays.max() + 1)
        assert outputs(connection, rows).tolist() == want[:12].tolist(), kind


@pytest.mark.parametrize("kind", ["delay dense", "delay sparse"])
def test_one_delay_for_all(kind: str) -> None:
    for delay in (2, np.int64(2)):
        connection = harness(FLOAT, kind, np.array([[1.0, 0.0]]), delays=delay)
        assert outputs(connection, [[1, 1]] + [[0, 0]] * 4).ravel().tolist() == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("kind", ["delay dense", "delay sparse"])
def test_delays_can_be_set_up_to_the_longest_allowed(kind: str) -> None:
    connection = harness(FLOAT, kind, np.array([[1.0, 2.0]]), delays=0, max_delay=2)
    value = np.array([[2, 1]])
    connection.set("delays", sparse.csr_matrix(value) if "sparse" in kind else value)
    assert outputs(connection, [[1, 1]] + [[0, 0]] * 4).ravel().tolist() == [0, 0, 2, 1, 0]
    for wrong, got in ((value * 2, "2 to 4"), (-value, "-2 to -1")):
        given = sparse.csr_matrix(wrong) if "sparse" in kind else wrong
        with pytest.raises(InvalidValueError, match=rf"delays: expected values from 0 to 2.*{got}"):
            connection.set("delays", given)
    assert outputs(connection, [[1, 1]] + [[0, 0]] * 4).ravel().tolist() == [0, 0, 2, 1, 0]


@pytest.mark.parametrize("kind", ["delay dense", "delay sparse"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delays": np.array([[-1, 0]])}, "at least 0"),
        ({"delays": -1}, "at least 0"),
        ({"delays": np.array([[1, 2, 3]])}, "shape of the weights"),
        ({"delays": np.array([[0.5, 1.0]])}, "expected integers"),
        ({"delays": 1.0}, "expected integers"),
        ({"delays": np.array([[1, 5]]), "max_delay": 4}, "max_delay: expected at least 5"),
    ],
    ids=str,
)
def test_senseless_delays_are_refused(kind: str, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        harness(FLOAT, kind, np.ones((1, 2)), **options)


@pytest.mark.parametrize("placement", ["actors", {"late": 2}])
@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("kind", [DelayDense, DelaySparse])
def test_delays_that_are_too_long_change_nothing_and_the_network_goes_on(
    kind: Any, tag: str, placement: Any
) -> None:
    weights, delays = np.arange(1, 17).reshape(4, 4), np.arange(16).reshape(4, 4) % 3
    too_long = delays.copy()
    too_long[3, 3] = 5
    found = []
    for wrong in (False, True):
        late = kind(weights=weights, delays=delays, max_delay=4, name="late")
        source, sink = Source(data=np.ones((4, 6))), Sink(shape=(4,), buffer=6)
        source.s_out.connect(late.s_in)
        late.a_out.connect(sink.a_in)
        with late:
            late.run(RunSteps(3), Loihi2SimCfg(select_tag=tag), {"placement": placement})
            for index, value in ((None, too_long), ((3, 3), 5)) if wrong else ():
                with pytest.raises(InvalidValueError, match=r"'late.*from 0 to 4.*got \d to 5"):
                    late.delays.set(value, idx=index)
            now = late.delays.get()
            assert (now.toarray() if sparse.issparse(now) else now).tolist() == delays.tolist()
            late.run(RunSteps(3))
            found.append(sink.data.get().tolist())
    assert found[0] == found[1]


def test_delays_that_a_connection_begins_with_are_refused_by_what_they_are() -> None:
    process = DelayDense(weights=np.ones((1, 2)), delays=2, name="late")
    process.delays.init = np.array([[1, 7]])
    with pytest.raises(InvalidValueError, match=r"'late'\.delays: .* from 0 to 2, .* got 1 to 7"):
        ModelHarness(dense_models.PyDelayDenseModelFloat, process)


@pytest.mark.parametrize("kind", ["delay dense", "delay sparse"])
def test_fixed_point_has_delays_up_to_63(kind: str) -> None:
    longer = harness(FIXED, kind, np.ones((1, 1)), delays=63, max_delay=70)
    with pytest.raises(InvalidValueError, match="expected at most 63"):
        longer.set("delays", 64, idx=(0, 0))
    with pytest.raises(ValueError, match=r"synapses.*expected at most 63"):
        harness(FIXED, kind, np.ones((1, 1)), delays=64)


def test_the_stacked_matrix_has_one_block_per_delay() -> None:
    weights, delays = np.array([[1, 2], [3, 4]]), np.array([[0, 2], [1, 0]])
    want = [[1, 0], [0, 4], [0, 0], [3, 0], [0, 2], [0, 0]]
    stacked: Callable[..., Any] = dense_models.AbstractPyDelayDenseModel.get_delay_wgts_mat
    assert stacked(weights, delays, 2).tolist() == want
    stacked = sparse_models.AbstractPyDelaySparseModel.get_delay_wgts_mat
    for form in (sparse.csr_matrix, np.asarray):
        assert stacked(form(weights), form(delays), 2).toarray().tolist() == want


# -- sparse matrices -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_sparse_matrices_of_any_format_are_accepted(form: str) -> None:
    full = np.array([[0, 2, 0], [1, 0, 3]])
    given_matrix = sparse.csr_matrix(full).asformat(form)
    connection = harness(FLOAT, "sparse", given_matrix)
    assert isinstance(connection.weights, sparse.csr_matrix)
    assert connection.weights.dtype == full.dtype
    assert connection.weights.toarray().tolist() == full.tolist()
    connection.step(s_in=[1, 1, 0])
    assert connection.step()["a_out"].tolist() == [2, 1]


def test_entries_stored_twice_are_summed_and_the_callers_matrix_is_left_alone() -> None:
    twice = sparse.csr_matrix((np.array([1.0, 2.0]), np.array([0, 0]), np.array([0, 2])), (1, 1))
    process = Sparse(weights=twice)
    assert process.weights.init.data.tolist() == [3.0]
    assert twice.nnz == 2
    assert "weights" not in process.proc_params


def test_stored_zeros_are_synapses() -> None:
    matrix = sparse.csr_matrix((np.array([0.0, 1.0]), ([0, 0], [0, 1])), (1, 2))
    connection = harness(FLOAT, "sparse", matrix)
    assert connection.weights.nnz == 2
    connection.set("weights", sparse.csr_matrix((np.array([4.0, 1.0]), ([0, 0], [0, 1])), (1, 2)))
    connection.step(s_in=[1, 0])
    assert connection.step()["a_out"] == [4.0]


@pytest.mark.parametrize("kinds", [FLOAT, FIXED], ids=["float", "fixed"])
def test_delays_stay_what_they_were_given_as(kinds: Any) -> None:
    process, model = kinds["delay sparse"]
    weights, delays = np.array([[4, 6, 0]]), np.array([[1, 2, 0]])
    for own in (delays, sparse.csr_matrix(delays)):
        connection = process(weights=weights, delays=own)
        assert type(connection.delays.get()) is type(own)
        running = ModelHarness(model._la_specialised(connection), connection)
        assert type(running.delays) is type(own)
        got = outputs(running, [[1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
        assert got.ravel().tolist() == [0, 0, 4, 6]


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("change", ["self.weights.data *= 2", "self.weights *= 2",
                                    "self.weights = self.weights * 2",
                                    "self.weights.data[:] = self.weights.data * 2"])  # fmt: skip
def test_weights_that_a_class_of_ones_own_changes_count_from_the_next_step(
    tag: str, change: str
) -> None:
    base = (FLOAT if tag == "floating_pt" else FIXED)["sparse"][1]
    names: dict[str, Any] = {"base": base}
    exec(f"def run_spk(self):\n    base.run_spk(self)\n    {change}", names)
    own = type("Own", (base,), {"run_spk": names["run_spk"]})
    implements(proc=Sparse, protocol=LoihiProtocol)(requires(CPU)(own))
    source, sink = Source(data=np.ones((3, 1))), Sink(shape=(3,), buffer=5)
    connection = Sparse(weights=sparse.csr_matrix(np.diag([2, 4, 6])))
    source.s_out.connect(connection.s_in)
    connection.a_out.connect(sink.a_in)
    with connection:
        cfg = Loihi2SimCfg(select_tag=tag, exception_proc_model_map={Sparse: own})
        connection.run(RunSteps(5), cfg)
        found = sink.data.get()
        connection.weights.set(sparse.csr_matrix(np.diag([1, 1, 1])))
        connection.run(RunSteps(2))
        assert connection.a_buff.get().tolist() == [2, 2, 2]
    assert found.T.tolist() == [[0, 0, 0], *([2 * 2**k, 4 * 2**k, 6 * 2**k] for k in range(4))]

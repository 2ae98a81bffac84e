"""`Var.get` and `Var.set`: every kind of value, paused and while the network runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from lava_actor import ActorType, Loihi2SimCfg, RunSteps
from lava_actor.errors import InvalidTypeError, InvalidValueError, LavaActorWarning
from lava_actor.proc.lif.process import LIF
from tests.runtime.networks import (
    Counter,
    Expand,
    HierarchicalSink,
    HoldAs,
    Holder,
    Sender,
    raise_error,
)

csr = scipy.sparse.csr_matrix


def hold(init: Any, cls: type, d_type: Any, shape: tuple[int, ...] = (3,), **options: Any) -> Holder:
    """A running, paused network of one `Holder`."""
    holder = Holder(init=init, shape=shape, name="holder", **options)
    holder.run(RunSteps(1), HoldAs(cls, d_type))
    return holder


def become(value: Any) -> Any:
    """An action that rebinds the model's value."""

    def action(model: Any) -> None:
        model.value = value

    return action


# --- get: kinds of values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "d_type",
    [bool, np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64, np.float32, np.float64,
     np.complex128],
)  # fmt: skip
def test_arrays_come_back_with_their_dtype_bit_by_bit(d_type: Any) -> None:
    init = np.array([0, 1, 1]).astype(d_type)
    if np.dtype(d_type).kind in "iu":
        init = np.array([np.iinfo(d_type).min, 0, np.iinfo(d_type).max], d_type)
    elif np.dtype(d_type).kind in "fc":
        init = np.array([-0.0, 0.1, 1e30], d_type)
    with hold(init, np.ndarray, d_type) as holder:
        got = holder.value.get()
        assert got.dtype == np.dtype(d_type)
        assert got.tobytes() == init.tobytes()


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0, 3), (2, 3, 4)])
def test_every_shape_comes_back(shape: tuple[int, ...]) -> None:
    init = np.arange(int(np.prod(shape))).reshape(shape)
    with hold(init, np.ndarray, np.int64, shape) as holder:
        assert holder.value.get().shape == shape
        assert np.array_equal(holder.value.get(), init)
        holder.value.set(init + 1)
        assert np.array_equal(holder.value.get(), init + 1)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (5, np.full(3, 5)),
        (True, np.full(3, True)),
        (2.5, np.full(3, 2.5)),
        (np.int32(4), np.full(3, 4, np.int32)),
        (np.int64(2**60 + 1), np.full(3, 2**60 + 1)),
        (np.float64(0.1), np.full(3, 0.1)),
        ([1, 2, 3], np.array([1, 2, 3])),
        ((1.5, 2.5, 3.5), np.array([1.5, 2.5, 3.5])),
    ],
)
def test_whatever_number_the_model_holds_is_an_array_of_the_vars_shape(
    held: Any, expected: np.ndarray
) -> None:
    with hold(0, np.ndarray, np.int64, on_step=become(held)) as holder:
        got = holder.value.get()
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)


@pytest.mark.parametrize(
    ("cls", "init", "expected"),
    [(int, 7, np.full(3, 7)), (float, 0.5, np.full(3, 0.5)), (bool, True, np.full(3, True))],
)
def test_vars_declared_as_python_scalars_fill_the_shape(
    cls: type, init: Any, expected: np.ndarray
) -> None:
    with hold(init, cls, cls) as holder:
        assert np.array_equal(holder.value.get(), expected)
        holder.value.set(init)
        assert np.array_equal(holder.value.get(), expected)


@pytest.mark.parametrize("held", [{"a": 1}, object(), None, {1, 2}])
def test_a_value_that_is_no_number_is_refused_and_the_session_goes_on(held: Any) -> None:
    if type(held) is object:
        held = become  # a function: cannot be an array either
    with hold(0, np.ndarray, np.int64, on_step=become(held)) as holder:
        with pytest.raises((TypeError, RuntimeError), match=r"holder\.value"):
            holder.value.get()
        assert holder.steps.get() == 1
        holder.run(RunSteps(1))
        assert holder.steps.get() == 2


@pytest.mark.parametrize("shape", [(10,), (2,), (2, 3)])
def test_an_array_of_another_shape_is_the_models_mistake(shape: tuple[int, ...]) -> None:
    with hold(0, np.ndarray, np.int64, on_step=become(np.zeros(shape))) as holder:
        with pytest.raises(ValueError, match=r"holder\.value: the model has bound it .* expected .*\(3,\)"):
            holder.value.get()
        assert holder.steps.get() == 1
        holder.value.set(4)
        assert np.array_equal(holder.value.get(), [4, 4, 4])


@pytest.mark.parametrize("text", ["", "a", "longer than the shape", "wörter – 語 🧠", "x" * 100_000])
def test_strings_of_any_length_and_alphabet(text: str) -> None:
    with hold("first", str, str, (5,)) as holder:
        assert holder.value.get() == "first"
        holder.value.set(text)
        assert holder.value.get() == text
        holder.run(RunSteps(1))
        assert holder.value.get() == text


def test_a_string_made_by_the_model() -> None:
    with hold("x", str, str, (1,), on_step=become("made by the model")) as holder:
        assert holder.value.get() == "made by the model"


# --- get and set: sparse matrices --------------------------------------------------------------

PATTERN = csr(np.array([[0, 1, 0], [2, 0, 3]], np.float64))


def double(model: Any) -> None:
    model.value = model.value * 2


def test_sparse_matrices_come_back_sparse_with_present_values() -> None:
    with hold(PATTERN, csr, np.float64, (2, 3), on_step=double) as holder:
        got = holder.value.get()
        assert scipy.sparse.issparse(got)
        assert got.dtype == PATTERN.dtype
        assert np.array_equal(got.toarray(), 2 * PATTERN.toarray())


def test_a_sparse_var_is_set_from_a_matrix_of_the_same_pattern() -> None:
    with hold(PATTERN, csr, np.float64, (2, 3)) as holder:
        for given in (PATTERN * 10, (PATTERN * 11).tocoo(), (PATTERN * 12).tocsc()):
            holder.value.set(given)
            assert np.array_equal(holder.value.get().toarray(), given.toarray())


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (csr(np.array([[1.0, 1, 0], [2, 0, 3]])), ValueError),
        (csr(np.array([[0, 1.0, 0], [2, 0, 0]])), ValueError),
        (csr(np.ones((3, 2))), ValueError),
        (np.ones((2, 3)), (TypeError, ValueError, RuntimeError)),
        (5, (TypeError, ValueError, RuntimeError)),
    ],
)
def test_a_sparse_var_refuses_another_pattern_and_stays_as_it_was(given: Any, error: Any) -> None:
    with hold(PATTERN, csr, np.float64, (2, 3)) as holder:
        with pytest.raises(error):
            holder.value.set(given)
        assert np.array_equal(holder.value.get().toarray(), PATTERN.toarray())


# --- set: forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("d_type", [np.int32, np.float64])
def test_a_value_that_was_set_is_read_back_and_used(d_type: Any) -> None:
    def increment(model: Any) -> None:
        model.value += 1

    with hold([1, 2, 3], np.ndarray, d_type, on_step=increment) as holder:
        runtime, var = holder.runtime, holder.value
        assert np.array_equal(runtime.get_var(var.id), [2, 3, 4])
        runtime.set_var(var.id, np.array([10, 20, 30]))
        assert np.array_equal(var.get(), [10, 20, 30])
        holder.run(RunSteps(5))
        assert np.array_equal(var.get(), [15, 25, 35])
        var.set(np.array([7, 8, 9]))
        holder.run(RunSteps(1))
        assert np.array_equal(runtime.get_var(var.id), [8, 9, 10])
        assert var.get().dtype == d_type


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, [[3, 3, 3], [3, 3, 3]]),
        (np.array(4), [[4, 4, 4], [4, 4, 4]]),
        ([1, 2, 3], [[1, 2, 3], [1, 2, 3]]),
        ([[1], [2]], [[1, 1, 1], [2, 2, 2]]),
        ([[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]),
        (np.arange(6, dtype=np.uint8).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
        (True, [[1, 1, 1], [1, 1, 1]]),
        (np.arange(12).reshape(2, 6)[:, ::2], [[0, 2, 4], [6, 8, 10]]),
        (np.asfortranarray(np.arange(6).reshape(2, 3)), [[0, 1, 2], [3, 4, 5]]),
        (np.arange(6), [[0, 1, 2], [3, 4, 5]]),
    ],
)
def test_set_takes_what_broadcasts_to_the_shape_or_has_as_many_elements(given: Any, expected: Any) -> None:
    with hold(0, np.ndarray, np.int32, (2, 3)) as holder:
        holder.value.set(given)
        assert holder.value.get().dtype == np.int32
        assert np.array_equal(holder.value.get(), expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_transposed_matrix_is_taken_row_by_row_with_a_warning(order: Any) -> None:
    with hold(0, np.ndarray, np.int32, (2, 3)) as holder:
        with pytest.warns(LavaActorWarning, match="is it transposed"):
            holder.value.set(np.arange(6).reshape(3, 2).copy(order))
        assert holder.value.get().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_fractions_are_cut_off_as_in_c_with_a_warning() -> None:
    with hold(0, np.ndarray, np.int32, (2, 3)) as holder:
        with pytest.warns(LavaActorWarning, match=r"3 of 6 values lose their fraction"):
            holder.value.set([[1.9, -3.9, 0.5], [4, 5, 6]])
        assert holder.value.get().tolist() == [[1, -3, 0], [4, 5, 6]]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([1, 2], ValueError),
        (np.arange(7), ValueError),
        (np.zeros((2, 2, 3)), ValueError),
        ([float("nan")] * 3, ValueError),
        ([float("inf")] * 3, ValueError),
        ("text", (ValueError, TypeError)),
        (object(), (ValueError, TypeError)),
        (None, (ValueError, TypeError)),
        ([[1, 2], [3]], (ValueError, TypeError)),
    ],
)
def test_set_refuses_what_does_not_fit_and_the_session_goes_on(given: Any, error: Any) -> None:
    with hold(9, np.ndarray, np.int32, (2, 3)) as holder:
        with pytest.raises(error, match="value"):
            holder.value.set(given)
        assert np.array_equal(holder.value.get(), np.full((2, 3), 9))
        assert holder.updates.get() == 0
        holder.run(RunSteps(1))
        assert holder.steps.get() == 2


INDICES: list[Any] = [
    0, -1, 1, (1, 2), (slice(None), 1), slice(1), slice(None, None, -1), ..., [0, 1, 0], [1],
    np.array([True, False]), (np.array([0, 1]), np.array([2, 0])), np.int64(1), None, (..., None),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_get_with_an_index_is_numpy_indexing(index: Any) -> None:
    data = np.arange(6).reshape(2, 3)
    with hold(data, np.ndarray, np.int64, (2, 3)) as holder:
        expected = data if index is None else data[index]
        got = holder.value.get(index)
        assert np.shape(got) == np.shape(expected)
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("index", [i for i in INDICES if i is not None], ids=str)
def test_set_with_an_index_is_numpy_assignment(index: Any) -> None:
    data = np.arange(6).reshape(2, 3)
    with hold(data, np.ndarray, np.int64, (2, 3)) as holder:
        expected = data.copy()
        expected[index] = 77
        holder.value.set(77, index)
        assert np.array_equal(holder.value.get(), expected)
        expected[index] = values = -np.ones_like(expected[index])
        holder.value.set(values, idx=index)
        assert np.array_equal(holder.value.get(), expected)


@pytest.mark.parametrize("index", [2, (0, 3), "a", (0, 0, 0), 1.5], ids=str)
def test_an_index_that_does_not_exist_is_refused_by_get_and_set(index: Any) -> None:
    with hold(4, np.ndarray, np.int64, (2, 3)) as holder:
        with pytest.raises((IndexError, TypeError, ValueError)):
            holder.value.get(index)
        with pytest.raises((IndexError, TypeError, ValueError)):
            holder.value.set(1, index)
        assert np.array_equal(holder.value.get(), np.full((2, 3), 4))


def test_an_int_stays_an_int_through_set_unless_it_would_lose_a_fraction() -> None:
    def look(model: Any) -> None:
        model.updates[0] = 1000 + (type(model.value) is int)

    with hold(5, int, int, (1,), on_step=look) as holder:
        holder.value.set(np.array([6]))
        holder.run(RunSteps(1))
        assert holder.updates.get() == 1001
        assert holder.value.get() == 6
        holder.value.set(7.9)
        holder.run(RunSteps(1))
        assert holder.updates.get() == 1000
        assert holder.value.get() == 7.9


def test_what_the_user_gets_is_the_users_own_copy() -> None:
    with hold([1, 2, 3], np.ndarray, np.int64) as holder:
        got = holder.value.get()
        got[:] = 100
        assert np.array_equal(holder.value.get(), [1, 2, 3])
        given = np.array([4, 5, 6])
        holder.value.set(given)
        given[:] = 0
        assert np.array_equal(holder.value.get(), [4, 5, 6])


def test_threads_share_no_values_with_the_model() -> None:
    holder = Holder(init=[1, 2, 3], shape=(3,))
    with holder:
        holder.run(RunSteps(1), HoldAs(np.ndarray, np.int64), {"actor_type": ActorType.Threading})
        given = np.array([4, 5, 6])
        holder.value.set(given)
        given[:] = 0
        got = holder.value.get()
        assert np.array_equal(got, [4, 5, 6])
        got[:] = 0
        assert np.array_equal(holder.value.get(), [4, 5, 6])


def test_initial_values_are_copied_even_between_threads() -> None:
    init = np.array([1, 2, 3])

    def increment(model: Any) -> None:
        model.value += 1

    holder = Holder(init=init, shape=(3,), on_step=increment)
    with holder:
        holder.run(RunSteps(2), HoldAs(np.ndarray, np.int64), {"actor_type": ActorType.Threading})
        assert np.array_equal(init, [1, 2, 3])
        assert np.array_equal(holder.value.get(), [3, 4, 5])


def test_large_values_travel_whole() -> None:
    data = np.random.default_rng(0).random((1000, 1000))
    with hold(data, np.ndarray, np.float64, (1000, 1000)) as holder:
        assert np.array_equal(holder.value.get(), data)
        holder.value.set(-data)
        assert np.array_equal(holder.value.get(), -data)
        assert np.array_equal(holder.value.get((slice(None), 3)), -data[:, 3])


# --- the hook ----------------------------------------------------------------------------------


def test_on_var_update_runs_once_per_set_before_set_returns() -> None:
    with hold(0, np.ndarray, np.int64) as holder:
        for number in range(1, 6):
            holder.value.set(number)
            assert holder.updates.get() == number


def test_an_error_in_on_var_update_reaches_the_caller_of_set_and_the_model_lives() -> None:
    with hold(0, np.ndarray, np.int64, on_update=raise_error) as holder:
        with pytest.raises(ValueError, match="expected") as caught:
            holder.value.set(1)
        assert "raise_error" in str(caught.value.__cause__)
        holder.run(RunSteps(1))
        assert holder.steps.get() == 2


# --- who holds a Var ---------------------------------------------------------------------------


def test_an_alias_reads_and_writes_the_var_of_the_sub_process() -> None:
    sender, sink = Sender([1, 2]), HierarchicalSink(shape=(2,))
    sender.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), Expand())
        assert np.array_equal(sink.last.get(), [1, 2])
        sink.last.set([8, 9])
        assert np.array_equal(sink.procs.sink.last.get(), [8, 9])


def test_a_var_no_model_holds_is_an_assertion_error_without_side_effects() -> None:
    from lava_actor import Var

    class WithMore(HierarchicalSink):
        def __init__(self) -> None:
            super().__init__(shape=(1,))
            self.unheld = Var((1,), init=3)

    counter, sink = Counter(), WithMore()
    counter.out.connect(sink.inp)
    with sink:
        sink.run(RunSteps(1), Expand())
        with pytest.raises(AssertionError):
            sink.unheld.get()
        with pytest.raises(AssertionError):
            sink.unheld.set(4)
        sink.run(RunSteps(1))
        assert sink.last.get() == 2


def test_an_unknown_var_id_is_an_assertion_error() -> None:
    with hold(0, np.ndarray, np.int64) as holder:
        with pytest.raises(AssertionError):
            holder.runtime.get_var(10**9)
        with pytest.raises(AssertionError):
            holder.runtime.set_var(10**9, 1)
        assert holder.steps.get() == 1


def test_complex_numbers_do_not_fit_into_integers() -> None:
    with hold(0, np.ndarray, np.int64) as holder:
        with pytest.raises(InvalidTypeError):
            holder.value.set(1j)
        assert np.array_equal(holder.value.get(), [0, 0, 0])


def test_a_number_that_a_model_refuses_leaves_the_one_it_had() -> None:
    with LIF(shape=(2,), vth=5, name="cells") as cells:
        cells.run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"))
        with pytest.raises(InvalidValueError, match=r"cells'\.vth: expected integral values"):
            cells.vth.set(1.5)
        assert cells.vth.get() == 5
        cells.du.set(7)  # and nobody complains about another one

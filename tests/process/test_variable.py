"""Vars: initial values, aliases, and reading and writing through a runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from lava_actor.errors import LavaActorError, RuntimeStateError
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var, VarServer


class Holder(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = (2, 3), init: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.v = Var(shape=shape, init=init)


class FakeRuntime:
    """Holds arrays by the id of their Var, as models would."""

    is_over = True

    def __init__(self, *variables: Var) -> None:
        self.values: dict[int, Any] = {
            var.id: np.broadcast_to(np.asarray(var.init), var.shape).copy() for var in variables
        }
        self.calls: list[tuple[Any, ...]] = []

    def get_var(self, var_id: int, idx: Any = None) -> Any:
        value = self.values[var_id]
        return value if idx is None else value[idx]

    def set_var(self, var_id: int, value: Any, idx: Any = None) -> None:
        self.calls.append((var_id, value, idx))
        self.values[var_id][... if idx is None else idx] = value


class RefusingRuntime:
    is_over = True

    def get_var(self, var_id: int, idx: Any = None) -> Any:
        raise RuntimeStateError("not started")


def running(holder: Holder) -> FakeRuntime:
    holder.runtime = FakeRuntime(*holder.vars)
    return holder.runtime


# -- construction -----------------------------------------------------------------------------


def test_the_defaults() -> None:
    var = Var((2,))
    assert var.init == 0
    assert var.shareable
    assert var.name == "Unnamed variable"
    assert var.aliased_var is None
    assert var.model is None
    assert var.process is None


def test_what_was_given_is_kept() -> None:
    init = np.ones((2,))
    var = Var((2,), init, False, "weights")
    assert var.init is init
    assert not var.shareable
    assert var.name == "weights"
    with pytest.raises(AssertionError, match="expected a str"):
        Var((2,), name=None)  # type: ignore[arg-type]


def test_ids_are_in_order_of_creation() -> None:
    VarServer().reset_server()
    variables = [Var((1,)) for _ in range(3)]
    assert [var.id for var in variables] == [0, 1, 2]
    assert VarServer().vars == variables


def test_a_model_can_be_attached() -> None:
    var = Var((1,))
    var.model = "anything"
    assert var.model == "anything"


# -- before there is a network ----------------------------------------------------------------


@pytest.mark.parametrize("init", [10, 2.5, True, [20, 30], "rule", np.arange(6)])
def test_without_a_network_the_value_is_the_initial_one_itself(init: Any) -> None:
    assert Var((2, 3), init).get() is init
    assert Holder(init=init).v.get() is init


def test_the_initial_value_can_be_changed() -> None:
    var = Var((2,), 1)
    var.init = 7
    assert var.get() == 7


@pytest.mark.parametrize("idx", [0, (1, 2), slice(None, 1), ..., [0, 1], (slice(None), [0, 2])])
def test_an_index_sees_the_initial_value_in_the_shape_of_the_var(idx: Any) -> None:
    assert np.array_equal(Var((2, 3), 4).get(idx), np.full((2, 3), 4)[idx])
    init = np.arange(6).reshape(2, 3)
    part = Var((2, 3), init).get(idx)
    assert np.array_equal(part, init[idx])
    assert not np.shares_memory(part, init)


def test_an_index_out_of_range_is_an_index_error_that_names_the_var() -> None:
    holder = Holder(name="holder")
    with pytest.raises(IndexError, match=r"holder\.v of shape \(2, 3\)") as raised:
        holder.v.get(2)
    assert isinstance(raised.value, LavaActorError)


def test_nothing_can_be_set_before_there_is_a_network() -> None:
    for var in (Var((2, 3)), Holder().v):
        with pytest.raises(ValueError, match=r"v\w*\.set: expected a network"):
            var.set(np.zeros((2, 3)))


# -- with a network ---------------------------------------------------------------------------


def test_values_come_from_the_runtime() -> None:
    holder = Holder(init=np.arange(6).reshape(2, 3))
    runtime = running(holder)
    runtime.values[holder.v.id] += 1
    assert np.array_equal(holder.v.get(), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    "idx", [0, -1, (1, 2), slice(None, 1), (..., 1), [0, 1], np.array([True, False])]
)
def test_an_index_means_what_it_means_to_numpy(idx: Any) -> None:
    holder = Holder(init=np.arange(6).reshape(2, 3))
    running(holder)
    expected = np.arange(6).reshape(2, 3)
    assert np.array_equal(holder.v.get(idx), expected[idx])
    expected[idx] = 50
    holder.v.set(50, idx)
    assert np.array_equal(holder.v.get(), expected)
    part = np.arange(expected[idx].size).reshape(expected[idx].shape)
    expected[idx] = part
    holder.v.set(part, idx)
    assert np.array_equal(holder.v.get(), expected)


@pytest.mark.parametrize("value", [3, 2.5, True, [1, 2, 3], [[1], [2]], np.ones((2, 3)), ((7,),)])
def test_whatever_broadcasts_can_be_set(value: Any) -> None:
    holder = Holder(init=np.zeros((2, 3)))
    running(holder)
    if np.shape(value) == (1, 1):
        holder.v.set(value)
    holder.v.set(value)
    assert np.array_equal(holder.v.get(), np.broadcast_to(np.asarray(value), (2, 3)))


def test_errors_of_the_runtime_go_through() -> None:
    holder = Holder()
    holder.runtime = RefusingRuntime()
    with pytest.raises(RuntimeError, match="not started"):
        holder.v.get()


# -- aliases ----------------------------------------------------------------------------------


def test_an_alias_reads_and_writes_the_other_var() -> None:
    top, middle, bottom = Holder(), Holder(), Holder(init=np.arange(6).reshape(2, 3))
    top.v.alias(middle.v)
    middle.v.alias(bottom.v)
    assert top.v.get() is bottom.v.init
    assert np.array_equal(top.v.get((0, 1)), 1)
    running(bottom)
    top.v.set(9, (0, 0))
    assert np.array_equal(top.v.get(), [[9, 1, 2], [3, 4, 5]])


def test_an_alias_needs_an_equal_var() -> None:
    var = Var((2,), name="mine")
    with pytest.raises(AssertionError, match=r"mine\.alias: expected a Var, got 3"):
        var.alias(3)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match=r"shape=\(2,\), got its with shape=\(3,\)"):
        var.alias(Var((3,), name="its"))
    with pytest.raises(AssertionError, match=r"shareable=True, got its with shareable=False"):
        var.alias(Var((2,), shareable=False, name="its"))
    assert var.aliased_var is None


def test_an_alias_is_validated_against_the_hierarchy() -> None:
    parent, child, grandchild = Holder(), Holder(), Holder()
    parent.register_sub_procs({"child": child})
    child.register_sub_procs({"grandchild": grandchild})
    parent.v.validate_alias()
    for inner in (child, grandchild):
        parent.v.alias(inner.v)
        parent.v.validate_alias()
    for outer in (Holder().v, Var((2, 3))):
        parent.v.alias(outer)
        with pytest.raises(AssertionError, match="expected a Var of a sub-process"):
            parent.v.validate_alias()
    child.v.alias(parent.v)
    with pytest.raises(AssertionError, match="expected a Var of a sub-process"):
        child.v.validate_alias()


def test_aliases_in_a_circle_are_an_error_and_no_endless_loop() -> None:
    one, other = Var((1,), name="one"), Var((1,), name="other")
    one.alias(other)
    other.alias(one)
    with pytest.raises(AssertionError, match="lead back"):
        one.get()


# -- showing ----------------------------------------------------------------------------------


def test_a_var_shows_name_shape_initial_and_present_value() -> None:
    holder = Holder(shape=(2,), init=np.array([1, 2]))
    running(holder).values[holder.v.id][:] = [5, 6]
    text = repr(holder.v)
    for part in ("Variable: v", "shape: (2,)", "init: [1 2]", "shareable: True", "value: [5 6]"):
        assert part in text


def test_a_large_var_is_shown_in_a_few_words() -> None:
    text = repr(Var((100, 100), np.arange(10_000).reshape(100, 100)))
    assert "value: 0 … 9999" in text
    assert len(text) < 150


def test_the_table_of_a_var_has_its_present_value() -> None:
    holder = Holder(shape=(2,), init=np.array([1, 2]))
    running(holder).values[holder.v.id][:] = [5, 6]
    assert "[5 6]" in holder.v._repr_html_()


def test_showing_a_var_never_fails() -> None:
    holder = Holder()
    holder.runtime = RefusingRuntime()
    assert "not started" in repr(holder.v)


def test_a_sparse_var_is_read_as_it_is() -> None:
    weights = scipy.sparse.csr_matrix(np.eye(2))
    assert Var((2, 2), weights).get() is weights
    assert Var((2, 2), weights).get((0, 0)) == 1

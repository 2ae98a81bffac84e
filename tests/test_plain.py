"""`plain` records are dataclasses: what users of theirs rely on is what the standard ones do."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pytest

from lava_actor.plain import plain


@plain(frozen=True)
class One:
    name: str


@plain(frozen=True)
class Point:
    x: int
    y: tuple[int, ...] = ()
    note: str = field(default="", compare=False, repr=False)


@plain(frozen=True)
class Named(Point):
    name: str = "n"


@plain
class Open:
    values: list[Any] = field(default_factory=list)
    x: int = 0


@dataclass(frozen=True)
class Standard:
    x: int
    y: tuple[int, ...] = ()
    note: str = field(default="", compare=False, repr=False)


def test_records_are_equal_if_their_class_and_all_that_is_compared_is() -> None:
    assert Point(1, (2,), "a") == Point(1, (2,), "b")
    assert Point(1) != Point(2)
    assert One("a") == One("a") != One("b")
    assert Named(1) != Point(1)
    assert Named(1, name="a") != Named(1)
    assert Open([1]) == Open([1]) != Open([2])


def test_frozen_records_are_keys_and_others_are_not() -> None:
    assert {Point(1, note="a"), Point(1), Named(1), One("a"), One("a")} == {
        Point(1), Named(1), One("a")
    }  # fmt: skip
    with pytest.raises(TypeError, match="unhashable type: 'Open'"):
        hash(Open())


def test_records_are_shown_as_standard_dataclasses_are() -> None:
    shown = repr(Standard(1, (2,), "a"))
    assert repr(Point(1, (2,), "a")) == shown.replace("Standard", "Point")
    held = Open()
    held.values.append(held)
    assert repr(held) == "Open(values=[...], x=0)"


def test_a_record_of_one_array_is_compared_as_a_tuple_that_holds_it() -> None:
    @plain(eq=True)
    class Held:
        array: np.ndarray

    array = np.zeros(3)
    assert Held(array) == Held(array)
    with pytest.raises(ValueError, match="ambiguous"):
        assert Held(array) == Held(np.ones(3))


def test_a_class_keeps_the_methods_it_writes_itself() -> None:
    @plain
    class Spoken:
        x: int

        def __repr__(self) -> str:
            return f"<{self.x}>"

    @plain(eq=False)
    class Same:
        x: int

    assert repr(Spoken(1)) == "<1>"
    assert Same(1) != Same(1)
    assert len({Same(1), Same(1)}) == 2


def test_records_can_be_replaced_pickled_and_have_fields() -> None:
    changed = replace(Named(1, name="a"), x=2)
    assert changed == Named(2, name="a")
    assert pickle.loads(pickle.dumps(changed)) == changed
    assert [each.name for each in fields(changed)] == ["x", "y", "note", "name"]


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required .* 'x'"):
        Point()  # type: ignore[call-arg]

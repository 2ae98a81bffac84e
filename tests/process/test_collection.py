"""Collections: the members of a Process by kind and name."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest

from lava_actor.process.collection import Collection
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


@pytest.fixture
def process() -> AbstractProcess:
    return AbstractProcess(name="owner")


@pytest.fixture
def members() -> dict[str, Var]:
    return {"b": Var((1,), name="b"), "a": Var((2,), name="a")}


@pytest.fixture
def collection(process: AbstractProcess, members: dict[str, Var]) -> Collection:
    made = Collection(process, "Var")
    made.add_members(members)
    return made


def test_a_new_collection_is_empty(process: AbstractProcess) -> None:
    made = Collection(process, "Var")
    assert made.process is process
    assert made.name == "Var"
    assert made.is_empty()
    assert made.members == made.member_names == []
    assert len(made) == 0


def test_members_keep_the_order_in_which_they_came(
    collection: Collection, members: dict[str, Var]
) -> None:
    assert collection.member_names == ["b", "a"]
    assert collection.members == list(members.values())
    assert not collection.is_empty()
    assert len(collection) == 2


def test_a_member_of_a_known_name_is_replaced(collection: Collection) -> None:
    new = Var((3,))
    collection.add_members({"b": new})
    assert collection.member_names == ["b", "a"]
    assert collection.b is new


def test_members_are_attributes_and_items(collection: Collection, members: dict[str, Var]) -> None:
    assert collection.a is collection["a"] is members["a"]
    assert {"a", "b"} <= set(dir(collection))


def test_an_unknown_attribute_is_both_kinds_of_error(collection: Collection) -> None:
    with pytest.raises(AssertionError, match=r"Var collection of owner.*'c'.*there is: b, a"):
        collection.c
    with pytest.raises(AttributeError):
        collection.c
    assert not hasattr(collection, "c")
    assert getattr(collection, "c", None) is None


def test_an_unknown_item_is_a_key_error_that_can_be_read(collection: Collection) -> None:
    with pytest.raises(KeyError) as raised:
        collection["c"]
    assert str(raised.value).startswith("Var collection of owner: there is no member 'c'")
    with pytest.raises(KeyError):
        collection.remove_member("c")


def test_a_member_can_be_taken_out(collection: Collection) -> None:
    collection.remove_member("b")
    assert collection.member_names == ["a"]


def test_has_goes_by_name(collection: Collection) -> None:
    assert collection.has(SimpleNamespace(name="a"))
    assert not collection.has(SimpleNamespace(name="c"))
    with pytest.raises(AssertionError, match="expected a member with a name"):
        collection.has(object())


def test_in_goes_by_name_or_by_object(collection: Collection, members: dict[str, Var]) -> None:
    assert "a" in collection
    assert members["a"] in collection
    assert "c" not in collection
    assert Var((2,), name="a") not in collection


def test_iterations_do_not_disturb_each_other(collection: Collection) -> None:
    assert [(x.name, y.name) for x in collection for y in collection] == [
        ("b", "b"), ("b", "a"), ("a", "b"), ("a", "a"),
    ]  # fmt: skip
    for _ in collection:
        break
    assert [member.name for member in collection] == ["b", "a"]
    for member in collection:
        collection.remove_member(member.name)
    assert collection.is_empty()


def test_a_collection_survives_pickling(collection: Collection) -> None:
    loaded = pickle.loads(pickle.dumps(collection))
    assert loaded.member_names == ["b", "a"]
    assert loaded.a.shape == (2,)
    assert loaded.process.name == "owner"

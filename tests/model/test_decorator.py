"""What ``@implements``, ``@requires`` and ``@tag`` do to a class, and what they refuse."""

from __future__ import annotations

import pytest

from lava_actor.compat.lava_names.resources import (
    CPU,
    GPU,
    HeadNode,
    Loihi1NeuroCore,
    Loihi2NeuroCore,
)
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.process.process import AbstractProcess


class One(AbstractProcess):
    pass


class Other(AbstractProcess):
    pass


def test_a_model_without_decorators_declares_nothing() -> None:
    assert AbstractProcessModel.implements_process is None
    assert AbstractProcessModel.implements_protocol is None
    assert AbstractProcessModel.required_resources == []
    assert AbstractProcessModel.tags == []


def test_implements_sets_the_decorated_class_only() -> None:
    class Base(PyLoihiProcessModel):
        pass

    @implements(proc=One, protocol=LoihiProtocol)
    class Model(Base):
        pass

    assert (Model.implements_process, Model.implements_protocol) == (One, LoihiProtocol)
    assert (Base.implements_process, Base.implements_protocol) == (None, None)


def test_subclasses_inherit_process_and_protocol_and_may_name_the_same_again() -> None:
    @implements(proc=One, protocol=LoihiProtocol)
    class Model(PyLoihiProcessModel):
        pass

    class Plain(Model):
        pass

    @implements(proc=One)
    class Again(Model):
        pass

    assert Plain.implements_process is One
    assert (Again.implements_process, Again.implements_protocol) == (One, LoihiProtocol)


@pytest.mark.parametrize("change", [{"proc": Other}, {"protocol": AsyncProtocol}])
def test_another_process_or_protocol_than_the_inherited_one_is_refused(change: dict) -> None:
    @implements(proc=One, protocol=LoihiProtocol)
    class Model(PyLoihiProcessModel):
        pass

    with pytest.raises(AssertionError, match="cannot become"):

        @implements(**change)
        class Changed(Model):
            pass


@pytest.mark.parametrize(
    "wrong", [{"proc": 3}, {"protocol": "loihi"}, {"protocol": LoihiProtocol()}]
)
def test_implements_refuses_what_is_no_class(wrong: dict) -> None:
    with pytest.raises(TypeError, match="expected a"):
        implements(**wrong)


@pytest.mark.parametrize("wrong", [{"proc": LoihiProtocol}, {"protocol": One}, {"proc": CPU}])
def test_implements_refuses_classes_of_another_kind(wrong: dict) -> None:
    with pytest.raises(AssertionError, match="expected a"):
        implements(**wrong)


@pytest.mark.parametrize("decorator", [implements(proc=One), requires(CPU), tag("a")])
def test_only_models_can_be_decorated(decorator: object) -> None:
    with pytest.raises(AssertionError, match="expected a ProcessModel"):
        decorator(One)  # type: ignore[operator]
    with pytest.raises(AssertionError, match="expected a ProcessModel"):
        decorator(lambda: None)  # type: ignore[operator]


def test_requirements_and_tags_add_up_without_changing_the_parent() -> None:
    @requires(CPU)
    @tag("a", "b")
    class Base(PyLoihiProcessModel):
        pass

    @requires(GPU, [Loihi1NeuroCore, Loihi2NeuroCore])
    @tag("c")
    class Model(Base):
        pass

    assert Base.required_resources == [CPU]
    assert Base.tags == ["a", "b"]
    assert Model.required_resources == [CPU, GPU, [Loihi1NeuroCore, Loihi2NeuroCore]]
    assert Model.tags == ["a", "b", "c"]


def test_alternatives_may_be_a_tuple() -> None:
    @requires((Loihi1NeuroCore, Loihi2NeuroCore))
    class Model(PyLoihiProcessModel):
        pass

    assert Model.required_resources == [[Loihi1NeuroCore, Loihi2NeuroCore]]


@pytest.mark.parametrize("wrong", [CPU(), "CPU", [CPU, "GPU"], None])
def test_requires_refuses_what_is_no_class(wrong: object) -> None:
    with pytest.raises(TypeError):
        requires(wrong)


@pytest.mark.parametrize("wrong", [One, HeadNode, [CPU, int]])
def test_requires_refuses_classes_that_are_no_resource(wrong: object) -> None:
    with pytest.raises(AssertionError):
        requires(wrong)


def test_tag_refuses_what_is_no_string() -> None:
    with pytest.raises(AssertionError):
        tag("a", 3)  # type: ignore[arg-type]


def test_the_text_of_a_model_names_process_resources_and_tags() -> None:
    @implements(proc=One, protocol=LoihiProtocol)
    @requires(CPU, [Loihi1NeuroCore, Loihi2NeuroCore])
    @tag("fixed_pt")
    class Model(PyLoihiProcessModel):
        pass

    text = repr(Model({}))
    assert text.splitlines() == [
        "Model implements One",
        "  supports: CPU, Loihi1NeuroCore or Loihi2NeuroCore",
        "  has tags: fixed_pt",
    ]

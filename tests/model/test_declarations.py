"""Do the members of a Process and the declarations of its model match?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_actor.model.declarations import check_members
from lava_actor.model.ports import PyInPort, PyOutPort, PyRefPort, PyVarPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType, declared
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Full(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = (2,)) -> None:
        super().__init__(name="full")
        self.v = Var(shape)
        self.a_in = InPort(shape)
        self.s_out = OutPort(shape)
        self.ref = RefPort(shape)
        self.access = VarPort(self.v)


def model(**changes: Any) -> type:
    members: dict[str, Any] = {
        "v": LavaPyType(np.ndarray, float),
        "a_in": LavaPyType(PyInPort.VEC_DENSE, float),
        "s_out": LavaPyType(PyOutPort.VEC_SPARSE, np.int32, precision=24),
        "ref": LavaPyType(PyRefPort.VEC_DENSE, float),
        "access": LavaPyType(PyVarPort.VEC_DENSE, float),
    }
    members.update(changes)
    return type("Model", (PyLoihiProcessModel,), {k: v for k, v in members.items() if v != "gone"})


def test_a_model_that_declares_every_member_passes() -> None:
    check_members(Full(), model())


@pytest.mark.parametrize("name", ["v", "a_in", "s_out", "ref", "access"])
def test_a_member_without_declaration_is_named(name: str) -> None:
    with pytest.raises(AssertionError, match=rf"full\.{name} .*no attribute"):
        check_members(Full(), model(**{name: "gone"}))


@pytest.mark.parametrize("name", ["v", "a_in", "s_out", "ref", "access"])
@pytest.mark.parametrize("wrong", [None, 3, np.ndarray])
def test_a_declaration_must_be_a_lava_py_type(name: str, wrong: Any) -> None:
    with pytest.raises(AssertionError, match=rf"full\.{name} .*LavaPyType"):
        check_members(Full(), model(**{name: wrong}))


def test_a_declaration_without_member_is_named() -> None:
    with pytest.raises(AssertionError, match=r"Model\.extra: full .*has no Var or port"):
        check_members(Full(), model(extra=LavaPyType(int, int)))


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("a_in", PyInPort),
        ("a_in", PyOutPort.VEC_DENSE),
        ("a_in", np.ndarray),
        ("a_in", "PyInPort"),
        ("s_out", PyOutPort),
        ("s_out", PyInPort.VEC_DENSE),
        ("ref", PyRefPort),
        ("ref", PyVarPort.VEC_DENSE),
    ],
)
def test_a_port_needs_a_concrete_class_of_its_kind(name: str, cls: Any) -> None:
    with pytest.raises(AssertionError, match=rf"Model\.{name} .*must be a concrete"):
        check_members(Full(), model(**{name: LavaPyType(cls, float)}))


@pytest.mark.parametrize("name", ["a_in", "s_out", "ref"])
def test_a_port_needs_a_numeric_dtype(name: str) -> None:
    cls = {"a_in": PyInPort, "s_out": PyOutPort, "ref": PyRefPort}[name].VEC_DENSE
    for wrong in (str, object, "nonsense"):
        with pytest.raises(AssertionError, match="d_type"):
            check_members(Full(), model(**{name: LavaPyType(cls, wrong)}))


def test_a_scalar_port_must_have_one_element() -> None:
    scalar = model(a_in=LavaPyType(PyInPort.SCALAR_DENSE, float))
    check_members(Full((1,)), scalar)
    with pytest.raises(AssertionError, match="carries one number"):
        check_members(Full((2,)), scalar)


@pytest.mark.parametrize("cls", [np.ndarray, int, float, bool, str, csr_matrix])
def test_these_classes_can_hold_a_var(cls: Any) -> None:
    check_members(Full(), model(v=LavaPyType(cls, float)))


@pytest.mark.parametrize("cls", [dict, np.int32, object, list])
def test_other_classes_of_vars_are_refused_at_compile_time(cls: Any) -> None:
    with pytest.raises(NotImplementedError, match=r"Model\.v"):
        check_members(Full(), model(v=LavaPyType(cls, float)))


def test_what_a_var_port_is_declared_as_has_no_effect() -> None:
    for cls in (PyRefPort.VEC_DENSE, np.ndarray, int):
        check_members(Full(), model(access=LavaPyType(cls, int)))


def test_implicit_var_ports_need_no_declaration() -> None:
    class Reader(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.ref = RefPort((2,))

    full, reader = Full(), Reader()
    reader.ref.connect_var(full.v)
    assert len(full.var_ports.members) == 2
    check_members(full, model())


@pytest.mark.parametrize("name", ["time_step", "phase", "request_pause", "run_spk", "_req_stop"])
def test_a_member_cannot_have_a_name_that_models_use_themselves(name: str) -> None:
    class Clash(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="clash")
            setattr(self, name, Var((1,)))

    cls = type("Model", (PyLoihiProcessModel,), {name: LavaPyType(np.ndarray, float)})
    with pytest.raises(AssertionError, match=rf"clash\.{name}: .*another"):
        check_members(Clash(), cls)


def test_declarations_are_inherited_and_can_be_replaced() -> None:
    class Base(PyLoihiProcessModel):
        b = LavaPyType(int, int)
        a: Any = None
        gone = LavaPyType(int, int)

    class Child(Base):
        a = LavaPyType(float, float)
        gone = None  # type: ignore[assignment]

    assert list(declared(Child)) == ["a", "b"]
    assert declared(Child)["b"] is Base.b


def test_lava_py_types_are_plain_data() -> None:
    assert LavaPyType(int, np.int32, 8) == LavaPyType(cls=int, d_type=np.int32, precision=8)
    assert LavaPyType(int, int).precision is None

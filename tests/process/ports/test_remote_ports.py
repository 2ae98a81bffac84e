"""Ports to Vars of other Processes: who may reach which, and with how many partners."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from lava_actor.process.ports.exceptions import DuplicateConnectionError, VarNotSharableError
from lava_actor.process.ports.ports import (
    ImplicitVarPort,
    RefPort,
    VarPort,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var
from tests.process.ports.some_ports import (
    SHAPE,
    Everything,
    connections,
    out,
    ref,
    ref_view,
    var_port,
    var_view,
)

# -- ports to remote Vars ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "make", "partner"),
    [
        ("connect", ref, var_port),
        ("connect", ref, ref),
        ("connect_from", ref, ref),
        ("connect", var_port, var_port),
        ("connect_from", var_port, ref),
        ("connect_from", var_port, var_port),
        ("connect", ref_view, var_port),
        ("connect", var_view, var_port),
    ],
)
def test_remote_ports_have_one_partner(
    call: str, make: Callable[[], Any], partner: Callable[[], Any]
) -> None:
    port, first, second = make(), partner(), partner()
    before = connections(port, first, second)
    with pytest.raises(AssertionError, match="expected one partner, got 2"):
        getattr(port, call)([first, second])
    assert connections(port, first, second) == before
    getattr(port, call)(first)
    before = connections(port, first, second)
    with pytest.raises(AssertionError, match="expected one partner, but it is connected to"):
        getattr(port, call)(second)
    with pytest.raises(DuplicateConnectionError):
        getattr(port, call)([first])
    assert connections(port, first, second) == before


def test_a_remote_port_with_a_view_has_its_partner() -> None:
    port = ref()
    port.flatten()
    for refused in (lambda: port.connect(var_port()), port.transpose, port.flatten):
        with pytest.raises(AssertionError, match="expected one partner"):
            refused()
    assert len(port.out_connections) == 1


def test_connecting_from_respects_what_the_partner_has() -> None:
    port, other = ref(), var_port()
    port.connect(var_port())
    with pytest.raises(AssertionError, match="expected one partner"):
        other.connect_from(port)
    assert other.in_connections == []


def test_several_ref_ports_share_a_var_port() -> None:
    shared, parent = var_port(), ref()
    refs = [ref(), ref(), parent]
    for port in refs:
        port.connect(shared)
    assert shared.in_connections == refs
    children = [ref(), ref()]
    for child in children:
        child.connect(parent)
        assert child.get_dst_ports() == [shared]
    assert shared.get_src_ports() == [refs[0], refs[1], *children]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_through_the_hierarchy_can_be_made_in_any_order(
    order: tuple[int, ...], backwards: bool
) -> None:
    chain = [ref(), ref(), ref(), var_port(), var_port(), var_port()]
    for link in order:
        if backwards:
            chain[link + 1].connect_from(chain[link])
        else:
            chain[link].connect(chain[link + 1])
    assert chain[0].get_dst_ports() == [chain[-1]]
    assert chain[-1].get_src_ports() == [chain[0]]
    assert chain[0].get_dst_vars() == [chain[-1].var]


def test_a_var_port_has_the_shape_of_its_var() -> None:
    var = Var((4, 2))
    port = VarPort(var)
    assert port.var is var
    assert port.shape == (4, 2)


@pytest.mark.parametrize("wrong", [None, 3, (2,), out()])
def test_a_var_port_is_made_of_a_var(wrong: Any) -> None:
    with pytest.raises(AssertionError, match="VarPort: expected a Var"):
        VarPort(wrong)


def test_a_var_has_to_be_shareable() -> None:
    var = Var(SHAPE, shareable=False, name="secret")
    with pytest.raises(VarNotSharableError, match="secret"):
        VarPort(var)
    port = ref()
    with pytest.raises(VarNotSharableError, match="secret"):
        port.connect_var(var)
    assert connections(port) == [([], [], {})]


def test_a_process_does_not_reach_its_own_vars_through_ports() -> None:
    process = Everything(name="process")
    with pytest.raises(AssertionError, match=r"Var of another Process, got process\.var_port"):
        process.ref.connect(process.var_port)
    with pytest.raises(AssertionError, match=r"Var of another Process, got process\.var_port"):
        process.var_port.connect_from(process.ref)
    assert connections(process.ref, process.var_port) == [([], [], {})] * 2


# -- connect_var ------------------------------------------------------------------------------


def test_a_var_gets_an_implicit_port() -> None:
    one, other = Everything(), Everything()
    one.ref.connect_var(other.v)
    (port,) = one.ref.out_connections
    assert isinstance(port, ImplicitVarPort)
    assert port.var is other.v
    assert port.name == "_v_implicit_port"
    assert port.process is other
    assert other._v_implicit_port is port  # type: ignore[attr-defined]
    assert other.var_ports.member_names == ["var_port", "_v_implicit_port"]
    assert one.ref.get_dst_vars() == [other.v]
    other._post_init()
    assert other.var_ports.member_names == ["_v_implicit_port", "var_port"]


def test_names_of_implicit_ports_stay_clear_of_attributes() -> None:
    class Crowded(Everything):
        _v_implicit_port = None

        @property
        def _v_implicit_port_1(self) -> None:
            raise AssertionError("evaluated")

    crowded = Crowded()
    for number in (2, 3):
        port = ref()
        port.connect_var(crowded.v)
        assert port.out_connections[0].name == f"_v_implicit_port_{number}"
        assert getattr(crowded, f"_v_implicit_port_{number}") is port.out_connections[0]
    assert Crowded._v_implicit_port is None


def test_many_ref_ports_reach_one_var() -> None:
    owner = Everything()
    ports = [ref() for _ in range(3)]
    for port in ports:
        port.connect_var([owner.v])
    assert [port.get_dst_vars() for port in ports] == [[owner.v]] * 3
    assert len(owner.var_ports) == 4


def test_two_ref_ports_reach_two_vars_of_one_process() -> None:
    class Pair(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = Var((1,)), Var((2,))

    pair, to_a, to_b = Pair(), RefPort((1,)), RefPort((2,))
    to_a.connect_var(pair.a)
    to_b.connect_var(pair.b)
    assert pair.var_ports.member_names == ["_a_implicit_port", "_b_implicit_port"]
    assert to_b.get_dst_vars() == [pair.b]


def test_a_var_without_a_process_can_be_connected() -> None:
    port, var = ref(), Var(SHAPE, name="loose")
    port.connect_var(var)
    assert port.out_connections[0].name == "_loose_implicit_port"
    assert port.out_connections[0].process is None


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (lambda own, other: own.v, "Var of another Process"),
        (lambda own, other: Everything(shape=(6,)).v, "equal shape"),
        (lambda own, other: other.var_port, "expected a Var, got VarPort"),
        (lambda own, other: 3, "expected a Var, got int"),
        (lambda own, other: (other.v,), "expected a Var, got tuple"),
        (lambda own, other: [], "expected a Var, got none"),
        (lambda own, other: [other.v, Var(SHAPE)], "expected one partner, got 2"),
    ],
)
def test_a_refused_var_gets_no_implicit_port(target: Any, problem: str) -> None:
    own, other = Everything(), Everything()
    wrong = target(own, other)
    with pytest.raises(AssertionError, match=problem):
        own.ref.connect_var(wrong)
    for process in (own, other, getattr(wrong, "process", None)):
        if process is not None:
            assert process.var_ports.member_names == ["var_port"]
            assert not hasattr(process, "_v_implicit_port")
    assert connections(own.ref) == [([], [], {})]


def test_a_connected_ref_port_gets_no_second_var() -> None:
    port, owner = ref(), Everything()
    port.connect_var(owner.v)
    for second in (owner.v, Everything().v):
        with pytest.raises(AssertionError, match="expected one partner, but it is connected"):
            port.connect_var(second)
    assert owner.var_ports.member_names == ["var_port", "_v_implicit_port"]

"""Ports of a Process: what can be connected to what, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.ports.connection_config import ConnectionConfig
from lava_actor.process.ports.exceptions import DuplicateConnectionError, VarNotSharableError
from lava_actor.process.ports.ports import (
    AbstractDstPort,
    AbstractIOPort,
    AbstractPort,
    AbstractRVPort,
    AbstractSrcPort,
    AbstractVirtualPort,
    ConcatPort,
    ImplicitVarPort,
    InPort,
    OutPort,
    RefPort,
    ReshapePort,
    TransposePort,
    VarPort,
    create_port_id,
    is_disjoint,
    to_list,
)
from lava_actor.process.ports.reduce_ops import AbstractReduceOp, ReduceSum
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

SHAPE = (1, 2, 3)


class Everything(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = SHAPE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inp = InPort(shape)
        self.out = OutPort(shape)
        self.ref = RefPort(shape)
        self.v = Var(shape)
        self.var_port = VarPort(self.v)


def out() -> OutPort:
    return OutPort(SHAPE)


def inp() -> InPort:
    return InPort(SHAPE)


def ref() -> RefPort:
    return RefPort(SHAPE)


def var_port() -> VarPort:
    return VarPort(Var(SHAPE))


def out_view() -> ReshapePort:
    return out().reshape(SHAPE)


def in_view() -> ReshapePort:
    return inp().reshape(SHAPE)


def ref_view() -> ReshapePort:
    return ref().reshape(SHAPE)


def var_view() -> ReshapePort:
    return var_port().reshape(SHAPE)


def nothing() -> None:
    return None


def a_tuple() -> tuple[InPort, ...]:
    return (inp(),)


def a_class() -> type[InPort]:
    return InPort


def a_var() -> Var:
    return Var(SHAPE)


KINDS: list[Callable[[], Any]] = [
    out, inp, ref, var_port, out_view, in_view, ref_view, var_view, nothing, a_tuple, a_class, a_var
]  # fmt: skip

LEGAL: dict[str, dict[Callable[[], Any], list[Callable[[], Any]]]] = {
    "connect": {
        out: [inp, out],
        inp: [inp],
        ref: [var_port, ref],
        var_port: [var_port],
        out_view: [inp, out],
        in_view: [inp],
        ref_view: [var_port, ref],
        var_view: [var_port],
    },
    "connect_from": {
        out: [out, out_view],
        inp: [out, inp, out_view, in_view],
        ref: [ref, ref_view],
        var_port: [ref, var_port, ref_view, var_view],
    },
}

CASES = [
    pytest.param(call, one, other, other in legal, id=f"{one.__name__}.{call}({other.__name__})")
    for call, table in LEGAL.items()
    for one, legal in table.items()
    for other in KINDS
]


@pytest.mark.parametrize(("call", "one", "other", "legal"), CASES)
def test_what_can_be_connected_to_what(
    call: str, one: Callable[[], Any], other: Callable[[], Any], legal: bool
) -> None:
    port, partner = one(), other()
    if legal:
        assert getattr(port, call)(partner) is None
        source, destination = (port, partner) if call == "connect" else (partner, port)
        assert source.out_connections == [destination]
        assert destination.in_connections == [source]
        return
    before = connections(port)
    with pytest.raises(AssertionError, match=r"expected|has its source") as raised:
        getattr(port, call)(partner)
    if port._kind() in (RefPort, VarPort):
        assert isinstance(raised.value, TypeError)
    assert connections(port) == before


def connections(*ports: AbstractPort) -> list[tuple[list[Any], list[Any], dict[Any, Any]]]:
    return [
        (list(p.in_connections), list(p.out_connections), dict(p.connection_configs)) for p in ports
    ]


def test_the_classes_stand_in_the_documented_relation() -> None:
    for port in (OutPort, InPort):
        assert issubclass(port, AbstractIOPort)
    for port in (RefPort, VarPort):
        assert issubclass(port, AbstractRVPort)
    for port in (OutPort, RefPort):
        assert issubclass(port, AbstractSrcPort)
        assert not issubclass(port, AbstractDstPort)
    for port in (InPort, VarPort, ImplicitVarPort):
        assert issubclass(port, AbstractDstPort)
        assert not issubclass(port, AbstractSrcPort)
    for port in (ReshapePort, TransposePort, ConcatPort):
        assert issubclass(port, AbstractVirtualPort)
        assert not issubclass(port, AbstractIOPort | AbstractRVPort)
    for port in (AbstractIOPort, AbstractRVPort, AbstractVirtualPort):
        assert issubclass(port, AbstractPort)
    assert issubclass(AbstractPort, AbstractProcessMember)


def test_a_new_port_is_unconnected() -> None:
    for port in (out(), inp(), ref(), var_port()):
        assert port.shape == SHAPE
        assert port.size == 6
        assert port.name is None
        assert port.process is None
        assert connections(port) == [([], [], {})]


def test_helpers() -> None:
    port = out()
    assert to_list(port) == [port]
    ports = [port]
    assert to_list(ports) is ports
    assert to_list((port,)) == [(port,)]
    assert is_disjoint([port], [out()])
    assert not is_disjoint([out(), port], [port])
    assert create_port_id(3, "out") == "3_out"


# -- message ports ----------------------------------------------------------------------------


def test_fan_out_and_fan_in_keep_their_order() -> None:
    one, other = out(), out()
    first, second, third = inp(), inp(), inp()
    one.connect([second, first])
    other.connect(first)
    third.connect_from([other, one])
    assert one.out_connections == [second, first, third]
    assert other.out_connections == [first, third]
    assert first.in_connections == [one, other]
    assert third.in_connections == [other, one]


def test_a_list_is_as_good_as_several_calls() -> None:
    together, apart = [out(), inp(), inp()], [out(), inp(), inp()]
    together[0].connect(together[1:])
    apart[0].connect(apart[1])
    apart[0].connect(apart[2])
    for one, other in zip(together, apart, strict=True):
        assert [together.index(p) for p in one.in_connections] == [
            apart.index(p) for p in other.in_connections
        ]
        assert [together.index(p) for p in one.out_connections] == [
            apart.index(p) for p in other.out_connections
        ]


def test_ports_of_one_process_can_be_connected() -> None:
    process = Everything()
    process.out.connect(process.inp)
    assert process.inp.get_src_ports() == [process.out]


@pytest.mark.parametrize(
    ("ports", "problem"),
    [
        ([], "at least one partner"),
        ([inp(), out()], "ports of one kind"),
        ([inp(), ref()], "expected InPort or OutPort"),
        ([inp(), InPort((3, 2, 1))], "expected ports of equal shape"),
        ([inp(), InPort((1, 2))], "expected ports of equal shape"),
    ],
)
def test_a_refused_list_leaves_nothing_behind(ports: list[Any], problem: str) -> None:
    port = out()
    before = connections(port, *ports)
    with pytest.raises(AssertionError, match=problem):
        port.connect(ports)
    assert connections(port, *ports) == before


def test_a_subclass_is_of_the_kind_of_its_base_in_any_order() -> None:
    class SpecialIn(InPort):
        pass

    out().connect([inp(), SpecialIn(SHAPE)])
    out().connect([SpecialIn(SHAPE), inp()])


def test_an_unequal_shape_names_both_ports_and_the_call_that_helps() -> None:
    one, other = Everything(name="one"), Everything(shape=(6,), name="other")
    with pytest.raises(AssertionError) as raised:
        one.out.connect(other.inp)
    assert str(raised.value) == (
        "expected ports of equal shape, got one.out with (1, 2, 3) and other.inp with (6,); "
        ".reshape((6,)) on the former would fit them together"
    )
    one.out.reshape((6,)).connect(other.inp)
    with pytest.raises(AssertionError) as raised:
        OutPort((2,)).connect(InPort((3,)))
    assert str(raised.value) == (
        "expected ports of equal shape, got OutPort(2,) with (2,) and InPort(3,) with (3,)"
    )


def test_a_wrong_partner_is_named_with_its_class() -> None:
    one, other = Everything(name="one"), Everything(name="other")
    with pytest.raises(AssertionError) as raised:
        one.inp.connect(other.out)
    assert str(raised.value) == (
        "one.inp (InPort): expected InPort to connect, got other.out (OutPort); "
        "data flow the other way: other.out.connect(one.inp)"
    )
    with pytest.raises(AssertionError, match="several ports are given as a list"):
        one.out.connect((other.inp,))  # type: ignore[arg-type]


def test_a_pair_is_connected_once() -> None:
    one, other, third = out(), inp(), inp()
    one.connect(other)
    before = connections(one, other, third)
    for refused in (
        lambda: one.connect(other),
        lambda: other.connect_from(one),
        lambda: one.connect([third, other]),
        lambda: one.connect([third, third]),
        lambda: third.connect_from([one, one]),
    ):
        with pytest.raises(DuplicateConnectionError, match=r"is connected to .* already"):
            refused()
        assert connections(one, other, third) == before


def test_a_loop_of_ports_is_refused() -> None:
    ports = [out() for _ in range(4)]
    for one, other in itertools.pairwise(ports):
        one.connect(other)
    for one in ports:
        with pytest.raises(AssertionError, match="loop of ports without a model"):
            ports[-1].connect(one)
    view = ports[-1].reshape(SHAPE)
    with pytest.raises(AssertionError, match="loop of ports without a model"):
        view.connect(ports[0])
    assert ports[0].get_src_ports() == []


def test_wide_fan_out_stays_linear_in_its_checks() -> None:
    source, sinks = OutPort((1,)), [InPort((1,)) for _ in range(20_000)]
    for sink in sinks:
        source.connect(sink)
    assert source.out_connections == sinks
    with pytest.raises(DuplicateConnectionError):
        source.connect(sinks[0])


@pytest.mark.parametrize("reduce_op", [None, ReduceSum])
def test_inputs_are_summed(reduce_op: type[AbstractReduceOp] | None) -> None:
    assert InPort(SHAPE, reduce_op)._reduce_op is reduce_op
    assert InPort(SHAPE, reduce_op=reduce_op).shape == SHAPE


@pytest.mark.parametrize("reduce_op", [AbstractReduceOp, ReduceSum(), "sum", np.sum, int])
def test_no_other_reduction_is_supported(reduce_op: Any) -> None:
    with pytest.raises(NotImplementedError, match="expected the class ReduceSum"):
        InPort(SHAPE, reduce_op)


def test_a_port_can_be_made_an_external_pipe() -> None:
    for port in (out(), inp()):
        assert not port.external_pipe_flag
        assert port.external_pipe_buffer_size == 64
        port.flag_external_pipe()
        assert port.external_pipe_flag
        assert port.external_pipe_buffer_size == 64
        port.flag_external_pipe(buffer_size=8)
        assert port.external_pipe_buffer_size == 8


def test_an_external_pipe_holds_at_least_one_message() -> None:
    port = out()
    with pytest.raises(ValueError, match="buffer_size of at least 1, got 0"):
        port.flag_external_pipe(0)
    assert not port.external_pipe_flag


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


# -- connection configs -----------------------------------------------------------------------


def test_a_config_is_stored_on_both_ends() -> None:
    config, one, other = ConnectionConfig(), out(), inp()
    one.connect(other, config)
    assert one.connection_configs == {other: config}
    assert other.connection_configs[one] is one.connection_configs[other] is config


def test_one_config_serves_all_and_a_list_goes_by_position() -> None:
    source, sinks = out(), [inp(), inp()]
    shared = ConnectionConfig()
    source.connect(sinks, connection_configs=shared)
    assert all(source.connection_configs[sink] is shared for sink in sinks)
    sink, sources = inp(), [out(), out(), out()]
    configs = [ConnectionConfig(num_probes=1), None, ConnectionConfig(num_probes=3)]
    sink.connect_from(sources, configs)
    assert sink.connection_configs == {sources[0]: configs[0], sources[2]: configs[2]}
    assert sources[1].connection_configs == {}
    sinks = [inp(), inp()]
    out().connect(sinks, [shared])
    assert all(shared in sink.connection_configs.values() for sink in sinks)


def test_remote_ports_store_configs_too() -> None:
    config, owner = ConnectionConfig(), Everything()
    explicit, implicit = ref(), ref()
    explicit.connect(owner.var_port, config)
    assert owner.var_port.connection_configs[explicit] is config
    implicit.connect_var(owner.v, config)
    (port,) = implicit.out_connections
    assert port.connection_configs[implicit] is implicit.connection_configs[port] is config


@pytest.mark.parametrize("count", [0, 2, 4])
def test_configs_that_do_not_match_connect_nothing(count: int) -> None:
    source, sinks = out(), [inp(), inp(), inp()]
    with pytest.raises(AssertionError, match=f"expected 3 connection configs.*got {count}"):
        source.connect(sinks, [ConnectionConfig()] * count)
    assert connections(source, *sinks) == [([], [], {})] * 4


def test_a_config_that_is_none_is_refused_early() -> None:
    owner, port = Everything(), ref()
    with pytest.raises(TypeError, match="expected a ConnectionConfig or None, got 'fast'"):
        port.connect_var(owner.v, "fast")  # type: ignore[arg-type]
    assert owner.var_ports.member_names == ["var_port"]


# -- questions --------------------------------------------------------------------------------


def test_origins_and_ends_are_found_through_the_hierarchy() -> None:
    grandchild, child, parent, peer, inner, other = out(), out(), out(), inp(), inp(), inp()
    child.connect(parent)
    grandchild.connect(child)
    parent.connect([peer, other])
    peer.connect(inner)
    assert grandchild.get_dst_ports() == parent.get_dst_ports() == [inner, other]
    assert inner.get_src_ports() == other.get_src_ports() == [grandchild]
    assert grandchild.get_src_ports() == inner.get_dst_ports() == []


def test_origins_come_in_the_order_of_the_connections() -> None:
    sink, parent = inp(), out()
    ends = [out() for _ in range(4)]
    sink.connect_from([ends[0], parent, ends[3]])
    parent.connect_from([ends[1], ends[2]])
    assert sink.get_src_ports() == ends


def test_an_origin_that_arrives_twice_counts_once() -> None:
    source, sink = out(), inp()
    source.connect(sink)
    source.reshape(SHAPE).connect(sink)
    assert sink.get_src_ports() == [source]
    assert source.get_dst_ports() == [sink]


def test_vars_behind_an_unconnected_port_are_none() -> None:
    assert ref().get_dst_vars() == []
    child, parent = ref(), ref()
    child.connect(parent)
    assert child.get_dst_vars() == []


def test_an_end_of_an_external_pipe_does_not_travel() -> None:
    port = out()
    port.external_pipe_csp_recv_port = object()  # type: ignore[attr-defined]
    assert "external_pipe_csp_recv_port" not in port.__getstate__()
    assert port.__getstate__()["external_pipe_buffer_size"] == 64

"""Ports of a Process: what can be connected to what, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lava_actor.compat.lava_names.connection_config import ConnectionConfig
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.ports.exceptions import DuplicateConnectionError
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
from tests.process.ports.some_ports import (
    SHAPE,
    Everything,
    a_class,
    a_tuple,
    a_var,
    connections,
    in_view,
    inp,
    nothing,
    out,
    out_view,
    ref,
    ref_view,
    var_port,
    var_view,
)

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
    with pytest.raises(TypeError, match="expected ConnectionSettings or None, got 'fast'"):
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

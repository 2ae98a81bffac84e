"""Virtual ports: other views of a port."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from lava_actor.compat.lava_names.connection_config import ConnectionConfig
from lava_actor.process.ports.exceptions import (
    ConcatIndexError,
    ConcatShapeError,
    DuplicateConnectionError,
    ReshapeError,
    TransposeIndexError,
    TransposeShapeError,
)
from lava_actor.process.ports.ports import (
    AbstractPort,
    AbstractVirtualPort,
    ConcatPort,
    InPort,
    OutPort,
    RefPort,
    ReshapePort,
    TransposePort,
    VarPort,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

SHAPE = (2, 3, 4)
DATA = np.arange(24).reshape(SHAPE)


class Permuted(AbstractVirtualPort):
    """A virtual port of one's own."""

    def __init__(self, new_shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.axes = axes

    def get_transform_func_fwd(self) -> Callable[..., Any]:
        return partial(np.transpose, axes=self.axes)

    def get_transform_func_bwd(self) -> Callable[..., Any]:
        return partial(np.transpose, axes=tuple(np.argsort(self.axes)))


def make(kind: type[AbstractPort], shape: tuple[int, ...] = SHAPE) -> AbstractPort:
    return VarPort(Var(shape)) if kind is VarPort else kind(shape)


ALL = pytest.mark.parametrize("kind", [OutPort, InPort, RefPort, VarPort])


# -- reshape, flatten -------------------------------------------------------------------------


@ALL
def test_a_reshaped_port_is_a_view_of_its_origin(kind: type[AbstractPort]) -> None:
    port = make(kind)
    view = port.reshape((6, 4))
    assert type(view) is ReshapePort
    assert view.shape == (6, 4)
    assert view.old_shape == SHAPE
    assert port.out_connections == [view]
    assert view.in_connections == [port]
    assert not hasattr(view, "connect_from")


def test_elements_keep_their_order_in_c() -> None:
    view = OutPort(SHAPE).reshape((6, 4))
    assert np.array_equal(view.get_transform_func_fwd()(DATA), DATA.reshape(6, 4))
    assert np.array_equal(view.get_transform_func_bwd()(DATA.reshape(6, 4)), DATA)
    fortran = np.asfortranarray(DATA)
    assert np.array_equal(view.get_transform_func_fwd()(fortran), DATA.reshape(6, 4))


@ALL
def test_a_flat_port_has_one_dimension(kind: type[AbstractPort]) -> None:
    assert make(kind).flatten().shape == (24,)


@pytest.mark.parametrize("shape", [(23,), (-1,), (-1, 24), (4, -6), (-4, -6), (), (0,)])
def test_the_number_of_elements_stays(shape: tuple[int, ...]) -> None:
    port = OutPort(SHAPE)
    with pytest.raises(ReshapeError, match=r"as many elements as \(2, 3, 4\), got"):
        port.reshape(shape)
    assert port.out_connections == []


def test_a_scalar_and_an_empty_port_can_be_reshaped() -> None:
    assert OutPort(()).reshape((1, 1)).shape == (1, 1)
    assert OutPort(()).flatten().shape == (1,)
    assert OutPort((0, 3)).reshape((5, 0)).shape == (5, 0)


# -- transpose --------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("axes", [(1, 0, 2), [2, 0, 1], (0, -1, 1), (-1, -3, -2), None])
def test_a_transposed_port_permutes_axes_like_numpy(kind: type[AbstractPort], axes: Any) -> None:
    view = make(kind).transpose(axes)
    assert type(view) is TransposePort
    there = view.get_transform_func_fwd()(DATA)
    assert view.shape == there.shape == np.transpose(DATA, axes).shape
    assert np.array_equal(there, np.transpose(DATA, axes))
    assert np.array_equal(view.get_transform_func_bwd()(there), DATA)


def test_axes_are_reversed_by_default() -> None:
    assert OutPort(SHAPE).transpose().shape == (4, 3, 2)
    assert TransposePort((4, 3, 2)).axes == (2, 1, 0)
    assert OutPort(()).transpose().shape == ()


@pytest.mark.parametrize("axes", [(), (0, 1), (0, 1, 2, 0)])
def test_there_is_one_axis_per_dimension(axes: tuple[int, ...]) -> None:
    port = OutPort(SHAPE)
    with pytest.raises(TransposeShapeError, match="one axis per dimension"):
        port.transpose(axes)
    assert port.out_connections == []


@pytest.mark.parametrize(("axes", "wrong"), [((0, 1, 3), 3), ((0, -4, 1), -4), ((0, 1, -2), -2)])
def test_each_axis_comes_once(axes: tuple[int, ...], wrong: int) -> None:
    port = OutPort(SHAPE)
    with pytest.raises(TransposeIndexError, match=f"{wrong} is out of range or repeated"):
        port.transpose(axes)
    assert port.out_connections == []


# -- concat_with ------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_a_concatenation_is_like_that_of_numpy(kind: type[AbstractPort], axis: int) -> None:
    shapes = []
    for width in (3, 1, 2):
        shape = list(SHAPE)
        shape[axis] = width
        shapes.append(tuple(shape))
    ports = [make(kind, shape) for shape in shapes]
    joined = ports[0].concat_with(ports[1:], axis)
    data = [np.random.default_rng(i).random(shape) for i, shape in enumerate(shapes)]
    whole = np.concatenate(data, axis)
    assert type(joined) is ConcatPort
    assert joined.shape == whole.shape
    assert joined.concat_axis == axis % 3
    assert joined.in_connections == ports
    assert [port.out_connections for port in ports] == [[joined]] * 3
    placed = [joined._la_forward(i)(part) for i, part in enumerate(data)]
    assert np.array_equal(sum(placed), whole)
    assert all(np.array_equal(joined._la_backward(i)(whole), part) for i, part in enumerate(data))


def test_one_partner_needs_no_list() -> None:
    assert OutPort((2,)).concat_with(OutPort((3,)), axis=0).shape == (5,)


def test_views_of_one_kind_can_be_concatenated() -> None:
    one, other, third = OutPort((2, 3)), OutPort((3, 2)), OutPort((6,))
    joined = one.flatten().concat_with([third, other.transpose().flatten()], 0)
    assert joined.shape == (18,)
    assert joined.get_src_ports() == [one, third, other]
    nested = joined.concat_with(OutPort((4,)), 0)
    assert nested.shape == (22,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OutPort, InPort),
        (OutPort, RefPort),
        (RefPort, VarPort),
        (VarPort, InPort),
        (InPort, OutPort),
    ],
)
def test_only_ports_of_one_kind_can_be_concatenated(
    one: type[AbstractPort], other: type[AbstractPort]
) -> None:
    first, second = make(one), make(other)
    with pytest.raises(AssertionError, match="expected"):
        first.concat_with(second, 0)
    assert first.out_connections == second.out_connections == []


@pytest.mark.parametrize("wrong", [None, 3, (OutPort(SHAPE),), OutPort])
def test_only_ports_can_be_concatenated(wrong: Any) -> None:
    with pytest.raises(AssertionError, match="expected"):
        OutPort(SHAPE).concat_with(wrong, 0)


@pytest.mark.parametrize("axis", [3, -4])
def test_the_axis_exists(axis: int) -> None:
    first, second = OutPort(SHAPE), OutPort(SHAPE)
    with pytest.raises(ConcatIndexError, match=f"got {axis}"):
        first.concat_with(second, axis)
    assert first.out_connections == second.out_connections == []
    with pytest.raises(ConcatIndexError):
        OutPort(()).concat_with(OutPort(()), 0)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 3)],
        [(2, 3), (2, 3, 1)],
        [(2, 3), (2,)],
        [(2, 3), (5, 3), (2, 3)],
        [(2, 3), (2, 4), (5, 3), (5, 4)],
    ],
)
def test_other_dimensions_are_equal_in_all_of_them(shapes: list[tuple[int, ...]]) -> None:
    ports = [OutPort(shape) for shape in shapes]
    with pytest.raises(ConcatShapeError, match="differ in axis 1 only"):
        ports[0].concat_with(ports[1:], 1)
    assert all(port.out_connections == [] for port in ports)


def test_a_port_is_concatenated_with_itself_through_a_view() -> None:
    port = OutPort((2,))
    with pytest.raises(DuplicateConnectionError, match=r"second view of it, \.reshape\(\(2,\)\)"):
        port.concat_with(port, 0)
    assert port.out_connections == []
    joined = port.concat_with(port.reshape((2,)), 0)
    assert joined.shape == (4,)
    assert joined.get_src_ports() == [port]


def test_a_connected_ref_port_cannot_be_concatenated() -> None:
    first, second = RefPort((2,)), RefPort((2,))
    second.connect(VarPort(Var((2,))))
    with pytest.raises(AssertionError, match="expected one partner"):
        first.concat_with(second, 0)
    assert first.out_connections == []


def test_a_concatenation_has_no_single_function() -> None:
    joined = OutPort((2,)).concat_with(OutPort((3,)), 0)
    with pytest.raises(NotImplementedError, match="one function per source"):
        joined.get_transform_func_fwd()
    with pytest.raises(NotImplementedError, match="one function per source"):
        joined.get_transform_func_bwd()


# -- connecting onwards -----------------------------------------------------------------------


def test_a_view_belongs_to_the_process_of_its_first_origin() -> None:
    class Holder(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.out = OutPort(SHAPE)

    one, other = Holder(), Holder()
    assert one.out.flatten().reshape(SHAPE).process is one
    assert other.out.concat_with(one.out, 0).process is other
    assert OutPort(SHAPE).flatten().process is None


def test_a_view_registers_with_its_destination_only_when_connected() -> None:
    source, sink = OutPort(SHAPE), InPort((24,))
    config = ConnectionConfig()
    view = source.flatten()
    assert sink.in_connections == []
    view.connect(sink, config)
    assert sink.in_connections == [view]
    assert view.connection_configs == {sink: config}
    assert sink.get_src_ports() == [source]
    assert source.get_dst_ports() == [sink]
    assert view.get_src_ports() == [source]


def test_a_view_can_fan_out_and_come_backwards() -> None:
    view, sinks = OutPort(SHAPE).flatten(), [InPort((24,)) for _ in range(3)]
    view.connect(sinks[:2])
    sinks[2].connect_from(view)
    assert view.out_connections == sinks


def test_shapes_and_duplicates_are_checked() -> None:
    view, sink = OutPort(SHAPE).flatten(), InPort((24,))
    with pytest.raises(AssertionError, match="equal shape"):
        view.connect(InPort(SHAPE))
    view.connect(sink)
    with pytest.raises(DuplicateConnectionError):
        view.connect(sink)


def test_a_view_of_nothing_cannot_be_connected() -> None:
    with pytest.raises(TypeError, match="expected it to be made from an OutPort"):
        ReshapePort((2,), (2,)).connect(InPort((2,)))


# -- virtual ports of one's own ---------------------------------------------------------------


@ALL
def test_an_own_virtual_port_is_attached_by_hand(kind: type[AbstractPort]) -> None:
    port = make(kind)
    own = Permuted((4, 2, 3), (2, 0, 1))
    port._connect_forward([own], AbstractPort, [None], assert_same_shape=False)
    assert port.out_connections == [own]
    assert own.in_connections == [port]
    partner = make({OutPort: InPort, RefPort: VarPort}.get(kind, kind), (4, 2, 3))  # type: ignore[call-overload]
    own.connect(partner)
    assert partner.get_src_ports() == [port]


def test_own_and_built_in_views_can_be_chained() -> None:
    source, own = OutPort(SHAPE), Permuted((4, 2, 3), (2, 0, 1))
    source.reshape(SHAPE)._connect_forward([own], AbstractPort, None, assert_same_shape=False)
    view = own.flatten()
    sink = InPort((24,))
    view.connect(sink)
    assert sink.get_src_ports() == [source]


def test_the_mirror_image_attaches_backwards() -> None:
    source, own = OutPort(SHAPE), Permuted((4, 2, 3), (2, 0, 1))
    own._connect_backward([source], AbstractPort, [None], assert_same_shape=False)
    assert source.out_connections == [own]


def test_an_own_virtual_port_has_to_say_what_it_does() -> None:
    with pytest.raises(TypeError):
        AbstractVirtualPort((2,))  # type: ignore[abstract]


def test_functions_travel_without_their_ports() -> None:
    joined = OutPort((2, 3)).transpose().concat_with(OutPort((3, 4)), 1)
    reshaped = joined.reshape((18,))
    of_one = joined._la_forward(1), joined._la_backward(0)
    for function in (*of_one, reshaped.get_transform_func_fwd()):
        assert len(pickle.dumps(function)) < 200

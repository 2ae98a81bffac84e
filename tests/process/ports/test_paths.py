"""Every way from end to end by itself, checked against a network that is simply computed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_actor.process.ports import paths
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
from tests.cases import cases


class Reversed(AbstractVirtualPort):
    """A virtual port of one's own: the elements in reverse order."""

    def get_transform_func_fwd(self) -> Callable[..., Any]:
        return partial(np.flip, axis=None)

    def get_transform_func_bwd(self) -> Callable[..., Any]:
        return partial(np.flip, axis=None)


def reversed_view(port: AbstractPort) -> Reversed:
    view = Reversed(port.shape)
    port._connect_forward([view], AbstractPort, [None])
    return view


# -- the model: what arrives at a port, computed the obvious way -------------------------------


def arriving(port: AbstractPort, values: dict[AbstractPort, np.ndarray]) -> np.ndarray:
    """The sum of everything that a port receives."""
    if not port.in_connections:
        return values.get(port, np.zeros(port.shape))
    parts = [arriving(source, values) for source in port.in_connections]
    if isinstance(port, ConcatPort):
        return np.concatenate(parts, port.concat_axis)
    if isinstance(port, ReshapePort):
        return parts[0].reshape(port.shape)
    if isinstance(port, TransposePort):
        return parts[0].transpose(port.axes)
    if isinstance(port, Reversed):
        return np.flip(parts[0])
    return np.sum(parts, axis=0)


def delivered(port: AbstractPort, values: dict[AbstractPort, np.ndarray]) -> np.ndarray:
    """The same by paths."""
    total = np.zeros(port.shape)
    for path in paths.incoming_paths(port):
        data = values[path.source]
        by_functions = data
        for function in paths.functions(path):
            by_functions = function(by_functions)
        assert by_functions.shape == tuple(port.shape)
        back = by_functions
        for function in paths.backward_functions(path):
            back = function(back)
        assert np.array_equal(back, data)
        if paths.is_index_map(path):
            by_index = np.zeros(port.size)
            index = paths.index_map(path)
            if index is None:
                by_index += data.reshape(-1)
            else:
                assert index.dtype == np.int32
                assert index.shape == (path.source.size,)
                assert len(np.unique(index)) == len(index)
                by_index[index] += data.reshape(-1)
            assert np.array_equal(by_index.reshape(port.shape), by_functions)
        total += by_functions
    return total


def numbered(ports: list[AbstractPort]) -> dict[AbstractPort, np.ndarray]:
    """Values that tell every element of every port apart, in every sum."""
    random = np.random.default_rng(1)
    return {port: random.integers(1, 2**40, port.shape).astype(float) for port in ports}


# -- random networks of ports -----------------------------------------------------------------


class Networks:
    """Builds random trees of ports that end in a port of a given shape."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.origins: list[AbstractPort] = []
        self.made: list[AbstractPort] = []

    def port(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        choices = ["origin"]
        if depth:
            choices += ["reshape", "transpose", "concat", "parent", "again", "own"]
        made: AbstractPort = getattr(self, self.draw(st.sampled_from(choices)))(shape, depth - 1)
        assert tuple(made.shape) == shape
        self.made.append(made)
        return made

    def origin(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        port = OutPort(shape)
        self.origins.append(port)
        return port

    def reshape(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        factors = self.draw(st.permutations(shape))
        cut = self.draw(st.integers(0, len(factors)))
        old = (int(np.prod(factors[:cut])), *factors[cut:])
        return self.port(old, depth).reshape(shape)

    def transpose(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        axes = self.draw(st.permutations(range(len(shape))))
        old = [0] * len(shape)
        for new_axis, old_axis in enumerate(axes):
            old[old_axis] = shape[new_axis]
        return self.port(tuple(old), depth).transpose(axes)

    def concat(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        if not shape:
            return self.origin(shape, depth)
        axis = self.draw(st.integers(0, len(shape) - 1))
        cut = self.draw(st.integers(0, shape[axis]))
        parts = [
            self.port((*shape[:axis], width, *shape[axis + 1 :]), depth)
            for width in (cut, shape[axis] - cut)
        ]
        return self.view(parts[0]).concat_with(self.view(parts[1]), axis - len(shape))

    def parent(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        port = OutPort(shape)
        for _ in range(self.draw(st.integers(1, 3))):
            self.view(self.port(shape, depth)).connect(port)  # type: ignore[attr-defined]
        return port

    def again(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        known = [port for port in self.made if tuple(port.shape) == shape]
        if not known:
            return self.origin(shape, depth)
        return self.view(self.draw(st.sampled_from(known)))

    def own(self, shape: tuple[int, ...], depth: int) -> AbstractPort:
        return reversed_view(self.port(shape, depth))

    @staticmethod
    def view(port: AbstractPort) -> AbstractPort:
        """A port of its own, so that a pair never gets connected twice."""
        return port.reshape(tuple(port.shape))


@st.composite
def destinations(draw: Callable[[Any], Any]) -> tuple[InPort, list[AbstractPort]]:
    networks = Networks(draw)
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    outer = InPort(shape)
    for _ in range(draw(st.integers(0, 3))):
        networks.view(networks.port(shape, draw(st.integers(0, 4)))).connect(outer)  # type: ignore[attr-defined]
    inner = InPort(tuple(reversed(shape)))
    outer.transpose().connect(inner)
    if draw(st.booleans()):
        networks.port(inner.shape, 1).connect(inner)  # type: ignore[attr-defined]
    return inner, networks.origins


@settings(max_examples=cases(300), deadline=None, derandomize=True)
@given(destinations())
def test_paths_deliver_what_a_network_of_ports_delivers(
    case: tuple[InPort, list[AbstractPort]],
) -> None:
    destination, origins = case
    values = numbered(origins)
    assert np.array_equal(delivered(destination, values), arriving(destination, values))


@settings(max_examples=cases(100), deadline=None, derandomize=True)
@given(destinations())
def test_paths_are_the_same_from_both_ends(case: tuple[InPort, list[AbstractPort]]) -> None:
    destination, origins = case
    forward = {path for origin in origins for path in paths.outgoing_paths(origin)}
    backward = paths.incoming_paths(destination)
    assert {p for p in forward if p.destination is destination} == set(backward)
    assert len(set(backward)) == len(backward)


# -- by hand ----------------------------------------------------------------------------------


def test_an_unconnected_port_has_no_paths() -> None:
    assert paths.incoming_paths(InPort((2,))) == []
    assert paths.outgoing_paths(OutPort((2,))) == []
    assert paths.remote_paths(RefPort((2,))) == []


def test_paths_come_in_the_order_of_the_connections() -> None:
    one, other, parent, inner = (OutPort((2,)) for _ in range(4))
    sink = InPort((2,))
    sink.connect_from([other, parent, one])
    parent.connect_from(inner)
    view = inner.flatten()
    sink.connect_from(view)
    found = paths.incoming_paths(sink)
    assert [path.source for path in found] == [other, inner, one, inner]
    assert [path.steps for path in found] == [(), (), (), ((view, 0),)]
    assert all(path.destination is sink for path in found)


def test_two_ways_between_one_pair_are_two_paths() -> None:
    source, sink = OutPort((2, 2)), InPort((2, 2))
    source.connect(sink)
    source.transpose().connect(sink)
    values = numbered([source])
    assert len(paths.incoming_paths(sink)) == 2
    assert np.array_equal(delivered(sink, values), values[source] + values[source].T)


def test_transforms_do_not_mix_where_origins_meet_before_a_view() -> None:
    one, other, outer, inner = OutPort((2, 3)), OutPort((6,)), InPort((2, 3)), InPort((3, 2))
    one.connect(outer)
    other.reshape((2, 3)).connect(outer)
    outer.transpose().connect(inner)
    first, second = paths.incoming_paths(inner)
    assert [type(port) for port, _ in first.steps] == [TransposePort]
    assert [type(port) for port, _ in second.steps] == [ReshapePort, TransposePort]
    assert np.array_equal(paths.index_map(first), [0, 2, 4, 1, 3, 5])  # type: ignore[arg-type]


def test_a_part_of_a_concatenation_goes_to_its_slice() -> None:
    one, other = OutPort((2, 2)), OutPort((2, 1))
    sink = InPort((3, 2))
    one.concat_with(other, 1).transpose().connect(sink)
    first, second = paths.incoming_paths(sink)
    assert [index for _, index in second.steps] == [1, 0]
    assert np.array_equal(paths.index_map(first), [0, 2, 1, 3])  # type: ignore[arg-type]
    assert np.array_equal(paths.index_map(second), [4, 5])  # type: ignore[arg-type]


def test_the_first_part_is_no_identity_although_its_indices_stay() -> None:
    one, other = OutPort((2,)), OutPort((1,))
    sink = InPort((3,))
    one.concat_with(other, 0).connect(sink)
    first, _ = paths.incoming_paths(sink)
    assert np.array_equal(paths.index_map(first), [0, 1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "view",
    [
        lambda port: port,
        lambda port: port.flatten().reshape((2, 3)),
        lambda port: port.transpose().transpose(),
        lambda port: port.reshape((1, 6)).transpose().reshape((2, 3)),
        lambda port: port.concat_with(OutPort((2, 0)), 1),
    ],
)
def test_a_way_that_changes_nothing_has_no_index_map(view: Any) -> None:
    source, sink = OutPort((2, 3)), InPort((2, 3))
    view(source).connect(sink)
    assert paths.index_map(paths.incoming_paths(sink)[0]) is None


def test_an_own_virtual_port_has_functions_only() -> None:
    source, sink = OutPort((2, 3)), InPort((3, 2))
    reversed_view(source.transpose()).connect(sink)
    (path,) = paths.incoming_paths(sink)
    assert not paths.is_index_map(path)
    with pytest.raises(
        NotImplementedError, match=r"TransposePort\[0\] -> Reversed\[0\].*functions"
    ):
        paths.index_map(path)
    transpose, flip = paths.functions(path)
    data = np.arange(6).reshape(2, 3)
    assert np.array_equal(flip(transpose(data)), np.flip(data.T))


def test_a_subclass_of_a_built_in_view_may_do_something_else() -> None:
    class Odd(ReshapePort):
        def get_transform_func_fwd(self) -> Callable[..., Any]:
            return np.negative  # type: ignore[no-any-return]

    source, sink, odd = OutPort((2,)), InPort((2,)), Odd((2,), (2,))
    source._connect_forward([odd], AbstractPort, None)
    odd.connect(sink)
    assert not paths.is_index_map(paths.incoming_paths(sink)[0])


def test_a_port_in_the_middle_can_be_asked() -> None:
    source, outer, inner = OutPort((2,)), InPort((2,)), InPort((2,))
    view = source.flatten()
    view.connect(outer)
    outer.connect(inner)
    (path,) = paths.incoming_paths(outer)
    assert (path.source, path.destination) == (source, outer)
    (path,) = paths.incoming_paths(view)
    assert path.steps == ((view, 0),)
    (path,) = paths.outgoing_paths(view)
    assert (path.destination, path.steps) == (inner, ())


def test_ways_that_begin_or_end_in_the_air_are_left_out() -> None:
    outer, inner = InPort((2,)), InPort((2,))
    outer.flatten().connect(inner)
    assert paths.incoming_paths(inner) == []
    child, parent = OutPort((2,)), OutPort((2,))
    child.connect(parent)
    parent.flatten()
    assert paths.outgoing_paths(child) == []
    assert [path.source for path in paths.incoming_paths(parent)] == [child]
    ref, above = RefPort((2,)), RefPort((2,))
    ref.connect(above)
    assert paths.remote_paths(ref) == []


def test_a_long_chain_of_views_is_not_too_deep() -> None:
    source = OutPort((2, 3))
    port: Any = source
    views = 2 * (sys.getrecursionlimit() // 2 + 50)  # an even number: the shape is the first's
    for _ in range(views):
        port = port.transpose()
    sink = InPort((2, 3))
    port.connect(sink)
    (path,) = paths.incoming_paths(sink)
    assert len(path.steps) == views
    assert paths.index_map(path) is None


# -- ports to remote Vars ---------------------------------------------------------------------


def test_a_ref_port_reaches_a_var_through_views_and_hierarchy() -> None:
    child, parent = RefPort((2, 3)), RefPort((3, 2))
    outer, inner = VarPort(Var((6,))), VarPort(Var((2, 3)))
    child.transpose().connect(parent)
    parent.flatten().connect(outer)
    outer.reshape((2, 3)).connect(inner)
    (path,) = paths.remote_paths(child)
    assert path.destination.var is inner.var
    data = np.arange(6).reshape(2, 3)
    there = data
    for function in paths.functions(path):
        there = function(there)
    assert np.array_equal(there, data.T.reshape(2, 3))
    index = paths.index_map(path)
    written = np.zeros(6, int)
    written[index] = data.reshape(-1)
    assert np.array_equal(written.reshape(2, 3), there)
    assert np.array_equal(there.reshape(-1)[index].reshape(2, 3), data)
    for function in paths.backward_functions(path):
        there = function(there)
    assert np.array_equal(there, data)
    assert [p.source for p in paths.incoming_paths(inner)] == [child]


def test_ref_ports_can_share_a_var_side_by_side() -> None:
    one, other, var_port = RefPort((2,)), RefPort((3,)), VarPort(Var((5,)))
    one.concat_with(other, 0).connect(var_port)
    for port, expected in ((one, [0, 1]), (other, [2, 3, 4])):
        (path,) = paths.remote_paths(port)
        assert path.destination is var_port
        assert np.array_equal(paths.index_map(path), expected)  # type: ignore[arg-type]


# -- what ports say about their paths ---------------------------------------------------------


class Holder(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = (2, 3)) -> None:
        super().__init__()
        self.out, self.inp = OutPort(shape), InPort(shape)
        self.ref, self.v = RefPort(shape), Var(shape)
        self.var_port = VarPort(self.v)


def test_functions_are_listed_by_origin_and_by_destination() -> None:
    one, other, sink = Holder(), Holder((3, 2)), Holder((3, 2))
    one.out.transpose().reshape((2, 3)).transpose().connect(sink.inp)
    other.out.connect(sink.inp)
    incoming = sink.inp.get_incoming_transform_funcs()
    assert list(incoming) == [f"{one.id}_out"]
    data = np.arange(6).reshape(2, 3)
    there = data
    for function in incoming[f"{one.id}_out"]:
        there = function(there)
    assert np.array_equal(there, data.T.reshape(2, 3).T)
    outgoing = one.out.get_outgoing_transform_funcs()
    assert list(outgoing) == [f"{sink.id}_inp"]
    for function in outgoing[f"{sink.id}_inp"]:
        there = function(there)
    assert np.array_equal(there, data)
    assert other.out.get_outgoing_transform_funcs() == {f"{sink.id}_inp": []}


def test_functions_of_a_ref_port_bring_data_back() -> None:
    one, other = Holder(), Holder((6,))
    one.ref.transpose().reshape((6,)).connect(other.var_port)
    ((name, functions),) = one.ref.get_outgoing_transform_funcs().items()
    assert name == f"{other.id}_var_port"
    data = np.arange(6).reshape(2, 3)
    back = data.T.reshape(6)
    for function in functions:
        back = function(back)
    assert np.array_equal(back, data)


def test_origins_that_meet_have_functions_of_their_own() -> None:
    one, other, outer, inner = Holder(), Holder((6,)), Holder(), Holder((3, 2))
    one.out.connect(outer.inp)
    other.out.reshape((2, 3)).connect(outer.inp)
    outer.inp.transpose().connect(inner.inp)
    found = inner.inp.get_incoming_transform_funcs()
    assert {name: len(functions) for name, functions in found.items()} == {
        f"{one.id}_out": 1, f"{other.id}_out": 2,
    }  # fmt: skip


def test_the_only_way_names_its_virtual_ports() -> None:
    one, sink = Holder(), Holder((3, 2))
    first = one.out.reshape((2, 3))
    second = first.transpose()
    second.connect(sink.inp)
    assert sink.inp.get_incoming_virtual_ports() == (f"{one.id}_out", [first, second])
    assert one.out.get_outgoing_virtual_ports() == (f"{sink.id}_inp", [first, second])
    assert Holder().inp.get_incoming_virtual_ports() == ("", [])


def test_a_concatenation_or_several_ways_have_no_list_of_virtual_ports() -> None:
    one, other, joined, sink = Holder(), Holder(), Holder((4, 3)), Holder()
    one.out.concat_with(other.out, 0).connect(joined.inp)
    for question in (joined.inp.get_incoming_virtual_ports, one.out.get_outgoing_virtual_ports):
        with pytest.raises(NotImplementedError, match="concatenation"):
            question()
    sink.inp.connect_from([Holder().out, Holder().out])
    with pytest.raises(AssertionError, match="expected one way, got 2"):
        sink.inp.get_incoming_virtual_ports()
    assert len(joined.inp.get_incoming_transform_funcs()) == 2

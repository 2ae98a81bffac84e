"""A value is the same, or refused in the same way, through whichever door it comes to a model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lava_actor import AbstractProcess, LavaPyType, RunSteps, Var
from lava_actor.channels import Arena, RingReader, RingRequest, RingWriter, plan_arena
from lava_actor.checkpoint.codec import Decoder, Encoder
from lava_actor.checkpoint.names import Names
from lava_actor.compat.lava_names.attached import attach
from lava_actor.compat.lava_names.by_hand import VarPortCmd
from lava_actor.compiler.executable import RefPortPlan
from lava_actor.model.harness import MemoryVar, ModelHarness
from lava_actor.model.ports import PyRefPort, PyVarPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.protocol.values import VarSlot
from lava_actor.runtime.actor import requests
from lava_actor.runtime.actor.remote import REMOTE_HEADER, RemoteVar, VarServer
from tests.cases import cases
from tests.runtime.networks import HoldAs, Holder

attach()  # a VarPort wired by hand is one of the doors
csr = scipy.sparse.csr_matrix
PATTERN = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])

SLOTS = {
    **{
        np.dtype(kind).name: (np.ndarray, kind, (2, 3))
        for kind in (bool, np.int8, np.int32, np.int64, np.uint64, np.float32, float, complex)
    },
    "no axes": (np.ndarray, np.int32, ()),
    "empty": (np.ndarray, np.int32, (0, 2)),
    "an int": (int, int, (1,)),
    "a float": (float, float, (1,)),
    "a bool": (bool, bool, (1,)),
    "three ints": (int, int, (3,)),
    "sparse": (csr, float, (2, 3)),
    "sparse int": (csr, np.int32, (2, 3)),
}

ODD: list[Any] = [
    0, 1, True, -7, 3.9, -3.9, 0.6, 300, 2**31, -(2**31) - 1, 2**63, 2**64, 1e20, -1e20, 2.0**63,
    1e300, float("nan"), float("inf"), 1j, np.int8(5), np.float32(0.1), np.bool_(True), np.nan,
    "3", "text", b"3", None, object(), {"a": 1}, {1, 2}, [], [[1, 2], [3]], [1, "a"], [None],
    [1, 2, 3], [[1], [2]], [[1, 2, 3], [4, 5, 6]], np.arange(6), np.arange(6).reshape(3, 2),
    np.asfortranarray(np.arange(6.0).reshape(3, 2)), np.arange(12)[::2], np.arange(5), np.zeros(0),
    np.zeros((2, 3, 1)), np.zeros((1, 2, 3)), np.zeros((2, 2, 3)), np.array(4.5), np.array([0.5]),
    np.array([1, 2, 3], object), np.array(["1"] * 6), np.zeros(2, "M8[s]"), np.zeros(3, "i4,f8"),
    np.array([1.5, np.nan, 2.0]), np.array([1, 2, 3], np.uint8), np.array([1 + 1j] * 3),
    np.ma.array([1, 2, 3], mask=[0, 1, 0]), np.asmatrix([[1, 2, 3]]), range(3), (1, 2, 3),
    PATTERN * 2, PATTERN + 1, csr(PATTERN * 3), csr(np.ones((2, 3))), csr(np.ones((3, 2))),
    np.full((2, 3), 1e39), np.full((2, 3), 2.0**40), PATTERN * np.nan, PATTERN * 1e20,
]  # fmt: skip


class Box(AbstractProcess):
    """Holds one Var."""

    def __init__(self, shape: tuple[int, ...], init: Any) -> None:
        super().__init__()
        self.v = Var(shape, init=init)


class Link:
    """A channel of plain messages, in memory."""

    def __init__(self, shape: tuple[int, ...] = (), d_type: Any = np.uint8) -> None:
        self.shape, self.d_type = shape, d_type
        self.queue: deque[Any] = deque()
        self.send = self.queue.append
        self.recv = self.queue.popleft
        self.probe = lambda: bool(self.queue)


@contextmanager
def rings_of_a_ref_port(
    size: int,
) -> Iterator[tuple[RingWriter, RingReader, RingWriter, RingReader]]:
    """Both ends of the ring of the requests, and of that of the replies."""
    there = RingRequest("there", (size,), "u1", False, None, 0, (1,), ("owner",))
    back = RingRequest("box.v->reader.ref", (size,), "u1", False, None, 1, (0,), ("client",))
    arena = Arena.create(plan_arena(["client", "owner"], [], [there, back]))
    try:
        yield arena.writer(0), arena.reader(0, 0), arena.writer(1), arena.reader(1, 0)
    finally:
        arena.close()


class Case:
    """One declaration, with a model that holds a value of it."""

    def __init__(self, name: str) -> None:
        self.cls, self.d_type, self.shape = SLOTS[name]
        self.declared = LavaPyType(self.cls, self.d_type)
        self.slot = VarSlot(self.declared, self.shape, "box.v")
        self.start = csr(PATTERN.astype(self.d_type)) if self.cls is csr else 1
        self.model_class = type("Model", (PyLoihiProcessModel,), {"v": self.declared})

    def model(self) -> Any:
        model = self.model_class({})
        model._la_process_name = "box"
        model.v = self.slot.initial(self.start)
        return model

    def initial(self, value: Any) -> Any:
        if self.cls is csr:
            pytest.skip("an initial value makes the pattern")
        return self.slot.initial(value)

    def _loaded(self, value: Any) -> Any:
        encoder = Encoder(Names())
        try:
            document = encoder.finish(encoder.add(value, "box.v.init"))
        except ValueError:
            pytest.skip("no file can hold it")
        return Decoder(document, Names(), lambda *_: None).value(document.root)

    def load(self, value: Any) -> Any:
        return self.initial(self._loaded(value))

    def set(self, value: Any, index: Any = None) -> Any:
        """What the user's side and the actor do for `Var.set`."""
        model = self.model()
        plan = SimpleNamespace(vars=[SimpleNamespace(name="v", slot=lambda _owner: self.slot)])
        actor: Any = SimpleNamespace(
            name="box", built=SimpleNamespace(model=model), spec=SimpleNamespace(plan=plan)
        )
        requests._set(actor, "v", self.slot.checked(value, index), index)
        return model.v

    def set_by_index(self, value: Any) -> Any:
        return self.set(value, (slice(None),) * len(self.shape) or ...)

    def harness(self, value: Any) -> Any:
        harness = ModelHarness(self.model_class, Box(self.shape, self.start))
        harness.set("v", value)
        return harness.v

    def memory(self, value: Any) -> Any:
        if self.cls is not np.ndarray:
            pytest.skip("it holds an array")
        remote = MemoryVar(np.full(self.shape, self.slot.initial(self.start)))
        remote.write(value)
        return remote.value

    def ref_port(self, value: Any) -> Any:
        model = self.model()
        size = REMOTE_HEADER + 16 * max(1, int(np.prod(self.shape)))
        kind = self.d_type if self.cls is np.ndarray else np.longdouble  # holds every int64
        declared = LavaPyType(PyRefPort.VEC_DENSE, kind)
        plan = RefPortPlan("ref", declared, self.shape, var_shape=self.shape)
        port = PyRefPort.VEC_DENSE(None, None, None, self.shape, kind)
        with rings_of_a_ref_port(size) as (ask, requests_, answer, replies):
            port._remote = RemoteVar(plan, ask, replies, "writer.ref")
            server = VarServer(model, self.slot, "v", "writer.ref", requests_, answer)
            port.write(value)
            server.serve()
        return model.v

    def var_port(self, value: Any) -> Any:
        model = self.model()
        kind = self.d_type if self.cls is np.ndarray else np.longdouble  # holds every int64
        ref_to_var = Link(self.shape, kind)
        ref = PyRefPort.VEC_DENSE(ref_to_var, Link(self.shape, kind), None, self.shape, kind)
        server = PyVarPort.VEC_DENSE("v", Link(self.shape), ref_to_var, model, self.shape)
        if not int(np.prod(self.shape)):
            pytest.skip("a message without elements has no room for a command")
        ref.write(value)
        command, data = ref_to_var.queue
        assert np.all(command == VarPortCmd.SET)
        ref_to_var.recv = ref_to_var.queue.popleft
        assert data.shape == self.shape
        server.service()
        return model.v


DOORS: dict[str, Callable[[Case, Any], Any]] = {
    "initial": Case.initial,
    "load": Case.load,
    "set by index": Case.set_by_index,
    "harness": Case.harness,
    "RefPort": Case.ref_port,
    "VarPort": Case.var_port,
    "by hand": Case.memory,
}


def outcome(case: Case, door: Callable[[Case, Any], Any], value: Any) -> tuple[str, Any]:
    """The value that the world sees afterwards, or which kind of error was raised."""
    try:
        found = case.slot.presented(door(case, value))
    except (TypeError, ValueError) as error:
        kind, message = type(error), str(error)
        found = None
    if found is None:
        assert any(where in message for where in ("v: ", "ref: ", ".write: ", "MemoryVar: "))
        return "refused", TypeError if issubclass(kind, TypeError) else ValueError
    dense = found.toarray() if scipy.sparse.issparse(found) else found
    assert dense.shape == case.shape
    return "taken", dense.tolist()


def stays_as_it_is(case: Case, door: str, value: Any) -> bool:
    """A start value with more than fits, where a number is declared: parameters per neuron."""
    if door not in ("initial", "load") or case.cls not in (int, float, bool):
        return False
    try:
        shape = np.shape(value)
    except ValueError:  # ragged
        return False
    if not shape or np.prod(shape) == np.prod(case.shape):
        return False
    try:
        return np.broadcast_shapes(shape, case.shape) != case.shape
    except ValueError:
        return True


def same(one: tuple[str, Any], two: tuple[str, Any]) -> bool:
    if one[0] != two[0] or one[0] == "refused":
        return one == two
    pairs = zip(_flat(one[1]), _flat(two[1]), strict=True)
    return all(a == b or (a != a and b != b) for a, b in pairs)  # NaN is NaN


def _flat(value: Any) -> list[Any]:
    return [n for part in value for n in _flat(part)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", SLOTS)
def test_every_door_gives_the_same_answer(name: str, door: str) -> None:
    case = Case(name)
    if case.cls is csr and door in ("initial", "load"):
        pytest.skip("an initial value makes the pattern")
    for value in ODD:
        if stays_as_it_is(case, door, value):
            continue
        expected = outcome(case, Case.set, value)
        try:
            found = outcome(case, DOORS[door], value)
        except pytest.skip.Exception:
            continue
        assert same(found, expected), (value, found, expected)


numbers = st.one_of(
    hnp.arrays(
        st.one_of(
            hnp.boolean_dtypes(),
            hnp.integer_dtypes(),
            hnp.unsigned_integer_dtypes(),
            hnp.floating_dtypes(),
            hnp.complex_number_dtypes(),
        ),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
    ),
    st.lists(st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=2)), max_size=6),
)


@settings(deadline=None, derandomize=True, max_examples=cases(150))
@given(numbers, st.sampled_from([n for n in SLOTS if not n.startswith("sparse")]))
def test_every_door_gives_the_same_answer_to_random_arrays(value: Any, name: str) -> None:
    case = Case(name)
    expected = outcome(case, Case.set, value)
    for door, through in DOORS.items():
        if stays_as_it_is(case, door, value):
            continue
        try:
            found = outcome(case, through, value)
        except pytest.skip.Exception:
            continue
        assert same(found, expected), (found, expected)


@settings(deadline=None, derandomize=True, max_examples=cases(200))
@given(numbers, st.sampled_from(list(SLOTS)))
def test_what_is_refused_changes_nothing_and_what_is_taken_is_copied(value: Any, name: str) -> None:
    case = Case(name)
    held = case.slot.initial(case.start)
    before = case.slot.presented(held).copy()
    try:
        new = case.slot.assigned(held, value)
    except (TypeError, ValueError):
        pass
    else:
        if isinstance(new, np.ndarray):
            assert not np.shares_memory(new, np.asarray(held))
            assert not isinstance(value, np.ndarray) or not np.shares_memory(new, value)
    now = case.slot.presented(held)
    assert (now != before).sum() == 0


@pytest.mark.filterwarnings(
    "ignore:.*(lose their fraction|wrap around|row by row):lava_actor.errors.LavaActorWarning"
)
@pytest.mark.parametrize("name", ["int32", "float32", "an int", "sparse"])
def test_a_running_network_gives_the_same_answer(name: str) -> None:
    case = Case(name)
    holder = Holder(init=case.start, shape=case.shape, name="holder")
    with holder:
        holder.run(RunSteps(1), HoldAs(case.cls, case.d_type))
        for value in ODD:
            expected = outcome(case, Case.set, value)
            before = holder.value.get()
            if expected[0] == "refused":
                with pytest.raises(expected[1], match=r"holder\.value: "):
                    holder.value.set(value)
                assert (holder.value.get() != before).sum() == 0
            else:
                holder.value.set(value)
                got = holder.value.get()
                dense = got.toarray() if case.cls is csr else got
                assert same(("taken", dense.tolist()), expected)
                holder.value.set(case.start)


# -- what comes out -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (4, [[4, 4, 4], [4, 4, 4]]),
        (np.arange(6.0), [[0, 1, 2], [3, 4, 5]]),
        ([1, 2, 3], [[1, 2, 3], [1, 2, 3]]),
        (csr(PATTERN), PATTERN),
    ],
)
def test_what_can_be_taken_for_the_value_is_presented_in_the_vars_shape(
    held: Any, expected: Any
) -> None:
    found = Case("int32").slot.presented(held)
    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "held",
    [np.zeros(7), np.zeros((2, 3, 2)), csr(np.ones((3, 2))), "text", None, {}, np.array(["a"] * 6)],
)
@pytest.mark.parametrize("room", [8, 200])
def test_what_is_no_value_of_the_var_is_named_wherever_it_is_read(held: Any, room: int) -> None:
    case = Case("int32")
    with pytest.raises((TypeError, ValueError), match=r"box\.v: .*the model"):
        case.slot.presented(held)
    model = case.model()
    model.v = held
    plan = RefPortPlan("ref", LavaPyType(PyRefPort.VEC_DENSE, float), (2, 3), var_shape=(2, 3))
    with rings_of_a_ref_port(REMOTE_HEADER + room) as (ask, requests_, answer, replies):
        remote = RemoteVar(plan, ask, replies, "reader.ref")
        server = VarServer(model, case.slot, "v", "reader.ref", requests_, answer)
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(remote.read)
            while not (server.serve() or found.done()):
                pass
            wrong = r"reader\.ref: box\.v cannot be read: the model"
            with pytest.raises(RuntimeError, match=wrong):
                found.result()


def test_a_sparse_declaration_presents_a_sparse_matrix() -> None:
    found = Case("sparse").slot.presented(PATTERN)
    assert scipy.sparse.issparse(found)

"""RefPorts and VarPorts of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor.compat.lava_names.attached import attach
from lava_actor.compat.lava_names.by_hand import VarPortCmd
from lava_actor.compat.lava_names.transformers import VirtualPortTransformer
from lava_actor.errors import RuntimeStateError
from lava_actor.model.ports.base import PortDataError
from lava_actor.model.ports.ref_port import PyRefPort, PyRefPortVectorDense
from lava_actor.model.ports.var_port import (
    PyVarPort,
    PyVarPortVectorDense,
    RefVarTypeMapping,
    var_port_class,
)
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel


class Remote:
    """Somebody else's Var."""

    def __init__(self, value: Any) -> None:
        self.value = np.array(value)
        self.waits = 0

    def read(self) -> np.ndarray:
        return self.value.copy()

    def write(self, data: np.ndarray) -> None:
        self.value = np.array(data)

    def wait(self) -> None:
        self.waits += 1


def connected(kind: str, value: Any, model: Any = None) -> tuple[Any, Remote]:
    remote = Remote(value)
    cls = getattr(PyRefPort, kind)
    port = cls(None, None, model, remote.value.shape, remote.value.dtype)
    port._remote = remote
    return port, remote


def test_a_port_reads_and_writes_the_var_behind_it() -> None:
    port, remote = connected("VEC_DENSE", [[1, 2], [3, 4]])
    np.testing.assert_array_equal(port.read(), [[1, 2], [3, 4]])
    port.write(np.array([[5, 6], [7, 8]]))
    port.wait()
    np.testing.assert_array_equal(remote.value, [[5, 6], [7, 8]])
    assert remote.waits == 1
    port.write(0)
    np.testing.assert_array_equal(remote.value, np.zeros((2, 2)))
    with pytest.raises(PortDataError, match="broadcasts"):
        port.write(np.zeros(3))


def test_an_unconnected_port_reads_zeros_and_ignores_writes() -> None:
    port = PyRefPort.VEC_DENSE(None, None, None, (2,), np.int16)
    assert not port.connected
    assert port.csp_ports == []
    assert port.read().dtype == np.int16
    np.testing.assert_array_equal(port.read(), [0, 0])
    port.write(np.zeros(99))
    port.wait()
    values, indices = PyRefPort.VEC_SPARSE(None, None, None, (2,), np.int16).read()
    assert values.size == indices.size == 0
    assert PyRefPort.SCALAR_DENSE(None, None, None, (1,), np.int16).read() == 0
    assert PyRefPort.SCALAR_SPARSE(None, None, None, (3,), np.int16).read(2) == (0, 2)


def test_sparse_ports_touch_only_the_elements_they_name() -> None:
    port, remote = connected("VEC_SPARSE", [0, 5, 0, 1])
    values, indices = port.read()
    np.testing.assert_array_equal(values, [5, 1])
    np.testing.assert_array_equal(indices, [1, 3])
    port.write([7, 8], [0, 1])
    np.testing.assert_array_equal(remote.value, [7, 8, 0, 1])


def test_scalar_ports_read_and_write_numbers() -> None:
    port, remote = connected("SCALAR_DENSE", [3])
    assert port.read() == 3
    port.write(4)
    np.testing.assert_array_equal(remote.value, [4])
    port, remote = connected("SCALAR_SPARSE", [[1, 2], [3, 4]])
    assert port.read(2) == (3, 2)
    port.write(9, 2)
    np.testing.assert_array_equal(remote.value, [[1, 2], [9, 4]])
    with pytest.raises(PortDataError, match="one number"):
        connected("SCALAR_DENSE", [1, 2])


@pytest.mark.parametrize("phase", ["SPK", "LRN", "HOST"])
def test_outside_of_the_management_phases_a_connected_port_refuses(phase: str) -> None:
    model = PyLoihiProcessModel({})
    model._la_process_name = "reader"
    port, _ = connected("VEC_DENSE", [1], model)
    model.ref = port  # type: ignore[attr-defined]
    model.phase = getattr(model.Phase, phase)
    for call in (port.read, port.wait, lambda: port.write(np.zeros(1))):
        with pytest.raises(RuntimeStateError, match=r"reader\.ref\.\w+: .*run_pre_mgmt"):
            call()
    PyRefPort.VEC_DENSE(None, None, model, (1,), int).read()


@pytest.mark.parametrize("phase", ["PRE_MGMT", "POST_MGMT"])
def test_in_the_management_phases_a_port_can_be_used(phase: str) -> None:
    model = PyLoihiProcessModel({})
    port, _ = connected("VEC_DENSE", [1], model)
    model.phase = getattr(model.Phase, phase)
    assert port.read()[0] == 1


def test_free_running_models_can_use_ports_at_any_time() -> None:
    port, _ = connected("VEC_DENSE", [1], PyAsyncProcessModel({}))
    assert port.read()[0] == 1


# -- over two channels, served by a VarPort -------------------------------------------------------


class Serving:
    """A receiving end that lets the VarPort serve before anybody waits for an answer."""

    def __init__(self, end: Any) -> None:
        self.end = end
        self.shape, self.d_type = end.shape, end.d_type
        self.server: Any = None

    def recv(self) -> np.ndarray:
        while not self.end.probe():
            self.server.service()
        return self.end.recv()


attach()  # ports wired by hand are Lava's


class Owner:
    pass


def wired(link: Any, held: Any, dtype: Any, back: Any = ()) -> tuple[Any, Any, Any]:
    owner = Owner()
    owner.v = held  # type: ignore[attr-defined]
    shape = np.shape(held)
    request_send, request_recv = link(shape, dtype)
    reply_send, reply_recv = link(shape, np.asarray(held).dtype)
    answer = Serving(reply_recv)
    transformer = VirtualPortTransformer({"v": answer}, {"v": back}) if back else None
    ref = PyRefPort.VEC_DENSE(request_send, answer, None, shape, dtype, transformer)
    server = PyVarPort.VEC_DENSE("v", reply_send, request_recv, owner, shape, dtype)
    answer.server = server
    assert len(ref.csp_ports) == len(server.csp_ports) == 2
    return ref, server, owner


def test_a_var_port_answers_over_channels(link: Any) -> None:
    ref, server, owner = wired(link, np.array([1, 2], np.int32), np.int32)
    server.service()
    np.testing.assert_array_equal(ref.read(), [1, 2])
    ref.write(np.array([3, 4]))
    ref.wait()
    np.testing.assert_array_equal(owner.v, [3, 4])


def test_written_data_take_the_dtype_of_the_var(link: Any) -> None:
    ref, _, owner = wired(link, np.array([1, 2], np.int32), np.float64)
    ref.write(np.array([3.7, -4.2]))
    ref.wait()
    assert owner.v.dtype == np.int32
    np.testing.assert_array_equal(owner.v, [3, -4])


def test_a_number_stays_a_number(link: Any) -> None:
    owner = Owner()
    owner.v = 3  # type: ignore[attr-defined]
    request_send, request_recv = link((1,), np.int32)
    reply_send, reply_recv = link((1,), np.int32)
    answer = Serving(reply_recv)
    ref = PyRefPort.VEC_DENSE(request_send, answer, None, (1,), np.int32)
    answer.server = PyVarPort.VEC_DENSE("v", reply_send, request_recv, owner, (1,), np.int32)
    np.testing.assert_array_equal(ref.read(), [3])
    ref.write(np.array([5]))
    ref.wait()
    assert owner.v == 5  # type: ignore[attr-defined]
    assert type(owner.v) is int  # type: ignore[attr-defined]


def test_what_is_read_goes_through_the_transformer(link: Any) -> None:
    ref, _, _ = wired(link, np.array([1, 2], np.int32), np.int32, back=[lambda a: a[::-1]])
    np.testing.assert_array_equal(ref.read(), [2, 1])


def test_every_kind_of_ref_port_has_its_var_port() -> None:
    for kind in ("VEC_DENSE", "VEC_SPARSE", "SCALAR_DENSE", "SCALAR_SPARSE"):
        ref, var = getattr(PyRefPort, kind), getattr(PyVarPort, kind)
        assert RefVarTypeMapping.get(ref) is var
        assert var_port_class(ref) is var_port_class(var) is var
    with pytest.raises(KeyError):
        RefVarTypeMapping.get(PyRefPort)
    for anything in (int, np.ndarray, PyVarPort, None):
        assert var_port_class(anything) is PyVarPortVectorDense
    assert PyRefPort.VEC_DENSE is PyRefPortVectorDense
    np.testing.assert_array_equal(VarPortCmd.GET, [0.0])
    np.testing.assert_array_equal(VarPortCmd.SET, [1.0])

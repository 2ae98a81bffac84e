"""Names of Lava that only its own tests and plug-ins use still work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor.compat.lava_names.attached import attach
from lava_actor.compat.lava_names.channels import ChannelType, PyPyChannel
from lava_actor.compat.lava_names.message_infrastructure import (
    MessageInfrastructureFactory,
    MultiProcessing,
)
from lava_actor.compat.lava_names.mgmt_token_enums import (
    MGMT_COMMAND,
    MGMT_RESPONSE,
    enum_equal,
    enum_to_np,
)
from lava_actor.compat.lava_names.node import Node, NodeConfig
from lava_actor.compat.lava_names.resources import HeadNode
from lava_actor.compat.lava_names.runtime_service import (
    AsyncPyRuntimeService,
    LoihiPyRuntimeService,
    Proc_Function_With_Guard,
    PyRuntimeService,
)
from lava_actor.compat.lava_names.shared_memory_manager import SharedMemoryManager
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.run_configs import Loihi2SimCfg, RunConfig
from lava_actor.errors import RuntimeStateError
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.proc.lif.process import LIF
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.process import AbstractProcess

attach()


def test_hardware_annotations_go_down_the_hierarchy() -> None:
    processes: list[Any] = [AbstractProcess() for _ in range(3)]
    top, middle, bottom = processes
    assert (top.folded_view, top.folded_view_inst_id) == (None, -1)
    top.register_sub_procs({"m": middle})
    middle.register_sub_procs({"b": bottom})
    top.folded_view = AbstractProcess
    top.folded_view_inst_id = 2
    top.propagate_folded_views()
    assert bottom.folded_view is AbstractProcess
    assert bottom.folded_view_inst_id == 2


def test_a_protocol_without_service_says_so() -> None:
    with pytest.raises(NotImplementedError):
        AbstractSyncProtocol().runtime_service  # type: ignore[attr-defined]


def test_tokens_are_arrays_of_one_number() -> None:
    token = enum_to_np(5)
    assert token.shape == (1,)
    assert token.dtype == np.float64
    assert enum_to_np(1, np.int32).dtype == np.int32
    assert enum_equal(MGMT_COMMAND.STOP, enum_to_np(-1))
    assert not enum_equal(MGMT_RESPONSE.DONE, MGMT_RESPONSE.PAUSED)


def test_shared_memory_is_writable_and_zero_and_goes_with_its_manager() -> None:
    manager = SharedMemoryManager()
    with pytest.raises(RuntimeStateError, match="start"):
        manager.create_shared_memory(8)
    manager.start()
    block = manager.create_shared_memory(64)
    view = np.frombuffer(block.buf, dtype=np.int64, count=8)
    assert not view.any()
    with pytest.raises(ValueError, match="1 byte"):
        manager.create_shared_memory(0)
    manager.shutdown()
    manager.shutdown()
    assert view.sum() == 0  # an array keeps its memory


def test_a_service_knows_its_protocol_and_waits_to_be_wired() -> None:
    service: PyRuntimeService = LoihiPyRuntimeService(protocol=LoihiProtocol())
    assert isinstance(service.protocol, LoihiProtocol)
    assert service.runtime_to_service is None
    assert service.service_to_runtime is None
    assert service.service_to_process == service.process_to_service == []
    service.join()


def test_the_built_in_protocols_name_their_services() -> None:
    protocols: list[Any] = [LoihiProtocol(), AsyncProtocol()]
    services = [{CPU: LoihiPyRuntimeService}, {CPU: AsyncPyRuntimeService}]
    assert [protocol.runtime_service for protocol in protocols] == services


def test_the_loihi_protocol_names_every_phase_method_with_its_guard() -> None:
    loihi: Any = LoihiProtocol
    assert loihi.phases == [1, 2, 3, 4, 5]
    assert loihi().proc_functions == [
        ("pre_guard", "run_pre_mgmt"),
        ("lrn_guard", "run_lrn"),
        ("post_guard", "run_post_mgmt"),
        ("host_guard", "run_host_mgmt"),
        (None, "run_spk"),
    ]
    assert loihi.proc_functions[0] == Proc_Function_With_Guard("pre_guard", "run_pre_mgmt")
    for guard, method in loihi.proc_functions:
        assert hasattr(PyLoihiProcessModel, method)
        assert guard is None or hasattr(PyLoihiProcessModel, guard)


def test_the_async_protocol_has_no_phases() -> None:
    protocol: Any = AsyncProtocol()
    assert protocol.phases == protocol.proc_functions == []


def test_a_node_configuration_is_a_list_of_nodes() -> None:
    node = Node(HeadNode)
    assert NodeConfig([node]).nodes == [node]


def test_an_executable_has_one_node_with_all_processes() -> None:
    first, second = LIF(shape=(1,)), LIF(shape=(1,))
    first.s_out.connect(second.a_in)
    executable: Any = Compiler().compile(first, Loihi2SimCfg())
    ((node,),) = executable.node_configs
    assert (node.node_type, node.processes) == (HeadNode, list(executable.process_list))
    assert len(node.processes) == 2


def test_a_run_configuration_may_be_told_about_nodes() -> None:
    config: Any = RunConfig()
    config.exclude_nodes([node := Node(HeadNode)])
    config.require_nodes([node])


def test_a_channel_end_has_a_queue_to_ask_for_its_size() -> None:
    channel = PyPyChannel(None, "here", "there", (1,), np.int32, 2)
    ends: list[Any] = [channel.src_port, channel.dst_port]
    assert [end._queue.qsize() for end in ends] == [0, 0]
    channel.src_port.send([1])
    assert [end._queue.qsize() for end in ends] == [1, 1]


def relay(**kwargs: Any) -> None:
    """Pass ten messages on; a target for an actor."""
    source, sink = kwargs["builder"]
    source.start()
    sink.start()
    for _ in range(10):
        peeked, message = source.peek(), source.recv()
        assert np.array_equal(peeked, message)
        sink.send(message)
    source.join()
    sink.join()


def test_functions_in_processes_of_their_own_relay_messages_through_channels() -> None:
    infrastructure = MessageInfrastructureFactory.create(ActorType.MultiProcessing)
    infrastructure.start()
    channel_class = infrastructure.channel_class(ChannelType.PyPy)
    assert channel_class is PyPyChannel
    there = PyPyChannel(infrastructure, "here", "relay", (2,), np.int32, 2)
    back = PyPyChannel(infrastructure, "relay", "here", (2,), np.int32, 2)
    actor = infrastructure.build_actor(relay, (there.dst_port, back.src_port))
    assert infrastructure.actors == [actor]
    there.src_port.start()
    back.dst_port.start()
    for number in range(10):
        there.src_port.send(np.array([number, -number], np.int32))
        assert back.dst_port.recv().tolist() == [number, -number]
    there.src_port.join()
    back.dst_port.join()
    infrastructure.stop()
    assert infrastructure.actors == []


def fail(**_: Any) -> None:
    raise ValueError("as intended")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork with threads around, from 3.12 on
def test_a_process_remembers_what_ended_it(capfd: pytest.CaptureFixture[str]) -> None:
    infrastructure = MultiProcessing()
    infrastructure.start()
    actor = infrastructure.build_actor(fail, None)
    actor.join()
    assert actor.exception is not None
    assert actor.exception[0] == "ValueError('as intended')"
    infrastructure.stop()
    assert "as intended" in capfd.readouterr().err

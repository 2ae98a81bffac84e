"""Ordinary Python code feeds a network and is fed by it, from any thread."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import ActorType, RunContinuous, RunSteps
from lava_actor.errors import ActorDiedError, ChannelAborted
from tests.conftest import launcher_pid
from tests.runtime.networks import Counter, Expand, First, HierarchicalSink, Relay, Sender, Sink

both_types = pytest.mark.parametrize(
    "actor_type", [ActorType.MultiProcessing, ActorType.Threading]
)


def piped(**options: Any) -> Relay:
    relay = Relay(shape=(2,), **options)
    relay.inp.flag_external_pipe()
    relay.out.flag_external_pipe()
    return relay


@both_types
def test_values_go_in_and_come_out(actor_type: ActorType) -> None:
    relay = piped(add=10)
    assert not hasattr(relay.inp, "external_pipe_csp_send_port")
    assert not hasattr(relay.out, "external_pipe_csp_recv_port")
    with relay:
        relay.run(RunSteps(5, blocking=False), First(), {"actor_type": actor_type})
        data = [np.array([i, -i]) for i in range(5)]
        received: list[np.ndarray] = []

        def feed() -> None:
            for item in data:
                relay.inp.external_pipe_csp_send_port.send(item)

        def drain() -> None:
            for _ in data:
                received.append(relay.out.external_pipe_csp_recv_port.recv())

        threads = [threading.Thread(target=feed), threading.Thread(target=drain)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        relay.wait()
        assert np.array_equal(received, [[i + 10, 10 - i] for i in range(5)])


def test_the_buffer_holds_as_many_messages_as_it_was_asked_for() -> None:
    relay = Relay(shape=(2,))
    relay.inp.flag_external_pipe(buffer_size=3)
    relay.out.flag_external_pipe(buffer_size=5)
    with relay:
        relay.create_runtime(First())
        port, out = relay.inp.external_pipe_csp_send_port, relay.out.external_pipe_csp_recv_port
        for number in range(3):
            assert port.probe()
            port.send(np.array([number, 0]))
        assert not port.probe()
        assert not out.probe()
        relay.run(RunSteps(3))
        assert port.probe()
        assert out.probe()
        assert out.num_available() == 3
        assert np.array_equal(out.peek(), [0, 0])
        for number in range(3):
            assert np.array_equal(out.recv(), [number, 0])
        assert not out.probe()


def test_a_sender_blocks_while_the_buffer_is_full_and_goes_on_when_the_network_runs() -> None:
    sink = Sink()
    sink.inp.flag_external_pipe(buffer_size=2)
    with sink:
        sink.create_runtime(First())
        port = sink.inp.external_pipe_csp_send_port
        sent = threading.Semaphore(0)

        def feed() -> None:
            for number in range(1, 11):
                port.send(np.array([number]))
                sent.release()

        thread = threading.Thread(target=feed)
        thread.start()
        for _ in range(2):
            sent.acquire()
        assert not port.probe()
        sink.run(RunSteps(10))
        thread.join()
        assert sink.total.get() == 55


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((1, 2)), np.zeros(())])
def test_a_message_of_the_wrong_shape_is_refused(wrong: np.ndarray) -> None:
    relay = piped()
    with relay:
        relay.create_runtime(First())
        with pytest.raises(AssertionError):
            relay.inp.external_pipe_csp_send_port.send(wrong)
        relay.inp.external_pipe_csp_send_port.send(np.array([1, 2]))
        relay.run(RunSteps(1))
        assert np.array_equal(relay.last.get(), [1, 2])


def test_a_pipe_is_one_more_source_and_one_more_destination() -> None:
    sender, relay, sink = Sender([100, 200]), piped(), Sink(shape=(2,))
    sender.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    with relay:
        relay.create_runtime(First())
        for number in range(3):
            relay.inp.external_pipe_csp_send_port.send(np.array([number, number]))
        relay.run(RunSteps(3))
        assert np.array_equal(sink.last.get(), [102, 202])
        out = relay.out.external_pipe_csp_recv_port
        assert np.array_equal(
            [out.recv() for _ in range(3)], [[100, 200], [101, 201], [102, 202]]
        )


def test_the_last_channel_of_the_models_port_is_the_pipe() -> None:
    waiting: list[int] = []
    sender = Sender([5])
    relay = Relay(on_step=lambda model: waiting.append(model.inp.csp_ports[-1].num_available()))
    relay.inp.connect_from(sender.out)
    relay.inp.flag_external_pipe()
    with relay:
        relay.create_runtime(First(), compile_config={"actor_type": ActorType.Threading})
        for number in range(4):
            relay.inp.external_pipe_csp_send_port.send(np.array([number]))
        relay.run(RunSteps(4))
        assert waiting == [4, 3, 2, 1]


def test_a_network_that_waits_for_the_user_can_be_stopped() -> None:
    relay = piped()
    relay.run(RunContinuous(), First())
    relay.stop()
    assert relay.runtime.is_over


def test_an_actor_that_waits_for_the_user_says_so_when_it_is_asked() -> None:
    relay = piped()
    with relay:
        relay.run(RunContinuous(), First())
        while "external" not in relay.runtime.status()[0].waits_for:
            pass
        with pytest.raises(RuntimeError, match="external"):
            relay.last.get()
        relay.inp.external_pipe_csp_send_port.send(np.array([1, 2]))
        assert np.array_equal(relay.out.external_pipe_csp_recv_port.recv(), [1, 2])


def test_a_thread_that_waits_for_the_network_is_released_by_stop() -> None:
    relay = piped()
    relay.create_runtime(First())
    relay.run(RunSteps(0))
    out, ended = relay.out.external_pipe_csp_recv_port, []
    entered = threading.Event()

    def drain() -> None:
        entered.set()
        try:
            out.recv()
        except BaseException as error:  # noqa: BLE001  (asserted below)
            ended.append(error)

    thread = threading.Thread(target=drain)
    thread.start()
    entered.wait()
    relay.stop()
    thread.join()
    assert len(ended) == 1
    assert isinstance(ended[0], RuntimeError)


def test_using_a_pipe_after_stop_is_an_error() -> None:
    relay = piped()
    relay.run(RunSteps(0), First())
    port, out = relay.inp.external_pipe_csp_send_port, relay.out.external_pipe_csp_recv_port
    relay.stop()
    with pytest.raises(RuntimeError):
        out.recv()
    with pytest.raises(RuntimeError):
        for _ in range(100):
            port.send(np.array([1, 2]))


def test_a_network_that_runs_again_has_new_pipes() -> None:
    relay = piped()
    for round_ in range(3):
        relay.create_runtime(First())
        relay.inp.external_pipe_csp_send_port.send(np.array([round_, round_]))
        relay.run(RunSteps(1))
        assert np.array_equal(
            relay.out.external_pipe_csp_recv_port.recv(), [round_, round_]
        )
        relay.stop()


def test_a_pipe_on_a_hierarchical_port_leads_inside_or_is_refused() -> None:
    sink = HierarchicalSink(shape=(1,))
    sink.inp.flag_external_pipe()
    with sink:
        try:
            sink.create_runtime(Expand())
        except AssertionError as error:
            assert "inp" in str(error)
            assert not sink.is_compiled
        else:
            sink.inp.external_pipe_csp_send_port.send(np.array([4]))
            sink.run(RunSteps(1))
            assert sink.last.get() == 4


def test_two_threads_may_use_both_ends_of_a_running_network_for_long() -> None:
    relay, n = piped(add=1), 5000
    with relay:
        relay.run(RunSteps(n, blocking=False), First())

        def feed() -> None:
            for number in range(n):
                relay.inp.external_pipe_csp_send_port.send(np.array([number, 0]))

        thread = threading.Thread(target=feed)
        thread.start()
        out = relay.out.external_pipe_csp_recv_port
        assert [int(out.recv()[0]) for _ in range(n)] == list(range(1, n + 1))
        thread.join()
        relay.wait()


def test_a_counter_nobody_drains_stops_at_the_size_of_the_buffer() -> None:
    counter = Counter()
    counter.out.flag_external_pipe(buffer_size=8)
    with counter:
        counter.run(RunSteps(8), First())
        counter.run(RunSteps(1, blocking=False))
        with pytest.raises(TimeoutError):
            counter.wait(0.2)
        assert counter.out.external_pipe_csp_recv_port.recv() == 1
        counter.wait()
        assert counter.count.get() == 9


def test_who_waits_for_a_message_is_released_when_the_service_is_killed() -> None:
    relay = piped()
    with relay:
        relay.run(RunContinuous(), First())
        (service,) = psutil.Process(launcher_pid()).children()
        killer = threading.Timer(0, service.kill)
        killer.start()
        with pytest.raises(ChannelAborted):
            relay.out.external_pipe_csp_recv_port.recv()
        killer.join()
        with pytest.raises(ActorDiedError, match="RuntimeService"):
            relay.wait()

"""A network that waits for the user between two steps can be paused, read, written and saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, Loihi2SimCfg, RunContinuous, RunSteps
from lava_actor.errors import RuntimeStateError
from lava_actor.model.phases import phase_table
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.extractor import Extractor, PyLoihiExtractorModel, VarWire
from lava_actor.proc.io.injector import Injector, PyLoihiInjectorModel
from lava_actor.proc.io.utils import ChannelConfig, ReceiveEmpty, ReceiveNotEmpty, SendFull
from lava_actor.proc.lif.process import LIF
from lava_actor.process.process import AbstractProcess
from lava_actor.runtime.run_conditions import RunUntil
from tests.runtime.networks import First, Relay

CFG = Loihi2SimCfg(select_tag="floating_pt")
LOCKSTEP = {"schedule": "lockstep"}
every_way = pytest.mark.parametrize(
    "config", [{}, LOCKSTEP, {"actor_type": ActorType.Threading}], ids=["ahead", "lockstep", "threads"]
)


def fed(**options: Any) -> tuple[Injector, LIF]:
    injector = Injector(shape=(1,), **options)
    cells = LIF(shape=(1,), du=1.0, dv=0.0, vth=1e9)
    injector.out_port.connect(cells.a_in)
    return injector, cells


def until_step(process: AbstractProcess, step: int) -> None:
    while process.runtime.current_step < step:
        pass


def steps(process: AbstractProcess) -> set[int]:
    return {status.step for status in process.runtime.status()}


@every_way
def test_a_pause_finds_everybody_after_the_last_item(config: dict[str, Any]) -> None:
    injector, cells = fed()
    with cells:
        cells.create_runtime(CFG, compile_config=config)
        cells.run(RunContinuous())
        for total in (5, 6):
            for _ in range(total - int(cells.runtime.current_step)):
                injector.send([1.0])
            until_step(cells, total)
            cells.pause()
            assert steps(cells) == {total}
            assert cells.v.get() == total
            cells.v.set(np.array([100.0]))
            assert cells.v.get() == 100
            cells.v.set(np.array([float(total)]))
            cells.run(RunContinuous())


@every_way
def test_requests_are_answered_while_the_network_waits(config: dict[str, Any]) -> None:
    injector, cells = fed()
    with cells:
        cells.create_runtime(CFG, compile_config=config)
        cells.run(RunContinuous())
        assert cells.v.get() == 0
        cells.v.set(np.array([10.0]))
        injector.send([1.0])
        until_step(cells, 1)
        assert cells.v.get() == 11
        assert cells.runtime.status()[0].step == 1


def test_a_network_that_waits_says_so() -> None:
    injector, cells = fed()
    with cells:
        cells.run(RunContinuous(), CFG)
        while "external pipe" not in cells.runtime.status()[0].waits_for:
            pass
        injector.send([1.0])
        until_step(cells, 1)


@every_way
def test_an_extractor_that_nobody_drains_holds_everybody_at_its_size(
    config: dict[str, Any],
) -> None:
    cells = LIF(shape=(1,), bias_mant=1.0, dv=0.0, vth=1e9)
    idle = LIF(shape=(1,), bias_mant=1.0, dv=0.0, vth=1e9)
    extractor = Extractor(shape=(1,), buffer_size=4)
    cells.s_out.connect(extractor.in_port)
    idle.s_out.connect(cells.a_in)
    with cells:
        cells.create_runtime(CFG, compile_config=config)
        cells.run(RunContinuous())
        until_step(cells, 4)
        cells.pause()
        assert steps(cells) == {4}
        v = idle.v.get()
        cells.run(RunContinuous())
        cells.pause()
        assert idle.v.get() == v
        extractor.receive()
        cells.run(RunSteps(1))
        assert steps(cells) == {5}


def test_a_wire_that_nobody_drains_holds_everybody_at_its_size() -> None:
    cells, wire = LIF(shape=(1,), bias_mant=1.0, dv=0.0, vth=1e9), VarWire(buffer_size=3)
    wire.connect_var(cells.v)
    with cells:
        cells.run(RunContinuous(), CFG)
        until_step(cells, 3)
        cells.pause()
        assert steps(cells) == {3}
        cells.run(RunContinuous())
        received = [float(wire.receive()[0]) for _ in range(5)]
        cells.pause()
        assert np.all(np.diff(received) > 0)


def recurrent() -> tuple[list[Injector], LIF, Extractor]:
    """Two injectors, a loop, an extractor."""
    injectors = [Injector(shape=(2,), buffer_size=3), Injector(shape=(2,), buffer_size=5)]
    cells = LIF(shape=(2,), du=0.3, dv=0.1, vth=2.0)
    loop = Dense(weights=np.array([[0.0, 0.7], [-0.4, 0.2]]))
    extractor = Extractor(shape=(2,), buffer_size=2)
    for injector in injectors:
        injector.out_port.connect(cells.a_in)
    cells.s_out.connect(loop.s_in)
    loop.a_out.connect(cells.a_in)
    cells.s_out.connect(extractor.in_port)
    return injectors, cells, extractor


def play(config: dict[str, Any], between: Callable[[LIF, int], None]) -> list[bytes]:
    """Every item and every state of a run, with something done between the items."""
    injectors, cells, extractor = recurrent()
    random, found = np.random.default_rng(3), []
    with cells:
        cells.create_runtime(CFG, compile_config=config)
        cells.run(RunContinuous())
        for step in range(1, 31):
            for injector in injectors:
                injector.send(random.normal(size=2))
            found.append(extractor.receive().tobytes())
            between(cells, step)
        until_step(cells, 30)
        found += [cells.u.get().tobytes(), cells.v.get().tobytes()]
    return found


@every_way
def test_pauses_change_no_number(config: dict[str, Any]) -> None:
    def pause(cells: LIF, step: int) -> None:
        if step % 3 == 0:
            cells.pause()
            assert steps(cells) == {step}
            cells.u.set(cells.u.get())
            cells.run(RunContinuous())

    assert play(config, pause) == play({}, lambda *_: None)


def test_a_network_that_waits_can_be_saved_and_goes_on_from_there(tmp_path: Path) -> None:
    injector, cells = fed()
    with cells:
        cells.run(RunContinuous(), CFG)
        injector.send([2.0])
        until_step(cells, 1)
        cells.pause()
        injector.send([3.0])
        cells.save(tmp_path / "net")
    injector, cells = fed()
    with cells:
        cells.load(tmp_path / "net")
        cells.run(RunContinuous(), CFG)
        until_step(cells, 2)
        cells.pause()
        assert cells.v.get() == 5
        injector.send([1.0])
        cells.run(RunSteps(1))
        assert cells.v.get() == 6


def test_a_reset_drops_the_items_and_the_network_waits_for_new_ones() -> None:
    injector, cells = fed()
    with cells:
        cells.run(RunSteps(0), CFG)
        for _ in range(5):
            injector.send([1.0])
        cells.reset()
        injector.send([7.0])
        cells.run(RunContinuous())
        cells.pause()
        cells.run(RunContinuous())
        until_step(cells, 1)
        cells.pause()
        assert cells.v.get() == 7
        assert steps(cells) == {1}


@every_way
def test_a_reset_drops_what_nobody_has_received(config: dict[str, Any]) -> None:
    injector, cells = fed()
    extractor, wire, own = Extractor(shape=(1,)), VarWire(), Relay(shape=(1,))
    injector.out_port.connect([extractor.in_port, own.inp])
    own.out.flag_external_pipe()
    wire.connect_var(cells.v)

    def pipe() -> list[float]:
        ends = extractor, wire, own.out.external_pipe_csp_recv_port
        got = [ends[0].receive(), ends[1].receive(), ends[2].recv()]
        return [float(value[0]) for value in got]

    with cells:
        cells.create_runtime(First(), compile_config=config)
        for value in (1.0, 2.0, 4.0):
            injector.send([value])
        cells.run(RunSteps(3))
        assert pipe() == [1, 1, 1]
        cells.reset()
        assert own.out.external_pipe_csp_recv_port.num_available() == 0
        injector.send([8.0])
        cells.run(RunSteps(1))
        assert pipe() == [8, 8, 8]


def test_who_waits_for_a_value_gets_that_of_the_run_after_a_reset() -> None:
    injector, extractor = Injector(shape=(1,)), Extractor(shape=(1,))
    injector.out_port.connect(extractor.in_port)
    got: list[float] = []
    with injector:
        injector.run(RunSteps(0), CFG)
        waiting = threading.Thread(target=lambda: got.extend(extractor.receive()))
        waiting.start()
        while not extractor.out_port.external_pipe_csp_recv_port.ring.statistics().blocked:
            pass
        injector.reset()
        injector.send([3.0])
        injector.run(RunSteps(1))
        waiting.join()
    assert got == [3.0]


def test_ctrl_c_ends_a_blocking_run_that_waits_for_the_user() -> None:
    injector, cells = fed()
    with cells:
        cells.create_runtime(CFG)
        injector.send([1.0])

        def press() -> None:
            while not cells.runtime.is_started or cells.runtime.current_step < 1:
                pass
            signal.raise_signal(signal.SIGINT)

        thread = threading.Thread(target=press)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            cells.run(RunSteps(10))
        thread.join()
        assert cells.v.get() == 1
        injector.send([1.0])
        cells.run(RunSteps(1))
        assert cells.v.get() == 2


def test_a_run_until_that_waits_for_the_user_can_be_paused() -> None:
    injector, cells = fed()
    with cells:
        cells.create_runtime(CFG)
        injector.send([1.0])
        cells.run(RunUntil(lambda: False, blocking=False))
        until_step(cells, 1)
        cells.pause()
        assert cells.v.get() == 1


def test_another_thread_stops_a_network_that_waits() -> None:
    _injector, cells = fed()
    cells.create_runtime(CFG)
    told: list[BaseException] = []

    def run() -> None:
        try:
            cells.run(RunSteps(3))
        except RuntimeError as error:
            told.append(error)

    waiting = threading.Thread(target=run)
    waiting.start()
    while not cells.runtime.is_started:
        pass
    cells.stop()
    waiting.join()
    assert cells.runtime.is_over
    assert len(told) == 1


def test_the_end_of_the_users_pipe_is_told_and_not_waited_for() -> None:
    injector, cells = fed()
    with cells:
        cells.create_runtime(CFG)
        port = injector.in_port.external_pipe_csp_send_port
        port.start()
        port.join()
        with pytest.raises(RuntimeError, match="other end of a channel is gone"):
            cells.run(RunSteps(1))


@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        (ChannelConfig(receive_empty=ReceiveEmpty.NON_BLOCKING_ZEROS), True),
        (ChannelConfig(receive_not_empty=ReceiveNotEmpty.ACCUMULATE), False),
        (ChannelConfig(send_full=SendFull.NON_BLOCKING_DROP), False),
    ],
    ids=["zeros", "accumulate", "drop"],
)
def test_a_network_waits_only_where_its_policy_says_so(policy: ChannelConfig, passes: bool) -> None:
    injector, cells = fed(channel_config=policy)
    with cells:
        cells.create_runtime(CFG)
        for value in (1.0, 2.0):
            injector.send([value])
        if passes:
            cells.run(RunSteps(9))
        else:
            cells.run(RunContinuous())
            until_step(cells, 1 if policy.receive_not_empty is ReceiveNotEmpty.ACCUMULATE else 2)
            cells.pause()
        assert cells.v.get() == 3


class FussyModel(PyLoihiInjectorModel):
    """Takes an item in every second step only."""

    def run_spk(self) -> None:
        if self.time_step % 2:
            super().run_spk()
        else:
            self.out_port.send(self._la_zeros)


def test_who_writes_other_steps_answers_anew_how_many_can_be_done() -> None:
    assert phase_table(PyLoihiExtractorModel).paced
    assert not phase_table(FussyModel).paced
    injector, cells = fed()
    with cells:
        cells.create_runtime(Loihi2SimCfg(
                select_tag="floating_pt", exception_proc_model_map={Injector: FussyModel}
            ))
        injector.send([1.0])
        cells.run(RunSteps(2))
        assert cells.v.get() == 1


def test_a_model_that_waits_inside_its_step_is_named_and_rests_when_it_can() -> None:
    relay = Relay(shape=(2,))
    relay.inp.flag_external_pipe()
    with relay:
        relay.run(RunContinuous(), First())
        with pytest.raises(RuntimeStateError, match="pause: .*in the middle of a step"):
            relay.pause()
        port, given = relay.inp.external_pipe_csp_send_port, 0
        while not relay.runtime.is_finished:
            if port.num_available() == 0:
                given += 1
                port.send(np.array([given, 0]))
        relay.wait()
        assert 0 <= given - relay.runtime.current_step <= 1
        assert relay.last.get()[0] == relay.runtime.current_step

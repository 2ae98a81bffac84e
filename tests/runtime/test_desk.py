"""The desk (`channels/desk.h`): small requests of the user to an actor, and steps granted by hand."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunSteps
from lava_actor.channels import Arena, Desk, plan_arena
from lava_actor.channels.layout import DESK_BYTES
from lava_actor.errors import DeadlockError, InvalidValueError, ModelError, RuntimeStateError
from lava_actor.runtime.run_conditions import RunUntil
from tests.runtime.networks import Counter, First, HoldAs, Holder, Phased, Sink, kill_itself


@pytest.fixture
def arena() -> Any:
    arena = Arena.create(plan_arena(["user", "a", "b"], [], [], desk=DESK_BYTES))
    yield arena
    arena.close()


def desk_of(arena: Arena) -> Desk:
    desk = arena.desk()
    assert desk is not None
    return desk


def test_a_request_lies_there_for_whom_it_is_until_it_is_answered(arena: Arena) -> None:
    user, a, b = (arena.party(i) for i in range(3))
    mine, theirs = desk_of(arena), desk_of(arena)
    mine.ask(a, b"what?")
    assert (a.mailbox, b.mailbox) == (1, 0)
    assert (theirs.asked(a), theirs.asked(b)) == (b"what?", None)
    with pytest.raises(RuntimeStateError, match="taken"):
        mine.ask(b, b"and you?")
    theirs.answer(user, b"that")
    assert (mine.taken, mine.said, theirs.asked(a)) == (False, b"that", None)


def test_what_does_not_fit_is_refused_and_leaves_the_desk_as_it_was(arena: Arena) -> None:
    desk = desk_of(arena)
    with pytest.raises(InvalidValueError, match="holds"):
        desk.ask(arena.party(1), bytes(desk.room + 1))
    assert not desk.taken
    desk.ask(arena.party(1), bytes(desk.room))
    assert desk.asked(arena.party(1)) == bytes(desk.room)


def test_an_arena_of_channels_alone_has_no_desk() -> None:
    arena = Arena.create(plan_arena("ab", [], []))
    assert arena.desk() is None
    arena.close()


def test_values_of_every_length_around_the_desks_room_come_and_go() -> None:
    with Holder(init="", shape=(1,)) as holder:
        holder.run(RunSteps(1), HoldAs(str, str))
        for length in range(DESK_BYTES - 640, DESK_BYTES + 64, 32):
            holder.value.set("x" * length)
            assert holder.value.get() == "x" * length


def test_threads_that_ask_at_once_each_get_what_they_asked_for() -> None:
    counter, sink = Counter(), Sink()
    counter.out.connect(sink.inp)
    wrong: list[Any] = []

    def ask(var: Any, value: int) -> None:
        for i in range(100):
            var.set(value + i)
            if var.get() != value + i:
                wrong.append((var.name, value + i))

    with counter:
        counter.run(RunSteps(1), First())
        pairs = [(counter.count, 1000), (sink.received, 5000)]
        threads = [threading.Thread(target=ask, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_an_answer_that_nobody_waits_for_any_more_is_not_taken_for_another() -> None:
    entered, go = threading.Event(), threading.Event()

    def on_update(_model: Any) -> None:
        entered.set()
        go.wait()

    def interrupt() -> None:
        entered.wait()
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # type: ignore[arg-type]

    with Holder(init=0, shape=(1,), on_update=on_update) as holder:
        in_threads = {"actor_type": ActorType.Threading}
        holder.run(RunSteps(1), HoldAs(np.ndarray, np.int64), in_threads)
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            holder.value.set(7)
        thread.join()
        threading.Thread(target=go.set).start()
        assert holder.steps.get() == 1
        assert holder.value.get() == 7


def test_an_actor_that_dies_with_a_request_is_named() -> None:
    with Holder(init=0, shape=(1,), on_update=kill_itself, name="holder") as holder:
        holder.run(RunSteps(1), HoldAs(np.ndarray, np.int64))
        with pytest.raises(RuntimeError, match=r"(?s)(holder.*SIGKILL|has failed: .*killed)"):
            holder.value.set(7)


# -- steps by hand ---------------------------------------------------------------------------------


def test_each_step_of_a_run_until_ends_a_run_for_the_models() -> None:
    with Phased(guards={"host": None}) as phased:
        phased.run(RunUntil(lambda: phased.runtime.current_step >= 3), First())
        assert (phased.runtime.current_step, phased.host.get()) == (3, 3)
        phased.run(RunSteps(4))
        assert (phased.runtime.current_step, phased.host.get()) == (7, 4)


@pytest.mark.parametrize("schedule", ["ahead", "lockstep"])
def test_a_model_that_asks_for_a_pause_ends_a_run_until_with_that_step(schedule: str) -> None:
    def ask(model: Any) -> None:
        setattr(model, "_req_pause", True)  # noqa: B010  (the compiler does not see it coming)

    asked = []
    with Phased({"spk": ask}, step=3) as phased:
        how = {"schedule": "lockstep"} if schedule == "lockstep" else {}
        phased.run(RunUntil(lambda: asked.append(1)), First(), how)
        assert (phased.spk.get(), len(asked)) == (3, 2)
        phased.run(RunSteps(2))
        assert phased.spk.get() == 5


def test_an_actor_that_dies_in_a_run_until_is_named() -> None:
    phased = Phased({"spk": kill_itself}, step=3, name="mortal")
    with pytest.raises(ModelError, match="mortal"):
        phased.run(RunUntil(lambda: False), First())


def test_a_run_until_of_a_network_that_waits_for_itself_ends() -> None:
    def keep(model: Any) -> None:
        model.inp.recv()

    phased = Phased({"spk": keep}, step=3, name="eager")
    phased.out.connect(phased.inp)
    with pytest.raises(DeadlockError, match="eager"):
        phased.run(RunUntil(lambda: False), First())

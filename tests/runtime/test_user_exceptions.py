"""Whatever an exception of a user's code is and does, the user learns what was raised, and where."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunSteps
from lava_actor.errors import (
    ActorDiedError,
    ArenaMemoryError,
    ChannelAborted,
    DeadlockError,
    Failure,
    ModelError,
    NetworkEnds,
    PeerClosedError,
    RuntimeStateError,
    Verdict,
)
from lava_actor.runtime.reports import exceptions as report
from lava_actor.runtime.reports.failures import raise_failures
from tests.runtime.networks import Counter, First, Free, Holder, Phased, Sink

EVERYTHING = {"pre": None, "lrn": None, "post": None, "host": None}
Action = Callable[[Any], None]


class NoText(Exception):
    def __str__(self) -> str:
        return str(self.args[0])  # there is none


class NoRepr(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


class ExitsInText(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class NoPickle(Exception):
    def __reduce__(self) -> Any:
        raise OSError("not me")


class NoUnpickle(Exception):
    def __setstate__(self, state: Any) -> None:
        raise SystemExit("never")

    def __reduce__(self) -> Any:
        return type(self), self.args, {"x": 1}


class BecomesANumber(Exception):
    def __reduce__(self) -> Any:
        return int, (3,)


class Arguments(Exception):
    def __init__(self, code: int, *, why: str) -> None:
        super().__init__(f"{why} ({code})")


class OddClass(Exception):
    @property
    def __class__(self) -> Any:
        raise ValueError("no class")

    @property
    def __cause__(self) -> Any:
        raise ValueError("no cause")

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    __hash__ = None  # type: ignore[assignment]


class Deadlock(Exception):
    """A user's own word."""


class ActorDied(Exception):
    """Another one."""


def chained() -> BaseException:
    try:
        raise KeyError("first")
    except KeyError as error:
        second = ValueError("second")
        second.__cause__ = error
        second.add_note("a note")
        return second


def holding(what: Any) -> BaseException:
    error = ValueError("holds it")
    error.held = what  # type: ignore[attr-defined]
    return error


def local() -> BaseException:
    class Local(Exception):
        pass

    return Local("from within")


def recursive() -> BaseException:
    error = ValueError("itself")
    error.args = (error,)
    return error


#: Name of the class, text that must arrive, how to make one.
ODD: dict[str, tuple[str, str, Callable[[], BaseException]]] = {
    "no text": ("NoText", "NoText", NoText),
    "no repr": ("NoRepr", "NoRepr", lambda: NoRepr("x")),
    "exit in text": ("ExitsInText", "ExitsInText", ExitsInText),
    "no pickle": ("NoPickle", "stays here", lambda: NoPickle("stays here")),
    "no unpickle": ("NoUnpickle", "one way", lambda: NoUnpickle("one way")),
    "a number": ("BecomesANumber", "was an error", lambda: BecomesANumber("was an error")),
    "arguments": ("Arguments", "too old (3)", lambda: Arguments(3, why="too old")),
    "odd class": ("OddClass", "odd", lambda: OddClass("odd")),
    "deadlock": ("Deadlock", "of my planner", lambda: Deadlock("of my planner")),
    "actor died": ("ActorDied", "in my play", lambda: ActorDied("in my play")),
    "eof": ("EOFError", "Ran out of input", lambda: EOFError("Ran out of input")),
    "broken pipe": ("BrokenPipeError", "plotter", lambda: BrokenPipeError("plotter")),
    "aborted": ("ChannelAborted", "my channel", lambda: ChannelAborted("my channel")),
    "peer": ("PeerClosedError", "my peer", lambda: PeerClosedError("my peer")),
    "os": ("OSError", "no disk", lambda: OSError("no disk")),
    "exit": ("SystemExit", "7", lambda: SystemExit(7)),
    "interrupt": ("KeyboardInterrupt", "mine", lambda: KeyboardInterrupt("mine")),
    "generator": ("GeneratorExit", "mine", lambda: GeneratorExit("mine")),
    "group": ("ExceptionGroup", "two", lambda: ExceptionGroup("two", [ValueError(1), OSError(2)])),
    "chain": ("ValueError", "second", chained),
    "lock": ("ValueError", "holds it", lambda: holding(threading.Lock())),
    "huge": ("ValueError", "holds it", lambda: holding(bytes(1 << 25))),
    "long": ("ValueError", "xxxx", lambda: ValueError("x" * 10_000_000)),
    "local": ("Local", "from within", local),
    "recursive": ("ValueError", "", recursive),
}


def raising(name: str) -> Action:
    def action(_model: Any) -> None:
        raise ODD[name][2]()

    return action


@pytest.mark.parametrize("name", ODD)
def test_whatever_a_model_raises_is_reported_with_type_text_and_traceback(name: str) -> None:
    kind, text, _ = ODD[name]
    bad = Phased({"spk": raising(name)}, name="bad")
    with pytest.raises(ModelError) as caught:
        bad.run(RunSteps(5), First())
    assert type(caught.value) is ModelError
    (failure,) = caught.value.failures
    assert (failure.process, failure.phase, failure.step) == ("bad", "run_spk", 2)
    assert (failure.kind, failure.verdict) == (kind, Verdict.RAISED)
    assert text in failure.message
    assert len(failure.message) < 2 * report.LONGEST_MESSAGE
    assert "in action" in failure.traceback
    assert f"{kind}: " in str(caught.value)


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
@pytest.mark.parametrize("name", ["no text", "no pickle", "aborted", "exit", "eof", "no unpickle"])
def test_the_same_holds_at_the_start(name: str, actor_type: ActorType) -> None:
    kind, text, _ = ODD[name]
    bad = Phased({"init": raising(name)}, name="bad")
    with pytest.raises(Exception) as caught:  # noqa: PT011  (which class is looked at below)
        bad.run(RunSteps(1), First(), {"actor_type": actor_type})
    if type(caught.value) is RuntimeStateError:
        assert f"{kind}: " in str(caught.value)
    else:
        assert type(caught.value).__name__ == kind
    assert "in action" in str(caught.value.__cause__)
    if name != "no text":
        assert text in str(caught.value)


@pytest.mark.parametrize("name", ["host", "async"])
def test_the_same_holds_in_the_host_phase_and_in_free_models(name: str) -> None:
    if name == "host":
        bad: Any = Phased({"host": raising("aborted")}, guards=EVERYTHING, name="bad")
    else:
        bad = Free(raising("aborted"), name="bad")
    with pytest.raises(ModelError, match="ChannelAborted: my channel") as caught:
        bad.run(RunSteps(2), First())
    assert "in action" in caught.value.failures[0].traceback


@pytest.mark.parametrize("name", ["os", "eof", "broken pipe", "aborted", "exit", "interrupt"])
def test_an_error_of_on_var_update_reaches_who_set_the_var_and_ends_nothing(name: str) -> None:
    kind, text, _ = ODD[name]
    holder = Holder(init=0, shape=(1,), on_update=raising(name), name="holder")
    with holder:
        holder.run(RunSteps(1), First())
        with pytest.raises(Exception, match=text) as caught:
            holder.value.set(1)
        assert type(caught.value).__name__ == kind or f"{kind}: " in str(caught.value)
        assert "in action" in str(caught.value.__cause__)
        holder.run(RunSteps(1))
        assert holder.steps.get() == 2


FOREIGN = "class SimError(Exception): pass\ndef step(): raise SimError('diverged')\n"


@pytest.mark.parametrize("moment", ["spk", "init"])
def test_an_exception_whose_class_only_the_actor_knows_is_told(tmp_path: Path, moment: str) -> None:
    (tmp_path / "lava_actor_test_simulator.py").write_text(FOREIGN)

    def action(_model: Any) -> None:
        sys.path.insert(0, str(tmp_path))
        __import__("lava_actor_test_simulator").step()

    bad = Phased({moment: action}, name="bad")
    with pytest.raises(RuntimeError, match="SimError: diverged"):
        bad.run(RunSteps(20), First())
    assert "lava_actor_test_simulator" not in sys.modules


def test_an_exception_that_takes_for_ever_to_be_pickled_is_told_all_the_same() -> None:
    class Endless(Exception):
        def __reduce__(self) -> Any:
            threading.Event().wait()

    def action(_model: Any) -> None:
        raise Endless("and a day")

    with pytest.raises(ModelError, match="Endless: and a day"):
        Phased({"spk": action}).run(RunSteps(3), First())


class KeepsTheThread(Exception):
    """Notes where it is opened."""

    opened: list[str] = []

    def __setstate__(self, state: Any) -> None:
        self.opened.append(threading.current_thread().name)

    def __reduce__(self) -> Any:
        return type(self), self.args, {"x": 1}


@pytest.mark.parametrize("moment", ["run", "start", "request"])
def test_an_exception_is_opened_in_the_thread_that_raises_it(moment: str) -> None:
    def action(_model: Any) -> None:
        raise KeepsTheThread("here")

    KeepsTheThread.opened.clear()
    if moment == "request":
        with Holder(init=0, shape=(1,), on_update=action) as holder:
            holder.run(RunSteps(1), First())
            with pytest.raises(KeepsTheThread):
                holder.value.set(1)
    else:
        bad = Phased({"spk" if moment == "run" else "init": action})
        with pytest.raises(ModelError if moment == "run" else KeepsTheThread):
            bad.run(RunSteps(3), First())
    assert KeepsTheThread.opened == [threading.current_thread().name]


def test_except_exception_in_a_model_does_not_swallow_the_end_of_its_network() -> None:
    def careless(model: Any) -> None:
        while True:
            try:
                model.inp.recv()
            except Exception:  # noqa: BLE001  (that is the point)
                continue

    def fail(model: Any) -> None:
        if model.time_step == 3:
            raise ValueError("the end")

    counter, sink = Counter(on_step=fail), Sink(on_step=careless)
    counter.out.connect(sink.inp)
    with pytest.raises(ModelError, match="the end") as caught:
        counter.run(RunSteps(10), First())
    assert len(caught.value.failures) == 1


def test_what_ends_a_models_code_is_no_exception_that_it_would_catch() -> None:
    assert not issubclass(NetworkEnds, Exception)


def test_a_deadlock_is_a_model_error_with_its_failures() -> None:
    stuck = Failure("a", "M", "run_spk", 3, message="waits", verdict=Verdict.DEADLOCK)
    with pytest.raises(DeadlockError) as caught:
        raise_failures([stuck])
    assert isinstance(caught.value, ModelError)
    assert caught.value.failures == (stuck,)


def test_an_actor_that_died_is_told_by_its_verdict_and_not_by_a_name() -> None:
    died = Failure("a", "M", "run_spk", 3, message="killed", verdict=Verdict.DIED)
    raised = Failure("b", "M", "run_spk", 3, kind="ActorDied", message="mine")
    with pytest.raises(ActorDiedError):
        raise_failures([died])
    with pytest.raises(ModelError) as caught:
        raise_failures([raised])
    assert type(caught.value) is ModelError


class ByKeyword(UnicodeDecodeError):
    """Its constructor takes nothing of what it hands on."""

    def __init__(self, *, where: str) -> None:
        super().__init__("utf-8", b"text", 0, 1, f"odd byte in {where}")
        self.where = where


class Slots(Exception):
    __slots__ = ("code",)

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def __str__(self) -> str:
        return f"code {self.code}"


class Errors(ExceptionGroup):
    def __new__(cls, errors: Any, code: int) -> Any:
        made = super().__new__(cls, f"code {code}", errors)
        made.code = code  # type: ignore[attr-defined]
        return made


class Application(Exception):
    pass


class NoRoom(Application, MemoryError):
    pass


class NoRoomAsked(Application, MemoryError):
    def __init__(self, *, asked: int) -> None:
        super().__init__(f"no room for {asked}")
        self.asked = asked


@pytest.mark.parametrize(
    "error",
    [
        np.exceptions.AxisError(1, 1),
        Slots(4),
        Errors([ValueError("a")], 3),
        NoRoom("none"),
        NoRoomAsked(asked=3),
        ArenaMemoryError("none"),
        Arguments(3, why="too old"),
        ByKeyword(where="page 3"),
        ExceptionGroup("both", [Arguments(4, why="too new"), ByKeyword(where="page 4")]),
        FileNotFoundError(2, "no such thing", "map"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_needs_no_constructor_to_come_back(error: Exception) -> None:
    failure = report.failure_of(error, "process")
    failure = report.opened(replace(failure, packed=report.packed(error)))
    assert type(failure.exception) is type(error)
    assert str(failure.exception) == str(error)
    assert vars(failure.exception) == vars(error)
    for found, given in zip(*(getattr(e, "exceptions", ()) for e in (failure.exception, error)), strict=True):
        assert (type(found), str(found), vars(found)) == (type(given), str(given), vars(given))

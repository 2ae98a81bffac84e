"""What models print and log reaches the user, marked with the name of the Process."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from typing import Any

import pytest

from lava_actor import ActorType, RunSteps
from lava_actor.errors import ModelError
from tests.runtime.networks import Counter, First, Free, Phased, Sink, raise_error


def run_once(process: Any, steps: int = 1, **config: Any) -> None:
    with process:
        process.run(RunSteps(steps), First(), config)


def test_prints_of_a_model_are_there_when_the_run_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with Counter(name="talker", on_step=lambda m: print("step", m.time_step)) as talker:
        talker.run(RunSteps(3), First())
        assert capsys.readouterr().out.splitlines() == [
            "[talker] step 1", "[talker] step 2", "[talker] step 3",
        ]  # fmt: skip
        talker.run(RunSteps(1))
        assert capsys.readouterr().out == "[talker] step 4\n"


def test_every_line_of_a_print_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    run_once(Counter(name="talker", on_step=lambda m: print("one\ntwo\n\nfour")))
    assert capsys.readouterr().out.splitlines() == [
        "[talker] one", "[talker] two", "[talker] ", "[talker] four",
    ]  # fmt: skip


def test_standard_error_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    run_once(Counter(name="talker", on_step=lambda m: print("careful", file=sys.stderr)))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "[talker] careful\n"


def test_a_line_that_is_not_complete_comes_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    run_once(Counter(name="talker", on_step=lambda m: print(m.time_step, end=" ")), steps=3)
    assert "".join(capsys.readouterr().out.split()) == "[talker]123"


def test_flush_sends_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Counter(name="talker", on_step=lambda m: print("half", end="", flush=True)) as talker:
        talker.run(RunSteps(1), First())
        assert capsys.readouterr().out.strip() == "[talker] half"


def test_a_very_long_line_and_many_lines_come_whole(capsys: pytest.CaptureFixture[str]) -> None:
    def talk(model: Any) -> None:
        print("x" * 100_000)
        for number in range(1000):
            print(number)

    run_once(Counter(name="talker", on_step=talk))
    text = capsys.readouterr().out.replace("[talker] ", "").replace("\n", " ").split(" ")
    assert "".join(text).startswith("x" * 100_000)
    assert text[-1001:-1] == [str(n) for n in range(1000)]


def test_prints_of_several_models_keep_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    models = [Counter(name=f"m{i}", on_step=lambda m: print("here")) for i in range(3)]
    for one, other in zip(models, models[1:], strict=False):
        sink = Sink()
        sink.inp.connect_from([one.out, other.out])
    run_once(models[0])
    assert sorted(capsys.readouterr().out.splitlines()) == [f"[m{i}] here" for i in range(3)]


@pytest.mark.parametrize("moment", ["init", "start"])
def test_prints_while_starting_are_there_when_start_returns(
    moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Phased({moment: lambda m: print("waking up")}, name="talker") as talker:
        talker.create_runtime(First())
        assert capsys.readouterr().out == "[talker] waking up\n"


def test_prints_before_a_failure_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    def talk_and_fail(model: Any) -> None:
        print("last words")
        raise_error(model)

    with pytest.raises(ModelError):
        run_once(Counter(name="talker", on_step=talk_and_fail))
    assert "[talker] last words\n" in capsys.readouterr().out
    with pytest.raises(ValueError, match="expected"):
        run_once(Phased({"init": talk_and_fail}, name="talker"))
    assert "[talker] last words\n" in capsys.readouterr().out


def test_prints_of_the_host_phase_and_of_free_models_are_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_once(Phased({"host": lambda m: print("bye")}, step=1, guards={"host": None}, name="host"))
    assert capsys.readouterr().out == "[host] bye\n"
    run_once(Free(lambda m: print("free"), name="bird"))
    assert capsys.readouterr().out == "[bird] free\n"


def test_threads_print_too(capsys: pytest.CaptureFixture[str]) -> None:
    run_once(
        Counter(name="talker", on_step=lambda m: print("hello")), actor_type=ActorType.Threading
    )
    assert "hello" in capsys.readouterr().out


def test_log_records_reach_the_logger_of_the_same_name(caplog: pytest.LogCaptureFixture) -> None:
    def log(model: Any) -> None:
        logging.getLogger("my.lab").warning("value %d", 7)
        logging.getLogger("my.lab").debug("too quiet")

    with caplog.at_level(logging.INFO, "my.lab"):
        run_once(Counter(name="talker", on_step=log))
    (record,) = [r for r in caplog.records if r.name == "my.lab"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "[talker step 1] value 7"


def test_the_models_own_log_reaches_the_user(caplog: pytest.LogCaptureFixture) -> None:
    run_once(Counter(name="talker", on_step=lambda m: m.log.error("something odd")))
    assert any("something odd" in r.getMessage() for r in caplog.records)


def test_a_logged_exception_carries_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def log(model: Any) -> None:
        try:
            raise_error(model)
        except ValueError:
            logging.getLogger("my.lab").exception("caught")

    run_once(Counter(name="talker", on_step=log))
    (record,) = [r for r in caplog.records if r.name == "my.lab"]
    assert "raise_error" in record.getMessage()


def test_warnings_of_a_model_reach_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    def warn(model: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mind the gap", RuntimeWarning, stacklevel=1)

    run_once(Counter(name="talker", on_step=warn))
    assert "mind the gap" in capfd.readouterr().err


def test_printing_to_a_closed_stream_of_the_user_does_not_end_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    stream.close()
    with Counter(on_step=lambda m: print("into the void")) as counter:
        monkeypatch.setattr(sys, "stdout", stream)
        counter.run(RunSteps(3), First())
        counter.run(RunSteps(3))
        assert counter.count.get() == 6


def test_running_adds_no_handlers_to_loggers() -> None:
    before = [*logging.getLogger().handlers], [*logging.getLogger("lava_actor").handlers]
    run_once(Counter(name="quiet", on_step=lambda m: logging.getLogger("x").info("hi")))
    after = [*logging.getLogger().handlers], [*logging.getLogger("lava_actor").handlers]
    assert before == after

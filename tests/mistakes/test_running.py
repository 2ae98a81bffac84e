"""Mistakes in running networks, and in their options."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lava_actor
from lava_actor import Loihi2SimCfg, RunContinuous, RunSteps
from lava_actor.errors import LavaActorError
from lava_actor.networks.gradedvecnetwork import GradedDense, InputVec, OutputVec
from lava_actor.proc.io.injector import Injector
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.runtime.run_conditions import AbstractRunCondition, RunUntil
from lava_actor.runtime.user import standstill
from tests.mistakes.tables import FIXED, FLOAT, Own, Table, lif, ran

TABLE = Table()


class Mine(LIF):
    """A LIF by another name."""


doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


@harmless
def an_equal_run_cfg_in_the_second_run() -> None:
    ran(ran(lif()), cfg=Loihi2SimCfg(select_tag="floating_pt"))


@refused("a is already compiled", "stop")
def compiling_twice() -> None:
    a = lif(name="a")
    a.compile(FLOAT)
    a.compile(FLOAT)


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        ("10", "number of steps"),
        (10.0, "number of steps"),
        (True, "number of steps"),
        (FLOAT, "run_cfg"),
        (RunSteps, r"write RunSteps\("),
    ],
)
def test_what_is_no_condition_is_refused(condition: Any, word: str) -> None:
    with pytest.raises(LavaActorError, match=word):
        lif().run(condition, FLOAT)


@harmless
def arguments_by_position_for_a_network_of_vectors() -> None:
    given = InputVec(np.ones((2, 3)), loihi2=False)
    found = OutputVec(shape=(2,), buffer=3)
    found << GradedDense(weights=np.eye(2)) @ given
    found.run(RunSteps(3), FIXED)
    assert found.get_data().shape == (2, 3)


@harmless
def no_steps_at_all() -> None:
    assert ran(lif(bias_mant=1), 0).v.get().tolist() == [0, 0]


@harmless
def running_and_reading_in_threads() -> None:
    a = lif(bias_mant=1, vth=10**9)
    thread = threading.Thread(target=ran, args=(a, 10))
    thread.start()
    thread.join()
    a.run(RunContinuous())
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(a.v.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    a.pause()
    assert [value.shape for value in found] == [(2,)] * 8


@refused("running", r"wait\(\) or pause\(\)")
def running_while_it_runs() -> None:
    a = lif()
    a.run(RunContinuous(), FLOAT)
    a.run(1)


@harmless
def pausing_waiting_and_stopping_before_the_run() -> None:
    a = lif()
    a.pause()
    a.wait()
    a.stop()
    with a:
        pass
    assert a.runtime is None


@doubted("7 networks are alive", "Process|lif", "stop_all")
def building_again_and_again() -> None:
    kept = [ran(lif()) for _ in range(8)]
    assert len(lava_actor.networks()) == len(kept)


@harmless
def building_again_and_again_without_keeping_them() -> None:
    for _ in range(12):
        ran(lif()).stop()
    assert lava_actor.networks() == []


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], None]], list[str]]]:
    """Returns a list for what is told of a run that stands still; a function then lets it go on."""
    log = logging.getLogger("lava_actor.runtime")
    handlers: list[logging.Handler] = []

    def listen(go_on: Callable[[], None]) -> list[str]:
        lines: list[str] = []

        class Hears(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                lines.append(record.getMessage())
                go_on()

        handlers.append(Hears())
        log.addHandler(handlers[-1])
        return lines

    monkeypatch.setattr(standstill, "QUIET_SECONDS", 0.0)
    yield listen
    for handler in handlers:
        log.removeHandler(handler)


CONDITIONS: list[AbstractRunCondition] = [RunSteps(1), RunUntil(lambda: True)]
each_condition = pytest.mark.parametrize("condition", CONDITIONS, ids=["steps", "until"])


def test_a_run_that_waits_for_its_user_says_so(told: Any) -> None:
    injector = Injector(shape=(2,), name="i")
    lines = told(lambda: injector.send(np.ones(2)))
    a = lif()
    injector.out_port.connect(a.a_in)
    ran(a)
    assert len(lines) == 1
    assert lines[0].startswith(
        "step 1 has not ended for 0 s: i (PyLoihiInjectorModel) waits for the"
    )


@pytest.mark.parametrize("condition", [RunSteps(1), RunUntil(lambda: True)], ids=["steps", "until"])
def test_a_run_in_which_a_step_takes_long_says_so(
    told: Any, condition: AbstractRunCondition, tmp_path: Path
) -> None:
    file = tmp_path / "go on"
    lines = told(file.touch)

    def wait(_model: Any) -> None:
        while not file.exists():
            time.sleep(0.01)

    ran(Own(wait, name="w"), condition)
    assert len(lines) == 1
    assert lines[0].startswith("step 1 has not ended for 0 s:")  # it may not even have begun


TABLE.REFUSED |= {
    "more_steps_than_there_are": (
        lambda: RunSteps(2**70),
        (r"RunSteps\.num_steps: expected at most 2\*\*63 - 1 steps, got 1180591620717411303424",),
    ),
    "a_condition_that_is_changed_to_nonsense": (
        lambda: setattr(RunSteps(3), "num_steps", -5),
        (r"RunSteps\.num_steps: .*got -5",),
    ),
    "a_predicate_that_takes_something": (
        lambda: RunUntil(lambda network: True),  # type: ignore[arg-type,misc]
        ("RunUntil.predicate: missing .*'network'", "called without arguments"),
    ),
    "a_predicate_with_an_array": (
        lambda: ran(lif(), RunUntil(lambda: np.zeros(2) > 2, 5)),  # type: ignore[arg-type]
        (r"RunUntil\.predicate: .*array of shape \(2,\)", r"any\(\)"),
    ),
    "blocking_of_run_as_text": (
        lambda: lif().run(1, FLOAT, blocking="no"),  # type: ignore[arg-type]
        ("run: blocking: expected True or False, got 'no'",),
    ),
    "going_on_from_a_run": (
        lambda: lif().run(1, FLOAT).wait(),
        (r"AbstractProcess\.run was called and returned None, which has no \.wait",),
    ),
    "a_number_of_ranks": (
        lambda: ran(lif(), ranks=2),
        (r"compile_config\['ranks'\]: expected a dict of ranks by Process, got 2",),
    ),
    "models_by_class_as_a_list": (
        lambda: Loihi2SimCfg(exception_proc_model_map=[LIF, LIF]),  # type: ignore[arg-type]
        (r"exception_proc_model_map: expected a dict of models",),
    ),
    "a_misspelt_keyword_of_run": (
        lambda: lif().run(1, runcfg=FLOAT),  # type: ignore[call-arg]
        ("LIF.run: .*'runcfg'", "did you mean 'run_cfg'", "condition=…"),
    ),
    "a_misspelt_keyword_of_a_condition": (
        lambda: RunSteps(steps=3),  # type: ignore[call-arg]
        ("RunSteps: ", "Parameters: num_steps, blocking=…"),
    ),
    "a_misspelt_keyword_of_a_run_cfg": (
        lambda: Loihi2SimCfg(selct_tag="fixed_pt"),  # type: ignore[call-arg]
        ("Loihi2SimCfg: .*'selct_tag'", "did you mean 'select_tag'"),
    ),
    "compiling_for_nothing": (
        lambda: lif().compile(),  # type: ignore[call-arg]
        ("LIF.compile: missing a required argument: 'run_cfg'",),
    ),
    "blocking_as_text": (
        lambda: RunSteps(3, "no"),  # type: ignore[arg-type]
        ("RunSteps.blocking: expected True or False, got 'no'",),
    ),
    "a_negative_timeout": (
        lambda: ran(lif()).wait(-1),
        ("wait: expected a timeout in seconds", "-1"),
    ),
    "no_run_cfg": (lambda: lif(name="a").run(1), ("a:", "run_cfg", r"Loihi2SimCfg\(")),
    "a_class_as_run_cfg": (
        lambda: lif(name="a").run(1, Loihi2SimCfg),
        ("a:", "expected a RunConfig", "got <class"),
    ),
    "a_negative_number_of_steps": (lambda: lif().run(-5, FLOAT), ("num_steps", "-5")),
    "a_condition_without_a_number": (lambda: RunSteps(), ("'num_steps'",)),  # noqa: PLW0108  (is made in the test)
    "taps_as_text": (
        lambda: ran(lif(), taps="maybe"),
        (r"compile_config\['taps'\]: expected True or False, got 'maybe'",),
    ),
    "options_as_a_list": (
        lambda: lif().run(1, FLOAT, ["seed"]),
        ("compile_config: expected a dict of options", "seed"),
    ),
    "a_timeout_as_text": (
        lambda: ran(lif()).wait("10"),
        ("wait: expected a timeout in seconds", "'10'"),
    ),
    "a_timeout_of_stop_as_text": (
        lambda: ran(lif()).stop("10"),
        ("stop: expected a timeout in seconds", "'10'"),
    ),
    "a_live_view_without_end": (
        lambda: lif().run(RunSteps(1, blocking=False), FLOAT).live(float("inf")),
        ("every: expected seconds above 0, got inf",),
    ),
    "a_channel_size_as_text": (
        lambda: ran(lif(), pypy_channel_size="big"),
        ("pypy_channel_size", "an integer, at least 1, got 'big'"),
    ),
    "the_status_of_what_does_not_run": (
        lambda: lif(name="a").runtime.status(),  # noqa: PLW0108  (is made in the test)
        (r"a\.runtime\.status: there is no runtime yet", r"run\(\)"),
    ),
    "running_a_class": (lambda: LIF.run(RunSteps(3)), (r"run belongs to an instance",)),
}


TABLE.DOUBTED |= {
    "a_model_for_the_class_above": (
        lambda: Mine(shape=(2,), name="a").compile(
            Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map={LIF: PyLifModelFloat})
        ),
        ("its model for LIF is not that of a, a Mine",),
    ),
    "another_run_cfg_in_the_second_run": (
        lambda: ran(ran(lif()), cfg=FIXED),
        ("keeps it", "floating_pt", "fixed_pt", r"stop\(\)"),
    ),
    "another_compile_config_in_the_second_run": (
        lambda: ran(ran(lif()), schedule="lockstep"),
        ("schedule=None", "keeps it", "'lockstep'"),
    ),
    "a_typo_in_compile_config": (
        lambda: ran(lif(), sheduler="lockstep"),
        ("'sheduler'", "did you mean 'schedule'", "pypy_channel_size"),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()

"""When a model fails, its user sees the line of the model, once, and little else."""

from __future__ import annotations

import linecache
import textwrap
from pathlib import Path

import pytest

from lava_actor import RunSteps
from lava_actor.errors import (
    Failure,
    InvalidValueError,
    LavaActorError,
    ModelError,
    RuntimeStateError,
    Verdict,
)
from lava_actor.runtime.reports.failures import raise_failures
from lava_actor.runtime.reports.tracebacks import remote_text, shortened, with_sources
from tests.runtime.networks import First, Phased, raise_error
from tests.runtime.scripts import run_script

BAD = """
class PyBad(PyCounter):
    def run_spk(self):
        values = [1, 2]
        values[self.time_step] = 0  # the line to show
"""
RUN = """
cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyBad})
counter.run(RunSteps(5), run_cfg=cfg)
"""


def test_a_failing_model_of_a_script_is_shown_with_file_line_and_source_once(
    tmp_path: Path,
) -> None:
    code, _, err = run_script(tmp_path, BAD + RUN)
    text = (tmp_path / "program.py").read_text().splitlines()
    line = next(n for n, t in enumerate(text, 1) if "the line to show" in t)
    assert code == 1
    assert err.count(f'File "{tmp_path / "program.py"}", line {line}, in run_spk') == 1
    assert err.count("the line to show") == 1
    assert "dynamic-code" not in err
    assert "stepping.py" not in err
    assert "actor.py" not in err
    assert err.count("IndexError") == 2  # in the summary, and below its line
    assert len(err.splitlines()) <= 15


def test_a_failing_model_of_a_notebook_cell_is_shown_with_its_source(tmp_path: Path) -> None:
    _, _, err = run_script(
        tmp_path,
        f"""
        import linecache
        cell = {BAD!r}
        linecache.cache["<cell 7>"] = len(cell), None, cell.splitlines(True), "<cell 7>"
        exec(compile(cell, "<cell 7>", "exec"))
        """
        + textwrap.indent(RUN, "        "),
    )
    assert err.count('File "<cell 7>", line 5, in run_spk') == 1
    assert err.count("the line to show") == 1


def test_an_own_frame_is_shown_only_where_nothing_else_tells() -> None:
    def inner() -> None:
        raise_failures([])  # IndexError in a file of the package

    with pytest.raises(IndexError) as caught:
        inner()
    users = remote_text(caught.value)
    assert "in inner" in users
    assert "failures.py" not in users
    assert caught.value.__traceback__ is not None
    own = caught.value.__traceback__.tb_next
    assert own is not None
    assert "failures.py" in remote_text(caught.value.with_traceback(own.tb_next))


def test_an_error_that_the_package_raises_on_purpose_is_one_line() -> None:
    with pytest.raises(LavaActorError) as caught:
        raise_failures([Failure("p", "M", "run_spk", 3, message="why", verdict=Verdict.DEADLOCK)])
    assert caught.value.__traceback__ is not None
    own = caught.value.with_traceback(caught.value.__traceback__.tb_next)
    assert remote_text(own).count("\n") == 1


def test_causes_are_told_without_own_frames_too() -> None:
    try:
        try:
            raise_failures([])
        except IndexError as first:
            raise KeyError("second") from first
    except KeyError as second:
        text = remote_text(second)
    assert "failures.py" not in text
    assert text.index("IndexError") < text.index("direct cause") < text.index("KeyError")


def test_lines_that_only_the_users_interpreter_has_are_filled_in() -> None:
    text = 'Traceback (most recent call last):\n  File "<cell 9>", line 2, in f\nValueError: x'
    assert with_sources(text) == text
    linecache.cache["<cell 9>"] = 1, None, ["def f():\n", "    raise ValueError('x')\n"], "<cell 9>"
    try:
        assert "\n    raise ValueError('x')\nValueError" in with_sources(text)
        assert with_sources(with_sources(text)) == with_sources(text)
    finally:
        del linecache.cache["<cell 9>"]


def test_the_middle_of_a_long_traceback_is_left_out() -> None:
    lines = [f"line {n}" for n in range(100)]
    short = shortened("\n".join(lines), "there").splitlines()
    assert short[0] == "line 0"
    assert short[-1] == "line 99"
    assert len(short) == 11
    assert "90 more lines: there" in "\n".join(short)
    assert shortened("\n".join(lines[:11]), "there").splitlines() == lines[:11]


def test_of_forty_failures_a_few_are_told_and_all_are_kept() -> None:
    failures = [
        Failure(f"p{n}", "M", "run_spk", 3, "ValueError", "boom", f"traceback {n}\n  line\n", None)
        for n in range(40)
    ]
    with pytest.raises(ModelError) as caught:
        raise_failures(failures)
    text = str(caught.value)
    assert text.startswith("40 Exception(s) occurred:")
    assert len(text.splitlines()) <= 15
    assert "32 more" in text
    assert text.count("traceback 0") == 1
    assert "traceback 1" not in text
    assert caught.value.failures == tuple(failures)


def test_after_a_failure_the_next_call_says_one_line_that_points_back() -> None:
    bad = Phased({"spk": raise_error}, name="bad")
    with pytest.raises(ModelError) as first:
        bad.run(RunSteps(2), First())
    with pytest.raises(RuntimeStateError, match="error before") as later:
        bad.entries.get()
    assert "\n" not in str(later.value)
    assert "bad (PyPhased) in run_spk of step 2: ValueError" in str(later.value)
    assert later.value.__cause__ is None
    for caught in (first, later):  # the test, and the one frame that leaves out the others
        assert len(caught.traceback) <= 2


def test_an_error_of_somebody_else_keeps_its_frames() -> None:
    process = Phased(name="x")
    with pytest.raises(InvalidValueError) as ours:
        process.run(RunSteps(1))
    assert len(ours.traceback) == 2

    class Broken(First):
        def select(self, process: object, proc_models: object) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError) as theirs:
        process.run(RunSteps(1), Broken())
    assert theirs.traceback[-1].name == "select"

"""Whole programs: no main guard, no `stop`, Ctrl-C, and interpreters that are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.runtime.scripts import PRELUDE, ROOT, Script, run_script


def slow(*values: Any) -> Any:
    """A variant that only the long suite runs."""
    return pytest.param(*values, marks=pytest.mark.slow)


HOLD = """
cfg = Loihi2SimCfg()
counter.run({condition}, run_cfg=cfg)
print("running", flush=True)
input()
"""


def test_classes_in_main_need_no_guard_and_the_script_runs_once(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        print("the script")
        sink.run(RunSteps(4), run_cfg=Loihi2SimCfg())
        print(sink.total.get())
        sink.stop()
        """,
    )
    assert (code, err) == (0, "")
    assert out.splitlines() == ["the script", "[10]"]


def test_models_use_globals_and_functions_of_main(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        FACTOR = 3
        def times(x): return FACTOR * x
        class PyTimes(PyCounter):
            def run_spk(self):
                self.count += times(1)
                self.out.send(self.count)
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyTimes})
        sink.run(RunSteps(2), run_cfg=cfg)
        print(sink.total.get())
        sink.stop()
        """,
    )
    assert (code, err) == (0, "")
    assert out == "[9]\n"


@pytest.mark.parametrize(
    "ending",
    [
        "counter.run(RunSteps(3), run_cfg=Loihi2SimCfg())",
        "counter.run(RunContinuous(), run_cfg=Loihi2SimCfg())",
        "counter.create_runtime(Loihi2SimCfg())",
        slow("counter.run(RunSteps(3, blocking=False), run_cfg=Loihi2SimCfg())"),
        slow("counter.compile(Loihi2SimCfg())"),
        slow("counter.run(RunContinuous(), run_cfg=Loihi2SimCfg()); counter.pause()"),
        slow("counter.run(RunSteps(3), run_cfg=Loihi2SimCfg()); del counter, sink"),
    ],
)
def test_a_script_that_forgets_to_stop_ends_cleanly(tmp_path: Path, ending: str) -> None:
    with Script(tmp_path, f"{ending}\nprint('noted', flush=True)\ninput()\n") as script:
        script.read_until("noted")
        noted = script.note_family()
        script.tell()
        assert script.finish() == (0, "", "")
        if "compile" not in ending:
            assert noted
            script.assert_family_gone()


def test_a_script_that_fails_beside_a_running_network_ends_with_its_own_error(
    tmp_path: Path,
) -> None:
    text = HOLD.format(condition="RunContinuous()") + "\n1 / 0\n"
    with Script(tmp_path, text) as script:
        script.read_until("running")
        script.note_family()
        script.tell()
        code, out, err = script.finish()
        assert code == 1
        assert err.strip().endswith("ZeroDivisionError: division by zero")
        assert err.count("Traceback") == 1
        script.assert_family_gone()


def test_a_failure_nobody_catches_prints_the_models_traceback(tmp_path: Path) -> None:
    code, _, err = run_script(
        tmp_path,
        """
        class PyBad(PyCounter):
            def run_spk(self):
                raise LookupError("in the model")
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyBad})
        counter.run(RunSteps(2), run_cfg=cfg)
        """,
    )
    assert code == 1
    for part in ("LookupError: in the model", "PyBad", "run_spk", "1 Exception(s) occurred",
                 "counter"):  # fmt: skip
        assert part in err


# --- Ctrl-C ------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["run", "wait", "until"])
def test_ctrl_c_during_a_blocking_call_pauses_at_a_step_boundary(tmp_path: Path, call: str) -> None:
    start = {
        "run": "counter.run(RunSteps(10**9), run_cfg=cfg)",
        "wait": "counter.run(RunContinuous(), run_cfg=cfg); counter.wait()",
        "until": "counter.run(RunUntil(lambda: False), run_cfg=cfg)",
    }[call]
    inside = {"run": "start", "wait": "wait", "until": "drive"}[call]
    text = f"""
from lava_actor.runtime.run_conditions import RunUntil
cfg = Loihi2SimCfg()
import sys, threading, traceback
main = threading.main_thread().ident
def tell():
    while counter.runtime is None or counter.runtime.current_step < 5:
        pass
    while not any(f.name == "{inside}" for f in traceback.extract_stack(sys._current_frames()[main])):
        pass
    print("running", flush=True)
threading.Thread(target=tell, daemon=True).start()
try:
    {start}
except KeyboardInterrupt:
    n = int(counter.count.get()[0])
    print("interrupted", counter.runtime._is_running, counter.runtime._is_started)
    print("together", int(sink.total.get()[0]) == n * (n + 1) // 2, n >= 5)
    counter.run(RunSteps(10))
    print("on", int(counter.count.get()[0]) == n + 10)
    counter.stop()
"""
    with Script(tmp_path, text) as script:
        script.read_until("running")
        script.note_family()
        script.interrupt()
        code, out, err = script.finish()
        assert out.splitlines() == ["interrupted False True", "together True True", "on True"]
        assert (code, err) == (0, "")
        script.assert_family_gone()


def test_ctrl_c_that_nobody_catches_ends_the_program_and_the_network(tmp_path: Path) -> None:
    text = """
import threading
def tell():
    while counter.runtime is None or counter.runtime.current_step < 5:
        pass
    print("running", flush=True)
threading.Thread(target=tell, daemon=True).start()
counter.run(RunSteps(10**9), run_cfg=Loihi2SimCfg())
"""
    with Script(tmp_path, text) as script:
        script.read_until("running")
        script.note_family()
        script.interrupt()
        code, _, err = script.finish()
        assert code == -signal.SIGINT
        assert err.strip().endswith("KeyboardInterrupt")
        script.assert_family_gone()


def test_ctrl_c_while_the_program_does_something_else_leaves_the_network_running(
    tmp_path: Path,
) -> None:
    text = """
counter.run(RunContinuous(), run_cfg=Loihi2SimCfg())
try:
    print("running", flush=True)
    input()
except KeyboardInterrupt:
    before = int(counter.count.get()[0])
    while counter.count.get() <= before:
        pass
    print("still running")
"""
    with Script(tmp_path, text) as script:
        script.read_until("running")
        script.interrupt()
        code, out, err = script.finish()
        assert (code, out, err) == (0, "still running\n", "")


def test_ctrl_c_in_a_model_that_never_returns_can_be_repeated_and_ends(tmp_path: Path) -> None:
    """The pause cannot complete; a second Ctrl-C gives up waiting for it, `stop` kills."""
    text = """
class PyForever(PyCounter):
    def run_spk(self):
        print("in the step", flush=True)
        while True:
            pass
cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyForever})
try:
    counter.run(RunSteps(3), run_cfg=cfg)
except KeyboardInterrupt:
    counter.stop(timeout=0.2)
    print("stopped")
"""
    with Script(tmp_path, text) as script:
        script.read_until("in the step")
        script.note_family()
        script.interrupt()
        try:
            script.process.wait(3)
        except Exception:  # noqa: BLE001  (still pausing)
            script.interrupt()
        code, out, _ = script.finish()
        assert code == 0
        assert "stopped" in out
        script.assert_family_gone()


# --- interpreters that go without a word -------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "how"),
    [
        ("RunContinuous()", signal.SIGKILL),
        ("RunSteps(3)", signal.SIGTERM),
        slow("RunContinuous()", signal.SIGTERM),
        slow("RunContinuous()", signal.SIGHUP),
        slow("RunSteps(3)", signal.SIGKILL),
        slow("RunSteps(3)", signal.SIGHUP),
    ],
)
def test_nothing_outlives_a_killed_interpreter(tmp_path: Path, condition: str, how: int) -> None:
    with Script(tmp_path, HOLD.format(condition=condition)) as script:
        script.read_until("running")
        family = script.note_family()
        assert len(family) == 4  # launcher, service, two actors
        script.process.send_signal(how)
        script.process.wait(30)
        script.assert_family_gone()


def test_nothing_outlives_an_interpreter_that_is_killed_while_it_starts_a_network(
    tmp_path: Path,
) -> None:
    text = """
class PySlow(PyCounter):
    def __init__(self, proc_params):
        super().__init__(proc_params)
        print("starting", flush=True)
        while True:
            pass
counter.run(RunSteps(1), run_cfg=Loihi2SimCfg(exception_proc_model_map={Counter: PySlow}))
"""
    with Script(tmp_path, text) as script:
        script.read_until("starting")
        family = script.note_family()
        assert len(family) >= 3
        script.process.kill()
        script.process.wait(30)
        script.assert_family_gone()


@pytest.mark.slow
def test_nothing_outlives_an_interpreter_that_leaves_by_os_exit(tmp_path: Path) -> None:
    text = HOLD.format(condition="RunContinuous()") + "\nimport os; os._exit(9)\n"
    with Script(tmp_path, text) as script:
        script.read_until("running")
        script.note_family()
        script.tell()
        assert script.finish()[0] == 9
        script.assert_family_gone()


@pytest.mark.slow
def test_a_child_the_user_forked_does_not_keep_the_network_alive(tmp_path: Path) -> None:
    text = """
import os, time
counter.run(RunContinuous(), run_cfg=Loihi2SimCfg())
child = os.fork()
if child == 0:
    time.sleep(1000)
print("forked", child, flush=True)
input()
"""
    with Script(tmp_path, text) as script:
        child = int(script.read_until("forked").split()[1])
        script.note_family()
        script.process.kill()
        script.process.wait(30)
        gone = [p for p in script._family if p.pid != child]
        _, alive = psutil.wait_procs(gone, timeout=20)
        psutil.Process(child).kill()
        assert not alive


def test_a_child_the_user_forked_leaves_the_network_alone(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        import os
        counter.run(RunSteps(3), run_cfg=Loihi2SimCfg())
        if os.fork() == 0:
            del counter, sink
            raise SystemExit
        os.wait()
        counter.run(RunSteps(3))
        print(sink.total.get())
        counter.stop()
        """,
    )
    assert (code, out, err) == (0, "[21]\n", "")


def test_a_forked_child_may_run_a_network_of_its_own(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        import os
        first = Counter()
        first.run(RunSteps(3), run_cfg=Loihi2SimCfg())
        if os.fork() == 0:
            counter.run(RunSteps(4), run_cfg=Loihi2SimCfg())
            print("child", sink.total.get(), flush=True)
            counter.stop()
            os._exit(0)  # how a forked child leaves
        _, status = os.wait()
        print("status", status, flush=True)
        first.run(RunSteps(1))
        print("parent", first.count.get())
        first.stop()
        """,
    )
    assert (code, err) == (0, "")
    assert out.splitlines() == ["child [10]", "status 0", "parent [4]"]


def test_a_start_method_the_program_has_chosen_is_left_alone(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        sink.run(RunSteps(4), run_cfg=Loihi2SimCfg())
        sink.stop()
        print(multiprocessing.get_start_method())
        """,
        prelude="import multiprocessing; multiprocessing.set_start_method('spawn')\n" + PRELUDE,
    )
    assert (code, out, err) == (0, "spawn\n", "")


def test_importing_the_package_starts_nothing(tmp_path: Path) -> None:
    text = """
import multiprocessing, threading, os
from pathlib import Path
print(threading.active_count(), multiprocessing.get_start_method(allow_none=True))
print(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
"""
    assert run_script(tmp_path, text) == (0, "1 None\n[]\n", "")


def test_a_model_module_beside_the_script_is_found(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text(PRELUDE)
    code, out, err = run_script(
        tmp_path,
        """
        import parts
        from lava_actor import *
        parts.sink.run(RunSteps(4), run_cfg=Loihi2SimCfg())
        print(parts.sink.total.get())
        parts.sink.stop()
        """,
        prelude="",
    )
    assert (code, out, err) == (0, "[10]\n", "")


def test_modules_on_a_path_added_later_and_relative_to_a_changed_folder_are_found(
    tmp_path: Path,
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "late_parts.py").write_text(PRELUDE)
    code, out, err = run_script(
        tmp_path,
        """
        import os, sys
        from lava_actor import *
        first = Loihi2SimCfg()
        sys.path.append("elsewhere")
        import late_parts
        late_parts.sink.run(RunSteps(4), run_cfg=first)
        print(late_parts.sink.total.get())
        late_parts.sink.stop()
        """,
        prelude="",
    )
    assert (code, out, err) == (0, "[10]\n", "")


def test_a_program_from_standard_input_runs(tmp_path: Path) -> None:
    text = PRELUDE + "sink.run(RunSteps(4), run_cfg=Loihi2SimCfg()); print(sink.total.get())"
    done: Any = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=text, capture_output=True, text=True,
        cwd=tmp_path, env={"PYTHONPATH": ROOT, "PATH": ""}, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "[10]\n", "")


def test_a_module_may_run_a_network_while_it_is_imported(tmp_path: Path) -> None:
    run = "sink.run(RunSteps(4), run_cfg=Loihi2SimCfg()); total = sink.total.get(); sink.stop()\n"
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from package.inside import total")
    (package / "inside.py").write_text(PRELUDE + run)
    (tmp_path / "experiment.py").write_text(PRELUDE + "print('runs')\n" + run)
    code, out, err = run_script(
        tmp_path,
        """
        import experiment, package
        from lava_actor import *
        print(experiment.total, package.total)
        again = experiment.Counter(name="again")  # of a module whose import is over
        again.run(RunSteps(2), run_cfg=Loihi2SimCfg())
        print(again.count.get())
        again.stop()
        """,
        prelude="",
    )
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line != "runs"] == ["[10] [10]", "[2]"]


def test_models_and_what_they_import_see_the_arguments_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--gain', type=int)\n"
        "GAIN = parser.parse_args().gain\n"
    )
    (tmp_path / "leaves.py").write_text(
        "import sys\nif len(sys.argv) < 9: raise SystemExit(3)\nVALUE = 7\n"
    )
    text = """
        import sys
        sys.argv += ["--gain", "7"]
        sys.setrecursionlimit(5000)
        import settings
        kept, sys.argv = sys.argv, ["x"] * 9
        import leaves
        sys.argv = kept
        def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
        class PyTimes(PyCounter):
            def run_spk(self):
                self.count += int(sys.argv[2]) * settings.GAIN * leaves.VALUE + deep(2000)
                self.out.send(self.count)
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyTimes})
        counter.run(RunSteps(1), run_cfg=cfg)
        print(counter.count.get())
        counter.stop()
    """
    assert run_script(tmp_path, text) == (0, "[2343]\n", "")


@pytest.mark.parametrize("end", ["sink.stop()", "sink.__exit__(None, None, None)", ""])
def test_a_failure_that_nobody_has_heard_of_is_told_at_the_end(tmp_path: Path, end: str) -> None:
    text = f"""
        import time
        class PyFails(PyCounter):
            def run_spk(self):
                if self.time_step == 3: raise ValueError("of step three")
                super().run_spk()
        cfg = Loihi2SimCfg(exception_proc_model_map={{Counter: PyFails}})
        sink.run(RunContinuous(), run_cfg=cfg)
        while sink.runtime.status()[0].state != "gone" and not sink.runtime.is_finished:
            time.sleep(0.01)
        {end}
        print("done")
    """
    code, out, err = run_script(tmp_path, text)
    assert (code, out) == (0, "done\n")
    assert "stop: the network has failed: 1 Exception(s) occurred" in err
    assert "ValueError: of step three" in err
    assert "raise ValueError(" in err


def test_a_package_may_run_a_network_while_it_is_imported(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from package.experiment import total")
    (package / "parts.py").write_text(PRELUDE)
    (package / "experiment.py").write_text(
        "from lava_actor import *\n"
        "from package.parts import sink, Counter\n"
        "sink.run(RunSteps(4), run_cfg=Loihi2SimCfg()); total = sink.total.get(); sink.stop()\n"
    )
    code, out, err = run_script(
        tmp_path,
        """
        import package
        from package.experiment import *
        print(package.total)
        for _ in range(2):  # the import is over
            again = Counter(name="again")
            again.run(RunSteps(2), run_cfg=Loihi2SimCfg())
            print(again.count.get())
            again.stop()
        """,
        prelude="",
    )
    assert (code, out, err) == (0, "[10]\n[2]\n[2]\n", "")


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_models_of_a_program_run_in_the_workers_of_its_pool(tmp_path: Path, way: str) -> None:
    """There the program is a module that no actor can import, under another name than __main__."""
    code, out, err = run_script(
        tmp_path,
        f"""
        import multiprocessing
        FACTOR = 2
        def job(steps):
            class PyTimes(PyCounter):
                def run_spk(self):
                    self.count += FACTOR
            other = Counter()
            with other:
                cfg = Loihi2SimCfg(exception_proc_model_map={{Counter: PyTimes}})
                other.run(steps, run_cfg=cfg)
                return int(other.count.get()[0])
        def plain(steps):
            other = Counter()
            with other:
                other.run(steps, run_cfg=Loihi2SimCfg())
                return int(other.count.get()[0])
        if __name__ == "__main__":
            with multiprocessing.get_context("{way}").Pool(1) as pool:
                print(pool.map(plain, [4]), pool.map(job, [3, 5]))
        """,
    )
    assert (code, out, err) == (0, "[4] [6, 10]\n", "")


@pytest.mark.parametrize("place", ["import", "pickling"])
def test_what_a_signal_handler_raises_reaches_the_program(tmp_path: Path, place: str) -> None:
    """It is not taken for an error of a module, or of a parameter, that it came in the middle of."""
    (tmp_path / "here.py").write_text(
        "from lava_actor import AbstractProcess\nclass Alone(AbstractProcess): pass\n"
    )
    (tmp_path / "models_here.py").write_text(
        "# Alone implements\nimport signal\nsignal.raise_signal(signal.SIGTERM)\n"
    )
    code, out, err = run_script(
        tmp_path,
        f"""
        import signal
        from here import Alone
        class Sent:
            def __reduce__(self):
                signal.raise_signal(signal.SIGTERM)
                return Sent, ()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        import sys
        process = Alone() if "{place}" == "import" else Counter(given=Sent())
        process.run(2, run_cfg=Loihi2SimCfg())
        print("it went on")
        """,
    )
    assert (code, out, err) == (7, "", "")

"""A model meets what the user's interpreter is set to, and starts wherever that is possible."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import ActorType, RunSteps
from lava_actor.errors import ModelError
from lava_actor.runtime.start import environment as surroundings
from tests.runtime.networks import Counter, First
from tests.runtime.scripts import PRELUDE, ROOT, run_script

PROGRAM = PRELUDE + """
import sys, warnings
def told():
    return (
        sys.flags.optimize, sys.flags.dev_mode, sys.flags.dont_write_bytecode,
        sys.flags.isolated, sys.flags.ignore_environment, sys.flags.utf8_mode,
        sys.warnoptions, sys._xoptions, __debug__,
    )
class PyTelling(PyCounter):
    def run_spk(self):
        print(told())
        super().run_spk()
print(told())
cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyTelling})
counter.run(1, run_cfg=cfg)
counter.stop()
"""


@pytest.mark.parametrize(
    "options",
    [
        ["-O", "-W", "error", "-X", "dev"],
        ["-OO", "-B", "-X", "utf8", "-W", "ignore::DeprecationWarning", "-W", "error::UserWarning"],
        ["-I", "-W", "error"],
        ["-E", "-s", "-P"],
    ],
)
def test_the_options_of_the_interpreter_reach_the_models(
    tmp_path: Path, options: list[str]
) -> None:
    file = tmp_path / "program.py"
    file.write_text(f"import sys; sys.path.insert(0, {ROOT!r})\n" + PROGRAM)
    done = subprocess.run(
        [sys.executable, *options, str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "default::BytesWarning"},
    )
    assert done.returncode == 0, done.stderr
    here, there = done.stdout.splitlines()
    assert there == f"[counter] {here}"


# --- warnings and floating-point errors --------------------------------------------------------


class HomeMadeWarning(UserWarning):
    """Known to the models by name."""


class Derived(HomeMadeWarning):
    """Also one."""


def warn_kindly(model: Any) -> None:
    warnings.warn("this is home-made", Derived, stacklevel=1)
    model.count[:] = 100


def divide(model: Any) -> None:
    model.count[:] = 100
    np.array([1.0]) / 0.0


def test_a_warning_that_is_an_error_here_is_the_models_failure() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="this is home", category=HomeMadeWarning)
        with pytest.raises(ModelError, match="counter.* Derived: this is home-made"):
            Counter(name="counter", on_step=warn_kindly).run(RunSteps(1), First())


def test_a_warning_that_is_ignored_here_is_ignored_there() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=HomeMadeWarning)
        with Counter(on_step=warn_kindly) as counter:
            counter.run(RunSteps(1), First())
            assert counter.count.get() == 100


@pytest.mark.parametrize("actor_type", [ActorType.MultiProcessing, ActorType.Threading])
def test_what_numpy_does_about_a_division_by_zero_is_the_same_there(actor_type: ActorType) -> None:
    config = {"actor_type": actor_type}
    with (
        np.errstate(divide="raise"),
        pytest.raises(ModelError, match="FloatingPointError: divide by zero"),
    ):
        Counter(on_step=divide).run(RunSteps(1), First(), config)
    with np.errstate(divide="ignore"), Counter(on_step=divide) as counter:
        counter.run(RunSteps(1), First(), config)
        assert counter.count.get() == 100


def test_modes_of_numpy_that_need_an_object_of_this_interpreter_warn_there() -> None:
    with np.errstate(divide="call"):
        assert surroundings.surroundings().float_errors["divide"] == "warn"


# --- what a process may do ---------------------------------------------------------------------




def test_what_a_process_may_do_is_read_when_the_network_starts(tmp_path: Path) -> None:
    """The launcher was started before."""
    code, out, err = run_script(
        tmp_path,
        """
        import os, resource
        with counter:
            counter.run(1, run_cfg=Loihi2SimCfg())
        class PyTelling(PyCounter):
            def run_spk(self):
                mask = os.umask(0)
                print(oct(mask), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0),
                      resource.getrlimit(resource.RLIMIT_CORE)[0])
                super().run_spk()
        os.umask(0o027)
        os.nice(3)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        print("0o27", os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0), 0)
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyTelling})
        counter.run(1, run_cfg=cfg)
        counter.stop()
        """,
    )
    assert (code, err) == (0, "")
    here, there = out.splitlines()
    assert there == f"[counter] {here}"


def test_a_network_starts_in_a_folder_that_is_gone_and_models_are_in_no_other(
    tmp_path: Path,
) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        import os, tempfile
        class PyLost(PyCounter):
            def run_spk(self):
                try: print(os.getcwd())
                except FileNotFoundError: print("nowhere")
                super().run_spk()
        with counter:  # the launcher starts in a folder that is there
            counter.run(1, run_cfg=Loihi2SimCfg())
        folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyLost})
        with counter:
            counter.run(1, run_cfg=cfg)
        """,
    )
    assert (code, err, out) == (0, "", "[counter] nowhere\n")


def test_a_launcher_starts_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    code, out, err = run_script(
        tmp_path,
        """
        import os, tempfile
        folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)
        sink.run(3, run_cfg=Loihi2SimCfg())
        print(sink.total.get())
        sink.stop()
        """,
    )
    assert (code, err, out) == (0, "", "[6]\n")


def may_unshare() -> bool:
    command = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc"]
    return shutil.which("unshare") is not None and not subprocess.call(
        command, stderr=subprocess.DEVNULL
    )


@pytest.mark.skipif(not may_unshare(), reason="mounting is not allowed here")
def test_a_network_starts_runs_fails_and_stops_without_proc(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    text = """
sink.run(3, run_cfg=Loihi2SimCfg())
print(sink.total.get())
sink.stop()
class PyBad(PyCounter):
    def run_spk(self):
        import os
        os._exit(7)
cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyBad})
try:
    sink.run(3, run_cfg=cfg)
except RuntimeError as error:
    print("exit code 7" in str(error))
"""
    file.write_text(PRELUDE + text)
    program = f"mount -t tmpfs none /proc && exec {sys.executable} -W error {file}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ROOT},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[6]\nTrue\n", "")


# --- descriptors -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["soft", "hard"])
def test_too_few_descriptors_are_told_with_numbers_before_anything_starts(
    tmp_path: Path, which: str
) -> None:
    limits = {"soft": "(12, hard)", "hard": "(60, 60)"}[which]
    code, out, err = run_script(
        tmp_path,
        f"""
        import os, resource
        counters = [Counter() for _ in range(60)]
        sink.inp.connect_from([c.out for c in counters])
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, {limits})
        before = len(os.listdir("/proc/self/fd"))
        try:
            sink.run(1, run_cfg=Loihi2SimCfg())
        except OSError as error:
            print(type(error).__name__, error)
        print(len(os.listdir("/proc/self/fd")) - before, sink.runtime)
        if "{which}" == "soft":
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            with sink:
                sink.run(1, run_cfg=Loihi2SimCfg())
                print(sink.total.get())
        """,
    )
    assert (code, err) == (0, "")
    told, left, *ran = out.splitlines()
    found = re.search(r"needs (\d+) open files, (\d+) are allowed \(ulimit (-H?n)\)", told)
    assert found, told
    assert told.startswith("TooFewDescriptorsError")
    assert int(found[1]) > int(found[2]) == {"soft": 12, "hard": 60}[which]
    assert found[3] == {"soft": "-n", "hard": "-Hn"}[which]
    assert left == "0 None"
    assert ran == ["[61]"] * (which == "soft")


# --- closed standard streams -------------------------------------------------------------------


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_where_standard_streams_are_closed_writing_there_hits_nothing(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    """The next files that are opened would get their numbers, and the arena is one of them."""
    program = f"""
import os
for number in {closed}:
    os.close(number)
{PRELUDE}
class PyWriter(PyCounter):
    def run_spk(self):
        for number in {closed}:
            os.write(number, b"x" * 5000)
        if not os.fork():
            print("a child")
            os._exit(0)
        os.wait()
        super().run_spk()
with sink:
    sink.run(3, run_cfg=Loihi2SimCfg(exception_proc_model_map={{Counter: PyWriter}}))
    os.write({closed[-1]}, b"y" * 5000)
    sink.run(2)
    open("told", "w").write(str(sink.total.get()))
"""
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, check=False, timeout=60, capture_output=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told").read_text() == "[15]"


# --- faulthandler ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["model", "user"])
def test_faulthandler_shows_where_native_code_crashed(tmp_path: Path, where: str) -> None:
    code, out, err = run_script(
        tmp_path,
        f"""
        import faulthandler, os, signal
        if "{where}" == "user":
            faulthandler.enable()
        class PyCrash(PyCounter):
            def run_spk(self):
                if "{where}" == "model":
                    faulthandler.enable()
                os.kill(os.getpid(), signal.SIGSEGV)
        cfg = Loihi2SimCfg(exception_proc_model_map={{Counter: PyCrash}})
        try:
            counter.run(3, run_cfg=cfg)
        except RuntimeError as error:
            print("SIGSEGV" in str(error))
        """,
    )
    assert (code, out) == (0, "True\n")
    assert "Fatal Python error: Segmentation fault" in err
    assert "run_spk" in err

"""Models see the program's own modules as they are in the user's interpreter, not as their files."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lava_actor.runtime.start import fingerprints
from lava_actor.runtime.start.launcher import WARM_VARIABLE
from tests.runtime.scripts import ROOT

LAB = """
import functools, sys, threading
import numpy as np
from lava_actor import *
import settings
from settings import scale

GAIN = 1
TABLE = np.zeros(2)
SAME = settings.REGISTRY
LOCK = threading.Lock()

class Box:
    size = 1
    class Inner:
        deep = 1
    extra = 1
    def method(self): return GAIN
    @property
    def side(self): return self.size
    @staticmethod
    def fixed(): return 1
    @classmethod
    def made(cls): return cls.size

class Kept:
    def __init__(self):
        self.lock = threading.Lock()
        self.number = 1

KEPT = Kept()
BOX = Box()

def base(x): return x + GAIN

@functools.lru_cache
def cached(x): return x

def maker():
    def inner(n): return GAIN if n == 0 else inner(n - 1)
    return inner

INNER = maker()

class Asked(AbstractProcess):
    def __init__(self, question):
        super().__init__(question=question)
        self.answer = Var((1,), init="")

@implements(Asked, protocol=LoihiProtocol)
class PyAsked(PyLoihiProcessModel):
    answer: str = LavaPyType(str, str)
    def run_spk(self):
        import late
        self.answer = repr(eval(self.proc_params["question"], globals(), locals()))

def ask(question):
    with Asked(question) as asked:
        asked.run(1, run_cfg=Loihi2SimCfg())
        return eval(asked.answer.get())
"""

SETTINGS = """
N = 1
REGISTRY = {"first": 1}
def scale(x): return x * N
"""

#: What a program does, what it asks its model then, and the answer of a model that was forked.
CASES = {
    "a number": ("lab.GAIN = 7", "GAIN", 7),
    "an array in place": ("lab.TABLE[1] = 5", "TABLE.tolist()", [0.0, 5.0]),
    "only the type of an array": ("lab.TABLE = np.zeros(2, int)", "str(TABLE.dtype)", "int64"),
    "another module's number": ("settings.N = 3", "settings.N, scale(2)", (3, 6)),
    "a module imported in a step": ("import late; late.X = 4", "late.X", 4),
    "a registry, and who shares it": (
        "settings.REGISTRY['z'] = 2", "sorted(SAME), SAME is settings.REGISTRY",
        (["first", "z"], True),
    ),
    "a function of the program in a registry": (
        "settings.REGISTRY['f'] = lambda x: x + N", "SAME['f'](1)", 3,
    ),
    "an attribute of a class": ("lab.Box.size = 9", "Box.size, BOX.size, Box.made()", (9, 9, 9)),
    "a nested class": ("lab.Box.Inner.deep = 8", "Box.Inner.deep", 8),
    "an attribute that is gone": ("del lab.Box.extra", "hasattr(BOX, 'extra')", False),
    "a name that is gone": ("del lab.base", "'base' in globals()", False),
    "a replaced method": ("lab.Box.method = lambda self: self.size + 40", "BOX.method()", 41),
    "a replaced property": ("lab.Box.side = property(lambda self: 55)", "BOX.side", 55),
    "a replaced static method": ("lab.Box.fixed = staticmethod(lambda: 12)", "Box.fixed()", 12),
    "a replaced class method": (
        "lab.Box.made = classmethod(lambda cls: cls.size * 10)", "Box.made()", 10,
    ),
    "a replaced function": ("lab.base = lambda x: N + x", "base(1)", 3),
    "a function replaced where it comes from": (
        "settings.scale = lambda x: x * 100", "scale(2), settings.scale(2)", (2, 200),
    ),
    "other defaults of a function": ("lab.base.__defaults__ = (4,)", "base()", 5),
    "a cached function": ("lab.cached = lab.functools.lru_cache(lambda x: x * 10)", "cached(2)", 20),
    "an instance": ("lab.BOX.size = 6", "BOX.size, isinstance(BOX, Box), Box.size", (6, True, 1)),
    "an instance of a class of the program": ("lab.BOX = Mine()", "BOX.method()", 77),
    "a class that is new": ("exec('class New: x = GAIN', vars(lab))", "New.x", 1),
    "a rebound class": ("lab.Box = Mine", "Box().method()", 77),
    "what a closure sees": ("lab.GAIN = 2", "INNER(3), base(1), BOX.method()", (2, 3, 2)),
    "what cannot be pickled and did not change": ("lab.GAIN = 2", "type(LOCK).__name__", "lock"),
}  # fmt: skip

PROGRAM = """
import importlib, os, sys, threading, warnings
warnings.simplefilter("error")
import numpy as np
import lab, late, settings
N = 2
class Mine:
    def method(self): return 77
"""

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program beside modules of its own."""
    (tmp_path / "lab.py").write_text(LAB)
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "late.py").write_text("X = 1\n")

    def run(text: str, prelude: str = PROGRAM) -> str:
        (tmp_path / "program.py").write_text(prelude + textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, "program.py"], cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ROOT, WARM_VARIABLE: "2"},
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_what_a_program_changed_in_its_modules_is_what_its_models_see(run: Run) -> None:
    said = run(
        f"""
        one = "sys.modules['lab'].PyAsked is type(self), PyAsked.run_spk.__globals__ is globals()"
        for name, (change, question, expected) in {CASES!r}.items():
            for module in "lab", "late", "settings":
                sys.modules.pop(module)
            import lab, late, settings
            assert lab.ask(one) == (True, True)
            exec(change)
            answer = lab.ask(f"({{question}}), {{one}}")
            told = "as forked" if answer == (expected, True, True) else answer
            print(name, told, sep=": ")
        """
    )
    assert said.splitlines() == [f"{name}: as forked" for name in CASES]


def test_what_differs_and_cannot_be_sent_is_named(run: Run) -> None:
    said = run(
        """
        lab.KEPT.number = 2
        warnings.simplefilter("always")
        with warnings.catch_warnings(record=True) as found:
            print(lab.ask("KEPT.number"))
        print(*[w.message for w in found])
        """
    )
    assert said.startswith("1\nlab.KEPT differs from what a fresh import makes, and cannot be sent")


def test_a_module_that_no_file_holds_reaches_models(run: Run) -> None:
    said = run(
        """
        import types
        warnings.simplefilter("ignore")  # of what cannot be pickled
        made = sys.modules["made"] = types.ModuleType("made")
        with open("lab.py") as file:
            exec(file.read(), vars(made))
        made.GAIN = 5
        print(made.ask("GAIN, base(1), BOX.method(), sys.modules['made'].GAIN"))
        """
    )
    assert said == "(5, 6, 5, 5)\n"


CELLS = """
import numpy as np
from lava_actor import *
TABLE = {"two": lambda x: 2 * x}
class Cell(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.x = Var((1,), init=0.0)
@implements(Cell, protocol=LoihiProtocol)
class PyCell(PyLoihiProcessModel):
    x: np.ndarray = LavaPyType(np.ndarray, float)
    def run_spk(self):
        self.x += TABLE["two"](1)
def ran():
    with Cell() as cell:
        cell.run(3, run_cfg=Loihi2SimCfg())
        return cell.x.get()[0]
"""
"""Its model looks at what it names, and at nothing else of the program."""


def test_a_function_of_a_module_that_no_model_imports_reaches_them(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "cells.py").write_text(CELLS)
    (tmp_path / "zoo.py").write_text("from cells import TABLE\nTABLE['two'] = lambda x: 5 * x\n")
    assert run("import cells, zoo\nprint(cells.ran())\n", "") == "15.0\n"


def test_a_package_that_only_the_way_of_the_start_has_found_reaches_models(
    run: Run, tmp_path: Path
) -> None:
    package = tmp_path / "hidden" / "pack"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cells.py").write_text(CELLS)
    said = run(
        """
        import importlib.util, os, sys
        folder = os.path.abspath("hidden/pack")
        spec = importlib.util.spec_from_file_location(
            "pack", f"{folder}/__init__.py", submodule_search_locations=[folder]
        )
        sys.modules["pack"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["pack"])
        import pack.cells
        print(pack.cells.ran())
        """,
        "",
    )
    assert said == "6.0\n"


SLOW = """
import time
with open("imported", "a") as file:
    file.write("x")
time.sleep(0.2)
"""


def imports(folder: Path) -> int:
    return len((folder / "imported").read_text())


def test_what_is_slow_to_import_is_imported_once_for_all_networks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "lab.py").write_text("import slow\n" + LAB)
    said = run(
        """
        for gain in range(4):
            lab.GAIN = gain
            print(lab.ask("GAIN"))
        """
    )
    assert said == "0\n1\n2\n3\n"
    assert imports(tmp_path) == 2  # by the program, and by one service


def test_a_file_that_changed_is_imported_again(run: Run, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW + "def value(): return 1")
    (tmp_path / "lab.py").write_text("import slow\n" + LAB)
    said = run(
        """
        sys.dont_write_bytecode = True
        print(lab.ask("slow.value()"))
        with open("slow.py", "a") as file:
            file.write("  + 10")
        print(lab.ask("slow.value()"))
        importlib.invalidate_caches()
        importlib.reload(lab.slow)
        print(lab.ask("slow.value()"))
        print(lab.ask("slow.value()"))
        """
    )
    assert said == "1\n1\n11\n11\n"
    assert imports(tmp_path) == 4  # twice each


def test_imports_that_start_threads_are_never_forked_from(run: Run, tmp_path: Path) -> None:
    threads = (
        "import threading\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    )
    (tmp_path / "slow.py").write_text(SLOW + threads)
    (tmp_path / "lab.py").write_text("import slow\n" + LAB)
    said = run(
        """
        from lava_actor.runtime.start import launcher
        for _ in range(2):
            print(lab.ask("GAIN"), launcher.warm({"lab"}))
        os._exit(0)
        """
    )
    assert said == "1 None\n1 None\n"


def test_a_warm_launcher_that_is_killed_is_replaced_and_its_networks_end(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "lab.py").write_text("import slow\n" + LAB)
    said = run(
        """
        import signal
        from lava_actor import Loihi2SimCfg, RunContinuous
        from lava_actor.errors import ModelError
        from lava_actor.runtime.start import launcher
        print(lab.ask("GAIN"))
        asked = lab.Asked("GAIN")
        asked.run(RunContinuous(), run_cfg=Loihi2SimCfg())
        os.kill(launcher.warm({"lab"}).process.pid, signal.SIGKILL)
        try:
            asked.wait()
        except ModelError as error:
            print("ended")
        asked.stop()
        print(lab.ask("GAIN"))
        """
    )
    assert said == "1\nended\n1\n"


def test_a_module_that_cannot_be_imported_again_is_the_fault_of_the_actor_that_needs_it(
    run: Run, tmp_path: Path
) -> None:
    said = run(
        """
        with open("settings.py", "w") as file:
            file.write("raise RuntimeError('only once')")
        try:
            lab.ask("GAIN")
        except RuntimeError as error:
            print(error)
        """
    )
    assert "only once" in said


def test_installed_packages_and_this_library_are_not_the_programs_own(tmp_path: Path) -> None:
    assert not any(
        map(fingerprints.is_own, ("os", "numpy", "numpy.linalg", "pytest", "lava_actor"))
    )
    assert fingerprints.is_own(__name__)


def test_fingerprints_see_content_and_nothing_else() -> None:
    loop: list[object] = [1]
    loop.append(loop)
    other: list[object] = [1]
    other.append(other)
    word = "".join(["ab", "cd"])
    same = [(["abcd", "abcd"], ["abcd", word]), (loop, other), ({"a": 1.5}, {"a": 1.5})]
    for one, two in same:
        assert fingerprints.fingerprint(one)[0] == fingerprints.fingerprint(two)[0]
    differ = [
        (1, True), (0, 0.0), ([0], (0,)), ({"a": 1}, {"a": 2}), (lambda: 1, lambda: 2),
        (np.zeros(3), np.zeros(3, int)), (np.zeros((2, 3)), np.zeros((3, 2))), (int, str),
        (lambda x=1: x, lambda x=2: x), (np.add, np.subtract),
    ]  # fmt: skip
    for one, two in differ:
        assert fingerprints.fingerprint(one)[0] != fingerprints.fingerprint(two)[0]

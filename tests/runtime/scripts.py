"""Running whole programs: an interpreter of its own, whose end and offspring can be watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import TracebackType
from typing import IO

import psutil

ROOT = str(Path(__file__).resolve().parents[2])

#: Parts that most programs share.
PRELUDE = """
import numpy as np
from lava_actor import *
from lava_actor.model.py.loihi import PyLoihiProcessModel

class Counter(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.count = Var((1,), init=0)
        self.out = OutPort((1,))

class Sink(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.total = Var((1,), init=0)
        self.inp = InPort((1,))

@implements(proc=Counter, protocol=LoihiProtocol)
class PyCounter(PyLoihiProcessModel):
    count: np.ndarray = LavaPyType(np.ndarray, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)
    def run_spk(self):
        self.count += 1
        self.out.send(self.count)

@implements(proc=Sink, protocol=LoihiProtocol)
class PySink(PyLoihiProcessModel):
    total: np.ndarray = LavaPyType(np.ndarray, np.int64)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    def run_spk(self):
        self.total += self.inp.recv()

counter, sink = Counter(name="counter"), Sink(name="sink")
counter.out.connect(sink.inp)
"""


class Script:
    """A program that runs in an interpreter of its own.

    Parameters
    ----------
    folder : where the file goes
    text : the program; `PRELUDE` is put in front
    """

    def __init__(self, folder: Path, text: str, *, prelude: str = PRELUDE) -> None:
        file = folder / "program.py"
        file.write_text(prelude + textwrap.dedent(text))
        environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        self._family: list[psutil.Process] = []

    def __enter__(self) -> Script:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill what is left, so that a failing test leaves nothing behind."""
        self.note_family()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        for process in self._family:
            if process.is_running():
                process.kill()

    def _stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def read_until(self, word: str) -> str:
        """Read lines until one contains ``word``; that line."""
        for line in self._stdout():
            if word in line:
                return line
        assert self.process.stderr is not None
        raise AssertionError(f"the program ended without saying {word!r}:\n"
                             f"{self.process.stderr.read()}")  # fmt: skip

    def tell(self, line: str = "") -> None:
        """Write a line to the program's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def note_family(self) -> list[psutil.Process]:
        """Remember and return all descendants there are now."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self._family += [p for p in found if p not in self._family]
        return found

    def interrupt(self) -> None:
        """Ctrl-C in a terminal: SIGINT to every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end; exit code, what was printed, what was complained about."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def assert_family_gone(self) -> None:
        """All descendants noted so far end."""
        assert self._family, "the family was never noted"
        _, alive = psutil.wait_procs(self._family, timeout=20)
        assert not alive, [p.cmdline() for p in alive if p.is_running()]


def run_script(folder: Path, text: str, *, prelude: str = PRELUDE) -> tuple[int, str, str]:
    """Run a program to its end: exit code, standard output, standard error."""
    with Script(folder, text, prelude=prelude) as script:
        return script.finish()

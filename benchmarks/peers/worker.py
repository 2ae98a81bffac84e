"""A peer in an interpreter of its own: it is told numbers of steps, and answers with seconds.

It prints ``answer ready`` once it is built; then it answers every number that comes with the
seconds the steps took, and the end of its input with a last word. Other lines do not matter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from benchmarks.measure import Contender, Run, WrongResultError, expect


def interpreter(variable: str) -> str:
    """The Python that has a peer, as a variable of the environment names it; ours by default."""
    return os.environ.get(variable, sys.executable)


def version(variable: str, module: str) -> str | None:
    """The version of a peer; None if it is not there."""
    done = subprocess.run(
        [interpreter(variable), "-c", f"import {module}; print({module}.__version__)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.split()[-1] if done.returncode == 0 else None


def contender(
    name: str,
    command: Sequence[str | Path],
    check: Callable[[str], None],
    fixed: int | None = None,
) -> Contender:
    """Such a program as a contender; a unit is a step.

    Parameters
    ----------
    name : str
    command : sequence
        Starts the program.
    check : callable
        Is given the last word, and complains if it is not right.
    fixed : int, optional
        The number of steps of every run.
    """

    @contextmanager
    def running() -> Iterator[Run]:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            told, lines = worker.stdin, worker.stdout

            def answer() -> str:
                for line in lines:
                    word, _, rest = line.partition(" ")
                    if word == "answer":
                        return rest.strip()
                _ended_early(name)

            def run(steps: int) -> float:
                told.write(f"{steps}\n")
                return float(answer())

            expect(answer() == "ready", f"{name}: no good start")
            yield run
            told.close()
            check(answer())

    return Contender(name, running, fixed)


def _ended_early(name: str) -> NoReturn:
    raise WrongResultError(f"{name}: the worker ended early")

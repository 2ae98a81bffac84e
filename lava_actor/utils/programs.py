"""Running somebody's program as ``__main__``, as the interpreter itself would."""

from __future__ import annotations

import argparse
import math
import os
import runpy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType, TracebackType


def writable(text: str) -> Path:
    """The path of a file that a command is to write at its end; told now if it cannot.

    The path is absolute: a program may change its working directory.
    """
    path = Path(text).absolute()
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write {text!r}")
    return path


def above_zero(kind: Callable[[str], float]) -> Callable[[str], float]:
    """A type of numbers on a command line: those of a ``kind``, int or float, above 0."""

    def number(text: str) -> float:
        found = kind(text)
        if not 0 < found < math.inf:
            raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
        return found

    return number


def run_program(command: str, name: str, arguments: list[str], *, as_module: bool) -> None:
    """Run a script, or a module as ``python -m`` does, with ``sys.argv`` of its own.

    A script that cannot be read ends ``command``, with 2 and a line that says so.
    """
    if as_module:
        sys.argv = [name, *arguments]
        sys.path[0] = os.getcwd()
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return
    try:
        text = Path(name).read_bytes()
    except OSError as error:
        sys.stderr.write(f"{command}: cannot read {name!r}: {error.strerror}\n")
        raise SystemExit(2) from None
    _run_script(text, name, arguments)


def _run_script(text: bytes, name: str, arguments: list[str]) -> None:
    """Run what ``python name`` has read.

    `runpy.run_path` would take the module away again when the file ends. Functions that outlive it
    (exit hooks, threads, models of a network that still runs) need it, and so do actors: classes
    of ``__main__`` are sent by value from the module found under that name.
    """
    path = os.path.abspath(name)
    code = compile(text, path, "exec")
    main_module = ModuleType("__main__")
    main_module.__file__ = path
    main_module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main_module
    sys.argv = [name, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    sys.excepthook = partial(_show, code)
    exec(code, main_module.__dict__)


def _show(code: CodeType, kind: type, error: BaseException, trace: TracebackType | None) -> None:
    """Show an error from the program's first line on, without those that run the program."""
    first = trace
    while first is not None and first.tb_frame.f_code is not code:
        first = first.tb_next
    sys.__excepthook__(kind, error.with_traceback(first or trace), first or trace)

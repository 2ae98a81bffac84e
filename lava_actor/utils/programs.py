"""Running somebody's program as ``__main__``, as the interpreter itself would."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType, TracebackType


def writable(text: str) -> Path:
    """The path of a file that a command is to write at its end; told now if it cannot."""
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write {text!r}")
    return path


def run_program(name: str, arguments: list[str], *, as_module: bool = False) -> None:
    """Run a script, or a module as ``python -m`` does, with ``sys.argv`` of its own.

    Raises
    ------
    OSError
        If the script cannot be read.
    """
    if as_module:
        sys.argv = [name, *arguments]
        sys.path[0] = os.getcwd()
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        _run_script(name, arguments)


def run_or_end(command: str, name: str, arguments: list[str], *, as_module: bool) -> None:
    """Run a program for a command, which says so and ends with 2 if it cannot be read."""
    try:
        run_program(name, arguments, as_module=as_module)
    except OSError as error:
        if as_module or error.filename != name:
            raise
        sys.stderr.write(f"{command}: cannot read {name!r}: {error.strerror}\n")
        raise SystemExit(2) from None


def _run_script(path: str, arguments: list[str]) -> None:
    """Run a file as ``python file`` does.

    `runpy.run_path` would take the module away again when the file ends. Functions that outlive it
    (exit hooks, threads, models of a network that still runs) need it, and so do actors: classes
    of ``__main__`` are sent by value from the module found under that name.
    """
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    main_module = ModuleType("__main__")
    main_module.__file__ = path
    main_module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main_module
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    sys.excepthook = partial(_show, code)
    exec(code, main_module.__dict__)


def _show(code: CodeType, kind: type, error: BaseException, trace: TracebackType | None) -> None:
    """Show an error from the program's first line on, without those that run the program."""
    first = trace
    while first is not None and first.tb_frame.f_code is not code:
        first = first.tb_next
    sys.__excepthook__(kind, error.with_traceback(first or trace), first or trace)

"""``python -m lava_actor.compat program.py [arguments]``: run a Lava program unchanged."""

from __future__ import annotations

import os
import runpy
import sys
from types import ModuleType

from lava_actor.compat import install

USAGE = """usage: python -m lava_actor.compat program.py [argument ...]
       python -m lava_actor.compat -m module [argument ...]

Runs a program written for Lava on lava_actor: its `lava.*` imports give our modules."""


def main(arguments: list[str]) -> None:
    """Run the program named by `arguments` as ``__main__``, with the rest as its ``sys.argv``."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if arguments else sys.stderr)
        raise SystemExit(0 if arguments else 2)
    install()
    if arguments[0] == "-m":
        if len(arguments) < 2:
            print(USAGE, file=sys.stderr)
            raise SystemExit(2)
        run_module(arguments[1], arguments[2:])
    else:
        run_script(arguments[0], arguments[1:])


def run_module(name: str, arguments: list[str]) -> None:
    """Run an importable module as ``python -m`` does."""
    sys.argv = [name, *arguments]
    sys.path[0] = os.getcwd()
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def run_script(path: str, arguments: list[str]) -> None:
    """Run a file as ``python file`` does.

    `runpy.run_path` would take the module away again when the file ends. Functions that outlive it
    (exit hooks, threads, models of a network that still runs) need it, and so do actors: classes
    of ``__main__`` are sent by value from the module found under that name.
    """
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
    except OSError as error:
        print(f"lava_actor.compat: cannot read {path!r}: {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None
    main_module = ModuleType("__main__")
    main_module.__file__ = path
    main_module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main_module
    sys.argv = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    exec(code, main_module.__dict__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""``python -m lava_actor.compat program.py [arguments]``: run a Lava program unchanged."""

from __future__ import annotations

import sys

from lava_actor.compat import install
from lava_actor.utils.programs import run_program

USAGE = """usage: python -m lava_actor.compat program.py [argument ...]
       python -m lava_actor.compat -m module [argument ...]

Runs a program written for Lava on lava_actor: its `lava.*` imports give our modules."""


def main(arguments: list[str]) -> None:
    """Run the program named by `arguments` as ``__main__``, with the rest as its ``sys.argv``."""
    as_module = arguments[:1] == ["-m"]
    program = arguments[as_module:]
    if not program or program[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if program else sys.stderr)
        raise SystemExit(0 if program else 2)
    install()
    run_program("lava_actor.compat", program[0], program[1:], as_module=as_module)


if __name__ == "__main__":
    main(sys.argv[1:])

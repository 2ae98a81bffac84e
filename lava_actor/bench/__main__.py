"""``python -m lava_actor.bench program.py [arguments]``: run a program, report its networks."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from lava_actor.bench.observer import Observer
from lava_actor.bench.report import RunReport
from lava_actor.compat import install
from lava_actor.utils.programs import run_program, writable


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says; everything after the program is the program's own."""
    parser = argparse.ArgumentParser(
        prog="python -m lava_actor.bench",
        description="Run a program unchanged; at the end of each run of its network, report steps, "
        "messages and spikes per second, what every actor did, and which holds the others back.",
    )
    parser.add_argument("--json", type=writable, metavar="FILE", help="write all reports there")
    parser.add_argument("--lava", action="store_true", help="the program imports `lava.*`")
    parser.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module")
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    given = parser.parse_args(arguments)
    if not given.module and not os.access(given.program, os.R_OK):
        parser.error(f"cannot read {given.program!r}")
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; reports go to stderr, so that its output stays its own."""
    given = options(arguments)
    if given.lava:
        install()
    observer = Observer(on_report=_show)
    try:
        with observer:
            run_program("lava_actor.bench", given.program, given.arguments, as_module=given.module)
    finally:
        if not observer.reports:
            print("lava_actor.bench: no network was run", file=sys.stderr)
        if given.json is not None:
            data = {"program": given.program, "runs": [r.as_dict() for r in observer.reports]}
            given.json.write_text(json.dumps(data, indent=1), encoding="utf-8")


def _show(report: RunReport) -> None:
    sys.stdout.flush()
    print(f"\n{report}\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

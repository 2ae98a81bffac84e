"""What ``lava-actor`` understands: ``info``, ``run``, ``bench``, ``trace``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NoReturn

from lava_actor.utils.programs import writable

EXAMPLES = """examples:
  lava-actor info                          what this installation runs on
  lava-actor run --progress network.py     a program, with a progress bar for each of its runs
  lava-actor run --compat program.py       a program written for Lava, unchanged
  lava-actor bench                         how fast this machine steps two small networks
  lava-actor bench network.py              where the time of a program's networks goes
  lava-actor trace network.py              what its actors did when, for a trace viewer

`lava-actor COMMAND --help` says more about each."""


def parser() -> argparse.ArgumentParser:
    """Everything the command line may say."""
    top = argparse.ArgumentParser(
        prog="lava-actor",
        description="Spiking networks as actors: run a program, measure it, see what is installed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND")

    info = commands.add_parser(
        "info",
        help="versions, cores, memory, native part, extras",
        description="Describe this installation and what it runs on; ends with 1 if no network can "
        "run here. Paste it into a report of a problem.",
    )
    info.set_defaults(action=_info)

    run = commands.add_parser(
        "run",
        help="run a program as Python would",
        description="Run PROGRAM as `python PROGRAM` does: same arguments, same folder on the "
        "search path, same exit code.",
    )
    add_run(run)

    bench = commands.add_parser(
        "bench",
        help="measure this machine, or a program",
        description="With PROGRAM: run it, and report at the end of each run of its network the "
        "steps, messages and spikes per second and what every actor did. Without: step two small "
        "networks, check what they compute, and say how long a step took.",
    )
    bench.add_argument(
        "--json", type=writable, metavar="FILE", help="write the reports of PROGRAM there"
    )
    _add_program(bench, nargs="?")
    bench.set_defaults(action=partial(_bench, bench.error))

    trace = commands.add_parser(
        "trace",
        help="record what the actors of a program do, for a trace viewer",
        description="Run PROGRAM, write what its actors did in which phase as Chrome trace JSON "
        "(chrome://tracing, ui.perfetto.dev, speedscope.app), and name the slowest of them.",
    )
    trace.add_argument(
        "--output",
        type=writable,
        metavar="FILE",
        default="trace.json",
        help="default: %(default)s",
    )
    _add_program(trace, nargs=None)
    trace.set_defaults(action=_trace)
    return top


def add_run(command: argparse.ArgumentParser) -> None:
    """Let a command run a program as ``lava-actor run`` does."""
    command.add_argument(
        "--progress", action="store_true", help="show a progress bar while a network runs"
    )
    _add_program(command, nargs=None)
    command.set_defaults(action=_run)


def _add_program(command: argparse.ArgumentParser, nargs: str | None) -> None:
    command.add_argument(
        "--compat", action="store_true", help="the program imports `lava.*`: give it ours"
    )
    command.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module")
    command.add_argument("program", metavar="PROGRAM", nargs=nargs)
    command.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")


def main(arguments: Sequence[str] | None = None) -> None:
    """Carry out what the command line says; raises `SystemExit` with the exit code."""
    top = parser()
    given = top.parse_args(arguments)
    if given.command is None:
        top.print_help()
        raise SystemExit(2)
    given.action(given)


def _info(_given: argparse.Namespace) -> None:
    from lava_actor.cli.info import describe

    text, usable = describe()
    print(text)
    raise SystemExit(0 if usable else 1)


def _run(given: argparse.Namespace) -> None:
    from lava_actor.utils.programs import run_program

    if given.compat:
        from lava_actor.compat import install

        install()
    if getattr(given, "progress", False):
        from lava_actor.runtime.user import progress

        progress.show_all()
    try:
        run_program("lava-actor", given.program, given.arguments, as_module=given.module)
    except ModuleNotFoundError as error:
        if not given.compat and error.name == "lava":
            error.add_note("a program written for Lava: lava-actor run --compat PROGRAM")
        raise


def _trace(given: argparse.Namespace) -> None:
    from lava_actor.bench.trace import Trace

    trace = Trace()
    try:
        with trace:
            _run(given)
    finally:
        trace.save(given.output)
        sys.stdout.flush()
        print(f"{trace}\nwritten to {given.output}", file=sys.stderr, flush=True)


def _bench(refuse: Callable[[str], NoReturn], given: argparse.Namespace) -> None:
    if given.program is None:
        if given.json or given.compat or given.module:
            refuse("--json, --compat and -m are about a PROGRAM, and there is none")
        from lava_actor.bench.quick import measure

        for line in measure():
            print(line, flush=True)
        return
    from lava_actor.bench.__main__ import main as bench

    options = ["--lava"] * given.compat + ["-m"] * given.module
    options += ["--json", str(given.json)] if given.json else []
    bench([*options, given.program, *given.arguments])

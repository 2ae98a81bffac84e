"""Run the benchmarks, print as they go, and write a report."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks import report, settings
from benchmarks.machine import Machine, load
from benchmarks.measure import Case, Result, measure
from benchmarks.peers import brian, lava
from benchmarks.peers import nest_simulator as nest
from lava_actor.utils.programs import above_zero

SHAPES = (
    "one_to_one",
    "one_to_many",
    "many_to_one",
    "diamond",
    "ring",
    "ping_pong",
    "pipeline",
    "two_cores",
    "parts",
    "ranks",
    "var_access",
    "observed",
    "recorded",
    "stream",
    "start_stop",
    "overhead",
    "memory",
    "idle",
    "balanced",
    "microcircuit",
    "neurons",
    "synapses",
    "plastic",
    "growth",
)
LONG = ("growth",)
"""Part of the long version only, unless asked for."""


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more cases, more and longer rounds")
    parser.add_argument("--out", type=Path, default=settings.RESULTS, help="folder of the report")
    names = ", ".join(SHAPES)
    parser.add_argument("--only", nargs="+", choices=SHAPES, metavar="SHAPE",
                        help=f"some of {names}; {', '.join(LONG)} is left out if neither it nor "
                        "--full is given")  # fmt: skip
    parser.add_argument("--rounds", type=above_zero(int),
                        help="turns per contender (default 5, full 9)")  # fmt: skip
    parser.add_argument("--seconds", type=above_zero(float),
                        help="length of a turn (default 0.1, full 0.5)")  # fmt: skip
    return parser.parse_args(arguments)


def chosen(given: argparse.Namespace) -> Sequence[str]:
    """The shapes to measure."""
    return given.only or [shape for shape in SHAPES if given.full or shape not in LONG]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    given = options(arguments)
    rounds = given.rounds or (9 if given.full else 5)
    seconds = given.seconds or (0.5 if given.full else 0.1)
    settings.use_folder(given.out)
    machine = Machine.look()
    print(machine)
    print(f"peers: {peers()}")
    started = perf_counter()
    results = []
    for shape in chosen(given):
        cases: list[Case] = list(import_module(f"benchmarks.shapes.{shape}").cases(given.full))
        for case in cases:
            result = measure(case, rounds, seconds)
            show(result)
            results.append(result)
            gc.collect()  # a network refers to itself, and the last one may have been large
    files = report.write(given.out, results, machine, rounds)
    print(f"\n{perf_counter() - started:.0f} s; load now {load()}; written:")
    for file in files:
        print(f"  {file}")


def peers() -> str:
    """Who takes part, and who does not."""
    found = brian.version()
    about_brian = f"Brian2 {found}" if found else "no Brian2 (extra `bench`, and a C++ compiler)"
    about_nest = f"NEST {nest.version()}" if nest.version() else "no NEST (extra `bench`)"
    about_lava = "Lava" if lava.available() else "no Lava (figures recorded earlier are quoted)"
    return f"multiprocessing, NumPy, {about_brian}, {about_nest}, {about_lava}"


def show(result: Result) -> None:
    """Print one case."""
    case = result.case
    quoted = f"   (Lava 0.10, recorded: {case.lava} µs/{case.unit})" if case.lava else ""
    print(f"\n{case.shape}, {case.name}; load {result.load[1]:.2f}{quoted}", flush=True)
    for row in result.rows:
        cells = report.cells(result, row)
        print(f"  {row.contender:42} {cells[3]:>22} {cells[5]:>8} times  [{cells[6]}]", flush=True)


if __name__ == "__main__":
    main()

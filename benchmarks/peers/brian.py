"""Brian2 in C++ standalone mode, when it is installed.

Brian2 pins NumPy to versions it knows; it may therefore live in an environment of its own, whose
Python the variable ``BRIAN_PYTHON`` names. Programs are built once and kept in the folder of the
results, under a name that is a digest of what they were made from. The time is the one Brian2 takes
itself, of the steps alone.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.balanced import DECAY, THRESHOLD, Balanced
from benchmarks.measure import Contender, Run, expect
from benchmarks.peers import worker

PROGRAM = Path(__file__).with_name("brian_program.py")
PLASTIC = Path(__file__).with_name("brian_plastic.py")


def interpreter() -> str:
    """The Python that has Brian2."""
    return worker.interpreter("BRIAN_PYTHON")


@cache
def version() -> str | None:
    """The version of Brian2; None if it is not there, or there is no compiler for it."""
    if shutil.which("make") is None or shutil.which("g++") is None:
        return None
    return worker.version("BRIAN_PYTHON", "brian2")


def contender(
    network: Balanced, threads: int, steps: int, activity: float, keep: Path
) -> Contender:
    """The network as a contender: a run has always that many steps, from the beginning.

    Parameters
    ----------
    network : Balanced
    threads : int
        Of OpenMP.
    steps : int
    activity : float
        Share of the neurons that has to fire per step; more than 5 % beside it is a wrong result.
    keep : Path
        Folder for built programs.
    """
    name = f"Brian2 C++, {threads} thread{'s' if threads > 1 else ''}"

    @contextmanager
    def running() -> Iterator[Run]:
        folder = build(network, threads, steps, keep)

        def run(amount: int) -> float:
            expect(amount == steps, f"{name}: built for {steps} steps, not {amount}")
            subprocess.run(["./main"], cwd=folder, check=True, capture_output=True)
            results = folder / "results"
            fired = sum(_count(results, number) for number in range(2))
            share = fired / steps / network.n_neurons
            expect(
                abs(share / activity - 1) < 0.05,
                f"{name}: {share:.2%} of the neurons fire per step, expected {activity:.2%}",
            )
            return float((results / "last_run_info.txt").read_text().split()[0])

        yield run

    return Contender(name, running, fixed=steps)


def _count(results: Path, number: int) -> int:
    (file,) = results.glob(f"_array_count{number}_N_*")
    return int(np.fromfile(file, np.int32)[0])


def build(network: Balanced, threads: int, steps: int, keep: Path) -> Path:
    """Build the balanced network unless it is there; returns its folder."""
    described = (PROGRAM.parent.parent / "balanced.py").read_text()
    return built(
        PROGRAM, _as_arrays(network), f"{network} {described}", threads, steps, keep
    )


def built(
    program: Path,
    arrays: dict[str, np.ndarray],
    described: str,
    threads: int,
    steps: int,
    keep: Path,
) -> Path:
    """Build a program of Brian2 unless it is there; returns its folder.

    Parameters
    ----------
    program : Path
        Is given the arrays in a file, the folder, threads and steps; builds, and does not run.
    arrays : {name: ndarray}
    described : str
        What the arrays were made from.
    threads, steps : int
    keep : Path
        Folder for built programs.
    """
    made_from = f"{described} {threads} {steps} {version()} {interpreter()}"
    digest = hashlib.sha256(made_from.encode() + program.read_bytes())
    folder = keep / "brian" / digest.hexdigest()[:16]
    if (folder / "built").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = folder.with_suffix(".npz")
    np.savez(source, **arrays)  # type: ignore[arg-type]  # (names are free)
    command = [interpreter(), str(program), str(source), str(folder), str(threads), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    source.unlink()
    if done.returncode:
        raise RuntimeError(f"Brian2 did not build {program.name}:\n{done.stderr}")
    (folder / "built").touch()
    return folder


def plastic(
    arrays: dict[str, np.ndarray], described: str, threads: int, steps: int, keep: Path
) -> Contender:
    """Spikes before and behind synapses that learn, as a contender; see ``brian_plastic.py``.

    The sum of the weights has to change: that all synapses learn is Brian2's own business.
    """

    @contextmanager
    def running() -> Iterator[Run]:
        folder = built(PLASTIC, arrays, described, threads, steps, keep)

        def run(amount: int) -> float:
            expect(amount == steps, f"Brian2: built for {steps} steps, not {amount}")
            subprocess.run(["./main"], cwd=folder, check=True, capture_output=True)
            (file,) = (folder / "results").glob("_dynamic_array_synapses_w*")
            learned = np.fromfile(file, float)
            expect(learned.size == arrays["w"].size, "Brian2: other synapses")
            expect(not np.array_equal(learned, arrays["w"]), "Brian2: nothing was learned")
            return float((folder / "results" / "last_run_info.txt").read_text().split()[0])

        yield run

    return Contender(f"Brian2 C++, {threads} threads", running, fixed=steps)


def _as_arrays(network: Balanced) -> dict[str, np.ndarray]:
    arrays = {"keep": np.array(1 - DECAY), "threshold": np.array(THRESHOLD)}
    for number in range(2):
        arrays[f"v{number}"] = network.voltages[number]
        arrays[f"bias{number}"] = network.biases[number]
        arrays[f"weight{number}"] = np.array(network.weight(number))
    for pre, post, rows, columns in network.indices():
        arrays[f"rows{pre}{post}"] = rows
        arrays[f"columns{pre}{post}"] = columns
    return arrays

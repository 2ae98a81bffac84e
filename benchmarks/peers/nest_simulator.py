"""NEST, when it is installed: the cortical microcircuit, in an interpreter of its own.

NEST's wheel may want another NumPy or Python than ours; the variable ``NEST_PYTHON`` names the
Python that has it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.measure import Contender
from benchmarks.peers import worker

PROGRAM = Path(__file__).with_name("nest_program.py")


def interpreter() -> str:
    """The Python that has NEST."""
    return worker.interpreter("NEST_PYTHON")


@cache
def version() -> str | None:
    """The version of NEST; None if it is not there."""
    return worker.version("NEST_PYTHON", "nest")


def contender(
    source: Path, threads: int, fixed: int, check: Callable[[str, np.ndarray], None]
) -> Contender:
    """The network in a file as a contender.

    Parameters
    ----------
    source : Path
        What ``nest_program.py`` builds the network from.
    threads : int
    fixed : int
        The number of steps of every run.
    check : callable
        Is given the contender's name and the rates of the populations in Hz.
    """
    name = f"NEST, {threads} thread{'s' if threads > 1 else ''}"
    command = (interpreter(), PROGRAM, source, str(threads))
    return worker.contender(
        name, command, lambda word: check(name, np.array(word.split(), float)), fixed
    )

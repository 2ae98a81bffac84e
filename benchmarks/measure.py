"""Paired measurements: contenders take turns, ratios are taken within a round.

A machine is rarely alone and never the same for long: its clock follows its temperature, and its
neighbours come and go. Two numbers measured one after the other therefore say little about each
other. Here all contenders of a case are set up first; then every round runs each of them once, in
an order that rotates, and the ratio of two contenders is taken within the round. The median of
these ratios is what a case reports; their range tells how far it can be trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.quantities import TIME, Quantity

Run = Callable[[int], float]
"""Carry out that many units of work; return the seconds (or what else is measured) they took."""


class WrongResultError(AssertionError):
    """A workload did not compute what it had to: its time is worth nothing."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a case.

    Parameters
    ----------
    name : str
    open : callable returning a context manager
        Sets up; what it yields carries out work (`Run`); on leaving it checks the result and
        cleans up.
    fixed : int, optional
        The number of units of every run; None: as many as fit the time of a round.
    forks : bool
        Starts processes by forking this one, and is set up before those that start threads.
    """

    name: str
    open: Callable[[], AbstractContextManager[Run]]
    fixed: int | None = None
    forks: bool = False


@dataclass(frozen=True)
class Case:
    """One workload and those who carry it out; the first contender is the one that counts.

    Parameters
    ----------
    shape, name : str
        Which benchmark, and which variant of it.
    unit : str
        What is counted: step, message, round trip …
    contenders : tuple of Contender
    lava : str
        The figure recorded for Lava in µs per unit, if there is one: a range, or a number.
    payload : int
        Bytes moved per unit; 0: not of interest.
    quantity : Quantity
        What is measured. If it is not time, contenders have a fixed number of units.
    x : float
        Place on the axis of a curve; 0: not a point of a curve.
    """

    shape: str
    name: str
    unit: str
    contenders: tuple[Contender, ...]
    lava: str = ""
    payload: int = 0
    quantity: Quantity = TIME
    x: float = 0


@dataclass(frozen=True)
class Row:
    """What one contender did: seconds (or what was measured) per unit, and times the subject's."""

    contender: str
    amount: int
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the seconds per unit."""
        return median(self.seconds)

    @property
    def ratio(self) -> float:
        """Median of the rounds' ratios: how many times as long as the subject it took."""
        return median(self.ratios)


@dataclass(frozen=True)
class Result:
    """A measured case, and the load of the machine before and after."""

    case: Case
    rows: tuple[Row, ...]
    load: tuple[float, float]
    left_out: dict[str, str] = field(default_factory=dict)


def measure(case: Case, rounds: int, seconds: float) -> Result:
    """Measure all contenders of a case in turns.

    Parameters
    ----------
    case : Case
    rounds : int
        How often each contender runs.
    seconds : float
        About how long each of its runs takes.

    Raises
    ------
    WrongResultError
        If a contender's result is not what it has to be.
    """
    load = os.getloadavg()[0]
    runs: dict[str, Run] = {}
    with ExitStack() as stack:
        for contender in sorted(case.contenders, key=lambda c: not c.forks):
            runs[contender.name] = stack.enter_context(contender.open())
        amounts = {c.name: c.fixed or _amount(runs[c.name], seconds) for c in case.contenders}
        times: dict[str, list[float]] = {name: [] for name in amounts}
        names = list(amounts)
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                times[name].append(runs[name](amounts[name]) / amounts[name])
    subject = times[case.contenders[0].name]
    rows = tuple(
        Row(
            name,
            amounts[name],
            tuple(taken),
            tuple(_times(t, s) for t, s in zip(taken, subject, strict=True)),
        )
        for name, taken in times.items()
    )
    return Result(case, rows, (load, os.getloadavg()[0]))


def _times(figure: float, subject: float) -> float:
    """How many times the subject's figure; a paused network may well have taken nothing at all."""
    if figure == subject:
        return 1.0
    return figure / subject if subject else float("inf")


def _amount(run: Run, seconds: float) -> int:
    """How many units take about that long; at least one."""
    amount = 1
    while True:
        taken = run(amount)
        if taken >= seconds / 4:
            taken = min(taken, run(amount))  # a hiccup looks like slow work
        if taken >= seconds / 4:
            return max(1, round(amount * seconds / taken))
        amount = max(2 * amount, min(20 * amount, round(amount * seconds / max(taken, 1e-7) / 2)))


def expect(condition: bool, message: str) -> None:
    """Insist on a result.

    Raises
    ------
    WrongResultError
        If the condition does not hold.
    """
    if not condition:
        raise WrongResultError(message)

"""Contenders that tests carry out and make up."""

from __future__ import annotations

from contextlib import contextmanager

from benchmarks.measure import Contender


def carry_out(contender: Contender, *amounts: int) -> None:
    with contender.open() as run:
        for amount in amounts:
            assert run(contender.fixed or amount) >= 0


def counting(name: str, log: list[str]) -> Contender:
    @contextmanager
    def opened():
        def run(amount: int) -> float:
            log.append(name)
            return amount * (1.0 if name == "slow" else 0.25)

        yield run

    return Contender(name, opened, fixed=4)

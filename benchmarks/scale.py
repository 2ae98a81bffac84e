"""On paper: how the time of a step grows with the number of ranks; see docs/scale.md.

python -m benchmarks.scale --cores 64 --partners 26
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

RANKS = (1, 2, 4, 16, 64, 256, 1563)
"""The last has 10⁵ cores if a rank has 64."""


@dataclass(frozen=True)
class Costs:
    """What was measured, in µs: two ranks on one machine of two cores, free for them.

    Attributes
    ----------
    population : a step of 10 000 neurons with 200 synapses each, on one core
    message : what the courier needs for what goes to a rank, or comes from it, at a time
    batched : of each further one that goes with it
    way : from a ring into an actor on another rank, with the courier awake
    byte : of a message, copied three times and sent at 10 GB/s
    """

    population: float = 160.0
    message: float = 34.0
    batched: float = 1.8
    way: float = 190.0
    byte: float = 0.0004


@dataclass(frozen=True)
class Machine:
    """Many equal ranks, each with a population of 10 000 neurons per core.

    Attributes
    ----------
    ranks, cores : how many, and of each
    partners : ranks that a rank sends to at most, and hears
    spikes : share of neurons that spike in a step
    delay : steps that a message may take; 0: nothing comes back, ranks run ahead
    """

    ranks: int
    cores: int = 64
    partners: int = 1563
    spikes: float = 0.01
    delay: int = 1

    def parts(self, costs: Costs) -> dict[str, float]:
        """What a step cannot be faster than, in µs."""
        others = min(self.partners, self.ranks - 1)
        messages, bytes_each = self.cores * others, 40_000 * self.spikes
        courier = 2 * messages * (costs.batched + bytes_each * costs.byte)
        if self.delay:  # a letter to every partner in every step; without loops they gather
            courier += 2 * others * costs.message
        way = (costs.way + costs.population) / self.delay if self.delay and self.ranks > 1 else 0.0
        return {"actors": costs.population, "courier": courier, "way": way}

    def arena_bytes(self, slots: int = 64) -> float:
        """Shared memory on every rank, which has room for the rings of all."""
        return self.ranks * self.cores * 3 * slots * 10_000 * 8.0


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--cores", type=int, default=64, help="of a rank")
    parser.add_argument("--partners", type=int, default=1563, help="that a rank talks to at most")
    parser.add_argument("--spikes", type=float, default=0.01, help="share of neurons per step")
    parser.add_argument("--delay", type=int, default=1, help="steps on the way; 0: no loops")
    given = parser.parse_args()
    print(f"{'ranks':>6} {'cores':>7} {'actors':>8} {'courier':>9} {'way':>7} {'step µs':>9}  "
          f"{'efficiency':>10} {'arena GB':>9}")  # fmt: skip
    for ranks in RANKS:
        machine = Machine(ranks, given.cores, given.partners, given.spikes, given.delay)
        parts = machine.parts(Costs())
        step = max(parts.values())
        print(
            f"{ranks:6} {ranks * given.cores:7} {parts['actors']:8.0f} {parts['courier']:9.0f} "
            f"{parts['way']:7.0f} {step:9.0f}  {parts['actors'] / step:10.0%} "
            f"{machine.arena_bytes() / 1e9:9.0f}"
        )


if __name__ == "__main__":
    main()

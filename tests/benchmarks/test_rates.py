"""When the rates of two simulators count as alike."""

import numpy as np

from benchmarks.rates import table

NAMES = ("E", "I")


def test_rates_are_alike_within_the_spread_over_seeds_and_only_there() -> None:
    rates = np.linspace((2.9, 6.8), (3.1, 7.2), 10)
    assert table(NAMES, rates[::-1], rates)[1]
    shown, alike = table(NAMES, np.add(rates, (0.0, 0.3)), rates)  # more than two deviations
    assert not alike
    assert "| I | 7.300 ± 0.135 | 7.000 ± 0.135 | +2.23 | 0.00 |" in shown
    assert not table(NAMES, np.add(rates, (0.12, 0.0)), rates)[1]  # less, and yet told apart

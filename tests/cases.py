"""How many random cases a property is tried on: a quarter in `make test`, else all of them.

No property has to hold within a time: the machine may be busy with something else.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("LAVA_ACTOR_TESTS") == "all"
DEFAULT = 100
"""What hypothesis takes where a test does not say how many."""


def cases(number: int) -> int:
    """Return how many of ``number`` cases this run tries: 20 at least, if there are so many."""
    return number if THOROUGH else max(number // 4, min(number, 20))


settings.register_profile(
    "counted",
    max_examples=cases(DEFAULT),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("counted")

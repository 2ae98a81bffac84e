"""Networks of mistakes end with their test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import lava_actor


@pytest.fixture(autouse=True)
def networks_end() -> Iterator[None]:
    yield
    lava_actor.stop_all(timeout=0.5)

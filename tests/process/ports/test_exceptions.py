"""Errors of ports can be made with the documented arguments and caught as what they are."""

from __future__ import annotations

import pytest

from lava_actor.errors import LavaActorError
from lava_actor.process.ports import exceptions


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("ReshapeError", ((2, 3), (5,)), "(5,)"),
        ("DuplicateConnectionError", (), "already"),
        ("ConcatShapeError", ([(2, 3), (2, 4)], 0), "(2, 3), (2, 4)"),
        ("ConcatIndexError", ((2, 3), 5), "5"),
        ("TransposeShapeError", ((2, 3), (0,)), "(0,)"),
        ("TransposeIndexError", ((2, 3), (0, 7), 7), "7"),
        ("VarNotSharableError", ("weights",), "weights"),
    ],
)
def test_an_error_says_what_was_expected_and_what_came(
    name: str, arguments: tuple[object, ...], part: str
) -> None:
    error = getattr(exceptions, name)(*arguments)
    assert isinstance(error, LavaActorError)
    assert isinstance(error, AssertionError)
    assert part in str(error)

"""Errors of model discovery and of compiling twice: what they say."""

from __future__ import annotations

import pytest

from lava_actor.compiler.exceptions import NoProcessModelFound, ProcessAlreadyCompiled
from lava_actor.errors import LavaActorError
from lava_actor.model.registry import ImportProblem


class Lonely:
    name = "lonely"


def test_a_missing_model_names_process_class_and_what_to_do() -> None:
    error = NoProcessModelFound(Lonely())
    assert isinstance(error, LavaActorError)
    for part in ("lonely", "Lonely", __name__, "@implements(proc=Lonely)"):
        assert part in str(error)
    assert error.__cause__ is None


def test_modules_that_could_not_be_imported_are_listed_and_the_first_is_the_cause() -> None:
    cause = ModuleNotFoundError("No module named 'x'")
    problems = [ImportProblem("pkg.models", cause), ImportProblem("pkg.more", ValueError("y"))]
    error = NoProcessModelFound(Lonely(), problems)
    assert "pkg.models: ModuleNotFoundError: No module named 'x'" in str(error)
    assert "pkg.more: ValueError: y" in str(error)
    assert error.__cause__ is cause
    with pytest.raises(NoProcessModelFound, match="text of one's own"):
        raise NoProcessModelFound("text of one's own")


def test_compiling_twice_names_the_process() -> None:
    assert "lonely is already compiled" in str(ProcessAlreadyCompiled(Lonely()))
    assert "lif is already compiled" in str(ProcessAlreadyCompiled("lif"))

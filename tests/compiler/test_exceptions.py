"""Errors of model discovery and of compiling twice: what they say."""

from __future__ import annotations

import re

import pytest

from lava_actor import AbstractProcess, PyLoihiProcessModel, implements
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


def test_a_model_of_an_earlier_class_of_the_name_is_named() -> None:
    """The cell of a Process was run again, that of its model was not."""

    def cell() -> type[AbstractProcess]:
        class Again(AbstractProcess):
            pass

        return Again

    class Inherits(cell()):  # type: ignore[misc]
        pass

    @implements(proc=Inherits.__mro__[1])
    class AgainModel(PyLoihiProcessModel):
        pass

    again = cell()(name="p")
    said = str(NoProcessModelFound(again))
    assert re.search(r"p: no ProcessModel implements .*Again as it is defined now; ", said)
    assert re.search(r"AgainModel implements an earlier class of that name\. Define .*\)", said)
    assert "Decorate a model" in str(NoProcessModelFound(Inherits()))
    assert AgainModel.implements_process is not type(again)


def test_compiling_twice_names_the_process() -> None:
    assert "lonely is already compiled" in str(ProcessAlreadyCompiled(Lonely()))
    assert "lif is already compiled" in str(ProcessAlreadyCompiled("lif"))

"""What can go wrong before a network is lowered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lava_actor.errors import LavaActorError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.process.reaching import reachable

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


class NoProcessModelFound(LavaActorError):
    """No model implements a Process.

    Parameters
    ----------
    process : AbstractProcess or str
        The Process, or a message of one's own.
    problems : iterable, optional
        Modules beside the Process that could not be imported, with their errors; the first error
        becomes the cause.
    """

    def __init__(self, process: AbstractProcess | str, problems: Iterable[object] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(process if isinstance(process, str) else self._text(process))
        found = [getattr(problem, "error", problem) for problem in self.problems]
        if errors := [error for error in found if isinstance(error, BaseException)]:
            self.__cause__ = errors[0]

    def _text(self, process: AbstractProcess) -> str:
        cls = type(process)
        text = _of_an_earlier(process) or (
            f"{process.name}: no ProcessModel implements {cls.__qualname__} "
            f"(defined in {cls.__module__}). Decorate a model with "
            f"@implements(proc={cls.__name__}) and import its module, or name one in the run "
            f"configuration's exception_proc_model_map"
        )
        if self.problems:
            listed = "; ".join(str(problem) for problem in self.problems)
            text += f". Modules beside it that could not be imported: {listed}"
        return text


def _of_an_earlier(process: AbstractProcess) -> str | None:
    """Say which model implements an earlier class of the name: its cell was not run again."""
    bases = type(process).__mro__
    names = {(cls.__module__, cls.__qualname__): cls for cls in bases}
    for model in reachable([AbstractProcessModel], type.__subclasses__):
        earlier = model.implements_process
        if earlier is None or earlier in bases:
            continue
        if now := names.get((earlier.__module__, earlier.__qualname__)):
            return (
                f"{process.name}: no ProcessModel implements {now.__qualname__} as it is defined "
                f"now; {model.__qualname__} implements an earlier class of that name. Define "
                f"{model.__qualname__} again (run its cell)"
            )
    return None


class ProcessAlreadyCompiled(LavaActorError):
    """A Process was compiled before and is still in use.

    Parameters
    ----------
    process : AbstractProcess or str
        The Process or its name.
    """

    def __init__(self, process: AbstractProcess | str) -> None:
        name = process if isinstance(process, str) else process.name
        super().__init__(
            f"{name} is already compiled: run it as it is, or stop its network before it is "
            f"compiled again"
        )

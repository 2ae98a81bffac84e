"""Where actors live, as far as the user says: `compile_config["threads"]`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process.hints import did_you_mean
from lava_actor.process.process import AbstractProcess
from lava_actor.process.reaching import family

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.compiler.executable import ActorPlan

_WHAT = "a list of Processes, names of Processes, and classes of Processes or models"


def threads_in(actors: Iterable[ActorPlan], wanted: object) -> set[int]:
    """Return the parties of those actors that are to live in threads of the user's interpreter.

    A hierarchical Process stands for all that is in it.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If an entry is of no use, or no Process of the network is meant by it.
    """
    if wanted is None:
        return set()
    where = "compile_config['threads']"
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise InvalidTypeError(f"{where}: expected {_WHAT}, got {wanted!r}")
    families = [(actor, list(family(actor.process))) for actor in actors]
    found: set[int] = set()
    for entry in wanted:
        means = _meaning(entry, where)
        meant = {actor.party for actor, related in families if means(actor, related)}
        if not meant:
            names = {process.name for _, related in families for process in related}
            hint = did_you_mean(entry, names) if isinstance(entry, str) else ""
            raise InvalidValueError(f"{where}: no Process of the network is {entry!r}{hint}")
        found |= meant
    return found


def _meaning(entry: object, where: str) -> Callable[[ActorPlan, list[AbstractProcess]], bool]:
    if isinstance(entry, str):
        return lambda _, related: any(process.name == entry for process in related)
    if isinstance(entry, AbstractProcess):
        return lambda _, related: entry in related
    if isinstance(entry, type):
        return lambda actor, related: (
            issubclass(actor.model_class, entry) or any(isinstance(p, entry) for p in related)
        )
    raise InvalidTypeError(f"{where}: expected {_WHAT}, got {entry!r} among them")

"""How models travel from the user's interpreter to their actors.

The hard part is classes. A class of an installed package is best sent by name: the actor imports
it. A class of a notebook or of a script (``__main__``) cannot be imported anywhere else, and
running the script again is what made ``spawn`` infamous; such classes are sent by value, which
cloudpickle does. In between are the program's own modules, which are imported, and then made what
they are in the user's interpreter (`program.py`). An actor of which something cannot be sent at all
(a lock, an open file, a handle of a native library) lives in a thread of the user's interpreter.

The service imports by-name classes once, before it forks, so forty actors of one package cost one
import. Modules of this library do not change while a program runs: the launcher imports those, so
that the next network finds them. Large arrays leave the pickle and travel in one memory file per
network.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import cloudpickle

from lava_actor.channels.interrupts import let_through
from lava_actor.channels.pipe import Parcel, ParcelWriter
from lava_actor.compiler.executable import THREAD, ActorPlan
from lava_actor.plain import plain
from lava_actor.runtime.start.pickling import dumps
from lava_actor.runtime.start.program import Survey

if TYPE_CHECKING:
    from lava_actor.process.parameters import ProcessParameters


@plain(frozen=True)
class ActorSpec:
    """What one actor needs to build its model: the plan without live Processes, and values."""

    plan: ActorPlan
    process_id: int
    var_ids: dict[str, int]
    proc_params: ProcessParameters
    inits: dict[str, object]
    seed: int


def specify(plan: ActorPlan, seed: int) -> ActorSpec:
    """Separate a plan from the live objects of the user's interpreter."""
    process = plan.process
    bare = dataclasses.replace(
        plan,
        process=None,  # type: ignore[arg-type]
        vars=tuple(dataclasses.replace(v, var=None) for v in plan.vars),  # type: ignore[arg-type]
        recordings=tuple(dataclasses.replace(r, recording=None) for r in plan.recordings),  # type: ignore[arg-type]
    )
    inits = plan.inits()
    ids = {v.name: v.var.id for v in plan.vars}
    return ActorSpec(bare, process.id, ids, plan.proc_params(inits), inits, seed)


@plain(frozen=True)
class Pack:
    """Actors on their way to processes: a parcel each, the memory file with their large arrays.

    The survey tells what they need of the program's own modules; ``stays`` what of others cannot
    travel, and why. Both go by party.
    """

    parcels: dict[int, Parcel]
    stays: dict[int, str]
    writer: ParcelWriter
    survey: Survey


def pack_actors(plans: Sequence[ActorPlan], seeds: Sequence[int]) -> Pack:
    """Pickle one parcel per actor that is to live in a process."""
    met: list[object] = []
    writer = ParcelWriter(partial(dumps, met=met))
    parcels: dict[int, Parcel] = {}
    stays: dict[int, str] = {}
    try:
        for plan, seed in zip(plans, seeds, strict=True):
            if plan.host == THREAD:
                continue
            spec = specify(plan, seed)
            before = len(met)
            try:
                parcels[plan.party] = writer.pack(spec)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001  (reasons not to be pickled are the user's)
                let_through(error)
                del met[before:]
                stays[plan.party] = f"{_offender(plan)}{error or type(error).__name__}"
    except BaseException:
        writer.close()
        raise
    return Pack(parcels, stays, writer, Survey(met))


def _offender(plan: ActorPlan) -> str:
    spec = specify(plan, 0)
    parts: list[tuple[str, object]] = [("model class", plan.model_class)]
    parts += [(f"parameter {k!r}", spec.proc_params[k]) for k in spec.proc_params._parameters]
    parts += [(f"initial value of {k!r}", v) for k, v in spec.inits.items()]
    for what, value in parts:
        try:
            cloudpickle.dumps(value)
        except Exception as error:  # noqa: BLE001  (whatever refuses is the offender)
            let_through(error)
            return f"{what}: "
    return ""


def library_modules(plans: Iterable[ActorPlan]) -> set[str]:
    """Modules that the actors of these plans will import and that are the same in every program.

    Those of this library, and sparse matrices if this program knows any.
    """
    classes: set[type] = set()
    for plan in plans:
        classes.update((plan.model_class, type(plan.process)))
        classes.update(type(value) for value in plan.process.proc_params._parameters.values())
    used = {base.__module__ for cls in classes for base in cls.__mro__}
    ours = {module for module in used if module.partition(".")[0] == "lava_actor"}
    return ours | ({"scipy.sparse"} & set(sys.modules))

"""How models travel from the user's interpreter to their actors.

The hard part is classes. A class of an installed package is best sent by name: the actor imports
it. A class of a notebook or of a script (``__main__``) cannot be imported anywhere else, and
running the script again is what made ``spawn`` infamous; such classes are sent by value, which
cloudpickle does. In between are the program's own modules, which are imported, and then made what
they are in the user's interpreter (`program.py`). What cannot be sent at all is reported with the
Process it belongs to.

The service imports by-name classes once, before it forks, so forty actors of one package cost one
import. Modules of this library do not change while a program runs: the launcher imports those, so
that the next network finds them. Large arrays leave the pickle and travel in one memory file per
network.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cloudpickle

from lava_actor.channels.pipe import Parcel, ParcelWriter
from lava_actor.compiler.executable import ActorPlan
from lava_actor.errors import InvalidTypeError
from lava_actor.runtime.start.pickling import dumps
from lava_actor.runtime.start.program import Survey


@dataclass(frozen=True)
class ActorSpec:
    """What one actor needs to build its model: the plan without live Processes, and values."""

    plan: ActorPlan
    process_id: int
    proc_params: Any
    inits: dict[str, Any]
    seed: int


def specify(plan: ActorPlan, seed: int) -> ActorSpec:
    """Separate a plan from the live objects of the user's interpreter."""
    process = plan.process
    bare: Any = dataclasses.replace(
        plan,
        process=None,  # type: ignore[arg-type]
        vars=tuple(dataclasses.replace(v, var=None) for v in plan.vars),  # type: ignore[arg-type]
        recordings=tuple(
            dataclasses.replace(r, recording=None)  # type: ignore[arg-type]
            for r in plan.recordings
        ),
    )
    inits = plan.inits()
    return ActorSpec(bare, process.id, plan.proc_params(inits), inits, seed)


@dataclass(frozen=True)
class Pack:
    """Actors on their way: a parcel each, the memory file with their large arrays.

    The survey tells what they need of the program's own modules.
    """

    parcels: list[Parcel]
    writer: ParcelWriter
    survey: Survey


def pack_actors(plans: Sequence[ActorPlan], seeds: Sequence[int]) -> Pack:
    """Pickle one parcel per actor.

    Raises
    ------
    InvalidTypeError
        If something a model needs cannot be pickled; the message names the Process.
    """
    met: list[Any] = []
    writer = ParcelWriter(partial(dumps, met=met))
    parcels = []
    try:
        for plan, seed in zip(plans, seeds, strict=True):
            spec = specify(plan, seed)
            try:
                parcels.append(writer.pack(spec))
            except Exception as error:
                raise InvalidTypeError(
                    f"{plan.name} ({plan.model_name}): its parameters, initial values or model "
                    f"class cannot be sent to an actor: {_offender(plan)}{error}. Make it in the "
                    f"model's constructor, or run all models in threads of this interpreter "
                    f"(compile_config={{'actor_type': ActorType.Threading}})"
                ) from error
    except BaseException:
        writer.close()
        raise
    return Pack(parcels, writer, Survey(met))


def _offender(plan: ActorPlan) -> str:
    spec = specify(plan, 0)
    parts: list[tuple[str, Any]] = [("model class", plan.model_class)]
    parts += [(f"parameter {k!r}", spec.proc_params[k]) for k in spec.proc_params._parameters]
    parts += [(f"initial value of {k!r}", v) for k, v in spec.inits.items()]
    for what, value in parts:
        try:
            cloudpickle.dumps(value)
        except Exception:  # noqa: BLE001  (whatever refuses is the offender)
            return f"{what}: "
    return ""


def _modules_used(plans: Iterable[ActorPlan]) -> set[str]:
    """Modules of the classes of models, Processes and parameters."""
    classes: set[type] = set()
    for plan in plans:
        classes.update((plan.model_class, type(plan.process)))
        classes.update(type(value) for value in plan.process.proc_params._parameters.values())
    return {base.__module__ for cls in classes for base in cls.__mro__}


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "lava_actor"


def library_modules(plans: Iterable[ActorPlan]) -> set[str]:
    """Modules that the actors of these plans will import and that are the same in every program.

    Those of this library, and sparse matrices if this program knows any.
    """
    sparse = {"scipy.sparse"} & set(sys.modules)
    return sparse | {name for name in _modules_used(plans) if _is_ours(name)}

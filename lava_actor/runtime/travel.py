"""How models travel from the user's interpreter to their actors.

The hard part is classes. A class of an installed package is best sent by name: the actor imports
it. A class of a notebook or of a script (``__main__``) cannot be imported anywhere else, and
running the script again is what made ``spawn`` infamous; such classes are sent by value, which
cloudpickle does. In between are modules that exist in the user's interpreter but cannot be found
on ``sys.path`` (loaded by a test runner, generated, edited and reloaded from elsewhere): they are
sent by value as well. What cannot be sent at all is reported with the Process it belongs to.

The service imports by-name classes once, before it forks, so forty actors of one package cost one
import. Modules of this library do not change while a program runs: the launcher imports those, so
that the next network finds them. Large arrays leave the pickle and travel in one memory file per
network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.machinery
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

from lava_actor.channels.pipe import Parcel, ParcelWriter
from lava_actor.compiler.executable import ActorPlan
from lava_actor.errors import InvalidTypeError
from lava_actor.model.bytecode import names_in


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
    )
    return ActorSpec(
        bare, process.id, process.proc_params, {v.name: v.var.init for v in plan.vars}, seed
    )


def pack_actors(
    plans: Sequence[ActorPlan], seeds: Sequence[int]
) -> tuple[list[Parcel], ParcelWriter]:
    """Pickle one parcel per actor; the writer holds the memory file with the large arrays.

    Raises
    ------
    InvalidTypeError
        If something a model needs cannot be pickled; the message names the Process.
    """
    writer = ParcelWriter(_dumps)
    parcels = []
    with _by_value(_modules_to_send(plans)):
        for plan, seed in zip(plans, seeds, strict=True):
            try:
                parcels.append(writer.pack(specify(plan, seed)))
            except Exception as error:
                writer.close()
                raise InvalidTypeError(
                    f"{plan.name} ({plan.model_name}): its parameters, initial values or model "
                    f"class cannot be sent to an actor: {_offender(plan)}{error}"
                ) from error
    return parcels, writer


def _dumps(obj: Any, **options: Any) -> bytes:
    """Pickle as cloudpickle does, but let code keep the name of its file, for tracebacks."""
    with io.BytesIO() as file:
        _Pickler(file, **options).dump(obj)
        return file.getvalue()


def _with_file(code: CodeType) -> tuple[Any, ...]:
    make, arguments = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return make, tuple(code.co_filename if a == "<dynamic-code>" else a for a in arguments)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no annotations
    dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({CodeType: _with_file})

    def reducer_override(self, obj: Any) -> Any:
        """Send what has a name but no module (ufuncs) by the name of a module that can be imported.

        Pickle takes the first module that has it, and that may be the program itself.
        """
        if getattr(obj, "__module__", None) is None and isinstance(
            name := getattr(obj, "__name__", None), str
        ):
            module = _importable_home(obj, name)
            if module is not None:
                return getattr, (module, name)
        if isinstance(obj, FunctionType):
            _globals_of(obj.__code__)
        return super().reducer_override(obj)


_known_globals: Any = getattr(cloudpickle.cloudpickle, "_extract_code_globals_cache", None)
"""Where cloudpickle keeps the globals that code names; it reads them with `dis`, which is slow."""


def _globals_of(code: CodeType) -> dict[str, None]:
    """Find the globals that code and functions inside of it name; tell cloudpickle."""
    if _known_globals is None:
        return {}
    names: dict[str, None] | None = _known_globals.get(code)
    if names is None:
        found = names_in(code, "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_GLOBAL")
        names = _known_globals[code] = dict.fromkeys(found)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                names.update(_globals_of(constant))
    return names


def _importable_home(obj: Any, name: str) -> ModuleType | None:
    """Return a module that shows `obj` under `name` and is not sent by value."""
    by_value = cloudpickle.list_registry_pickle_by_value()
    main = sys.modules.get("__main__")
    for module_name, module in list(sys.modules.items()):
        if (
            isinstance(module, ModuleType)
            and module is not main
            and vars(module).get(name) is obj
            and not any(module_name == own or module_name.startswith(own + ".") for own in by_value)
        ):
            return module
    return None


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


def _modules_to_send(plans: Iterable[ActorPlan]) -> list[ModuleType]:
    """Modules of user classes that an actor could not import by name."""
    modules = []
    for name in sorted(_modules_used(plans)):
        module = sys.modules.get(name)
        if module is None or name == "__main__" or _is_ours(name):
            continue
        if not _importable(name, module):
            modules.append(module)
    return modules


def _importable(name: str, module: ModuleType) -> bool:
    if name in sys.builtin_module_names:
        return True
    top = name.partition(".")[0]
    spec = importlib.machinery.PathFinder.find_spec(top)
    if spec is None:
        frozen = importlib.machinery.FrozenImporter.find_spec(top)
        return frozen is not None
    if "." in name:
        return True
    file = getattr(module, "__file__", None)
    return spec.origin is None or file is None or _same_file(spec.origin, file)


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


@contextlib.contextmanager
def _by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    registered = []
    known = cloudpickle.list_registry_pickle_by_value()
    for module in modules:
        if module.__name__ not in known:
            cloudpickle.register_pickle_by_value(module)
            registered.append(module)
    try:
        yield
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)

"""AbstractProcess: what a user describes. State, ports, parameters; no behaviour."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from lava_actor.errors import InvalidTypeError, InvalidValueError, NetworkError, RuntimeStateError
from lava_actor.process.collection import Collection, named
from lava_actor.process.construction import ProcessPostInitCaller
from lava_actor.process.former import renamed
from lava_actor.process.handles import RunConfigLike, RuntimeHandle, stop_abandoned
from lava_actor.process.hints import (
    attribute_taken,
    briefly,
    did_you_mean,
    is_library,
    nearest,
    warn,
)
from lava_actor.process.inherited import signature
from lava_actor.process.interfaces import AbstractProcessMember, Owner, WeakRegistry
from lava_actor.process.log import LogConfig, logger_of, set_up_logger
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.reaching import family
from lava_actor.process.tables import process_table
from lava_actor.process.variable import Var

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType
    from typing import Self

__all__ = [
    "AbstractProcess", "Collection", "LogConfig", "ProcessParameters", "ProcessPostInitCaller",
    "ProcessServer",
]  # fmt: skip

_COLLECTIONS = {"in_ports", "out_ports", "ref_ports", "var_ports", "vars", "procs"}

RESERVED = {
    *("proc_params", "id", "name", "log", "log_config", "parent_proc"),
    *_COLLECTIONS,
    *("runtime", "model_class", "model", "is_compiled"),
    *("_runtime", "_model_class", "_model", "_is_compiled", "_la_executable", "_post_init"),
    *("compile", "create_runtime", "run", "wait", "pause", "stop", "register_sub_procs"),
    *("validate_var_aliases", "is_sub_proc_of"),
}
"""Attribute names that a Var or port must not take: the Process would stop working."""

_NOT_PARTS = frozenset({"parent_proc", "process"})
"""Attributes that hold other Processes which are not parts of this one."""


class AbstractProcess(Owner, metaclass=ProcessPostInitCaller):
    """Base of all Processes.

    Subclasses call ``super().__init__(**kwargs)`` and assign Vars and ports to attributes, in any
    order; after the outermost constructor every member gets its attribute name and its Process.

    Parameters
    ----------
    name : str, optional
        Default ``Process_<id>``; need not be unique.
    log_config : LogConfig, optional
        Without it, records go where the application wants them.
    **proc_params
        Whatever a model may want to read as ``self.proc_params``; ``name`` and ``log_config`` are
        among them if they were given.

    Attributes
    ----------
    id : int
        Unique, in order of creation.
    vars, procs : Collection
        The members, in alphabetical order; so are ``in_ports``, ``out_ports``, ``ref_ports`` and
        ``var_ports``.
    parent_proc : AbstractProcess or None
        The hierarchical Process that this one is a part of.
    """

    _la_model_parameters: ClassVar[dict[str, type]] = {}
    """Keywords that models of a library Process read, though its constructor does not name them."""

    _la_for_own_models: ClassVar[bool] = False
    """Whether a library Process is meant for models of users, who may read other keywords."""

    model: object = None
    """None for Python models: they live in actors."""

    _la_executable: Any

    _la_session: ClassVar[ModuleType]
    """The module that compiles and runs networks; the runtime fills it in."""

    def __init__(self, **proc_params: Any) -> None:
        self.id = ProcessServer().register(self)
        self.name = str(proc_params.get("name") or f"Process_{self.id}")
        self.proc_params = ProcessParameters(proc_params)
        self.log_config: LogConfig = proc_params.get("log_config") or LogConfig(file="lava.log")
        if not isinstance(self.log_config, LogConfig):
            raise InvalidTypeError(
                f"{self.name}.log_config: expected a LogConfig, got {self.log_config!r}"
            )

        self.in_ports: Collection[InPort] = Collection(self, "InPort")
        self.out_ports: Collection[OutPort] = Collection(self, "OutPort")
        self.ref_ports: Collection[RefPort] = Collection(self, "RefPort")
        self.var_ports: Collection[VarPort] = Collection(self, "VarPort")
        self.vars: Collection[Var] = Collection(self, "Var")
        self.procs: Collection[AbstractProcess] = Collection(self, "SubProcess")

        self.parent_proc: AbstractProcess | None = None
        self._runtime: RuntimeHandle | None = None
        self._model_class: type[object] | None = None
        self._la_executable = None
        self._la_settle()

    def _la_settle(self) -> None:
        """Do what belongs to this interpreter and does not travel with the Process."""
        self._la_home = os.getpid()
        if self.proc_params.get("log_config") is not None:
            set_up_logger(self, self.name, self.log_config)

    # -- members ----------------------------------------------------------------------------

    def _post_init(self) -> None:
        """Register all members; may be called again after attributes were added or rebound.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if a member has a reserved name, or the constructor of
            `AbstractProcess` was never called.
        """
        if "procs" not in self.__dict__:
            raise NetworkError(
                f"{type(self).__name__}.__init__: expected a call of super().__init__(**kwargs), "
                f"got none"
            )
        kinds: tuple[tuple[type, Collection[Any]], ...] = (
            (InPort, self.in_ports), (OutPort, self.out_ports), (RefPort, self.ref_ports),
            (VarPort, self.var_ports), (Var, self.vars), (AbstractProcess, self.procs),
        )  # fmt: skip
        for kind, collection in kinds:
            found = {
                name: member
                for name, member in self._find_attr_by_type(kind).items()
                if not self._la_belongs_elsewhere(name, member)
            }
            self._init_proc_member_obj(found)
            others = dict(named(collection))
            for name in others:
                collection.remove_member(name)
            collection.add_members(found | {n: m for n, m in others.items() if n not in found})
        self._la_doubt_lists()

    def _la_doubt_lists(self) -> None:
        """Warn of members that stand in a list, tuple or dict only: nobody finds them there."""
        for name, held in self.__dict__.items():
            items = held.values() if type(held) is dict else held
            if type(held) not in (list, tuple, dict):
                continue
            lost = [m for m in items if isinstance(m, AbstractProcessMember) and m.process is None]
            if lost:
                warn(
                    f"{self.name}.{name}: the {type(lost[0]).__name__}s in this "
                    f"{type(held).__name__} are no members of {self.name}; give each an attribute "
                    f"of its own, such as setattr(self, '{name}_0', …)"
                )

    def _find_attr_by_type(self, cls: type) -> dict[str, object]:
        """Return the attributes that are instances of ``cls``, by name in alphabetical order.

        Attributes of the instance and of its classes count; properties are not evaluated, and
        lists and dicts not searched.
        """
        found: dict[str, object] = {}
        for base in reversed(type(self).__mro__):
            if base not in (AbstractProcess, object):  # they have no members
                found.update(base.__dict__)
        found.update(self.__dict__)
        return {
            name: found[name]
            for name in sorted(found)
            if isinstance(found[name], cls) and not self._la_is_relative(name, found[name])
        }

    def _la_is_relative(self, name: str, value: object) -> bool:
        """Whether an attribute holds a Process that is no part of this one."""
        return isinstance(value, AbstractProcess) and (name in _NOT_PARTS or value is self)

    def _la_belongs_elsewhere(self, name: str, member: Any) -> bool:
        """Whether a member is a part of another Process, and the attribute only a shortcut to it.

        What stands in a class body belongs to the instance that was made last.
        """
        if isinstance(member, AbstractProcess) or name not in self.__dict__:
            return False
        return member.process is not None and member.process is not self

    def _init_proc_member_obj(self, members: dict[str, Any]) -> None:
        """Give every member its name and its Process."""
        firsts: dict[int, str] = {}
        for name, member in members.items():
            if name in RESERVED:
                raise self._la_reserved(name, member)
            first = firsts.setdefault(id(member), name)
            if first != name and not isinstance(member, AbstractProcess):
                warn(
                    f"{self.name}.{first} and {self.name}.{name} are one "
                    f"{type(member).__name__}, which is called {name!r}; make one for each"
                )
            if not isinstance(member, AbstractProcess) and member.process not in (None, self):
                warn(
                    f"{type(self).__name__}.{name} is a {type(member).__name__} of the class: now "
                    f"it belongs to {self.name}, and no longer to {member.process.name}. Make one "
                    f"for each Process in __init__: self.{name} = {type(member).__name__}(…)"
                )
            member.name = name
            member.process = self

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """Say which members there are."""
            if hasattr(type(self), name):  # a property failed: its own words
                return object.__getattribute__(self, name)
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            held = self.__dict__.items()
            members = [n for n, m in held if isinstance(m, AbstractProcessMember)]
            if members and name[0] != "_":
                text += f"; its Vars and ports are {', '.join(members)}"
            if name in ("connect", "connect_from", "connect_var"):
                text += f", and a port has {name}()"
            raise AttributeError(text, name=name, obj=self)

    def __getitem__(self, index: object) -> NoReturn:
        """Say what has parts: a Process has none.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) always.
        """
        raise InvalidTypeError(
            f"{self.name}[{index!r}]: a Process is used as a whole. Its Vars have elements; which "
            f"neurons are connected with which is said by weights (post, pre), 0 where none are"
        )

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse members under reserved names at once, and values in the place of members."""
        if isinstance(value, AbstractProcessMember):
            if name in RESERVED:
                raise self._la_reserved(name, value)
        elif (
            isinstance(held := self.__dict__.get(name), AbstractProcessMember)
            and held.process is self
            and not isinstance(value, AbstractProcess)
        ):
            raise InvalidTypeError(
                f"{self.name}.{name}: expected a {type(held).__name__} to replace this one, "
                f"got {type(value).__name__} {value!r}" + held._instead_of_assignment()
            )
        elif name in _COLLECTIONS and name in self.__dict__:
            raise self._la_reserved(name, value)
        elif name == "name" and not isinstance(value, str):
            raise InvalidTypeError(f"{self.name}.name: expected a str, got {value!r}")
        elif name[0] != "_" and (theirs := next(filter(is_library, type(self).__mro__), None)):
            self._la_doubt_attribute(name, signature(theirs).parameters)
        object.__setattr__(self, name, value)

    def _la_doubt_attribute(self, name: str, parameters: Mapping[str, object]) -> None:
        """Refuse to change a parameter of a made Process; warn of what is nearly a member."""
        held = self.__dict__.items()
        members = {
            n: m for n, m in held if isinstance(m, AbstractProcessMember) and m.process is self
        }
        if not members or name in ("name", "log_config"):  # it is just being made, or may change
            return
        if name in parameters or name in self._la_model_parameters:
            raise InvalidValueError(
                f"{self.name}.{name}: expected as {type(self).__name__}({name}=…), when the "
                f"Process is made; it stays as it was given"
            )
        if name in self.__dict__ or hasattr(type(self), name):
            return
        if (meant := nearest(name, members)) is not None:
            warn(
                f"{self.name}.{name}: {type(self).__name__} has no such member, and no model sees "
                f"what is assigned here{did_you_mean(name, members)}"
                f"{members[meant]._instead_of_assignment()}"
            )

    def _la_reserved(self, name: str, member: object) -> NetworkError:
        return NetworkError(
            f"{type(self).__name__}.{name}: expected another attribute name for the "
            f"{type(member).__name__}, this one is reserved by AbstractProcess"
        )

    # -- attributes that the compiler and the runtime set ------------------------------------

    @cached_property
    def log(self) -> logging.Logger:
        """The logger ``lava_actor.<name>``."""
        return logger_of(self.name)

    @property
    def runtime(self) -> Any:
        """The Runtime of the network; None before it exists."""
        if self._runtime is None and (wanted := attribute_taken(sys._getframe(1))):
            raise RuntimeStateError(
                f"{self.name}.runtime.{wanted}: there is no runtime yet; run() or "
                f"create_runtime() starts the network"
            )
        return self._runtime

    @runtime.setter
    def runtime(self, value: RuntimeHandle | None) -> None:
        self._runtime = value

    @property
    def model_class(self) -> type[Any] | None:
        """The model class that the compiler chose; None before."""
        return self._model_class

    @property
    def is_compiled(self) -> bool:
        """True once the network of this Process is compiled."""
        return self._la_executable is not None

    def _la_is_over(self) -> bool:
        """Whether there was a network, which was stopped or failed, or is that of the original."""
        if self._runtime is None:
            return self.is_compiled and self._la_executable.was_started
        return bool(self._runtime.is_over)

    # -- hierarchy --------------------------------------------------------------------------

    def register_sub_procs(self, procs: dict[str, AbstractProcess]) -> None:
        """Make ``procs`` parts of this Process, under the given names.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if one is no Process, or this Process is a part of it. Nothing
            is changed then.
        """
        for name, proc in procs.items():
            if not isinstance(proc, AbstractProcess):
                raise NetworkError(
                    f"{self.name}.register_sub_procs: expected a Process for {name!r}, got {proc!r}"
                )
            if proc is self or self.is_sub_proc_of(proc):
                raise NetworkError(
                    f"{self.name}.register_sub_procs: {proc.name} contains {self.name} and cannot "
                    f"be a part of it"
                )
        for proc in procs.values():
            proc.parent_proc = self
        self.procs.add_members(procs)

    def validate_var_aliases(self) -> None:
        """Check the aliases of all Vars; see `Var.validate_alias`."""
        for var in self.vars:
            var.validate_alias()

    def is_sub_proc_of(self, proc: AbstractProcess) -> bool:
        """Return True if ``proc`` is the parent, grand-parent, … of this Process."""
        return any(one is proc for one in family(self.parent_proc))

    # -- execution: what reaches up goes through the session ----------------------------------

    @briefly
    def compile(
        self, run_cfg: RunConfigLike, compile_config: Mapping[str, object] | None = None
    ) -> Any:
        """Compile this Process and everything connected to it; no actor is started.

        Parameters
        ----------
        run_cfg : RunConfig
            Chooses a model for every Process.
        compile_config : dict, optional
            Options such as ``seed``, ``schedule``, ``placement``: docs/running.md has them all.

        Returns
        -------
        Executable
        """
        return self._la_session.compile(self, run_cfg, compile_config)

    @briefly
    def create_runtime(
        self, run_cfg: RunConfigLike | None = None, executable: object = None,
        compile_config: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """Compile if necessary and start the actors; nothing runs yet."""
        self._la_session.create_runtime(self, run_cfg, executable, compile_config)

    @briefly
    def run(
        self, condition: object = None, run_cfg: RunConfigLike | None = None,
        compile_config: Mapping[str, object] | None = None, *, blocking: bool | None = None,
        progress: bool | None = None, step_length: str | float | None = None,
    ) -> Any:  # fmt: skip
        """Run the network of this Process; compiles and starts it first where necessary.

        Parameters
        ----------
        condition : RunSteps, RunContinuous, int or None
            A number of steps is ``RunSteps``; None runs until told otherwise.
        run_cfg : RunConfig
            Required the first time.
        compile_config : dict, optional
            Options such as ``seed``, ``schedule``, ``placement``: docs/running.md has them all.
        blocking : bool, optional
            False: return at once. Counts rather than what the condition says.
        progress : bool, optional
            Show a bar with steps per second and the time that is left.
        step_length : str or float, optional
            What a step stands for: ``"0.1 ms"``, or seconds. Progress and plots tell times then.

        Returns
        -------
        RunHandle or None
            Of a run that does not block: to be awaited, waited for, looked at, paused.
        """
        return self._la_session.run(
            self, condition, run_cfg, compile_config, blocking=blocking, progress=progress,
            step_length=step_length,
        )  # fmt: skip

    def draw(self) -> Any:
        """Draw the network of this Process: Processes within Processes, ports, shapes, delays.

        Of a compiled network the picture names models and actors as well.

        Returns
        -------
        Drawing
            A cell of a notebook shows it; ``.save("network.svg")`` writes it.
        """
        return self._la_session.draw(self)

    @briefly
    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended; no-op without a network."""
        if self._runtime is not None:
            self._runtime.wait(timeout)

    @briefly
    def pause(self) -> None:
        """Let all actors finish the same step, then rest; no-op without a network."""
        if self._runtime is not None:
            self._runtime.pause()

    @briefly
    def stop(self, timeout: float | None = None) -> None:
        """End the network; no-op without one."""
        if self._runtime is not None:
            self._runtime.stop(timeout)

    @briefly
    def reset(self) -> None:
        """Restore the initial values of all Vars of the network without building it again."""
        self._la_session.reset(self)

    @briefly
    def save(self, path: str | Path, **options: bool) -> None:
        """Save the network of this Process to a file."""
        self._la_session.save(self, path, **options)

    @briefly
    def load(self, path: str | Path, **options: bool) -> None:
        """Load state that was saved from an equal network."""
        self._la_session.load(self, path, **options)

    def __enter__(self) -> Self:
        """Hand out the Process; leaving the block stops the network."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop the network, whatever happened; a forked child leaves that to its parent."""
        if self._runtime is not None:
            self._runtime.__exit__()

    # -- end of life, and travelling ---------------------------------------------------------

    def __del__(self) -> None:
        """Stop the network when nobody refers to its Processes any more."""
        runtime = self.__dict__.get("_runtime")
        if runtime is None or self.__dict__.get("_la_home") != os.getpid() or sys.is_finalizing():
            return
        with contextlib.suppress(Exception):
            stop_abandoned(runtime)

    def __getstate__(self) -> dict[str, object]:
        """Everything but the running network: what was started is compiled anew elsewhere."""
        state = {**self.__dict__, "_runtime": None}
        return {name: value for name, value in state.items() if name not in ("log", "_la_home")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore and register again; the id stays if it is free."""
        if "_la_executable" not in state:
            state = renamed(self, state)
        self.__dict__.update(state)
        object.__setattr__(self, "id", ProcessServer().restore(self, state["id"]))
        self._la_settle()

    def __repr__(self) -> str:
        """Class, name and id."""
        known = self.__dict__
        return f"<{type(self).__name__} {known.get('name')!r}, id {known.get('id')}>"

    def _repr_html_(self) -> str:
        return process_table(self)


class ProcessServer(WeakRegistry[AbstractProcess]):
    """Gives every Process its id; holds Processes weakly."""

    _kind = AbstractProcess

    @property
    def processes(self) -> list[AbstractProcess]:
        """All living Processes in order of creation."""
        return self._in_order()

    @property
    def num_processes(self) -> int:
        """Number of living Processes."""
        return len(self._living)

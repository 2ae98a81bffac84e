"""AbstractProcess: what a user describes. State, ports, parameters; no behaviour."""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from lava_actor.errors import NetworkError
from lava_actor.process.collection import Collection
from lava_actor.process.interfaces import AbstractProcessMember, IdGeneratorSingleton
from lava_actor.process.log import LogConfig, logger_of
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.variable import Var

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "AbstractProcess",
    "Collection",
    "LogConfig",
    "ProcessParameters",
    "ProcessPostInitCaller",
    "ProcessServer",
]

#: Attributes of AbstractProcess that members must not hide.
RESERVED = frozenset(
    {
        "proc_params", "id", "name", "log", "in_ports", "out_ports", "ref_ports", "var_ports",
        "vars", "procs", "parent_proc", "runtime", "model_class", "model", "is_compiled",
        "folded_view", "folded_view_inst_id", "compile", "create_runtime", "run", "wait", "pause",
        "stop", "save", "load", "reset", "register_sub_procs", "validate_var_aliases",
        "is_sub_proc_of", "propagate_folded_views", "log_config",
    }
)  # fmt: skip


class ProcessPostInitCaller(type):
    """Calls ``_post_init`` once, after the outermost constructor has returned."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct, then register the members."""
        obj = super().__call__(*args, **kwargs)
        obj._post_init()
        return obj


class AbstractProcess(metaclass=ProcessPostInitCaller):
    """Base of all Processes.

    Subclasses call ``super().__init__(**kwargs)`` and assign Vars and ports to attributes; after
    the outermost constructor every member gets its attribute name and its Process.

    Parameters
    ----------
    name : str, optional
        Default ``Process_<id>``.
    log_config : LogConfig, optional
    **proc_params
        Everything else a model may want to read as ``self.proc_params``.
    """

    def __init__(self, **proc_params: Any) -> None:
        self.id: int = ProcessServer().register(self)
        given = proc_params.get("name")
        self.name: str = given if given else f"Process_{self.id}"
        self.log_config = proc_params.get("log_config") or LogConfig(file="lava.log")
        self.log = logger_of(self.name, proc_params.get("log_config"))
        self.proc_params = ProcessParameters(proc_params)

        self.in_ports = Collection(self, "InPort")
        self.out_ports = Collection(self, "OutPort")
        self.ref_ports = Collection(self, "RefPort")
        self.var_ports = Collection(self, "VarPort")
        self.vars = Collection(self, "Var")
        self.procs = Collection(self, "SubProcess")

        self.parent_proc: AbstractProcess | None = None
        self._folded_view: Any = None
        self._folded_view_inst_id = -1
        self._runtime: Any = None
        self._model: Any = None
        self._model_class: type[Any] | None = None
        self._is_compiled = False
        self._executable: Any = None
        self._owner = os.getpid()

    # -- members ----------------------------------------------------------------------------

    def _post_init(self) -> None:
        """Register all members; may be called again after members were added."""
        for kind, collection in (
            (InPort, self.in_ports),
            (OutPort, self.out_ports),
            (RefPort, self.ref_ports),
            (VarPort, self.var_ports),
            (Var, self.vars),
        ):
            found = self._find_attr_by_type(kind)
            self._init_proc_member_obj(found)
            collection.add_members(found)
        sub_procs = self._find_attr_by_type(AbstractProcess)
        self._init_proc_member_obj(sub_procs)
        self.procs.add_members(sub_procs)

    def _find_attr_by_type(self, cls: type[Any]) -> dict[str, Any]:
        """Attributes that are instances of ``cls``, by name in alphabetical order.

        Properties are not evaluated.
        """
        found = {}
        for name in dir(self):
            if name in _OWN_PROCESS_ATTRIBUTES:
                continue
            value = self.__dict__.get(name, _MISSING)
            if value is _MISSING:
                value = _class_attribute(type(self), name)
            if isinstance(value, cls):
                if name in RESERVED:
                    raise NetworkError(
                        f"{self.name}.{name}: the name is reserved by AbstractProcess and cannot "
                        f"be used for a {cls.__name__}"
                    )
                found[name] = value
        return found

    def _init_proc_member_obj(self, members: dict[str, Any]) -> None:
        """Give every member its name and its Process."""
        for name, member in members.items():
            member.name = name
            member.process = self

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse members under reserved names at once."""
        if name in RESERVED and isinstance(value, AbstractProcessMember):
            raise NetworkError(
                f"{type(self).__name__}.{name}: the name is reserved by AbstractProcess and cannot "
                f"be used for a {type(value).__name__}"
            )
        object.__setattr__(self, name, value)

    # -- properties -------------------------------------------------------------------------

    @property
    def runtime(self) -> Any:
        """The Runtime of the network; None before it exists."""
        return self._runtime

    @runtime.setter
    def runtime(self, value: Any) -> None:
        self._runtime = value

    @property
    def model(self) -> Any:
        """Always None: the model lives in another OS process."""
        return self._model

    @model.setter
    def model(self, value: Any) -> None:
        self._model = value

    @property
    def model_class(self) -> type[Any] | None:
        """The model class chosen by the compiler; None before."""
        return self._model_class

    @property
    def is_compiled(self) -> bool:
        """True once the network of this Process was compiled."""
        return self._is_compiled

    @property
    def folded_view(self) -> Any:
        """Hardware annotation."""
        return self._folded_view

    @folded_view.setter
    def folded_view(self, value: Any) -> None:
        self._folded_view = value

    @property
    def folded_view_inst_id(self) -> int:
        """Hardware annotation."""
        return self._folded_view_inst_id

    @folded_view_inst_id.setter
    def folded_view_inst_id(self, value: int) -> None:
        self._folded_view_inst_id = value

    def propagate_folded_views(self) -> None:
        """Copy the hardware annotations to all sub-processes."""
        for sub in self.procs:
            sub.folded_view = self.folded_view
            sub.folded_view_inst_id = self.folded_view_inst_id
            sub.propagate_folded_views()

    # -- hierarchy --------------------------------------------------------------------------

    def register_sub_procs(self, procs: dict[str, AbstractProcess]) -> None:
        """Make ``procs`` sub-processes of this one, under the given names."""
        for name, proc in procs.items():
            if not isinstance(proc, AbstractProcess):
                raise NetworkError(
                    f"{self.name}.register_sub_procs: expected a Process for {name!r}, got {proc!r}"
                )
        for proc in procs.values():
            proc.parent_proc = self
        self.procs.add_members(procs)

    def validate_var_aliases(self) -> None:
        """Check the aliases of all Vars."""
        for var in self.vars:
            var.validate_alias()

    def is_sub_proc_of(self, proc: AbstractProcess) -> bool:
        """True if ``proc`` is the parent, grand-parent, … of this Process."""
        current = self.parent_proc
        while current is not None:
            if current is proc:
                return True
            current = current.parent_proc
        return False

    # -- execution (the one place that reaches up; hence the late imports) --------------------

    def compile(self, run_cfg: Any, compile_config: dict[str, Any] | None = None) -> Any:
        """Compile this Process and everything connected to it; no actor is started.

        Returns
        -------
        Executable
        """
        from lava_actor.runtime import session

        return session.compile(self, run_cfg, compile_config)

    def create_runtime(
        self,
        run_cfg: Any = None,
        executable: Any = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        """Compile if necessary and start the actors; nothing runs yet."""
        from lava_actor.runtime import session

        session.create_runtime(self, run_cfg, executable, compile_config)

    def run(
        self,
        condition: Any = None,
        run_cfg: Any = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        """Run the network of this Process; compiles and starts it first where necessary.

        Parameters
        ----------
        condition : RunSteps, RunContinuous, int or None
            None runs until told otherwise.
        run_cfg : RunConfig
            Required the first time.
        compile_config : dict, optional
        """
        from lava_actor.runtime import session

        session.run(self, condition, run_cfg, compile_config)

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended; no-op without a network."""
        if self.runtime is not None:
            self.runtime.wait(timeout)

    def pause(self) -> None:
        """Let all actors finish the same step, then rest; no-op without a network."""
        if self.runtime is not None:
            self.runtime.pause()

    def stop(self, timeout: float | None = None) -> None:
        """End the network; no-op without one."""
        if self.runtime is not None:
            self.runtime.stop(timeout)

    def reset(self) -> None:
        """Restore the initial values of all Vars of the network without building it again."""
        from lava_actor.runtime import session

        session.reset(self)

    def save(self, path: str | Path, **options: Any) -> None:
        """Save the network of this Process to a file."""
        from lava_actor.runtime import session

        session.save(self, path, **options)

    def load(self, path: str | Path, **options: Any) -> None:
        """Load state saved from an equal network."""
        from lava_actor.runtime import session

        session.load(self, path, **options)

    def __enter__(self) -> Any:
        """Hand out the Process; leaving the block stops the network."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop the network, whatever happened."""
        self.stop()

    def __del__(self) -> None:
        """Stop the network when the last reference to its Processes is gone."""
        runtime = self.__dict__.get("_runtime")
        if runtime is None or sys.is_finalizing() or self.__dict__.get("_owner") != os.getpid():
            return
        with contextlib.suppress(Exception):
            runtime.stop()

    def __getstate__(self) -> dict[str, Any]:
        """A Process is saved without its network."""
        state = dict(self.__dict__)
        state["_runtime"] = None
        state["log"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore and register again; the id stays if it is free."""
        self.__dict__.update(state)
        self.__dict__["_owner"] = os.getpid()
        self.__dict__["log"] = logger_of(state["name"], None)
        self.__dict__["id"] = ProcessServer().restore(self, state["id"])


_MISSING: Any = object()
_OWN_PROCESS_ATTRIBUTES = frozenset({"parent_proc", "process", "_runtime"})


def _class_attribute(cls: type[Any], name: str) -> Any:
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


class ProcessServer(IdGeneratorSingleton):
    """Gives every Process its id; holds Processes weakly."""

    instance: ClassVar[ProcessServer | None] = None
    is_not_initialized: ClassVar[bool] = True

    def __new__(cls) -> ProcessServer:
        """Return the one instance."""
        if cls.instance is None:
            cls.instance = object.__new__(cls)
        return cls.instance

    def __init__(self) -> None:
        if ProcessServer.is_not_initialized:
            super().__init__()
            self._processes: weakref.WeakValueDictionary[int, AbstractProcess] = (
                weakref.WeakValueDictionary()
            )
            ProcessServer.is_not_initialized = False

    @property
    def processes(self) -> list[AbstractProcess]:
        """All living Processes in creation order."""
        return [process for _, process in sorted(self._processes.items())]

    @property
    def num_processes(self) -> int:
        """Number of living Processes."""
        return len(self._processes)

    def register(self, process: AbstractProcess) -> int:
        """Give ``process`` an id."""
        if not isinstance(process, AbstractProcess):
            raise NetworkError(f"ProcessServer.register: expected a Process, got {process!r}")
        found = self.get_next_id()
        self._processes[found] = process
        return found

    def restore(self, process: AbstractProcess, wanted: int) -> int:
        """Register a loaded Process under its old id if that is free."""
        if wanted in self._processes:
            return self.register(process)
        self._next_id = max(self._next_id, wanted + 1)
        self._processes[wanted] = process
        return wanted

    def reset_server(self) -> None:
        """Forget everything and start at 0 again."""
        self._processes.clear()
        self._next_id = 0
        self.reset_singleton()

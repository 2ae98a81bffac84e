"""What the methods of a Process do when they reach up: compile, start, run.

This module fills the slot `AbstractProcess._la_session` with itself.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import sys
import threading
import weakref
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor import checkpoint
from lava_actor.channels.interrupts import held
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.executable import Executable
from lava_actor.compiler.network import find_network
from lava_actor.compiler.run_configs import RunConfig
from lava_actor.errors import InvalidTypeError, InvalidValueError, RuntimeStateError
from lava_actor.process import AbstractProcess, ActorType, Var
from lava_actor.process.hints import warn, yes_or_no
from lava_actor.process.times import step_seconds
from lava_actor.runtime.run_conditions import AbstractRunCondition, RunContinuous, RunSteps
from lava_actor.runtime.runtime import Runtime
from lava_actor.runtime.start.seeds import root_seed
from lava_actor.runtime.user import progress as bars
from lava_actor.runtime.user.handle import RunHandle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lava_actor.compiler.drawing import Drawing


def compile(  # noqa: A001  (the programming model's word)
    process: AbstractProcess, run_cfg: RunConfig, compile_config: Mapping[str, object] | None = None
) -> Executable:
    """Compile the network of ``process``; no actor is started."""
    return Compiler(compile_config, loglevel=_loglevel(process)).compile(process, run_cfg)


def _loglevel(process: AbstractProcess) -> int:
    return int(getattr(getattr(process, "log_config", None), "level", 30))


def create_runtime(
    process: AbstractProcess, run_cfg: RunConfig | None = None,
    executable: Executable | None = None, compile_config: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Compile if necessary, start the actors, and give every Process of the network the runtime.

    If starting fails the Processes are left un-compiled, so the call can be repeated. Of threads
    that start one network all but the first find it started.
    """
    if not isinstance(executable, (Executable, NoneType)):
        where = f"{process.name}.create_runtime"
        raise InvalidTypeError(f"{where}: expected an Executable, got {executable!r}")
    with _starts.of(process):
        _create_runtime(process, run_cfg, executable, compile_config)


class _Starts:
    """A lock per network that is not started yet: it goes by the first of its Processes."""

    def __init__(self) -> None:
        self._own = threading.Lock()
        self._locks: weakref.WeakKeyDictionary[AbstractProcess, threading.RLock] = (
            weakref.WeakKeyDictionary()
        )

    def of(self, process: AbstractProcess) -> threading.RLock:
        """The lock of the network of a Process."""
        first = min(find_network([process]), key=lambda member: member.id)
        with self._own:
            return self._locks.setdefault(first, threading.RLock())

    def renew(self) -> None:
        """In a forked child: whoever held a lock is not here."""
        self.__init__()  # type: ignore[misc]


_starts = _Starts()
os.register_at_fork(after_in_child=_starts.renew)


def _create_runtime(
    process: AbstractProcess, run_cfg: RunConfig | None, executable: Executable | None,
    compile_config: Mapping[str, object] | None,
) -> None:  # fmt: skip
    mine, known = executable is None, None
    if mine and process.runtime is not None and not process.runtime.is_over:
        _doubt_change(process, process.runtime.executable, run_cfg, compile_config)
        return  # it is there already
    if executable is None:
        executable = known = process._la_executable
    members = [] if executable is None else executable.all_processes
    loaded = checkpoint.pending_of([process, *members])  # as far as known without compiling
    if known is not None:
        given = run_cfg is not None or compile_config
        of_file = None if loaded is None else loaded.executable
        if given and of_file is not None and of_file is known:
            of_file.forget()  # the user says more
            executable = None
        else:
            _doubt_change(process, known, run_cfg, compile_config)
    if executable is None:
        if loaded is not None:
            run_cfg = loaded.run_cfg if run_cfg is None else run_cfg
            seed = loaded.compile_config["seed"]
            compile_config = {**loaded.compile_config, **(compile_config or {})}
            if loaded.resume is not None and (other := compile_config["seed"]) != seed:
                warn(
                    f"{process.name}.run: what was loaded goes on with its own random numbers, of "
                    f"seed {seed}; seed {other} has no effect"
                )
                compile_config["seed"] = seed
        if run_cfg is None:
            raise InvalidValueError(
                f"{process.name}: run_cfg is required to compile the network, got None; give "
                f"run_cfg=Loihi2SimCfg(select_tag='floating_pt'), for example"
            )
        executable = compile(process, run_cfg, compile_config)
    actor_type = executable.compile_config.get("actor_type")
    resume = None if loaded is None else loaded.resume
    runtime: Runtime | None = None
    try:
        if resume is not None:
            resume.check(executable)
        kind = ActorType.MultiProcessing if actor_type is None else actor_type
        runtime = Runtime(executable, kind, loglevel=_loglevel(process), resume=resume)
        runtime.initialize()
        with held():
            Var.starts += 1
            checkpoint.forget_pending(loaded)
            executable.assign_runtime_to_all_processes(runtime)
            if process.runtime is not runtime:
                process.runtime = runtime
    except BaseException:
        if runtime is not None:
            runtime.stop(0.0)
        if mine:
            executable.forget()
        raise


def _doubt_change(
    process: AbstractProcess, executable: Executable, run_cfg: RunConfig | None,
    compile_config: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    """Warn if a network that is compiled was given other settings than it has."""
    if run_cfg is not None and not _alike(run_cfg, executable.run_cfg):
        warn(
            f"{process.name}.run: its network is compiled for {executable.run_cfg!r} and keeps it; "
            f"stop() it first to run with {run_cfg!r}"
        )
    has: Mapping[str, Any] = executable.compile_config
    for key, value in (compile_config or {}).items():
        if key in has and not np.array_equal(has[key], value):
            warn(
                f"{process.name}.run: its network is compiled with {key}={has[key]!r} and keeps "
                f"it; stop() it first to run with {value!r}"
            )


def _alike(one: RunConfig, other: RunConfig) -> bool:
    """Whether two run configurations say the same, as far as their attributes tell."""
    if type(one) is not type(other):
        return False
    with contextlib.suppress(KeyError, ValueError):  # arrays do not compare to one bool
        return all(one.__dict__[k] == v for k, v in other.__dict__.items() if k != "log")
    return False


def run(
    process: AbstractProcess, condition: AbstractRunCondition | int | None,
    run_cfg: RunConfig | None = None, compile_config: Mapping[str, object] | None = None, *,
    blocking: bool | None = None, progress: bool | None = None,
    step_length: str | float | None = None,
) -> RunHandle | None:  # fmt: skip
    """Run the network of ``process``; starts it first if it is not running or was stopped.

    After `stop` a network starts afresh from its initial values, with the run configuration it
    had unless a new one is given.
    """
    wanted = as_condition(condition, blocking)
    if step_length is not None:
        step_seconds(step_length)
    runtime = process.runtime
    if runtime is not None and not runtime._is_initialized:
        raise RuntimeStateError(f"{process.name}: the runtime is not initialized")
    if runtime is None or runtime.is_over:
        with _starts.of(process):
            if process.runtime is runtime and process._la_is_over():
                # Compile again: it may be wired differently now.
                last = process._la_executable or runtime.executable
                last.forget()
                run_cfg = last.run_cfg if run_cfg is None else run_cfg
                compile_config = last.compile_config if compile_config is None else compile_config
            _create_runtime(process, run_cfg, None, compile_config)
    else:
        _doubt_change(process, runtime.executable, run_cfg, compile_config)
        if runtime.late:
            name = runtime.late[0]
            warn(
                f"{name}: its init was assigned after the network was started, and counts from the "
                f"next reset() or start; {name}.set(…) changes the value now"
            )
            runtime.late.clear()
    runtime = process.runtime
    assert runtime is not None
    if step_length is not None:
        runtime.executable.compile_config["step_length"] = step_length
    show = bars.wanted(None if progress is None else yes_or_no("run: progress", progress))
    if wanted.blocking:
        with bars.shown(runtime, wanted) if show else contextlib.nullcontext():
            runtime.start(wanted)
        return None
    bar = bars.Bar(runtime, wanted) if show and runtime.is_finished else None
    first = runtime.current_step
    try:
        runtime.start(wanted)
        handle = RunHandle(runtime, wanted, first)
    except BaseException:
        if bar is not None:
            bar.close()
        raise
    if bar is not None:
        bars.follow(bar, handle)
    return handle


def draw(process: AbstractProcess) -> Drawing:
    """A picture of the network of ``process``; see `AbstractProcess.draw`."""
    from lava_actor.compiler import drawing  # seldom needed

    return drawing.draw(process)


def reset(process: AbstractProcess) -> None:
    """Restore the initial values of a network without building it again.

    Every model is constructed anew with the present ``init`` of its Vars, messages in flight and in
    pipes of the user are dropped, ``time_step`` starts at 0. A running network is paused first.
    No-op without a network.
    """
    if process.runtime is not None:
        process.runtime.reset()


def save(process: AbstractProcess, path: str | Path, *, trusted: bool = False) -> None:
    """Write the network of ``process`` to a file; see `lava_actor.checkpoint`."""
    runtime = _live_runtime(process, "save")
    if runtime is not None:
        seed = runtime.root_seed
    else:
        if process.runtime is not None:
            warn(
                f"{process.name}.save: its network is over, and with it the values it had come to; "
                f"the file holds the initial ones. save() before stop() keeps them"
            )
        executable = process._la_executable
        seed = root_seed({} if executable is None else executable.compile_config)
    checkpoint.save(process, path, runtime, seed, trusted=trusted)


def _live_runtime(process: AbstractProcess, what: str) -> Runtime | None:
    """The runtime of a paused network; None if there are no actors.

    Raises
    ------
    RuntimeStateError
        If the network is running.
    """
    runtime: Runtime | None = process.runtime
    if runtime is None or not runtime.is_alive:
        return None
    runtime._own(f"{process.name}.{what}")
    if not runtime.is_finished:
        raise RuntimeStateError(f"{process.name}.{what}: the network is running; pause() it first")
    return runtime


def load(process: AbstractProcess, path: str | Path, *, trusted: bool = False) -> None:
    """Give the network of ``process`` what was saved of an equal one.

    If the network has actors, they are replaced by new ones in the saved state. Otherwise the
    next start begins there. Nothing is changed if anything is wrong.
    """
    runtime = _live_runtime(process, "load")
    update = checkpoint.Update(process, path, trusted=trusted)
    if runtime is None:
        update.commit()
        checkpoint.set_pending(update.processes, update.pending)
        return
    resume = update.pending.resume
    if resume is None:
        raise RuntimeStateError(
            f"{process.name}.load: the file has no state of a paused network, and this network is "
            f"started; stop() it first"
        )
    successor = Runtime(
        runtime.executable, runtime.actor_type, loglevel=_loglevel(process), resume=resume
    )
    late = list(runtime.late)
    try:
        update.commit()
        successor.initialize()
        with held():
            runtime.executable.assign_runtime_to_all_processes(successor)
            runtime.stop()
    except BaseException:
        if process.runtime is not successor:
            successor.stop(0.0)
            update.undo()
            runtime.late[:] = late  # what was taken back is nobody's late assignment
        raise


def load_new(path: str | Path, *, trusted: bool = False) -> AbstractProcess:
    """Build the network that a file holds, in an interpreter that need not know it.

    Returns
    -------
    AbstractProcess
        The one that was saved. If it was compiled it is again (unless its run configuration could
        not be written); if it was paused, the next run goes on from there.
    """
    process, pending = checkpoint.load_new(path, trusted=trusted)
    network = find_network([process])
    if pending.run_cfg is not None:
        executable = compile(process, pending.run_cfg, pending.compile_config)
        network = executable.all_processes
        if pending.resume is not None:
            with checkpoint.complaints(Path(path)):
                pending.resume.check(executable)
        pending = dataclasses.replace(pending, executable=executable)
    checkpoint.set_pending(network, pending)
    return process


def as_condition(
    condition: AbstractRunCondition | int | None, blocking: bool | None = None
) -> AbstractRunCondition:
    """A run condition from what `run` accepts: a condition, a number of steps, or nothing.

    ``None`` means: run until told otherwise. ``blocking``, if it is given, counts rather than what
    the condition says; the condition itself stays as it is.
    """
    found = _as_condition(condition)
    blocking = found.blocking if blocking is None else yes_or_no("run: blocking", blocking)
    if blocking == found.blocking:
        return found
    if isinstance(found, RunContinuous):
        raise InvalidValueError(
            "run: expected a condition that ends, for blocking=True, got RunContinuous()"
        )
    found = copy.copy(found)
    found.blocking = blocking
    return found


def _as_condition(condition: AbstractRunCondition | int | None) -> AbstractRunCondition:
    if condition is None:
        return RunContinuous()
    if isinstance(condition, AbstractRunCondition):
        return condition
    if hasattr(condition, "__index__") and not isinstance(condition, bool):
        return RunSteps(num_steps=condition)
    if isinstance(condition, type):
        hint = f", the class itself; write {condition.__name__}(…)"
    else:
        hint = "; it belongs to run_cfg" * isinstance(condition, RunConfig)
    raise InvalidValueError(
        f"run: expected RunSteps, RunContinuous, a number of steps or None, got {condition!r}{hint}"
    )


AbstractProcess._la_session = sys.modules[__name__]

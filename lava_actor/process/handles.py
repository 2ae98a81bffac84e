"""What a Process knows of the floors above it: the shape of its network, and who builds one.

`AbstractProcess._la_session` is a slot: the runtime fills it with the module that compiles, starts
and runs (`runtime/user/session.py`).
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lava_actor.channels.records import RecordStore
    from lava_actor.process.process import AbstractProcess


class RunConfigLike(Protocol):
    """Chooses a model for every Process: a `RunConfig`, or what behaves like one."""

    def select(self, process: AbstractProcess, models: Any, /) -> object:
        """Return one of the model classes."""


class RuntimeHandle(Protocol):
    """A network that was started, as its Processes and Vars see it."""

    late: list[str]

    @property
    def is_over(self) -> bool:
        """Whether it was stopped or has failed."""

    @property
    def records(self) -> RecordStore:
        """Where it records."""

    def wait(self, timeout: float | None = None) -> None:
        """Block until the run has ended."""

    def pause(self) -> None:
        """Let all actors rest after the same step."""

    def stop(self, timeout: float | None = None) -> None:
        """End it."""

    def get_var(self, var_id: int, idx: object = None) -> Any:
        """Return the value of a Var."""

    def set_var(self, var_id: int, value: object, idx: object = None) -> None:
        """Write the value of a Var."""

    def __exit__(self, *exc: object) -> None:
        """Stop it, unless it belongs to a parent process."""


def stop_abandoned(runtime: Any) -> None:
    """Stop a runtime from a thread of its own, once.

    Objects die wherever memory happens to be collected: in the middle of starting another network,
    say, with its locks held. Stopping takes locks and time, so it must not happen right there.
    """
    if getattr(runtime, "is_over", False) or getattr(runtime, "_is_abandoned", False):
        return
    runtime._is_abandoned = True
    threading.Thread(target=_stop_quietly, args=(runtime,), name="lava_actor-abandoned").start()


def _stop_quietly(runtime: RuntimeHandle) -> None:
    try:
        runtime.stop()
    except Exception:
        logging.getLogger("lava_actor").exception("stopping a network nobody refers to failed")

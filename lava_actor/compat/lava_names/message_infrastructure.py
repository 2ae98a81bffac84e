"""Lava's message infrastructure: plain functions in forked processes, joined by channels.

Networks do not run on this (their actors come from the launcher); it serves programs and tests that
use channels by themselves.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import multiprocess

from lava_actor.compat.lava_names.channels import Channel, ChannelType, PyPyChannel
from lava_actor.compat.lava_names.shared_memory_manager import SharedMemoryManager
from lava_actor.errors import UnsupportedError
from lava_actor.process.message_interface_enum import ActorType

_fork = multiprocess.get_context("fork")
_Process: Any = _fork.Process


class SystemProcess(_Process):  # type: ignore[misc]  # multiprocess has no annotations
    """A forked process that remembers the exception that ended it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._report: Connection
        self._reported: Connection
        self._reported, self._report = _fork.Pipe(duplex=False)
        self._exception: tuple[str, str] | None = None

    def run(self) -> None:
        """Run the target; what it raises is kept for the parent before it ends the process."""
        try:
            super().run()
        except Exception as error:
            self._report.send((repr(error), traceback.format_exc()))
            raise

    @property
    def exception(self) -> tuple[str, str] | None:
        """``(repr of the exception, traceback)`` of a process that failed, otherwise None."""
        if self._exception is None and not self._reported.closed and self._reported.poll():
            self._exception = self._reported.recv()
        return self._exception

    def close(self) -> None:
        """Release the process's descriptors; it must have ended."""
        _ = self.exception
        self._report.close()
        self._reported.close()
        super().close()


class MultiProcessing:
    """Starts functions as operating-system processes and hands out shared memory.

    Attributes
    ----------
    actors : processes started so far and not stopped
    smm : the `SharedMemoryManager`, None before `start`
    """

    STOP_TIMEOUT = 5.0
    """Seconds that `stop` waits for each actor to end by itself, and once more after SIGTERM."""

    def __init__(self) -> None:
        self.actors: list[SystemProcess] = []
        self.smm: SharedMemoryManager | None = None

    def start(self) -> None:
        """Start the shared memory manager."""
        self.smm = SharedMemoryManager()
        self.smm.start()

    def build_actor(self, target_fn: Callable[..., object], builder: object) -> SystemProcess:
        """Run ``target_fn(builder=builder)`` in a process of its own."""
        process = SystemProcess(target=target_fn, kwargs={"builder": builder})
        process.start()
        self.actors.append(process)
        return process

    def channel_class(self, channel_type: ChannelType) -> type[Channel]:
        """Return the class of channel for `channel_type`.

        Raises
        ------
        UnsupportedError
            For anything but channels between Python processes.
        """
        if channel_type is not ChannelType.PyPy:
            raise UnsupportedError(
                f"MultiProcessing.channel_class: expected ChannelType.PyPy, got {channel_type!r}"
            )
        return PyPyChannel

    def stop(self) -> None:
        """Wait for the actors, end those that do not end by themselves, free the shared memory."""
        for actor in self.actors:
            actor.join(self.STOP_TIMEOUT)
            for end in (actor.terminate, actor.kill):
                if actor.is_alive():
                    end()
                    actor.join(self.STOP_TIMEOUT)
            actor.close()
        self.actors.clear()
        if self.smm is not None:
            self.smm.shutdown()


class MessageInfrastructureFactory:
    """Makes the message infrastructure for a type of actor."""

    @staticmethod
    def create(factory_type: ActorType) -> MultiProcessing:
        """Return the infrastructure for `factory_type`, not started.

        Raises
        ------
        UnsupportedError
            For anything but `ActorType.MultiProcessing`.
        """
        if factory_type is not ActorType.MultiProcessing:
            raise UnsupportedError(
                "MessageInfrastructureFactory.create: expected ActorType.MultiProcessing, "
                f"got {factory_type!r}"
            )
        return MultiProcessing()

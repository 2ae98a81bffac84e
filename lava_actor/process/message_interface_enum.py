"""Where actors live."""

from __future__ import annotations

from enum import IntEnum


class ActorType(IntEnum):
    """Kind of actor: an operating-system process each (default), or a thread each."""

    MultiProcessing = 0
    Threading = 1

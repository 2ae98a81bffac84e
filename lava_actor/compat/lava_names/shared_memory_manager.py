"""Blocks of anonymous shared memory.

Unlike Lava's manager this one is no process, and its blocks have no name: they are inherited by
forked children and freed by the kernel with their last user, so nothing can be left behind.
"""

from __future__ import annotations

import mmap

from lava_actor.errors import InvalidValueError, RuntimeStateError


class SharedBlock:
    """A block of shared memory.

    Attributes
    ----------
    size : number of bytes asked for
    buf : memoryview of them, writable; zeros at first
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = mmap.mmap(-1, size)
        self.buf = memoryview(self._memory)

    def close(self) -> None:
        """Give the memory up, unless arrays that look at it exist: then it goes with the last."""
        try:
            self.buf.release()
            self._memory.close()
        except BufferError:  # exported: the arrays keep the mapping alive
            pass


class SharedMemoryManager:
    """Hands out shared memory between `start` and `shutdown`."""

    def __init__(self) -> None:
        self._blocks: list[SharedBlock] | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        self._blocks = self._blocks or []

    def create_shared_memory(self, size: int) -> SharedBlock:
        """Return a new block.

        Parameters
        ----------
        size : int
            Bytes, at least 1.

        Raises
        ------
        RuntimeStateError
            Before `start` or after `shutdown`.
        InvalidValueError
            For a size below 1.
        """
        if self._blocks is None:
            raise RuntimeStateError(
                "SharedMemoryManager.create_shared_memory: expected a started manager, "
                "came before start() or after shutdown()"
            )
        if size < 1:
            raise InvalidValueError(
                f"SharedMemoryManager.create_shared_memory: expected at least 1 byte, got {size}"
            )
        block = SharedBlock(int(size))
        self._blocks.append(block)
        return block

    def shutdown(self) -> None:
        """Close all blocks; a second call changes nothing."""
        for block in self._blocks or ():
            block.close()
        self._blocks = None

    def __enter__(self) -> SharedMemoryManager:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.shutdown()

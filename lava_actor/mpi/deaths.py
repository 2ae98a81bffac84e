"""Who has died: a thread of each rank that looks after ranks on the same machine.

MPI does not tell, and may never return from a call that concerns a rank that is gone. A process of
this machine can be waited for, whoever started it. So rank 0 waits for all that are here, and they
for it. Of ranks on other machines the launcher knows: it ends all of them when one dies.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from pathlib import Path

from lava_actor.mpi.machine import Processes
from lava_actor.runtime.start.processes import how_it_ended, start_thread


class Deaths:
    """Waits for processes of this machine to end.

    Parameters
    ----------
    ranks : Processes
    tell : callable
        Called in a thread of its own with the rank and how it has ended.
    """

    def __init__(self, ranks: Processes, tell: Callable[[int, str], None]) -> None:
        self._ranks = ranks
        self._tell = tell
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = start_thread("lava_actor deaths", self._watch)

    def close(self) -> None:
        """From now on they may end."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        os.close(self._end)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        watched = {}
        for rank, pid in self._ranks.items():
            try:
                descriptor = os.pidfd_open(pid)
            except OSError:
                self._tell(rank, f"process {pid} is gone")
                continue
            watched[descriptor] = rank
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor == self._end:
                        return
                    rank = watched[descriptor]
                    poll.unregister(descriptor)
                    self._tell(rank, f"process {self._ranks[rank]} {_fate(self._ranks[rank])}")
        finally:
            for descriptor in watched:
                os.close(descriptor)


def _fate(pid: int) -> str:
    """How a process ended that its parent has not asked about yet, in words."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
        return how_it_ended(int(text[text.rindex(b")") + 2 :].split()[49]))
    except (OSError, ValueError, IndexError):
        return "has ended"

"""Forking without housekeeping nobody needs.

`os.fork` runs what Python modules registered for the child: `threading` renews its locks and its
list of threads, `logging` its locks, `random` its seed. All of that is for processes in which other
threads may have held a lock. A service has one thread and forks a hundred actors, each of which
would do it again, in memory it still shares with its parent: every page that is written to is
copied, and this housekeeping writes to two hundred pages, a fifth of all an actor ever does.

So where it is known that nothing depends on it, the system's own fork is called: there is a single
thread, hence no lock that somebody else holds; and since the launcher began, before any code of a
user was imported, nothing was registered that has to run. Handlers of native libraries
(``pthread_atfork``) run in any case, and an actor seeds `random` by itself. If in doubt, it is
`os.fork`.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from typing import Any

#: Holds the lock of the interpreter during the call, as `os.fork` does.
_system = ctypes.PyDLL(None, use_errno=True)

#: True while only modules that were loaded by the launcher itself have registered anything.
_only_known = False


def watch() -> None:
    """Notice from now on if anything registers to run at a fork."""
    global _only_known  # noqa: PLW0603  (a property of the process)
    _only_known = True
    register = os.register_at_fork

    def noticed(**functions: Any) -> None:
        global _only_known  # noqa: PLW0603  (see above)
        _only_known = False
        register(**functions)

    os.register_at_fork = noticed


def is_single() -> bool:
    """Whether this process is known to have one thread only."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:  # no /proc here
        return False


def cheapest() -> Callable[[], int]:
    """The fork to use in this process as it is now; raises OSError as `os.fork` does."""
    return _fork if is_single() and _only_known else os.fork


def _fork() -> int:
    pid: int = _system.fork()
    if pid < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return pid


def why_not(error: OSError) -> str:
    """Why the system starts no more processes, in words."""
    if error.errno != errno.EAGAIN:
        return str(error.strerror)
    return f"{error.strerror}: a limit of processes is reached (ulimit -u, pids of a container)"

"""The user's end of the launcher: started lazily, once per interpreter.

Forking a notebook kernel is unsafe (threads, locks, sockets) and ``spawn`` imports the user's
``__main__`` again. So a clean interpreter is started with `subprocess` (which only execs), and
everything of ours is forked from there. If this interpreter is itself forked, the child starts a
launcher of its own when it needs one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lava_actor.channels.pipe import Pipe, PipeEnded
from lava_actor.runtime.processes import how_it_ended, look
from lava_actor.runtime.surroundings import flags

#: Environment variable: BLAS and OpenMP threads per actor (default 1: actors are the parallelism).
THREADS_VARIABLE = "LAVA_ACTOR_BLAS_THREADS"
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


#: Seconds for the launcher to say how a service ended, which it may have to wait for.
FATE_SECONDS = 1.0
#: Seconds for the launcher to end, and with it all networks of this interpreter.
CLOSE_SECONDS = 5.0


class Launcher:
    """A running launcher process and our pipe to it."""

    def __init__(self) -> None:
        ours, theirs = Pipe.pair()
        path = [str(Path(__file__).resolve().parents[2]), *filter(os.path.isabs, sys.path)]
        program = (
            "import sys, warnings; warnings.simplefilter('ignore'); "
            "path = sys.argv[3:]; sys.path[:] = [path[0], *filter(None, sys.path), *path[1:]]; "
            "from lava_actor.runtime.launcher_main import main; "
            "main(int(sys.argv[1]), int(sys.argv[2]))"
        )
        control = theirs.detach()
        try:
            self.process = subprocess.Popen(
                [sys.executable, *flags(), "-c", program, str(control), str(os.getpid()), *path],
                pass_fds=(control,),
                stdin=subprocess.DEVNULL,
                env=_environment(),
                process_group=0,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(control)
        self.pipe = ours
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._preloaded: set[str] = set()
        self._given_up = False

    def preload(self, modules: set[str]) -> None:
        """Let the launcher import modules that are the same in every program, once."""
        with self._lock:
            new = modules - self._preloaded
            if new:
                with contextlib.suppress(PipeEnded):  # met again, and told, by who waits for it
                    self.pipe.send("preload", sorted(new))
                self._preloaded |= new

    def order(self, plan: Any, fds: Sequence[int]) -> None:
        """Start a service: plan, and the descriptors of pipe, arena, wake-up event and values.

        The plan travels in a memory file: the frame itself always fits into the socket, so that
        this does not wait for a launcher that does not read.
        """
        pipe, arena, wake_up, *values = fds
        order = os.memfd_create("lava_actor-order", os.MFD_CLOEXEC)
        with open(order, "wb") as file:
            pickle.dump(plan, file, protocol=5)
            file.flush()
            with contextlib.suppress(PipeEnded), self._lock:
                self.pipe.send("service", fds=[pipe, arena, wake_up, order, *values])

    def fate(self, pid: int) -> str:
        """How a service ended, in words; what is known if the launcher does not say."""
        deadline = time.monotonic() + FATE_SECONDS
        with contextlib.suppress(PipeEnded), self._lock:
            self.pipe.send("fate", key=pid)
            while self.pipe.poll(max(0.0, deadline - time.monotonic())):
                frame = self.pipe.recv()
                status = frame.take()
                if frame.key == pid:
                    return "ended for unknown reasons" if status is None else how_it_ended(status)
        return self.end() or "ended for unknown reasons"

    def end(self) -> str:
        """How the launcher has ended, in words; empty while it lives."""
        code = self.process.poll()
        if code is None:
            return ""
        return f"the launcher has died: {how_it_ended(-code if code < 0 else code << 8)}"

    def alive(self) -> bool:
        """True while the launcher can take orders from this very interpreter."""
        return self.owner == os.getpid() and not self._given_up and self.process.poll() is None

    def give_up(self) -> None:
        """Take no further orders: another launcher does. What this one has started goes on."""
        self._given_up = True

    def forget(self) -> None:
        """Close our end of a launcher that is gone."""
        self.pipe.close()
        self.process.wait()

    def leave_to_parent(self) -> None:
        """In a forked child: the launcher is the parent's; only our copies are closed."""
        self.pipe.close()
        self.process.returncode = 0

    def close(self) -> None:
        """End the launcher (its services end with it)."""
        if self.owner != os.getpid():
            return
        self.pipe.close()
        deadline = time.monotonic() + CLOSE_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            seen = look(self.process.pid)
            if seen is not None and seen.halted:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
        self.process.kill()
        self.process.wait()


def _environment() -> dict[str, str]:
    threads = os.environ.get(THREADS_VARIABLE, "1")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}  # those are for models
    return {**kept, **dict.fromkeys(_THREAD_VARIABLES, threads)}


_launcher: Launcher | None = None
_given_up: list[Launcher] = []
_lock = threading.Lock()


def ensure() -> Launcher:
    """The launcher of this interpreter; starts it if there is none (about 0.2 s)."""
    global _launcher  # noqa: PLW0603  (one launcher per interpreter is the point)
    with _lock:
        if _launcher is None or not _launcher.alive():
            if _launcher is not None and _launcher.end():
                _launcher.forget()
            elif _launcher is not None:
                _given_up.append(_launcher)
            _launcher = Launcher()
        return _launcher


def _forget_in_child() -> None:
    """A child the user forks gets a launcher of its own when it needs one."""
    global _launcher, _lock  # noqa: PLW0603  (see below)
    _lock = threading.Lock()
    for launcher in (*_given_up, *filter(None, [_launcher])):
        launcher.leave_to_parent()
    _given_up.clear()
    _launcher = None


os.register_at_fork(after_in_child=_forget_in_child)


def at_exit_before_launcher(function: Callable[[], None]) -> Callable[[], None]:
    """Register an exit hook that still finds the launcher alive (hooks run last in, first out)."""
    return atexit.register(function)


@atexit.register
def shut_down() -> None:
    """End the launcher, if there is one."""
    global _launcher  # noqa: PLW0603  (see above)
    with _lock:
        for launcher in (*_given_up, *filter(None, [_launcher])):
            launcher.close()
        _given_up.clear()
        _launcher = None

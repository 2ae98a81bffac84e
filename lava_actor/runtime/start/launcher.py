"""The user's end of the launcher: started lazily, once per interpreter.

Forking a notebook kernel is unsafe (threads, locks, sockets) and ``spawn`` imports the user's
``__main__`` again. So a clean interpreter is started with `subprocess` (which only execs), and
everything of ours is forked from there. A service that had to import something slow stays, and is
the launcher of the networks that need the same: warm, as long as no file has changed. If this
interpreter is itself forked, the child starts a launcher of its own when it needs one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence

from lava_actor.built import PACKAGE
from lava_actor.channels.interrupts import held
from lava_actor.channels.pipe import Frame, Pipe, PipeEnded, ready
from lava_actor.runtime.start.descriptors import keep_standard_ones
from lava_actor.runtime.start.environment import flags, import_places, safe_path
from lava_actor.runtime.start.processes import GRACE_SECONDS, how_it_ended, is_halted
from lava_actor.runtime.start.program import stamp

#: Environment variable: BLAS and OpenMP threads per actor (default 1: actors are the parallelism).
THREADS_VARIABLE = "LAVA_ACTOR_BLAS_THREADS"
_THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
)


#: Seconds for the launcher to say how a service ended. It may first have to end what that has left:
#: whatever does not react to SIGTERM takes `GRACE_SECONDS`.
FATE_SECONDS = 2.0 + GRACE_SECONDS
#: Seconds for the launcher to end, and with it all networks of this interpreter.
CLOSE_SECONDS = 5.0
#: Environment variable: how many warm launchers to keep (default 3; 0: none is ever made).
WARM_VARIABLE = "LAVA_ACTOR_WARM_LAUNCHERS"


class _Process:
    """A process that is not our child, held by its pidfd, as `subprocess.Popen` holds one."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = descriptor

    def poll(self) -> int | None:
        """None while it lives. Its own parent knows how it has ended; we say "killed"."""
        if self.returncode is None and ready(self._descriptor, select.POLLIN, 0):
            self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        if self.returncode is None and not ready(self._descriptor, select.POLLIN, timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        self.close()

    def kill(self) -> None:
        """Kill it, if it lives."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it."""
        self.returncode = self.returncode or -signal.SIGKILL
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Launcher:
    """A running launcher process and our pipe to it."""

    process: subprocess.Popen[bytes] | _Process

    def __init__(self) -> None:
        keep_standard_ones()
        ours, theirs = Pipe.pair()
        program = (
            "import sys, warnings; warnings.simplefilter('ignore'); sys.path[:] = sys.argv[3:]; "
            "from lava_actor.runtime.start.launcher_main import main; "
            "main(int(sys.argv[1]), int(sys.argv[2]))"
        )
        control = theirs.detach()
        options = [*flags(), *safe_path()]
        try:
            self.process = subprocess.Popen(
                [sys.executable, *options, "-c", program, str(control), str(os.getpid()), *_path()],
                pass_fds=(control,), stdin=subprocess.DEVNULL, env=_environment(), process_group=0,
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(control)
        self._begin(ours)

    def _begin(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._preloaded: set[str] = set()
        self._orders = 0
        self._given_up = False

    def preload(self, modules: set[str]) -> None:
        """Let the launcher import modules that are the same in every program, once."""
        with self._lock:
            new = modules - self._preloaded
            if new:
                with contextlib.suppress(PipeEnded):  # met again, and told, by who waits for it
                    self.pipe.send("preload", sorted(new))
                self._preloaded |= new

    def order(self, plan: object, fds: Sequence[int]) -> int:
        """Start a service: plan, and the descriptors of pipe, arena, wake-up event and values.

        Returns what `fate` may be asked with before the service has said which process it is. The
        plan travels in a memory file: the frame itself always fits into the socket, so that
        this does not wait for a launcher that does not read.
        """
        pipe, arena, wake_up, *values = fds
        with held(), open(os.memfd_create("lava_actor-order", os.MFD_CLOEXEC), "wb") as file:
            pickle.dump(plan, file, protocol=5)
            file.flush()
            fds = [pipe, arena, wake_up, file.fileno(), *values]
            with self._lock:
                self._orders -= 1
                order = self._orders
                with contextlib.suppress(PipeEnded):
                    self.pipe.post("service", key=order, fds=fds)
        with contextlib.suppress(PipeEnded):
            self.pipe.flush(None)
        return order

    def fate(self, key: int) -> str:
        """How a service (by process id or order) ended, in words, as far as the launcher knows."""
        deadline = time.monotonic() + FATE_SECONDS
        with contextlib.suppress(PipeEnded), self._lock:
            self.pipe.send("fate", key=key)
            while self.pipe.poll(max(0.0, deadline - time.monotonic())):
                frame = self.pipe.recv()
                told: str | None = frame.take()
                if frame.key == key:
                    return told or "ended for unknown reasons"
        with contextlib.suppress(subprocess.TimeoutExpired):  # its pipe ends before it does
            self.process.wait(max(0.0, deadline - time.monotonic()))
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
            if is_halted(self.process.pid):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
        self.process.kill()
        self.process.wait()


class WarmLauncher(Launcher):
    """A process that was to be a service, and stays because of what it has imported.

    Parameters
    ----------
    frame : names it has imported; import path, Lava's names; files of the program's own modules
        with their time and size
    """

    process: _Process

    def __init__(self, pid: int, descriptor: int, frame: Frame) -> None:
        self.process = _Process(pid, descriptor)
        self._names, self._where, self._files = frame.parcel.unpack()
        self._begin(Pipe(frame.release()[0]))

    def fits(self, needed: set[str]) -> bool:
        """Whether it has what is needed, from the same places."""
        return needed <= self._names and self._where == import_places()

    def is_stale(self) -> bool:
        """Whether a file that it has imported has changed, or it has ended."""
        return not self.alive() or any(stamp(file) != known for file, known in self._files.items())

    def retire(self) -> None:
        """Let it end as soon as no service is left."""
        self.give_up()
        with contextlib.suppress(PipeEnded), self._lock:
            self.pipe.post("retire")

    def leave_to_parent(self) -> None:
        """In a forked child: only our copies are closed."""
        self.pipe.close()
        self.process.close()


def _path() -> list[str]:
    """The folders this interpreter imports from, in their order: NumPy is to be the same one.

    Python's own come first, whatever lies beside the program, and this package's is among them.
    """
    path, _ = import_places()
    own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    own |= {os.path.join(folder, "lib-dynload") for folder in own}
    first = [entry for entry in path if entry in own]
    rest = [entry for entry in path if entry not in own]
    return [*first, *rest, str(PACKAGE.parent)]


def _environment() -> dict[str, str]:
    threads = os.environ.get(THREADS_VARIABLE, "1")
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}  # those are for models
    return {**kept, **dict.fromkeys(_THREAD_VARIABLES, threads)}


_launcher: Launcher | None = None
_given_up: list[Launcher] = []
_warm: list[WarmLauncher] = []
"""Launchers that have imported what networks of this program need; the last used is last."""
_lock = threading.Lock()


def ensure() -> Launcher:
    """The launcher of this interpreter; starts it if there is none (about 0.2 s)."""
    global _launcher  # noqa: PLW0603  (one launcher per interpreter is the point)
    with held(), _lock:  # one that is not noted down would be nobody's
        if _launcher is None or not _launcher.alive():
            if _launcher is not None:
                _given_up.append(_launcher)
                _put_away()
            _launcher = Launcher()
        return _launcher


def warm(needed: set[str]) -> WarmLauncher | None:
    """A launcher that has imported what a network needs; ends those that are of no more use."""
    with _lock:
        _put_away()
        surplus = _warm[: max(0, len(_warm) - most_warm())]
        for launcher in [each for each in _warm if each.is_stale()] + surplus:
            if launcher in _warm:
                _warm.remove(launcher)
                _given_up.append(launcher)
                launcher.retire()
        found = next((each for each in _warm if needed and each.fits(needed)), None)
        if found is not None:
            _warm.remove(found)
            _warm.append(found)
        return found


def most_warm() -> int:
    """How many warm launchers to keep."""
    return int(os.environ.get(WARM_VARIABLE, "3"))


def _put_away() -> None:
    """Close our ends of launchers that take no orders and have ended."""
    for launcher in _given_up[:]:
        if launcher.end():
            launcher.forget()
            _given_up.remove(launcher)


def keep_warm(pid: int, descriptor: int, frame: Frame) -> WarmLauncher:
    """A service has become a launcher."""
    with _lock:
        _warm.append(WarmLauncher(pid, descriptor, frame))
        return _warm[-1]


def _forget_in_child() -> None:
    """A child the user forks gets a launcher of its own when it needs one."""
    global _launcher, _lock  # noqa: PLW0603  (see below)
    _lock = threading.Lock()
    for launcher in (*_given_up, *_warm, *filter(None, [_launcher])):
        launcher.leave_to_parent()
    _given_up.clear()
    _warm.clear()
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
        for launcher in (*_warm, *_given_up, *filter(None, [_launcher])):
            launcher.close()
        _given_up.clear()
        _warm.clear()
        _launcher = None

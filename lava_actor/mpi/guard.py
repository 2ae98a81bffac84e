"""The process between the launcher and a rank, which keeps the launcher from acting too early.

MPICH's ``mpiexec`` kills all ranks as soon as one of its children has died: the program could not
be told which one. So its child is a guard, and the rank is the guard's. If the program's rank
watches this one, as it does on one machine, the guard ends when the program has. Otherwise it says
who died, and ends: then the launcher ends all. It ends as its rank did.

It is in the process group of its rank. What the launcher kills, it kills as a group, so only the
guard of the rank that died first is there to speak.
"""

import contextlib
import os
import re
import select
import signal
import sys
import time
import warnings

#: Seconds in which the launcher ends who crashed because of another: MPI may, without its partner.
CRASH_SECONDS = 1.0
DONE = "done"
ALONE = "alone"


class Guard:
    """The guard of this rank, as the rank has it."""

    of_this_rank: "Guard | None" = None

    def __init__(self) -> None:
        words, self._words = os.pipe2(0)
        self._process = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # parent is replaced
            child = os.fork()
        if child:
            os.close(self._words)
            arguments = [os.environ["PMI_RANK"], str(child), str(words)]
            os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, *arguments])
        os.close(words)
        os.set_inheritable(self._words, False)

    def end_with_it(self) -> None:
        """From now on this rank ends when the guard is killed."""
        from lava_actor.runtime.start.processes import hear_of_parents_end

        hear_of_parents_end(self._process, signal.SIGKILL)

    def say(self, what: str) -> None:
        """Tell it that all is ``done``, that nobody watches, or the process that does."""
        with contextlib.suppress(OSError):
            os.write(self._words, f"{what}\n".encode())


def begin() -> None:
    """Become a rank that is guarded, if this is one of several that MPICH has started."""
    several = os.environ.get("PMI_SIZE", "1") != "1" and "PMI_FD" in os.environ
    after_m = sys.orig_argv[sys.orig_argv.index("-m") + 1 :] if sys.argv[0] == "-m" else []
    if several and after_m[:1] == ["lava_actor.mpi"]:
        Guard.of_this_rank = Guard()


def _guard(rank: str, process: int, words: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the program
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)  # others can still see how it ended
    os.set_blocking(words, False)
    try:
        said = os.read(words, 4096).decode().split()
    except BlockingIOError:  # nothing, and a child of the rank lives on
        said = []
    last = said[-1] if said else ALONE
    if last not in (DONE, ALONE):
        with contextlib.suppress(OSError):
            select.select([os.pidfd_open(int(last))], [], [])
    status = os.waitpid(process, 0)[1]
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if last == ALONE:
        program = ", which ran the program," if rank == "0" else ""
        if number != signal.SIGKILL:
            time.sleep(CRASH_SECONDS)
        how = signal.Signals(number).name if number else f"exit code {os.WEXITSTATUS(status)}"
        where = f"process {process} on {os.uname().nodename}"
        os.write(2, f"lava_actor: rank {rank}{program} has died: {how} ({where})\n".encode())
        _forget_shared_memory()
    if number:
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def _forget_shared_memory() -> None:
    """Take the names away that MPI gave before all ranks had joined: they outlive the ranks."""
    job = {os.getppid()}
    mine: set[str] = set()
    others: set[str] = set()
    for process in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        with contextlib.suppress(OSError):
            with open(f"/proc/{process}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{process}/maps") as file:
                found = set(re.findall(r"/dev/shm/mpich_shm_\w+", file.read()))
            if parent in job:
                job.add(process)
            (mine if process in job else others).update(found)
    for name in mine - others:
        with contextlib.suppress(OSError):
            os.unlink(name)


if __name__ == "__main__":
    _guard(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

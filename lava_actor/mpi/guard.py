"""The process between the launcher and a rank, which keeps the launcher from acting too early.

MPICH's ``mpiexec`` kills all ranks as soon as one of its children has died: the program could not
be told which one. So its child is a guard, and the rank is the guard's. If the program's rank
watches this one, as it does on one machine, the guard ends after that of the program, which may
have something to say. Otherwise it says who died, and ends: then the launcher ends all. It ends as
its rank did.

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
#: Seconds for the other ranks to be stopped.
STOP_SECONDS = 5.0
#: Memory that MPI has named.
NAME = re.compile(r"/dev/shm/(?:mpich_shm|ucx_shm_posix)_\w+")
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
        """Tell it that all is ``done``, that nobody watches, or the guard of the rank that does."""
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
        _forget_shared_memory(_stop_the_others())
    if number:
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def _stop_the_others() -> set[int]:
    """Stop the ranks that the launcher has started beside this one; their process groups.

    It will kill them. But MPI names its memory while ranks join, and they must not go on with that
    once these names are taken away. Their guards go on: they may be doing the same.
    """
    launcher, mine, groups = os.getppid(), os.getpgrp(), set[int]()
    until = time.monotonic() + STOP_SECONDS
    while time.monotonic() < until:
        processes = _processes()
        groups |= {group for _, _, parent, group in processes if parent == launcher}
        groups -= {mine, os.getpgid(launcher)}
        running = [p for p, state, _, group in processes if group in groups and state not in "TZ"]
        if not (left := [process for process in running if not _is_guard(process)]):
            break
        for process in left:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGSTOP)
        time.sleep(0.005)
    return groups


def _is_guard(process: int) -> bool:
    """Whether it is one, or gone."""
    try:
        with open(f"/proc/{process}/cmdline") as file:
            return __file__ in file.read().split("\0")
    except OSError:
        return True


def _processes() -> list[tuple[int, str, int, int]]:
    """Of all that can be seen: number, state, parent, group."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{process}/stat") as file:
            state, parent, group = file.read().rpartition(")")[2].split()[:3]
            found.append((int(process), state, int(parent), int(group)))
    return found


def guard_of(rank: int) -> int:
    """The guard of a rank by the process of the rank, which may be dead."""
    return next((parent for number, _, parent, _ in _processes() if number == rank), rank)


def _start_of(process: int) -> float:
    """When it was started, or a little earlier."""
    with open(f"/proc/{process}/stat") as file, open("/proc/uptime") as up:
        ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.time() - float(up.read().split()[0]) + ticks / os.sysconf("SC_CLK_TCK") - 1.0


def _forget_shared_memory(groups: set[int]) -> None:
    """Take away the names that MPI gave since the launcher began, but for what others use.

    Others may begin now: names come first, and a process's descriptors before its maps, which is
    the order in which memory is named, opened and mapped.
    """
    since, names = _start_of(os.getppid()), set()
    with contextlib.suppress(OSError):
        for named in os.scandir("/dev/shm"):
            with contextlib.suppress(OSError):
                made = named.stat()
                if made.st_uid == os.getuid() and made.st_mtime >= since:
                    names.update(NAME.findall(named.path))
    for process, _, _, group in _processes() if names else ():
        if group in groups:
            continue
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    names.difference_update(
                        NAME.findall(os.readlink(f"/proc/{process}/fd/{descriptor}"))
                    )
        with contextlib.suppress(OSError), open(f"/proc/{process}/maps") as file:
            names.difference_update(NAME.findall(file.read()))
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(name)


if __name__ == "__main__":
    _guard(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

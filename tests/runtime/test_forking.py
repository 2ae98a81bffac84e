"""Actors are forked cheaply, and nobody notices."""

from __future__ import annotations

import errno
import fcntl
import importlib
import os
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lava_actor import RunSteps
from lava_actor.channels.pipe import Pipe
from lava_actor.runtime.start import launcher_main
from lava_actor.runtime.start.launcher import _Process
from tests.runtime.networks import Counter, First, PyCounter, Sink
from tests.runtime.scripts import run_script


class PyLooker(PyCounter):
    """Counts the descriptors of its actor."""

    def run_spk(self) -> None:
        self.count[:] = len(os.listdir("/proc/self/fd"))
        self.out.send(self.count)


class Look(First):
    """Every Counter is a looker."""

    def select(self, process: Any, models: list[Any]) -> Any:
        return PyLooker if isinstance(process, Counter) else models[0]


def test_an_actor_has_no_descriptor_of_another_one() -> None:
    alone, together = Counter(), [Counter() for _ in range(6)]
    sinks = Sink(), Sink()
    sinks[0].inp.connect_from([alone.out])
    sinks[1].inp.connect_from([counter.out for counter in together])
    seen = []
    for sink, counters in zip(sinks, ([alone], together), strict=True):
        with sink:
            sink.run(RunSteps(1), Look())
            seen += [int(counter.count.get()[0]) for counter in counters]
    assert len(seen) == 7
    assert len(set(seen)) == 1


HOOKED = """
import os
import numpy as np
from lava_actor import *

forked = []
os.register_at_fork(after_in_child=lambda: forked.append(os.getpid()))

class Hooked(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.called = Var((1,), init=0)

@implements(proc=Hooked, protocol=LoihiProtocol)
class PyHooked(PyLoihiProcessModel):
    called: np.ndarray = LavaPyType(np.ndarray, np.int64)
    def run_spk(self):
        self.called[:] = forked.count(os.getpid())
"""


def test_what_a_module_registered_for_forks_runs_in_the_actor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hooked_lab.py").write_text(HOOKED)
    with importlib.import_module("hooked_lab").Hooked() as hooked:
        hooked.run(RunSteps(1), First())
        assert hooked.called.get() == 1


LIMITED = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (48, hard))
counters = [Counter() for _ in range(40)]
sink.inp.connect_from([counter.out for counter in counters])
sink.run(RunSteps(num_steps=1), Loihi1SimCfg())
print(sink.total.get())
sink.stop()
"""


def test_a_network_may_have_more_actors_than_a_process_may_open_files(tmp_path: Path) -> None:
    code, out, err = run_script(tmp_path, LIMITED)
    assert (code, out.strip()) == (0, "[41]"), err


REFUSED = """
import errno, os, sys
from lava_actor.runtime.start import hosts, plan
from lava_actor.channels.pipe import Parcel

forks = []
def fork():
    if len(forks) == 3:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    forks.append(os.fork())
    return forks[-1]
hosts.cheapest = lambda: fork

hosts.ROW = 2
host = hosts.ProcessHost(lambda house, own: house[0][1].recv())
actors = [plan.ActorStart(i, str(i), "", Parcel(b""), None) for i in range(5)]
try:
    host.start_all(actors, [])
except OSError as error:
    print(*error.strerror.split(": "), len(forks), sep="|")
for pid in forks:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        print("gone")
"""


def test_all_actors_are_forked_or_none(tmp_path: Path) -> None:
    code, out, err = run_script(tmp_path, REFUSED, prelude="")
    assert code == 0, err
    told, *gone = out.splitlines()[:4]
    assert told.startswith("no process could be started after 3|Resource temporarily unavailable|")
    assert "ulimit -u" in told
    assert told.endswith("|3")
    assert gone == 3 * ["gone"]


REHEARSED = """
import logging, os, random, sys
import numpy as np
from lava_actor.runtime.start import rehearsal

def everything():
    return [
        sys.stdout, sys.stderr, list(logging.getLogger().handlers), random.getstate(),
        np.random.get_state()[1].tolist(), len(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
    ]

rehearsal.rehearse()
before = everything()
rehearsal.rehearse()
assert everything() == before
assert rehearsal.play() == [1, 1], "every actor does a step"
"""


def test_a_rehearsal_is_played_to_its_end_and_leaves_everything_as_it_was(tmp_path: Path) -> None:
    code, _, err = run_script(tmp_path, REHEARSED, prelude="")
    assert code == 0, err


def test_a_process_is_held_by_a_descriptor_with_any_number() -> None:
    """Beyond what `select` can watch, as in programs with many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    child = subprocess.Popen(["sleep", "60"])
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1100), hard))
    pidfd = os.pidfd_open(child.pid)
    held = _Process(child.pid, fcntl.fcntl(pidfd, fcntl.F_DUPFD_CLOEXEC, 1050))
    os.close(pidfd)
    assert held.poll() is None
    held.kill()
    held.wait(10.0)
    assert held.poll() is not None
    child.wait()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_network_that_cannot_be_started_costs_no_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The launcher is told that no service can be forked: it says so when it is asked, and lives."""

    def refuse() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    launcher = object.__new__(launcher_main.Launcher)
    launcher._fates, launcher._ordered, launcher._services = {}, {}, set()
    launcher._reap = lambda: True  # type: ignore[method-assign]
    ours, theirs = Pipe.pair()
    launcher._pipe = theirs
    ours.send("service", key=-3)
    monkeypatch.setattr(os, "fork", refuse)
    launcher._on_service(theirs.recv())
    ours.send("fate", key=-3)
    launcher._on_fate(theirs.recv())
    told = ours.recv().take()
    assert told.startswith("it could not be started: Resource temporarily unavailable")
    assert "ulimit -u" in told
    ours.close()
    theirs.close()

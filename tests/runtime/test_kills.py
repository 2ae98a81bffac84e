"""Whoever is killed or stopped, and whenever: one clear error, and nothing of the network is left.

The models here start processes of their own: in the usual ways, and as daemons that lose their
parent and leave its group.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lava_actor import RunContinuous, RunSteps
from lava_actor.errors import ActorDiedError, LavaActorError
from lava_actor.runtime.start import launcher
from tests.conftest import launcher_pid
from tests.runtime.networks import Counter, First, Sink
from tests.runtime.scripts import Script


def fork_one(model: Any) -> int:
    """A process that holds all descriptors of its actor."""
    pid = os.fork()
    if not pid:
        signal.pause()
    return pid


def start_one(model: Any) -> int:
    """A program."""
    return subprocess.Popen(["sleep", "1000"]).pid


def start_stubborn(model: Any) -> int:
    """A program that does not react to SIGTERM."""
    text = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    return subprocess.Popen([sys.executable, "-c", text]).pid


def start_daemon(model: Any) -> int:
    """A grandchild in a session of its own, whose parent is gone."""
    shell = subprocess.run(
        ["setsid", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"],
        check=True,
        stdout=subprocess.PIPE,
    )
    return int(shell.stdout)


def start_all_kinds(model: Any) -> None:
    """In the first step; `count` becomes nothing but a counter again afterwards."""
    if model.time_step == 1:
        for start in (fork_one, start_one, start_daemon):
            start(model)


class Family:
    """All processes below the launcher, as they were at one moment."""

    def __init__(self) -> None:
        self.launcher = psutil.Process(launcher_pid())
        (self.service,) = self.launcher.children()
        self.actors = self.service.children()
        self.below = self.launcher.children(recursive=True)

    def assert_gone(self) -> None:
        gone, alive = psutil.wait_procs(self.below, timeout=30)
        assert not alive, [p.cmdline() for p in alive if p.is_running()]


def program_of(start: Callable[[Any], int]) -> Counter:
    def once(model: Any) -> None:
        if model.time_step == 1:
            start(model)

    return Counter(on_step=once, name="counter")


ALL_KINDS = [fork_one, start_one, start_stubborn, start_daemon]


@pytest.mark.parametrize("start", ALL_KINDS)
def test_what_a_model_has_started_ends_with_stop(start: Callable[[Any], int]) -> None:
    counter = program_of(start)
    counter.run(RunSteps(3), First())
    family = Family()
    assert len(family.below) == 3
    counter.stop()
    left = [p for p in family.below if p != family.service and p.is_running()]
    assert not left, "stop returns when nothing is left"
    family.assert_gone()


@pytest.mark.parametrize("victim", ["actor", "service", "launcher"])
@pytest.mark.parametrize("start", ALL_KINDS)
def test_a_death_is_noticed_and_leaves_nothing_behind(
    start: Callable[[Any], int], victim: str
) -> None:
    counter = program_of(start)
    counter.run(RunContinuous(), First())
    while counter.runtime.current_step < 2:
        pass
    family = Family()
    assert len(family.below) == 3
    dying = {"actor": family.actors[0], "service": family.service, "launcher": family.launcher}
    dying[victim].kill()
    with pytest.raises(ActorDiedError) as caught:
        counter.wait()
    text = str(caught.value)
    assert ("launcher has died" if victim == "launcher" else "killed by SIGKILL (9)") in text
    assert text.startswith("1 Exception(s) occurred")
    family.assert_gone()


ENDINGS = ["exit", "kill the interpreter", "kill the service", "kill the launcher", "fail"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_model_has_started_ends_however_its_program_ends(
    tmp_path: Path, ending: str
) -> None:
    with Script(
        tmp_path,
        """
        from tests.runtime.test_kills import start_all_kinds
        class PyBusy(PyCounter):
            def run_spk(self):
                start_all_kinds(self)
                super().run_spk()
                if self.time_step == 5 and self.proc_params.get("fails"):
                    raise ValueError("as told")
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyBusy})
        counter.run(RunSteps(3), run_cfg=cfg)
        print("running", flush=True)
        exec(input())
        """,
    ) as script:
        script.read_until("running")
        family = script.note_family()
        assert len(family) == 1 + 1 + 2 + 3
        above, service = family[0], psutil.Process(family[0].children()[0].pid)
        if ending == "kill the interpreter":
            script.process.kill()
        elif ending == "kill the service":
            service.kill()
            script.tell("counter.run(1)")
        elif ending == "kill the launcher":
            above.kill()
            script.tell("counter.run(1)")
        else:
            script.tell("pass" if ending == "exit" else "counter.run(RunSteps(3)); 1 / 0")
        script.assert_family_gone()


def test_a_death_is_noticed_although_the_user_has_forked_the_pipes_ends() -> None:
    """The copies of a process that the user has forked keep all pipes open."""
    counter = Counter(name="counter")
    counter.create_runtime(First())
    child = os.fork()
    if not child:
        signal.pause()
    try:
        counter.run(RunContinuous())
        Family().service.kill()
        with pytest.raises(ActorDiedError, match=r"killed by SIGKILL \(9\)"):
            counter.wait()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# --- stopped -----------------------------------------------------------------------------------


def test_a_stopped_service_is_killed_by_stop_with_all_its_actors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter = program_of(start_daemon)
    counter.run(RunSteps(3), First())
    family = Family()
    family.service.send_signal(signal.SIGSTOP)
    counter.stop()
    assert "had to kill RuntimeService" in caplog.text
    family.assert_gone()


def test_a_stopped_launcher_does_not_keep_a_network_from_running_and_ending() -> None:
    counter = Counter(name="counter")
    counter.run(RunSteps(3), First())
    family = Family()
    family.launcher.send_signal(signal.SIGSTOP)
    try:
        counter.run(RunSteps(3))
        assert counter.count.get() == 6
        counter.stop()
    finally:
        family.launcher.send_signal(signal.SIGCONT)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lava_actor.runtime.user.services.HALTED_SECONDS", 0.2)


def test_a_start_says_that_the_launcher_is_stopped_and_the_next_one_works(impatient: None) -> None:
    old = launcher.ensure()
    old.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(ActorDiedError, match=r"the launcher \(process \d+\) is stopped"):
            Counter(name="counter").run(RunSteps(1), First())
        with Counter(name="counter") as counter:
            counter.run(RunSteps(2), First())
            assert counter.count.get() == 2
        assert launcher_pid() != old.process.pid
    finally:
        launcher._given_up.remove(old)
        old.process.send_signal(signal.SIGCONT)
        old.close()


def test_a_start_that_takes_long_is_waited_for(impatient: None) -> None:
    """The launcher and the service sleep meanwhile; the model works."""
    with Counter(name="counter", on_step=None) as counter:
        counter.proc_params.overwrite("on_step", lambda model: time.sleep(1.0))
        counter.run(RunSteps(1), First())


def test_an_interpreter_ends_all_stuck_networks_at_once(tmp_path: Path) -> None:
    """Each takes a second and a half; the launcher tells when they end."""
    with Script(
        tmp_path,
        """
        class PyStuck(PyCounter):
            def run_spk(self):
                while True: pass
        cfg = Loihi2SimCfg(exception_proc_model_map={Counter: PyStuck})
        import lava_actor.runtime.runtime as runtime
        stop, said = runtime.Runtime.stop, []
        def spy(self, *args, **kwargs):
            said.append(self._crew.services._told_to_end > 0)
            print("stopping", all(r._crew is None or r._crew.services._told_to_end for r in all_), flush=True)
            stop(self, *args, **kwargs)
        networks = [Counter() for _ in range(3)]
        for network in networks:
            network.run(RunContinuous(), run_cfg=cfg)
        all_ = [n.runtime for n in networks]
        runtime.Runtime.stop = spy
        """,
    ) as script:
        code, out, _ = script.finish()
        assert code == 0
        assert out.splitlines() == 3 * ["stopping True"]


# --- starved -----------------------------------------------------------------------------------


@pytest.fixture
def busy_cores() -> Iterator[None]:
    """Two endless loops per core."""
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def test_a_parked_actor_that_gets_no_core_is_stopped_without_complaint_unless_it_has_begun_to_stop(
    busy_cores: None, caplog: pytest.LogCaptureFixture
) -> None:
    counter, sink = Counter(name="counter"), Sink(name="sink")
    counter.out.connect(sink.inp)
    counter.run(RunSteps(3), First())
    family = Family()
    for actor in family.actors:
        os.sched_setscheduler(actor.pid, os.SCHED_IDLE, os.sched_param(0))
    counter.stop()
    told = [record.getMessage() for record in caplog.records]
    assert all(message.endswith("(in _pause or _stop of step 3)") for message in told), told
    family.assert_gone()


def test_a_parked_actor_that_is_stopped_is_ended_without_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counter, sink = Counter(name="counter"), Sink(name="sink")
    counter.out.connect(sink.inp)
    counter.run(RunSteps(3), First())
    family = Family()
    family.actors[0].send_signal(signal.SIGSTOP)
    counter.stop()
    assert caplog.text == ""
    family.assert_gone()


def test_an_actor_that_is_ended_in_its_step_is_named_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def forever(model: Any) -> None:
        while model.time_step == 4:
            pass

    counter, sink = Counter(name="counter", on_step=forever), Sink(name="sink")
    counter.out.connect(sink.inp)
    counter.run(RunContinuous(), First())
    while counter.runtime.current_step < 3:
        pass
    counter.stop(timeout=0.1)
    (record,) = caplog.records
    assert record.getMessage() == "stop: had to kill counter (in run_spk of step 4)"


# --- storms ------------------------------------------------------------------------------------


def one_of_the_family(rng: random.Random) -> psutil.Process | None:
    """A process of the runtime itself: launcher, a service, or an actor."""
    above = psutil.Process(launcher_pid())
    try:
        services = above.children()
        theirs = sorted((a for s in services for a in s.children()), key=lambda a: a.create_time())
        actors = theirs[:2]  # what comes later are processes of models, whose parents have ended
        kinds = [kind for kind in ([above], services, actors) if kind]
        return rng.choice(rng.choice(kinds))
    except psutil.NoSuchProcess:
        return None


class Killer(threading.Thread):
    """Kills one of the family after a while; ``victim`` is whom it found."""

    def __init__(self, seconds: float, rng: random.Random) -> None:
        super().__init__()
        self._seconds = seconds
        self._rng = rng
        self.victim: psutil.Process | None = None

    def run(self) -> None:
        time.sleep(self._seconds)
        self.victim = one_of_the_family(self._rng)
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.victim is not None:
                self.victim.kill()


OPERATIONS: dict[str, Callable[[Counter], None]] = {
    "start": lambda counter: counter.create_runtime(First()),
    "run": lambda counter: counter.run(RunSteps(10**9)),
    "pause": lambda counter: (counter.run(RunContinuous()), counter.pause()),  # type: ignore[dict-item, func-returns-value]
    "get": lambda counter: (counter.run(RunContinuous()), counter.count.get()),  # type: ignore[dict-item, func-returns-value]
    "stop": lambda counter: (counter.run(RunContinuous()), counter.stop()),  # type: ignore[dict-item, func-returns-value]
}


def assault(seed: int) -> str:
    """Kill one process at a random moment of one operation; how the program learnt of it."""
    rng = random.Random(seed)
    operation = rng.choice(list(OPERATIONS))
    counter, sink = Counter(name="counter", on_step=start_all_kinds), Sink(name="sink")
    counter.out.connect(sink.inp)
    told: LavaActorError | None = None
    killer = Killer(rng.uniform(0.0, 0.2 if operation == "start" else 0.02), rng)
    above = psutil.Process(launcher_pid())
    try:
        if operation != "start":
            counter.run(RunSteps(2), First())
        killer.start()
        OPERATIONS[operation](counter)
        killer.join()
        if operation != "stop":
            counter.pause()
            counter.run(RunSteps(5), First())
    except LavaActorError as error:
        told = error
    killer.join()
    if killer.victim == above:  # the next program shall find a new one
        psutil.wait_procs([above], timeout=30)
    try:
        below = above.children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    counter.stop()
    gone, alive = psutil.wait_procs(below, timeout=30)
    assert not alive, (seed, operation, told, [p.cmdline() for p in alive])
    if told is not None:
        assert isinstance(told, ActorDiedError), told
        assert re.search(r"killed by SIGKILL \(9\)|launcher has died", str(told)), told
    elif operation != "stop" and killer.victim is not None:
        assert killer.victim == above  # whose end takes a moment to arrive
    return f"{operation}: {told is not None}"


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", range(10))
def test_kills_at_random_moments_each_end_in_one_clear_error(seed: int) -> None:
    for number in range(50):
        assault(1000 * seed + number)


def test_a_few_kills_at_random_moments() -> None:
    for seed in range(77, 81):
        assault(seed)

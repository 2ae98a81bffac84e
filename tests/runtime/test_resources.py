"""A network that has ended leaves nothing: no process, descriptor, thread, mapping, object."""

from __future__ import annotations

import errno
import gc
import os
import re
import signal
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import scipy.sparse

from lava_actor import ActorType, Loihi2SimCfg, RunContinuous, RunSteps, errors
from lava_actor.channels import pipe
from lava_actor.errors import ActorDiedError, ArenaMemoryError, ModelError
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.process import Sparse
from lava_actor.runtime.start import processes
from tests.conftest import launcher_pid
from tests.runtime.networks import (
    Counter,
    First,
    HoldAs,
    Holder,
    Phased,
    Relay,
    Sender,
    Sink,
    kill_itself,
    raise_error,
)


def descriptors(pid: int | None = None) -> int:
    return len(os.listdir(f"/proc/{pid or os.getpid()}/fd"))


def mappings(pid: int | None = None) -> int:
    """Number of mapped memory files: arenas, values."""
    return Path(f"/proc/{pid or os.getpid()}/maps").read_text().count("memfd:")


def children_of_launcher() -> list[psutil.Process]:
    return psutil.Process(launcher_pid()).children(recursive=True)


class Books:
    """Everything countable in this interpreter and in the launcher."""

    def __init__(self) -> None:
        gc.collect()
        launcher = launcher_pid()
        assert launcher is not None
        psutil.wait_procs(children_of_launcher(), timeout=20)
        self.counts = {
            "descriptors": descriptors(),
            "mappings": mappings(),
            "threads": threading.active_count(),
            "launcher's descriptors": descriptors(launcher),
            "launcher's mappings": mappings(launcher),
            "launcher's children": len(children_of_launcher()),
        }


def chain(**options: Any) -> tuple[Counter, Relay, Sink]:
    counter, relay, sink = Counter(**options), Relay(), Sink()
    counter.out.connect(relay.inp)
    relay.out.connect(sink.inp)
    return counter, relay, sink


def once(actor_type: ActorType, ending: str) -> None:
    bad = ending in ("fail", "die")
    action = {"fail": raise_error, "die": kill_itself}.get(ending)
    counter, relay, _ = chain(on_step=action)
    relay.out.flag_external_pipe()
    config = {"actor_type": actor_type}
    if bad:
        with pytest.raises(ModelError):
            counter.run(RunSteps(3), First(), config)
        return
    if ending == "running":
        counter.run(RunContinuous(), First(), config)
    elif ending == "initialized":
        counter.create_runtime(First(), compile_config=config)
    else:
        counter.run(RunSteps(3), First(), config)
    if ending == "forgotten":
        return
    counter.stop()


@pytest.mark.parametrize("ending", ["paused", "running", "initialized", "fail", "die"])
def test_the_books_balance_however_a_network_ends(ending: str) -> None:
    once(ActorType.MultiProcessing, ending)
    before = Books()
    for _ in range(3):
        once(ActorType.MultiProcessing, ending)
    assert Books().counts == before.counts


def test_the_books_balance_for_threads() -> None:
    once(ActorType.Threading, "paused")
    before = Books()
    for ending in ("paused", "running", "initialized", "fail"):
        once(ActorType.Threading, ending)
    assert Books().counts == before.counts


def test_a_network_nobody_refers_to_ends_by_itself() -> None:
    once(ActorType.MultiProcessing, "paused")
    before = Books()
    once(ActorType.MultiProcessing, "forgotten")
    gc.collect()
    for thread in threading.enumerate():
        if thread.name.startswith("lava_actor"):
            thread.join()
    assert Books().counts == before.counts


def test_processes_and_runtimes_can_be_collected_after_stop() -> None:
    counter, relay, sink = chain()
    counter.run(RunSteps(3), First())
    counter.stop()
    kept = [weakref.ref(x) for x in (counter, relay, sink, counter.runtime)]
    del counter, relay, sink
    gc.collect()
    assert [ref() for ref in kept] == [None] * 4


def test_the_same_network_twice_leaves_the_descriptors_alone() -> None:
    network = chain()
    network[0].run(RunSteps(2), First())
    network[0].stop()
    before = descriptors()
    network[0].run(RunSteps(2))
    network[0].stop()
    assert descriptors() == before


@pytest.mark.parametrize("rounds", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_start_and_stop_round_after_round(rounds: int) -> None:
    for _ in range(3):
        once(ActorType.MultiProcessing, "paused")
    before = Books()
    resident = psutil.Process().memory_info().rss
    launcher = psutil.Process(launcher_pid())
    resident_there = launcher.memory_info().rss
    for _ in range(rounds):
        once(ActorType.MultiProcessing, "paused")
    assert Books().counts == before.counts
    # A round needs an arena of some 100 kB; kept ones would show.
    slack = 16 * 2**20
    assert psutil.Process().memory_info().rss < resident + slack
    assert launcher.memory_info().rss < resident_there + slack


@pytest.mark.slow
def test_an_arena_of_64_mb_is_given_back_round_after_round() -> None:
    def large() -> None:
        sender, sink = Sender(np.zeros((1024, 1024))), Sink(shape=(1024, 1024))
        sender.out.connect(sink.inp)
        with sink:
            sink.run(RunSteps(3), First(), {"pypy_channel_size": 8})

    large()
    before, resident = Books(), psutil.Process().memory_info().rss
    for _ in range(10):
        large()
    assert Books().counts == before.counts
    assert psutil.Process().memory_info().rss < resident + 64 * 2**20


def test_actors_have_few_descriptors_and_one_thread() -> None:
    """However many channels end in an actor."""
    sink = Sink()
    counters = [Counter() for _ in range(12)]
    sink.inp.connect_from([c.out for c in counters])
    with sink:
        sink.run(RunSteps(2), First())
        (service,) = psutil.Process(launcher_pid()).children()
        actors = service.children()
        assert len(actors) == 13
        for actor in actors:
            assert actor.num_fds() <= 16
            assert actor.num_threads() == 1
        assert service.num_threads() == 1


def test_actors_have_no_descriptors_of_other_networks() -> None:
    with Counter() as one, Counter() as two:
        one.run(RunSteps(1), First())
        (service,) = psutil.Process(launcher_pid()).children()
        before = service.children()[0].num_fds()
        two.run(RunSteps(1), First())
        services = psutil.Process(launcher_pid()).children()
        assert {s.children()[0].num_fds() for s in services} == {before}


def test_nothing_in_dev_shm_while_a_network_runs() -> None:
    before = set(os.listdir("/dev/shm"))
    with Counter() as counter:
        counter.run(RunSteps(3), First())
        assert set(os.listdir("/dev/shm")) <= before


def test_initial_values_are_copied_at_most_once_into_an_actor() -> None:
    weights = np.ones((2048, 2048))  # 32 MB
    with Holder(init=weights, shape=weights.shape) as holder:
        holder.run(RunSteps(1), HoldAs(np.ndarray, np.float64))
        (service,) = psutil.Process(launcher_pid()).children()
        (actor,) = service.children()
        assert actor.memory_full_info().uss < 2 * weights.nbytes
        assert service.memory_full_info().uss < weights.nbytes


def holds_initial_values(process: psutil.Process) -> bool:
    """Whether a process has the memory file of initial values mapped or open."""
    files = [fd.readlink() for fd in Path(f"/proc/{process.pid}/fd").iterdir()]
    mapped = Path(f"/proc/{process.pid}/maps").read_text()
    return any("lava_actor-values" in text for text in [mapped, *map(str, files)])


def test_initial_values_that_a_model_has_rearranged_are_given_back() -> None:
    weights = scipy.sparse.random(500, 1000, 0.2, random_state=1)
    with Sparse(weights=weights) as sparse:
        for _ in range(2):
            sparse.run(RunSteps(1), Loihi2SimCfg(select_tag="floating_pt"))
            (service,) = psutil.Process(launcher_pid()).children()
            (actor,) = service.children()
            assert not holds_initial_values(service)
            assert not holds_initial_values(actor)
            sparse.reset()
        assert (sparse.weights.get() != weights.tocsr()).nnz == 0


# --- more memory than there is -----------------------------------------------------------------


def available() -> int:
    """Bytes a memory file may take here."""
    text = Path("/proc/meminfo").read_text()
    found = re.search(r"MemTotal:\s+(\d+) kB", text)
    assert found
    return int(found[1]) * 1024


def test_an_arena_larger_than_the_machine_is_refused_with_numbers() -> None:
    counter, _, _ = chain()
    with pytest.raises(MemoryError) as caught:
        counter.run(RunSteps(1), First(), {"pypy_channel_size": available() // 64})
    assert isinstance(caught.value, ArenaMemoryError)
    assert isinstance(caught.value, errors.LavaActorError)
    text = str(caught.value)
    assert re.search(r"need \d.* GiB.*\d.* GiB .*available", text)
    assert counter.name in text
    assert "messages per ring" in text
    assert counter.runtime is None
    assert not counter.is_compiled
    with counter:
        counter.run(RunSteps(2), First())
        assert counter.count.get() == 2


def test_phases_leave_no_trace_of_a_failed_start() -> None:
    with pytest.raises(ValueError, match="expected"):
        Phased({"init": raise_error}).run(RunSteps(1), First())
    before = Books()
    for _ in range(3):
        with pytest.raises(ValueError, match="expected"):
            Phased({"init": raise_error}).run(RunSteps(1), First())
    assert Books().counts == before.counts


def test_when_memory_runs_out_the_kernel_takes_actors_first() -> None:
    mine = int(Path("/proc/self/oom_score_adj").read_text())
    with Counter() as counter:
        counter.run(RunSteps(1), First())
        scores = [
            int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
            for process in psutil.Process().children(recursive=True)
        ]
    assert max(scores) == max(500, mine)


def test_a_kill_says_how_much_memory_was_used_and_whether_memory_ran_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "vmstat"
    kernel.write_text("nr_free_pages 5\noom_kill 3\nfoo 1\n")
    monkeypatch.setattr(processes, "_VMSTAT", str(kernel))
    before = processes.memory_kills()
    assert before == 3
    used = 3 << 29
    told = processes.how_it_ended(signal.SIGKILL, used, before)
    assert told == "killed by SIGKILL (9); it had used 1.5 GiB of memory"
    kernel.write_text("nr_free_pages 2\noom_kill 4\n")
    told = processes.how_it_ended(signal.SIGKILL, used, before)
    assert told == "killed by SIGKILL (9) when memory ran out; it had used 1.5 GiB"
    assert processes.how_it_ended(signal.SIGTERM, used, before) == "killed by SIGTERM (15)"
    kernel.unlink()
    assert processes.memory_kills() == 0


def test_an_actor_that_is_killed_is_told_with_the_memory_it_had_used() -> None:
    counter = Counter(name="counter")
    counter.run(RunContinuous(), First())
    leaves = [p for p in psutil.Process().children(recursive=True) if not p.children()]
    leaves[-1].kill()
    with pytest.raises(ActorDiedError, match=r"SIGKILL \(9\).* had used \d+\.\d MiB"):
        counter.wait()


def test_a_value_that_the_user_has_no_room_for_is_named_and_can_be_read_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    with LIF(shape=(300_000,), name="a") as cells:
        cells.run(RunSteps(1), Loihi2SimCfg(select_tag="floating_pt"))
        with monkeypatch.context() as patch:
            patch.setattr(pipe, "PrivateMap", refuse)
            with pytest.raises(ArenaMemoryError, match=r"a\.v\.get: 2\.3 MiB do not fit"):
                cells.v.get()
        assert cells.v.get().shape == (300_000,)

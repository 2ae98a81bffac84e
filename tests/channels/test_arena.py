"""The shared memory itself: made, attached, kept as long as needed, and refused when too large."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from lava_actor.channels import Arena, memory, plan_arena
from lava_actor.errors import ArenaMemoryError, InvalidValueError, RuntimeStateError


def test_a_process_attaches_by_descriptor_and_sees_the_same_rings(make_ring):
    ring = make_ring()
    other = Arena.attach(ring.arena.fd, ring.arena.plan)
    assert other.fd != ring.arena.fd
    ring.writer.send([1, 2, 3])
    assert other.reader(0, 0).recv().tolist() == [1, 2, 3]
    assert not ring.reader.probe()
    other.close()


def test_an_arena_of_another_plan_is_refused(make_ring, ring_request):
    ring = make_ring()
    with pytest.raises(InvalidValueError, match="bytes"):
        Arena.attach(ring.arena.fd, plan_arena("ab", [], []))
    blank = os.memfd_create("blank")
    os.ftruncate(blank, ring.arena.size)
    with pytest.raises(InvalidValueError, match="planned arena"):
        Arena.attach(blank, ring.arena.plan)
    os.close(blank)


def test_ring_ends_outlive_their_arena(make_ring):
    ring = make_ring()
    writer, reader, party = ring.writer, ring.reader, ring.arena.party(0)
    ring.arena.close()
    ring.arena.close()
    with pytest.raises(RuntimeStateError, match="closed"):
        ring.arena.fd
    del ring.arena
    gc.collect()
    writer.send([1, 2, 3])
    assert reader.recv().tolist() == [1, 2, 3]
    assert party.progress == 1


def test_the_memory_goes_with_the_last_object(make_ring):
    def maps():
        with open("/proc/self/maps") as lines:
            return sum("memfd:lava_actor" in line for line in lines)

    before = maps()
    ring = make_ring()
    ring.arena.close()
    reader = ring.reader
    assert maps() == before + 1
    del ring.arena, ring.writer, ring.readers
    gc.collect()
    assert maps() == before + 1
    del reader
    gc.collect()
    assert maps() == before


def test_an_arena_beyond_the_free_memory_is_refused_with_advice(ring_request):
    plan = plan_arena("ab", [], [ring_request((2**20,), depth=2**20, name="image.out")])
    with pytest.raises(ArenaMemoryError) as caught:
        Arena.create(plan)
    for part in ("need 8.0 TiB", "available", "image.out: 1048576 messages of 8.0 MiB"):
        assert part in str(caught.value)


def test_an_arena_the_kernel_refuses_is_the_same_error(ring_request, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(ArenaMemoryError, match="less is free"):
        Arena.create(plan_arena("ab", [], [ring_request()]))


def test_an_arena_beyond_the_limit_of_files_names_that_limit(ring_request):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    plan = plan_arena("ab", [], [ring_request((2**15,), depth=8)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    try:
        with pytest.raises(ArenaMemoryError, match=r"may have 64\.0 KiB \(ulimit -f\)"):
            Arena.create(plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refuse(*_):
    raise OSError(28, "No space left on device")


def in_groups(said, root, monkeypatch):
    own = root / "own"
    own.write_text(said)
    monkeypatch.setattr(memory, "_OWN_GROUPS", own)
    monkeypatch.setattr(memory, "_GROUPS", root)
    return own


def test_the_limit_of_each_control_group_counts_and_cached_files_make_way(tmp_path, monkeypatch):
    job = tmp_path / "slurm" / "job"
    step = job / "step"
    step.mkdir(parents=True)
    own = in_groups("4:cpu:/elsewhere\n0::/slurm/job/step\n", tmp_path, monkeypatch)
    (step / "memory.max").write_text("max\n")
    (job / "memory.max").write_text("5000\n")
    (job / "memory.current").write_text("4000\n")
    assert memory.available_memory() == 1000
    (job / "memory.stat").write_text("anon 1000\ninactive_file 2000\n")
    assert memory.available_memory() == 3000
    own.write_text("0::/\n")
    assert memory.available_memory() > 3000
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "missing")
    assert memory.available_memory() is None


def test_the_first_version_of_control_groups_counts_too(tmp_path, monkeypatch):
    job = tmp_path / "memory" / "job"
    job.mkdir(parents=True)
    in_groups("4:memory:/job\n", tmp_path, monkeypatch)
    (job / "memory.limit_in_bytes").write_text("5000\n")
    (job / "memory.usage_in_bytes").write_text("4000\n")
    (job / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 500\n")
    assert memory.available_memory() == 1500


def test_the_arena_has_no_name_anywhere(make_ring):
    before = set(os.listdir("/dev/shm"))
    ring = make_ring()
    assert set(os.listdir("/dev/shm")) == before
    assert "memfd" in os.readlink(f"/proc/self/fd/{ring.arena.fd}")
    assert not os.get_inheritable(ring.arena.fd)


def test_indices_outside_of_the_plan_are_refused(make_ring):
    arena = make_ring().arena
    for call in (arena.party, arena.domain):
        with pytest.raises(InvalidValueError, match="expected an index below"):
            call(7)
    with pytest.raises(InvalidValueError, match="code"):
        arena.abort(0)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        ("sys.modules['lava_actor.channels._native'] = None", "make build"),
        ("sys.platform = 'darwin'", "needs Linux"),
    ],
    ids=["not built", "not Linux"],
)
def test_an_import_that_cannot_work_says_why(break_it, message):
    program = f"""
        import importlib.machinery, importlib.util, sys
        import lava_actor.errors
        for name in [name for name in sys.modules if name.startswith("lava_actor.channels")]:
            del sys.modules[name]
        {break_it}
        try:
            import lava_actor.channels
        except ImportError as error:
            assert {message!r} in str(error), error
        else:
            raise SystemExit("the import succeeded")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


def test_a_large_message_crosses_whole(make_ring, child):
    ring = make_ring((300, 1000), depth=2)
    message = np.random.default_rng(0).random((300, 1000))

    def send():
        for i in range(10):
            ring.writer.send(message * i)

    with child(send):
        for i in range(10):
            assert np.array_equal(ring.reader.recv(), message * i)

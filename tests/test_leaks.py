"""The fixture that is always on sees what it is there to see."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
from pathlib import Path

from tests.conftest import Inventory, launcher_pid


def leaks(before: Inventory) -> str:
    return "; ".join(Inventory.take().leaks_since(before, launcher_pid()))


def test_nothing_new_is_no_leak() -> None:
    assert leaks(Inventory.take()) == ""


def test_a_child_process_is_seen_even_below_another_child() -> None:
    before = Inventory.take()
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as child:
        while leaks(before).count("process ") < 2:
            os.sched_yield()
        assert f"process {child.pid}" in leaks(before)
        child.communicate(b"\n")
    assert leaks(before) == ""


def test_a_zombie_is_a_leak() -> None:
    before = Inventory.take()
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert f"{child.pid} (zombie" in leaks(before)


def test_a_descriptor_is_seen_with_its_kind() -> None:
    before = Inventory.take()
    descriptor = os.memfd_create("forgotten")
    assert "1 descriptors more than before: 1 x /memfd:forgotten" in leaks(before)
    os.close(descriptor)


def test_a_segment_is_seen() -> None:
    before = Inventory.take()
    segment = Path(f"/dev/shm/lava_actor_test_{os.getpid()}")
    segment.touch()
    assert str(segment) in leaks(before)
    segment.unlink()


def test_a_segment_that_another_program_maps_is_its_own_business() -> None:
    """A program of the same user beside the tests, which no test has started."""
    stay, leave = os.pipe()
    name = f"/dev/shm/lava_actor_test_other_{os.getpid()}"
    program = (
        "import mmap, os, sys\n"
        "if os.fork(): os._exit(0)\n"  # now nobody's child
        "file = open(sys.argv[1], 'w+b'); file.truncate(4096)\n"
        "segment = mmap.mmap(file.fileno(), 4096)\n"
        "print('mapped', flush=True)\n"
        "os.read(int(sys.argv[2]), 1)\n"
        "os.unlink(sys.argv[1])\n"
        "print('gone', flush=True)\n"
    )
    before = Inventory.take()
    with subprocess.Popen(
        [sys.executable, "-c", program, name, str(stay)],
        pass_fds=(stay,),
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mapped\n"
        other.wait()
        assert Path(name).exists()
        assert "shared memory" not in leaks(before)
        os.write(leave, b"x")
        assert other.stdout.readline() == "gone\n"
    os.close(stay)
    os.close(leave)


def test_a_thread_is_seen() -> None:
    before = Inventory.take()
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="forgotten thread")
    thread.start()
    assert "forgotten thread" in leaks(before)
    done.set()
    thread.join()


def test_a_thread_of_before_that_asks_for_its_own_object_is_no_leak() -> None:
    """A thread that `threading` did not start gets a dummy there once it asks for itself."""
    ask, asked, end = (_thread.allocate_lock() for _ in range(3))

    def stranger() -> None:
        with ask:
            threading.current_thread()
        asked.release()
        with end:
            pass

    for lock in (ask, asked, end):
        lock.acquire()
    ident = _thread.start_new_thread(stranger, ())
    before = Inventory.take()
    ask.release()
    asked.acquire()
    assert ident in {thread.ident for thread in threading.enumerate()}
    assert leaks(before) == ""
    end.release()

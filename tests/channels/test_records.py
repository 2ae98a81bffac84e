"""Recordings in shared memory: what is read is what was written, up to the step that is named."""

from __future__ import annotations

import os
import resource
import signal
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_actor.channels.records import Record, Recorder, RecordStore, read
from lava_actor.errors import InvalidValueError, RecordingMemoryError
from tests.cases import cases

FLOAT = np.dtype(float)
GIB = 1 << 30


def store(limit: int = GIB, n: int = 1) -> RecordStore:
    return RecordStore.create(n, limit)


def dense(record: Record, size: int, every: int = 1) -> np.ndarray:
    first = -(-max(record.begin, 1) // every) * every
    return record.rows(np.arange(first, record.done + 1, every), size)


def messages(seed: int, steps: int, size: int, dtype: Any) -> tuple[np.ndarray, list[Any]]:
    """Random messages as channels hand them out, and the arrays they stand for."""
    rng = np.random.default_rng(seed)
    rows, sent = np.zeros((steps, size), dtype), []
    for row in rows:
        some = rng.integers(0, (size if rng.random() < 0.3 else min(size, 3)) + 1)
        indices = rng.permutation(size)[:some].astype(np.int32)
        values = None
        if rng.random() < 0.5:
            values = rng.integers(0, 5, some).astype(dtype)
        row[indices] = 1 if values is None else values
        sent.append((values, indices))
    return rows, sent


@settings(max_examples=cases(25), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(0, 400),
    size=st.integers(1, 50),
    every=st.integers(1, 5),
    last=st.none() | st.integers(1, 100),
    limit=st.sampled_from([GIB, 1 << 17, 0]),
    dtype=st.sampled_from([np.int32, np.float64, bool]),
)
def test_events_and_rows_are_those_that_were_sent(
    seed: int, steps: int, size: int, every: int, last: int | None, limit: int, dtype: Any
) -> None:
    """Whatever is sent, however little is kept or held in memory, before and after the end."""
    rows, sent = messages(seed, steps, size, dtype)
    home = store(limit, 2)
    away = RecordStore.attach(home.fds, 2)
    events = away.recorder(0, "s", size, every=every, last=last)
    arrays = away.recorder(1, "v", size, every=every, last=last)
    for step, (values, indices) in enumerate(sent, 1):
        events.events(step, values, indices, np.dtype(dtype))
        arrays.row(step, rows[step - 1])
    done = steps // every * every
    first = 1 if last is None else max(1, done - last + 1)
    wanted = np.array([t for t in range(first, done + 1) if t % every == 0], int)
    for settled in (False, True):
        if settled:
            home.settle()
        for number in (0, 1):
            record = read(home, number, size)
            assert record.done == done
            record = record.since(first)
            np.testing.assert_array_equal(record.rows(wanted, size), rows[wanted - 1])
            assert not wanted.size or record.rows(wanted, size).dtype == dtype
            at, who, what = record.events()
            built = np.zeros((steps + 1, size), dtype)
            built[at, who] = 1 if what is None else what
            np.testing.assert_array_equal(built[wanted], rows[wanted - 1])
    away.close()


def test_a_spike_takes_four_to_eight_bytes_and_a_value_its_own_size() -> None:
    steps = 30_000
    for some, least in ((1, 8), (100, 4.04)):
        home = store()
        recorder = home.recorder(0, "s", 1000)
        indices = np.arange(some, dtype=np.int32)
        for step in range(1, steps // some + 1):
            recorder.events(step, None, indices, FLOAT)
        assert home.held <= 1.13 * least * steps + 3 * 65536
    home = store()
    recorder = home.recorder(0, "s", 1000)
    for step in range(1, steps + 1):
        recorder.events(step, np.array([2.5]), np.array([7], np.int32), FLOAT)
    assert home.held <= 1.13 * 16 * steps + 3 * 65536


def test_a_window_keeps_memory_flat() -> None:
    home = store()
    spikes = home.recorder(0, "s", 100, last=1000)
    indices, most = np.arange(10, dtype=np.int32), 0
    for step in range(1, 200_001):
        spikes.events(step, None, indices, FLOAT)
        if step % 20_000 == 0:
            most = max(most, home.held)
            assert read(home, 0, 100).since(step - 999).steps.size == 1000
    assert most < 500_000  # 8.8 MB were recorded
    assert os.fstat(home.fds[0]).st_blocks * 512 < 600_000


def pages_entered() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


@pytest.mark.parametrize(("size", "last"), [(3, 10), (1000, 100), (10_000, 1), (10_000, 10)])
def test_a_window_is_written_into_the_memory_that_it_has(size: int, last: int) -> None:
    home = store()
    recorder, row = home.recorder(0, "v", size, last=last), np.ones(size)
    for step in range(1, 8001):
        recorder.row(step, row)
    end, entered = os.fstat(home.fds[0]).st_size, pages_entered()
    for step in range(8001, 16_001):
        recorder.row(step, row)
    assert os.fstat(home.fds[0]).st_size == end
    assert pages_entered() - entered < 1000  # a row of 10 000 numbers has twenty pages


def test_nothing_is_written_anew_that_a_reader_can_come_to() -> None:
    home = store()
    recorder = home.recorder(0, "v", 10_000, last=10)

    def write(steps: range) -> None:
        for step in steps:
            recorder.row(step, np.full(10_000, float(step)))

    def place() -> int:
        return int(home.head(0)[3][2][0])

    def value(at: int) -> float:
        found = np.empty(1)
        home.read_into(at, found)
        return float(found[0])

    write(range(1, 101))
    for begin in range(101, 1001, 300):
        home.reading(0, True)
        first = place()
        before = value(first)
        held = home.held
        write(range(begin, begin + 200))
        assert value(first) == before
        assert home.held > held
        home.reading(0, False)
        write(range(begin + 200, begin + 300))
        assert value(first) != before
    assert home.held < 4_000_000


def test_what_has_left_a_window_is_no_row_whether_it_was_forgotten_or_not() -> None:
    home = store()
    recorder = home.recorder(0, "v", 2, last=50)
    for step in range(1, 1001):
        recorder.row(step, np.full(2, float(step)))
        record = read(home, 0, 2).since(step - 49)
        first = max(1, step - 49)
        assert record.begin == first
        np.testing.assert_array_equal(dense(record, 2)[:, 0], np.arange(first, step + 1))


def test_what_exceeds_the_limit_goes_to_the_disk() -> None:
    home = store(1 << 20)
    recorder = home.recorder(0, "v", 1000)
    rows = np.random.default_rng(1).normal(size=(500, 1000))
    for step, row in enumerate(rows, 1):
        recorder.row(step, row)
    assert home.held <= 1 << 20
    assert home.spilled > 2 << 20
    np.testing.assert_array_equal(dense(read(home, 0, 1000), 1000), rows)


def write(recorder: Recorder, written: list[int]) -> None:
    for step in range(1, 500):
        recorder.row(step, np.full(1000, step))
        written.append(step)


def test_where_there_is_no_room_the_step_before_is_the_last(monkeypatch: Any) -> None:
    monkeypatch.setattr("lava_actor.channels._records._unnamed_file", lambda: -1)
    home = store(1 << 20)
    recorder = home.recorder(0, "a.v", 1000)
    written: list[int] = []
    with pytest.raises(RecordingMemoryError, match=r"recording of a\.v cannot grow: No space"):
        write(recorder, written)
    assert dense(read(home, 0, 1000), 1000)[:, 0].tolist() == written


def test_a_limit_of_files_is_named_where_a_recording_meets_it(monkeypatch: Any) -> None:
    monkeypatch.setattr("lava_actor.channels._records._unnamed_file", lambda: -1)
    home = store(1 << 30)
    recorder = home.recorder(0, "a.v", 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(RecordingMemoryError, match=r"file .* have 1\.0 MiB \(ulimit -f\)"):
            write(recorder, [])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_wider_type_keeps_what_was_recorded_before() -> None:
    home = store()
    recorder = home.recorder(0, "v", 2)
    recorder.row(1, np.array([True, False]))
    recorder.row(2, np.array([300, -7], np.int32))
    recorder.row(3, np.array([0.5, 1e9]))
    recorder.row(4, np.array([1, 2], np.int8))
    found = dense(read(home, 0, 2), 2)
    assert found.dtype == float
    assert found.tolist() == [[1, 0], [300, -7], [0.5, 1e9], [1, 2]]


def test_events_for_one_place_are_summed_as_receiving_does() -> None:
    home = store()
    recorder = home.recorder(0, "s", 4)
    recorder.events(1, np.array([2.0, 3.0]), np.array([1, 1], np.int32), FLOAT)
    recorder.events(2, None, np.array([3, 0, 3], np.int32), FLOAT)
    assert dense(read(home, 0, 4), 4).tolist() == [[0, 5, 0, 0], [1, 0, 0, 2]]


def test_text_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"a\.name: expected numbers to record"):
        store().recorder(0, "a.name", 1).row(1, np.array("text"))


def test_beginning_anew_gives_all_memory_back() -> None:
    home = store()
    recorder = home.recorder(0, "v", 1000)
    before = home.held
    for step in range(1, 1000):
        recorder.row(step, np.ones(1000))
    assert home.recorder(0) is recorder
    assert home.held == before
    assert read(home, 0, 1000).done == 0
    recorder.row(1, np.zeros(1000))
    assert dense(read(home, 0, 1000), 1000).tolist() == [[0.0] * 1000]


def _write_for_ever(away: RecordStore, last: int | None) -> None:
    recorder = away.recorder(0, "s", 64, last=last)
    step = 0
    while True:
        step += 1
        some = step % 64
        values = None if step % 3 else np.full(some, float(step))
        recorder.events(step, values, np.arange(some, dtype=np.int32), FLOAT)


def _check_prefix(record: Record, last: int | None) -> None:
    first = 1 if last is None else max(1, record.done - last + 1)
    record = record.since(first)
    steps = np.arange(first, record.done + 1)
    found = record.rows(steps, 64)
    some = np.arange(64) < (steps % 64)[:, None]
    wanted = np.where(steps % 3 == 0, steps.astype(float), 1.0)[:, None] * some
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("last", [None, 50])
def test_a_killed_writer_leaves_whole_steps_and_a_living_one_is_read_meanwhile(
    last: int | None,
) -> None:
    for _ in range(3):
        home = store(1 << 22)
        child = os.fork()
        if not child:
            try:
                _write_for_ever(home, last)
            finally:
                os._exit(1)
        try:
            seen = 0
            while seen < 2000:
                record = read(home, 0, 64)
                assert record.done >= seen
                seen = record.done
                _check_prefix(record, last)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        home.settle()
        record = read(home, 0, 64)
        assert record.done >= seen
        _check_prefix(record, last)


@pytest.mark.parametrize(("size", "steps"), [(3, 20_000), (9000, 4000)])
def test_readers_in_threads_see_whole_steps(size: int, steps: int) -> None:
    home = store()
    recorder = home.recorder(0, "v", size, last=20)
    wrong: list[Any] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            record = read(home, 0, size)
            record = record.since(record.done - 19)
            values = record.values.reshape(-1, size)
            if (values != record.steps[:, None]).any() or (record.done and not values.size):
                wrong.append(record)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for step in range(1, steps + 1):
        recorder.row(step, np.full(size, float(step)))
    over.set()
    for thread in threads:
        thread.join()
    assert not wrong
    for step in range(steps + 1, steps + 1001):  # nobody reads: what they held is given back
        recorder.row(step, np.full(size, float(step)))
    assert home.held < 400_000 + 8 * size * 100


def test_a_recording_goes_on_from_what_was_read_of_another() -> None:
    rows, sent = messages(5, 50, 9, np.float64)
    home = store(n=2)
    one = home.recorder(0, "s", 9)
    for step, (values, indices) in enumerate(sent[:30], 1):
        one.events(step, values, indices, FLOAT)
    two = home.recorder(1, "s", 9)
    read(home, 0, 9).write_to(two)
    for step, (values, indices) in enumerate(sent[30:], 31):
        two.events(step, values, indices, FLOAT)
    np.testing.assert_array_equal(dense(read(home, 1, 9), 9), rows)


def test_what_does_not_add_up_is_not_written() -> None:
    recorder: Recorder = store().recorder(0, "s", 9)
    for messages_ in ([(1, 5, False, False)], [(1, 99, True, True)], [(1, 2, True, True)]):
        with pytest.raises(InvalidValueError, match="elements recorded in"):
            recorder.resume(1, 1, 0, messages_, np.zeros(2, np.int32), np.zeros(1))

"""What processes take from the machine, as the kernel accounts for it in /proc."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

PROC = Path("/proc")


def descendants(pid: int | None = None) -> set[int]:
    """Children, their children, and so on, of a process (default: this one)."""
    parents = {}
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended in between
            # The name in parentheses may hold anything; state and parent follow the last one.
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found: set[int] = set()
    latest = {os.getpid() if pid is None else pid}
    while latest:
        latest = {child for child, parent in parents.items() if parent in latest} - found
        found |= latest
    return found


def newcomers(start: Callable[[], object]) -> set[int]:
    """Run `start`; which descendants are there now that were not before."""
    before = descendants()
    start()
    return descendants() - before


def leaves(pids: Iterable[int]) -> set[int]:
    """Those without children: of the processes of a network, its actors."""
    return {pid for pid in pids if not descendants(pid)}


def pss(pids: Iterable[int]) -> int:
    """Bytes of memory, a page that several processes share counted by its share."""
    total = 0
    for pid in pids:
        for line in (PROC / str(pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == "Pss":
                total += int(value.split()[0]) * 1024
    return total


def cpu_seconds(pids: Iterable[int]) -> float:
    """Time on a core so far, all threads together, to the nanosecond."""
    total = 0
    for pid in pids:
        for task in (PROC / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text(encoding="utf-8").split()[0])
    return total / 1e9

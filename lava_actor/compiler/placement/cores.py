"""How many cores this process may use: its affinity and its control groups decide."""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def cores(root: Path = CGROUPS, own: str | None = None) -> int:
    """The number of cores that this process may keep busy, at least 1.

    Parameters
    ----------
    root : Path
        Where control groups are mounted.
    own : str, optional
        The content of ``/proc/self/cgroup``.
    """
    found = float(len(os.sched_getaffinity(0)))
    for quota in _quotas(root, _read(Path("/proc/self/cgroup")) if own is None else own):
        found = min(found, quota)
    return max(1, int(found))


def _quotas(root: Path, own: str) -> list[float]:
    """Cores that the group of this process, and each group around it, may use."""
    quotas = []
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        second = controllers == ""  # version 2 of control groups: one hierarchy for all
        if not (second or "cpu" in controllers.split(",")):
            continue
        top = root if second else root / "cpu"
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            if second:
                given = _read(folder / "cpu.max").split()
            else:
                files = (folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")
                given = [_read(file).strip() for file in files]
            if len(given) == 2 and given[0].isdigit() and given[1].isdigit() and int(given[1]):
                quotas.append(int(given[0]) / int(given[1]))
            if folder == top:
                break
    return quotas


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""

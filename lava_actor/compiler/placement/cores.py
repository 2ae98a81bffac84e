"""How many cores this process may use: its affinity and its control groups decide."""

from __future__ import annotations

import os
from pathlib import Path

from lava_actor.channels.groups import OWN, ROOT, own_groups, text_of


def cores(root: Path = ROOT, own: str | None = None) -> int:
    """The number of cores that this process may keep busy, at least 1.

    Parameters
    ----------
    root : Path
        Where control groups are mounted.
    own : str, optional
        The content of ``/proc/self/cgroup``.
    """
    found = float(len(os.sched_getaffinity(0)))
    for quota in _quotas(root, text_of(OWN) if own is None else own):
        found = min(found, quota)
    return max(1, int(found))


def _quotas(root: Path, own: str) -> list[float]:
    """Cores that the group of this process, and each group around it, may use."""
    quotas = []
    for folder in own_groups("cpu", root, own):
        given = text_of(folder / "cpu.max").split()
        if not given:  # the first version of control groups
            files = (folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")
            given = [text_of(file).strip() for file in files]
        if len(given) == 2 and given[0].isdigit() and given[1].isdigit() and int(given[1]):
            quotas.append(int(given[0]) / int(given[1]))
    return quotas

"""The control groups of this process: batch jobs and services set limits by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

OWN = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")


def own_groups(controller: str, root: Path, own: str) -> Iterator[Path]:
    """Yield the folders of the groups that this process is in, each before the one around it.

    Parameters
    ----------
    controller : {"cpu", "memory"}
        What the first version of control groups has a hierarchy of its own for; the second has one
        for all.
    root : Path
        Where control groups are mounted.
    own : str
        The content of ``/proc/self/cgroup``.
    """
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controller if controllers else root
        group = top / path.strip("/")
        for folder in (group, *group.parents):
            yield folder
            if folder == top:
                break


def text_of(file: Path) -> str:
    """What is in a file; nothing if it cannot be read."""
    try:
        return file.read_text()
    except OSError:
        return ""

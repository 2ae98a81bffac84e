"""Is there enough memory for an arena? Asked before it is reserved, answered in words.

Reserving more than there is would not fail politely: the kernel would start to kill processes.
"""

from __future__ import annotations

from pathlib import Path

from lava_actor.channels.layout import ArenaPlan
from lava_actor.errors import ArenaMemoryError

_MEMINFO = Path("/proc/meminfo")
_OWN_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_GROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


_WORTH_ASKING = 1 << 26
"""Bytes from which on it pays to ask how much memory is free."""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _groups() -> set[Path]:
    """The folders of the control groups this process is in, as far as they can be seen from here.

    A batch job or a service has a limit of its own, in a group within groups.
    """
    found = {_GROUPS, _GROUPS / "memory"}
    for line in _text(_OWN_GROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        root = _GROUPS / controllers if controllers else _GROUPS
        if not controllers or "memory" in controllers.split(","):
            inner = root / path.strip("/")
            found |= {inner, *(outer for outer in inner.parents if root in outer.parents)}
    return found


def _left_in(group: Path) -> list[int]:
    """What may still be used in a group, if it has a limit; cached files make way."""
    found = []
    for limit, used, cached in _GROUP_FILES:
        numbers = _text(group / limit).strip(), _text(group / used).strip()
        if all(number.isdigit() for number in numbers):
            stat = dict(line.split() for line in _text(group / "memory.stat").splitlines())
            found.append(max(0, int(numbers[0]) - int(numbers[1]) + int(stat.get(cached, 0))))
    return found


def available_memory() -> int | None:
    """Return the bytes this process may still use, or None where the system does not tell."""
    lines = _text(_MEMINFO).splitlines()
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    for group in _groups():
        found += _left_in(group)
    return min(found) if found else None


def human(nbytes: int) -> str:
    """Return a number of bytes as people write it."""
    value = float(nbytes)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{nbytes} bytes"


def too_little_memory(plan: ArenaPlan, available: int | None) -> ArenaMemoryError:
    """Build the error: what is needed, what there is, and which rings to make smaller."""
    there = "less is free" if available is None else f"{human(available)} are available"
    largest = "; ".join(
        f"{ring.name}: {ring.depth} messages of {human(ring.slot_bytes)}"
        for ring in plan.largest_rings()
    )
    advice = f" The largest rings are {largest}. Fewer messages per ring need less memory." * bool(
        plan.rings
    )
    return ArenaMemoryError(
        f"the channels of this network need {human(plan.size)} of memory, {there}.{advice}"
    )


def check_memory(plan: ArenaPlan) -> None:
    """Raise `ArenaMemoryError` if the arena of `plan` does not fit the free memory."""
    available = available_memory()
    if available is not None and plan.size > available:
        raise too_little_memory(plan, available)


def check_values(owner: str, shape: tuple[int, ...], nbytes: int) -> None:
    """Raise `ArenaMemoryError` if a value of this size does not fit the free memory."""
    available = available_memory() if nbytes > _WORTH_ASKING else None
    if available is not None and nbytes > available:
        raise ArenaMemoryError(
            f"{owner}: its value of shape {shape} needs {human(nbytes)} of memory, "
            f"{human(available)} are available"
        )

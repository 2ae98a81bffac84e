"""Is there enough memory for an arena? Asked before it is reserved, answered in words.

Reserving more than there is would not fail politely: the kernel would start to kill processes.
"""

from __future__ import annotations

import errno
import resource
from pathlib import Path

from lava_actor.channels import groups
from lava_actor.channels.layout import ArenaPlan
from lava_actor.errors import ArenaMemoryError

_MEMINFO = Path("/proc/meminfo")
_OWN_GROUPS = groups.OWN
_GROUPS = groups.ROOT
_GROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)

_WORTH_ASKING = 1 << 26
"""Bytes from which on it pays to ask how much memory is free."""


def _groups() -> set[Path]:
    """The folders of the control groups that may have a limit, as far as they can be seen here."""
    inner = groups.own_groups("memory", _GROUPS, groups.text_of(_OWN_GROUPS))
    return {_GROUPS, _GROUPS / "memory", *inner}


def _left_in(group: Path) -> list[int]:
    """What may still be used in a group, if it has a limit; cached files make way."""
    found = []
    for limit, used, cached in _GROUP_FILES:
        numbers = groups.text_of(group / limit).strip(), groups.text_of(group / used).strip()
        if all(number.isdigit() for number in numbers):
            stat = dict(line.split() for line in groups.text_of(group / "memory.stat").splitlines())
            found.append(max(0, int(numbers[0]) - int(numbers[1]) + int(stat.get(cached, 0))))
    return found


def available_memory() -> int | None:
    """Return the bytes this process may still use, or None where the system does not tell."""
    lines = groups.text_of(_MEMINFO).splitlines()
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


def file_limit(code: int) -> str | None:
    """In words, the limit that an error with this number says a file would pass.

    What is in memory is a file, too.
    """
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if code != errno.EFBIG or limit == resource.RLIM_INFINITY:
        return None
    return f"a file of this process may have {human(limit)} (ulimit -f)"


def too_little_memory(plan: ArenaPlan, there: str) -> ArenaMemoryError:
    """Build the error: what is needed, what there is, and which rings to make smaller."""
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
        raise too_little_memory(plan, f"{human(available)} are available")


def check_values(owner: str, shape: tuple[int, ...], nbytes: int) -> None:
    """Raise `ArenaMemoryError` if a value of this size does not fit the free memory."""
    available = available_memory() if nbytes > _WORTH_ASKING else None
    if available is not None and nbytes > available:
        raise ArenaMemoryError(
            f"{owner}: its value of shape {shape} needs {human(nbytes)} of memory, "
            f"{human(available)} are available"
        )

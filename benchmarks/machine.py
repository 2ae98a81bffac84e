"""What the benchmarks ran on."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Processor, cores this process may use, versions, and the commit that was measured."""

    when: str
    processor: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    versions: dict[str, str]
    commit: str

    @staticmethod
    def look() -> Machine:
        """Describe the machine this runs on."""
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return Machine(
            when=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(pages / 2**30, 1),
            kernel=platform.release(),
            python=platform.python_version(),
            versions=_versions("numpy", "scipy", "brian2", "lava-nc"),
            commit=_commit(),
        )

    def __str__(self) -> str:
        """One readable line."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gb} GB, Linux {self.kernel}, "
            f"Python {self.python}, {versions}; commit {self.commit}; load {load()}"
        )

    def as_dict(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


def load() -> str:
    """The load averages of the last 1, 5 and 15 minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions(*names: str) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    root = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=root, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()

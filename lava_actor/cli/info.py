"""What is installed, and on what it runs."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

#: Extras that users have no use for.
_OF_DEVELOPERS = {"dev", "docs", "wheels"}
_REQUIREMENT = re.compile(r"([\w.-]+)(?:.*extra == ['\"](\w+)['\"])?")


def describe() -> tuple[str, bool]:
    """The description, and whether networks can run here."""
    native, usable = _native()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needs = _requirements()
    rows = [
        ("lava_actor", f"{_version('lava_actor')}, {Path(__file__).resolve().parents[1]}"),
        ("interpreter", f"CPython {platform.python_version()}, {sys.executable}"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("cores", _cores()),
        ("memory", f"{pages / 2**30:.1f} GiB"),
        ("native part", native),
        ("needs", ", ".join(f"{name} {_version(name)}" for name in needs.pop("", ()))),
        *((f"extra {extra}", _extra(names)) for extra, names in needs.items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {text}" for name, text in rows), usable


def _requirements() -> dict[str, list[str]]:
    """The distributions that the package, as "", and each of its extras need."""
    found: dict[str, list[str]] = {}
    with contextlib.suppress(metadata.PackageNotFoundError):
        for line in metadata.requires("lava_actor") or ():
            match = _REQUIREMENT.match(line)
            if match is not None and match[2] not in _OF_DEVELOPERS:
                found.setdefault(match[2] or "", []).append(match[1])
    return found


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"


def _cores() -> str:
    usable, present = len(os.sched_getaffinity(0)), os.cpu_count()
    return f"{usable}" if usable == present else f"{usable} of {present} that the machine has"


def _native() -> tuple[str, bool]:
    for name in ("channels._native", "kernels", "kernels.steps"):
        try:
            importlib.import_module(f"lava_actor.{name}")
        except ImportError as error:
            return f"missing: {error}", False
    return "built", True


def _extra(names: list[str]) -> str:
    found = [(name, _version(name)) for name in names]
    text = ", ".join(f"{name} {version}" for name, version in found)
    return text if all(version != "missing" for _, version in found) else f"not installed ({text})"

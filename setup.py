"""Build the native part; everything else about the package is in pyproject.toml.

Every ``.pyx`` file below ``lava_actor/`` becomes an extension module of the same dotted name.
Set ``LAVA_ACTOR_SANITIZE=thread`` or ``=address`` to build it under that sanitizer (the
interpreter then needs the matching run-time library preloaded).
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
PACKAGE = "lava_actor"
built_from = runpy.run_path(str(ROOT / PACKAGE / "built.py"))["built_from"]

# Portable code only: functions that profit from wide vectors choose at run time (target_clones).
# Nobody looks at errno after a root: without it, roots are taken several at a time.
OPTIMISED = ["-O3", "-g0", "-fno-math-errno"]
WARNINGS = ["-Wall", "-Wextra", "-Wno-unused-function", "-Wno-unused-parameter"]
# A module that is cimported (ours, or named from here); a file in quotes that Cython or C includes.
NAMES_ANOTHER = re.compile(
    rf"^\s*(?:from\s+(?=\.|{PACKAGE}\b)([\w.]+)\s+cimport\b|cimport\s+({PACKAGE}\b[\w.]*)"
    r'|(?:#\s*include|include|cdef\s+extern\s+from)\s+"([^"<>]+)")',
    re.MULTILINE,
)
SANITIZERS = {
    "thread": ["-fsanitize=thread"],
    "address": ["-fsanitize=address,undefined"],
}


def compiler_flags() -> tuple[list[str], list[str]]:
    """Return (compile flags, link flags), as the environment asks for."""
    wanted = os.environ.get("LAVA_ACTOR_SANITIZE", "")
    if not wanted:
        return [*OPTIMISED, *WARNINGS], []
    if wanted not in SANITIZERS:
        sys.exit(
            f"LAVA_ACTOR_SANITIZE: expected one of {sorted(SANITIZERS)} or nothing, got {wanted!r}"
        )
    flags = SANITIZERS[wanted]
    return ["-O1", "-g", "-fno-omit-frame-pointer", *flags, *WARNINGS], list(flags)


def sources_of(source: Path, root: Path = ROOT) -> set[Path]:
    """All files of the package that a ``.pyx`` is made of, as it and they name each other."""
    named: dict[str, list[Path]] = {}
    for path in (root / PACKAGE).rglob("*"):
        if path.suffix in (".h", ".pxi", ".pxd"):
            named.setdefault(path.name, []).append(path)
    found: set[Path] = set()
    waiting = [source, *([own] if (own := source.with_suffix(".pxd")).exists() else [])]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for names in NAMES_ANOTHER.findall(path.read_text()):
            *modules, quoted = names
            if quoted:  # who knows which one the compiler takes: all that have this name
                others = named.get(Path(quoted).name, [])
            else:
                place = root / Path(*"".join(modules).split("."))
                others = [
                    other
                    for other in (place.with_suffix(".pxd"), place / "__init__.pxd")
                    if other.exists()
                ]
            if not others:
                sys.exit(f"{path}: {''.join(names)} is not in {PACKAGE}")
            waiting += others
    return found


def extensions() -> list[Extension]:
    """List one extension per ``.pyx`` file; each is rebuilt when a file it is made of changes."""
    compile_flags, link_flags = compiler_flags()
    headers = (ROOT / PACKAGE).rglob("*.h")
    folders = sorted({str(header.parent.relative_to(ROOT)) for header in headers})
    found = []
    for source in sorted((ROOT / PACKAGE).rglob("*.pyx")):
        relative = source.relative_to(ROOT)
        files = sorted(str(path.relative_to(ROOT)) for path in sources_of(source))
        inside = [str(Path(path).relative_to(PACKAGE)) for path in files]
        found.append(
            Extension(
                ".".join(relative.with_suffix("").parts),
                [str(relative)],
                include_dirs=[numpy.get_include(), *folders],
                depends=[*files, "setup.py"],
                define_macros=[
                    ("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"),
                    ("_GNU_SOURCE", "1"),
                    ("LA_BUILT_FROM", f'"{built_from(inside)}"'),
                ],
                extra_compile_args=["-std=gnu11", *compile_flags],
                extra_link_args=link_flags,
            )
        )
    return found


if __name__ == "__main__":
    # Only Linux has the futex and memfd calls the channels stand on; elsewhere the pure Python
    # part still installs, and importing lava_actor.channels says what is missing.
    native = extensions() if sys.platform == "linux" else []
    setup(
        ext_modules=cythonize(
            native,
            compiler_directives={
                "language_level": 3,
                "boundscheck": False,
                "wraparound": False,
                "cdivision": True,
                "initializedcheck": False,
                "embedsignature": True,
            },
        )
    )

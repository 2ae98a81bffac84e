"""Build the native part; everything else about the package is in pyproject.toml.

Every ``.pyx`` file below ``lava_actor/`` becomes an extension module of the same dotted name.
Set ``LAVA_ACTOR_SANITIZE=thread`` or ``=address`` to build it under that sanitizer (the
interpreter then needs the matching run-time library preloaded).
"""

from __future__ import annotations

import os
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


def extensions() -> list[Extension]:
    """List one extension per ``.pyx`` file; each is rebuilt when any header changes."""
    compile_flags, link_flags = compiler_flags()
    headers = sorted((ROOT / PACKAGE).rglob("*.h"))
    folders = sorted({str(header.parent.relative_to(ROOT)) for header in headers})
    depends = [
        str(path.relative_to(ROOT))
        for path in (*headers, *sorted((ROOT / PACKAGE).rglob("*.px[id]")))
    ]
    found = []
    for source in sorted((ROOT / PACKAGE).rglob("*.pyx")):
        relative = source.relative_to(ROOT)
        inside = [str(Path(path).relative_to(PACKAGE)) for path in (relative, *depends)]
        found.append(
            Extension(
                ".".join(relative.with_suffix("").parts),
                [str(relative)],
                include_dirs=[numpy.get_include(), *folders],
                depends=depends,
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

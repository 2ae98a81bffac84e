"""Whether a native module was built from the sources that lie beside it.

After a pull without a build it was not: structures in shared memory, or arguments, may differ, and
actors would die for no visible reason. So a native module knows the files it was built from and a
digest of what they held (``setup.py``), and is compared to them when it is imported.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise ImportError(
        f"lava_actor does not run on builds of CPython without the GIL, such as {sys.executable}: "
        f"its native part relies on it. Take the ordinary build of this version"
    )

PACKAGE = Path(__file__).resolve().parent

_digests: dict[str, bytes | None] = {}


def built_from(files: Iterable[str]) -> str:
    """The digest of some files of the package, and their names, in one word.

    Parameters
    ----------
    files : iterable of str
        Paths below the package.
    """
    names = sorted(files)
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(_digest(name) or b"-")
    return f"{digest.hexdigest()}:{','.join(names)}"


def _digest(name: str) -> bytes | None:
    if name not in _digests:
        try:
            _digests[name] = hashlib.blake2b((PACKAGE / name).read_bytes()).digest()
        except OSError:
            _digests[name] = None
    return _digests[name]


def require(module: str) -> None:
    """Import a native module, and see that it belongs to its sources.

    Raises
    ------
    ImportError
        If it is not built, or was built from other sources than those that are here. Where no
        sources are installed there is nothing to compare.
    """
    try:
        known: str = importlib.import_module(module).BUILT_FROM
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"the native part of lava_actor is not built in this tree, or from other sources than "
            f"those in {PACKAGE}; rebuild it with `make build`, or install the package with pip "
            f"({error})"
        ) from error
    names = known.partition(":")[2].split(",")
    if any(_digest(name) for name in names) and known != built_from(names):
        raise ImportError(
            f"{module} was built from other sources than those in {PACKAGE}; rebuild it with "
            f"`make build`, or install the package with pip"
        )

"""Tracebacks that show users their own lines.

An actor leaves out the frames of this package. What it cannot read are the sources of notebook
cells; the user's interpreter has them and fills them in.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from itertools import zip_longest
from typing import Any

from lava_actor.built import PACKAGE
from lava_actor.errors import LavaActorError

_OURS = (str(PACKAGE) + os.sep, f"lava_actor{os.sep}")
"""Where the files of this package are; those of native modules have relative names."""

_FRAME = re.compile(r'^(\s*)File "(.+)", line (\d+), in (.*)$')
_HEAD, _TAIL = 4, 6
"""Lines of a long traceback that are shown: where it begins, and where it ends."""


def remote_text(error: BaseException) -> str:
    """Format an exception of a model with its causes, without frames of this package.

    An error that nothing but this package takes part in keeps its frames, unless it is one that
    this package raises on purpose: then its message says all.
    """
    found = traceback.TracebackException.from_exception(error)
    todo: list[tuple[Any, Any]] = [(found, error)]
    seen: set[int] = set()
    while todo:
        part, raised = todo.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        users = [f for f in part.stack if not f.filename.startswith(_OURS)]
        if users:
            part.stack = traceback.StackSummary.from_list(users)
        elif isinstance(raised, LavaActorError):
            part.stack = None  # which is how it is left out
        todo += [(part.__cause__, raised.__cause__), (part.__context__, raised.__context__)]
        todo += zip(part.exceptions or (), getattr(raised, "exceptions", ()), strict=False)
    return "".join(found.format())


def with_sources(text: str) -> str:
    """Fill in lines that the actor could not read, and call cells what the notebook calls them."""
    lines = text.splitlines()
    shown = []
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        frame = _FRAME.match(line)
        if frame is None:
            shown.append(line)
            continue
        indent, file, number, function = frame.groups()
        cell = _cell(file)
        place = f'File "{file}"' if cell is None else cell
        shown.append(f"{indent}{place}, line {number}, in {function}")
        source = linecache.getline(file, int(number)).strip()
        if source and not following.startswith(f"{indent}  "):
            shown.append(f"{indent}  {source}")
    return "\n".join(shown)


def _cell(file: str) -> str | None:
    """What IPython calls the cell that was compiled under the name ``file``."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    try:
        named = None if shell is None else shell.compile.format_code_name(file)
    except Exception:  # noqa: BLE001  (other shells have other compilers)
        return None
    return None if named is None else " ".join(named)


def shortened(text: str, where: str) -> str:
    """Leave out the middle of a long traceback; ``where`` says where all of it is."""
    lines = text.rstrip().splitlines()
    left_out = len(lines) - _HEAD - _TAIL
    if left_out < 2:
        return "\n".join(lines)
    return "\n".join([*lines[:_HEAD], f"  … {left_out} more lines: {where} …", *lines[-_TAIL:]])

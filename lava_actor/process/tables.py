"""Processes, their members and networks as small HTML tables, for the cells of a notebook.

Only that of a Var asks its actor: cells are shown while networks run, fail or are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.process.collection import named
from lava_actor.process.interfaces import where

if TYPE_CHECKING:
    from lava_actor.process.ports.base import AbstractPort
    from lava_actor.process.process import AbstractProcess
    from lava_actor.process.variable import Var

#: Rows of a table; of more it says how many there are.
ROWS = 40
#: Characters of a cell.
WIDTH = 60
#: What may have many elements.
ARRAYS = np.ndarray | list | tuple


def table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[object]], more: str = "rows"
) -> str:
    """An HTML table with a title; everything is escaped, long cells are cut."""
    found = list(rows)
    lines = [f"<div><b>{_text(title, 200)}</b></div>"]
    if found:
        titles = (f"<th style=text-align:left>{_text(h)}</th>" for h in head)
        lines.append(f"<table><tr>{''.join(titles)}</tr>")
        lines += [
            f"<tr>{''.join(f'<td style=text-align:left>{_text(c)}</td>' for c in row)}</tr>"
            for row in found[:ROWS]
        ]
        lines.append("</table>")
    if len(found) > ROWS:
        lines.append(f"<div>… and {len(found) - ROWS} more {_text(more)}</div>")
    return "\n".join(lines)


def _text(value: object, width: int = WIDTH) -> str:
    text = str(value)
    import html  # only here: every actor would carry it

    return html.escape(text if len(text) <= width else text[: width - 1] + "…")


def brief(value: Any) -> str:
    """A value in a few words: a small one itself, of a large one its range."""
    if hasattr(value, "nnz"):
        return f"{value.nnz:,} entries in {value.shape}"
    if isinstance(value, str):
        return repr(value)
    if not isinstance(value, ARRAYS) or np.ndim(value) == 0:
        return str(value)
    array = np.asarray(value)
    if array.size <= 4 or array.dtype.kind not in "biuf":
        return " ".join(str(array.tolist()).split())
    low, high = array.min(), array.max()
    return f"{low:.6g}" if low == high else f"{low:.6g} … {high:.6g}"


def short(value: object) -> str:
    """A value as NumPy writes it, where that is a line; else in a few words."""
    if hasattr(value, "nnz") or (isinstance(value, ARRAYS) and np.size(value) > ROWS):
        return brief(value)
    text = str(value)
    return text if len(text) <= WIDTH and "\n" not in text else brief(value)


def process_table(process: AbstractProcess) -> str:
    """Ports with their partners, Vars with their initial values, parts."""
    kinds = (process.in_ports, process.out_ports, process.ref_ports, process.var_ports)
    rows: list[tuple[object, ...]] = [
        (type(port).__name__, port.name, port.shape, partners(port))
        for ports in kinds
        for port in ports
    ]
    rows += [(type(var).__name__, var.name, var.shape, _of_var(var)) for var in process.vars]
    rows += [("part", name, type(part).__name__, part.name) for name, part in named(process.procs)]
    title = f"{type(process).__name__} {process.name}"
    return table(title, ("", "name", "shape", "partners, or initial value"), rows, "members")


def _of_var(var: Var) -> str:
    return brief(var.init) if var.aliased_var is None else f"alias of {where(var.aliased_var)}"


def partners(port: AbstractPort) -> str:
    """What a port is connected to, through hierarchy and virtual ports."""
    sources = [where(p) for p in port.get_src_ports()]
    destinations = [where(p) for p in port.get_dst_ports()]
    return ", ".join([*(f"← {s}" for s in sources), *(f"→ {d}" for d in destinations)])


def member_table(member: Any, now: str = "") -> str:
    """One Var, which has a value ``now``, or port."""
    kind, name = type(member).__name__, where(member)
    if hasattr(member, "init"):
        shared = "" if member.shareable else ", not shareable"
        rows = [(member.shape, f"{_of_var(member)}{shared}", now)]
        return table(f"{kind} {name}", ("shape", "initial value", "value"), rows)
    return table(f"{kind} {name}", ("shape", "partners"), [(member.shape, partners(member))])

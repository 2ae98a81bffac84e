"""Names in compiled code, read without `dis`: that takes a second for some thousand lines.

Programs generate classes of many hundred lines, and every start of a network reads them.
"""

from __future__ import annotations

from opcode import EXTENDED_ARG, opmap
from types import CodeType

PROGRAM = frozenset({"__main__", "__mp_main__"})
"""Names of the module that a program is; the second in what `multiprocessing` starts anew. No other
interpreter can import it."""


def names_in(code: CodeType, *operations: str) -> list[str]:
    """Return the names that operations of some kinds (``STORE_ATTR`` …) have, in order, once each.

    Functions inside of `code` are not read.
    """
    wanted = {opmap[operation] for operation in operations if operation in opmap}
    doubled = opmap["LOAD_GLOBAL"]  # its lowest bit is a flag
    raw, extended = code.co_code, 0
    found: dict[str, None] = {}
    for op, arg in zip(raw[::2], raw[1::2], strict=True):
        if op == EXTENDED_ARG:
            extended = (extended | arg) << 8
            continue
        if op in wanted:
            number = extended | arg
            found[code.co_names[number >> 1 if op == doubled else number]] = None
        extended = 0
    return list(found)

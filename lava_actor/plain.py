"""Dataclasses that take a fraction of the time to define.

The standard decorator writes and compiles the source of up to six methods for each class. That was
a third of what the import of this package took, for every script, and for its launcher once more.
Of a `plain` record only ``__init__`` is compiled; all records share the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["plain"]

if TYPE_CHECKING:
    from dataclasses import dataclass as plain
else:
    from dataclasses import dataclass, fields
    from functools import partial
    from operator import attrgetter
    from reprlib import recursive_repr

    def plain(cls=None, /, *, frozen=False, eq=True, repr=True):  # noqa: A002  (the standard names)
        """Make a class a dataclass: for records of this package, not for what users write to.

        ``frozen`` ones can be hashed; that nobody writes to them is seen by type checkers alone.
        """
        if cls is None:
            return partial(plain, frozen=frozen, eq=eq, repr=repr)
        shown = repr and "__repr__" not in vars(cls)
        cls = dataclass(cls, eq=False, repr=False)
        if shown:
            cls.__repr__ = _repr
        if eq:
            names = [field.name for field in fields(cls) if field.compare]
            # Of a single name it would give the value itself, and arrays compare by elements.
            cls._compared = attrgetter(*names) if len(names) > 1 else staticmethod(_those(names))
            cls.__eq__ = _eq
            cls.__hash__ = _hash if frozen else None
        return cls

    def _those(names):
        return lambda record: tuple(getattr(record, name) for name in names)

    @recursive_repr()
    def _repr(self):
        said = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
        return f"{type(self).__qualname__}({', '.join(said)})"

    def _eq(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._compared(self) == self._compared(other)

    def _hash(self):
        return hash(self._compared(self))

"""Stand-ins for the inner parts of Lava's compiler and runtime.

Programs, tests and plug-ins import such parts by name, often for an annotation or a mock only. A
stand-in can be imported, named in annotations and derived from. Whoever makes an instance of it,
calls it or asks it for a member learns what it stands for.
"""

from __future__ import annotations

from typing import NoReturn

from lava_actor.errors import UnsupportedError


class InnerPart(type):
    """The class of all stand-ins."""

    def __call__(cls, *args: object, **kwargs: object) -> NoReturn:
        """Say what this stands for."""
        raise _refusal(cls)

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):  # what Python itself looks for
            raise AttributeError(name)
        raise _refusal(cls)


def inner_part(module: str, name: str) -> InnerPart:
    """Return a stand-in for `name` in the Lava module `module`."""
    doc = f"Stands for a part of Lava that lava_actor does not have: {module}.{name}."
    return InnerPart(name, (), {"__module__": module, "__doc__": doc})


def _refusal(cls: InnerPart) -> UnsupportedError:
    part = next(c for c in cls.__mro__ if c.__bases__ == (object,))
    return UnsupportedError(
        f"{part.__module__}.{part.__name__} is an inner part of Lava. It can be imported, but "
        f"lava_actor compiles and runs networks in its own way and has nothing behind that name "
        f"(docs/lava_programs.md)"
    )

"""How a Process is made: what its constructor is given is checked, then its members are registered.

A constructor that is called wrongly names its parameters; a keyword that nobody reads is warned of.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from lava_actor.errors import InvalidTypeError, InvalidValueError
from lava_actor.process import matrices
from lava_actor.process.hints import did_you_mean, is_library, misfit, nearest, warn
from lava_actor.process.inherited import docstring, signature
from lava_actor.process.interfaces import checked_shape


class ProcessPostInitCaller(type):
    """Makes Processes: checks what the constructor is given, then registers the members, once."""

    def __init__(cls, *args: object) -> None:
        """Complete the docstring of a class of the library."""
        super().__init__(*args)
        if is_library(cls):
            cls.__doc__ = docstring(cls)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What the constructor takes, for help and completion."""
        return signature(cls)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Construct, then register the members.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) if the constructor does not take these arguments.
        """
        if any(map(is_library, cls.__mro__)):
            _check_keywords(cls, kwargs)
        if is_library(cls):
            owner = kwargs.get("name") or cls.__name__
            if "shape" in kwargs:
                kwargs["shape"] = checked_shape(kwargs["shape"], owner)
            for key, value in kwargs.items():
                matrices.refuse_mask(value, f"{owner}.{key}")
            bits = np.asarray(kwargs.get("num_message_bits", 0))
            if bits.dtype.kind not in "iu" or (bits < 0).any():
                raise InvalidValueError(
                    f"{owner}.num_message_bits: expected 0 (binary spikes) or a number of bits, "
                    f"got {kwargs['num_message_bits']!r}"
                )
        try:
            obj = super().__call__(*args, **kwargs)
        except TypeError:
            if text := misfit(cls.__name__, signature(cls), args, kwargs, inspect.getdoc(cls)):
                raise InvalidTypeError(text) from None
            raise
        obj._post_init()
        return obj


@functools.cache
def _keywords(cls: Any) -> tuple[str, ...]:
    """What the constructors and the models of a library Process know by name."""
    found: dict[str, None] = {}
    for base in cls.__mro__:
        found.update(dict.fromkeys(getattr(base, "_model_parameters", ())))
        if (init := base.__dict__.get("__init__")) is not None and base is not object:
            parameters = list(inspect.signature(init).parameters.values())[1:]
            named = (p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
            found.update(dict.fromkeys(named))
    return (*found, "name", "log_config")


def _check_keywords(cls: Any, kwargs: dict[str, Any]) -> None:
    known = _keywords(cls)
    for_others = cls._for_own_models or not is_library(cls)
    for key in kwargs:
        if key not in known and not (for_others and nearest(key, known) is None):
            warn(
                f"{cls.__name__}: no parameter is called {key!r}{did_you_mean(key, known)}, and no "
                f"model of this library reads it. Parameters: {', '.join(dict.fromkeys(known))}"
            )

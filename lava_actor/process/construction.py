"""How a Process is made: what its constructor is given is checked, then its members are registered.

A constructor that is called wrongly names its parameters; a keyword that nobody reads is warned of.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from lava_actor.channels.masks import refuse_mask
from lava_actor.errors import InvalidTypeError, InvalidValueError, LavaActorError
from lava_actor.process.hints import did_you_mean, is_library, misfit, nearest, warn, yes_or_no
from lava_actor.process.inherited import docstring, signature
from lava_actor.process.interfaces import checked_shape
from lava_actor.process.values import plain_number


class ProcessPostInitCaller(type):
    """Makes Processes: checks what the constructor is given, then registers the members, once."""

    _la_for_own_models: bool  # of AbstractProcess

    def __init__(cls, *args: object) -> None:
        """Complete the docstring of a class of the library."""
        super().__init__(*args)
        if is_library(cls):
            cls.__doc__ = docstring(cls)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What the constructor takes, for help and completion."""
        return signature(cls)

    def __call__(cls, *args: object, **kwargs: Any) -> Any:
        """Construct, then register the members.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) if the constructor does not take these arguments.
        """
        if any(map(is_library, cls.__mro__)):
            _check_keywords(cls, kwargs)
            args, kwargs = _with_plain_numbers(cls, args, kwargs)
        if is_library(cls):
            owner = kwargs.get("name") or cls.__name__
            if "shape" in kwargs:
                kwargs["shape"] = checked_shape(kwargs["shape"], owner)
            for key, value in kwargs.items():
                refuse_mask(value, f"{owner}.{key}")
            bits = np.asarray(kwargs.get("num_message_bits", 0))
            if bits.dtype.kind not in "iu" or (bits < 0).any():
                raise InvalidValueError(
                    f"{owner}.num_message_bits: expected 0 (binary spikes) or a number of bits, "
                    f"got {kwargs['num_message_bits']!r}"
                )
        wrong: Exception | None = None
        try:
            obj = super().__call__(*args, **kwargs)
        except LavaActorError:
            raise
        except (TypeError, ValueError) as error:
            wrong = error
        _check_types(cls, kwargs)
        if wrong is not None:
            try:
                if text := misfit(cls.__name__, signature(cls), args, kwargs, inspect.getdoc(cls)):
                    raise InvalidTypeError(text)
                raise wrong
            finally:
                del wrong  # or the error, and all that its frames hold, would live in a cycle
        obj._post_init()
        return obj


def _check_types(cls: type, kwargs: Mapping[str, object]) -> None:
    """Check what a constructor of the library did not, by the types that it names."""
    checks = _checks(cls) if is_library(cls) else {}
    for key in checks.keys() & kwargs.keys():
        checks[key](f"{kwargs.get('name') or cls.__name__}.{key}", kwargs[key])


_PLAIN = {"bool": bool, "int": int, "float": float}


def _with_plain_numbers(
    cls: type, args: tuple[object, ...], kwargs: dict[str, Any]
) -> tuple[tuple[object, ...], dict[str, Any]]:
    """The arguments, with Python's numbers where a parameter of the library is one."""
    if not any(isinstance(v, np.generic | np.ndarray) for v in (*args, *kwargs.values())):
        return args, kwargs
    names, one = _numbers_of(cls)
    plain = [plain_number(v) if k in one else v for k, v in zip(names, args, strict=False)]
    plain += args[len(plain) :]
    return tuple(plain), {k: plain_number(v) if k in one else v for k, v in kwargs.items()}


@functools.cache
def _numbers_of(cls: type) -> tuple[tuple[str, ...], frozenset[str]]:
    """Names of a class's parameters in order; and which are one number to the library.

    A constructor of a user's gets what it names itself as it was given.
    """
    names = tuple(signature(cls).parameters)
    maker = next(base for base in cls.__mro__ if "__init__" in vars(base))
    own = () if is_library(maker) else inspect.signature(vars(maker)["__init__"]).parameters
    numbers = (key for key, (kind, _) in _kinds(cls).items() if kind in (int, float))
    return names, frozenset(numbers).difference(own)


@functools.cache
def _kinds(cls: type) -> dict[str, tuple[object, bool]]:
    """What the types of a library Process say of its parameters: the kind; whether None may be."""
    found: dict[str, tuple[object, bool]] = {}
    for base in reversed(cls.__mro__):
        if not is_library(base):
            continue
        names = vars(sys.modules[base.__module__])
        told = dict(getattr(base, "_la_model_parameters", {}))
        told |= getattr(base.__dict__.get("__init__"), "__annotations__", {})
        for key, told_type in told.items():
            words = str(told_type).split(" | ")
            optional = "None" in words or isinstance(told_type, type)
            kind: object = told_type  # of a keyword for models
            if isinstance(told_type, str):
                kind = None if "str" in words else {**_PLAIN, **names}.get(words[0])
            found[key] = kind, optional
    return found


@functools.cache
def _checks(cls: type) -> dict[str, Callable[[str, object], object]]:
    """What is said of parameters of a library Process by their types, as checks."""
    found: dict[str, Callable[[str, object], object]] = {}
    for key, (kind, optional) in _kinds(cls).items():
        if kind is bool:
            found[key] = yes_or_no
        elif kind is int:
            found[key] = functools.partial(_check_whole, optional)
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found[key] = functools.partial(_check_choice, kind, optional)
    return found


def _check_whole(optional: bool, what: str, value: object) -> None:
    if isinstance(value, int) or (value is None and optional):
        return
    numbers = np.asarray(value)
    wrong = InvalidValueError if numbers.dtype.kind in "iubf" else InvalidTypeError
    if wrong is InvalidTypeError or not (numbers % 1 == 0).all():
        raise wrong(f"{what}: expected an integer, got {value!r}")


def _check_choice(kind: type[Enum], optional: bool, what: str, value: object) -> None:
    if isinstance(value, kind) or (value is None and optional):
        return
    if isinstance(value, int) and issubclass(kind, int) and value in list(kind):
        return
    words = ", ".join(member.name for member in kind)
    raise InvalidValueError(f"{what}: expected a {kind.__name__} ({words}), got {value!r}")


@functools.cache
def _keywords(cls: type) -> tuple[str, ...]:
    """What the constructors and the models of a library Process know by name."""
    found: dict[str, None] = {}
    for base in cls.__mro__:
        found.update(dict.fromkeys(getattr(base, "_la_model_parameters", ())))
        if (init := base.__dict__.get("__init__")) is not None and base is not object:
            parameters = list(inspect.signature(init).parameters.values())[1:]
            named = (p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
            found.update(dict.fromkeys(named))
    return (*found, "name", "log_config")


def _check_keywords(cls: ProcessPostInitCaller, kwargs: Mapping[str, object]) -> None:
    known = _keywords(cls)
    for_others = cls._la_for_own_models or not is_library(cls)
    for key in kwargs:
        if key not in known and not (for_others and nearest(key, known) is None):
            warn(
                f"{cls.__name__}: no parameter is called {key!r}{did_you_mean(key, known)}, and no "
                f"model of this library reads it. Parameters: {', '.join(dict.fromkeys(known))}"
            )

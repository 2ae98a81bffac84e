"""What a constructor of the library takes from the class above, though it does not name it again.

In a class of the library ``**inherited`` stands for the parameters of the class above, and
``**kwargs`` for these and any others; `name` and `log_config` are those of every Process. Help,
completion and messages show them all: signature and docstring are completed here.
"""

from __future__ import annotations

import functools
import inspect
import re
from inspect import Parameter
from typing import Any

from lava_actor.errors import InvalidTypeError
from lava_actor.process.hints import is_library

_SECTION = re.compile(r"^Parameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"^(\S.*)(?:\n[ \t].*|\n(?=\n*[ \t]))*", re.MULTILINE)
_COMMON = {"name": "str", "log_config": "LogConfig"}


def given(names: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a constructor as keywords for the next one.

    Parameters
    ----------
    names : dict
        ``locals()`` of the constructor, in which `super` has to be mentioned.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if ``**inherited`` has what no class above takes.
    """
    cls = names["__class__"]
    code = cls.__init__.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    mine = code.co_varnames[1:count]
    more: dict[str, object] = {}
    if code.co_flags & inspect.CO_VARKEYWORDS:
        more = names[rest := code.co_varnames[count]]
        if rest == "inherited" and (unknown := more.keys() - signature(cls).parameters.keys()):
            raise InvalidTypeError(
                f"{cls.__name__}.__init__() got an unexpected keyword argument {min(unknown)!r}"
            )
    return {name: names[name] for name in mine} | more


def signature(cls: type) -> inspect.Signature:
    """What a class takes, those parameters included that its constructor passes on unnamed."""
    maker = next(base for base in cls.__mro__ if "__init__" in vars(base))
    return _of_library(maker) if is_library(maker) else inspect.Signature(_own(maker))


def _own(maker: type) -> list[Parameter]:
    return list(inspect.signature(vars(maker)["__init__"]).parameters.values())[1:]


@functools.cache
def _of_library(maker: type) -> inspect.Signature:
    own = _own(maker)
    rest = next((p.name for p in own if p.kind is p.VAR_KEYWORD), "")
    if rest not in ("inherited", "kwargs"):
        return inspect.Signature(own)
    above = (b for b in maker.__mro__[1:] if is_library(b) and "__init__" in vars(b))
    passed = {
        p.name: p.replace(kind=p.KEYWORD_ONLY)
        for base in (*above,)[:1]
        for p in _of_library(base).parameters.values()
        if p.kind is not p.VAR_KEYWORD
    }
    named = {**passed, **{p.name: p for p in own if p.name != rest}}
    for name, type_ in _COMMON.items():  # after the others
        there = Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=f"{type_} | None")
        named[name] = named.pop(name, there)
    found = [p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
    found += [p for p in named.values() if p.kind is p.KEYWORD_ONLY]
    return inspect.Signature([*found, *(p for p in own if p.name == "kwargs")])


def docstring(cls: type) -> str | None:
    """The docstring of a class of the library, all its parameters described."""
    if not cls.__doc__:
        return cls.__doc__
    text = inspect.cleandoc(cls.__doc__)
    section = _SECTION.search(text)
    mine = _entries(section[1] if section else "")
    shown = signature(cls).parameters.values()
    missing = {("**" if p.kind is p.VAR_KEYWORD else "") + p.name for p in shown}
    missing -= {name for names in mine for name in names}
    passed: list[str] = []
    for base in (b for b in cls.__mro__[1:] if is_library(b) or b.__name__ == "AbstractProcess"):
        found = _SECTION.search(inspect.cleandoc(base.__doc__ or ""))
        for names, entry in _entries(found[1] if found else "").items():
            if missing & {*names}:
                missing -= {*names}
                passed.append(entry)
    if not passed:
        return cls.__doc__
    common = [entry for entry in passed if entry.startswith((*_COMMON, "*"))]
    passed = [entry for entry in passed if entry not in common]
    common.sort(key=lambda entry: entry[0] == "*")
    others = [entry for names, entry in mine.items() if names[0][0] == "*"]
    named = [entry for names, entry in mine.items() if names[0][0] != "*"]
    body = "\n".join(("Parameters\n----------", *passed, *named, *common, *others))
    if section:
        return text[: section.start()] + body + text[section.end() :]
    head, *sections = re.split(r"(?=\n\n\w+\n-+\n)", text, maxsplit=1)
    return "".join((head, "\n\n", body, *sections))


def _entries(text: str) -> dict[tuple[str, ...], str]:
    """``{names: the lines about them}`` of a section of parameters."""
    return {
        tuple(entry[1].partition(" : ")[0].split(", ")): entry[0].rstrip()
        for entry in _ENTRY.finditer(text)
    }

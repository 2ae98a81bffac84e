"""Whether a model only reads through a RefPort, read from its code: then it need not say so.

"Yes" must be true, for such a port gets its Var as a message and refuses all else. So the answer is
yes only where everything that can touch the port is in sight: the model's class and its bases below
the framework are plain functions, which name attributes of the model and hand the model itself to
nobody, and the port is named in ``run_post_mgmt`` alone, as ``self.port.read(…)``. A helper that
gets the model, a decorator, an attribute by a computed name: the port takes turns, as any does.
"""

from __future__ import annotations

import dis
import sys
from types import CodeType, FunctionType

from lava_actor.model.phases import is_framework, nested, strings

#: Ways to an attribute, or to the model, that do not name it.
_DETOURS = frozenset(
    {"getattr", "setattr", "delattr", "__dict__", "__getattribute__", "vars", "locals", "exec"}
    | {"eval", "_getframe", "py_ports", "attrgetter", "methodcaller"}
)
_HOOKS = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__delattr__"})
_POST = "run_post_mgmt"
_OF_SELF = frozenset({"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR"})
_METHOD_FLAG = sys.version_info >= (3, 12)


def doing_more(model_cls: type, port: str) -> str | None:
    """Name a member of a class that may do more with a RefPort than read it in ``run_post_mgmt``.

    None: models of the class only read.
    """
    for cls in model_cls.__mro__:
        for name, value in () if is_framework(cls) else vars(cls).items():
            if not _reads(name, value, port):
                return f"{cls.__qualname__}.{name}"
    return None


def _reads(name: str, value: object, port: str) -> bool:
    """The same of one member of a class: data, or a function that gets the model first."""
    if not isinstance(value, FunctionType):
        known = isinstance(value, (type, staticmethod, classmethod)) or name.startswith("__")
        return known or not (callable(value) or hasattr(type(value), "__get__"))
    code = value.__code__
    if name in _HOOKS or not code.co_argcount:
        return False
    me = code.co_varnames[0]
    if me in code.co_cellvars:
        return False
    for each in nested(code):
        names = {*each.co_names, *strings(each.co_consts)}
        if _DETOURS & names or port in strings(each.co_consts):
            return False
        inside = each is code and name == _POST
        if not inside and not {port, _POST}.isdisjoint(names):
            return False
    return _uses(code, me, port)


def _uses(code: CodeType, me: str, port: str) -> bool:
    """Whether the model is only asked for attributes, and the port for what it reads."""
    steps = [*dis.get_instructions(code)]
    for i, step in enumerate(steps):
        then = steps[i + 1 : i + 3]
        what = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if step.opname.startswith(("LOAD_FAST", "STORE_FAST")) and me in what:
            if me in what[:-1] or "LOAD_FAST" not in step.opname or not _asks(then):
                return False
        elif step.argval == port and step.opname in _OF_SELF:
            called = then[0].opname == "LOAD_METHOD" or (_METHOD_FLAG and (then[0].arg or 0) & 1)
            if step.opname != "LOAD_ATTR" or then[0].argval != "read" or not called:
                return False
    return True


def _asks(then: list[dis.Instruction]) -> bool:
    """Whether what follows the model is an attribute of it: as it is, or changed in place."""
    if then[0].opname == "COPY":
        return then[1].opname == "LOAD_ATTR"
    return then[0].opname in _OF_SELF

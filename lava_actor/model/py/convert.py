"""Lets a model that was written for steps run freely.

The new class keeps an instance of the original model and shares its attributes: both objects have
the same ``__dict__``. So the methods of the original run on an instance of the original class
(``super()`` and `isinstance` work in them), while the actor sets Vars and ports on the new one.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from functools import partial

from lava_actor.errors import InvalidTypeError
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.registry import HIDDEN
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.protocol.step import POST_MGMT, PRE_MGMT, SPK, AnyGuard, take_part

_converted: weakref.WeakValueDictionary[type, type] = weakref.WeakValueDictionary()


class FreeRunning(PyAsyncProcessModel):
    """Base of converted models: runs the steps of the original in a loop of its own.

    A step is: pre-management if ``pre_guard()``, ``run_spk``, post-management if ``post_guard()``.
    Learning does not take place. ``time_step`` is 1 in the first step and goes on over all runs.
    """

    _la_original: type[PyLoihiProcessModel]
    _la_left = 0
    _la_rested = 0
    """Step in the middle of which a pause came, of the call that is on."""

    def __init__(self, proc_params: object = None) -> None:
        original = self._la_original(proc_params)
        PyAsyncProcessModel.__init__(self, proc_params)
        # What the original's constructor set wins over what every model has.
        shared = original.__dict__
        for name, value in self.__dict__.items():
            shared.setdefault(name, value)
        self.__dict__ = shared
        self._la_stepper = original

    def __getattr__(self, name: str) -> object:
        if name == "_la_stepper":  # not there before the constructor is through
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self._la_stepper, name)

    def _la_begin_run(self, num_steps: int) -> None:
        super()._la_begin_run(num_steps)
        self._la_left = num_steps
        if self._la_rested:  # the step that a pause came into is the first of this run
            self._la_left -= self._la_stepper.time_step - self._la_rested + 1
        self._la_rested = 0

    def _la_rest(self) -> None:
        self._la_rested = self._la_rested or self._la_stepper.time_step

    def run_async(self) -> None:
        """Do ``num_steps`` further steps, or fewer if a pause or stop is asked for."""
        model: PyLoihiProcessModel = self._la_stepper
        enter = partial(setattr, model, "_la_phase")
        self._la_left, self._la_rested = self.num_steps, 0
        while self._la_left > 0:
            self._la_left -= 1
            model.time_step += 1
            take_part(model, AnyGuard, PRE_MGMT, enter)
            enter(SPK)
            model.run_spk()
            take_part(model, AnyGuard, POST_MGMT, enter)
            enter(SPK)
            if model._req_pause or model._req_stop:
                return
            if self.check_for_stop_cmd() or self.check_for_pause_cmd():
                return


def PyLoihiModelToPyAsyncModel(  # noqa: N802  (the name users import)
    py_loihi_model: type[PyLoihiProcessModel],
) -> type[FreeRunning]:
    """Make a free-running model class of one that works step by step.

    Parameters
    ----------
    py_loihi_model : subclass of PyLoihiProcessModel

    Returns
    -------
    type
        Class ``<Name>Async``: same Process, resources, tags and declarations, protocol
        `AsyncProtocol`, see `FreeRunning` for what it does. It is not found by discovery; name it
        in ``exception_proc_model_map``. The same class is returned for the same argument.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if the argument is no subclass of PyLoihiProcessModel.
    """
    original = py_loihi_model
    if not (isinstance(original, type) and issubclass(original, PyLoihiProcessModel)):
        raise InvalidTypeError(
            f"PyLoihiModelToPyAsyncModel: expected a subclass of PyLoihiProcessModel, got "
            f"{original!r}"
        )
    made = _converted.get(original)
    if made is None:
        name = f"{original.__name__}Async"
        made = _converted[original] = type(name, (FreeRunning,), _namespace(original, name))
    return made


def _namespace(original: type[PyLoihiProcessModel], name: str) -> dict[str, object]:
    """Class attributes of ``original`` below the framework; methods go to the original."""
    namespace: dict[str, object] = {}
    for cls in reversed(original.__mro__):
        if issubclass(PyLoihiProcessModel, cls):
            continue
        for key, value in vars(cls).items():
            if key.startswith("__") or key in ("_abc_impl", "native_step"):
                continue
            if isinstance(value, property):
                continue  # read through the original
            if not inspect.isroutine(value):
                namespace[key] = value
            elif not key.startswith("_") and not hasattr(FreeRunning, key):
                namespace[key] = _delegate(key, value)
    namespace.update(
        _la_original=original, implements_process=original.implements_process,
        implements_protocol=AsyncProtocol, required_resources=list(original.required_resources),
        tags=list(original.tags), __module__=original.__module__, __qualname__=name,
        __doc__=f"{original.__name__}, running freely.",
    )  # fmt: skip
    namespace[HIDDEN] = True
    return namespace


def _delegate(name: str, method: object) -> Callable[..., object]:
    def delegate(self: FreeRunning, *args: object, **kwargs: object) -> object:
        return getattr(self._la_stepper, name)(*args, **kwargs)

    delegate.__name__ = name
    delegate.__doc__ = getattr(method, "__doc__", None)
    return delegate


for _hook in ("on_start", "on_var_update", "_la_var_written", "_pause", "_stop"):
    setattr(FreeRunning, _hook, _delegate(_hook, getattr(PyLoihiProcessModel, _hook)))

"""``@implements``, ``@requires``, ``@tag``: what a model class says about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from lava_actor.errors import InvalidTypeError, NetworkError
from lava_actor.model import registry
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.resources import AbstractResource
from lava_actor.model.sync.protocol import AbstractSyncProtocol
from lava_actor.process.process import AbstractProcess

M = TypeVar("M", bound=type)


def implements(
    proc: type[AbstractProcess] | None = None, protocol: type[AbstractSyncProtocol] | None = None
) -> Callable[[M], M]:
    """Declare which Process a model implements, and under which protocol it runs.

    Parameters
    ----------
    proc : Process class, optional
        None keeps the inherited one.
    protocol : protocol class, optional
        None keeps the inherited one; without any, the base class of the model decides.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if an argument is no class.
    NetworkError
        (an `AssertionError`) if an argument is a class of another kind, the decorated object is
        no ProcessModel class, or the model already implements another Process or protocol.
    """
    _check_class(proc, AbstractProcess, "implements(proc=…)", "Process")
    _check_class(protocol, AbstractSyncProtocol, "implements(protocol=…)", "sync protocol")

    def decorate(cls: M) -> M:
        model = _check_model(cls, "implements")
        for attribute, given in (("implements_process", proc), ("implements_protocol", protocol)):
            if given is None:
                continue
            present = getattr(model, attribute)
            if present is not None and present is not given:
                raise NetworkError(
                    f"{model.__qualname__}.{attribute} is {present.__qualname__} and cannot "
                    f"become {given.__qualname__}: derive from a model that implements neither"
                )
            setattr(model, attribute, given)
        registry.register(model)
        return cls

    return decorate


def requires(*resources: object) -> Callable[[M], M]:
    """Declare the resources a model needs, in addition to the inherited ones.

    Parameters
    ----------
    *resources : resource classes
        A list or tuple of classes means: one of these.

    Raises
    ------
    InvalidTypeError
        (a `TypeError`) if an element is no class.
    NetworkError
        (an `AssertionError`) if a class is no resource, or the decorated object no ProcessModel.
    """
    wanted: list[Any] = []
    for resource in resources:
        if isinstance(resource, (list, tuple)):
            for alternative in resource:
                _check_class(alternative, AbstractResource, "requires(…)", "resource")
            wanted.append(list(resource))
        elif resource is None:
            raise InvalidTypeError("requires(…): expected a resource class, got None")
        else:
            _check_class(resource, AbstractResource, "requires(…)", "resource")
            wanted.append(resource)

    return _adding("requires", "required_resources", wanted)


def tag(*keywords: str) -> Callable[[M], M]:
    """Add keywords by which a run configuration may select a model.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if a keyword is no string, or the decorated object no ProcessModel.
    """
    for keyword in keywords:
        if not isinstance(keyword, str):
            raise NetworkError(f"tag(…): expected strings, got {keyword!r}")

    return _adding("tag", "tags", keywords)


def _adding(decorator: str, attribute: str, more: Iterable[object]) -> Callable[[M], M]:
    def decorate(cls: M) -> M:
        model = _check_model(cls, decorator)
        setattr(model, attribute, [*getattr(model, attribute), *more])
        return cls

    return decorate


def _check_class(given: object, base: type, place: str, kind: str) -> None:
    if given is None:
        return
    if not isinstance(given, type):
        raise InvalidTypeError(f"{place}: expected a {kind} class, got {given!r}")
    if not issubclass(given, base):
        raise NetworkError(
            f"{place}: expected a {kind} (subclass of {base.__name__}), got {given.__qualname__}"
        )


def _check_model(cls: object, decorator: str) -> type[AbstractProcessModel]:
    if not (isinstance(cls, type) and issubclass(cls, AbstractProcessModel)):
        raise NetworkError(f"@{decorator}: expected a ProcessModel class to decorate, got {cls!r}")
    return cls

"""`AbstractProcessModel`: the base of everything that implements a Process."""

from __future__ import annotations

import logging
from abc import ABC
from typing import TYPE_CHECKING, Any, ClassVar

from lava_actor.model import registry
from lava_actor.process.log import logger_of_models

if TYPE_CHECKING:
    from lava_actor.model.resources import AbstractResource
    from lava_actor.model.sync.protocol import AbstractSyncProtocol
    from lava_actor.model.types import LavaPyType
    from lava_actor.process.process import AbstractProcess


class AbstractProcessModel(ABC):  # noqa: B024  (so that subclasses may have abstract methods)
    """Implements the behaviour of a Process class.

    A subclass is a candidate for the Process class that ``@implements``, a base class or its own
    ``implements_process`` names, and lives as long as that class.

    Parameters
    ----------
    proc_params : ProcessParameters
        The parameters the Process was made with.
    loglevel : int
        Level of ``log``.

    Attributes
    ----------
    implements_process : Process class, set by ``@implements``
    implements_protocol : protocol class, set by ``@implements``
    required_resources : resources, collected by ``@requires``
    tags : keywords, collected by ``@tag``
    checkpoint_state : names of the attributes that `save` writes besides the Vars; None: all.
        What is not listed is, after `load`, as constructor and ``on_start`` make it.
    log : logger ``lava_actor.model.<class name>``
    proc_params : as given
    """

    implements_process: ClassVar[type[AbstractProcess] | None] = None
    implements_protocol: ClassVar[type[AbstractSyncProtocol] | None] = None
    required_resources: ClassVar[list[type[AbstractResource] | list[type[AbstractResource]]]] = []
    tags: ClassVar[list[str]] = []
    checkpoint_state: ClassVar[tuple[str, ...] | None] = None
    _la_derived: ClassVar[frozenset[str]] = frozenset()
    """Attributes that no file has: they follow from others, and `_la_check_restored` makes them."""

    def __init__(self, proc_params: Any = None, loglevel: int = logging.WARNING) -> None:
        self.proc_params = proc_params
        self.log = logger_of_models(type(self).__name__)
        if loglevel != logging.WARNING:  # the default leaves the user's logging set-up alone
            self.log.setLevel(loglevel)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        registry.register(cls)

    @classmethod
    def _la_specialised(cls, process: AbstractProcess) -> type[AbstractProcessModel]:
        """Return the class that runs ``process``: this one.

        Override where the members of a Process, hence their declarations, are known only when the
        Process is there. A subclass made for one Process should set `registry.HIDDEN` to True, so
        that it is no candidate for others.
        """
        return cls

    @classmethod
    def _la_declared_for(
        cls, process: AbstractProcess, types: dict[str, LavaPyType]
    ) -> dict[str, LavaPyType]:
        """Return what a class declares as it is for one Process; its own are ``types``."""
        return types

    def __repr__(self) -> str:
        cls = type(self)
        process = cls.implements_process.__name__ if cls.implements_process else "no Process"
        resources = ", ".join(_requirement_name(r) for r in cls.required_resources) or "nothing"
        return (
            f"{cls.__name__} implements {process}\n"
            f"  supports: {resources}\n"
            f"  has tags: {', '.join(cls.tags) or 'none'}"
        )


def _requirement_name(requirement: type | list[type]) -> str:
    if isinstance(requirement, (list, tuple)):
        return " or ".join(_requirement_name(r) for r in requirement)
    return str(requirement.__name__)

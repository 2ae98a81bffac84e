"""`AbstractSubProcessModel`: behaviour made of further Processes."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Iterator, Mapping

from lava_actor.model.model import AbstractProcessModel
from lava_actor.process.process import AbstractProcess


class AbstractSubProcessModel(AbstractProcessModel):
    """Implements a hierarchical Process by a network of sub-processes.

    The constructor gets the Process, makes sub-processes as attributes of itself, connects them
    with each other and with the ports of the Process, and aliases its Vars::

        def __init__(self, proc):
            self.dense = Dense(weights=proc.proc_params["weights"])
            self.lif = LIF(shape=proc.s_out.shape)
            proc.in_ports.s_in.connect(self.dense.in_ports.s_in)
            self.dense.out_ports.a_out.connect(self.lif.in_ports.a_in)
            self.lif.out_ports.s_out.connect(proc.out_ports.s_out)
            proc.vars.v.alias(self.lif.vars.v)

    The model is instantiated by the compiler, in the user's interpreter.
    """

    _la_parent: AbstractProcess | None = None

    def __new__(cls, *args: object, **kwargs: object) -> AbstractSubProcessModel:  # noqa: D102
        model = super().__new__(cls)
        given = (*args, *kwargs.values())
        model._la_parent = next((a for a in given if isinstance(a, AbstractProcess)), None)
        return model

    @abstractmethod
    def __init__(self, proc: AbstractProcess) -> None:
        """Build the sub-processes of ``proc``."""

    def find_sub_procs(self) -> dict[str, AbstractProcess]:
        """All Processes kept by this model, in alphabetical order of its attributes.

        Lists, tuples, dicts and dataclass instances are searched, however deep.

        Returns
        -------
        dict
            {name: Process}. The name is the attribute's; for an element of a list or dict
            ``<attribute>_<index or key>``; for a field of a dataclass instance the class name of
            the Process. A name that is taken gets a number.
        """
        found: dict[str, AbstractProcess] = {}
        known: set[int] = set()
        attributes = sorted((k, v) for k, v in vars(self).items() if k != "_la_parent")
        # Direct attributes first: they keep their names, whatever a container would be called.
        for name, value in attributes:
            if isinstance(value, AbstractProcess) and not self._la_is_above(value):
                found[name] = value
                known.add(id(value))
        for name, value in attributes:
            for inner_name, process in _search(name, value, set()):
                if id(process) not in known and not self._la_is_above(process):
                    known.add(id(process))
                    found[free_name(inner_name, found)] = process
        return dict(sorted(found.items()))

    def _la_is_above(self, process: AbstractProcess) -> bool:
        """True for the implemented Process itself, which models may keep, and its parents."""
        parent = self._la_parent
        return parent is not None and (process is parent or parent.is_sub_proc_of(process))


def _search(name: str, value: object, seen: set[int]) -> Iterator[tuple[str, AbstractProcess]]:
    if isinstance(value, AbstractProcess):
        yield name, value
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=lambda element: getattr(element, "id", -1))
    if isinstance(value, (list, tuple)):
        for index, element in enumerate(value):
            yield from _search(f"{name}_{index}", element, seen)
    elif isinstance(value, Mapping):
        for key, element in value.items():
            yield from _search(f"{name}_{key}", element, seen)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            element = getattr(value, field.name, None)
            if isinstance(element, AbstractProcess):
                yield type(element).__name__, element
            else:
                yield from _search(f"{name}_{field.name}", element, seen)


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """The name, or the first of its numbered kin that is not taken."""
    candidate, number = name, 1
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate

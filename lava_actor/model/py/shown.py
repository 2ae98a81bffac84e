"""What a model tells of itself only until it, or its class, has an attribute of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from lava_actor.model.py.base import AbstractPyProcessModel


class Name:
    """``model.process_name``: the name of the Process."""

    def __get__(self, model: AbstractPyProcessModel | None, owner: type) -> str | Self:
        return self if model is None else model._la_process_name

"""What a model tells of itself only until it, or its class, has an attribute of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from numpy.random import Generator

    from lava_actor.model.py.base import AbstractPyProcessModel


class OwnGenerator:
    """``model.rng``: a generator of the model's own, from the seed it was given.

    Made when it is first asked for, since most models never do.
    """

    def __get__(self, model: AbstractPyProcessModel | None, owner: type) -> Generator | Self:
        if model is None:
            return self
        made = model.__dict__["rng"] = np.random.default_rng(model._la_rng_seed)
        return made


class Name:
    """``model.process_name``: the name of the Process."""

    def __get__(self, model: AbstractPyProcessModel | None, owner: type) -> str | Self:
        return self if model is None else model._la_process_name

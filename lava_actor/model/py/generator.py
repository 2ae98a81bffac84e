"""``model.rng``: made when it is first asked for, since most models never do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from numpy.random import Generator

    from lava_actor.model.py.base import AbstractPyProcessModel


class OwnGenerator:
    """Attribute of model classes: a generator of the model's own, from the seed it was given.

    It only looks like that until it is used; a model, or its class, may set another one.
    """

    def __get__(self, model: AbstractPyProcessModel | None, owner: type) -> Generator | Self:
        if model is None:
            return self
        made = model.__dict__["rng"] = np.random.default_rng(model._rng_seed)
        return made

"""The tokens of a rule, also under this name; see `lava_actor.learning.symbolic_equation`."""

from lava_actor.learning import symbolic_equation
from lava_actor.learning.symbolic_equation import *  # noqa: F403  (all of it, as its list says)

__all__ = list(symbolic_equation.__all__)

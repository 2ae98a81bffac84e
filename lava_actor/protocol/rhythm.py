"""In which steps something is done that is not done in all of them."""

from __future__ import annotations

import math

from lava_actor.plain import plain


@plain(frozen=True)
class Rhythm:
    """The steps t with ``t mod every == offset``, which is at least 0 and below ``every``."""

    every: int = 1
    offset: int = 0

    @classmethod
    def of(cls, every: int, offset: int) -> Rhythm:
        """The rhythm of which ``offset`` is a step, or would be if steps went that far."""
        return cls(every, offset % every)

    def with_all_of(self, other: Rhythm) -> Rhythm:
        """The rarest rhythm that has the steps of both."""
        return Rhythm.of(math.gcd(self.every, other.every, self.offset - other.offset), self.offset)

    def __contains__(self, step: int) -> bool:
        return step % self.every == self.offset

    def __str__(self) -> str:
        if self.every == 1:
            return "every step"
        return f"every {self.every} steps" + f" from step {self.offset} on" * bool(self.offset)


STEADY = Rhythm()
"""All steps."""

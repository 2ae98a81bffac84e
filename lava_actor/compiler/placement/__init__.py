"""Placement: which Processes are cut into parts, each in an actor of its own.

A stage between lowering and the layout of the arena, from plain data to plain data. `place`
decides, `cut` rewrites actors, rings and connections. Whoever runs the result knows nothing of cuts
but how to read a message or a Var that comes in parts. The invariant behind every line of `cut`:

    The parts of a message, one after the other, are the message of the whole Process, whatever it
    is read by; and of what a whole Process would receive, a part receives what is for its neurons.

So results do not depend on the number of parts, to the last bit. Nor on who shares a process, which
`share` decides.
"""

from lava_actor.compiler.placement.cutting import cut
from lava_actor.compiler.placement.deciding import place
from lava_actor.compiler.placement.sharing import shallow, share

__all__ = ["cut", "place", "shallow", "share"]

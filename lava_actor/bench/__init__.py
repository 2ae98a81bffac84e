"""Where the time of a network goes, measured on the user's own program.

``python -m lava_actor.bench program.py [arguments]`` runs a program unchanged and reports, at the
end of each of its runs, how fast the network stepped, how many messages and spikes it sent, and
what each of its actors did. `Observer` does the same from within a program. `Trace` tells as well
when, for a viewer.

Nothing is added to the network. What is reported is read from the shared memory, where actors
account for their waiting anyway, before and after a run: the figures are those of the run as it
would have been without.
"""

from __future__ import annotations

from lava_actor.bench.observer import Observer
from lava_actor.bench.report import ActorReport, RingReport, RunReport
from lava_actor.bench.trace import Trace

__all__ = ["ActorReport", "Observer", "RingReport", "RunReport", "Trace"]

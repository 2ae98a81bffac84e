"""The step plane's shared words, by name.

One clock (domain 0 of the arena) grants steps to all stepping actors; the extra party at the end
of the party table belongs to the runtime and carries its run counter.

* ``horizon``  the last step that may start; only ever grows; a pause freezes it
* ``granted``  what the horizon is as far as actors that wait for the user are ready
* ``fence``    the step at which the present run ends (a pause moves it to the horizon)
* ``limit``    no step beyond this one starts: set to the failing step when a model fails
* ``pause``    what ends this run before its time: 1 pause, 2 stop; free-running actors ask for it
* run counter  (`turn` of the runtime's party) grows with every run command, so that every actor
  announces the end of every run exactly once; `turn` of a free-running actor counts its runs
* ``done`` of the runtime's party is the run whose end was announced; ``ready``: to the user alone
"""

from __future__ import annotations

from lava_actor.protocol.step import ASYNC, CLEAN_UP, METHODS, SPK

CLOCK = 0
FREE = 1
#: Domain of the arena of the first stepping sync domain; the others follow.
FIRST = 2

#: ``limit`` while nothing has failed.
NO_LIMIT = 1 << 62

#: Values of ``Party.state``.
STARTING, STEPPING, PARKED, GONE = 1, 2, 3, 4
STATE_NAMES = {
    0: "not started", STARTING: "starting", STEPPING: "running", PARKED: "parked", GONE: "gone"
}

PHASE_NAMES = {
    0: "start", SPK: "run_spk", **{phase: method for phase, (_, method) in METHODS.items()},
    ASYNC: "run_async", CLEAN_UP: "_pause or _stop",
}  # fmt: skip

#: How a run ended (reason in a "finished" frame).
REACHED, PAUSED, STOPPED = 0, 1, 2

"""Channels: how actors exchange bytes. Knows dtypes and shapes; no Process, no model.

From the ground up:

    control.h            the abort word, parties, domains: what stands in the control block
    futex.h, doorbell.h  sleeping and waking
    domain.h, sleep.h    horizon and barrier; the one wait of all
    desk.h               a small request from the user to one party, without a pipe
    ring.h               the broadcast ring (read its opening essay first)
    events.h, accumulate.h   finding the non-zero elements; adding a message into an array
    _native              the above as Python objects
    layout, memory       where everything lies in the arena, and whether it fits
    groups               the control groups this process is in
    wait, statistics     how to wait, as a named policy; what a ring end has done
    masks                arrays that would lose their mask
    interfaces, csp      channel ends with a ``start()`` and a ``join()``
    records.h, _records, records   what networks record, and who reads it
    pipe                 whole objects between the processes of one runtime
"""

from __future__ import annotations

import sys

if sys.platform != "linux":
    raise ImportError(
        "lava_actor.channels needs Linux: its waits and its shared memory stand on the "
        f"futex and memfd_create system calls, which {sys.platform!r} does not have"
    )

from lava_actor import built
from lava_actor.channels.interfaces import (
    AbstractCspPort,
    AbstractCspRecvPort,
    AbstractCspSendPort,
)
from lava_actor.channels.layout import ArenaPlan, RingPlan, RingRequest, plan_arena
from lava_actor.channels.statistics import RingStatistics
from lava_actor.channels.wait import (
    Blocking,
    SpinOnFreeCore,
    SpinThenBlock,
    WaitPolicy,
    choose_policy,
)

built.require("lava_actor.channels._native")

from lava_actor.channels._native import (  # noqa: E402  (after the check)
    Arena,
    Desk,
    Domain,
    Inlet,
    Outlet,
    Party,
    RingReader,
    RingWriter,
    adds,
    receiver,
)
from lava_actor.channels.csp import CspRecvPort, CspSendPort  # noqa: E402  (after the check)

__all__ = [
    "AbstractCspPort", "AbstractCspRecvPort", "AbstractCspSendPort", "Arena", "ArenaPlan",
    "Blocking", "CspRecvPort", "CspSendPort", "Desk", "Domain", "Inlet", "Outlet", "Party",
    "RingPlan", "RingReader", "RingRequest", "RingStatistics", "RingWriter", "SpinOnFreeCore",
    "SpinThenBlock", "WaitPolicy", "adds", "choose_policy", "plan_arena", "receiver",
]  # fmt: skip

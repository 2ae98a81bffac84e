"""Resources and nodes of hardware, which models may name; nothing is enforced."""

from __future__ import annotations

from typing import ClassVar

from lava_actor.model.resources import CPU, AbstractComputeResource, AbstractResource


class GPU(AbstractComputeResource):
    """Graphics processor."""


class ECPU(AbstractComputeResource):
    """CPU embedded in a neuromorphic chip."""


class LMT(ECPU):
    """Embedded Lakemont CPU (Loihi 1 and 2)."""


class PB(ECPU):
    """Embedded parallel-IO co-processor (Loihi 2)."""


class NeuroCore(AbstractComputeResource):
    """A neuromorphic core."""


class Loihi1NeuroCore(NeuroCore):
    """A neuromorphic core of Loihi 1."""


class Loihi2NeuroCore(NeuroCore):
    """A neuromorphic core of Loihi 2."""


class AbstractPeripheralResource(AbstractResource):
    """A device that is not a processor."""


class DVS(AbstractPeripheralResource):
    """Event camera."""


class HardDrive(AbstractPeripheralResource):
    """Some hard drive."""


class HeadNodeHardDrive(AbstractPeripheralResource):
    """The hard drive of the head node."""


class AbstractNode:
    """A computer or board with its resources."""

    resources: ClassVar[list[type[AbstractResource]]] = []


class GenericNode(AbstractNode):
    """A general purpose computer."""

    resources = [CPU, HardDrive]


class HeadNode(GenericNode):
    """The node that users work on."""

    resources = [CPU, HeadNodeHardDrive]


class Loihi1System(AbstractNode):
    """A system with Loihi 1 chips."""

    resources = [Loihi1NeuroCore, LMT]


class KapohoBay(Loihi1System):
    """USB stick with Loihi 1."""


class Nahuku(Loihi1System):
    """Board with 8 to 32 Loihi 1 chips."""

    resources = [CPU, Loihi1NeuroCore, LMT]


class Pohoiki(Loihi1System):
    """Rack of Nahuku boards."""

    resources = [CPU, Loihi1NeuroCore, LMT]


class Loihi2System(AbstractNode):
    """A system with Loihi 2 chips."""

    resources = [Loihi2NeuroCore, LMT, PB]


class OheoGulch(Loihi2System):
    """Single-chip Loihi 2 board."""


class KapohoPoint(Loihi2System):
    """Eight-chip Loihi 2 board."""


class Unalaska(Loihi2System):
    """Loihi 2 system with host CPU."""

    resources = [CPU, Loihi2NeuroCore, LMT, PB]

"""Resources a model may ask for with ``@requires``: for information, nothing is enforced."""

from __future__ import annotations


class AbstractResource:
    """Anything a model may require."""


class AbstractComputeResource(AbstractResource):
    """Something that executes a model."""


class CPU(AbstractComputeResource):
    """Any CPU."""


class HostCPU(AbstractComputeResource):
    """CPU of the host system."""

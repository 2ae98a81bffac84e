"""Ports of Processes: message ports, remote-memory ports, virtual ports."""

from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort

__all__ = ["InPort", "OutPort", "RefPort", "VarPort"]

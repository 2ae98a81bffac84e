"""Ports of Processes: message ports, ports to remote Vars, virtual ports.

ports               OutPort, InPort, RefPort, VarPort: what a Process is given
base                what they have in common
families            what message ports, and ports to remote Vars, have in common
virtual             reshape, transpose, concat_with, own virtual ports
wiring              what has to hold before two ports are connected
paths               every way from end to end, for the compiler
reduce_ops, exceptions
"""

from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort

__all__ = ["InPort", "OutPort", "RefPort", "VarPort"]

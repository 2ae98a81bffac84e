"""Ports as a ProcessModel sees them.

Its rooms:

    in_port, out_port   messages
    ref_port, var_port  access to Vars of other Processes
    rings               what ports need from the channels behind them
"""

from lava_actor.model.ports.base import PortDataError
from lava_actor.model.ports.in_port import Edge, PyInPort
from lava_actor.model.ports.out_port import PyOutPort
from lava_actor.model.ports.ref_port import PyRefPort
from lava_actor.model.ports.var_port import PyVarPort

__all__ = ["Edge", "PortDataError", "PyInPort", "PyOutPort", "PyRefPort", "PyVarPort"]

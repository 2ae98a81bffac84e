"""What a user describes: Processes, their Vars and ports, and how they are connected.

process                  AbstractProcess; ProcessServer gives the ids
variable, values         Var; parts of it
recording                Vars that grow with each step
ports                    message ports, ports to remote Vars, virtual ports
collection, parameters   members by kind and name; what a constructor was given
construction, inherited  what a constructor takes, and what it passes on unnamed
connection, neuron       ports and Vars of Processes that learn
interfaces               what members have in common; registries
reaching, handles        walks over a network; what a Process knows of the floors above
arraylike, matrices      Vars in expressions; SciPy's sparse matrices
hints, tables, times     help for mistakes; pictures for notebooks; lengths of time
log                      LogConfig
message_interface_enum   ActorType: where actors live
"""

from lava_actor.process.collection import Collection
from lava_actor.process.connection import LearningConnectionProcess
from lava_actor.process.log import LogConfig
from lava_actor.process.message_interface_enum import ActorType
from lava_actor.process.neuron import LearningNeuronProcess
from lava_actor.process.parameters import ProcessParameters
from lava_actor.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

__all__ = [
    "AbstractProcess", "ActorType", "Collection", "InPort", "LearningConnectionProcess",
    "LearningNeuronProcess", "LogConfig", "OutPort", "ProcessParameters", "RefPort", "Var",
    "VarPort",
]  # fmt: skip

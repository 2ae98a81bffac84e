"""Which Processes run on which node of a machine; ours always run on one, the head node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.compat.lava_names.resources import AbstractNode
    from lava_actor.process.process import AbstractProcess


@dataclass
class Node:
    """A node and the Processes assigned to it.

    Attributes
    ----------
    node_type : class of the node, for instance `HeadNode`
    processes : Processes that run there
    """

    node_type: type[AbstractNode]
    processes: list[AbstractProcess] = field(default_factory=list)

    def add_process(self, process: AbstractProcess) -> None:
        """Assign one more Process."""
        self.processes.append(process)


class NodeConfig(list[Node]):
    """The nodes of one way to run a network."""

    @property
    def nodes(self) -> list[Node]:
        """The nodes themselves, as a plain list."""
        return list(self)

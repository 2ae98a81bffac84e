"""What was read, and where a loop takes its step.

Other simulators compute all nodes within a step in the order of the edges; the edge that closes a
loop carries what was sent in the step before. Which edge that is has to be found, and must not be
guessed: it is the one back to the node through which every way into the loop goes. Where there is
no such node, the numbers would depend on an order that the file does not tell, and the graph is
refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from lava_actor.errors import InvalidKeyError, UnsupportedError
from lava_actor.process.process import AbstractProcess
from lava_actor.process.reaching import reachable

Edge = tuple[str, str]


class Network(Mapping[str, AbstractProcess]):
    """The Processes of a network that was read, by the names of their nodes.

    Attributes
    ----------
    inputs, outputs : dict of str to Process
        Where a network takes its input and gives its output: `a_in` of the former and `s_out` of
        the latter are for you to connect.
    """

    def __init__(
        self,
        processes: Mapping[str, AbstractProcess],
        inputs: Iterable[str],
        outputs: Iterable[str],
    ) -> None:
        self._processes = dict(processes)
        self.inputs = {name: self[name] for name in inputs}
        self.outputs = {name: self[name] for name in outputs}

    def __getitem__(self, name: str) -> AbstractProcess:
        if name not in self._processes:
            raise InvalidKeyError(
                f"no node is called {name!r}; there are: {', '.join(self._processes)}"
            )
        return self._processes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._processes)

    def __len__(self) -> int:
        return len(self._processes)

    def __repr__(self) -> str:
        return f"<network of {', '.join(self._processes)}>"


def closing_edges(
    edges: Collection[Edge], roots: Collection[str], delayed: Collection[str]
) -> set[Edge]:
    """Return the edges that close a loop, seen from ``roots``.

    Parameters
    ----------
    edges : pairs of names
    roots : names
        Where a network begins.
    delayed : names
        Nodes that send before they receive: a loop through one is no loop within a step.

    Raises
    ------
    UnsupportedError
        If a loop can be entered at several nodes, or at none.
    """
    within = [edge for edge in edges if edge[1] not in delayed]
    closing = {
        (u, v)
        for u, v in within
        if u in reached([v], within)
        and u in reached(roots, edges)
        and (u == v or u not in reached([r for r in roots if r != v], edges, without=v))
    }
    try:
        order([edge for edge in within if edge not in closing])
    except CycleError as error:
        raise UnsupportedError(
            f"loop {' -> '.join(reversed(error.args[1]))}: expected one node by which every way "
            f"from an input enters it, or a Delay of a step or more in it; as it is, nobody can "
            f"say which of its edges takes a step"
        ) from None
    return closing


def reached(starts: Iterable[str], edges: Iterable[Edge], without: str | None = None) -> set[str]:
    """Names that can be reached from ``starts``, these included, without passing a name."""
    onwards: dict[str, list[str]] = {}
    for source, destination in edges:
        onwards.setdefault(source, []).append(destination)
    closed = () if without is None else (without,)
    return set(reachable(starts, lambda name: onwards.get(name, ()), closed, key=str))


def order(edges: Iterable[Edge], names: Iterable[str] = ()) -> list[str]:
    """Names, each after those that send to it."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(names, ()))
    for source, destination in edges:
        sorter.add(destination, source)
    return list(sorter.static_order())

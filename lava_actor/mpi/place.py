"""Which rank each actor lives on: plain data from a compiled network.

Actors that reach into each other's Vars stay together, for that goes by turns and not by rings. So
do those that the user's interpreter feeds or reads (its ends of external pipes are on rank 0), and
those that record (what they record is kept by the user's interpreter). A projection lives beside
the neurons it feeds: what goes in are spikes, what comes out are numbers for each neuron. The
groups that are left are spread in the order of their creation, in equal shares of their Vars'
elements: so chains are cut where they are thin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lava_actor.errors import InvalidTypeError, InvalidValueError

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, Executable
    from lava_actor.process.process import AbstractProcess

#: What a step of an actor costs besides its elements, in elements.
BASE_COST = 1000
#: An actor with so many times more elements in Vars than in messages is a projection.
PROJECTION = 4


def place(executable: Executable, n_ranks: int) -> tuple[int, ...]:
    """The rank of every actor, by party.

    ``compile_config["ranks"]`` may name ranks: {Process or its name: rank}.

    Raises
    ------
    InvalidTypeError, InvalidValueError
        If it names no Process, no rank, or parts what cannot be parted.
    """
    actors = executable.actors
    groups = groups_of(executable)
    wanted = _wanted(executable, n_ranks)
    costs = [_elements(actor) + BASE_COST for actor in actors]
    share = sum(costs) / n_ranks
    ranks = [0] * len(actors)
    spent = 0.0
    for members, is_home in groups:
        said = {wanted[m] for m in members if m in wanted} | ({0} if is_home else set())
        if len(said) > 1:
            names = ", ".join(actors[m].name for m in members if m in wanted)
            raise InvalidValueError(
                f"compile_config['ranks']: {names} cannot be on ranks {sorted(said)}: they have to "
                f"be together{' and on rank 0' * is_home}, see docs/clusters.md"
            )
        cost = sum(costs[m] for m in members)
        rank = said.pop() if said else min(n_ranks - 1, int((spent + cost / 2) / share))
        spent += cost
        for member in members:
            ranks[member] = rank
    return tuple(ranks)


def _elements(actor: ActorPlan) -> int:
    return sum(math.prod(var.shape) for var in actor.vars)


def groups_of(executable: Executable) -> list[tuple[list[int], bool]]:
    """Actors that stay together, in the order of the first one; whether that is on rank 0."""
    actors = executable.actors
    leader = list(range(len(actors)))

    def top(member: int) -> int:
        while leader[member] != member:
            member = leader[member]
        return member

    def join(one: int, other: int) -> None:
        first, second = sorted((top(one), top(other)))
        leader[second] = first

    for turns in executable.turns:
        for member in turns.members[1:]:
            join(turns.members[0], member)
    for actor in actors:
        for server in actor.var_servers:
            join(actor.party, server.client)
    for actor in actors:
        if _is_projection(actor):
            for port in actor.out_ports:
                readers = () if port.ring is None else executable.arena.rings[port.ring].readers
                for reader in [r for r in readers if r < len(actors)][:1]:
                    join(actor.party, reader)
    home = {top(actor.party) for actor in actors if actor.recordings}
    for external in executable.externals:
        ring = executable.arena.rings[external.ring]
        home |= {top(party) for party in (ring.writer, *ring.readers) if party < len(actors)}
    members: dict[int, list[int]] = {}
    for actor in actors:
        members.setdefault(top(actor.party), []).append(actor.party)
    return [(group, first in home) for first, group in members.items()]


def _is_projection(actor: ActorPlan) -> bool:
    shapes = [p.shape for p in actor.in_ports] + [p.shape for p in actor.out_ports]
    ports = map(math.prod, shapes)
    return bool(actor.in_ports) and _elements(actor) > PROJECTION * sum(ports)


def _wanted(executable: Executable, n_ranks: int) -> dict[int, int]:
    said: Any = executable.compile_config.get("ranks")
    if said is None:
        return {}
    if not isinstance(said, Mapping):
        raise InvalidTypeError(
            f"compile_config['ranks']: expected a dict of ranks by Process, got {said!r}"
        )
    found = {}
    for key, rank in said.items():
        if not hasattr(rank, "__index__") or not 0 <= rank < n_ranks:
            raise InvalidValueError(
                f"compile_config['ranks'][{key!r}]: expected a rank below {n_ranks}, got {rank!r}"
            )
        those = _named(executable.actors, key)
        if not those:
            raise InvalidValueError(f"compile_config['ranks']: there is no Process {key!r} here")
        found.update(dict.fromkeys(those, int(rank)))
    return found


def _named(actors: Sequence[ActorPlan], key: Any) -> list[int]:
    """The actors of a Process, or of all that have a name; parts of a hierarchical one included."""
    found = []
    for actor in actors:
        process: AbstractProcess | None = actor.process
        while process is not None:
            if process is key or process.name == key:
                found.append(actor.party)
                break
            process = process.parent_proc
    return found

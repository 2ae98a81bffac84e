"""Which rank each actor lives on: plain data from a compiled network.

Actors that reach into each other's Vars stay together, for that goes by turns and not by rings. So
do those that the user's interpreter feeds or reads (its ends of external pipes are on rank 0), and
those that record (what they record is kept by the user's interpreter). A projection lives beside
the neurons it feeds: what goes in are spikes, what comes out are numbers for each neuron. The
groups that are left are spread in equal shares of their Vars' elements: once in the order of their
creation, which cuts chains where they are thin, and once so that those who send each other most are
together. Of the two the one is taken that sends less between ranks, unless the shares suffer.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from lava_actor.errors import InvalidValueError
from lava_actor.process.reaching import family

if TYPE_CHECKING:
    from lava_actor.compiler.executable import ActorPlan, Executable

#: What a step of an actor costs besides its elements, in elements.
BASE_COST = 1000
#: What a message costs besides its elements, in elements.
MESSAGE_COST = 100
#: How much more than its share a rank may get, to keep together what talks.
SLACK = 1.1
#: An actor with so many times more elements in Vars than in messages is a projection.
PROJECTION = 4


Traffic = dict[tuple[int, int], int]


def place(executable: Executable, n_ranks: int, staying: Collection[int] = ()) -> tuple[int, ...]:
    """The rank of every actor, by party.

    ``compile_config["ranks"]`` may name ranks: {Process or its name: rank}. Parties that are
    ``staying`` are on rank 0.

    Raises
    ------
    InvalidValueError
        If it names no Process, no rank, or parts what cannot be parted.
    """
    actors = executable.actors
    wanted = named_ranks(executable, n_ranks)
    groups = groups_of(executable, wanted)
    costs: list[int] = []
    pinned: dict[int, int] = {}
    for number, (members, is_home) in enumerate(groups):
        is_home = is_home or not set(staying).isdisjoint(members)
        said = {wanted[m] for m in members if m in wanted} | ({0} if is_home else set())
        if len(said) > 1:
            names = ", ".join(actors[m].name for m in members if m in wanted)
            raise InvalidValueError(
                f"compile_config['ranks']: {names} cannot be on ranks {sorted(said)}: they have to "
                f"be together{' and on rank 0' * is_home}, see docs/clusters.md"
            )
        costs.append(sum(_elements(actors[m]) + BASE_COST for m in members))
        pinned.update((number, rank) for rank in said)
    spread = Spread(costs, pinned, _traffic(executable, groups), n_ranks)
    rank_of = {m: r for (members, _), r in zip(groups, spread.best(), strict=True) for m in members}
    return tuple(rank_of[party] for party in range(len(actors)))


def _traffic(executable: Executable, groups: list[tuple[list[int], bool]]) -> Traffic:
    """What any two groups send each other in a step, in elements."""
    group_of = {m: number for number, (members, _) in enumerate(groups) for m in members}
    found: Traffic = {}
    for ring in executable.arena.rings:
        one = group_of.get(ring.writer)
        for other in {group_of.get(reader) for reader in ring.readers} - {one, None}:
            if one is not None and other is not None:
                pair = min(one, other), max(one, other)
                found[pair] = found.get(pair, 0) + ring.size + MESSAGE_COST
    return found


class Spread:
    """Spreads groups over ranks.

    Parameters
    ----------
    costs : of each group
    pinned : ranks of groups that have no choice
    traffic : between groups
    n_ranks : int
    """

    def __init__(
        self, costs: Sequence[int], pinned: dict[int, int], traffic: Traffic, n_ranks: int
    ) -> None:
        self._costs, self._pinned, self._traffic, self._n = costs, pinned, traffic, n_ranks
        self._share = sum(costs) / n_ranks

    def best(self) -> list[int]:
        """The rank of every group."""
        found = [self._in_order(), self._in_clusters()]
        heaviest = [max(self._loads(ranks)) for ranks in found]
        most = SLACK * min(heaviest)
        good = [ranks for ranks, heavy in zip(found, heaviest, strict=True) if heavy <= most]
        return min(good, key=self.crossing)

    def crossing(self, ranks: Sequence[int]) -> int:
        """What is sent between ranks."""
        return sum(sent for (a, b), sent in self._traffic.items() if ranks[a] != ranks[b])

    def _loads(self, ranks: Sequence[int]) -> list[int]:
        loads = [0] * self._n
        for cost, rank in zip(self._costs, ranks, strict=True):
            loads[rank] += cost
        return loads

    def _in_order(self) -> list[int]:
        ranks, spent = [], 0.0
        for number, cost in enumerate(self._costs):
            middle = int((spent + cost / 2) / self._share)
            ranks.append(self._pinned.get(number, min(self._n - 1, middle)))
            spent += cost
        return ranks

    def _in_clusters(self) -> list[int]:
        """Join who sends most, up to a share; then the largest first, where there is least."""
        clusters: dict[int, list[int]] = {number: [number] for number in range(len(self._costs))}
        cluster_of = list(clusters)
        weight = list(self._costs)
        rank_of: list[int | None] = [self._pinned.get(number) for number in clusters]
        for one, other in sorted(self._traffic, key=lambda pair: (-self._traffic[pair], pair)):
            a, b = sorted((cluster_of[one], cluster_of[other]))
            said = {rank_of[a], rank_of[b]} - {None}
            if a == b or len(said) > 1 or weight[a] + weight[b] > SLACK * self._share:
                continue
            for member in clusters[b]:
                cluster_of[member] = a
            clusters[a] += clusters.pop(b)
            weight[a] += weight[b]
            rank_of[a] = said.pop() if said else None
        loads = [0] * self._n
        for a in sorted(clusters, key=lambda a: (rank_of[a] is None, -weight[a], a)):
            rank = rank_of[a]
            if rank is None:
                rank = min(range(self._n), key=lambda r: loads[r])
            rank_of[a] = rank
            loads[rank] += weight[a]
        return [cast(int, rank_of[cluster]) for cluster in cluster_of]


def _elements(actor: ActorPlan) -> int:
    return sum(math.prod(var.shape) for var in actor.vars)


def groups_of(
    executable: Executable, wanted: Mapping[int, int] | None = None
) -> list[tuple[list[int], bool]]:
    """Actors that stay together, in the order of the first one; whether that is on rank 0.

    ``wanted``: ranks that parties have been given. A projection that was told to is elsewhere than
    what it feeds.
    """
    wanted = wanted or {}
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
    if executable.schedule.phase_barriers:  # at which only those of one rank can meet
        stepping = [actor.party for actor in actors if not actor.is_async]
        for party in stepping[1:]:
            join(stepping[0], party)
    for actor in actors:
        if _is_projection(actor):
            for port in actor.out_ports:
                readers = () if port.ring is None else executable.arena.rings[port.ring].readers
                for reader in [r for r in readers if r < len(actors)][:1]:
                    both = {top(actor.party), top(reader)}
                    if len({rank for party, rank in wanted.items() if top(party) in both}) <= 1:
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


def named_ranks(executable: Executable, n_ranks: int) -> dict[int, int]:
    """The ranks that ``compile_config`` names, by party."""
    said = executable.compile_config.get("ranks") or {}
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


def _named(actors: Sequence[ActorPlan], key: object) -> list[int]:
    """The actors of a Process, or of all that have a name; parts of a hierarchical one included."""
    return [
        actor.party
        for actor in actors
        if any(process is key or process.name == key for process in family(actor.process))
    ]

"""In which order actors that reach into each other's Vars run their management phases.

A RefPort reads and writes somebody else's Var in ``run_pre_mgmt`` or ``run_post_mgmt``. To make
the result independent of timing, the actors of one connected group of RefPorts take turns in
these phases: an owner goes before the actors that access it, who may write before those who only
read (and say so, or whose code does no more), otherwise the smaller Process id goes first (also
where mutual references leave no other order). While one has its turn, the others serve it; so
mutual references cannot deadlock.

RefPorts that were lowered to taps (`taps.py`) need no turns. They still count for the order, so
that results do not depend on what was lowered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lava_actor.compiler.executable import ActorPlan, TurnPlan
from lava_actor.process.reaching import reachable


def plan_turns(actors: Sequence[ActorPlan]) -> tuple[TurnPlan, ...]:
    """One plan per group of stepping actors that RefPorts connect.

    An asynchronous actor at either end has no turns: it is served between steps.
    """
    by_party = {actor.party: actor for actor in actors}
    clients: dict[int, set[int]] = {}
    readers: dict[int, set[int]] = {}
    for actor in actors:
        for server in actor.var_servers:
            if not (actor.is_async or by_party[server.client].is_async):
                clients.setdefault(actor.party, set()).add(server.client)
        for tap in actor.taps:
            readers.setdefault(actor.party, set()).update(tap.readers)
    parties = clients.keys() | readers.keys()
    writing, watching = (
        {
            actor.party
            for actor in actors
            if any(p.declared.reads_only is only for p in actor.ref_ports if p.owner is not None)
        }
        for only in (False, True)
    )
    everybody = {p: clients.get(p, set()) | readers.get(p, set()) for p in parties}
    place = order_of(everybody, watching - writing)
    plans = []
    for members in _groups(clients):
        phases = [by_party[m].phases for m in members]
        plans.append(
            TurnPlan(
                members=tuple(members),
                order=tuple(sorted(members, key=place.__getitem__)),
                clients={m: tuple(sorted(clients.get(m, ()))) for m in members},
                uses_pre=any(p.run_pre_mgmt for p in phases),
                uses_post=any(p.run_post_mgmt for p in phases),
            )
        )
    return tuple(plans)


def order_of(clients: Mapping[int, set[int]], watching: Collection[int]) -> dict[int, int]:
    """The place of every party within its group.

    ``clients`` are those of each owner, ``watching`` those who only read.
    """
    return {
        party: place
        for members in _groups(clients)
        for place, party in enumerate(_order(members, clients, watching))
    }


def _groups(clients: Mapping[int, set[int]]) -> list[list[int]]:
    neighbours: dict[int, set[int]] = {}
    for owner, users in clients.items():
        for user in users:
            neighbours.setdefault(owner, set()).add(user)
            neighbours.setdefault(user, set()).add(owner)
    groups, seen = [], set()
    for start in sorted(neighbours):
        if start not in seen:
            groups.append(sorted(reachable([start], neighbours.__getitem__, key=int)))
            seen.update(groups[-1])
    return groups


def _order(
    members: Sequence[int], clients: Mapping[int, set[int]], watching: Collection[int]
) -> list[int]:
    """Owners before clients, writers before watchers, smaller ones first; also in a cycle."""
    waiting = {m: {o for o in members if m in clients.get(o, ()) and o != m} for m in members}
    order: list[int] = []
    while waiting:
        ready = [m for m in waiting if not waiting[m]]
        chosen = min(ready or waiting, key=lambda m: (m in watching, m))
        order.append(chosen)
        del waiting[chosen]
        for owners in waiting.values():
            owners.discard(chosen)
    return order

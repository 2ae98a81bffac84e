"""Taps: RefPorts that only read get the Var as a message, instead of asking for it in turns.

The owner of the Var publishes it once in every step in which somebody may read it, when its own
post-management is behind it; the reader receives it in ``run_post_mgmt`` of the same step, or drops
it at the end of the step. One ring serves all readers of a Var. So nobody waits for anybody's
phase: only data order the actors.

What a tap delivers equals, bit for bit, what the reader would have read in its turn, because a
port is lowered to one only where

* reader and owner work step by step: asynchronous models read at moments of their own;
* no RefPort that may write reaches the same Var, so it stays as published until the step ends;
* in the order of the turns (`turns.py`, with all RefPorts, tapped or not) the owner goes before the
  reader. Only mutual references leave somebody who reads before the owner has gone.

The same order is why taps cannot wait in a circle: a post-management phase waits for phases of
earlier steps, for phases before it, and for post-management of those before it in the order.
All other ports are served, each with its reason (`describe` shows it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lava_actor.plain import plain

if TYPE_CHECKING:
    from lava_actor.model.types import LavaPyType
    from lava_actor.process import RefPort, Var
    from lava_actor.process.ports.paths import Path


@plain(frozen=True)
class Access:
    """A connected RefPort: who reaches which Var of whom, and the declarations of both."""

    port: RefPort
    declared: LavaPyType
    reader: int
    owner: int
    var: Var
    var_declared: LavaPyType
    path: Path


def clients_of(accesses: Sequence[Access], is_async: Mapping[int, bool]) -> dict[int, set[int]]:
    """Who reaches the Vars of each owner, among those who work step by step."""
    clients: dict[int, set[int]] = {}
    for access in accesses:
        if not (is_async[access.owner] or is_async[access.reader]):
            clients.setdefault(access.owner, set()).add(access.reader)
    return clients


def why_served(
    accesses: Sequence[Access], is_async: Mapping[int, bool], place: Mapping[int, int], *,
    switched_on: bool,
) -> dict[RefPort, str]:  # fmt: skip
    """Tell which ports that only read are served nevertheless, and why; the others are tapped.

    Parameters
    ----------
    accesses : all connected RefPorts of the network
    is_async : {party: whether it runs freely}
    place : {party: its place in the order of turns}
    switched_on : ``compile_config["taps"]``
    """
    written = {id(a.var): a.port for a in accesses if not a.declared.reads_only}

    def reason(access: Access) -> str | None:
        if not switched_on:
            return "compile_config asks for it"
        if is_async[access.owner] or is_async[access.reader]:
            return "one of them runs freely"
        writer = written.get(id(access.var))
        if writer is not None:
            return f"{writer.process.name}.{writer.name} may write it"
        if place[access.owner] >= place[access.reader]:
            return "they refer to each other"
        return "text is no array" if access.var_declared.cls is str else None

    return {a.port: why for a in accesses if a.declared.reads_only and (why := reason(a))}

"""Starting a network where another one was paused."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lava_actor.checkpoint import rings
from lava_actor.checkpoint.codec import Decoder, Document
from lava_actor.checkpoint.names import Names, is_importable, path_of
from lava_actor.errors import CheckpointError
from lava_actor.process.process import AbstractProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lava_actor.channels import Arena
    from lava_actor.compiler.executable import ActorPlan, Executable


class Resting(Protocol):
    """A network whose actors rest between two steps: what the runtime has to offer."""

    @property
    def arena(self) -> Arena:
        """The shared memory of its actors."""

    @property
    def current_step(self) -> int:
        """The last step that all of them completed."""

    @property
    def is_started(self) -> bool:
        """Whether it was ever run."""

    @property
    def root_seed(self) -> int:
        """What all its random numbers come from."""

    def ask_all(self, kind: str, payloads: Sequence[Any]) -> list[Any]:
        """Send every actor a request of its own; the answers in the order of the compiler."""


@dataclass(frozen=True)
class ActorState:
    """One model: what it was, and its state."""

    said: dict[str, Any]
    state: Document


def identity(plan: ActorPlan) -> dict[str, Any]:
    """What has to be equal for a state to fit an actor."""
    bases = [c for c in plan.model_class.__mro__ if is_importable(c)]
    return {
        "class": path_of(type(plan.process)),
        "model": path_of(bases[0]),
        "is_async": plan.is_async,
        "vars": [[var.name, [int(n) for n in var.shape]] for var in plan.vars],
    }


@dataclass(frozen=True)
class Resume:
    """The state of a paused network.

    Attributes
    ----------
    step : the last step that was completed
    started : whether it had been run at all
    actors : in the order of the compiler
    rings, messages : what was in flight, and the document with its values
    homes : packages that the file may name
    trusted : whether pickles may be read
    """

    step: int
    started: bool
    actors: tuple[ActorState, ...]
    rings: list[dict[str, Any]]
    messages: Document
    homes: frozenset[str]
    trusted: bool

    def check(self, executable: Executable) -> None:
        """Refuse an executable that this is not the state of.

        Raises
        ------
        CheckpointError
            It names the first difference.
        """
        plans = executable.actors
        if len(plans) != len(self.actors):
            raise CheckpointError(
                f"the compiled network has {len(plans)} models, the file {len(self.actors)}"
            )
        for plan, actor in zip(plans, self.actors, strict=True):
            for what, expected in identity(plan).items():
                got = actor.said.get(what)
                if got != expected:
                    raise CheckpointError(
                        f"{plan.name}: expected {what} {expected!r}, the file has {got!r} for "
                        f"{actor.said.get('process')}"
                    )
        rings.check(self.rings, executable.arena)

    def apply(self, runtime: Resting) -> None:
        """Restore models, then messages; all actors rest and have taken no step."""
        homes = sorted(self.homes)
        states = [(actor.state, homes, self.trusted) for actor in self.actors]
        runtime.ask_all("restore", states)
        rings.put_back(self.rings, runtime.arena, self._decoder())

    def _decoder(self) -> Decoder:
        def resolve(kind: str, _which: Any) -> Any:
            raise CheckpointError(f"unknown kind of value: {kind!r}")

        return Decoder(self.messages, Names(), resolve)


@dataclass
class Pending:
    """What the next start of a loaded network needs."""

    resume: Resume | None
    run_cfg: Any
    compile_config: dict[str, Any]


_pending: weakref.WeakKeyDictionary[AbstractProcess, Pending] = weakref.WeakKeyDictionary()


def pending_of(processes: Iterable[AbstractProcess]) -> Pending | None:
    """What was loaded into the network of these Processes and not used yet."""
    return next((_pending[p] for p in processes if p in _pending), None)


def set_pending(processes: Iterable[AbstractProcess], pending: Pending) -> None:
    """Keep what was loaded until the network is started."""
    for process in processes:
        _pending[process] = pending


def forget_pending(pending: Pending | None) -> None:
    """It was used."""
    for process in [p for p, held in _pending.items() if held is pending]:
        del _pending[process]

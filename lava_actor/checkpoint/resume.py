"""Starting a network where another one was paused."""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from lava_actor.checkpoint import recut, rings
from lava_actor.checkpoint.codec import Decoder, Document
from lava_actor.checkpoint.names import Names, is_importable, path_of
from lava_actor.errors import CheckpointError
from lava_actor.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lava_actor.checkpoint.arrays import Said
    from lava_actor.compiler.executable import ActorPlan, Executable
    from lava_actor.compiler.run_configs import RunConfig
    from lava_actor.process.process import AbstractProcess


class Resting(Protocol):
    """A network whose actors rest between two steps: what the runtime has to offer."""

    def messages(self) -> list[rings.Content]:
        """What is in its rings."""

    def put_messages(self, found: list[rings.Content]) -> None:
        """Fill its rings with that, and nothing else."""

    @property
    def current_step(self) -> int:
        """The last step that all of them completed."""

    @property
    def is_started(self) -> bool:
        """Whether it was ever run."""

    def ask_all(self, kind: str, payloads: Sequence[object]) -> list[Any]:
        """Send every actor a request of its own; the answers in the order of the compiler."""


def named_class(plan: ActorPlan) -> type:
    """The class of a model, or the nearest base that has an import path."""
    found: type = next(cls for cls in plan.model_class.__mro__ if is_importable(cls))
    return found


def identity(plan: ActorPlan) -> dict[str, object]:
    """What has to be equal for a state to fit an actor."""
    return {
        "class": path_of(type(plan.process)),
        "model": path_of(named_class(plan)),
        "is_async": plan.is_async,
        "vars": [[var.name, [int(n) for n in var.shape]] for var in plan.vars],
        "part": recut.said(plan.part),
    }


@plain(frozen=True)
class Resume:
    """The state of a paused network.

    Attributes
    ----------
    said : ``run.state`` of the file: step, actors, rings
    states : of the actors, in the order of the compiler
    messages : the document with the values of the rings
    homes : packages that the file may name
    trusted : whether pickles may be read
    """

    said: Said
    states: tuple[Document, ...]
    messages: Document
    homes: tuple[str, ...]
    trusted: bool

    @property
    def step(self) -> int:
        """The last step that was completed."""
        return int(self.said["step"])

    @property
    def started(self) -> bool:
        """Whether the network had been run at all."""
        return bool(self.said["started"])

    def check(self, executable: Executable) -> None:
        """Refuse an executable that this is not the state of.

        Raises
        ------
        CheckpointError
            It names the first difference.
        """
        plans = executable.actors
        same = self._is_cut_like(executable)
        for plan, of in zip(plans, self._sources(executable), strict=True):
            for actor in (self.said["actors"][k] for k in of):
                for what, expected in identity(plan).items():
                    if actor.get(what) != expected and (same or what not in ("vars", "part")):
                        raise CheckpointError(
                            f"{plan.name}: expected {what} {expected!r}, the file has "
                            f"{actor.get(what)!r} for {actor['process']}"
                        )
        if same:
            rings.check(self.said["rings"], executable.arena)
        else:
            recut.check_rings(self._rings, recut.rings_of(executable))

    def _is_cut_like(self, executable: Executable) -> bool:
        return [a.get("part") for a in self.said["actors"]] == [
            recut.said(plan.part) for plan in executable.actors
        ]

    def _sources(self, executable: Executable) -> list[list[int]]:
        """Which actors of the file have rows of each actor."""
        return recut.sources(self._parts, [plan.part for plan in executable.actors])

    @property
    def _rings(self) -> list[recut.RingFacts]:
        return [
            (recut.read(r.get("part")), math.prod(r["shape"]), r["dtype"], r.get("readers", []))
            for r in self.said["rings"]
        ]

    @property
    def _parts(self) -> list[recut.Part]:
        return [recut.read(actor.get("part")) for actor in self.said["actors"]]

    def apply(self, network: Resting, executable: Executable) -> None:
        """Restore models, then messages; all actors rest and have taken no step."""
        parts = self._parts
        pieces = [tuple((self.states[k], parts[k]) for k in of) for of in self._sources(executable)]
        network.ask_all("restore", [(given, self.homes, self.trusted) for given in pieces])

        def resolve(kind: str, _which: object) -> object:
            raise CheckpointError(f"there is no kind of value {kind!r}")

        decoder = Decoder(self.messages, Names(), resolve)
        found = rings.read(self.said["rings"], decoder)
        if not self._is_cut_like(executable):
            found = recut.merge_rings(found, self._rings, recut.rings_of(executable))
        network.put_messages(found)


@plain(frozen=True)
class Pending:
    """What the next start of a loaded network needs."""

    resume: Resume | None
    run_cfg: RunConfig | None
    compile_config: Mapping[str, object]
    executable: Executable | None = None
    """What was compiled when the file was read."""


_pending: weakref.WeakKeyDictionary[AbstractProcess, Pending] = weakref.WeakKeyDictionary()


def pending_of(processes: Iterable[AbstractProcess]) -> Pending | None:
    """What was loaded into the network of these Processes and not used yet."""
    return next((_pending[p] for p in processes if p in _pending), None)


def set_pending(processes: Iterable[AbstractProcess], pending: Pending) -> None:
    """Keep what was loaded until the network is started."""
    _pending.update(dict.fromkeys(processes, pending))


def forget_pending(pending: Pending | None) -> None:
    """It was used."""
    for process in [p for p, held in _pending.items() if held is pending]:
        del _pending[process]

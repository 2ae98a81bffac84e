"""What a run of a network was like: plain records, and their text."""

from __future__ import annotations

from dataclasses import asdict, dataclass

HELD_BACK = 0.5
"""Busy share from which on an actor is said to hold the others back."""


@dataclass(frozen=True)
class ActorReport:
    """One actor during one run.

    Attributes
    ----------
    process, model : str
    busy, waiting : float
        Seconds. Waiting is for messages, for space in a ring, for others at a barrier, and for
        the next steps to be granted; busy is the rest, the time without a core included.
    blocked : str
        What it waited for when the run ended; empty if it simply had nothing left to do.
    spikes : int
        That its OutPorts sent, see `RingReport`.
    """

    process: str
    model: str
    busy: float
    waiting: float
    blocked: str = ""
    spikes: int = 0

    @property
    def share(self) -> float:
        """Busy share of its time, 0 to 1."""
        total = self.busy + self.waiting
        return self.busy / total if total > 0 else 0.0


@dataclass(frozen=True)
class RingReport:
    """One OutPort during one run.

    Attributes
    ----------
    name : str
        Process and port.
    messages, as_events : int
        How many were sent, and how many of these travelled as events (indices and values).
    spikes : int
        Events in messages that carried nothing but ones. Counted once, however many receive them;
        what is sent as a whole array, or while nobody listens, is not counted.
    full : int
        How often the sender had to wait for space: its receivers hold it back.
    depth : int
        Messages that fit.
    """

    name: str
    messages: int
    as_events: int
    spikes: int
    full: int
    depth: int


@dataclass(frozen=True)
class RunReport:
    """One run of a network.

    Attributes
    ----------
    number : int
        Which run of the program, from 1.
    outcome : str
        ``"finished"``, or what cut it short.
    schedule : str
        ``"run ahead"`` or ``"lockstep"``, and why.
    steps : int
    seconds : float
        From the call of `run` to the last actor's end.
    actors : tuple of ActorReport
    rings : tuple of RingReport
    cores : int
        That this process may use.
    """

    number: int
    outcome: str
    schedule: str
    steps: int
    seconds: float
    actors: tuple[ActorReport, ...]
    rings: tuple[RingReport, ...]
    cores: int

    @property
    def steps_per_second(self) -> float:
        """Throughput of the network."""
        return self.steps / self.seconds if self.seconds > 0 else 0.0

    @property
    def messages(self) -> int:
        """Messages sent, all OutPorts together."""
        return sum(ring.messages for ring in self.rings)

    @property
    def messages_per_second(self) -> float:
        """Messages sent per second, all OutPorts together."""
        return self.messages / self.seconds if self.seconds > 0 else 0.0

    @property
    def spikes(self) -> int:
        """Spikes sent, all OutPorts together; see `RingReport` for what counts as one."""
        return sum(ring.spikes for ring in self.rings)

    @property
    def spikes_per_second(self) -> float:
        """Spikes sent per second of the clock on the wall."""
        return self.spikes / self.seconds if self.seconds > 0 else 0.0

    @property
    def slowest(self) -> ActorReport | None:
        """The actor with the highest busy share: the others wait for it."""
        return max(self.actors, key=lambda actor: actor.share, default=None)

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON; times in seconds."""
        slowest = self.slowest
        return {
            **asdict(self),
            "steps_per_second": self.steps_per_second,
            "messages": self.messages,
            "messages_per_second": self.messages_per_second,
            "spikes": self.spikes,
            "spikes_per_second": self.spikes_per_second,
            "slowest": None if slowest is None else slowest.process,
        }

    def __str__(self) -> str:
        """A page of text."""
        return "\n".join([*self._summary(), *self._actor_lines(), *self._ring_lines()])

    def _summary(self) -> list[str]:
        per_step = f", {self.seconds / self.steps * 1e6:.4g} µs per step" if self.steps else ""
        events = sum(ring.as_events for ring in self.rings)
        lines = [
            (
                f"run {self.number} {self.outcome}: {self.steps} steps in {self.seconds:.3f} s, "
                f"{self.steps_per_second:.4g} steps/s{per_step}"
            ),
            f"  {len(self.actors)} actors on {self.cores} cores; {self.schedule}",
            (
                f"  {self.messages} messages, {self.messages_per_second:.4g} per second; "
                f"{events} of them as events"
            ),
            f"  {self.spikes} spikes, {self.spikes_per_second:.4g} per second",
        ]
        slowest = self.slowest
        if slowest is not None and slowest.share >= HELD_BACK:
            lines.append(f"  {slowest.process} holds the others back: busy {slowest.share:.0%}")
        elif slowest is not None and slowest.busy > 0:
            lines.append(
                f"  {slowest.process} is the busiest with {slowest.share:.0%}, but mostly waits "
                "itself: actors wait for each other's messages, or for a core"
            )
        busy = sum(actor.busy for actor in self.actors)
        if self.seconds > 0 and busy > 0.9 * self.cores * self.seconds and len(self.actors) > 1:
            lines.append("  the cores are full: less work per step, or more cores, would help")
        return lines

    def _actor_lines(self) -> list[str]:
        width = max((len(actor.process) for actor in self.actors), default=0)
        digits = max((len(str(actor.spikes)) for actor in self.actors), default=0)
        per_step = 1e6 / self.steps if self.steps else 0.0
        return [
            f"  {actor.process:{width}}  busy {actor.share:4.0%}  {actor.busy:8.3f} s  "
            f"waiting {actor.waiting:8.3f} s  {actor.busy * per_step:9.2f} µs per step  "
            f"{actor.spikes:{digits}} spikes  {actor.model}"
            + (f"; waits for {actor.blocked}" if actor.blocked else "")
            for actor in sorted(self.actors, key=lambda actor: -actor.share)
        ]

    def _ring_lines(self) -> list[str]:
        crowded = [ring for ring in self.rings if ring.messages and ring.full > ring.messages / 100]
        return [
            f"  {ring.name} was full {ring.full} times in {ring.messages} messages "
            f"({ring.depth} fit)"
            for ring in sorted(crowded, key=lambda ring: -ring.full)
        ]

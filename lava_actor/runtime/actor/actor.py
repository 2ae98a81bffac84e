"""The actor: one process (or thread) that hosts one model.

An actor builds its model, reports, and then drives it: step by step under the clock
(`stepping.py`) or freely (`free.py`). Between two steps it answers requests that came through its
pipe, or lie at the desk; the sender rings the mailbox, so that a busy actor only reads one word per
step to know that nobody asked for anything. Whatever ends an actor, its rings are closed first, so
that no peer waits for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from lava_actor.channels import Arena
from lava_actor.channels.pipe import Frame, Pipe, PipeEnded
from lava_actor.errors import NetworkEnds
from lava_actor.protocol import words
from lava_actor.protocol.step import CLEAN_UP
from lava_actor.runtime.actor.build import BuiltModel, build
from lava_actor.runtime.actor.requests import answer, answer_at_desk
from lava_actor.runtime.actor.shared_values import share, unshare
from lava_actor.runtime.reports.exceptions import failure_of, packed
from lava_actor.runtime.reports.output import redirect_output
from lava_actor.runtime.start.seeds import seed_globals

if TYPE_CHECKING:
    from collections.abc import Callable

    from lava_actor.channels.records import RecordStore
    from lava_actor.compiler.executable import Schedule, TurnPlan
    from lava_actor.runtime.actor.free import FreeLoop
    from lava_actor.runtime.actor.remote import VarServer
    from lava_actor.runtime.actor.stepping import SteppingLoop
    from lava_actor.runtime.start.serialize import ActorSpec


class Actor:
    """One model under the control of the runtime.

    Parameters
    ----------
    load : callable returning the `ActorSpec`; errors while loading are start-up errors
    party : the actor's index in the arena
    """

    def __init__(
        self,
        name: str,
        party: int,
        load: Callable[[], ActorSpec],
        arena: Arena,
        pipe: Pipe,
        schedule: Schedule,
        turns: TurnPlan | None,
        runtime_party: int,
        wake_up: int,
        *,
        domain_index: int,
        own_process: bool,
        records: RecordStore | None = None,
    ) -> None:
        self.name = name
        self.model_name = ""
        self._load = load
        self.arena = arena
        self.party = arena.party(party)
        self.party.in_model = True
        self.clock = arena.domain(words.CLOCK)
        self.free = arena.domain(words.FREE)
        self.runs = arena.party(runtime_party)
        self.pipe = pipe
        self.desk = arena.desk()
        self.schedule = schedule
        self.turn_plan = turns
        self.wake_up = wake_up
        self.domain_index = domain_index
        self.own_process = own_process
        self.records = records
        self._owner = os.getpid()
        self.pending_run: int | None = None
        self.loop: FreeLoop | SteppingLoop
        self.runs_told = 0  # commands to run, of a model that runs freely
        self.on_rebuilt: Callable[[Any], None] = lambda _model: None
        self.base = 0  # steps before the last reset; the model counts from there
        self.spec: ActorSpec
        self.built: BuiltModel
        self.mail_seen = 0
        self.servers: list[VarServer] = []  # this very list, also after a reset
        self.on_taken: Callable[[int], None] = lambda _amount: None
        self._inbox: deque[Frame] = deque()
        self._reading = threading.Lock()
        self._clean = False

    def main(self) -> None:
        """Live until the network ends. Never raises."""
        restore = redirect_output(self) if self.own_process else None
        self.party.state = words.STARTING
        try:
            try:
                if self.start():
                    self.loop.run()
            except BaseException as error:  # noqa: BLE001  (everything must reach the user)
                self.end(error)
            else:
                self.end(None)
        finally:
            if restore is not None:
                restore()
            self.pipe.close()

    def end(self, error: BaseException | None) -> None:
        """Report what ends this actor, if anything does, and let go of its peers."""
        self.leave_if_child(error)
        try:
            if error is None:
                return
            if not issubclass(type(error), NetworkEnds):  # isinstance would ask the user's class
                self._report("failed", error)
            elif not self.arena.aborted:  # a peer is gone, or the service; not the network
                self.send("left")
            elif self.clock.limit == words.NO_LIMIT and hasattr(self, "built"):
                self.clean_up()  # unless it has, before others ended the network
        finally:
            self.party.state = words.GONE
            self.party.computing = False
            with contextlib.suppress(Exception):
                self.built.close_rings()

    def clean_up(self) -> None:
        """Let the model do what it does at the end, once; what it raises is logged."""
        if self._clean:
            return
        self._clean = True
        state, phase = self.party.state, self.party.phase
        self.party.state, self.party.phase = words.STEPPING, CLEAN_UP
        try:
            self.built.model._stop()
        except NetworkEnds:
            pass
        except BaseException as error:
            self.leave_if_child(error)
            self.built.model.log.exception("%s._stop failed", self.model_name)
        self.party.state, self.party.phase = state, phase

    def pause_model(self) -> None:
        """Tell the model that the network pauses."""
        phase, self.party.phase = self.party.phase, CLEAN_UP
        self.built.model._pause()
        self.party.phase = phase

    def send(self, kind: str, payload: object = None, key: int = 0) -> None:
        """Send a frame of the runtime's own; nobody may be there any more to get it."""
        with contextlib.suppress(PipeEnded):
            self.pipe.send(kind, payload, key=key, actor=self.party.index)

    def leave_if_child(self, error: BaseException | None) -> None:
        """End a process that the model has forked and that comes back to us.

        It ends as any program does: rings and pipe are its parent's, which goes on.
        """
        if self._owner == os.getpid():
            return
        code: object = 0
        if isinstance(error, SystemExit):
            code = error.code
        elif error is not None:
            traceback.print_exception(error)
            code = 1
        if code is not None and not isinstance(code, int):
            sys.stderr.write(f"{code}\n")
            code = 1
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code or 0)

    def start(self) -> bool:
        """Build the model, and what drives it; says so, or what went wrong, to the service."""
        from lava_actor.runtime.actor.free import FreeLoop
        from lava_actor.runtime.actor.stepping import SteppingLoop

        try:
            self.spec = self._load()
            del self._load
            self.model_name = self.spec.plan.model_name
            self._build()
            self.loop = FreeLoop(self) if self.spec.plan.is_async else SteppingLoop(self)
        except BaseException as error:  # noqa: BLE001  (start-up errors reach the user as they are)
            self.leave_if_child(error)
            self._report("startfail", error)
            return False
        self.send("ready")
        return True

    def _build(self) -> None:
        """Make the model, and let go of what it was made from: arrays as large as its own."""
        if self.own_process:
            seed_globals(self.spec.seed)
        self.built = build(
            self.spec,
            self.arena,
            adopt=self.own_process,
            in_phase=self.schedule.phase_barriers,
            records=self.records,
        )
        self.servers[:] = self.built.servers
        self.built.model.on_start()
        if self.own_process:
            share(self.built.model, self.spec.proc_params, self.spec.inits)
        self.spec = dataclasses.replace(self.spec, inits={})

    # -- requests ---------------------------------------------------------------------------

    def has_mail(self) -> bool:
        """Tell whether requests came since the last look."""
        return self.mail_seen != self.party.mailbox

    def answer_requests(self) -> None:
        """Answer what was asked, at the desk or through the pipe, since the last look."""
        self.mail_seen = self.party.mailbox
        answer_at_desk(self)
        self.fetch()
        while self._inbox:
            answer(self, self._inbox.popleft())
        self.party.answered = self.mail_seen

    def fetch(self, timeout: float = 0.0) -> None:
        """Take in what comes through the pipe; any thread of the model may (`output.py`).

        Raises
        ------
        NetworkEnds
            If the service is gone.
        """
        if timeout:
            self.pipe.wait(timeout)
        with self._reading:
            try:
                frames = self.pipe.frames()
            except PipeEnded as end:
                raise NetworkEnds(f"{self.name}: the service has ended: {end}") from None
            for frame in frames:
                if frame.kind == "taken":
                    self.on_taken(frame.take())
                else:
                    self._inbox.append(frame)

    def rebuild(self, inits: dict[str, object], params: dict[str, object]) -> None:
        """Reset: a new model from initial values; messages in flight are dropped."""
        self.spec = dataclasses.replace(self.spec, inits=inits)
        unshare(self.spec.proc_params, params)
        for reader in self.built.readers:
            reader.drop()
        self._build()
        self.on_rebuilt(self.built.model)

    @property
    def step(self) -> int:
        """The last step this actor completed."""
        return int(self.party.done)

    # -- failure ----------------------------------------------------------------------------

    def _report(self, kind: str, error: BaseException) -> None:
        """Tell the service, in words; then the exception itself, if it can be pickled."""
        step, phase = int(self.party.step), "start"
        if kind == "failed":
            phase = words.PHASE_NAMES.get(self.party.phase, "?")
            limit = self.clock.limit
            self.clock.limit = min(limit, step)
        self.send(kind, failure_of(error, self.name, self.model_name, phase, step))
        self.send("exception", packed(error))

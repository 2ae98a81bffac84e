"""Every frame that travels through a pipe of a running network: its payload, and who sends it.

A frame is sent one way. What goes between an actor and the user passes through the actor's service,
which does not open it. Whoever receives declares a `Receiver` with a handler for each kind that may
come that way, neither more nor less; a kind that is in no table is an error with a name.

Payloads of the user's making (values, parameters, exceptions) are opened only where the user's own
code runs: in the actor, or in the thread of the user that asked. Everything else is plain data.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

from lava_actor.channels.pipe import Frame
from lava_actor.errors import LavaActorError


class Way(enum.Enum):
    """From whom to whom frames go; the value says of each what it carries."""

    USER_TO_LAUNCHER = {
        "preload": "names of modules to import, once for all networks to come",
        "service": "descriptors of pipe, arena, wake-up event, ServicePlan, initial values",
        "fate": "nothing; the key is a service (process id or order): its end? answered by fate",
        "retire": "nothing: end as soon as no service is left",
    }
    LAUNCHER_TO_USER = {
        "fate": "how it ended, in words, or None if it is not known; the key as asked",
    }
    USER_TO_STARTING_SERVICE = {
        "guests": "pipes to actors in threads of the user's interpreter, as descriptors; first",
        "program": "values of the program's own modules, as differ asked for; any other: give up",
    }
    USER_TO_SERVICE = {
        "run": "number of steps, or None for no end",
        "by_hand": "nothing: the user grants steps one by one (`Rounds`) until a pause",
        "pause": "nothing: stop at the end of this step",
        "hold": "nothing: grant no more steps for now; answered by held, under the same key",
        "release": "nothing: grant steps again, as before the hold",
        "fence": "the step at which all clocks end this run",
        "waits": "nothing: who cannot move here? answered by waits",
        "stop": "seconds that the step in progress may take",
        "settle": "the step in which another domain has failed, or None if that makes none: end, "
        "and say who fails here with it",
    }
    USER_TO_ACTOR = {
        "get": "name of the Var, index; answered by reply or error, as those below",
        "set": "name of the Var, value, index",
        "reset": "initial values by name",
        "snapshot": "packages that may be named, whether pickles may be written",
        "restore": "Document, packages that may be named, whether pickles may be read",
        "taken": "how much of the actor's output the user's stream has taken; not answered",
    }
    SERVICE_TO_ACTOR = {
        "run": "number of steps, or a very large one for no end (free-running models only)",
        "leave": "nothing: the network ends, so that the model may clean up; answered by clean",
    }
    ACTOR_TO_SERVICE = {
        "ready": "nothing: the model is built",
        "startfail": "Failure that kept the model from being built; then comes an exception",
        "failed": "Failure of a model; then comes an exception",
        "exception": "the exception of the Failure before, pickled, or nothing",
        "left": "nothing: released, because the other end of a channel is gone",
        "done": "why run_async returned, commands to run that it had heard of",
        "clean": "nothing: the model has cleaned up",
        "ask": "what a model asks for in the middle of a run: pause or stop",
    }
    ACTOR_TO_USER = {
        "reply": "result of a request, last step completed",
        "error": "Failure of a request; then comes a raised",
        "raised": "the exception of the error before, pickled, or nothing",
        "print": "name of the stream, text, how much output that is",
        "log": "step, logger name, level, text, how much output that is",
    }
    SERVICE_TO_USER = {
        "here": "nothing; the service's process id is the key, a pidfd the descriptor",
        "warm": "what this process, now a launcher, has imported; its pipe is the descriptor",
        "differ": "names in the program's own modules that are not here as in the user's",
        "ready": "nothing: all actors of the domain are ready",
        "startfail": "Failure",
        "finished": "how the run ended, last step",
        "held": "the last step that may start here",
        "waits": "who cannot move unless others elsewhere do, what all are doing, what may change",
        "ask": "what a model of the domain asks for: the others are to pause",
        "failed": "list of Failures; the network ends",
        "stopped": "names of actors that had to be killed; the service ends",
    }


class UnknownFrameError(LavaActorError, RuntimeError):
    """A frame that nobody sends this way: the two ends do not belong together."""


class Receiver:
    """What one end does with each frame that may reach it.

    Parameters
    ----------
    handlers : mapping of kind to callable
        Called with the frame and what `__call__` is given besides.
    *ways : Way
        How frames reach this end.
    """

    def __init__(self, handlers: Mapping[str, Callable[..., object]], *ways: Way) -> None:
        known = {kind for way in ways for kind in way.value}
        if known != set(handlers):
            differ = ", ".join(sorted(known ^ set(handlers)))
            raise UnknownFrameError(f"{_names(ways)}: handlers and table differ in {differ}")
        self._handlers, self._ways = handlers, ways

    @classmethod
    def of(cls, owner: object, prefix: str, *ways: Way) -> Receiver:
        """What an object has a method for that is called like the frame, after a prefix."""
        names = [name for name in dir(owner) if name.startswith(prefix)]
        return cls({name.removeprefix(prefix): getattr(owner, name) for name in names}, *ways)

    def __call__(self, frame: Frame, *context: object) -> object:
        """Handle a frame.

        Raises
        ------
        UnknownFrameError
            If no such frame comes this way.
        """
        handler = self._handlers.get(frame.kind)
        if handler is None:
            frame.close()
            raise UnknownFrameError(f"{_names(self._ways)}: nobody sends {frame.kind!r}")
        return handler(frame, *context)


def _names(ways: tuple[Way, ...]) -> str:
    return " or ".join(way.name.lower().replace("_", " ") for way in ways)

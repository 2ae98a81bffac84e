"""What can go wrong, divided by whose fault it is. The ground floor: everybody may import it.

========================  ==========================  =============================================
whose fault               class                       also a
========================  ==========================  =============================================
the description           NetworkError                AssertionError
the description           InvalidValueError           ValueError
the description           InvalidTypeError            TypeError
the description           InvalidIndexError           IndexError
the description           InvalidKeyError             KeyError
the description           PartnerTypeError            AssertionError and TypeError
the description           UnsupportedError            NotImplementedError
the description           MissingMemberError          AttributeError and AssertionError
the file                  CheckpointError             ValueError
the call, at this moment  RuntimeStateError           RuntimeError
a model                   ModelError                  RuntimeError
an actor that died        ActorDiedError              ModelError
the network as a whole    DeadlockError               ModelError
the clock                 WaitTimeoutError            TimeoutError
the machine               ArenaMemoryError            MemoryError
the machine               RecordingMemoryError        MemoryError
the machine               TooFewDescriptorsError      OSError
the other end             ChannelAborted              RuntimeError
the other end             PeerClosedError             ChannelAborted
========================  ==========================  =============================================

Every class also derives from `LavaActorError`. Messages name the Process and the attribute, what
was expected and what came. Whatever ends a network badly while it runs is a `ModelError`, and says
Every class also derives from `LavaActorError`. Messages name the Process and the attribute, what
was expected and what came. Whatever ends a network badly while it runs is a `ModelError`, and says
in `ModelError.failures` who failed and how. A sure mistake that is no reason to stop is a
`LavaActorWarning`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class LavaActorError(Exception):
    """Base of every error of this package."""


class NetworkError(LavaActorError, AssertionError):
    """A network that cannot work as it is described: wiring, models, domains."""


class InvalidValueError(LavaActorError, ValueError):
    """An argument of the right type with a value that makes no sense."""


class InvalidTypeError(LavaActorError, TypeError):
    """An argument of the wrong type."""


class InvalidIndexError(LavaActorError, IndexError):
    """An index that does not exist in the Var or shape it is meant for."""


class InvalidKeyError(LavaActorError, KeyError):
    """A name that does not exist, or one that exists and must not."""

    __str__ = Exception.__str__  # KeyError shows the repr of its argument, quotes and all


class PartnerTypeError(NetworkError, InvalidTypeError):
    """Two ports that cannot be connected, whatever their shapes."""


class UnsupportedError(LavaActorError, NotImplementedError):
    """Something the programming model can express and this package cannot do."""


class MissingMemberError(LavaActorError, AttributeError, AssertionError):
    """A Process, Collection or network does not have the member that was asked for."""


class CheckpointError(LavaActorError, ValueError):
    """A network that cannot be saved, or a file that cannot be loaded into one."""


class LavaActorWarning(UserWarning):
    """Something that is surely a mistake, though the program can go on."""


class RemoteTraceback(Exception):
    """Carries the traceback text of an actor as the cause of the user's exception."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        """The text, as Python would have printed it in the actor."""
        return self.text


class RuntimeStateError(LavaActorError, RuntimeError):
    """The call is not possible in the present state of the network."""


class WaitTimeoutError(LavaActorError, TimeoutError):
    """Something did not happen within the time the caller gave it."""


class ArenaMemoryError(LavaActorError, MemoryError):
    """Not enough memory for the arena or a Var: who needs how much, and what there is."""


class RecordingMemoryError(LavaActorError, MemoryError):
    """Neither memory nor disk has room for what is to be recorded."""


class TooFewDescriptorsError(LavaActorError, OSError):
    """More files would have to be open than are allowed; the message has both numbers."""


class ChannelAborted(LavaActorError, RuntimeError):
    """Released from a wait because the network ends."""


class PeerClosedError(ChannelAborted):
    """The other end of a channel is gone and nothing is left to read."""


class NetworkEnds(BaseException):
    """Ends what a model does when its network does; never leaves the actor.

    A wait in a model is released with it. No ``except Exception`` of the model holds it up, and no
    error that a model raises is taken for it.
    """


class Verdict(enum.Enum):
    """How a failure came about; the name of an exception class is the user's to choose."""

    RAISED = "raised"
    DIED = "died"
    DEADLOCK = "deadlock"


@dataclass(frozen=True)
class Failure:
    """What one model or actor reported.

    Attributes
    ----------
    process, model : names
    phase, step : where in the run it happened
    kind : name of the exception class if there was an exception, else empty
    message, traceback : texts; the traceback is the actor's
    exception : the exception itself where it could be sent and opened, else None
    verdict : whether a model raised, an actor died, or the network waited on itself
    """

    process: str
    model: str
    phase: str
    step: int
    kind: str = ""
    message: str = ""
    traceback: str = ""
    exception: BaseException | None = None
    verdict: Verdict = Verdict.RAISED
    packed: bytes = field(default=b"", repr=False, compare=False)
    """The exception as it travels. Only the thread that raises it opens it: it is the user's."""

    @property
    def what(self) -> str:
        """Kind and message, in one line."""
        return f"{self.kind}: {self.message}" if self.kind else self.message


class ModelError(LavaActorError, RuntimeError):
    """One or more models raised; ``failures`` has one record each."""

    def __init__(self, message: str, failures: tuple[Failure, ...] = ()) -> None:
        super().__init__(message)
        self.failures = failures


class ActorDiedError(ModelError):
    """An actor ended without raising: killed, crashed, or left by itself."""


class DeadlockError(ModelError):
    """The network waits on itself; the message names the ports, ``failures`` has one record."""

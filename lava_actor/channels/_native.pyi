"""What the native module offers the rest of the package.

Objects here are used by one thread at a time; different objects may be used by different threads
and processes at once. Every blocking call looks at the abort word and at pending signals at
least every 100 ms (parked between two steps: every 2 s), and raises

- `ChannelAborted` when the network ends (``Arena.abort``),
- `PeerClosedError`, a `ChannelAborted`, when the writer of a ring is gone and the ring is empty.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from lava_actor.channels.layout import ArenaPlan
from lava_actor.channels.statistics import RingStatistics

class PrivateMap:
    """A stretch of a file, copied where it is written to; a buffer of bytes.

    The file's descriptor may be closed. ``offset`` is a multiple of the size of pages.

    Raises
    ------
    OSError
        If it cannot be mapped.
    """

    def __init__(self, fd: int, offset: int, size: int) -> None: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Arena:
    """The shared memory of one network, laid out by an `ArenaPlan`.

    It is anonymous (a memfd): nothing is left behind, whoever is killed. Another process gets at
    it by inheriting the mapping through fork, or the descriptor (`attach`).
    """

    plan: ArenaPlan

    @staticmethod
    def create(plan: ArenaPlan, cores: int | None = None) -> Arena:
        """Reserve the memory in full and initialise it.

        Raises
        ------
        ArenaMemoryError
            If the memory is not there; says how much is needed and which rings are largest.
        """

    @staticmethod
    def attach(fd: int, plan: ArenaPlan) -> Arena:
        """Map an existing arena; `fd` is duplicated and stays the caller's.

        Raises
        ------
        InvalidValueError
            If the memory behind `fd` is not an arena of this plan.
        """

    @property
    def fd(self) -> int:
        """The descriptor, close-on-exec; `RuntimeStateError` after `close`."""

    @property
    def size(self) -> int:
        """Bytes of shared memory."""

    @property
    def aborted(self) -> int:
        """The code given to the first `abort`, or 0."""

    def close(self) -> None:
        """Give the descriptor back; the mapping lives on with the last object made from it."""

    def party(self, i: int) -> Party:
        """Return party `i`: always the same object, so its settings hold for all its rings."""

    def domain(self, i: int) -> Domain:
        """Return a handle of domain `i`."""

    def writer(self, ring_index: int) -> RingWriter:
        """Return the sending end of a ring, bound to the plan's writer party."""

    def reader(self, ring_index: int, cursor: int) -> RingReader:
        """Return one receiving end of a ring, bound to the plan's reader party."""

    def desk(self) -> Desk | None:
        """Return a handle of the desk; None in an arena without one."""

    def abort(self, code: int = 1) -> None:
        """End everything: set the abort word and wake every party. Any process may call it."""

class Party:
    """Anything that waits (an actor, a service, a port end in the user's interpreter).

    One thread waits as a party; anyone may read its words, post to it or ring its bell.
    """

    index: int
    name: str
    spin_us: int
    """How long to look again before sleeping, in microseconds; see `wait`."""
    computing: bool
    """Whether this party takes a core while it is awake; see `wait.SpinOnFreeCore`.

    Set by the party itself.
    """
    in_model: bool
    """Whether a model's code waits as this party: released waits then raise `NetworkEnds`."""
    may_owe: bool
    """Whether this party may owe wake-ups for a while instead of giving them at once.

    It then does so while it is `brisk`. Debts are paid by `flush_wakes`, before this party sleeps,
    when half a ring was moved, and by some steps in which nothing moves; those for data, if a core
    is free, after a few messages.
    """
    brisk: bool
    """Whether messages followed one another fast between the last two waits; measured."""
    attend: Callable[[], None] | None
    """Called when mail comes during waits at rings, or a message in a ring of the `callers`."""
    callers: list[RingReader]
    step: int
    """Step in progress, or last started."""
    done: int
    """Last completed step."""
    turn: int
    ready: int
    """Of a paced party: the last step it can do without waiting for the user's program."""
    answered: int
    """Number of `post` calls whose requests are answered; the party's own to write."""
    phase: int
    state: int
    busy_ns: int
    wait_ns: int
    """Nanoseconds spent waiting, spinning included."""
    missed: int
    """Sleeps that lasted a whole slice although what this party waited for was there.

    Next to none of many waits: a wake-up was owed, or came in the same moment. Read only.
    """

    @property
    def mailbox(self) -> int:
        """Number of `post` calls so far, modulo 2**32."""

    @property
    def progress(self) -> int:
        """Number of ring operations completed."""

    @property
    def blocked(self) -> tuple[str, int, int, int] | None:
        """What the party waits for right now: (kind, index, since, number).

        Kind is "data", "space" or "poll" (index: the ring; number: the cursor), "step" or "barrier"
        (index: the domain; number: the step or epoch), "rest", "turn" or "event" (see `wait`);
        since is ``time.monotonic_ns()`` at the start of the wait, which no two waits share.
        """

    def move_to(self, home: Party) -> None:
        """From now on `home` sleeps for this party, and is woken for it.

        To be called by the thread that has slept for it so far, or before any has.
        """

    def post(self) -> None:
        """Count one more request in the mailbox and wake the party."""

    def bell(self) -> None:
        """Wake the party if it sleeps; call after making true what it may wait for."""

    def released(self, error: Exception) -> BaseException:
        """Return what a wait raises that ends without what it waited for."""

    def flush_wakes(self) -> None:
        """Wake, now, every sleeping party this one owes a wake-up."""

    def end_step(self) -> None:
        """Do so if no message has moved in the step that ends, nor in some before it."""

    def wait(
        self,
        *conditions: Callable[[], object],
        serve: Iterable[Server] = (),
        timeout: float | None = None,
        record: tuple[str, int, int] = ("event", -1, 0),
    ) -> bool:
        """Wait until a condition holds, and serve meanwhile.

        Does the whole of it: pays what this party owes, announces the sleep, looks again at every
        condition and every server, sleeps, looks at the abort word and at signals, and so on.

        Parameters
        ----------
        *conditions : callable
            True once this party should go on. Whoever makes one true does so by ringing this
            party's bell (a message, space, `post`, `bell`). They must not wait themselves.
        serve : iterable of Server
            Served whenever something is pending. What was asked before a condition came true is
            served before `wait` returns.
        timeout : float, optional
            Seconds; 0 looks once.
        record : tuple of (kind, index, number)
            What `blocked` tells others: "rest" until step `number` may start (0: no step is to
            come) or mail arrives, "turn" until ``turn`` of party `index` reaches `number`, or some
            other "event".

        Returns
        -------
        bool
            Whether a condition holds; False after `timeout`.

        Raises
        ------
        ChannelAborted
            If the network ends and no condition holds.
        """

class Server(Protocol):
    """What a party does for others while it waits."""

    def pending(self) -> bool:
        """Whether somebody has asked; must not wait."""

    def serve(self) -> object:
        """Answer all who have asked."""

class Desk:
    """Where the user's program asks one party for something small, and is answered.

    Whoever asks owns the desk while it is not taken, and whoever is asked while it is.
    """

    room: int
    """Bytes that a request or an answer may have."""

    @property
    def taken(self) -> bool:
        """True while a request lies there that is not answered."""

    @property
    def said(self) -> bytes:
        """What lies there: the answer, if the desk is not taken."""

    def ask(self, party: Party, said: bytes) -> None:
        """Lay a request down, and post to whom it is for.

        Raises
        ------
        RuntimeStateError
            If the desk is taken.
        """

    def asked(self, party: Party) -> bytes | None:
        """The request that ``party`` has to answer, if there is one."""

    def answer(self, asker: Party, said: bytes) -> None:
        """Answer the request, and wake ``asker`` if it waits (for an event) as that party."""

class Domain:
    """Words shared by parties that step together."""

    index: int
    limit: int
    fence: int
    pause: int

    @property
    def horizon(self) -> int:
        """The last step that may start."""

    @property
    def epoch(self) -> int:
        """Number of barriers that have ended, modulo 2**32."""

    def wish(self, phase: int, step: int) -> None:
        """Note that a member wishes for a phase of a step; all who do write the same.

        It is seen by whoever is released from a barrier that this member arrived at afterwards.
        """

    def wished(self, phase: int) -> int:
        """The last step for which a member wished for a phase."""

    def raise_horizon(self, value: int) -> None:
        """Allow steps up to `value`, as far as paced parties are ready; never lowers it."""

    def open(self, party: Party) -> None:
        """Raise the horizon to what is `granted`, now that a paced party is ready for more.

        That party may owe the members their wake-ups until it waits.
        """

    @property
    def granted(self) -> int:
        """The largest value of `raise_horizon` so far, or since the last `freeze` its result."""

    @property
    def slowest(self) -> int:
        """The last step that all members have done, on whatever machine they are."""

    @property
    def far(self) -> int | None:
        """The last step that all members on other machines are known to have done, if any are."""

    @property
    def slowest_near(self) -> int:
        """The last step that all members on this machine have done."""

    def tell_far(self, step: int) -> None:
        """Note the last step that all members on other machines have done."""

    def freeze(self) -> int:
        """Return the horizon, which from now on nobody can raise until `thaw`."""

    def thaw(self) -> None:
        """Let the horizon be raised again."""

    def arrive(self, bits: int) -> tuple[bool, int]:
        """Arrive at the barrier with some bits (64 of them).

        Returns
        -------
        tuple of (bool, int)
            (True, union of all bits) for the last of the members, who must call `release`;
            (False, epoch) for the others, who must call `await_release` before they come again.
        """

    def release(self, decision: int) -> None:
        """End the epoch with a decision (64 bits, signed) and wake the members."""

    def await_release(self, party: Party, epoch: int) -> int:
        """Wait for the decision that ends `epoch`."""

    def await_step(self, party: Party, step: int, mailbox: int) -> bool:
        """Wait until `step` may start (True) or ``party.mailbox != mailbox`` (False).

        Mail counts first: it is answered even while steps could go on.
        """

class RingEnd:
    """What both ends of a ring know."""

    ring_index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    depth: int
    size: int
    slot_bytes: int

    @property
    def party(self) -> Party:
        """The party that waits at this end."""

    @property
    def aborted(self) -> int:
        """The code the arena was aborted with, or 0."""

    def probe(self) -> bool:
        """Tell whether ``send`` or ``recv`` would return without waiting."""

    def statistics(self) -> RingStatistics:
        """Return what this end has done so far."""

class RingWriter(RingEnd):
    """The sending end of a ring. Once every reader detached, sends have no effect."""

    closed: bool

    @property
    def sent(self) -> int:
        """Messages published so far."""

    @property
    def free(self) -> int:
        """Messages that fit before the slowest reader must take one."""

    def send(self, array: ArrayLike) -> None:
        """Send one message of ``size`` elements, copied, converted as C would.

        A sparse array travels as events, others whole; the reader cannot tell, to the last bit.

        Raises
        ------
        InvalidValueError
            If the number of elements differs.
        """

    def send_events(self, values: ArrayLike | None, indices: ArrayLike) -> None:
        """Send events: flat indices, in this order, with values (None: all ones).

        In a ring planned without ``events`` indices must lie in the shape, and a message that is
        smaller as an array travels as one (values at the same index are summed).

        Raises
        ------
        InvalidValueError
            If lengths differ, an index is out of range, or there are more than ``size`` events
            for an events ring.
        InvalidTypeError
            If the indices are not integers.
        """

    def unpack(self, data: bytes | memoryview, start: int, most: int) -> tuple[int, int]:
        """Send up to `most` packed messages that stand from `start` on, as far as there is room.

        Returns how many that were, and where the next one starts. Their stamps stay.

        Raises
        ------
        InvalidValueError
            If a message is cut off, or larger than this ring's.
        """

    def close(self) -> None:
        """Announce that nothing more will come; a later send is a `RuntimeStateError`."""

class RingReader(RingEnd):
    """A receiving end of a ring; each sees every message, in order."""

    cursor: int

    @property
    def received(self) -> int:
        """Messages taken so far."""

    def recv(self) -> np.ndarray:
        """Take the oldest message: an array of the planned shape and dtype, the caller's own.

        Events at the same index are summed.
        """

    def peek(self) -> np.ndarray:
        """Return what `recv` would, without taking it."""

    def recv_events(self) -> tuple[np.ndarray | None, np.ndarray]:
        """Take the oldest message as (values, indices), both the caller's own.

        Values None: all ones. Events sent as such come as sent; of a message sent as an array
        come the elements with any bit set, in ascending order. Indices are int32.
        """

    def peek_events(self) -> tuple[np.ndarray | None, np.ndarray]:
        """Return what `recv_events` would, without taking it."""

    def accumulate(self, out: np.ndarray, index_map: np.ndarray | None = None) -> None:
        """Take the oldest message and add it into `out`, without an array in between.

        Parameters
        ----------
        out : ndarray
            C-contiguous, of any numeric dtype and any shape; flat indices count. Must have as
            many elements as a message if there is no map.
        index_map : ndarray of int32, optional
            Flat index in `out` for each flat index of a message; several may share one.

        Raises
        ------
        InvalidValueError
            If the message does not fit; `out` is unchanged then, and the message still queued.
        """

    def skip(self) -> None:
        """Take the oldest message and forget it."""

    def drop(self) -> None:
        """Take all messages that are there and forget them; never waits.

        From any thread: one that waits for a message goes on waiting, if it is dropped.
        """

    @property
    def ended(self) -> bool:
        """True if nothing is left to take and nothing will come: writer gone, or detached."""

    def order(self, waits: bool) -> None:
        """Let ``probe`` answer, from now on, by what was sent before this phase of this step.

        The answer then does not depend on who is ahead: messages of the present phase are not
        seen yet, and where none is queued ``probe`` waits until the writer has come as far as the
        reader. Messages to oneself are always seen. Not to be asked for where the writer does not
        step.

        Parameters
        ----------
        waits : bool
            False where all meet before every phase, and everybody has come as far.
        """

    @property
    def told(self) -> bool:
        """True if ``probe`` would not wait once it is ordered."""

    def available(self) -> int:
        """Number of messages that wait to be taken."""

    def detach(self) -> None:
        """Stop reading for good: the writer never waits for this end again."""

    def pack(self, most: int) -> tuple[int, bytes]:
        """Take up to so many messages, without waiting, as `RingWriter.unpack` has them."""

class Inlet:
    """Receives through a ring without the interpreter; a base of the ports that receive arrays."""

    def recv(self) -> np.ndarray:
        """Receive one message from every source and return their sum.

        Waits until every source has a message.

        Returns
        -------
        ndarray
            New array of the port's shape. Its dtype is that of NumPy's promotion of the declared
            dtype with the dtypes of the sources. Unconnected: zeros of the declared dtype.
        """

    def _la_receive_by(self, source: RingReader | Callable[[], np.ndarray] | None) -> None:
        """From now on receive a reader's messages, what a function returns, or by ``_dense``."""

class Outlet:
    """Sends arrays without the interpreter; a base of the ports that send arrays."""

    def send(self, data: object) -> None:
        """Send ``data`` to every destination.

        Parameters
        ----------
        data : array of the port's shape
            A number, or any array with one element, for ports of size 1.

        Raises
        ------
        PortDataError
            (an `AssertionError` and `ValueError`) if the shape is another one. An unconnected
            port takes anything.
        """

    def _la_send_to(self, ring: RingWriter | None, drops: bool) -> None:
        """From now on send to a ring what ``_message`` makes of it, or drop it, or ``_la_send``."""

def receiver(
    sources: Sequence[tuple[RingReader, np.ndarray | None]],
    shape: tuple[int, ...],
    dtype: np.dtype,
    room: int,
) -> Callable[[], np.ndarray]:
    """Return a function that takes the oldest message of each source and returns their sum.

    Parameters
    ----------
    sources : sequence of (reader, index map or None), as in `RingReader.accumulate`
    shape, dtype
        Of the sum.
    room : int
        Places that index maps may lead to; what lies behind the shape is left out.
    """

def wait_any(
    parties: Sequence[Party], *conditions: Callable[[], object], timeout: float | None = None
) -> bool:
    """Wait as several parties at once (one thread, several arenas maybe); see `Party.wait`."""

def adds(message: DTypeLike, array: DTypeLike) -> bool:
    """Whether messages of one type are added to arrays of another in one native loop."""

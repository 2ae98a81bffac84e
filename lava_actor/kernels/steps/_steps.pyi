"""What a burst promises; the idea is in the package's docstring."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lava_actor.channels import Domain, Party, RingReader, RingWriter
from lava_actor.channels._records import Recorder

ASK_PAUSE: int
ASK_STOP: int

def take_request(model: object) -> int:
    """What the model has asked for since the last time, if anything: a pause wins over a stop."""

def settle_class(cls: type) -> None:
    """Let nobody change a class any more: what classes have of it is no obstacle for instances.

    In CPython 3.11 only; in others nothing happens.
    """

DONE: int
"""Nothing to do, or time for the main loop to look around."""
ASKED: int
"""The model asked for a pause or a stop; `Burst.bits` says which."""
DECIDE: int
"""Lockstep: this actor was the last, somebody asked or the run ends; decide, then release."""

ATTEND: int
"""A member of a team may not start a step, and has to do something about that or before."""
MOVE: int
"""Its next step is Python's: it has to go elsewhere."""
FAILED: int
"""`Seat.error` says how."""
CONCLUDE: int
"""The same as `DECIDE`, of a member; `Seat.bits` has what was asked for."""
END_RUN: int
"""A member was the last of all to come to the end of the run."""

class Burst:
    """Steps of any model, by its ``run_spk``.

    Parameters
    ----------
    model : PyLoihiProcessModel
        Without guards and RefPorts: there is nothing to a step but spiking.
    """

    model: Any
    bits: int
    """What the model (`ASKED`) or somebody (`DECIDE`) asks for: ASK_PAUSE, ASK_STOP."""
    native_steps: int
    """Steps done without the interpreter so far."""
    whole: bool
    """Whether a native step includes what the model does after spiking."""

    def __init__(self, model: Any) -> None: ...
    first: RingReader | None
    """Native steps, and those of a plain `Burst`, begin with a message from here."""

    def attach(
        self,
        clock: Domain,
        party: Party,
        lockstep: bool,
        opener: Callable[[], int] | None = None,
        taps: Iterable[Tap] = (),
        tapped: Iterable[TapReader] = (),
        visitors: Iterable[RingReader] = (),
    ) -> None:
        """Say under which clock and as which party the steps are done.

        ``opener`` lets the network go as far as the model is ready, and returns how many steps.
        After every step the ``taps`` are published and the ``tapped`` are done with it. A Var has
        its value in the model's own attribute after every native step, not only at the end. Steps
        in a row end when there is a request of ``visitors``.
        """

    def can_step(self) -> bool:
        """Whether the next step would be native, as the model is now."""

    def once(self, number: int) -> None:
        """Do the spiking phase of step ``number`` of the model."""

    def run(self, mail: int, base: int) -> int:
        """Do steps while the clock allows and no mail comes; 1024 at the most.

        Waits for messages, space and (in lockstep) the others like the methods of rings and
        domains do, and raises what they and the model raise.

        Parameters
        ----------
        mail : int
            The mailbox count already seen.
        base : int
            Steps before the model began to count.

        Returns
        -------
        DONE, ASKED or DECIDE
        """

class Tap:
    """The owner's end of a tap: a Var of a model that is published after a step.

    Parameters
    ----------
    writer : RingWriter
        Of bytes, 64 more than the value needs.
    model, name, shape
        Whose attribute it is, and the shape of the Var.
    header_of : callable or None
        ``(dtype, number of bytes) -> 64 bytes``, in front of an array's own. None: always `encode`.
    encode : callable
        Returns the whole message for a value that is no plain array.
    every, offset : int
        A `Rhythm`: nobody reads in other steps.
    """

    def __init__(
        self,
        writer: RingWriter,
        model: Any,
        name: str,
        shape: tuple[int, ...],
        header_of: Callable[[np.dtype, int], bytes] | None,
        encode: Callable[[], np.ndarray],
        every: int = 1,
        offset: int = 0,
    ) -> None: ...
    def rhythm(self) -> tuple[int, int]:
        """In which steps the value is sent."""
    def publish(self, step: int) -> int:
        """Send the value after a step, if it is read; waits for space like `RingWriter.send`."""

class TapReader:
    """A reader's end of a tap.

    Parameters
    ----------
    ring : RingReader
    decode : callable
        Makes the value, as a flat array, of a whole message, or raises what the owner met.
    every, offset : int
        As the owner has them.
    """

    ring: RingReader

    def __init__(
        self,
        ring: RingReader,
        decode: Callable[[np.ndarray], np.ndarray],
        every: int = 1,
        offset: int = 0,
    ) -> None: ...
    def rhythm(self) -> tuple[int, int]:
        """In which steps there is a value."""
    def read(self) -> np.ndarray:
        """The value after this step as a flat array of the caller's own; waits for the owner."""
    def finish(self, step: int) -> int:
        """The step is over: give its message back, read or not; waits for the owner."""

class RecordBurst(Burst):
    """Steps of a model that only records, at the end of the step included.

    Parameters
    ----------
    model : PyLoihiProcessModel
    rows : list of (list of TapReader, Recorder)
        Vars, in parts perhaps.
    sources : list of (list of (RingReader, first index), recv_events, dtype, Recorder)
        Ports of a single source, in parts perhaps, without an index map.
    tell : callable
        Gets a recorder that is asked for a step after its last one.
    """

    def __init__(
        self,
        model: Any,
        rows: Iterable[tuple[list[TapReader], Recorder]],
        sources: Iterable[
            tuple[list[tuple[RingReader, int]], Callable[[], Any], np.dtype, Recorder]
        ],
        tell: Callable[[Recorder], None],
    ) -> None: ...

class StepBurst(Burst):
    """Steps by a native function; what is unusual is left to the model's Python.

    Parameters
    ----------
    model : model with the attributes named below
    function : int
        Address of a ``la_step``.
    inlets : list of (sources, dtype, shape, room)
        Sources are (RingReader, index map or None); their messages are summed, in this order. There
        is room for what index maps lead one place behind the end.
    outlets : list of (RingWriter or None, dtype, shape, attribute or None)
        What the function writes; the attribute keeps what was sent last.
    state, parameters : lists of (attribute, dtype)
    numbers : tuple of attributes
    integers : tuple of (attribute, lowest, highest)
    constants : dict
        {attribute: value}; with another one the model's Python does the step.
    uniform : bool
        Whether state and parameters have to have ``shape``.
    refuses : dict
        {what the function returns: what is wrong then}
    then : StepBurst, optional
        What follows in the same step.
    """

    def __init__(
        self,
        model: Any,
        function: int,
        inlets: list[tuple[Any, np.dtype, tuple[int, ...], int]],
        outlets: list[tuple[RingWriter | None, np.dtype, tuple[int, ...], str | None]],
        state: list[tuple[str, np.dtype]],
        parameters: list[tuple[str, np.dtype]],
        numbers: tuple[str | None, ...],
        integers: tuple[tuple[str | None, int, int], ...],
        constants: dict[str, object],
        uniform: bool,
        shape: tuple[int, ...],
        refuses: dict[int, str],
        then: StepBurst | None = None,
    ) -> None: ...

class PartBurst(StepBurst):
    """Steps whose methods are called one by one, some of them in Python.

    Parameters
    ----------
    arguments : tuple
        Those of `StepBurst`. Numbers and integers whose name is None are not looked at.
    ports : list of PyOutPort
        One per outlet.
    parts : list of (method, address, by_model, inlet, in-port, outlet, gives, makes,
        unless)
        The argument is what the in-port receives, or what the outlet shows; the result is shown by
        the outlet ``gives``. -1: none. ``makes`` is a list of (attribute, dtype).
    originals : {method: index of its part}
        Methods of the library that those of the model may call.
    """

    def __init__(
        self,
        arguments: tuple[Any, ...],
        ports: list[Any],
        parts: list[tuple[Any, ...]],
        originals: dict[Any, int],
    ) -> None: ...
    def original(self, method: Any, arguments: tuple[Any, ...]) -> Any:
        """Do natively what an overridden method is asked to do; NotImplemented if it cannot be."""

def catalogue() -> dict[str, int]:
    """Addresses of the library's steps, by name."""

class DenseBurst(Burst):
    """Steps of an all-to-all connection.

    Parameters
    ----------
    model : model with ``a_buff, num_message_bits``, ``_la_current_columns()``, ``_la_receive()``
    parts : (RingReader, int) pairs
        The only source, or the rings of its parts with where each begins; none: the model's
        ``_la_receive`` has to merge several.
    writer : RingWriter or None
        Takes elements of the model's number type.
    n_in, n_out : int
        Number of senders and receivers.
    delayed : bool
        Output is a line of columns, the first of which is sent; the model has ``_la_delay_line()``,
        ``_la_late_columns()`` and ``_la_take_in(line)``.
    """

    def __init__(
        self,
        model: Any,
        parts: Iterable[tuple[RingReader, int]],
        writer: RingWriter | None,
        n_in: int,
        n_out: int,
        delayed: bool = False,
    ) -> None: ...

class SparseBurst(DenseBurst):
    """Steps of a sparse connection; wants its ``_la_current_operator()``, and no columns."""

class DelaySparseBurst(SparseBurst):
    """Steps of a sparse connection with delays; `a_buff` of the model has to call `land`."""

    def land(self) -> None:
        """Give the model the line that says what is due, which has been held in another way."""

class ConvBurst(DenseBurst):
    """Steps of a convolution; wants ``_la_current_kernel()``: as it is summed up, its geometry."""

class LearningBurst(Burst):
    """Steps of a connection that learns, `run_lrn` included.

    Parameters
    ----------
    model : model with ``_la_native_state()``
    parts, writer, n_in, n_out
        As for `DenseBurst`.
    behind : list of (RingReader, index map or None)
        What spikes behind the synapses.
    inlets : list of (sources, dtype, shape, room)
        Of traces behind the synapses, if the model receives them.
    """

    def __init__(
        self,
        model: Any,
        parts: Iterable[tuple[RingReader, int]],
        writer: RingWriter | None,
        n_in: int,
        n_out: int,
        behind: list[tuple[RingReader, np.ndarray | None]],
        inlets: list[tuple[Any, ...]],
    ) -> None: ...

class InTimeBurst(DenseBurst):
    """Steps of a connection with a matrix for each delay, one below the other."""

class Seat:
    """The place of one actor in a `Team`."""

    base: int
    announced: int
    error: BaseException | None
    bits: int

    def __init__(self) -> None: ...
    def take(
        self,
        burst: Burst,
        inward: Iterable[RingReader],
        mail: int,
        base: int,
        announced: int,
        quiet: bool,
    ) -> bool:
        """Between two steps: what is to be driven; False if it may wait inside a step.

        Parameters
        ----------
        burst : Burst
            Attached.
        inward : RingReaders
            Those behind the in-ports of the model.
        mail, base
            See `Burst.run`.
        announced : int
            The run whose end this actor has announced.
        quiet : bool
            Whether nothing of its model runs at the end of a run.
        """

class Team:
    """Several actors driven by the thread that calls, each as far as it can go without waiting.

    Parameters
    ----------
    home : Party
        Sleeps for all of them; their parties have been moved to it.
    runs : Party
        The runtime's.
    seats : Seats
        In the order in which they get their turn.
    """

    def __init__(self, home: Party, runs: Party, seats: Iterable[Seat]) -> None: ...
    def turn(self) -> list[tuple[Seat, int]]:
        """Go on for a while, asleep while nobody can; returns who needs the interpreter, and why.

        Raises
        ------
        NetworkEnds
            If nobody can go on and the network ends.
        """

    def remove(self, seat: Seat) -> None:
        """Let a member go."""

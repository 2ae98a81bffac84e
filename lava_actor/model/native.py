"""Native steps: what a model class declares so that its step runs without the interpreter.

The declaration is data: which attributes a function works on, in which order, of which types. The
function comes from the library's catalogue, from a shared library, or from `jit`; its C side is
``kernels/steps/step.h``. The model's Python stays the reference, and does the step whenever
something is not as declared (a Var that was set to another type, a sender of wider numbers).

Whether a class's declaration can be used is decided from `PortFacts`, which the compiler has before
anything runs and a built model has as well; so `Executable.describe` says what will happen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.channels import adds
from lava_actor.errors import InvalidTypeError, InvalidValueError, MissingMemberError
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.step_functions import include_dir, jit
from lava_actor.model.types import LavaPyType
from lava_actor.model.types import declared as types_of
from lava_actor.process.hints import did_you_mean

if TYPE_CHECKING:
    from lava_actor.model.py.loihi import PyLoihiProcessModel

__all__ = ["NativeStep", "Part", "PortFacts", "include_dir", "jit", "replaceable"]

Method = TypeVar("Method", bound=Callable[..., object])

INT32 = (-(2**31) + 1, 2**31 - 1)
"""Limits of integers for which nothing else is said."""

INT64 = (-(2**63), 2**63 - 1)

MOST_AXES = 32
"""Dimensions that native code has room for."""

Members = str | Mapping[str, DTypeLike]
"""Of one type, named in a row, or each with its type."""


@dataclass(frozen=True)
class Part:
    """One method of a step that can be taken apart: native unless a subclass has its own.

    Parameters
    ----------
    method : str
    function : str, optional
        In the library's catalogue. It gets the pack of the whole step, and behind that what it
        ``makes``. None: always the method.
    takes : str, optional
        The argument of the method: what an in-port receives, or what an out-port is about to send.
    gives : str, optional
        The out-port by which the result of the method is sent, after all parts.
    makes : {attribute: dtype}
        Arrays of the shape of the ports that the function writes, new ones in every step.
    uses : names
        Other methods that the method calls: if one is replaced, the function is not used.
    alone : names
        Numbers and integers that no other part needs.
    unless : str, optional
        A method that says whether this one has nothing to do.
    """

    method: str
    function: str | None
    takes: str | None = None
    gives: str | None = None
    makes: Mapping[str, DTypeLike] = field(default_factory=dict)
    uses: Sequence[str] = ()
    alone: Sequence[str] = ()
    unless: str | None = None


@dataclass(frozen=True, eq=False)
class NativeStep:
    """A step as a native function; the value of ``native_step`` in a model class.

    All names are attributes of the model. The function gets their arrays in the order of
    ``inputs``, ``outputs``, ``state``, ``parameters``.

    Parameters
    ----------
    function : str, `Jit`, or function of no arguments
        A name in the library's catalogue; ``"library.so:symbol"``, loaded in the actor; what `jit`
        returns; or a function that is called in the actor and returns a ctypes function, or one of
        ``numba.cfunc``. An address would mean nothing there: models travel to another process.
    inputs : {in-port: dtype}
        Of a ``PyInPort.VEC_DENSE``: the sum of the messages of all senders. The port has to receive
        this type; narrower integers will do.
    outputs : {out-port: dtype}
        What the function writes. ``bool`` is sent as spikes, all else as `PyOutPort.send` does.
    state : {attribute: dtype}
        Arrays that the function changes.
    parameters : {attribute: dtype}
        Arrays that it reads. One element stands for all.
    numbers : names
        Floats, or arrays with one; to ``double``.
    integers : names, or {name: (lowest, highest)}
        Integers, or arrays with one; to ``int64_t``. Without limits, 32 bits.
    shows : {out-port: attribute}
        Attributes that keep what was sent last.
    constants : {attribute: value}
        What the function takes for granted: with another value the model's Python does the step.
    stands_for : names
        Methods that the function replaces. A subclass that has one of them of its own is left to
        its Python, as is one whose ``run_spk`` is not this class's, and a model that binds one.
    refuses : {number: text}
        What a number that the function returns says about which attribute: "a_in: expected …".
    uniform : bool
        Whether ports, state and parameters all have one shape. If not, the function finds the sizes
        of its arrays in the pack.
    then : NativeStep, optional
        What follows in the same step, for models that send before they receive all.
    parts : list of Part
        The methods that `run_spk` calls, in this order. A subclass that replaces some of them is
        native in the others.
    in_parts : {attribute: attribute}
        Where parts find an integer that the whole step takes from another attribute.
    each : NativeStep, optional
        The step of a model in which some of ``numbers`` and ``integers`` have a value per neuron:
        there they are ``parameters``, all of them that may.
    """

    function: object
    inputs: Mapping[str, DTypeLike] = field(default_factory=dict)
    outputs: Mapping[str, DTypeLike] = field(default_factory=dict)
    state: Mapping[str, DTypeLike] = field(default_factory=dict)
    parameters: Mapping[str, DTypeLike] = field(default_factory=dict)
    numbers: Sequence[str] = ()
    integers: Sequence[str] | Mapping[str, tuple[int, int]] = ()
    shows: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    stands_for: Sequence[str] = ()
    refuses: Mapping[int, str] = field(default_factory=dict)
    uniform: bool = True
    then: NativeStep | None = None
    parts: Sequence[Part] = ()
    in_parts: Mapping[str, str] = field(default_factory=dict)
    each: NativeStep | None = None

    @classmethod
    def of(
        cls, number: DTypeLike, function: str, inputs: Members = "", outputs: Members = "",
        state: Members = "", parameters: Members = "", **more: Any,
    ) -> NativeStep:  # fmt: skip
        """One of which ports and arrays that are named in a row are of one type of number."""

        def typed(given: Members) -> Mapping[str, DTypeLike]:
            return dict.fromkeys(given.split(), number) if isinstance(given, str) else given

        return cls(function, typed(inputs), typed(outputs), typed(state), typed(parameters), **more)

    @property
    def limits(self) -> Mapping[str, tuple[int, int]]:
        """The integers with their limits."""
        given = self.integers
        return given if isinstance(given, Mapping) else dict.fromkeys(given, INT32)


@dataclass(frozen=True)
class PortFacts:
    """What there is to know of a port: its class, element type, its channels.

    Parameters
    ----------
    kind : type
    dtype : np.dtype
        What is received, promoted by the senders; or what is sent.
    channels : tuple of np.dtype
        Element types of the rings behind the port.
    shape : tuple of int
    plain : bool
        Whether there are only rings, without functions of virtual ports.
    merges : bool
        Whether elements of one message are added up on the way.
    """

    kind: type
    dtype: np.dtype
    channels: tuple[np.dtype, ...]
    shape: tuple[int, ...]
    plain: bool = True
    merges: bool = False


def is_merged(index_map: np.ndarray | None, size: int) -> bool:
    """Whether two elements of a message go to the same one of ``size`` places."""
    if index_map is None:
        return False
    own = index_map[index_map < size]  # what a part does not receive goes behind them
    return bool(own.size) and int(np.bincount(own.reshape(-1)).max()) > 1


def facts_of(port: PyInPort | PyOutPort) -> PortFacts:
    """The facts of a port of a built model."""
    if isinstance(port, PyInPort):
        plain = port.native_sources() is not None
        merges = any(is_merged(edge.index_map, port.size) for edge in port.edges)
    else:
        plain, merges = port.native_sinks() is not None, False
    return PortFacts(type(port), port.dtype, port.channel_types, port.shape, plain, merges)


def obstacle(
    cls: type[object], ports: Mapping[str, PortFacts], own: Iterable[str] = ()
) -> str | None:
    """Why a model of this class steps in Python; None if it need not.

    Parameters
    ----------
    cls : type
        The model class.
    ports : {name: PortFacts}
    own : names
        Attributes that the instance has of its own.
    """
    declared: NativeStep | None = getattr(cls, "native_step", None)
    if declared is None:
        return f"{cls.__qualname__} declares no native step"
    if (why := replaced(cls, declaring(cls), ("run_spk", *declared.stands_for), own)) is not None:
        return why
    types = types_of(cls)
    for step in _steps_of(declared):
        for name, dtype in step.inputs.items():
            if (why := _in_the_way(name, ports.get(name), np.dtype(dtype))) is not None:
                return why
        for name in step.outputs:
            if (why := no_plain_out(name, ports.get(name))) is not None:
                return why
        if (why := _of_another_type(step, types)) is not None:
            return why
        shapes = {n: ports[n].shape for n in (*step.inputs, *step.outputs) if n in ports}
        if step.uniform and len({*shapes.values()}) > 1:
            told = ", ".join(f"{name} has shape {shape}" for name, shape in shapes.items())
            return f"{told}, and a uniform step takes ports of one shape"
        if max(map(len, shapes.values()), default=0) > MOST_AXES:
            return f"a port has more than {MOST_AXES} dimensions"
    return None


def _steps_of(declared: NativeStep | None) -> Iterator[NativeStep]:
    while declared is not None:
        yield declared
        declared = declared.then


def methods_of(cls: type[object]) -> tuple[str, ...]:
    """The methods whose place the native step of a model class takes, those of its parts too."""
    declared: NativeStep | None = getattr(cls, "native_step", None)
    if declared is None:
        return ()
    of_parts = (name for part in declared.parts for name in (part.method, *part.uses))
    return ("run_spk", *declared.stands_for, *of_parts)


def check_declaration(cls: type[object], types: Mapping[str, LavaPyType]) -> None:
    """Check that a native step fits what the same class declares.

    Parameters
    ----------
    cls : type
        The model class.
    types : mapping from name to LavaPyType
        Its declarations.

    Raises
    ------
    InvalidTypeError
        If it is no `NativeStep`, names what is no port, or takes a Var in another type.
    InvalidValueError, MissingMemberError
        If it has no port, or stands for what is no method.
    """
    if (given := vars(cls).get("native_step")) is None:
        return
    where = f"{cls.__qualname__}.native_step"
    if not isinstance(given, NativeStep):
        raise InvalidTypeError(f"{where}: expected a NativeStep, got {given!r}")
    for step in _steps_of(given):
        _check_fields(where, cls, step)
        classes = {name: told.cls for name, told in types.items() if isinstance(told.cls, type)}
        for base, ports in ((PyInPort, step.inputs), (PyOutPort, step.outputs)):
            known = [name for name, cls_ in classes.items() if issubclass(cls_, base)]
            for name in ports:
                if name not in known:
                    raise InvalidTypeError(
                        f"{where}: expected the name of a {base.__name__}, got {name!r}"
                        + did_you_mean(name, known)
                    )
        if (why := _of_another_type(step, types)) is not None:
            raise InvalidTypeError(f"{where}: {why}")
        if not (step.inputs or step.outputs):
            raise InvalidValueError(
                f"{where}: expected a port among inputs and outputs: a step is as long as its ports"
            )


def one_by_one(
    cls: type[object], size_of: Callable[[str], int], own: Iterable[str] = ()
) -> tuple[str | None, NativeStep | None]:
    """Why a model steps in Python because of numbers that each neuron has of its own; or how.

    ``size_of`` tells how many values there are of an attribute.
    """
    declared: NativeStep | None = getattr(cls, "native_step", None)
    if declared is None:
        return None, None
    by_hand = by_the_model(cls, own)
    names = {*declared.numbers, *declared.limits} - needless(declared, by_hand)
    several = sorted(name for name in names if size_of(name) > 1)
    if not several:
        return None, declared
    for name in several:
        if declared.each is None or name not in declared.each.parameters:
            return f"{name} has a value per neuron, the native step takes one", None
    if by_hand:
        return f"{several[0]} has a value per neuron, and {next(iter(by_hand.values()))}", None
    return None, declared.each


def needless(declared: NativeStep, by_hand: Collection[str]) -> set[str]:
    """Numbers that only methods look at which are done ``by_hand``."""
    return {name for part in declared.parts if part.method in by_hand for name in part.alone}


def _check_fields(where: str, cls: type[object], step: NativeStep) -> None:
    for name in ("inputs", "outputs", "state", "parameters", "shows", "constants", "refuses"):
        if not isinstance(given := getattr(step, name), Mapping):
            raise InvalidTypeError(f"{where}: expected {name} as a dict, got {given!r}")
    for name in step.stands_for:
        if not hasattr(cls, name):
            raise MissingMemberError(
                f"{where}: {cls.__qualname__} has no method {name!r} to stand for"
                + did_you_mean(name, dir(cls))
            )


def _of_another_type(step: NativeStep, types: Mapping[str, LavaPyType]) -> str | None:
    for name, dtype in (*step.state.items(), *step.parameters.items()):
        own, taken = np.dtype(types[name].d_type if name in types else dtype), np.dtype(dtype)
        if own != taken:
            return f"{name} is {own}, the native step takes {taken}"
    return None


def declaring(cls: type[object]) -> type:
    """The class whose native step a model class has."""
    return next(c for c in cls.__mro__ if "native_step" in c.__dict__)


def by_the_model(cls: type[object], own: Iterable[str] = ()) -> dict[str, str]:
    """Methods of a native step in parts that are done in Python, and why."""
    declared: NativeStep | None = getattr(cls, "native_step", None)
    if declared is None:
        return {}
    base = declaring(cls)
    found = ((p.method, replaced(cls, base, (p.method, *p.uses), own)) for p in declared.parts)
    return {method: why for method, why in found if why is not None}


def no_plain_in(name: str, port: PortFacts | None) -> str | None:
    """Say why what an in-port receives cannot be taken out of rings."""
    if port is None or port.kind is not PyInPort.VEC_DENSE:
        return f"{name} does not receive whole arrays"
    if not port.plain:
        return f"{name} receives through functions of a virtual port, or from no ring"
    return None


def _in_the_way(name: str, port: PortFacts | None, wanted: np.dtype) -> str | None:
    if (why := no_plain_in(name, port)) is not None or port is None:
        return why
    # A sum that cannot wrap in the narrower type of the port is the same in the wider one.
    few = len(port.channels) < 2 or all(dtype.kind == "b" for dtype in port.channels)
    exact = few and not port.merges
    narrow = np.can_cast(port.dtype, wanted) and port.dtype.kind == wanted.kind
    if port.dtype != wanted and not (exact and narrow):
        return f"{name} receives {port.dtype}, the native step takes {wanted}"
    for dtype in port.channels:
        if not adds(dtype, wanted):
            return f"{name} receives {dtype}, the native step takes {wanted}"
    return None


def no_plain_out(name: str, port: PortFacts | None) -> str | None:
    """Say why what an out-port sends cannot be put into one ring."""
    if port is None or port.kind is not PyOutPort.VEC_DENSE:
        return f"{name} does not send whole arrays"
    if not port.plain or len(port.channels) > 1:
        return f"{name} sends to more than a ring"
    return None


def stands_in_the_way(model: PyLoihiProcessModel) -> str | None:
    """Why a built model steps in Python; None if it need not."""
    held = vars(model)
    ports = {name: facts_of(p) for name, p in held.items() if isinstance(p, PyInPort | PyOutPort)}
    return model._la_obstacle(ports, held)


def replaced(
    cls: type[object], base: type[object], names: Iterable[str], own: Iterable[str] = ()
) -> str | None:
    """Say which of the members of ``base`` is another one in ``cls``, or in an instance."""
    for name in names:
        if getattr(cls, name) is not getattr(base, name):
            owner = next(c for c in cls.__mro__ if name in c.__dict__)
            return f"{owner.__qualname__}.{name} is not that of {base.__qualname__}"
        if name in own:
            return f"this model has a {name} of its own"
    return None


def replaceable(method: Method) -> Method:
    """Let a `Part`'s method be native where a subclass's own calls it by ``super()``."""

    @functools.wraps(method)
    def either(self: PyLoihiProcessModel, *arguments: object) -> object:
        burst = self._la_in_parts
        if burst is not None:
            result = burst.original(either, arguments)
            if result is not NotImplemented:
                return result
        return method(self, *arguments)

    return either  # type: ignore[return-value]  # has its signature

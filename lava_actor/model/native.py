"""Native steps: what a model class declares so that its step runs without the interpreter.

The declaration is data: which attributes a function works on, in which order, of which types. The
function comes from the library's catalogue, from a shared library, or from `jit`; its C side is
``kernels/steps/step.h``. The model's Python stays the reference, and does the step whenever
something is not as declared (a Var that was set to another type, a sender of wider numbers).

Whether a class's declaration can be used is decided from `PortFacts`, which the compiler has before
anything runs and a built model has as well; so `Executable.describe` says what will happen.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from lava_actor.channels import adds
from lava_actor.errors import InvalidTypeError, InvalidValueError, UnsupportedError
from lava_actor.kernels import steps
from lava_actor.model.ports import PyInPort, PyOutPort

Method = TypeVar("Method", bound=Callable[..., Any])

_FunctionPointer: type[Any] = ctypes._CFuncPtr  # type: ignore[attr-defined]  # has no public name

INT32 = (-(2**31) + 1, 2**31 - 1)
"""Limits of integers for which nothing else is said."""

INT64 = (-(2**63), 2**63 - 1)


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
    """

    method: str
    function: str | None
    takes: str | None = None
    gives: str | None = None
    makes: Mapping[str, DTypeLike] = field(default_factory=dict)
    uses: Sequence[str] = ()
    alone: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class NativeStep:
    """A step as a native function; the value of ``native_step`` in a model class.

    All names are attributes of the model. The function gets their arrays in the order of
    ``inputs``, ``outputs``, ``state``, ``parameters``.

    Parameters
    ----------
    function : str, `Jit`, or function of no arguments
        A name in the library's catalogue; ``"library.so:symbol"``, loaded in the actor; what `jit`
        returns; or a function that is called in the actor and returns a ctypes function. An address
        would mean nothing there, since models travel to another process.
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
        What the function takes for granted.
    stands_for : names
        Methods that the function replaces. A subclass that has one of them of its own is left to
        its Python, as is one whose ``run_spk`` is not this class's.
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
    """

    function: Any
    inputs: Mapping[str, DTypeLike] = field(default_factory=dict)
    outputs: Mapping[str, DTypeLike] = field(default_factory=dict)
    state: Mapping[str, DTypeLike] = field(default_factory=dict)
    parameters: Mapping[str, DTypeLike] = field(default_factory=dict)
    numbers: Sequence[str] = ()
    integers: Sequence[str] | Mapping[str, tuple[int, int]] = ()
    shows: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    stands_for: Sequence[str] = ()
    uniform: bool = True
    then: NativeStep | None = None
    parts: Sequence[Part] = ()
    in_parts: Mapping[str, str] = field(default_factory=dict)

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
    plain : bool
        Whether there are only rings, without functions of virtual ports.
    mapped : bool
        Whether indices change on the way.
    """

    kind: type[Any]
    dtype: np.dtype
    channels: tuple[np.dtype, ...]
    plain: bool = True
    mapped: bool = False


def facts_of(port: Any) -> PortFacts:
    """The facts of a port of a built model."""
    if isinstance(port, PyInPort):
        plain = port.native_sources() is not None
        mapped = any(edge.index_map is not None for edge in port.edges)
        return PortFacts(type(port), port.dtype, port.channel_types, plain, mapped)
    return PortFacts(type(port), port.dtype, port.channel_types, port.native_sinks() is not None)


def obstacle(
    cls: type[Any], ports: Mapping[str, PortFacts], own: Iterable[str] = ()
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
    step: NativeStep | None = declared
    while step is not None:
        for name, dtype in step.inputs.items():
            if (why := _in_the_way(name, ports.get(name), np.dtype(dtype))) is not None:
                return why
        for name in step.outputs:
            if (why := no_plain_out(name, ports.get(name))) is not None:
                return why
        step = step.then
    return None


def declaring(cls: type[Any]) -> type[Any]:
    """The class whose native step a model class has."""
    return next(c for c in cls.__mro__ if "native_step" in c.__dict__)


def by_the_model(cls: type[Any], own: Iterable[str] = ()) -> dict[str, str]:
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
    exact = not port.mapped and (
        len(port.channels) < 2 or all(dtype.kind == "b" for dtype in port.channels)
    )
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


def stands_in_the_way(model: Any) -> str | None:
    """Why a built model steps in Python; None if it need not."""
    held = vars(model)
    ports = {name: facts_of(p) for name, p in held.items() if isinstance(p, PyInPort | PyOutPort)}
    return model._obstacle(ports, held)


def replaced(
    cls: type[Any], base: type[Any], names: Iterable[str], own: Iterable[str] = ()
) -> str | None:
    """Say which of the members of ``base`` is another one in ``cls``, or in an instance."""
    for name in names:
        if getattr(cls, name) is not getattr(base, name):
            owner = next(c for c in cls.__mro__ if name in c.__dict__)
            return f"{owner.__qualname__}.{name} is not that of {base.__qualname__}"
        if name in own:
            return f"this model has a {name} of its own"
    return None


def burst_of(model: Any) -> steps.Burst:
    """Return what does steps of a built model in a row: natively if its class says how."""
    if stands_in_the_way(model) is not None:
        return steps.Burst(model)
    declared: NativeStep = model.native_step
    if any(getattr(model, name, None) != value for name, value in declared.constants.items()):
        return steps.Burst(model)
    shapes = {getattr(model, name).shape for name in (*declared.inputs, *declared.outputs)}
    if declared.uniform and len(shapes) > 1:
        return steps.Burst(model)
    by_hand = by_the_model(type(model), vars(model))
    return _in_parts(model, declared, by_hand) if by_hand else _native(model, declared)


def _native(model: Any, declared: NativeStep) -> steps.StepBurst:
    given = _arguments(model, declared, address_of(declared), declared.numbers, declared.limits)
    then = None if declared.then is None else _native(model, declared.then)
    return steps.StepBurst(*(*given, then))


def _in_parts(model: Any, declared: NativeStep, by_hand: Mapping[str, str]) -> steps.PartBurst:
    """The methods one by one; what those in Python may change is looked at after each of them."""
    needless = {name for part in declared.parts if part.method in by_hand for name in part.alone}
    numbers = [None if name in needless else name for name in declared.numbers]
    integers: dict[Any, tuple[int, int]] = {}
    for i, (name, limits) in enumerate(declared.limits.items()):
        found = declared.in_parts.get(name)
        if name in needless:
            integers[i] = limits  # keeps the place
        else:
            integers[found or name] = limits if found is None else INT64
    integers |= {name: (value, value) for name, value in declared.constants.items()}
    inlets, outlets = list(declared.inputs), list(declared.outputs)
    base = declaring(type(model))
    return steps.PartBurst(
        _arguments(model, declared, 0, numbers, integers),
        [getattr(model, name) for name in outlets],
        [
            (
                part.method,
                0 if part.function is None or _is_any_replaced(model, base, part.uses)
                or (part.method in by_hand and part.alone) else _catalogued(part.function),
                part.method in by_hand or part.function is None,
                inlets.index(part.takes) if part.takes in inlets else -1,
                getattr(model, part.takes) if part.takes in inlets else None,
                outlets.index(part.takes) if part.takes in outlets else -1,
                -1 if part.gives is None else outlets.index(part.gives),
                [(name, np.dtype(dtype)) for name, dtype in part.makes.items()],
            )
            for part in declared.parts
        ],
        {getattr(base, part.method): i for i, part in enumerate(declared.parts)},
    )  # fmt: skip


def _is_any_replaced(model: Any, base: type[Any], names: Iterable[str]) -> bool:
    return replaced(type(model), base, names, vars(model)) is not None


def replaceable(method: Method) -> Method:
    """Let a `Part`'s method be native where a subclass's own calls it by ``super()``."""

    @functools.wraps(method)
    def either(self: Any, *arguments: Any) -> Any:
        burst = self._in_parts
        if burst is not None:
            done, result = burst.original(either, arguments)
            if done:
                return result
        return method(self, *arguments)

    return either  # type: ignore[return-value]  # has its signature


def _arguments(
    model: Any,
    declared: NativeStep,
    address: int,
    numbers: Sequence[str | None],
    integers: Mapping[Any, tuple[int, int]],
) -> tuple[Any, ...]:
    inputs = [(getattr(model, name), dtype) for name, dtype in declared.inputs.items()]
    outputs = [(name, getattr(model, name), dtype) for name, dtype in declared.outputs.items()]
    first = inputs[0][0] if inputs else outputs[0][1]
    return (
        model,
        address,
        [(port.native_sources(), np.dtype(dtype), port.size, port.room) for port, dtype in inputs],
        [
            (next(iter(port.native_sinks()), None), np.dtype(dtype), port.shape,
             declared.shows.get(name))
            for name, port, dtype in outputs
        ],
        [(name, np.dtype(dtype)) for name, dtype in declared.state.items()],
        [(name, np.dtype(dtype)) for name, dtype in declared.parameters.items()],
        tuple(numbers),
        tuple((name if type(name) is str else None, *limits) for name, limits in integers.items()),
        declared.uniform,
        first.shape,
    )  # fmt: skip


# -- functions -------------------------------------------------------------------------------------


def include_dir() -> str:
    """The folder of ``step.h``, for a compiler of steps outside of the package."""
    return str(Path(steps.__file__).parent)


@functools.cache
def address_of(declared: NativeStep) -> int:
    """The address of a declared function in this process.

    Raises
    ------
    InvalidTypeError
        If the declaration names none.
    InvalidValueError
        If the catalogue or the library does not know it.
    """
    function = declared.function
    if isinstance(function, Jit):
        return function.address(declared)
    if isinstance(function, str):
        library, colon, symbol = function.rpartition(":")
        if not colon:
            return _catalogued(function)
        try:
            function = getattr(ctypes.CDLL(library), symbol)
        except (OSError, AttributeError) as error:
            raise InvalidValueError(f"native step {declared.function!r}: {error}") from error
    elif callable(function) and not isinstance(function, _FunctionPointer):
        function = function()
    if not isinstance(function, _FunctionPointer):
        raise InvalidTypeError(
            f"native step: expected the name of a step, 'library.so:symbol', jit(function), or a "
            f"function that returns a ctypes function, got {function!r}"
        )
    _held.append(function)
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _catalogued(name: str) -> int:
    found = steps.catalogue().get(name)
    if found is None:
        raise InvalidValueError(f"native step {name!r}: the catalogue has no such step")
    return found


_held: list[Any] = []
"""What addresses in use belong to."""


@dataclass(frozen=True, eq=False)
class Jit:
    """A Python function that Numba compiles where it is used; see `jit`."""

    function: Callable[..., Any]

    def address(self, declared: NativeStep) -> int:
        """Compile for the arrays of a declaration, and return the address."""
        try:
            from numba import carray, cfunc, njit, types
            from numba.extending import intrinsic
        except ImportError as error:
            raise UnsupportedError(
                "jit needs Numba: pip install 'lava_actor[jit]', or give the step as C"
            ) from error

        @intrinsic  # type: ignore[untyped-decorator]
        def at(_context: Any, _word: Any) -> Any:
            def code(context: Any, builder: Any, signature: Any, words: Any) -> Any:
                return builder.inttoptr(words[0], context.get_value_type(types.voidptr))

            return types.voidptr(types.int64), code

        groups = (declared.inputs, declared.outputs, declared.state, declared.parameters)
        dtypes = [np.dtype(dtype) for group in groups for dtype in group.values()]
        views = [f"carray(at(a[{i}]), (z[{i}],), t{i})" for i in range(len(dtypes))]
        # Words of la_pack: version and n_arrays, n, step, arrays, sizes, numbers, integers.
        source = (
            f"def step(p):\n"
            f"    a = carray(at(p[3]), ({len(dtypes)},), int64)\n"
            f"    z = carray(at(p[4]), ({len(dtypes)},), int64)\n"
            f"    numbers = carray(at(p[5]), ({len(declared.numbers)},), float64)\n"
            f"    integers = carray(at(p[6]), ({len(declared.integers)},), int64)\n"
            f"    f({', '.join(views)}, numbers, integers, p[2])\n"
            f"    return 0\n"
        )
        scope: dict[str, Any] = {
            "at": at, "carray": carray, "f": njit(self.function), "int64": np.int64,
            "float64": np.float64, **{f"t{i}": dtype for i, dtype in enumerate(dtypes)},
        }  # fmt: skip
        exec(source, scope)
        compiled = cfunc(types.int32(types.CPointer(types.int64)))(scope["step"])
        _held.append(compiled)
        return int(compiled.address)


def jit(function: Callable[..., Any]) -> Jit:
    """Let Numba compile a step (extra ``jit``).

    Parameters
    ----------
    function : function of ``(*arrays, numbers, integers, step)``
        Arrays are flat, in the order of the declaration; the numbers come as one float64 array and
        one int64 array; ``step`` is `time_step`. Compiled without fast-math, so that it computes
        what the same loop does in NumPy.
    """
    return Jit(function)

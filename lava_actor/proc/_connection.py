"""What models of connections share: when they send, what they take for a spike, their numbers.

A connection first sends what it computed in the step before, and only then receives and computes.
This one step of delay keeps networks with loops from waiting for themselves. The first message is
all zeros.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lava_actor.errors import InvalidValueError, UnsupportedError
from lava_actor.kernels import advance_columns, as_unique
from lava_actor.kernels.steps import Burst
from lava_actor.model.cuts import Cut
from lava_actor.model.members import declares
from lava_actor.model.native import (
    PortFacts,
    no_plain_in,
    no_plain_out,
    replaced,
    stands_in_the_way,
)
from lava_actor.model.ports import PyInPort, PyOutPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.types import LavaPyType
from lava_actor.proc._arithmetic import integral_input, owner_of
from lava_actor.proc._delays import check_fixed_delays, longest_in_line
from lava_actor.proc.connectivity import Recipe
from lava_actor.process import matrices
from lava_actor.protocol.counts import whole_number
from lava_actor.utils.weightutils import SignMode, clip_weights, determine_sign_mode, truncated_bits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scipy.sparse import csr_matrix

    from lava_actor.channels import RingReader, RingWriter
    from lava_actor.process.parameters import ProcessParameters
    from lava_actor.process.process import AbstractProcess

Kind = tuple[type, Callable[..., Burst], *tuple[str, ...]]
"""Whose step is native, by which burst, and the methods that read its weights."""
BY_ROW = Cut(
    "a_out",
    ("a_out", "a_buff", "weights", "delays"),
    cost=0.03,
    sends_first=True,
    remade=("_la_columns", "_la_late", "_la_given"),
)
"""Costs are those of a network in which one neuron in a hundred spikes."""

_NUMBERS = (
    "_la_number", "_la_factors", "_la_checks_fractions", "_la_scaled", "_la_scales",
    "_la_used_weights",
)  # fmt: skip

STORED_WEIGHT_BITS = 8
"""Width of the magnitude of a weight on the hardware."""

_WEIGHT_BITS = range(STORED_WEIGHT_BITS + 3)
"""What `optimize_weight_bits` may say of weights; 0 if all of them are 0."""

_WEIGHT_EXP = range(-128, 31)
"""By 31 bits or more, nothing of a weight would be left in a message but its sign."""


class _DeclaredNumber:
    """The number type of a model that names none: that of the weights it declares."""

    def __get__(self, model: object, cls: type) -> np.dtype:
        found = (inspect.getattr_static(cls, name, None) for name in ("weights", "weight"))
        declared = next((d for d in found if isinstance(d, LavaPyType)), None)
        whole = declared is not None and np.dtype(declared.d_type).kind in "biu"
        return np.dtype(np.int32 if whole else np.float64)


class ConnectionModel(PyLoihiProcessModel):
    """Base of the connections: binary and graded input, as events.

    With ``num_message_bits == 0`` input is binary: every non-zero element counts as one spike,
    whatever its value or sign. Otherwise it is graded: the value scales the weights. Of several
    senders the sum counts, in both cases.
    """

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    a_out: PyOutPort
    a_buff: np.ndarray
    num_message_bits: np.ndarray

    _la_number: ClassVar[np.dtype] = _DeclaredNumber()  # type: ignore[assignment]  # gives one
    """Type of weights and sums: float64 or int32."""

    _la_checks_fractions: ClassVar[bool] = False
    """Whether `_la_factors` refuses floating-point numbers that a connection could sum up."""

    _la_parts: ClassVar[tuple[str, ...]] = ()
    """Methods that make up the step, besides those of all connections."""

    def _la_receive(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Receive from the senders.

        Returns
        -------
        tuple of (ndarray, ndarray or None)
            Flat indices (int32, ascending, unique) of the neurons that spiked, and the factors of
            their weights, in the number type of the model; None: all one.
        """
        values, at = self.s_in.recv_events()
        try:
            values, at = as_unique(values, at, self.s_in.size)
        except IndexError as error:
            raise InvalidValueError(f"{owner_of(self)}.s_in: {error}") from None
        if values is None:
            return at, None
        if np.any(self.num_message_bits > 0):
            return at, self._la_factors(values)
        fired = values != 0
        return (at if fired.all() else at[fired]), None

    def _la_factors(self, values: np.ndarray) -> np.ndarray:
        """Return received values in the type of the weights; no fractions for integers."""
        number = self._la_number
        given = values if number.kind == "f" else integral_input(self, "s_in", values)
        return np.ascontiguousarray(given, number)

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        """Add the weights of neurons `at`, times `x`, to `sums`, of the type of `x`.

        They have shape (post,), or, where synapses have delays, one column for each delay.
        """
        raise NotImplementedError

    def _la_scaled(self, sums: np.ndarray) -> np.ndarray:
        """Return sums of weights as the model keeps them: its units, its type; may change them."""
        return sums

    @property
    def _la_scales(self) -> bool:
        """Whether `_la_scaled` changes anything."""
        return False

    def _la_used_weights(self, weights: np.ndarray) -> np.ndarray:
        """Return given weights as they are used."""
        return weights

    _la_burst: ClassVar[tuple[Callable[..., Burst], *tuple[str, ...]] | None] = None
    """By which burst steps are native, and the methods that read its weights; None: they are not.

    What a class says holds for those derived from it."""

    @classmethod
    def _la_native_kind(cls) -> Kind | None:
        """Whose step is native, by which burst, and the methods that read its weights."""
        whose = next(c for c in cls.__mro__ if "_la_burst" in vars(c))
        return None if cls._la_burst is None else (whose, *cls._la_burst)

    @classmethod
    def _la_arithmetic_of(cls) -> type[object]:
        """Whose arithmetic it is."""
        return FloatNumbers if cls._la_number.kind == "f" else FixedNumbers

    @classmethod
    def _la_step_methods(cls) -> tuple[str, ...]:
        """Return the methods of the step, besides those of the arithmetic."""
        _, _, *reads = cls._la_native_kind() or (None, None)
        return ("run_spk", "_la_receive", "_la_add_weights", *cls._la_parts, *reads)

    @classmethod
    def _la_stands_for(cls) -> tuple[str, ...]:
        return (*cls._la_step_methods(), *_NUMBERS)

    @classmethod
    def _la_obstacle(cls, ports: Mapping[str, PortFacts], own: Iterable[str] = ()) -> str | None:
        kind = cls._la_native_kind()
        if kind is None:
            return f"{cls.__qualname__} declares no native step"
        given = ports.get("s_in"), ports.get("a_out")
        why = (
            replaced(cls, kind[0], cls._la_step_methods(), own)
            or replaced(cls, cls._la_arithmetic_of(), _NUMBERS, own)
            or no_plain_in("s_in", given[0])
            or no_plain_out("a_out", given[1])
        )
        if why is None and given[0] is not None and not given[0].channels:
            return "s_in is not connected"
        if why is None and given[1] and any(dtype != cls._la_number for dtype in given[1].channels):
            return f"a_out sends another type than {cls._la_number}"
        return why

    def _la_native_burst(self) -> Burst:
        kind = self._la_native_kind()
        if kind is None or stands_in_the_way(self) is not None:
            return Burst(self)
        return kind[1](self, *self._la_burst_ends(), isinstance(self, Delayed))

    def _la_burst_ends(
        self,
    ) -> tuple[Sequence[tuple[RingReader, int]], RingWriter | None, int, int]:
        """Return where a burst takes its input from, where it sends to, and the two sizes."""
        sinks = self.a_out.native_sinks()
        sink = sinks[0] if sinks else None
        return self.s_in.native_message() or (), sink, self.s_in.size, self.a_out.size


@declares(float, "a_out")
@declares(int, "num_message_bits", 5)
class FloatNumbers(ConnectionModel):
    """Connections in double precision."""

    _la_number = np.dtype(np.float64)


@declares(np.int32, "a_out a_buff", 16)
@declares(np.int32, "num_message_bits", 5)
class FixedNumbers(ConnectionModel):
    """Connections in the integers of Loihi: 8-bit weights, 32-bit messages that wrap.

    What comes in 64 bits is summed up in 64 bits before it is scaled down, so that only what does
    not fit the message afterwards wraps.

    Attributes
    ----------
    weight_exp : int
        Sums are scaled by ``2**weight_exp``, rounded down; up to 30.
    num_weight_bits : int
        Bits of the weights that are kept: 1 to 10, as `optimize_weight_bits` finds them; 8 and
        more keep what is stored.
    sign_mode : SignMode or None
        None: found from the initial weights.
    """

    _la_number = np.dtype(np.int32)

    def __init__(self, proc_params: ProcessParameters | None = None) -> None:
        super().__init__(proc_params)
        given = proc_params if proc_params is not None else {}
        self.weight_exp = self._la_integer(given, "weight_exp", 0, _WEIGHT_EXP)
        self.num_weight_bits = self._la_integer(
            given, "num_weight_bits", STORED_WEIGHT_BITS, _WEIGHT_BITS
        )
        self.sign_mode: SignMode | None = given.get("sign_mode")
        self._la_weights_set = False

    @classmethod
    def _la_doubts_of(cls, process: AbstractProcess) -> Iterator[str]:
        """Say which weights are clipped."""
        given = process.vars.weights.init
        if isinstance(given, Recipe):
            values = given.some_weights()
            if (values != np.trunc(values)).any():
                yield (
                    f"{process.name}.weights: the fixed-point model cuts off the fractions of "
                    f"{given.weight!r}; scale them, or select a floating-point model"
                )
        else:
            values = given.data if matrices.issparse(given) else np.asarray(given)
        if not values.size or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            return
        mode = process.proc_params.get("sign_mode") or determine_sign_mode(values)
        kept = clip_weights(values, mode, STORED_WEIGHT_BITS)
        cut = kept != np.trunc(values)
        if lost := int(np.count_nonzero(cut)):
            yield (
                f"{process.name}.weights: {lost} of {values.size} do not fit into "
                f"{STORED_WEIGHT_BITS} bits and a sign and are clipped ({values[cut].flat[0]} "
                f"becomes {kept[cut].flat[0]}); scale them and give weight_exp"
            )

    @classmethod
    def _la_parameters_of_parts(cls, process: AbstractProcess) -> dict[str, object]:
        """Return the sign mode, which follows from all weights."""
        given, mode = process.vars.weights.init, process.proc_params.get("sign_mode")
        if mode is None and isinstance(given, Recipe):
            low, high = given.weight.bounds()
            if low < 0 < high:
                raise UnsupportedError(
                    "which signs its weights have is known when all are drawn; give sign_mode"
                )
            given = np.array([low, high])
        if mode is None:
            mode = determine_sign_mode(given if matrices.issparse(given) else np.asarray(given))
        return {"sign_mode": mode}

    def _la_integer(
        self, given: Mapping[str, object], name: str, default: int, within: range
    ) -> int:
        value, what = given.get(name), f"{owner_of(self)}.{name}"
        number = default if value is None else whole_number(what, value, within[0])
        if number not in within:
            raise InvalidValueError(
                f"{what}: expected an integer from {within[0]} to {within[-1]}, got {number}"
            )
        return number

    def _la_factors(self, values: np.ndarray) -> np.ndarray:
        """Return received values as int32, or int64 where upper bits of a sum matter.

        Fractions are an `InvalidValueError`.
        """
        whole = integral_input(self, "s_in", values)
        # Shifted right, a result modulo 2**32 depends on more than sums modulo 2**32.
        wide = self.weight_exp < 0 and np.result_type(whole, np.int32) != np.int32
        return np.ascontiguousarray(whole, np.int64 if wide else np.int32)

    def _la_scaled(self, sums: np.ndarray) -> np.ndarray:
        """Scale by ``2**weight_exp``, rounding down, wrapping at 32 bits."""
        exponent = self.weight_exp
        if exponent > 0:
            sums <<= sums.dtype.type(exponent)
        elif exponent < 0:
            sums >>= sums.dtype.type(min(-exponent, 8 * sums.itemsize - 1))
        return sums.astype(self._la_number, copy=False)

    @property
    def _la_scales(self) -> bool:
        """Whether `_la_scaled` changes anything."""
        return self.weight_exp != 0

    def _la_used_weights(self, weights: np.ndarray) -> np.ndarray:
        """Cut off fractions; the first time clip to 8 bits and keep `num_weight_bits` of them."""
        whole = weights.astype(np.int32, copy=False)
        if self._la_weights_set:
            return whole
        if self.sign_mode is None:
            self.sign_mode = determine_sign_mode(whole)
        clipped = clip_weights(whole, self.sign_mode, STORED_WEIGHT_BITS)
        self._la_weights_set = True
        return self._la_truncated(clipped, self.sign_mode)

    def _la_truncated(self, weights: np.ndarray, sign_mode: SignMode) -> np.ndarray:
        """Keep `num_weight_bits` of weights; none are kept only where all weights are 0."""
        if not self.num_weight_bits and weights.any():
            raise InvalidValueError(
                f"{owner_of(self)}.num_weight_bits: expected at least 1 for weights other than 0, "
                f"got 0"
            )
        return truncated_bits(weights, sign_mode, self.num_weight_bits)


class Undelayed(ConnectionModel):
    """Sends all that was received in one step in the next."""

    _la_parts = ("_la_activation",)

    def run_spk(self) -> None:
        """Send the activation computed in the step before, receive, compute the next one."""
        self.a_out.send(self.a_buff)
        self.a_buff = self._la_activation(*self._la_receive())

    def _la_activation(self, at: np.ndarray, x: np.ndarray | None) -> np.ndarray:
        """Return what neurons `at`, with factors `x`, contribute to the next message."""
        sums = np.zeros(self.a_out.shape, self._la_number if x is None else x.dtype)
        self._la_add_weights(at, x, sums)
        return self._la_scaled(sums)


class Delayed(ConnectionModel):
    """Holds back what was received by a delay of each synapse, and one step.

    Attributes
    ----------
    a_buff : ndarray
        (post, max_delay + 1): column d is sent d + 1 steps after the step before.
    """

    _la_parts = ("_la_take_in", "_la_delay_line")

    delays: np.ndarray | csr_matrix

    def _la_var_written(self, name: str) -> None:
        super()._la_var_written(name)
        if name == "delays":
            self._la_check_delays()

    def _la_check_delays(self) -> None:
        """Refuse delays that the line has no column for, or the hardware no bits."""
        longest = longest_in_line(owner_of(self), self.delays, self.a_buff.shape[-1])
        if isinstance(self, FixedNumbers):
            check_fixed_delays(owner_of(self), longest)

    def run_spk(self) -> None:
        """Send the first column, move the others up, receive, add to the columns."""
        line = self._la_delay_line()
        self.a_out.send(line[:, 0])
        advance_columns(line)
        self._la_take_in(line)

    def _la_take_in(self, line: np.ndarray) -> None:
        """Receive, and add to the columns of `line`."""
        at, x = self._la_receive()
        if not self._la_scales:
            self._la_add_weights(at, x, line)
        elif at.size:
            sums = np.zeros(line.shape, self._la_number if x is None else x.dtype, order="F")
            self._la_add_weights(at, x, sums)
            line += self._la_scaled(sums)

    def _la_delay_line(self) -> np.ndarray:
        """Return `a_buff` with contiguous columns, so that moving them is one copy."""
        line = self.a_buff
        if not line.flags.f_contiguous or line.dtype != self._la_number:
            self.a_buff = line = np.asfortranarray(line, self._la_number)
        return line

"""Ref-ports of a model: reading and writing a Var that lives in another actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lava_actor.errors import InvalidValueError, RuntimeStateError, UnsupportedError
from lava_actor.model.ports.base import AbstractPyRemotePort, PortDataError
from lava_actor.model.ports.rings import dense_to_events, with_values
from lava_actor.model.sync.loihi_protocol import Phase
from lava_actor.protocol.rhythm import STEADY
from lava_actor.protocol.values import VarSlot, fitted, numbers

if TYPE_CHECKING:
    from lava_actor.kernels.steps import TapReader

#: Phases in which the owner of a Var serves its readers.
OPEN_PHASES = frozenset({Phase.PRE_MGMT, Phase.POST_MGMT})
#: The same for ports that only read: they get the Var as it is at the end of the step.
READING_PHASES = frozenset({Phase.POST_MGMT})


class Remote(Protocol):
    """The connection to a Var: what stands behind a connected port."""

    def read(self) -> np.ndarray:
        """The Var's value in the port's shape."""

    def write(self, data: np.ndarray) -> None:
        """Set the Var; data have the port's shape."""

    def wait(self) -> None:
        """Return when all writes are applied."""


class PyRefPort(AbstractPyRemotePort):
    """A port through which a model reads and writes a Var of another Process.

    Declared as ``PyRefPort.VEC_DENSE``, ``VEC_SPARSE``, ``SCALAR_DENSE`` or ``SCALAR_SPARSE``.
    Usable in ``run_pre_mgmt``, ``run_post_mgmt`` and ``run_async``: only then is the owner of the
    Var sure to serve. Anywhere else a connected port raises `RuntimeStateError`. One that is
    declared with ``reads_only`` is read in ``run_post_mgmt`` or ``run_async`` and never written,
    and with ``every`` only in the steps that this and ``offset`` tell.

    Parameters
    ----------
    csp_send_port, csp_recv_port : optional
        Ends of channels wired by hand, with `lava_actor.compat`. The runtime leaves them out and
        sets ``_remote`` instead.
    process_model, shape, d_type
        See `AbstractPortImplementation`.
    transformer : optional
        Applied to what is read through such channels.
    """

    def _set_up(self) -> None:
        self._dtype: np.dtype = np.dtype(self._d_type)
        self._reads_only = False
        self._rhythm = STEADY
        self._remote: Remote | None = None
        if self._csp_send_port is not None and self._csp_recv_port is not None:
            ends = self._csp_send_port, self._csp_recv_port
            self._remote = self._by_hand(*ends, self._transformer)

    @staticmethod
    def _by_hand(_send: object, _recv: object, _transformer: object) -> Remote:
        """Connect through channels; `lava_actor.compat` knows how."""
        raise UnsupportedError(
            "PyRefPort: expected no channels, got two; wired by hand they work after "
            "lava_actor.compat.install()"
        )

    @property
    def connected(self) -> bool:
        """True if there is a Var behind the port."""
        return self._remote is not None

    @property
    def native_taps(self) -> list[TapReader] | None:
        """The `TapReader` of each part of the Var; None if anything but these is on the way."""
        return getattr(self._remote, "plain_taps", None)

    def wait(self) -> None:
        """Return when all earlier writes are applied (unconnected or only reading: at once)."""
        if self._remote is not None and not self._reads_only:
            self._check_phase("wait")
            self._remote.wait()

    def _read_dense(self) -> np.ndarray:
        if self._remote is None:
            return np.zeros(self._shape, self._dtype)
        self._check_phase("read")
        value = self._remote.read()
        if value.size != self._size:
            raise PortDataError(
                f"{self.label}.read: expected {self._size} elements (shape {self._shape}), the "
                f"Var holds shape {value.shape}"
            )
        return value.reshape(self._shape)

    def _write_dense(self, data: object) -> None:
        self._check_writes()
        if self._remote is None:
            return
        self._check_phase("write")
        where = f"{self.label}.write"
        try:
            self._remote.write(fitted(numbers(data, where), self._shape, where))
        except InvalidValueError as error:
            raise PortDataError(str(error)) from error

    def _write_part(self, data: object, indices: object) -> None:
        self._check_writes()
        if self._remote is None:
            return
        value = self._read_dense().reshape(-1)
        slot = VarSlot(None, value.shape, f"{self.label}.write")
        self._write_dense(slot.assigned(value, data, np.asarray(indices)))

    def _check_writes(self) -> None:
        if self._reads_only:
            raise RuntimeStateError(
                f"{self.label}.write: this RefPort only reads; declare it without reads_only=True"
            )

    def _check_phase(self, what: str) -> None:
        phase = getattr(self._process_model, "_la_phase", None)
        if phase is None or phase in (READING_PHASES if self._reads_only else OPEN_PHASES):
            rhythm = self._rhythm
            step = getattr(self._process_model, "time_step", rhythm.offset)
            if step not in rhythm:
                raise RuntimeStateError(
                    f"{self.label}.{what}: expected a step t with t % {rhythm.every} == "
                    f"{rhythm.offset}, as the port is declared with every={rhythm.every}; got step "
                    f"{step}"
                )
            return
        if self._reads_only:
            raise RuntimeStateError(
                f"{self.label}.{what}: a RefPort that is declared with reads_only=True can only be "
                f"read in run_post_mgmt or run_async; it gets the Var at the end of a step"
            )
        raise RuntimeStateError(
            f"{self.label}.{what}: a RefPort can only be used in run_pre_mgmt, run_post_mgmt or "
            f"run_async, because the owner of the Var is busy in any other phase"
        )


class PyRefPortVectorDense(PyRefPort, form="VEC_DENSE"):
    """Reads and writes whole arrays."""

    def read(self) -> np.ndarray:
        """Read the Var.

        Returns
        -------
        ndarray
            The present value in the port's shape, in the dtype of the Var; an array of the
            caller's own. Unconnected: zeros of the declared dtype.
        """
        return self._read_dense()

    def write(self, data: object) -> None:
        """Set the Var to ``data``, which broadcasts to the port's shape (unconnected: nothing).

        Does not wait: the value is there before the owner's next phase begins, or after `wait`.
        It is converted to the Var's declared dtype.
        """
        self._write_dense(data)


class PyRefPortVectorSparse(PyRefPort, form="VEC_SPARSE"):
    """Reads and writes events: values with flat indices."""

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the Var's non-zero elements as (values, indices), indices ascending."""
        value = self._read_dense()
        return with_values(dense_to_events(value), value.dtype)

    def write(self, data: object, indices: object) -> None:
        """Set the elements at ``indices`` to ``data``; the others keep their values."""
        self._write_part(data, indices)


class PyRefPortScalarDense(PyRefPort, form="SCALAR_DENSE"):
    """Reads and writes a single number; the Var has one element."""

    one_number = True

    def read(self) -> Any:
        """Read the Var as a NumPy scalar (unconnected: zero)."""
        return self._read_dense().reshape(-1)[0]

    def write(self, data: object) -> None:
        """Set the Var to the number ``data``."""
        self._write_dense(data)


class PyRefPortScalarSparse(PyRefPort, form="SCALAR_SPARSE"):
    """Reads and writes single elements of a Var."""

    def read(self, index: int = 0) -> tuple[Any, int]:
        """Read the element at flat index ``index`` as (value, index)."""
        return self._read_dense().reshape(-1)[index], index

    def write(self, data: object, index: int = 0) -> None:
        """Set the element at flat index ``index``; the others keep their values."""
        self._write_part(data, index)

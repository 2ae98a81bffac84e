"""Model of Monitor."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.model.decorator import implements, requires
from lava_actor.model.ports import PyInPort, PyRefPort
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.monitor.process import Monitor

if TYPE_CHECKING:
    from lava_actor.process.process import AbstractProcess


@implements(proc=Monitor, protocol=LoihiProtocol)
@requires(CPU)
class PyMonitorModel(PyLoihiProcessModel):
    """Records in the dtype of what is recorded.

    How many ports there are depends on what was probed, so the compiler asks for a model class
    that declares exactly those (`specialised`).
    """

    @classmethod
    def specialised(cls, process: AbstractProcess) -> type[PyMonitorModel]:
        """Return a model class that declares the members of one Monitor."""
        members: dict[str, Any] = {"_hidden_from_discovery": True}
        for name in process.proc_params["RefPorts"]:
            members[name] = LavaPyType(PyRefPort.VEC_DENSE, float)
        for name in process.proc_params["InPorts"]:
            # added to zeros of this type, a message keeps its own
            members[name] = LavaPyType(PyInPort.VEC_DENSE, bool)
        for key in ("VarsData1", "VarsData2"):
            for name in process.proc_params[key]:
                members[name] = LavaPyType(np.ndarray, float)
        made = type(cls.__name__, (cls,), members)
        made.__qualname__ = f"{cls.__qualname__}.of.{process.name}"
        return made

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._ports = list(zip(proc_params["InPorts"], proc_params["VarsData2"], strict=True))
        self._vars = list(zip(proc_params["RefPorts"], proc_params["VarsData1"], strict=True))
        self._targets = proc_params["Targets"]
        self._full: set[str] = set()

    def run_spk(self) -> None:
        """Record what the OutPorts sent."""
        for port, recording in self._ports:
            self._record(recording, getattr(self, port).recv())

    def post_guard(self) -> bool:
        """Tell whether there are Vars to sample."""
        return any(recording not in self._full for _, recording in self._vars)

    def run_post_mgmt(self) -> None:
        """Sample the Vars."""
        for port, recording in self._vars:
            if recording not in self._full:
                self._record(recording, getattr(self, port).read())

    def _record(self, recording: str, value: np.ndarray) -> None:
        rows = getattr(self, recording)
        row = self.time_step - 1
        if row >= len(rows):
            self._end(recording, len(rows))
            return
        if rows.dtype != value.dtype:
            rows = self._converted(rows, value.dtype, row)
            setattr(self, recording, rows)
        rows[row] = value

    @staticmethod
    def _converted(rows: np.ndarray, dtype: np.dtype, row: int) -> np.ndarray:
        """The recording in the dtype of what is recorded, widened if that has changed."""
        if row == 0:
            return np.zeros(rows.shape, dtype)
        return rows.astype(np.result_type(rows.dtype, dtype))

    def _end(self, recording: str, steps: int) -> None:
        if recording in self._full:
            return
        self._full.add(recording)
        warnings.warn(
            f"{self.process_name}: the recording of {self._targets[recording]} is full after "
            f"{steps} steps, later ones are not recorded; give probe a larger num_steps",
            stacklevel=2,
        )

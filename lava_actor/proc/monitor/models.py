"""Model of Monitor."""

from __future__ import annotations

import copyreg
from abc import ABCMeta
from typing import TYPE_CHECKING, Any

from lava_actor.kernels.steps import Burst, RecordBurst
from lava_actor.model.native import no_plain_in
from lava_actor.model.ports import PyInPort, PyRefPort
from lava_actor.proc._model import LavaPyType, PyLoihiProcessModel, cpu_model
from lava_actor.proc.monitor.process import Monitor
from lava_actor.process.hints import warn
from lava_actor.process.parameters import ProcessParameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lava_actor.channels.records import Recorder
    from lava_actor.model.native import PortFacts
    from lava_actor.process.process import AbstractProcess


@cpu_model(Monitor)
class PyMonitorModel(PyLoihiProcessModel):
    """Records in the dtype of what is recorded.

    How many ports there are depends on what was probed, so the compiler asks for a model class
    that declares exactly those (`_la_specialised`). One that samples no Vars only has `run_spk`.
    """

    @classmethod
    def _la_specialised(cls, process: AbstractProcess) -> type[PyMonitorModel]:
        """Return a model class that declares the members of one Monitor."""
        params = process.proc_params
        made: type[PyMonitorModel]
        rhythms = [getattr(process, recording).every for recording in params["VarsData1"]]
        refs = tuple(zip(params["RefPorts"], rhythms, strict=True))
        made = _made(cls, process.name, refs, (*params["InPorts"],))
        return made

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_ports = list(zip(proc_params["InPorts"], proc_params["VarsData2"], strict=True))
        self._la_vars = list(zip(proc_params["RefPorts"], proc_params["VarsData1"], strict=True))

    def run_spk(self) -> None:
        """Record what the OutPorts sent."""
        step = self.time_step
        for name, recording in self._la_ports:
            port, recorder = getattr(self, name), getattr(self, recording)
            values, indices = port.recv_events()
            recorder.events(step, values, indices, port.dtype)
            if recorder.until < step and not recorder.told:
                self._la_tell_of_end(recorder)

    @classmethod
    def _la_obstacle(cls, ports: Mapping[str, PortFacts], own: Iterable[str] = ()) -> str | None:
        if cls.run_spk is not PyMonitorModel.run_spk or (
            cls.run_post_mgmt is not PyLoihiProcessModel.run_post_mgmt
        ):
            return super()._la_obstacle(ports, own)
        found = (no_plain_in(name, port) for name, port in ports.items())
        return next((why for why in found if why is not None), None)

    def _la_native_burst(self) -> Burst:
        own = type(self)
        if own.run_spk is not PyMonitorModel.run_spk or (
            self._la_vars
            and (own.run_post_mgmt, own._la_sample) != (_run_post_mgmt, PyMonitorModel._la_sample)
        ):
            return super()._la_native_burst()
        rows = [(getattr(self, n).native_taps, getattr(self, r)) for n, r in self._la_vars]
        sources = []
        for name, recording in self._la_ports:
            port = getattr(self, name)
            pieces = port.native_message()
            if pieces is None:
                return super()._la_native_burst()
            sources.append((pieces, port.recv_events, port.dtype, getattr(self, recording)))
        if any(taps is None for taps, _ in rows):
            return super()._la_native_burst()
        return RecordBurst(self, rows, sources, self._la_tell_of_end)

    def _la_tell_of_end(self, recorder: Recorder) -> None:
        recorder.told = True
        warn(
            f"{self._la_process_name}: the recording of {recorder.name} is full after "
            f"{recorder.until} steps, later ones are not recorded; give probe a larger num_steps"
        )

    def _la_has_to_sample(self) -> bool:
        step = self.time_step
        return any(
            step % recorder.every == 0 and not recorder.told
            for recorder in [getattr(self, recording) for _, recording in self._la_vars]
        )

    def _la_sample(self) -> None:
        step = self.time_step
        for port, recording in self._la_vars:
            recorder = getattr(self, recording)
            if recorder.is_due(step):
                recorder.row(step, getattr(self, port).read())
            elif recorder.until < step and not recorder.told:
                self._la_tell_of_end(recorder)


# The compiler reads the code that a made class has of its own: these two hide nothing from it.
def _post_guard(self: PyMonitorModel) -> bool:
    """Tell whether there are Vars to sample in this step."""
    return bool(self._la_has_to_sample())


def _run_post_mgmt(self: PyMonitorModel) -> None:
    """Sample the Vars."""
    self._la_sample()


class _Made(ABCMeta):
    """The class of the model classes that are made here: they are pickled by how they are made."""


def _made(
    base: type[PyMonitorModel], name: str, refs: tuple[tuple[str, int], ...], ins: tuple[str, ...]
) -> Any:
    members: dict[str, object] = {
        "_la_hidden_from_discovery": True,
        "_making": (base, name, refs, ins),
    }
    members |= {
        ref: LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True, every=every)
        for ref, every in refs
    }
    # added to zeros of this type, a message keeps its own
    members |= {port: LavaPyType(PyInPort.VEC_DENSE, bool) for port in ins}
    if refs:
        members.update(post_guard=_post_guard, run_post_mgmt=_run_post_mgmt)
    made = _Made(base.__name__, (base,), members)
    made.__qualname__ = f"{base.__qualname__}.of.{name}"
    return made


def _making(made: Any) -> Any:
    return _made, made._making


copyreg.pickle(_Made, _making)

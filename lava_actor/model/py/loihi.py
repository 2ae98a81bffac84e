"""`PyLoihiProcessModel`: works step by step, in phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lava_actor.kernels.steps import Burst, PartBurst
from lava_actor.model.bursts import burst_of
from lava_actor.model.native import methods_of, obstacle, one_by_one
from lava_actor.model.py.base import AbstractPyProcessModel
from lava_actor.model.sync.loihi_protocol import Phase as _Phase
from lava_actor.process.hints import warn
from lava_actor.process.tables import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lava_actor.model.cuts import Cut
    from lava_actor.model.native import NativeStep, PortFacts
    from lava_actor.process.process import AbstractProcess

#: `PyLoihiProcessModel.steps_ready` of models that never wait for the user.
UNLIMITED = 1 << 61


def _frozen(phase: int) -> np.ndarray:
    array = np.array([phase])
    array.flags.writeable = False
    return array


_PHASES = {phase: _frozen(phase) for phase in range(_Phase.SPK, _Phase.HOST + 1)}


class PyLoihiProcessModel(AbstractPyProcessModel):
    """A model under the `LoihiProtocol`.

    In every step `run_spk` runs. Then, if some model of the sync domain asks for it through its
    guards, the phases pre-management, learning and post-management; a model takes part in a phase
    if its own guard is true:

    =================  ======================  ==================================================
    phase              method, guard           is asked for by a model
    =================  ======================  ==================================================
    pre-management     ``run_pre_mgmt``,       with ``lrn_guard() and pre_guard()`` after spiking
                       ``pre_guard``
    learning           ``run_lrn``,            with ``lrn_guard()`` after spiking; always after
                       ``lrn_guard``           pre-management
    post-management    ``run_post_mgmt``,      with ``post_guard()``, after spiking (if it does
                       ``post_guard``          not learn) or after learning
    host               ``run_host_mgmt``,      runs once at the end of every `run`
                       ``host_guard``
    =================  ======================  ==================================================

    Guards may be called several times per step and must have no side effects. A message sent in
    ``run_spk`` is received in ``run_spk`` of the same step.

    Attributes
    ----------
    time_step : int
        0 before the first step; in ``run_spk`` of the first step 1. Never restarts.
    phase : array of one element
        The phase the model is in, see `Phase`.
    """

    Phase = _Phase

    native_step: ClassVar[NativeStep | None] = None
    """How to do `run_spk` without the interpreter; see `lava_actor.model.native`."""

    _la_native_step_is_whole: ClassVar[bool] = False
    """Whether native steps of this class include the phases after `run_spk`."""

    cut: ClassVar[Cut | None] = None
    """How the Process can be cut into parts; see `lava_actor.model.cuts`."""

    _la_in_parts: PartBurst | None = None
    """What calls a method of this model in the middle of a step; see `lava_actor.model.native`."""

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params=proc_params)
        self.time_step = 0
        self._la_phase: int = _Phase.SPK

    @property
    def phase(self) -> np.ndarray:
        """The phase the model is in, as an array of one element."""
        return _PHASES[self._la_phase]

    @phase.setter
    def phase(self, phase: object) -> None:
        self._la_phase = phase if type(phase) is int else int(np.asarray(phase).reshape(-1)[0])

    def add_ports_for_polling(self) -> None:
        """Nothing to add."""

    @classmethod
    def _la_obstacle(cls, ports: Mapping[str, PortFacts], own: Iterable[str] = ()) -> str | None:
        """Say why steps of this class, between such ports, are done in Python; None: natively."""
        return obstacle(cls, ports, own)

    @classmethod
    def _la_obstacle_in(cls, process: AbstractProcess) -> str | None:
        """Say why the model of this Process does its steps in Python in spite of its class."""
        held = process.vars
        return one_by_one(cls, lambda name: np.size(held[name].init) if name in held else 1)[0]

    @classmethod
    def _la_stands_for(cls) -> tuple[str, ...]:
        """Return the methods whose place a native step of this class takes."""
        return methods_of(cls)

    def _la_native_burst(self) -> Burst:
        """Return what does several steps of this model in a row, see `lava_actor.kernels.steps`.

        A model that declares a `native_step` does not come back to the interpreter for it.
        """
        return burst_of(self)

    def _la_tell_amiss(self, name: str) -> None:
        """Warn that Python does the steps, since a native step cannot take an attribute."""
        shown = ""
        if hasattr(self, name):
            value = getattr(self, name)
            of = f"{value.dtype} of shape {value.shape}, " if hasattr(value, "dtype") else ""
            shown = f" as it is now ({of}{brief(value)})"
        warn(
            f"{self._la_process_name}: {type(self).__qualname__} steps in Python, as its native "
            f"step does not take {name}{shown}"
        )

    @classmethod
    def _la_parameters_of_parts(cls, process: AbstractProcess) -> dict[str, object]:
        """Return parameters for the models of all parts that only the whole Process tells.

        Raises
        ------
        UnsupportedError
            If they cannot be known; the message says why the Process stays whole.
        """
        return {}

    def steps_ready(self) -> int:
        """How many more steps can be done before this model has to wait for the user's program.

        For models that exchange messages with ordinary Python code through an external pipe, and
        would wait for it in the middle of a step. No actor starts a step for which a model is not
        ready, so the wait comes between two steps, where the network can be paused, read, written
        and saved. The answer counts from the last step that was completed. It is asked for whenever
        a message or room in a pipe may have made it larger; it never becomes smaller by itself.

        The base class never waits. An answer that a class gives holds for its own steps: where a
        subclass overrides a phase, it answers anew, or its waits are part of its steps again.
        """
        return UNLIMITED

    # -- phases, overridden by models -------------------------------------------------------

    def run_spk(self) -> None:
        """Spiking: receive, compute, send."""

    def run_pre_mgmt(self) -> None:
        """Management before learning; RefPorts can be used."""

    def run_lrn(self) -> None:
        """Learning."""

    def run_post_mgmt(self) -> None:
        """Management at the end of the step; RefPorts can be used."""

    def run_host_mgmt(self) -> None:
        """Management at the end of a run."""

    def pre_guard(self) -> bool:
        """Tell whether `run_pre_mgmt` is to run in this step."""
        return False

    def lrn_guard(self) -> bool:
        """Tell whether `run_lrn` is to run in this step."""
        return False

    def post_guard(self) -> bool:
        """Tell whether `run_post_mgmt` is to run in this step."""
        return False

    def host_guard(self) -> bool:
        """Tell whether `run_host_mgmt` is to run at the end of this run."""
        return False

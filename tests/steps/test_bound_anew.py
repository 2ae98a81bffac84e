"""What a model is given of its own while it runs: native steps heed it from the next step on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import AbstractProcess, Loihi2SimCfg
from lava_actor.proc.conv.models import PyConvModelFloat
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.models import PyDelayDenseModelFloat, PyDenseModelFloat
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.lif.models import PyLifModelBitAcc, PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.sparse.models import PyDelaySparseModelFloat, PySparseModelFloat
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from tests.steps.test_every_native_step import PROCESSES, Draw, feed, library

WEIGHTS = np.ones((3, 3))

CONNECTIONS: dict[type[Any], Callable[[], AbstractProcess]] = {
    PyDenseModelFloat: lambda: Dense(weights=WEIGHTS),
    PySparseModelFloat: lambda: Sparse(weights=WEIGHTS),
    PyDelayDenseModelFloat: lambda: DelayDense(weights=WEIGHTS, delays=1),
    PyDelaySparseModelFloat: lambda: DelaySparse(weights=WEIGHTS, delays=np.ones((3, 3), int)),
    PyConvModelFloat: lambda: Conv(weight=np.ones((1, 2, 2, 1)), input_shape=(4, 4, 1)),
}


@pytest.mark.parametrize("kind", [*library(), *CONNECTIONS], ids=lambda kind: kind.__name__)
@pytest.mark.filterwarnings("ignore")
def test_a_method_that_is_bound_anew_is_called_until_it_is_gone(stand: Any, kind: Any) -> None:
    if kind in CONNECTIONS:
        process, inlets = CONNECTIONS[kind](), {"s_in": ["bool"]}
    else:
        process = PROCESSES[kind.implements_process]((3,))
        inlets = {name: ["bool"] for name in kind.native_step.inputs}
    one = stand(process, kind, inlets)
    burst = one.burst()
    draw, done = Draw(np.random.default_rng(1), wild=False), 0

    def native_steps(count: int) -> int:
        nonlocal done
        before, done = burst.native_steps, done + count
        feed(one, draw, count)
        one.clock.raise_horizon(done)
        with np.errstate(all="ignore"):
            burst.run(one.party.mailbox, 0)
        for taken in one.takes:
            while taken.available():
                taken.recv()
        return burst.native_steps - before

    native_steps(1)
    assert native_steps(2) == 2
    for name in kind._la_stands_for():
        member = getattr(kind, name)
        if callable(member):
            called: list[str] = []
            own = _noting(getattr(one.model, name), called)
            setattr(one.model, name, own)
            assert native_steps(1) == 0, name
            assert called or name != "run_spk"
            delattr(one.model, name)
            assert native_steps(2) == 2, name


def _noting(method: Callable[..., Any], called: list[str]) -> Callable[..., Any]:
    def own(*arguments: Any) -> Any:
        called.append("")
        return method(*arguments)

    return own


class Cells(LIF):
    """A file may name what is in the package of its Processes."""


class StepAfterPost(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def post_guard(self) -> bool:
        return bool(self.time_step == 3)

    def run_post_mgmt(self) -> None:
        self.run_spk = self.rest  # type: ignore[method-assign]

    def rest(self) -> None:
        self.v = self.v - 1
        self.s_out.send(np.zeros(self.v.shape))


class PartAfterPost(StepAfterPost):
    def run_post_mgmt(self) -> None:
        self.spiking_activation = self.any_spike  # type: ignore[method-assign]

    def any_spike(self) -> Any:
        return self.v > 0


class PartBesideOneInPython(PartAfterPost):
    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        super().reset_voltage(spike_vector)


class PartInTheStep(PartAfterPost):
    def post_guard(self) -> bool:
        return False

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        super().subthr_dynamics(activation_in)
        if self.time_step == 3:
            self.spiking_activation = self.any_spike  # type: ignore[method-assign]


class AfterUpdate(PartAfterPost):
    def post_guard(self) -> bool:
        return False

    def on_var_update(self) -> None:
        self.run_post_mgmt()


class Constants(PyLifModelBitAcc):
    _la_hidden_from_discovery = True

    def post_guard(self) -> bool:
        return bool(self.time_step == 3)

    def run_post_mgmt(self) -> None:
        self.max_uv_val, self.dm_offset = 100, 1


class ConstantsAndMethods(Constants):
    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        super().reset_voltage(spike_vector)


KINDS = [
    StepAfterPost, PartAfterPost, PartBesideOneInPython, PartInTheStep, AfterUpdate, Constants,
    ConstantsAndMethods,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_network_goes_on_as_its_python_would_before_and_after_a_file(
    kind: type[Any], tmp_path: Path
) -> None:
    plain = type("Plain", (kind,), {"native_step": None})
    assert outcome(kind, tmp_path) == outcome(plain, tmp_path)


def outcome(kind: type[Any], folder: Path) -> list[Any]:
    cells = Cells(shape=(2,), bias_mant=2, vth=1000, du=1, dv=0)
    found = []
    select = "fixed_pt" if issubclass(kind, PyLifModelBitAcc) else "floating_pt"
    config = Loihi2SimCfg(select_tag=select, exception_proc_model_map={Cells: kind})
    with cells:
        cells.run(4, config)
        found.append(cells.v.get().tolist())
        cells.bias_mant.set(5)
        cells.run(2)
        found.append(cells.v.get().tolist())
        cells.save(folder / kind.__name__, trusted=True)
        cells.run(2)
        found.append(cells.v.get().tolist())
        cells.load(folder / kind.__name__, trusted=True)
        cells.run(2)
        found.append(cells.v.get().tolist())
        cells.reset()
        cells.run(2)
        found.append(cells.v.get().tolist())
    return found

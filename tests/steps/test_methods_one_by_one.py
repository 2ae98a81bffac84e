"""A subclass that replaces some methods of a native step: native in the others, to the last bit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lava_actor import LavaPyType, LoihiProtocol, PyOutPort, Var, implements, tag
from lava_actor.kernels.steps import ASK_PAUSE, ASKED, DONE, PartBurst
from lava_actor.proc.lif.models import AbstractPyLifModelFloat, PyLifModelFloat
from lava_actor.proc.lif.process import LIF
from tests.steps.test_every_native_step import (
    KINDS,
    PROCESSES,
    Draw,
    assert_same,
    feed,
    library,
    step_in_python,
    vary,
)

MODELS = [kind for kind in library() if kind.native_step.parts]
SHAPE = (7, 10)


def asks_the_library(method: str) -> Callable[..., Any]:
    def hook(self: Any, *arguments: Any) -> Any:
        done = getattr(super(type(self), self), method)(*arguments)
        self.v[...] = self.v // 2
        return done

    return hook


def rebinds_state(method: str) -> Callable[..., Any]:
    def hook(self: Any, *arguments: Any) -> Any:
        self.u = self.u.copy()
        done = getattr(super(type(self), self), method)(*(a.copy() for a in arguments))
        self.v = np.where(self.v > 3, 1, self.v).astype(self.v.dtype)
        return done

    return hook


def widens_state(method: str) -> Callable[..., Any]:
    """What the functions cannot work on: the rest of the step is the library's Python."""

    def hook(self: Any, *arguments: Any) -> Any:
        done = getattr(super(type(self), self), method)(*arguments)
        self.v = self.v.astype(np.float32 if self.v.dtype.kind == "f" else np.int64)
        return done if done is None else done.astype(np.int32)

    return hook


def changes_constants(method: str) -> Callable[..., Any]:
    def hook(self: Any, *arguments: Any) -> Any:
        done = getattr(super(type(self), self), method)(*arguments)
        self.du = self.du // 2
        if hasattr(self, "act_shift"):
            self.act_shift, self.effective_vth = 5, 77
        return done

    return hook


def looks_at_another_array(method: str) -> Callable[..., Any]:
    """Arguments that the functions cannot take, or that share memory with the state."""

    def hook(self: Any, *arguments: Any) -> Any:
        if method == "subthr_dynamics":
            arguments = (self.u.reshape(-1)[::-1].reshape(self.u.shape),)
        return getattr(super(type(self), self), method)(*arguments)

    return hook


def called_by(function: Callable[..., Any], *arguments: Any) -> list[str]:
    """The names of all Python functions that a native one calls."""
    called: list[str] = []

    def watch(frame: Any, event: str, _argument: Any) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return called


HOOKS = [asks_the_library, rebinds_state, widens_state, changes_constants, looks_at_another_array]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
@pytest.mark.filterwarnings("ignore")
def test_a_step_with_a_method_of_its_own_is_the_step_in_python(
    stand: Any, kind: Any, hook: Callable[[str], Any]
) -> None:
    methods = [part.method for part in kind.native_step.parts if part.method[0] != "_"]
    for n, method in enumerate(methods):
        own = type("Own", (kind,), {method: hook(method), "_la_hidden_from_discovery": True})
        feeders = {
            name: KINDS[np.dtype(dtype).kind][n % 2 : n % 2 + 1 + n // 2]
            for name, dtype in kind.native_step.inputs.items()
        }
        process = PROCESSES[kind.implements_process]
        native, plain = (stand(process(SHAPE), own, feeders) for _ in range(2))
        burst = native.burst()
        assert type(burst) is PartBurst
        done = 0
        for until in (3, 8):
            for one in (native, plain):
                vary(one.model, Draw(np.random.default_rng([n, until]), wild=until == 8))
                feed(one, Draw(np.random.default_rng([n, until, 1]), wild=False), until - done)
            native.clock.raise_horizon(until)
            with np.errstate(all="ignore"):
                assert burst.run(native.party.mailbox, 0) == DONE
            step_in_python(plain, done + 1, until)
            assert_same(native, plain)
            done = until


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_the_librarys_methods_stay_native_beside_one_of_ones_own(stand: Any, kind: Any) -> None:
    """Also those that it calls by ``super()``, with messages narrower than the function takes."""
    parts = kind.native_step.parts
    for method in [part.method for part in parts if part.method[0] != "_"]:
        hooks = {method: asks_the_library(method), "_la_hidden_from_discovery": True}
        feeders = {name: ["bool"] for name in kind.native_step.inputs}
        process = PROCESSES[kind.implements_process](SHAPE)
        one = stand(process, type("Own", (kind,), hooks), feeders)
        feed(one, Draw(np.random.default_rng(1), wild=False), 3)
        burst = one.burst()
        one.clock.raise_horizon(1)  # scales thresholds, in Python
        burst.run(one.party.mailbox, 0)
        one.clock.raise_horizon(3)
        called = called_by(burst.run, one.party.mailbox, 0)
        assert burst.native_steps == 3
        assert called.count("hook") == 2
        native = [p.method for p in parts if method not in p.uses]  # and not his own thresholds
        assert not {p for p in native if p != method or method != "spiking_activation"} & {*called}


class Doubled(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def spiking_activation(self) -> np.ndarray:
        return self.v > 2 * self.vth


def test_only_the_method_of_ones_own_is_called_in_python(stand: Any) -> None:
    one = stand(LIF(shape=(4,), bias_mant=3.0), Doubled, {})
    burst = one.burst()
    one.clock.raise_horizon(9)
    assert called_by(burst.run, one.party.mailbox, 0) == ["spiking_activation"] * 9


class Asking(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        super().reset_voltage(spike_vector)
        if self.time_step == 4:
            self._req_pause = True


def test_a_method_may_ask_for_a_pause(stand: Any) -> None:
    one = stand(LIF(shape=(4,)), Asking, {})
    burst = one.burst()
    one.clock.raise_horizon(9)
    assert burst.run(one.party.mailbox, 0) == ASKED
    assert (burst.bits, one.party.done) == (ASK_PAUSE, 4)
    assert not one.model._req_pause


class Thresholds(LIF):
    """Has a threshold of each neuron."""

    def __init__(self, thresholds: list[float]) -> None:
        super().__init__(shape=(len(thresholds),), bias_mant=1.0)
        self.vth = Var(shape=(len(thresholds),), init=np.array(thresholds))


@implements(proc=Thresholds, protocol=LoihiProtocol)
@tag("floating_pt")
class PyThresholds(AbstractPyLifModelFloat):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: np.ndarray = LavaPyType(np.ndarray, float)

    def spiking_activation(self) -> np.ndarray:
        return self.v > self.vth


def test_numbers_that_only_a_replaced_method_looks_at_may_be_anything(stand: Any) -> None:
    one = stand(Thresholds([0.5, 5, 1.5]), PyThresholds, {})
    burst = one.burst()
    one.clock.raise_horizon(2)
    burst.run(one.party.mailbox, 0)
    assert burst.native_steps == 2
    assert one.takes[0].recv().tolist() == [1, 0, 0]
    assert one.takes[0].recv().tolist() == [1, 0, 1]


def test_an_error_in_a_method_of_ones_own_ends_the_step(stand: Any) -> None:
    class Failing(PyLifModelFloat):
        _la_hidden_from_discovery = True

        def reset_voltage(self, spike_vector: np.ndarray) -> None:
            super().reset_voltage(spike_vector)
            if self.time_step == 3:
                raise ZeroDivisionError("mine")

    one = stand(LIF(shape=(4,)), Failing, {})
    burst = one.burst()
    one.clock.raise_horizon(9)
    with pytest.raises(ZeroDivisionError, match="mine"):
        burst.run(one.party.mailbox, 0)
    assert (one.party.done, one.party.step, one.model.time_step) == (2, 3, 3)
    assert one.model._la_in_parts is None

"""What a Var of the library holds is what its model computes with, whoever wrote it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    implements,
)
from lava_actor.errors import ModelError
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.proc.conv.models import PyConvModelFixed, PyConvModelFloat
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.conv_in_time.process import ConvInTime
from lava_actor.proc.dense.process import LearningDense
from lava_actor.proc.io.reset import Reset
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.lif.models import PyLifModelBitAcc
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.models import PyPoissonSourceFloat, PyRegularSourceFloat
from lava_actor.proc.sources.process import PoissonSource, RegularSource

STEPS, WHEN = 16, 4
BOTH = pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])


class Writer(AbstractProcess):
    """Writes ``value`` at the end of step `WHEN`."""

    def __init__(self, value: Any, shape: tuple[int, ...]) -> None:
        super().__init__(value=value)
        self.ref = RefPort(shape)


@implements(proc=Writer, protocol=LoihiProtocol)
class PyWriter(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)

    def post_guard(self) -> bool:
        return self.time_step == WHEN

    def run_post_mgmt(self) -> None:
        self.ref.write(self.proc_params["value"])


def outputs(process: Any, config: Loihi2SimCfg, name: str, value: Any, by: str) -> np.ndarray:
    """What a Process sends; one of its Vars is written after step `WHEN`: by a port, or set."""
    monitor = Monitor()
    monitor.probe(next(iter(process.out_ports)))
    var = process.vars[name]
    if by == "port":
        writer = Writer(value, var.shape)
        writer.ref.connect_var(var)
    with process:
        process.run(WHEN, config)
        if by == "set":
            var.set(value)
        process.run(STEPS - WHEN)
        return monitor.dense(next(iter(process.out_ports)))


class InPython(PyLifModelBitAcc):
    _la_hidden_from_discovery = True
    native_step = None


class OneMethodOfItsOwn(PyLifModelBitAcc):
    _la_hidden_from_discovery = True

    def reset_voltage(self, spike_vector: np.ndarray) -> None:
        super().reset_voltage(spike_vector)


@pytest.mark.parametrize("model", [PyLifModelBitAcc, InPython, OneMethodOfItsOwn])
def test_a_threshold_takes_effect_however_it_comes(model: Any) -> None:
    config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map={LIF: model})
    found = [
        outputs(LIF(shape=(1,), vth=10, bias_mant=200, dv=0), config, "vth", 30.0, by)
        for by in ("port", "set")
    ]
    assert np.array_equal(*found)
    assert np.flatnonzero(found[0]).tolist() == [3, 13], "the lower threshold, then the higher one"


@pytest.mark.parametrize(("name", "value"), [("vth", 2.5), ("bias_mant", 1e5)])
def test_what_set_would_refuse_a_port_cannot_write(name: str, value: float) -> None:
    lif = LIF(shape=(1,), vth=10, name="lif")
    with pytest.raises(ModelError, match=rf"lif'?\.{name}: .* \(written through the RefPort"):
        outputs(lif, Loihi2SimCfg(select_tag="fixed_pt"), name, value, "port")


def conv_in_time() -> Any:
    connection = ConvInTime(weights=np.ones((2, 1, 1)))
    RingBuffer(data=np.ones((1, 1))).s_out.connect(connection.s_in)
    return connection


def learning() -> Any:
    rule = Loihi2FLearningRule(dw="x0*x1", x1_impulse=20, x1_tau=10, rng_seed=1)
    connection = LearningDense(weights=[[0]], learning_rule=rule)
    RingBuffer(data=np.ones((1, 1))).s_out.connect(connection.s_in)
    return connection


def conv() -> Any:
    connection = Conv(weight=np.ones((1, 1, 1, 1)), input_shape=(2, 1, 1))
    RingBuffer(data=np.ones((2, 1, 1, 1))).s_out.connect(connection.s_in)
    return connection


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (conv_in_time, "weights", np.full((2, 1, 1), 9)),
        (learning, "x1_impulse", np.array([5])),
        (learning, "x1_tau", np.array([2])),
        (learning, "weights", np.array([[7]])),
        (conv, "weight", np.full((1, 1, 1, 1), 9)),
    ],
)
@BOTH
def test_a_connection_follows_its_vars(make: Any, name: str, value: Any, tag: str) -> None:
    config = Loihi2SimCfg(select_tag=tag)
    by_port, by_set = (outputs(make(), config, name, value, by) for by in ("port", "set"))
    unwritten = outputs(make(), config, name, value, "nobody")
    assert np.array_equal(by_port, by_set)
    assert not np.array_equal(by_port, unwritten)


@pytest.mark.parametrize("constant", ["x1_impulse", "x1_tau"])
def test_a_constant_with_a_fraction_can_be_set_to_what_its_var_shows(constant: str) -> None:
    def sent(given: float, *values: int) -> list[int]:
        constants = {"x1_impulse": 20.0, "x1_tau": 4.0, constant: given}
        rule = Loihi2FLearningRule(dw="x0*x1", rng_seed=1, **constants)
        connection = LearningDense(weights=[[0]], learning_rule=rule)
        source = RingBuffer(data=np.array([[1, 1, 1, 0]]))
        source.s_out.connect(connection.s_in)
        with connection:
            connection.run(0, Loihi2SimCfg(select_tag="fixed_pt"))
            for value in values:
                connection.vars[constant].set(value)
            found = []
            for _ in range(4):
                connection.run(1)
                found.append(int(connection.x1.get()[0]))
            return found

    assert sent(3.5, 3) == sent(3.5, 2, 3) == sent(3) != sent(3.5)


def changed_in_place(base: Any, name: str, factor: float, **more: Any) -> Any:
    """A model whose class changes a Var in place after step `WHEN`."""

    def run_post_mgmt(self: Any) -> None:
        values = getattr(self, name)
        values *= values.dtype.type(factor)

    def post_guard(self: Any) -> bool:
        return self.time_step == WHEN

    members = {"run_post_mgmt": run_post_mgmt, "post_guard": post_guard, **more}
    return type(
        "Own", (base,), {**members, "_la_hidden_from_discovery": True, "__module__": __name__}
    )


@pytest.mark.parametrize(
    ("base", "make", "name", "factor", "before", "after"),
    [
        (PyConvModelFloat, conv, "weight", 2, 1, 2),
        (PyConvModelFixed, conv, "weight", 2, 1, 2),
        (PyPoissonSourceFloat, lambda: PoissonSource(shape=(3,), rate=9), "rate", 0, None, 0),
        (PyRegularSourceFloat, lambda: RegularSource(shape=(1,), period=1), "period", 90, 1, 0),
    ],
)
def test_what_a_class_of_ones_own_changes_in_place_counts(
    base: Any, make: Any, name: str, factor: int, before: int | None, after: int
) -> None:
    process = make()
    own = changed_in_place(base, name, factor)
    tag = "fixed_pt" if "Fixed" in base.__name__ else "floating_pt"
    config = Loihi2SimCfg(select_tag=tag, exception_proc_model_map={type(process): own})
    rows = outputs(process, config, name, None, "nobody").reshape(STEPS, -1)
    assert (rows[WHEN - 1] > 0).all() if before is None else (rows[WHEN - 1] == before).all()
    assert (rows[WHEN + 1 :] == after).all()


@pytest.mark.parametrize("taps", [True, False])
@pytest.mark.parametrize("monitor_first", [True, False])
def test_who_watches_comes_after_who_writes(monitor_first: bool, taps: bool) -> None:
    lif = LIF(shape=(1,), bias_mant=1.0, vth=100)
    monitor = Monitor()
    if monitor_first:
        monitor.probe(lif.v)
    Reset(interval=3).connect_var(lif.v)
    if not monitor_first:
        monitor.probe(lif.v)
    seen = []
    with lif:
        for _ in range(7):
            lif.run(1, Loihi2SimCfg(select_tag="floating_pt"), {"taps": taps})
            seen.append(float(lif.v.get()[0]))
        assert monitor.dense(lif.v).ravel().tolist() == seen
    assert 0.0 in seen
    assert max(seen) == 2.0

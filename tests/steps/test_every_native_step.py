"""Every declared native step of the library against the model's own Python, to the last bit."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lava_actor.proc
from lava_actor.errors import InvalidValueError
from lava_actor.kernels import steps
from lava_actor.kernels.steps import DONE
from lava_actor.model.native import INT32, NativeStep, declaring, replaced
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.proc._connection import ConnectionModel
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast
from lava_actor.proc.clp.novelty_detector.process import NoveltyDetector
from lava_actor.proc.clp.nsm.process import Allocator, Readout
from lava_actor.proc.clp.prototype_lif.models import PrototypeLIFBitAcc
from lava_actor.proc.clp.prototype_lif.process import PrototypeLIF
from lava_actor.proc.graded.models import InvSqrtModelFP
from lava_actor.proc.graded.process import GradedReluVec, GradedVec, InvSqrt, NormVecDelay
from lava_actor.proc.io import sink, source
from lava_actor.proc.lif.learning_process import LearningLIF
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.nir.process import Delay, NIRNeuron, Passage, Scale, Threshold
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.receiver.process import Receiver, Receiver32Bit
from lava_actor.proc.resfire.process import RFZero
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.s4d.process import S4d, SigmaS4dDelta
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from lava_actor.proc.sources.process import PoissonSource, RegularSource, SpikeTimes
from lava_actor.proc.spiker.process import Spiker, Spiker32bit
from tests.steps.conftest import Stand

Shape = tuple[int, ...]

PROCESSES: dict[type[Any], Callable[[Shape], Any]] = {
    LIF: lambda shape: LIF(shape=shape),
    LIFReset: lambda shape: LIFReset(shape=shape, reset_interval=3, reset_offset=1),
    LIFRefractory: lambda shape: LIFRefractory(shape=shape, refractory_period=2),
    TernaryLIF: lambda shape: TernaryLIF(shape=shape, vth_lo=-1, vth_hi=1),
    LearningLIF: lambda shape: LearningLIF(shape=shape),
    ATRLIF: lambda shape: ATRLIF(shape=shape),
    RF: lambda shape: RF(shape=shape, period=7, alpha=0.1, decay_bits=12),
    RF_IZ: lambda shape: RF_IZ(shape=shape, period=7, alpha=0.1, decay_bits=12),
    RFZero: lambda shape: RFZero(shape=shape, freqs=40, decay_tau=0.1),
    ProdNeuron: lambda shape: ProdNeuron(shape=shape),
    GradedVec: lambda shape: GradedVec(shape=shape),
    GradedReluVec: lambda shape: GradedReluVec(shape=shape),
    NormVecDelay: lambda shape: NormVecDelay(shape=shape),
    InvSqrt: lambda shape: InvSqrt(shape=shape),
    Sigma: lambda shape: Sigma(shape=shape),
    Delta: lambda shape: Delta(shape=shape, vth=1, cum_error=True),
    SigmaDelta: lambda shape: SigmaDelta(shape=shape, vth=1, act_mode=ActivationMode.RELU),
    S4d: lambda shape: S4d(shape=shape, a=0.9 + 0.1j, b=0.5, c=1 - 2j),
    SigmaS4dDelta: lambda shape: SigmaS4dDelta(
        shape=shape, vth=1, a=0.9 + 0.1j, b=0.5, c=1 - 2j, cum_error=True
    ),
    Passage: lambda shape: Passage(shape, (int(np.prod(shape)),)),
    Scale: lambda shape: Scale(np.ones(shape)),
    Threshold: lambda shape: Threshold(np.ones(shape)),
    Delay: lambda shape: Delay(np.arange(np.prod(shape)).reshape(shape) % 3 + 1, initial=0.5),
    NIRNeuron: lambda shape: NIRNeuron(
        shape, r=2.0, dt=0.1, tau_mem=0.5, tau_syn=0.3, v_threshold=1.0, gain=0.7
    ),
    Spiker: lambda shape: Spiker(shape=shape, period=2),
    Spiker32bit: lambda shape: Spiker32bit(shape=shape, period=2),
    Receiver: lambda shape: Receiver(shape=shape),
    Receiver32Bit: lambda shape: Receiver32Bit(shape=shape),
    IdBroadcast: lambda shape: IdBroadcast(shape=shape),
    NoveltyDetector: lambda shape: NoveltyDetector(t_wait=3),
    Allocator: lambda shape: Allocator(n_protos=4),
    Readout: lambda shape: Readout(n_protos=shape[0]),
    PrototypeLIF: lambda shape: PrototypeLIF(shape=shape),
    PoissonSource: lambda shape: PoissonSource(shape=shape, rate=2.5),
    SpikeTimes: lambda shape: SpikeTimes(times=[[1, 7, 7]] * (shape[0] - 1) + [[2]]),
    RegularSource: lambda shape: RegularSource(shape=shape, period=2),
    source.RingBuffer: lambda shape: source.RingBuffer(data=np.zeros((*shape, 5))),
    sink.RingBuffer: lambda shape: sink.RingBuffer(shape=shape, buffer=5),
}
OWN: dict[type[Any], Callable[[Shape], Any]] = {
    LIF: lambda shape: LIF(shape=shape, vth=each(shape)),
    LIFReset: lambda shape: LIFReset(shape=shape, reset_interval=3, du=each(shape, float)),
    LIFRefractory: lambda shape: LIFRefractory(
        shape=shape, refractory_period=2, dv=each(shape), vth=each(shape)
    ),
    TernaryLIF: lambda shape: TernaryLIF(shape=shape, vth_hi=each(shape), vth_lo=0, du=each(shape)),
    LearningLIF: lambda shape: LearningLIF(
        shape=shape, du=each(shape), dv=each(shape), vth=each(shape)
    ),
}
"""With decays and thresholds that each neuron has of its own."""


def each(shape: Shape, dtype: type = int) -> np.ndarray:
    return np.ones(shape, dtype)


ONE_ONLY = (NoveltyDetector, Allocator)
FLAT = (Readout, PrototypeLIF, SpikeTimes)
DERIVED = {"_la_rectifies", "_la_itemsize", "_la_first_row", "_la_key_0", "_la_key_1"}
DERIVED |= {"_la_mean", "_la_none", "_la_pieces", "_la_lasts", "_la_guesses"}
DERIVED |= {"_la_steps", "_la_neurons", "_la_late"}
"""What models compute, or are given once."""


def models() -> list[type[PyLoihiProcessModel]]:
    """All models of the library that a Process can have."""
    found = {}
    for module in pkgutil.walk_packages(lava_actor.proc.__path__, "lava_actor.proc."):
        for thing in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(thing, type)
                and issubclass(thing, PyLoihiProcessModel)
                and getattr(thing, "implements_process", None) is not None
            ):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return list(found.values())


def library() -> list[type[PyLoihiProcessModel]]:
    """Those that declare a native step."""
    return [
        kind
        for kind in models()
        if kind.native_step is not None and kind.run_spk is declaring(kind).run_spk
    ]


@dataclass
class Draw:
    """Random values; ``wild`` ones come from the edges of their types."""

    rng: np.random.Generator
    wild: bool

    def array(self, shape: Shape, dtype: np.dtype) -> np.ndarray:
        rng = self.rng
        if dtype.kind == "b":
            return rng.random(shape) < 0.5
        if dtype.kind == "c":
            pairs = self.array((*shape, 2), np.dtype(float))
            return pairs.view(complex)[..., 0]
        if dtype.kind == "f":
            values = rng.choice([rng.normal(0, 2, shape), rng.integers(-2, 3, shape)])
            edges = [np.inf, -np.inf, np.nan, -0.0, 1e308, 5e-324]
        else:
            span = rng.choice([3, 100, 2**12, 2**22])
            values = rng.integers(-span, span + 1, shape)
            info = np.iinfo(np.int32 if dtype.itemsize > 4 else dtype)
            edges = [info.min, info.max, info.min + 1, 2**23, -(2**23), 1 - 2**23, 2**25]
        if self.wild:
            values = np.where(rng.random(shape) < 0.2, rng.choice(edges, shape), values)
        return values.astype(dtype)

    def number(self, name: str, wild: bool) -> float:
        if wild and self.wild and self.rng.random() < 0.2:
            return float(self.rng.choice([np.inf, np.nan, -3.0, 1e300]))
        return float(self.rng.choice([0.0, 0.3, 1.0, self.rng.random(), 2 * self.rng.random()]))

    def integer(self, low: int, high: int) -> int:
        found = self.rng.choice([0, 1, 3, 7, 12, 100, 4096, 2**20])
        if self.wild and self.rng.random() < 0.3:
            found = self.rng.choice([low, high, -5, 31, 33, 70, -40])
        return int(np.clip(found, low, high))


def parts(step: NativeStep | None) -> list[NativeStep]:
    return [] if step is None else [step, *parts(step.then)]


def put(model: Any, name: str, value: Any) -> None:
    held = getattr(model, name)
    if not isinstance(held, np.ndarray):
        setattr(model, name, value())
    elif held.size == 1:
        held[...] = value()
    else:  # as `set` does, it binds a new array
        new = [value() for _ in range(held.size)]
        setattr(model, name, np.array(new).reshape(held.shape))


def vary(model: Any, draw: Draw) -> None:
    """Give a model new values for all that its native step looks at."""
    for step in parts(model.native_step):
        arrays = {**step.state, **step.parameters}
        for name, dtype in arrays.items():
            if name in DERIVED:
                continue
            held = getattr(model, name)
            held[...] = draw.array(held.shape, np.dtype(dtype))
        for name in step.numbers:
            fixed = any(np.dtype(dtype).kind == "i" for dtype in step.inputs.values())
            put(model, name, partial(draw.number, name, not fixed))
        limits = step.integers
        if not isinstance(limits, Mapping):
            limits = dict.fromkeys(limits, INT32)
        for name, (low, high) in limits.items():
            if name not in DERIVED:
                put(model, name, partial(draw.integer, low, high))
    if model.native_step.parameters.get("bias_exp") is np.int32:  # must fit 16 bits
        model.bias_mant[...] = np.clip(model.bias_mant, -(2**15), 2**15 - 1)
        model.bias_exp[...] = draw.rng.integers(-3, draw.rng.choice([8, 40]), model.bias_exp.shape)
    if hasattr(model, "refractory_period_end"):
        held = model.refractory_period_end
        held[...] = draw.rng.integers(-2, 15, held.shape)
    if hasattr(model, "last_winner_id"):
        size = model.proto_labels.size
        model.last_winner_id[0] = draw.rng.integers(-size, size)
    if hasattr(model, "period"):
        model.period[...] = draw.rng.choice([1, 2, 3, 2**33], model.period.shape)
        model.first[...] = draw.rng.integers(1, 6, model.first.shape)
    if hasattr(model, "rate"):
        model.rate[...] = draw.rng.integers(0, 4, model.rate.shape)
    if hasattr(model, "act_mode"):
        model.proc_params["act_mode"] = draw.rng.choice(list(ActivationMode))
    model._la_var_written("")
    model.on_var_update()


def feed(stand: Stand, draw: Draw, n_steps: int) -> None:
    for writer in stand.feeds:
        for _ in range(n_steps):
            share = draw.rng.choice([0.0, 0.05, 1.0])
            message = draw.array(writer.shape, writer.dtype)
            message[draw.rng.random(writer.shape) >= share] = 0
            if isinstance(stand.model, PrototypeLIFBitAcc):  # counts its neurons
                limit = (message.size - 1) // 2
                message = np.clip(message, -limit, limit).astype(message.dtype)
            if isinstance(stand.model, InvSqrtModelFP) and message.dtype.kind == "i":
                message = np.maximum(message, ~message) >> 1  # takes no negative sum of two
            writer.send(message)


def same(mine: Any, theirs: Any) -> bool:
    """Equal to the last bit, but any NaN is like any other."""
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    if mine.dtype != theirs.dtype or mine.shape != theirs.shape:
        return False
    if mine.dtype.kind == "c":
        return same(mine.real, theirs.real) and same(mine.imag, theirs.imag)
    if mine.dtype.kind != "f":
        return bool((mine == theirs).all())
    signs = np.signbit(mine) == np.signbit(theirs)
    nans = np.isnan(mine) & np.isnan(theirs)
    return bool((nans | ((mine == theirs) & signs)).all())


def assert_same(native: Stand, plain: Stand) -> None:
    assert native.model.time_step == plain.model.time_step
    for step in parts(native.model.native_step):
        for name in (*step.state, *step.parameters, *step.shows.values()):
            assert same(getattr(native.model, name), getattr(plain.model, name)), name
    for mine, theirs in zip(native.takes, plain.takes, strict=True):
        assert mine.available() == theirs.available()
        while mine.available():
            one, other = mine.recv(), theirs.recv()
            assert same(one, other), mine.name


def step_in_python(stand: Stand, first: int, last: int) -> None:
    with np.errstate(all="ignore"):
        for step in range(first, last + 1):
            stand.model.time_step = step
            stand.model.run_spk()


KINDS = {"f": ["float", "int", "bool", "float events"], "i": ["int", "bool", "int events"]}


@pytest.mark.parametrize("kind", library(), ids=lambda kind: kind.__name__)
@pytest.mark.filterwarnings("ignore:.*lose their fraction")
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32 - 1),
    wild=st.booleans(),
    shape=st.sampled_from([(70,), (7, 10), (1,), (300,)]),
    senders=st.integers(0, 2),
)
def test_a_native_step_is_the_step_in_python(
    stand: Any, kind: Any, seed: int, wild: bool, shape: Shape, senders: int
) -> None:
    compare(stand, PROCESSES, kind, seed, wild, shape, senders)


@pytest.mark.parametrize(
    "kind", [k for k in library() if k.implements_process in OWN], ids=lambda kind: kind.__name__
)
@pytest.mark.filterwarnings("ignore:.*lose their fraction")
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32 - 1),
    wild=st.booleans(),
    shape=st.sampled_from([(70,), (7, 10), (300,)]),
    senders=st.integers(0, 2),
)
def test_a_native_step_with_own_numbers_is_the_step_in_python(
    stand: Any, kind: Any, seed: int, wild: bool, shape: Shape, senders: int
) -> None:
    compare(stand, OWN, kind, seed, wild, shape, senders)


def compare(
    stand: Any,
    processes: dict[type[Any], Callable[[Shape], Any]],
    kind: Any,
    seed: int,
    wild: bool,
    shape: Shape,
    senders: int,
) -> None:
    process = kind.implements_process
    shape = (1,) if process in ONE_ONLY else shape[:1] if process in FLAT else shape
    rng = np.random.default_rng(seed)
    feeders = {
        name: [str(rng.choice(KINDS[np.dtype(dtype).kind])) for _ in range(senders)]
        for step in parts(kind.native_step)
        for name, dtype in step.inputs.items()
    }
    native, plain = (stand(processes[process](shape), kind, feeders) for _ in range(2))
    burst = native.burst()
    assert type(burst) is steps.StepBurst
    done = 0
    for until in (3, 8):  # with all values set anew between the two
        for one in (native, plain):
            vary(one.model, Draw(np.random.default_rng([seed, until]), wild))
            feed(one, Draw(np.random.default_rng([seed, until, 1]), wild), until - done)
        native.clock.raise_horizon(until)
        assert burst.run(native.party.mailbox, 0) == DONE
        assert burst.native_steps == until
        step_in_python(plain, done + 1, until)
        assert_same(native, plain)
        done = until


@pytest.mark.filterwarnings("ignore:.*lose their fraction")
@pytest.mark.parametrize("kind", library(), ids=lambda kind: kind.__name__)
def test_what_is_not_as_declared_is_left_to_the_models_python(stand: Any, kind: Any) -> None:
    process = kind.implements_process
    declared = kind.native_step
    names = [name for name in declared.state if not isinstance(getattr(kind, name), property)]
    if not names:
        pytest.skip("keeps nothing under a name of its own")
    one = stand(PROCESSES[process]((1,) if process in ONE_ONLY else (4,)), kind, {})
    burst = one.burst()
    held = getattr(one.model, names[0])
    setattr(one.model, names[0], np.zeros(held.shape, ">i2"))
    assert not burst.can_step()
    setattr(one.model, names[0], np.zeros((*held.shape, 2), held.dtype)[..., 0])
    assert not burst.can_step() or held.size == 1
    frozen = held.copy()
    frozen.flags.writeable = False
    setattr(one.model, names[0], frozen)
    assert not burst.can_step()
    if len(names) > 1:
        setattr(one.model, names[0], getattr(one.model, names[1]))
        assert not burst.can_step()
    setattr(one.model, names[0], held)
    assert burst.can_step()


def test_what_a_native_step_refuses_it_says_in_words(stand: Any) -> None:
    one = stand(InvSqrt(shape=(4,)), InvSqrtModelFP, {"a_in": ["int"]})
    burst = one.burst()
    one.feeds[0].send(np.array([4, 0, -1, 1], np.int32))
    one.clock.raise_horizon(1)
    with pytest.raises(InvalidValueError, match=r"\.a_in: expected numbers that are not negative"):
        burst.run(one.party.mailbox, 0)


def test_every_step_of_the_catalogue_is_declared_by_a_model() -> None:
    used = {
        function
        for kind in library()
        for one in (kind.native_step, kind.native_step.each)  # type: ignore[union-attr]
        for step in parts(one)
        for function in (step.function, *(part.function for part in step.parts))
    } - {None}
    assert used == set(steps.catalogue())


def steps_in_python(kind: Any) -> bool:
    if kind.native_step is not None:
        return kind.run_spk is not declaring(kind).run_spk
    if issubclass(kind, ConnectionModel):
        found = kind._la_native_kind()
        return found is None or replaced(kind, found[0], ("run_spk",)) is not None
    return kind._la_native_burst is PyLoihiProcessModel._la_native_burst


def test_the_documentation_lists_what_steps_in_python() -> None:
    page = Path(lava_actor.__file__).parents[1] / "docs" / "native_steps.md"
    listed = set(re.findall(r"`(\w+)`", page.read_text().split("## What still steps in Python")[1]))
    found = {kind.implements_process.__name__ for kind in models() if steps_in_python(kind)}
    assert found <= listed
    assert listed - found <= {"Extractor", "run_spk"}  # is no model that steps; is no Process

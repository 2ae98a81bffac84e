"""A Process that is cut into parts behaves as the whole one does, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lava_actor import ActorType, Loihi2SimCfg, RunContinuous, RunSteps
from lava_actor.errors import (
    InvalidIndexError,
    InvalidValueError,
    UnsupportedError,
)
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.connectivity import Normal, Uniform, fixed_total_number
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.graded.process import GradedVec
from lava_actor.proc.lif.process import LIF, LIFRefractory, TernaryLIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.rf.process import RF
from lava_actor.proc.sdn.process import Sigma, SigmaDelta
from lava_actor.proc.sources.process import PoissonSource, RegularSource
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.runtime.run_conditions import RunUntil
from lava_actor.runtime.user.network import Network
from tests.runtime.parted_networks import Parted

STEPS = 30


class Net:
    """A population with a recurrent connection, one with delays, and a second population."""

    def __init__(self, tag: str, kind: type[Any] = LIF, n: int = 23) -> None:
        rng = np.random.default_rng(5)
        self.cfg = Loihi2SimCfg(select_tag=tag)
        fixed = tag == "fixed_pt"
        weights = [rng.normal(0, 0.3, (n, n)), rng.normal(0, 0.3, (12, n))]
        settings: dict[str, Any] = {"du": 0.3, "dv": 0.1, "bias_mant": rng.uniform(0, 0.5, n)}
        if fixed:
            weights = [rng.integers(-90, 90, w.shape) for w in weights]
            settings = {"du": 1200, "dv": 400, "bias_mant": rng.integers(0, 900, n)}
        level = {"vth_hi": 25 if fixed else 1.0, "vth_lo": -25 if fixed else -1.0}
        settings |= level if kind is TernaryLIF else {"vth": level["vth_hi"]}
        if kind is LIFRefractory:
            settings |= {"refractory_period": 3}
        self.lif = kind(shape=(n,), name="lif", **settings)
        self.square = LIF(shape=(3, 4), vth=level["vth_hi"], name="square")
        self.dense = Dense(weights=weights[0], name="dense")
        delays = rng.integers(0, 4, (12, n))
        self.late = DelayDense(weights=weights[1], delays=delays, name="late")
        self.lif.s_out.connect([self.dense.s_in, self.late.s_in])
        self.dense.a_out.connect(self.lif.a_in)
        self.late.a_out.reshape((4, 3)).transpose([1, 0]).connect(self.square.a_in)
        self.spikes, self.volts = Monitor(), Monitor()
        self.spikes.probe(self.lif.s_out, STEPS)
        self.volts.probe(self.square.v, STEPS)
        self.vars = [self.lif.v, self.lif.u, self.square.v, self.dense.a_buff, self.late.a_buff]

    def run(self, steps: int, placement: Any = "actors", **config: Any) -> None:
        self.lif.run(RunSteps(steps), self.cfg, {"placement": placement, **config})

    def found(self) -> list[np.ndarray]:
        return [var.get() for var in self.vars]


def story(net: Net, placement: Any, **config: Any) -> list[np.ndarray]:
    """What can be seen of a network that is run, changed, and reset."""
    with net.lif:
        net.run(STEPS, placement, **config)
        seen = net.found()
        seen += [net.lif.v.get(idx=slice(3, 17, 2)), net.dense.weights.get(), net.late.delays.get()]
        net.lif.v.set(3, idx=[1, 11, 20])
        net.square.v.set(np.arange(12).reshape(3, 4))
        net.dense.weights.set(net.dense.weights.get()[::-1])
        net.lif.run(RunSteps(4))
        seen += net.found()
        net.lif.reset()
        net.lif.run(RunSteps(5))
        seen += net.found()
        seen += [net.spikes.get_data()["lif"]["s_out"], net.volts.get_data()["square"]["v"]]
    return seen


KINDS = [("floating_pt", LIF), ("fixed_pt", LIFRefractory), ("fixed_pt", TernaryLIF)]


@pytest.mark.filterwarnings("ignore:.*is full after")
@pytest.mark.parametrize(("tag", "kind"), KINDS)
def test_results_do_not_depend_on_the_number_of_parts(tag: str, kind: type[Any]) -> None:
    expected = story(Net(tag, kind), "actors")
    assert expected[-2].any()
    placements: list[Any] = [
        {"lif": 2, "dense": 2, "late": 2, "square": 2},
        {"lif": 7, "dense": 3, "square": 5},
        {"workers": 1},
        {"workers": 2, "lif": 2, "dense": 3},
    ]
    configs: list[dict[str, Any]] = [{"actor_type": ActorType.Threading}, {"schedule": "lockstep"}]
    configs += [{}, {}]
    configs[0] = configs[0] if kind is TernaryLIF else {}
    for placement, config in zip(placements, configs, strict=True):
        found = story(Net(tag, kind), placement, **config)
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert one.dtype == other.dtype, (placement, number)
            assert one.shape == other.shape, (placement, number)
            assert one.tobytes() == other.tobytes(), (placement, number)


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_network_computes_the_same_in_parts(seed: int) -> None:
    found = []
    for mode in ("actors", "parts", "shared"):
        net = Parted(seed)
        placement: dict[str, int] = net.placement() if mode != "actors" else {}
        if mode == "shared":
            placement["workers"] = 1 + seed % 3
        config = {
            "placement": placement,
            "seed": seed,
            "schedule": "lockstep" if mode == "parts" and seed % 3 == 0 else None,
            "pypy_channel_size": 1 if mode != "actors" and seed % 3 == 1 else None,
        }
        with net.lifs[0]:
            net.lifs[0].run(RunSteps(40), Loihi2SimCfg(select_tag="floating_pt"), config)
            seen = [var.get() for process in net.everybody() for var in process.vars]
            assert any(process.u.get().any() for process in net.lifs)
        found.append([getattr(x, "data", x).tobytes() for x in seen])
    assert found[0] == found[1] == found[2]


RECIPE = fixed_total_number((600, 23), 3000, weight=Normal(3, 2, low=0, high=9, levels=7))
CONNECTIONS: dict[str, Any] = {
    "matrix": lambda: Sparse(weights=sparse.random(23, 23, 0.3, "csr", rng=1) * 9, name="many"),
    "delays": lambda: DelaySparse(
        weights=sparse.random(23, 23, 0.3, "csr", rng=1) * 9, delays=2, name="many"
    ),
    "recipe": lambda: Sparse(weights=RECIPE, name="many"),
    "drawn delays": lambda: DelaySparse(
        weights=RECIPE, delays=Uniform(0, 5), max_delay=5, name="many"
    ),
}


@pytest.mark.filterwarnings("ignore:.*fraction")
@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        ("matrix", "floating_pt"), ("delays", "fixed_pt"),
        ("recipe", "fixed_pt"), ("drawn delays", "floating_pt"),
    ],
)  # fmt: skip
def test_sparse_connections_have_the_same_synapses_in_parts(kind: str, tag: str) -> None:
    found = []
    for placement in ("actors", {"many": 3, "goal": 2}):
        many = CONNECTIONS[kind]()
        source = PoissonSource(shape=(23,), rate=0.4, binary=True, name="noise")
        decay = 0.25 if tag == "floating_pt" else 1000
        goal = LIF(shape=many.a_out.shape, du=decay, vth=100_000, name="goal")
        source.s_out.connect(many.s_in)
        many.a_out.connect(goal.a_in)
        with goal:
            config = {"placement": placement, "seed": 3}
            goal.run(RunSteps(12), Loihi2SimCfg(select_tag=tag), config)
            weights = many.weights.get()
            seen = [goal.u.get(), many.a_buff.get(), weights.data, weights.indices, weights.indptr]
            seen += [many.delays.get().data] if isinstance(many, DelaySparse) else []
            many.weights.set(weights * 2)
            goal.run(RunSteps(3))
            found.append([x.tobytes() for x in (*seen, goal.u.get())])
            assert seen[0].any()
    assert found[0] == found[1]


POPULATIONS: dict[str, Any] = {
    "ATRLIF": lambda: ATRLIF(shape=(23,), name="cells", theta_0=0.1, theta=0.2),
    "RF": lambda: RF(shape=(23,), period=7, alpha=0.1, decay_bits=12, vth=1, name="cells"),
    "Sigma": lambda: Sigma(shape=(23,), name="cells"),
    "SigmaDelta": lambda: SigmaDelta(shape=(23,), vth=1, bias=np.arange(23), name="cells"),
    "GradedVec": lambda: GradedVec(shape=(23,), vth=1),
}


@pytest.mark.parametrize("kind", POPULATIONS)
def test_other_neurons_do_the_same_in_parts(kind: str) -> None:
    found = []
    for placement in ("actors", {"cells": 3}):
        cells = POPULATIONS[kind]()
        cells.name = "cells"
        source = PoissonSource(shape=(23,), rate=2, name="noise")
        source.s_out.connect(next(iter(cells.in_ports)))
        watch = Monitor()
        watch.probe(cells.s_out, 25)
        tag = "fixed_pt" if kind == "GradedVec" else "floating_pt"
        with cells:
            config = {"placement": placement, "seed": 3}
            cells.run(RunSteps(25), Loihi2SimCfg(select_tag=tag), config)
            sent = watch.get_data()["cells"]["s_out"]
            assert sent.any()
            found.append([x.tobytes() for x in (sent, *(var.get() for var in cells.vars))])
    assert found[0] == found[1]


CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "padded": {"padding": (2, 1)},
    "strided": {"padding": (1, 0), "stride": (2, 1)},
    "dilated": {"padding": (2, 0), "dilation": (2, 3)},
    "grouped": {"padding": 1, "groups": 2},
    "graded": {"padding": 1, "num_message_bits": 8},
}


def convolution(kind: str) -> tuple[Any, Any, Monitor]:
    """Noise, a convolution, and neurons that record what comes out."""
    numbers, given = np.random.default_rng(5), CONVOLUTIONS[kind]
    weight = numbers.integers(-9, 9, (4, 3, 3, 4 // given.get("groups", 1)))
    conv = Conv(weight=weight, input_shape=(12, 9, 4), name="conv", **given)
    goal = LIF(shape=conv.output_shape, vth=10**6, du=0, dv=0, name="goal")
    source = PoissonSource(shape=(12, 9, 4), rate=0.05, binary=kind != "graded", name="noise")
    source.s_out.connect(conv.s_in)
    conv.a_out.connect(goal.a_in)
    watch = Monitor()
    watch.probe(conv.a_out, 20)
    return conv, goal, watch


@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_a_convolution_does_the_same_in_parts(kind: str, tag: str) -> None:
    found = []
    for parts in (1, 2, 3, 5):
        conv, goal, watch = convolution(kind)
        config = {"placement": {"conv": parts, "goal": 2}, "seed": 3}
        with goal:
            goal.run(RunSteps(12), Loihi2SimCfg(select_tag=tag), config)
            seen = [conv.a_buf.get(), goal.u.get()]
            conv.weight.set(conv.weight.get() * 2)
            conv.a_buf.set(conv.a_buf.get() + 1)
            goal.run(RunSteps(8))
            sent = watch.get_data()["conv"]["a_out"]
            assert sent.any()
            assert sent.shape == (20, *conv.output_shape)
            found.append([x.tobytes() for x in (sent, *seen, goal.u.get(), conv.weight.get())])
            working = [actor.process for actor in goal.runtime.status()]
            assert parts == 1 or f"conv part {parts} of {parts}" in working
    assert all(other == found[0] for other in found)


def test_a_convolution_goes_on_in_another_number_of_parts(tmp_path: Path) -> None:
    def left(placement: dict[str, int], file: str | None) -> list[bytes]:
        conv, goal, _ = convolution("padded")
        if file is not None:
            goal.load(tmp_path / file)
        with goal:
            config = {"placement": placement, "seed": 3}
            goal.run(RunSteps(5), Loihi2SimCfg(select_tag="fixed_pt"), config)
            goal.save(tmp_path / "next")
            return [conv.a_buf.get().tobytes(), goal.u.get().tobytes()]

    left({}, None)
    whole = left({}, "next")
    left({"conv": 3}, None)
    assert left({"conv": 2}, "next") == whole


def test_a_convolution_has_no_more_parts_than_slices() -> None:
    _, goal, _ = convolution("plain")
    with pytest.raises(UnsupportedError, match=r"conv cannot be cut into 11 parts: .*10 slices"):
        goal.run(RunSteps(1), Loihi2SimCfg(), {"placement": {"conv": 11}})


def test_a_part_of_a_fixed_point_connection_has_the_sign_mode_of_all_weights() -> None:
    weights = np.array([[200, 255], [7, 3]])
    found = []
    for placement in ("actors", {"dense": 2}):
        lif, dense = LIF(shape=(2,), name="lif"), Dense(weights=weights, name="dense")
        lif.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        with lif:
            lif.run(RunSteps(1), Loihi2SimCfg(select_tag="fixed_pt"), {"placement": placement})
            found.append(dense.weights.get())
            dense.weights.init = np.array([[201, 255], [-256, 3]])
            dense.reset()
            dense.run(RunSteps(1))
            found.append(dense.weights.get())
    assert np.array_equal(found[:2], found[2:])


@pytest.mark.filterwarnings("ignore:.*is full after")
@pytest.mark.parametrize("tag", ["floating_pt", "fixed_pt"])
def test_what_comes_in_parts_is_recorded_as_it_is_from_the_whole(tag: str) -> None:
    """Few spikes and many of them, sampled Vars, some places of both."""
    found = []
    for placement in ("actors", {"clock": 3, "cells": 4}):
        clock = RegularSource(shape=(23,), period=np.arange(2, 25), amplitude=3, name="clock")
        decay = 0.5 if tag == "floating_pt" else 2048
        cells = LIF(shape=(23,), du=decay, dv=0, vth=9, name="cells")
        clock.s_out.connect(cells.a_in)
        watch, some = Monitor(name="watch"), Monitor(name="some")
        for target in (clock.s_out, cells.s_out, cells.v, cells.u):
            watch.probe(target)
            some.probe(target, 20, every=3, index=[0, 7, 8, 22])
        with cells:
            config = {"placement": placement}
            cells.run(RunSteps(30), Loihi2SimCfg(select_tag=tag), config)
            each: list[np.ndarray] = []
            for monitor in (watch, some):
                for target in (clock.s_out, cells.s_out, cells.v, cells.u):
                    each += [monitor.dense(target), *monitor.spikes(target)]
        found.append([(x.dtype, x.shape, x.tobytes()) for x in each])
        assert all(x.size for x in each)
    assert found[0] == found[1]


def test_what_the_parts_of_a_process_refuse_is_refused_as_by_the_whole() -> None:
    net = Net("fixed_pt")
    with net.lif:
        net.run(2, {"lif": 3})
        before = net.lif.v.get()
        with pytest.raises(InvalidIndexError, match=r"lif\.v: index 23 for shape \(23,\)"):
            net.lif.v.get(idx=23)
        with pytest.raises(InvalidValueError, match=r"lif\.v: expected shape \(23,\)"):
            net.lif.v.set(np.zeros(5))
        with pytest.raises(InvalidValueError, match=r"lif\.v"):
            net.lif.v.set([np.nan] * 23)
        assert np.array_equal(net.lif.v.get(), before)


WRONG: list[tuple[str, Callable[[Any], object]]] = [
    ("get", lambda var: var.get(idx=23)),
    ("get", lambda var: var.get(idx=[0, -24])),
    ("get", lambda var: var.get(idx=(1, 1))),
    ("get", lambda var: var.get(idx="a")),
    ("set", lambda var: var.set(1, idx=-24)),
    ("set", lambda var: var.set(np.zeros(5), idx=slice(0, 12))),
    ("set", lambda var: var.set([1, 2], idx=3)),
    ("set", lambda var: var.set(np.nan, idx=slice(0, 12))),
    ("set", lambda var: var.set(1j, idx=3)),
]


@pytest.mark.parametrize(("what", "wrong"), WRONG)
def test_a_part_that_is_not_there_or_does_not_fit_is_refused_in_the_same_words(
    what: str, wrong: Callable[[Any], object]
) -> None:
    texts = []
    for placement in ("actors", {"lif": 3}):
        net = Net("fixed_pt")
        with net.lif:
            net.run(2, placement)
            before = net.lif.v.get()
            with pytest.raises((IndexError, ValueError, TypeError)) as caught:
                wrong(net.lif.v)
            texts.append((caught.type, str(caught.value)))
            assert np.array_equal(net.lif.v.get(), before)
    assert texts[0] == texts[1]


ROWS_OF_23: list[tuple[Any, int]] = [
    (5, 1),
    (-1, 1),
    ((np.int64(9),), 1),
    (slice(2, 4), 1),
    (slice(6, 9), 2),
    (slice(None, None, 11), 3),
    ([0, 22, 0, -1], 2),
    (np.array([8, 1, 16]), 3),
]


@pytest.mark.parametrize(("idx", "concerned"), ROWS_OF_23)
def test_a_part_of_a_var_concerns_only_the_parts_that_have_some_of_it(
    idx: Any, concerned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    real = Network.ask

    def ask(self: Any, kind: str, payload: Any, party: int, name: str, *more: Any) -> Any:
        answer = real(self, kind, payload, party, name, *more)
        asked.append((kind, np.size(answer[0]) if kind == "get" else np.size(payload[1])))
        return answer

    monkeypatch.setattr(Network, "ask", ask)
    net = Net("floating_pt")
    with net.lif:
        net.run(2, {"lif": 3})
        expected = net.lif.v.get()
        asked.clear()
        found = net.lif.v.get(idx=idx)
        assert found.tolist() == expected[idx].tolist()
        assert np.shape(found) == np.shape(expected[idx])
        assert type(found) is type(expected[idx])
        gets = [("get", size) for _, size in asked]
        assert asked == gets
        assert (len(gets), sum(size for _, size in gets)) == (concerned, found.size)
        asked.clear()
        given = np.arange(found.size).reshape(np.shape(found))
        net.lif.v.set(given, idx=idx)
        sets = [size for kind, size in asked if kind == "set"]
        assert (len(sets), sum(sets)) == (concerned, found.size)
        expected[idx] = given
        assert np.array_equal(net.lif.v.get(), expected)


def test_the_first_axis_of_a_matrix_is_cut_and_the_others_are_selected_in_the_parts() -> None:
    net = Net("floating_pt")
    with net.lif:
        net.run(2, {"dense": 3})
        expected = net.dense.weights.get()
        for k, idx in enumerate(
            [(5, 5), (slice(1, 20, 4), 3), ([2, 0, 11], slice(0, 2)), 7, (..., 1), (slice(9), ...)]
        ):
            assert np.array_equal(net.dense.weights.get(idx=idx), expected[idx])
            net.dense.weights.set(k, idx=idx)
            expected[idx] = k
        assert np.array_equal(net.dense.weights.get(), expected)


@pytest.mark.parametrize("idx", [None, slice(None), slice(0, 20, 3), [1, 10, 20]])
def test_what_one_part_refuses_leaves_the_others_as_they_were(idx: Any) -> None:
    net = Net("fixed_pt")
    with net.lif:
        net.run(1, {"lif": 3})
        before = net.lif.bias_mant.get()
        assert before.size == 23
        given = before.copy()[slice(None) if idx is None else idx] + 1
        given[-1] = 40_000
        with pytest.raises(InvalidValueError, match=r"lif part 3 of 3.*bias_mant"):
            net.lif.bias_mant.set(given, idx=idx)
        assert np.array_equal(net.lif.bias_mant.get(), before)


CONDITIONS: dict[str, Any] = {
    "run_ahead": RunContinuous,
    "lockstep": RunContinuous,
    "until": lambda: RunUntil(lambda: False, blocking=False),
}


@pytest.mark.parametrize("how", CONDITIONS)
def test_all_parts_of_a_running_process_are_read_and_written_after_the_same_step(how: str) -> None:
    lif = LIF(shape=(12,), name="lif", du=0, dv=0, bias_mant=1, vth=1e9)
    dense = Dense(weights=np.eye(12), name="dense")
    lif.s_out.connect(dense.s_in)
    dense.a_out.connect(lif.a_in)
    config = {"placement": {"lif": 3, "dense": 2}, "schedule": None if how == "until" else how}
    with lif:
        lif.run(CONDITIONS[how](), Loihi2SimCfg(select_tag="floating_pt"), config)
        last = 0
        for base in (1e3, 1e6):
            assert np.unique(lif.v.get()).size == 1
            lif.v.set(np.full(12, base))
            found = lif.v.get()
            assert np.unique(found).size == 1
            assert found[0] >= base
            lif.v.set(0, idx=slice(5, 6))
            found = lif.v.get()
            assert np.unique(np.delete(found, 5)).size == 1
            lif.v.set(np.zeros(12))
            while lif.runtime.current_step <= last:  # it goes on after each
                lif.v.get(idx=0)
            last = lif.runtime.current_step
        lif.pause()
        assert np.unique(lif.v.get()).size == 1


def test_a_run_of_so_many_steps_ends_as_it_should_although_vars_are_read_meanwhile() -> None:
    lif = LIF(shape=(12,), name="lif", du=0, dv=0, bias_mant=1, vth=1e9)
    config = {"placement": {"lif": 3}}
    with lif:
        lif.run(RunSteps(300, blocking=False), Loihi2SimCfg(select_tag="floating_pt"), config)
        while lif.runtime.current_step < 300:
            assert np.unique(lif.v.get()).size == 1
        lif.wait()
        assert np.array_equal(lif.v.get(), np.full(12, 300))
        lif.run(RunSteps(5))
        assert np.array_equal(lif.v.get(), np.full(12, 305))


def test_an_error_names_the_part_in_which_it_happened() -> None:
    net = Net("fixed_pt")
    with net.lif:
        net.run(1, {"lif": 3})
        names = [status.process for status in net.lif.runtime.status()]
        assert names[:3] == [f"lif part {k} of 3" for k in (1, 2, 3)]
        bias = np.zeros(23)
        bias[9] = 40_000
        with pytest.raises(Exception, match="lif part 2 of 3.*bias_mant"):
            net.lif.bias_mant.set(bias)


def test_an_initial_value_that_does_not_fit_is_told_before_anything_starts() -> None:
    lif = LIF(shape=(4,), v=[1, 2, 3], name="lif")
    dense = Dense(weights=np.eye(4))
    lif.s_out.connect(dense.s_in)
    with pytest.raises(InvalidValueError, match=r"lif\.v: expected shape \(4,\)"):
        lif.run(RunSteps(1), Loihi2SimCfg(select_tag="floating_pt"), {"placement": {"lif": 2}})


def test_a_second_run_may_use_what_the_first_one_measured() -> None:
    net = Net("floating_pt")
    with net.lif:
        net.run(STEPS, {"lif": 2})
        costs = net.lif.runtime.costs()
        expected = net.found()
    assert costs.keys() == {"lif", "square", "dense", "late"} | {m.name for m in (net.spikes, net.volts)}
    assert all(0 < cost < 10 for cost in costs.values())
    again = Net("floating_pt")
    with again.lif:
        again.run(STEPS, ("cores", {"measured": costs}))
        assert [x.tobytes() for x in again.found()] == [x.tobytes() for x in expected]


def test_random_numbers_of_others_do_not_depend_on_cuts() -> None:
    found = []
    for placement in ("actors", {"lif": 3}):
        source = PoissonSource(shape=(6,), rate=0.5, name="noise")
        lif = LIF(shape=(6,), du=0, vth=1e9, name="lif")
        source.s_out.connect(lif.a_in)
        with lif:
            config = {"placement": placement, "seed": 7}
            lif.run(RunSteps(20), Loihi2SimCfg(select_tag="floating_pt"), config)
            found.append(lif.u.get())
    assert np.array_equal(*found)
    assert found[0].any()


CUTS: list[Any] = [
    "actors", {"lif": 3, "dense": 2}, {"lif": 7, "square": 2, "late": 5, "workers": 2},
]  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "kind"), [("floating_pt", LIFRefractory), ("fixed_pt", LIF)], ids=["float", "fixed"]
)
def test_a_saved_state_goes_on_in_any_number_of_parts(
    tag: str, kind: type[Any], tmp_path: Path
) -> None:
    expected: list[np.ndarray] = []
    for number, placement in enumerate(CUTS):
        net = Net(tag, kind)
        with net.lif:
            net.run(9, placement)
            net.lif.save(tmp_path / str(number))
            if not expected:
                net.lif.run(RunSteps(9))
                expected = net.found()
    for number, placement in enumerate(CUTS):
        again = Net(tag, kind)
        again.lif.load(tmp_path / str(number - 1 if number else 2))
        with again.lif:
            again.run(9, placement)
            for one, other in zip(again.found(), expected, strict=True):
                assert one.tobytes() == other.tobytes(), placement


@pytest.mark.parametrize("seed", [11, *SEEDS[3:]])
def test_a_random_network_goes_on_in_another_number_of_parts(seed: int, tmp_path: Path) -> None:
    def seen(net: Parted) -> list[bytes]:
        found = [var.get() for process in net.everybody() for var in process.vars]
        return [getattr(x, "data", x).tobytes() for x in found]

    cfg = Loihi2SimCfg(select_tag="floating_pt")
    net = Parted(seed)
    with net.lifs[0]:
        net.lifs[0].run(RunSteps(20), cfg, {"placement": net.placement(), "seed": seed})
        net.lifs[0].save(tmp_path / "paused")
        net.lifs[0].run(RunSteps(20))
        expected = seen(net)
    for placement in (net.placement(), "actors", net.placement() | {"workers": 2}):
        again = Parted(seed)
        again.lifs[0].load(tmp_path / "paused")
        with again.lifs[0]:
            again.lifs[0].run(RunSteps(20), cfg, {"placement": placement, "seed": seed})
            assert seen(again) == expected

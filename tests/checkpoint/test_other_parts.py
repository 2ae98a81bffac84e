"""A saved state goes on in any number of parts: every Process of the library that can be cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.checkpoint.recut import Merge
from lava_actor.errors import CheckpointError
from lava_actor.model.cuts import Cut, why_not
from lava_actor.proc.atrlif.process import ATRLIF
from lava_actor.proc.connectivity import Uniform, fixed_indegree
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.process import DelayDense, Dense, LearningDense
from lava_actor.proc.graded.process import GradedReluVec, GradedVec
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.learning_rules.r_stdp_learning_rule import RewardModulatedSTDP
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF, LIFRefractory, LIFReset, TernaryLIF
from lava_actor.proc.rf.process import RF
from lava_actor.proc.rf_iz.process import RF_IZ
from lava_actor.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from lava_actor.proc.sources.process import PoissonSource, RegularSource, SpikeTimes
from lava_actor.proc.sparse.process import DelaySparse, LearningSparse, Sparse
from lava_actor.protocol.rows import Rows
from tests.steps.test_every_native_step import models

SIZES = {"floating_pt": 7, "fixed_pt": 4}
#: The last but one has a neuron in each part.
CHAIN = ("actors", 2, 3, "each", "actors")
STEPS = 3
RESONATOR = {"period": 7, "alpha": 0.1, "decay_bits": 12, "vth": 1}


def numbers(n: int, low: int = -9) -> np.ndarray:
    return np.random.default_rng(3).integers(low, 9, (n, n))


def some(n: int, low: int = -9) -> sparse.csr_matrix:
    return sparse.csr_matrix(numbers(n, low) * (np.random.default_rng(4).random((n, n)) < 0.6))


def two_factor() -> Any:
    return STDPLoihi(1, 0.5, -0.25, 5, 8, t_epoch=2, rng_seed=7)


def three_factor() -> Any:
    return RewardModulatedSTDP(1, 1, -1, 10, 10, 16, 16, 0.5, t_epoch=2, rng_seed=7)


MAKE: dict[str, Callable[[int], Any]] = {
    "LIF": lambda n: LIF(shape=(n,), bias_mant=np.arange(n), vth=5),
    "LIF in two dimensions": lambda n: LIF(shape=(n, 2), bias_mant=1, vth=5),
    "LIFReset": lambda n: LIFReset(shape=(n,), reset_interval=3, bias_mant=1, vth=9),
    "LIFRefractory": lambda n: LIFRefractory(
        shape=(n,), refractory_period=2, bias_mant=np.arange(n), vth=3
    ),
    "TernaryLIF": lambda n: TernaryLIF(shape=(n,), vth_lo=-3, vth_hi=3, bias_mant=np.arange(n) - 2),
    "ATRLIF": lambda n: ATRLIF(shape=(n,), theta_0=1, theta=2),
    "RF": lambda n: RF(shape=(n,), **RESONATOR),
    "RF_IZ": lambda n: RF_IZ(shape=(n,), **RESONATOR),
    "GradedVec": lambda n: GradedVec(shape=(n,), vth=1),
    "GradedReluVec": lambda n: GradedReluVec(shape=(n,), vth=1),
    "Sigma": lambda n: Sigma(shape=(n,)),
    "Delta": lambda n: Delta(shape=(n,), vth=1, cum_error=True),
    "SigmaDelta": lambda n: SigmaDelta(
        shape=(n,), vth=1, bias=np.arange(n), act_mode=ActivationMode.RELU, cum_error=True
    ),
    "PoissonSource": lambda n: PoissonSource(shape=(n,), rate=0.7),
    "PoissonSource of many rates": lambda n: PoissonSource(
        shape=(n,), rate=np.linspace(0, 60, n), seed=3
    ),
    "RegularSource": lambda n: RegularSource(shape=(n,), period=np.arange(n) % 3 + 1),
    "SpikeTimes": lambda n: SpikeTimes(times=[[k + 1, k + 5, 9, 14] for k in range(n)]),
    "Dense": lambda n: Dense(weights=numbers(n), num_message_bits=8),
    "DelayDense": lambda n: DelayDense(weights=numbers(n), delays=abs(numbers(n)) % 5),
    "DelayDense with one delay": lambda n: DelayDense(weights=numbers(n), delays=2, max_delay=n),
    "Sparse": lambda n: Sparse(weights=some(n)),
    "Sparse by recipe": lambda n: Sparse(weights=fixed_indegree((n, n), 2, weight=2.0)),
    "DelaySparse": lambda n: DelaySparse(weights=some(n), delays=3),
    "DelaySparse with delays elsewhere": lambda n: DelaySparse(
        weights=sparse.eye(n, format="csr"), delays=sparse.csr_matrix(np.diag(np.arange(n) % 3))
    ),
    "DelaySparse by recipe": lambda n: DelaySparse(
        weights=fixed_indegree((n, n), 2, weight=2.0), delays=Uniform(0, 3)
    ),
    "LearningDense": lambda n: LearningDense(
        weights=numbers(n, 0), tag_1=numbers(n, 0), learning_rule=two_factor()
    ),
    "LearningDense of three factors": lambda n: LearningDense(
        weights=numbers(n, 0), learning_rule=three_factor()
    ),
    "LearningSparse": lambda n: LearningSparse(weights=some(n, 0), learning_rule=two_factor()),
    "LearningSparse of three factors": lambda n: LearningSparse(
        weights=some(n, 0), tag_1=some(n, 0), learning_rule=three_factor()
    ),
    "Conv": lambda n: Conv(
        weight=np.arange(36).reshape(2, 3, 3, 2) % 7 - 3, input_shape=(n, n, 2), padding=1
    ),
}
# One slice for each part, and as many channels: caches look like rows.
MAKE["Conv of one column"] = lambda n: Conv(
    weight=np.arange(2 * n).reshape(n, 1, 1, 2) % 5 - 2, input_shape=(n, 1, 2)
)
OF = {name: type(make(4)) for name, make in MAKE.items()}
TAGS = {
    (name, tag)
    for name, process in OF.items()
    for model in models()
    if model.implements_process is process
    for tag in SIZES
    if tag in model.tags
}


def test_nothing_of_the_library_that_can_be_cut_is_missing() -> None:
    assert {m.implements_process for m in models() if why_not(m) is None} == set(OF.values())


class Net:
    """The Process between sources and sinks."""

    def __init__(self, name: str, tag: str) -> None:
        self.process = MAKE[name](SIZES[tag])
        self.process.name = "process"
        given = np.random.default_rng(1)
        for port in self.process.in_ports:
            Source(data=given.integers(0, 2, (*port.shape, 11))).s_out.connect(port)
        self.sinks = []
        for port in self.process.out_ports:
            self.sinks.append(Sink(shape=port.shape, buffer=STEPS * len(CHAIN), name=port.name))
            port.connect(self.sinks[-1].a_in)

    def seen(self) -> dict[str, bytes]:
        found = {var.name: var.get() for var in self.process.vars}
        found |= {f"sent by {sink.name}": sink.data.get() for sink in self.sinks}
        return {
            name: np.asarray(value.toarray() if sparse.issparse(value) else value).tobytes()
            for name, value in found.items()
        }


@pytest.mark.parametrize(("name", "tag"), sorted(TAGS))
def test_it_goes_on_as_if_it_had_not_been_saved(name: str, tag: str, tmp_path: Path) -> None:
    cfg, file = Loihi2SimCfg(select_tag=tag), tmp_path / "saved"
    straight = Net(name, tag)
    with straight.process as process:
        process.run(RunSteps(STEPS * len(CHAIN)), cfg, {"seed": 5})
        expected = straight.seen()
    for number, parts in enumerate(CHAIN):
        net = Net(name, tag)
        if parts == "each":
            parts = SIZES[tag]
        placement = parts if parts == "actors" else {"process": parts}
        if number:
            net.process.load(file)
        with net.process as process:
            seed = {} if number else {"seed": 5}
            process.run(RunSteps(STEPS), cfg, {"placement": placement, **seed})
            process.save(file)
            found = net.seen()
    assert found == expected


def merge_of(made: Any, parts: str, own: Rows | None = None) -> Merge:
    """Of parts with so many rows each."""
    ends = np.cumsum([0, *(int(n) for n in parts)])
    rows = [Rows(int(a), int(b), int(ends[-1])) for a, b in pairwise(ends)]
    return Merge(rows, own, Cut("s_out", ("v", "row"), remade=("found",)), {}, made)


def merged(old: list[Any], made: Any, *, parts: str = "23", own: Rows | None = None) -> Any:
    """What becomes of an attribute of parts with so many rows each."""
    merge = merge_of(made, parts, own)
    return merge.state([{"row" if name == "row" else "held": x} for name, x in old])


def test_what_has_rows_is_divided_and_what_has_none_is_the_same_for_all() -> None:
    zeros = np.zeros
    pair = [("held", np.arange(2)), ("held", np.arange(3))]
    assert merged(pair, {})["held"].tolist() == [0, 1, 0, 1, 2]
    assert merged(pair, {"held": zeros((5, 1))})["held"].shape == (5, 1)
    taps = [("held", np.array([1.0, 2.0]))] * 2
    assert merged(taps, {"held": zeros(2)})["held"].tolist() == [1, 2]
    assert merged(taps, {"held": zeros(2)}, parts="23")["held"].tolist() == [1, 2]
    ones = [("held", zeros(1))] * 5
    assert merged(ones, {"held": zeros(5)}, parts="11111")["held"].shape == (5,)
    assert merged(ones, {"held": zeros(1)}, parts="11111")["held"].shape == (1,)
    rows = [("row", zeros(1))] * 5
    assert merged(rows, {}, parts="11111")["row"].shape == (5,)


@pytest.mark.parametrize(
    ("old", "made", "parts"),
    [
        ([("held", np.zeros(2)), ("held", np.ones(2))], {}, "23"),
        ([("held", 3), ("held", 4)], {"held": 3}, "23"),
        ([("held", np.zeros(1))] * 5, {}, "11111"),
        ([("held", np.arange(2))] * 2, {}, "22"),
        ([("held", np.zeros((3, 2)))] * 2, {"held": np.zeros((3, 4))}, "22"),
        ([("held", [0.0] * 2)] * 2, {"held": [0.0] * 4}, "22"),
        ([("held", (0, 0))] * 2, {}, "22"),
    ],
)
def test_what_is_not_clear_is_an_error(old: Any, made: Any, parts: str) -> None:
    with pytest.raises(CheckpointError, match=r"held differs between the parts.*`divided`"):
        merged(old, made, parts=parts)


def test_an_attribute_of_some_parts_only_is_an_error_that_names_it() -> None:
    with pytest.raises(CheckpointError, match=r"only some of its parts in the file have \['held'"):
        merged([("held", 1), ("row", np.zeros(3))], {})


@pytest.mark.parametrize(
    ("kept", "made"),
    [
        ([0.0] * 5, [0.0] * 2),
        (tuple(range(5)), (0, 1)),
        (deque([0] * 5), deque([0] * 2)),
        (dict.fromkeys(range(5)), {}),
        ({"last": [0] * 5}, {"last": [0] * 2}),
        ({"last": np.zeros(5)}, {"last": np.zeros(2)}),
        (sparse.eye(5, format="csr"), sparse.csr_matrix((2, 5))),
        ([0] * 5, None),
    ],
)
def test_a_container_with_an_entry_per_neuron_is_given_to_no_part(kept: Any, made: Any) -> None:
    own = Rows(0, 2, 5)
    with pytest.raises(CheckpointError, match=r"held differs .* or may have a row for each"):
        merged([("held", kept)], {"held": made}, parts="5", own=own)
    assert merged([("held", kept)], {"held": kept}, parts="5", own=own)["held"] is kept


SHARED: dict[str, Callable[[np.ndarray], Any]] = {
    "the same": lambda v: v,
    "all of it": lambda v: v[:],
    "flat": lambda v: v.reshape(-1),
}


@pytest.mark.parametrize("share", SHARED.values(), ids=SHARED)
@pytest.mark.parametrize(
    ("parts", "own"), [("23", None), ("5", Rows(1, 3, 5)), ("23", Rows(1, 3, 5))]
)
def test_attributes_that_share_an_array_share_that_of_other_parts(
    share: Callable[[np.ndarray], Any], parts: str, own: Rows | None
) -> None:
    arrays = [np.random.default_rng(n).random((n, 1)) for n in map(int, parts)]
    states: list[dict[str, object]] = [{"v": v, "row": share(v)} for v in arrays]
    found: dict[str, Any] = merge_of({}, parts, own).state(states)
    rows = slice(None) if own is None else slice(own.first, own.end)
    assert found["v"].tolist() == np.concatenate(arrays)[rows].tolist()
    assert found["row"].shape == share(found["v"]).shape
    assert (found["row"] is found["v"]) == (states[0]["row"] is states[0]["v"])
    found["row"] += 1
    assert found["v"].tolist() == (np.concatenate(arrays)[rows] + 1).tolist()


NOT_SHARED: dict[str, Callable[[np.ndarray], Any]] = {
    "backwards": lambda v: v[::-1],
    "a part": lambda v: v[:1],
    "in a list": lambda v: [v[:1]],
    "in an object": lambda v: partial(np.add, v[:1]),
}


@pytest.mark.parametrize("share", NOT_SHARED.values(), ids=NOT_SHARED)
def test_what_cannot_share_an_array_of_other_parts_is_an_error_that_names_both(
    share: Callable[[np.ndarray], Any],
) -> None:
    v, made = np.zeros((5, 1)), {"held": share(np.zeros((2, 1)))}
    with pytest.raises(CheckpointError, match="held and v share all of an array, in one order"):
        merge_of(made, "5", Rows(1, 3, 5)).state([{"v": v, "held": share(v)}])


def test_attributes_that_shared_an_array_in_some_parts_only_are_an_error() -> None:
    v, other = np.zeros(2), np.zeros(3)
    with pytest.raises(CheckpointError, match="row and v share all of an array"):
        merge_of({}, "23").state([{"v": v, "row": v}, {"v": other, "row": other.copy()}])

"""What delayed sparse connections hold back is the same in lists, in a line, and in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lava_actor import Loihi2SimCfg, RunSteps
from lava_actor.proc.connectivity import Uniform, fixed_total_number
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sources.process import SpikeTimes
from lava_actor.proc.sparse.models import PyDelaySparseModelBitAcc, PyDelaySparseModelFloat
from lava_actor.proc.sparse.process import DelaySparse

N, STEPS = 64, 420
# Quiet, then every neuron in every step, then quiet: lists, a line, lists.
TIMES = [
    [*range(1 + k, 120, 23), *range(130, 280), *range(300 + k, STEPS, 31)] for k in range(N)
]


class SlowFloat(PyDelaySparseModelFloat):
    def run_spk(self) -> None:
        super().run_spk()


class SlowFixed(PyDelaySparseModelBitAcc):
    def run_spk(self) -> None:
        super().run_spk()


def connection(kind: str, rows: int = N, share: float = 0.2) -> DelaySparse:
    places = sparse.random(rows, N, share, "csr", rng=np.random.default_rng(4))
    draw = {"one": 1, "few": 9, "many": 100_000, "graded": 7, "fixed": 7, "shifted": 7}[kind]
    numbers = np.random.default_rng(draw)
    places.data = numbers.integers(1, draw + 1, places.nnz) * (1 if "fix" in kind else 0.1)
    if kind == "shifted":
        places.data = np.round(places.data * 50)
    late = places.copy()
    late.data = numbers.integers(0, 12, places.nnz)
    more = {"num_message_bits": 8} if kind == "graded" else {}
    more |= {"weight_exp": -1} if kind == "shifted" else {}
    return DelaySparse(weights=places, delays=late.astype(int), name="late", **more)


def story(
    kind: str, *, slow: bool, pauses: int, watched: bool = False, rows: int = N, share: float = 0.2
) -> list[bytes]:
    tag = "fixed_pt" if kind in ("fixed", "shifted") else "floating_pt"
    model: Any = SlowFixed if tag == "fixed_pt" else SlowFloat
    late = connection(kind, rows, share)
    source = SpikeTimes(times=TIMES, amplitude=3 if kind == "graded" else 1, name="spikes")
    goal = LIF(shape=(rows,), du=0.3 if tag == "floating_pt" else 900, vth=10**6, name="goal")
    source.s_out.connect(late.s_in)
    late.a_out.connect(goal.a_in)
    monitor = Monitor()
    if watched:
        monitor.probe(late.a_buff)
    exceptions = {DelaySparse: model} if slow else {}
    with goal:
        cfg = Loihi2SimCfg(select_tag=tag, exception_proc_model_map=exceptions)
        found = []
        for k in range(pauses):
            goal.run(RunSteps(STEPS // pauses), cfg)
            if k == 1:
                late.a_buff.set(late.a_buff.get() * 2)
            if k == 2:
                late.weights.set(late.weights.get() * 2)
            found += [late.a_buff.get().tobytes(), goal.u.get().tobytes()]
        assert goal.u.get().any()
    return found


@pytest.mark.parametrize("kind", ["one", "few", "many", "graded", "fixed", "shifted"])
def test_lists_and_lines_of_delays_hold_the_same(kind: str) -> None:
    assert story(kind, slow=False, pauses=5) == story(kind, slow=True, pauses=5)


@pytest.mark.parametrize("rows", [3000, 8000], ids=["rows of 16 bits", "rows with codes"])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.1], ids=["notes", "few rows", "many rows"])
@pytest.mark.parametrize("kind", ["one", "few", "many", "graded", "fixed"])
def test_hundreds_of_synapses_for_a_step_are_all_there_in_order(
    kind: str, share: float, rows: int
) -> None:
    """As events where few of the rows get something, and as a whole message otherwise."""
    wide: Any = {"rows": rows, "share": share, "pauses": 3}
    assert story(kind, slow=False, **wide) == story(kind, slow=True, **wide)


@pytest.mark.parametrize("recipe", [True, False], ids=["recipe", "matrix"])
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "taken by nobody"])
def test_several_synapses_of_two_neurons_keep_their_delays(recipe: bool, taken: bool) -> None:
    """One and a half for each pair, hundreds of a column in each step."""
    made = fixed_total_number((600, N), 900 * N, weight=Uniform(0.1, 0.9), seed=5)
    weights = made if recipe else made.matrix(5)

    def stepped(model: type) -> list[bytes]:
        late: Any = Uniform(0, 5)
        if not recipe:
            late = weights.copy()
            late.data = np.random.default_rng(6).integers(0, 6, late.nnz).astype(float)
        connection = DelaySparse(weights=weights, delays=late.astype(int) if not recipe else late)
        source, goal = SpikeTimes(times=[t[:6] for t in TIMES]), LIF(shape=(600,), vth=1e9)
        source.s_out.connect(connection.s_in)
        if taken:
            connection.a_out.connect(goal.a_in)
        found = []
        with connection:
            cfg = Loihi2SimCfg(
                select_tag="floating_pt", exception_proc_model_map={DelaySparse: model}
            )
            for _ in range(4):
                connection.run(RunSteps(25), cfg)
                found += [connection.a_buff.get().tobytes()]
                found += [goal.u.get().tobytes()] if taken else []
            got = connection.weights.get(), connection.delays.get()
        pairs = [sorted(zip(m.indices, d.data, m.data, strict=True)) for m, d in [got]]
        return [*found, repr(pairs).encode()]

    assert stepped(PyDelaySparseModelFloat) == stepped(SlowFloat)


@pytest.mark.parametrize("weights_too", [False, True], ids=["line", "line and weights"])
def test_who_gives_the_model_a_line_throws_away_what_was_under_way(weights_too: bool) -> None:
    rng = np.random.default_rng(1)
    dense = rng.random((200, 20))
    late = rng.integers(0, 12, dense.shape)

    class Clears(PyDelaySparseModelFloat):
        def post_guard(self) -> bool:
            return self.time_step == 8

        def run_post_mgmt(self) -> None:
            self.a_buff = np.zeros((200, 12))
            if weights_too:
                self.weights = sparse.csr_matrix(1 - dense)
                self.delays = sparse.csr_matrix(np.where(late > 5, 1, 2))

    class ClearsInPython(Clears):
        def run_spk(self) -> None:
            super().run_spk()

    def stepped(model: type) -> list[bytes]:
        delays = sparse.csr_matrix(dense)
        delays.data = late.ravel()
        connection = DelaySparse(weights=sparse.csr_matrix(dense), delays=delays)
        source = SpikeTimes(times=[[5 + k % 3, 12] for k in range(20)])
        goal = LIF(shape=(200,), vth=1e9)
        source.s_out.connect(connection.s_in)
        connection.a_out.connect(goal.a_in)
        cfg = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map={DelaySparse: model})
        found = []
        with goal:
            for steps in (8, 3, 20):
                goal.run(RunSteps(steps), cfg)
                found.append(goal.u.get().tobytes())
        return found

    assert stepped(Clears) == stepped(ClearsInPython)


def test_spikes_of_thin_columns_are_noted_whatever_others_have() -> None:
    """On average a column has much to do in a step, but not those that spike."""
    dense, late = np.zeros((4000, 60)), np.zeros((4000, 60), int)
    dense[:, :20] = 1
    late[:, :20] = np.arange(4000)[:, None] % 250
    thin = np.arange(20, 60)
    dense[thin, thin], late[thin, thin] = 0.1 * thin, 250

    def stepped(model: type) -> bytes:
        connection = DelaySparse(
            weights=sparse.csr_matrix(dense), delays=sparse.csr_matrix(late), max_delay=250
        )
        times = [[] if k < 20 else [*range(2 + k % 20, 600, 20)] for k in range(60)]
        source, goal = SpikeTimes(times=times), LIF(shape=(4000,), vth=1e9)
        source.s_out.connect(connection.s_in)
        connection.a_out.connect(goal.a_in)
        cfg = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map={DelaySparse: model})
        with goal:
            goal.run(RunSteps(700), cfg)
            return goal.u.get().tobytes() + connection.a_buff.get().tobytes()

    assert stepped(PyDelaySparseModelFloat) == stepped(SlowFloat)


def test_it_makes_no_difference_whether_somebody_looks_at_what_is_due() -> None:
    alone = story("few", slow=False, pauses=1)
    assert alone == story("few", slow=False, pauses=1, watched=True)
    assert alone[-2:] == story("few", slow=True, pauses=1)[-2:]

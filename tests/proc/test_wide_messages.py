"""Fixed-point models and senders of int64: what comes in 64 bits is computed with in 64 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from lava_actor import (
    CPU,
    AbstractProcess,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunSteps,
    implements,
    requires,
)
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.conv_in_time.process import ConvInTime
from lava_actor.proc.dense.process import DelayDense, Dense, LearningDense
from lava_actor.proc.io.encoder import DeltaEncoder
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.learning_rules.stdp_learning_rule import STDPLoihi
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.prodneuron.process import ProdNeuron
from lava_actor.proc.sdn.process import Delta, Sigma, SigmaDelta
from lava_actor.proc.sparse.process import DelaySparse, LearningSparse, Sparse

STEPS = 4


class Wide(AbstractProcess):
    """Sends rows of int64, or of double precision, as given."""

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__(rows=rows)
        self.out = OutPort(shape=rows.shape[1:])


class SendsRows(PyLoihiProcessModel):
    out: PyOutPort

    def run_spk(self) -> None:
        rows = self.proc_params["rows"]
        self.out.send(rows[(self.time_step - 1) % len(rows)])


@implements(proc=Wide, protocol=LoihiProtocol)
@requires(CPU)
class PyWide(SendsRows):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)


class Whole(Wide):
    """Sends them in double precision."""


@implements(proc=Whole, protocol=LoihiProtocol)
@requires(CPU)
class PyWhole(SendsRows):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)


def run(process: AbstractProcess, steps: int = STEPS) -> None:
    process.run(RunSteps(steps), Loihi2SimCfg(select_tag="fixed_pt"))


RNG = np.random.default_rng(13)
WEIGHTS = 2 * RNG.integers(-64, 64, size=(5, 300))
ROWS = RNG.integers(-(2**30), 2**30, size=(STEPS, 300))
ROWS[:, ::2] = 0
RULE = STDPLoihi(learning_rate=1, A_plus=1, A_minus=-1, tau_plus=10, tau_minus=10, t_epoch=4)
KINDS: dict[str, Any] = {
    "Dense": lambda **kw: Dense(weights=WEIGHTS, **kw),
    "Sparse": lambda **kw: Sparse(weights=csr_matrix(WEIGHTS), **kw),
    "Sparse of one value": lambda **kw: Sparse(weights=csr_matrix(np.full((5, 300), 100)), **kw),
    "DelayDense": lambda **kw: DelayDense(weights=WEIGHTS, delays=0, **kw),
    "DelaySparse": lambda **kw: DelaySparse(weights=csr_matrix(WEIGHTS), delays=0, **kw),
    "LearningDense": lambda **kw: LearningDense(weights=WEIGHTS, learning_rule=RULE, **kw),
    "LearningSparse": lambda **kw: LearningSparse(
        weights=csr_matrix(WEIGHTS), learning_rule=RULE, **kw
    ),
}


@pytest.mark.filterwarnings("ignore:.*s_in_bap. nothing is connected")
@pytest.mark.parametrize(
    ("kind", "exponent", "sender"),
    [*((kind, -12, Wide) for kind in KINDS), ("Dense", -40, Whole), ("Sparse", 3, Wide)],
)
def test_connections_sum_up_in_64_bits_before_they_shift(
    kind: str, exponent: int, sender: type[Wide]
) -> None:
    connection = KINDS[kind](num_message_bits=24, weight_exp=exponent)
    source, sink = sender(ROWS), Sink(shape=(5,), buffer=STEPS)
    source.out.connect(connection.s_in)
    connection.a_out.connect(sink.a_in)
    run(sink)
    weights = connection.weights.get()
    got = sink.data.get()
    sink.stop()
    if hasattr(weights, "toarray"):
        weights = weights.toarray()
    exact = weights.astype(object) @ ROWS.T.astype(object) * 2 ** max(exponent, 0)
    exact = exact // 2 ** max(-exponent, 0)  # Python's integers
    assert exponent > 0 or abs(exact).max() < 2**31
    np.testing.assert_array_equal(got[:, 1:], exact.astype(np.int64)[:, :-1].astype(np.int32))


def test_a_delay_does_not_narrow_what_it_holds_back() -> None:
    delays = np.array([[0, 2]])
    connection = DelayDense(
        weights=np.array([[100, 60]]), delays=delays, num_message_bits=24, weight_exp=-12
    )
    rows = np.zeros((4, 2), np.int64)
    rows[0] = 2**28
    source, sink = Wide(rows), Sink(shape=(1,), buffer=4)
    source.out.connect(connection.s_in)
    connection.a_out.connect(sink.a_in)
    run(sink)
    assert sink.data.get().tolist() == [[0, 100 * 2**16, 0, 60 * 2**16]]
    sink.stop()


def test_a_convolution_is_exact_in_its_24_bits() -> None:
    image = RNG.integers(-(2**30), 2**30, size=(1, 3, 3, 1))
    kernel = RNG.integers(-100, 100, size=(1, 2, 2, 1))
    connection = Conv(weight=kernel, input_shape=(3, 3, 1), num_message_bits=24)
    source, sink = Wide(image), Sink(shape=(2, 2, 1), buffer=2)
    source.out.connect(connection.s_in)
    connection.a_out.connect(sink.a_in)
    run(sink, 2)
    got = sink.data.get()[..., 0, 1]
    sink.stop()
    for a, b in np.ndindex(2, 2):
        patch = image[0, a : a + 2, b : b + 2, 0][::-1, ::-1]
        exact = int((patch.astype(object) * kernel[0, ..., 0]).sum())
        assert got[a, b] == (exact + 2**23) % 2**24 - 2**23


def test_lif_shifts_its_input_in_64_bits() -> None:
    source, cells = Wide(np.array([[2**25 + 2**10, 5]])), LIF(shape=(2,), du=0, dv=0, vth=2**17)
    source.out.connect(cells.a_in)
    run(cells, 1)
    assert cells.u.get().tolist() == [(2**25 + 2**10) * 64 - 2**24, 320]
    assert cells.v.get().tolist() == [2**23 - 1, 320]
    cells.stop()


def test_sigma_keeps_a_sum_that_needs_64_bits() -> None:
    source, sigma = Wide(np.array([[2**31 - 1]])), Sigma(shape=(1,))
    source.out.connect(sigma.a_in)
    run(sigma)
    assert sigma.sigma.get().tolist() == [4 * (2**31 - 1)]
    sigma.stop()


def delta(**kwargs: Any) -> tuple[AbstractProcess, Any, Any]:
    process = Delta(vth=10, **kwargs)
    return process, process.a_in, process.s_out


def encoder(**kwargs: Any) -> tuple[AbstractProcess, Any, Any]:
    process = DeltaEncoder(vth=10, **kwargs)
    return process, process.a_in, process.s_out


@pytest.mark.parametrize("make", [delta, encoder])
def test_changes_of_wide_values_are_exact(make: Any) -> None:
    values = np.array([[2**31 + 5], [2**31 + 100], [2**31 + 105], [2**31 + 111]])
    source, sink = Wide(values - 2**31 * np.array([[1], [0], [0], [0]])), Sink(shape=(1,), buffer=5)
    process, a_in, s_out = make(shape=(1,))
    source.out.connect(a_in)
    s_out.connect(sink.a_in)
    run(sink, 5)
    got = sink.data.get()[0].tolist()
    act = process.act.get().tolist()
    sink.stop()
    late = make is encoder
    assert got[2 + late : 4 + late] == [0, 11]
    assert act == [5]  # the fifth step begins again


def test_sigma_delta_keeps_its_state_in_64_bits() -> None:
    source = Wide(np.array([[2**31 - 1]]))
    cells = SigmaDelta(shape=(1,), vth=1)
    source.out.connect(cells.a_in)
    run(cells, 3)
    assert cells.act.get().tolist() == [3 * (2**31 - 1)]
    cells.stop()


def test_a_product_is_shifted_after_it_was_made_in_64_bits() -> None:
    one, two = Wide(np.array([[2**24]])), Wide(np.array([[2**20 + 1]]))
    product, sink = ProdNeuron(shape=(1,), exp=20), Sink(shape=(1,), buffer=1)
    one.out.connect(product.a_in1)
    two.out.connect(product.a_in2)
    product.s_out.connect(sink.a_in)
    run(sink, 1)
    assert sink.data.get().tolist() == [[2**24 + 2**4]]
    sink.stop()


def test_a_sink_keeps_what_needs_64_bits() -> None:
    source, sink = Wide(np.array([[7], [2**40]])), Sink(shape=(1,), buffer=4)
    source.out.connect(sink.a_in)
    run(sink)
    assert sink.data.get().tolist() == [[7, 2**40, 7, 2**40]]
    sink.stop()


def test_an_identity_keeps_what_needs_64_bits() -> None:
    source, relay = Wide(np.array([[2**40]])), IdBroadcast(shape=(1,))
    source.out.connect(relay.a_in)
    run(relay, 1)
    assert relay.val.get().tolist() == [2**40]
    relay.stop()


def test_connections_in_time_are_exact_in_double_precision() -> None:
    source = Wide(np.array([[2**40 + 3]]))
    connection = ConvInTime(weights=np.full((2, 1, 1), 100), num_message_bits=24)
    sink = Sink(shape=(1,), buffer=3)
    source.out.connect(connection.s_in)
    connection.a_out.connect(sink.a_in)
    run(sink, 3)
    once = 100 * (2**40 + 3)
    assert sink.data.get().tolist() == [[0, once, 2 * once]]
    sink.stop()

"""A burst is a faster way to do the same: native steps against the model's own Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lava_actor.channels import Arena, plan_arena
from lava_actor.errors import LavaActorWarning
from lava_actor.kernels.steps import ASKED, DECIDE, DONE, Burst, PartBurst, StepBurst
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.conv_in_time.process import ConvInTime
from lava_actor.proc.dense.models import PyDenseModelFloat
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF, LIFRefractory
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from tests.channels.conftest import child
from tests.steps.conftest import Bench

STEPS = 12
N_IN, N_OUT = 70, 40  # more than the 256 bytes below which no message is compressed

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lif_float() -> LIF:
    rng = np.random.default_rng(1)
    return LIF(
        shape=(N_IN,), u=rng.normal(size=N_IN), v=rng.normal(size=N_IN), du=0.3, dv=0.1, vth=1.5,
        bias_mant=rng.uniform(-1, 2, N_IN),
    )  # fmt: skip


def lif_fixed() -> LIF:
    rng = np.random.default_rng(2)
    return LIF(
        shape=(7, 10), du=300, dv=77, vth=90, bias_mant=rng.integers(-50, 200, (7, 10)),
        bias_exp=rng.integers(0, 7, (7, 10)),
    )  # fmt: skip


def weights(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-100, 100, (N_OUT, N_IN)) * (rng.random((N_OUT, N_IN)) < 0.4)


def dense(bits: int, exponent: int) -> Dense:
    return Dense(weights=weights(np.random.default_rng(3)), num_message_bits=bits,
                 weight_exp=exponent)  # fmt: skip


def sparse(values: str) -> Callable[[int, int], Sparse]:
    def make(bits: int, exponent: int) -> Sparse:
        found = weights(np.random.default_rng(3)).astype(float)
        if values == "one value":
            found[found != 0] = 7
        elif values == "many values":  # more than 256 different ones, for floating point
            found[found != 0] += np.random.default_rng(4).random(np.count_nonzero(found))
        return Sparse(weights=scipy.sparse.csr_matrix(found), num_message_bits=bits,
                      weight_exp=exponent)  # fmt: skip

    return make


POPULATIONS = {"floating_pt": lif_float, "fixed_pt": lif_fixed}
def late(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 5, (N_OUT, N_IN))


def delay_dense(one: int | None = None) -> Callable[[int, int], DelayDense]:
    def make(bits: int, exponent: int) -> DelayDense:
        rng = np.random.default_rng(3)
        found = weights(rng)
        delays = late(rng) if one is None else np.full(found.shape, one)
        return DelayDense(weights=found, delays=delays, max_delay=5,
                          num_message_bits=bits, weight_exp=exponent)  # fmt: skip

    return make


def delay_sparse(bits: int, exponent: int) -> DelaySparse:
    rng = np.random.default_rng(3)
    found = weights(rng)
    delays = np.where(found, late(rng) + 1, 0)
    return DelaySparse(
        weights=scipy.sparse.csr_matrix(found), delays=scipy.sparse.csr_matrix(delays),
        max_delay=5, num_message_bits=bits, weight_exp=exponent,
    )  # fmt: skip


def conv(bits: int, exponent: int) -> Conv:
    kernel = np.random.default_rng(3).integers(-100, 100, (4, 3, 2, 1))
    return Conv(weight=kernel, input_shape=(7, 5, 2), padding=(1, 0), stride=(2, 1), groups=2,
                num_message_bits=bits)  # fmt: skip


def in_time(bits: int, exponent: int) -> ConvInTime:
    kernel = np.random.default_rng(3).integers(-100, 100, (3, N_OUT, N_IN))
    return ConvInTime(weights=kernel, num_message_bits=bits)


CONNECTIONS = {
    "convolution": conv,
    "convolution in time": in_time,
    "dense, delays": delay_dense(),
    "dense, one delay": delay_dense(3),
    "sparse, delays": delay_sparse,
    "dense": dense,
    "sparse, one value": sparse("one value"),
    "sparse, few values": sparse("few values"),
    "sparse, many values": sparse("many values"),
}


def feed(bench: Bench, kinds: list[str], seed: int, share: float, *, disorder: bool) -> None:
    """STEPS messages from each feeder, the same for the same seed."""
    rng = np.random.default_rng(seed)
    for writer, kind in zip(bench.feeds, kinds, strict=True):
        for _ in range(STEPS):
            message = rng.integers(-3, 4, writer.shape) * (rng.random(writer.shape) < share)
            if rng.random() < 0.3:
                message = (message != 0).astype(int)
            if "events" in kind:
                indices = np.flatnonzero(message)
                values = message.reshape(-1)[indices]
                if disorder and indices.size > 1:
                    indices, values = indices[::-1], values[::-1]
                    indices[0] = indices[-1]  # twice the same
                writer.send_events(values, indices)
            elif kind == "float" and rng.random() < 0.3:
                writer.send(message * -0.5)  # has zeros with a sign
            else:
                writer.send(message)


def do_natively(bench: Bench) -> Burst:
    burst = bench.burst()
    for cut in (1, 5, STEPS):
        bench.clock.raise_horizon(cut)
        assert burst.run(bench.party.mailbox, 0) == DONE
        assert bench.party.done == bench.model.time_step == cut
    return burst


def do_in_python(bench: Bench) -> None:
    for step in range(1, STEPS + 1):
        bench.model.time_step = step
        bench.model.run_spk()


def assert_same(one: Bench, other: Bench) -> None:
    sent, wanted = one.messages(), other.messages()
    assert len(sent) == len(wanted) == STEPS
    for mine, theirs in zip(sent, wanted, strict=True):
        assert mine.tobytes() == theirs.tobytes()
    state, wanted_state = one.state(), other.state()
    assert state.keys() == wanted_state.keys()
    for name, value in state.items():
        want = wanted_state[name]
        if scipy.sparse.issparse(value):
            value, want = value.toarray(), want.toarray()
        assert np.asarray(value).dtype == np.asarray(want).dtype, name
        assert np.shape(value) == np.shape(want), name
        assert np.asarray(value).tobytes() == np.asarray(want).tobytes(), name


# -- same arithmetic, same messages ------------------------------------------------------------


def assert_natively_as_in_python(
    pair: list[Any], kinds: list[str], seed: int, share: float, disorder: bool
) -> None:
    native, plain = pair
    for one in pair:
        feed(one, kinds, seed, share, disorder=disorder)
    assert do_natively(native).native_steps == STEPS
    do_in_python(plain)
    assert_same(native, plain)


@pytest.mark.parametrize("kinds", [[], ["float"], ["int"], ["bool"], ["float events"],
                                   ["float", "int events", "bool"]], ids=" + ".join)  # fmt: skip
@QUICK
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.03, 0.3, 1.0]),
       disorder=st.booleans())  # fmt: skip
def test_floating_point_neurons_do_natively_what_they_do_in_python(
    bench: Any, kinds: list[str], seed: int, share: float, disorder: bool
) -> None:
    pair = [bench(lif_float(), "a_in", "s_out", kinds, "floating_pt") for _ in range(2)]
    assert_natively_as_in_python(pair, kinds, seed, share, disorder)


@pytest.mark.parametrize("kinds", [[], ["int"], ["int events"], ["int", "bool", "int"]],
                         ids=" + ".join)  # fmt: skip
@QUICK
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.03, 0.3, 1.0]),
       disorder=st.booleans())  # fmt: skip
def test_fixed_point_neurons_do_natively_what_they_do_in_python(
    bench: Any, kinds: list[str], seed: int, share: float, disorder: bool
) -> None:
    pair = [bench(lif_fixed(), "a_in", "s_out", kinds, "fixed_pt") for _ in range(2)]
    assert_natively_as_in_python(pair, kinds, seed, share, disorder)


@pytest.mark.parametrize("make", CONNECTIONS.values(), ids=CONNECTIONS)
@pytest.mark.parametrize("select", ["floating_pt", "fixed_pt"])
@pytest.mark.filterwarnings("ignore:.*lose their fraction")
@QUICK
@given(
    kinds=st.sampled_from([["float"], ["int"], ["bool"], ["long"], ["float events"],
                           ["int events"], ["int", "bool"]]),
    bits=st.sampled_from([0, 8]),
    exponent=st.sampled_from([-40, -2, 0, 3, 30]),
    seed=st.integers(0, 2**32 - 1),
    share=st.sampled_from([0.0, 0.03, 0.3, 1.0]),
    disorder=st.booleans(),
)  # fmt: skip
def test_connections_do_natively_what_they_do_in_python(
    bench: Any, make: Any, select: str, kinds: list[str], bits: int, exponent: int, seed: int,
    share: float, disorder: bool,
) -> None:  # fmt: skip
    if select == "fixed_pt":
        kinds = [kind.replace("float", "int") for kind in kinds]
    native, plain = (
        bench(make(bits, exponent if select == "fixed_pt" else 0), "s_in", "a_out", kinds, select)
        for _ in range(2)
    )
    for one in (native, plain):
        feed(one, kinds, seed, share, disorder=disorder)
    assert do_natively(native).native_steps == STEPS
    do_in_python(plain)
    assert_same(native, plain)


def test_a_large_loop_gives_the_interpreter_free_and_computes_the_same(bench: Any) -> None:
    matrix = np.random.default_rng(5).normal(size=(400, 600))
    native, plain = (
        bench(Dense(weights=matrix), "s_in", "a_out", ["float"], "floating_pt") for _ in range(2)
    )
    for one in (native, plain):
        feed(one, ["float"], 6, 0.9, disorder=False)
    do_natively(native)
    do_in_python(plain)
    assert_same(native, plain)


@pytest.mark.parametrize("values", [[7.0], [7.0, -0.1], np.arange(1, 3000) / 7])
def test_rows_beyond_16_bits_are_added_to_as_well(bench: Any, values: Any) -> None:
    rng = np.random.default_rng(8)
    n_rows = 70_000
    matrix = scipy.sparse.csr_matrix(
        (rng.choice(values, 3000), (rng.integers(0, n_rows, 3000), rng.integers(0, N_IN, 3000))),
        (n_rows, N_IN),
    )
    matrix.sum_duplicates()
    matrix.data[:] = rng.choice(values, matrix.nnz)
    native, plain = (
        bench(Sparse(weights=matrix), "s_in", "a_out", ["float events"], "floating_pt")
        for _ in range(2)
    )
    for one in (native, plain):
        feed(one, ["float events"], 9, 0.5, disorder=False)
    assert do_natively(native).native_steps == STEPS
    do_in_python(plain)
    assert_same(native, plain)


def test_counted_spikes_give_the_sum_that_adding_them_one_by_one_gives(bench: Any) -> None:
    """A tenth is not exact: ten of them, added up, are not one."""
    matrix = np.full((300, 500), 0.1)
    native, plain = (
        bench(Sparse(weights=matrix), "s_in", "a_out", ["bool"], "floating_pt") for _ in range(2)
    )
    for one in (native, plain):
        feed(one, ["bool"], 10, 0.7, disorder=False)
    assert do_natively(native).native_steps == STEPS
    do_in_python(plain)
    assert_same(native, plain)
    added = np.cumsum(np.full(500, 0.1))
    sums = native.model._la_current_operator().multiples()
    assert sums.tolist() == [0.0, *added.tolist()]
    assert sums[10] != 10 * 0.1


# -- who gets a native burst --------------------------------------------------------------------


def test_unusual_values_are_left_to_the_models_python(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    burst = one.burst()
    assert isinstance(burst, StepBurst)
    one.model.vth = np.full(N_IN, 1.5)  # a threshold each, as a Var.set may leave it
    one.clock.raise_horizon(3)
    with pytest.warns(LavaActorWarning, match="steps in Python, .* take vth .*float64"):
        burst.run(one.party.mailbox, 0)
    assert one.party.done == one.model.time_step == 3
    assert burst.native_steps == 0
    one.clock.raise_horizon(4)
    burst.run(one.party.mailbox, 0)  # it has been told
    one.model.vth = 1.5
    one.clock.raise_horizon(6)
    burst.run(one.party.mailbox, 0)
    assert burst.native_steps == 2


@pytest.mark.parametrize("period", [np.int64(2), np.uint8(2), np.array(2, np.uint16), 2])
def test_an_integer_may_be_of_any_type(bench: Any, period: object) -> None:
    process = LIFRefractory(shape=(N_IN,), refractory_period=2)
    one = bench(process, "a_in", "s_out", [], "floating_pt")
    burst = one.burst()
    one.model.refractory_period = period
    assert burst.can_step()


class OtherStep(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def run_spk(self) -> None:
        super().run_spk()


class OtherSums(PyDenseModelFloat):
    _la_hidden_from_discovery = True

    def _la_add_weights(self, at: np.ndarray, x: np.ndarray | None, sums: np.ndarray) -> None:
        super()._la_add_weights(at, x, sums)


@pytest.mark.parametrize(
    ("kind", "process", "ports"),
    [
        (OtherStep, lif_float, ("a_in", "s_out")),
        (OtherSums, lambda: dense(0, 0), ("s_in", "a_out")),
    ],
    ids=["run_spk", "_la_add_weights"],
)
def test_a_subclass_that_replaces_a_part_does_its_steps_in_python(
    bench: Any, kind: Any, process: Any, ports: tuple[str, str]
) -> None:
    one = bench(process(), *ports, ["float"], "floating_pt")
    one.model.__class__ = kind
    assert type(one.model._la_native_burst()) is Burst


def test_a_part_replaced_in_the_instance_counts_too(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    one.model.reset_voltage = lambda spikes: None
    assert type(one.model._la_native_burst()) is PartBurst


# -- when it ends -------------------------------------------------------------------------------


def test_mail_ends_a_burst_before_its_next_step(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    one.clock.raise_horizon(10)
    seen = one.party.mailbox
    one.party.post()
    one.model.s_out_buff = before = np.ones(N_IN, bool)
    burst = one.burst()
    assert burst.run(seen, 0) == DONE
    assert one.party.done == burst.native_steps == 0
    assert one.model.s_out_buff is before


def test_no_step_beyond_the_limit_starts(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    one.clock.raise_horizon(10)
    one.clock.limit = 4
    one.burst().run(one.party.mailbox, 0)
    assert one.party.done == one.party.step == 4


@pytest.mark.parametrize(("asks", "bits"), [("request_pause", 1), ("request_stop", 2)])
def test_a_request_of_the_model_ends_a_burst(bench: Any, asks: str, bits: int) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")

    def run_spk() -> None:
        if one.model.time_step == 3:
            getattr(one.model, asks)()

    one.model.run_spk = run_spk
    one.clock.raise_horizon(10)
    burst = one.burst()
    assert burst.run(one.party.mailbox, 0) == ASKED
    assert (one.party.done, burst.bits) == (3, bits)
    assert burst.run(one.party.mailbox, 0) == DONE
    assert one.party.done == 10


def test_what_a_model_raises_leaves_step_and_done_where_they_were(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")

    def run_spk() -> None:
        if one.model.time_step == 3:
            raise ValueError("three")

    one.model.run_spk = run_spk
    one.clock.raise_horizon(10)
    with pytest.raises(ValueError, match="three"):
        one.burst().run(one.party.mailbox, 0)
    assert (one.party.step, one.party.done) == (3, 2)


def test_a_model_may_replace_its_step(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    done = []

    def first() -> None:
        done.append("first")
        one.model.run_spk = lambda: done.append("then")

    one.model.run_spk = first
    one.clock.raise_horizon(3)
    one.burst().run(one.party.mailbox, 0)
    assert done == ["first", "then", "then"]


def test_weights_that_cannot_be_used_fail_the_step_that_would_use_them(bench: Any) -> None:
    one = bench(sparse("few values")(0, 0), "s_in", "a_out", ["int"], "fixed_pt")
    burst = one.burst()
    one.feeds[0].send(np.zeros(N_IN, np.int32))
    one.clock.raise_horizon(2)
    one.model.weights = one.model.weights * np.nan
    with pytest.raises(ValueError, match="finite"):
        burst.run(one.party.mailbox, 0)
    assert (one.party.step, one.party.done) == (1, 0)


def test_a_model_counts_its_steps_from_its_base(bench: Any) -> None:
    one = bench(lif_float(), "a_in", "s_out", [], "floating_pt")
    one.clock.raise_horizon(7)
    one.burst().run(one.party.mailbox, 0)
    one.clock.raise_horizon(9)
    one.burst().run(one.party.mailbox, 5)
    assert one.model.time_step == 4


def test_in_lockstep_the_last_to_arrive_has_to_decide_at_the_fence() -> None:
    """Two members take a hundred steps, natively; exactly one of them is told to decide."""
    arena = Arena.create(plan_arena(["a", "b"], [[0, 1]], []))
    clock = arena.domain(0)
    clock.limit, clock.fence = 1 << 62, 100
    clock.raise_horizon(1)

    class Model:
        _req_pause = _req_stop = False
        time_step = 0

        def run_spk(self) -> None:
            assert abs(int(arena.party(0).done) - int(arena.party(1).done)) <= 1

    def take_steps(index: int) -> None:
        party = arena.party(index)
        burst = Burst(Model())
        burst.attach(clock, party, True)
        while party.done < 100:
            if burst.run(party.mailbox, 0) == DECIDE:
                assert party.done == 100
                assert burst.bits == 0
                party.turn = 1
                clock.release(0)

    with child(lambda: take_steps(0)):
        take_steps(1)
    assert arena.party(0).done == arena.party(1).done == 100
    assert arena.party(0).turn + arena.party(1).turn == 1
    arena.close()

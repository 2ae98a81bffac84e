"""Networks written as algebra, run step by step without a runtime."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.compiler.run_configs import Loihi2SimCfg
from lava_actor.networks import (
    AlgebraicVector,
    GradedDense,
    GradedSparse,
    GradedVec,
    InputVec,
    LIFVec,
    Network,
    NetworkList,
    NormalizeNet,
    OutputVec,
    ProductVec,
    ResFireVec,
)
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.graded.process import InvSqrt
from lava_actor.runtime.run_conditions import RunSteps
from tests.golden.sequential import run

FIXED = Loihi2SimCfg(select_tag="fixed_pt")

COLUMNS = np.array([[40, 50, 60], [30, 20, 10]])
WEIGHTS = np.array([[0.5, -0.25], [0.1, 1]])


def record(network: Network, steps: int) -> tuple[OutputVec, np.ndarray]:
    """What `network` sends."""
    out = OutputVec(shape=network.out_port.shape, buffer=steps)
    assert (out << network) is out
    run([out.main], FIXED, steps)
    return out, out.get_data()


def test_a_matrix_of_fractions_acts_on_a_vector() -> None:
    g = GradedVec(shape=(2,), vth=10)
    g << GradedDense(weights=WEIGHTS) @ InputVec(COLUMNS)
    _, got = record(g, 7)
    want = [(0, 0), (12, 33), (20, 24), (27, 15), (12, 33), (20, 24), (27, 15)]
    np.testing.assert_array_equal(got.T, want)


def test_a_network_runs_on_its_main_process() -> None:
    out = OutputVec(shape=(2,), buffer=4)
    out << GradedDense(weights=WEIGHTS) @ InputVec(COLUMNS)
    try:
        out.run(condition=RunSteps(4), run_cfg=FIXED)
        np.testing.assert_array_equal(out.get_data().T, [(0, 0), (12, 33), (20, 24), (27, 15)])
    finally:
        out.stop()


def test_dense_and_sparse_matrices_are_the_same() -> None:
    results = []
    for make in (GradedDense, GradedSparse):
        g = GradedVec(shape=(2,), vth=0)
        g << make(weights=WEIGHTS) @ InputVec(COLUMNS)
        results.append(record(g, 5)[1])
    np.testing.assert_array_equal(*results)


def test_input_is_scaled_and_the_array_left_alone() -> None:
    data = np.array([1, 2, 3])
    vec = InputVec(data, exp=2, shape=(1,))
    assert vec.shape == (1, 3)
    assert data.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(vec.main.data.init, [[4, 8, 12]])
    np.testing.assert_array_equal(InputVec(data, exp=-1).main.data.init, [[0.5, 1, 1.5]])


def test_output_keeps_the_sign_of_24_bits() -> None:
    out = OutputVec(shape=(3,))
    out << GradedSparse(weights=np.eye(3)) @ InputVec([[2**23], [-1], [2**24 + 5]])
    run([out.main], FIXED, 2)
    np.testing.assert_array_equal(out.get_data().ravel(), [-(2**23), -1, 5])


def test_a_sum_drives_with_all_its_terms() -> None:
    a, b, c = (InputVec([[x], [-x]]) for x in (100, 20, 3))
    g = GradedVec(shape=(2,), vth=0)
    total = a + b + c
    assert isinstance(total, NetworkList)
    assert len(total) == 3
    g << total
    _, got = record(g, 2)
    np.testing.assert_array_equal(got.T, [(0, 0), (123, -123)])


def test_a_matrix_acts_on_a_sum() -> None:
    g = GradedVec(shape=(1,), vth=0)
    g << GradedDense(weights=[[1, 0.5]]) @ (InputVec([[8], [2]]) + InputVec([[1], [4]]))
    _, got = record(g, 2)
    assert got.ravel().tolist() == [0, 12]


def test_a_vector_drives_a_vector_through_an_identity() -> None:
    first, second = GradedVec(shape=(2,), vth=0), GradedVec(shape=(2,), vth=0)
    first << InputVec(COLUMNS)
    assert (second << first) is second
    _, got = record(second, 4)
    np.testing.assert_array_equal(got.T, [(0, 0), (0, 0), (40, 30), (50, 20)])


def test_vectors_multiply_in_two_steps() -> None:
    x, y = GradedVec(shape=(2,), vth=0), GradedVec(shape=(2,), vth=0)
    x << GradedDense(weights=np.eye(2)) @ InputVec([[3], [-4]])
    y << GradedDense(weights=np.eye(2)) @ InputVec([[5], [6]])
    result = GradedVec(shape=(2,), vth=0)
    result << x * y
    _, got = record(result, 5)
    np.testing.assert_array_equal(got.T, [(0, 0)] * 3 + [(15, -24)] * 2)


def test_matrices_multiply() -> None:
    x = InputVec([[6], [-4]])
    product = (GradedDense(weights=np.eye(2)) @ x) * (GradedDense(weights=np.eye(2) / 2) @ x)
    assert isinstance(product, ProductVec)
    _, got = record(product, 3)
    np.testing.assert_array_equal(got.T, [(0, 0), (18, 8), (18, 8)])


def test_a_product_takes_two_networks() -> None:
    product = ProductVec(shape=(1,), vth=0)
    product << (InputVec([[3, 4]]), InputVec([[5, 7]]))
    _, got = record(product, 2)
    assert got.ravel().tolist() == [15, 28]
    with pytest.raises(TypeError):
        ProductVec(shape=(1,)) << InputVec([[1]])
    with pytest.raises(TypeError):
        ProductVec(shape=(1,)) << (InputVec([[1]]) + InputVec([[1]]))


def test_lif_neurons_are_a_vector() -> None:
    lif = LIFVec(shape=(2,), vth=5, du=4095, dv=4095)
    assert lif.shape == (2,)
    lif << GradedDense(weights=np.eye(2)) @ InputVec([[6], [5]])
    _, got = record(lif, 3)
    np.testing.assert_array_equal(got.T, [(0, 0), (1, 0), (1, 0)])


def test_resonators_take_one_or_two_networks() -> None:
    one, two = ResFireVec(), ResFireVec(shape=(1,), uth=3)
    one << InputVec([[1]])
    two << (InputVec([[1]]), InputVec([[2]]))
    assert one.main.v_in.get_src_ports() == []
    assert len(two.main.v_in.get_src_ports()) == 1
    assert (one.uth, one.freqs, one.decay_tau, one.dt) == (10, [10], [1], 0.001)
    three = ResFireVec()
    three << InputVec([[1]]) + InputVec([[2]])  # a sum is one network
    assert three.main.v_in.get_src_ports() == []


def test_normalisation_settles_for_constant_input() -> None:
    net = NormalizeNet(shape=(2,), exp=12)
    net << GradedDense(weights=np.eye(2)) @ InputVec([[3 * 64], [4 * 64]])
    _, got = record(net, 8)
    # the squares have no fractional bits: 1/320 in units of 2**-12 per 2**-6
    root = 64 * 4096 // 320
    np.testing.assert_allclose(got[:, -1], [192 * root, 256 * root], rtol=0.02)
    assert isinstance(net.main.a_in2.get_src_ports()[0].process, Dense)
    assert isinstance(net.inv_sqrt, InvSqrt)


@pytest.mark.parametrize(
    "operation",
    [
        lambda v, m: v << 3,
        lambda v, m: v << OutputVec(shape=(1,)),
        lambda v, m: m @ 3,
        lambda v, m: m @ m,
        lambda v, m: v + 3,
        lambda v, m: v * m,
        lambda v, m: m * v,
        lambda v, m: m << v,
        lambda v, m: (v + v) + 3,
    ],
)
def test_what_has_no_meaning_is_a_type_error(operation) -> None:
    with pytest.raises(TypeError):
        operation(GradedVec(shape=(1,)), GradedDense(weights=[[1]]))


def test_an_output_records_in_the_step_in_which_it_is_sent() -> None:
    assert not isinstance(OutputVec(shape=(1,)), AlgebraicVector)
    _, got = record(InputVec([[1, 2, 3]]), 4)
    assert got.ravel().tolist() == [1, 2, 3, 1]


def test_an_output_adds_up_what_drives_it_together() -> None:
    total = OutputVec(shape=(1,), buffer=2)
    total << InputVec([[1, 2]]) + InputVec([[10, 20]])
    run([total.main], FIXED, 2)
    assert total.get_data().ravel().tolist() == [11, 22]


def pulse_through(build) -> list[int]:
    """Where a single value, sent in the second step, arrives."""
    vec, out = InputVec([[0, 64] + [0] * 8]), OutputVec(shape=(1,), buffer=10)
    out << build(vec)
    run([out.main], FIXED, 10)
    return [int(step) for step in np.flatnonzero(out.get_data())]


@pytest.mark.parametrize(
    ("delay", "build"),
    [
        (0, lambda v: v),
        (1, lambda v: GradedDense(weights=[[1]]) @ v),
        (1, lambda v: GradedSparse(weights=[[1]]) @ v),
        (1, lambda v: GradedVec(shape=(1,), vth=1) << v),
        (1, lambda v: GradedVec(shape=(1,), vth=1) << GradedDense(weights=[[1]]) @ v),
        (1, lambda v: LIFVec(shape=(1,), vth=1, du=4095, dv=4095) << GradedDense([[1]]) @ v),
        (1, lambda v: (GradedDense(weights=[[1]]) @ v) * (GradedDense(weights=[[1]]) @ v)),
        (2, lambda v: GradedVec((1,), 1) << (GradedVec((1,), 1) << v)),
        (3, lambda v: _squared(GradedVec((1,), 1) << v)),
    ],
    ids=[
        "input", "dense", "sparse", "vector", "dense-vector", "lif", "matrices", "vectors",
        "product",
    ],
)
def test_every_operator_takes_the_steps_of_its_connections(delay: int, build) -> None:
    assert pulse_through(build) == [1 + delay]


def _squared(vector: GradedVec) -> GradedSparse:
    return vector * vector


def test_operators_make_their_processes_in_a_fixed_order() -> None:
    x, y = GradedVec(shape=(1,)), GradedVec(shape=(1,))
    result = x * y
    product = result.main.s_in.get_src_ports()[0].process
    factors = [p.get_src_ports()[0].process for p in (product.a_in1, product.a_in2)]
    made = [x.main, y.main, product, *factors, result.main]
    assert [p.id for p in made] == list(range(x.main.id, x.main.id + 6))


def test_vectors_show_what_they_were_made_of() -> None:
    vec, out = InputVec([[1]], exp=3), OutputVec(shape=(1,), buffer=7)
    assert (vec.exp, vec.inport_plug) == (3, vec.main)
    assert (out.buffer, out.outport_plug) == (7, out.main)
    assert (GradedVec((1,), vth=4).vth, ProductVec((1,), vth=5).vth) == (4, 5)


def test_networks_run_and_stop_their_main_process() -> None:
    calls = []

    class Main:
        def run(self, **kwargs):
            calls.append(("run", kwargs))

        def stop(self, **kwargs):
            calls.append(("stop", kwargs))

    vec = AlgebraicVector()
    vec.main = Main()
    vec.run(condition=1)
    vec.stop(timeout=2)
    assert calls == [("run", {"condition": 1}), ("stop", {"timeout": 2})]

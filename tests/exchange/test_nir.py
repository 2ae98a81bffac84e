"""NIR graphs: what other simulators wrote computes here what it computed there."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import Loihi2SimCfg
from lava_actor.errors import InvalidValueError, UnsupportedError
from lava_actor.exchange import read_nir, write_nir
from lava_actor.exchange.graph import closing_edges
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF, LIFRefractory
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.nir.process import Delay, Pool
from lava_actor.proc.sdn.process import Sigma

nir = pytest.importorskip("nir")
h5py = pytest.importorskip("h5py")

DATA = Path(__file__).with_name("data")
CFG = Loihi2SimCfg(select_tag="floating_pt")


def ran(network: Any, given: np.ndarray) -> np.ndarray:
    """What a network answers, one row per step as ``given`` has one per step."""
    (first,), (last,) = network.inputs.values(), network.outputs.values()
    columns = np.moveaxis(given, 0, -1).astype(float)
    source = Source(data=columns.reshape(*first.a_in.shape, len(given)))
    sink = Sink(shape=last.s_out.shape, buffer=len(given))
    source.s_out.connect(first.a_in)
    last.s_out.connect(sink.a_in)
    with source:
        source.run(len(given), CFG)
        return sink.data.get().reshape(-1, len(given)).T


@pytest.mark.parametrize(
    ("file", "how"),
    [
        ("norse_layers", {"dt": 1e-3}),
        ("norse_layers_0.2.0", {"dt": 1e-3}),
        ("norse_convolution", {"dt": 1e-3, "integrators": "step"}),
        ("snntorch_layers", {"dt": 1e-4}),
        ("snntorch_recurrent", {"dt": 1e-4}),
    ],
)
def test_a_network_answers_what_the_simulator_that_wrote_it_answered(
    file: str, how: dict[str, Any]
) -> None:
    with np.load(DATA / f"{file.removesuffix('_0.2.0')}.npz") as known:
        given, answered = known["given"], known["answered"]
    assert np.any(answered)
    assert np.allclose(ran(read_nir(DATA / f"{file}.nir", **how), given), answered, atol=1e-6)


# -- what a graph means ----------------------------------------------------------------------


def parameters(*shape: int, **more: float) -> dict[str, np.ndarray]:
    return {key: np.full(shape, value) for key, value in more.items()}


def graph_of(*nodes: Any, shape: tuple[int, ...] = (3,)) -> Any:
    """A chain."""
    names = ["input", *(f"n{i}" for i in range(len(nodes))), "output"]
    ends = nir.Input({"input": np.array(shape)}), nir.Output({"output": np.array([1])})
    made = dict(zip(names, (ends[0], *nodes, ends[1]), strict=True))
    return nir.NIRGraph(made, list(itertools.pairwise(names)), type_check=False)


LEAK = {"tau": 0.01, "r": 2.0, "v_leak": 0.5}
CUBA = {"tau_syn": 0.005, "tau_mem": 0.01, "r": 2.0, "v_leak": 0.1, "w_in": 3.0}
FIRES = {"v_threshold": 0.6, "v_reset": -0.2}


def by_the_equations(kind: str, x: np.ndarray, dt: float) -> np.ndarray:
    """Euler's method in a few lines of its own."""
    p = {**(CUBA if "Cuba" in kind else {**LEAK, "tau_mem": LEAK["tau"]})}
    i, v, said = np.zeros(3), np.zeros(3), []
    for row in x:
        if "Cuba" in kind:
            i = i + dt * (-i + p["w_in"] * row) / p["tau_syn"]
        else:
            i = row
        v = v + (dt * p["r"] * i if kind in ("I", "IF")
                 else dt * (p["v_leak"] - v + p["r"] * i) / p["tau_mem"])  # fmt: skip
        fired = v > FIRES["v_threshold"]
        if kind.endswith("F"):
            v = np.where(fired, FIRES["v_reset"], v)
            said.append(fired)
        else:
            said.append(v)
    return np.array(said, float)


@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"])
def test_a_neuron_follows_the_equations_of_its_node(kind: str) -> None:
    p = CUBA if "Cuba" in kind else LEAK if "L" in kind else {"r": LEAK["r"]}
    node = getattr(nir, kind)(**parameters(3, **p, **(FIRES if kind.endswith("F") else {})))
    x = np.random.default_rng(0).random((40, 3)) * (20 if kind in ("I", "IF") else 4)
    got = ran(read_nir(graph_of(node), dt=1e-3, integrators="dt"), x)
    assert np.allclose(got, by_the_equations(kind, x, 1e-3))
    assert np.any(got)


def test_all_nodes_of_a_step_answer_in_that_step_and_layers_of_pictures_are_known() -> None:
    rng = np.random.default_rng(3)
    conv = nir.Conv2d((6, 5), rng.random((4, 1, 2, 3)), (2, 1), (1, 0), (1, 2), 2, rng.random(4))
    pools = (
        nir.SumPool2d(np.array([2, 1]), np.array([1, 1]), np.array([0, 0])),
        nir.AvgPool2d(np.array([2, 1]), np.array([2, 1]), np.array([1, 0])),
    )
    flat = nir.Flatten({"input": np.array([4, 2, 1])}, 0, -1)
    matrix, scale = rng.random((3, 8)), rng.random(3)
    linear, factor, high = nir.Linear(matrix), nir.Scale(scale), nir.Threshold(np.full(3, 4.0))
    x = rng.random((8, 2, 6, 5))
    graph = graph_of(conv, *pools, flat, linear, factor, high, shape=(2, 6, 5))
    got = ran(read_nir(graph, dt=1), x)
    for step, picture in enumerate(x):
        padded = np.pad(picture, [(0, 0), (1, 1), (0, 0)])
        made = np.zeros((4, 4, 1))
        for c, row in np.ndindex(4, 4):
            window = padded[c // 2, 2 * row : 2 * row + 2, 0:5:2]
            made[c, row] = (conv.weight[c, 0] * window).sum() + conv.bias[c]
        summed = made[:, :-1] + made[:, 1:]
        padded = np.pad(summed, [(0, 0), (1, 1), (0, 0)])
        means = (padded[:, 0:4:2] + padded[:, 1:5:2]) / 2
        assert np.array_equal(got[step], scale * (matrix @ means.reshape(-1)) > 4)
    assert 0 < got.mean() < 1


def test_a_convolution_over_time_keeps_its_shape_with_padding_same() -> None:
    weight = np.arange(1.0, 5.0).reshape(1, 1, 4)
    node = nir.Conv1d(5, weight, 1, "same", 1, 1, np.zeros(1))
    got = ran(read_nir(graph_of(node, shape=(1, 5)), dt=1), np.eye(5)[:, None])
    assert got[0].tolist() == [2, 1, 0, 0, 0]  # one zero before, two behind
    assert got[4].tolist() == [0, 0, 4, 3, 2]


def test_delays_are_whole_steps_and_open_loops() -> None:
    delay = nir.Delay(np.array([0.0, 0.002, 0.001]))
    got = ran(read_nir(graph_of(delay), dt=1e-3), np.arange(1.0, 13.0).reshape(4, 3))
    assert got.T.tolist() == [[1, 4, 7, 10], [0, 0, 2, 5], [0, 3, 6, 9]]
    with pytest.raises(UnsupportedError, match="'n0': expected delays of whole steps"):
        read_nir(graph_of(delay), dt=0.0015)
    with pytest.raises(UnsupportedError, match="'n0': expected delays of whole steps"):
        read_nir(graph_of(nir.Delay(np.array([2.000015]))), dt=1e-3)
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "sum": nir.Scale(np.ones(1)),
        "late": nir.Delay(np.array([0.003])),
        "output": nir.Output({"output": np.array([1])}),
    }
    edges = [("input", "sum"), ("sum", "late"), ("late", "sum"), ("sum", "output")]
    network = read_nir(nir.NIRGraph(nodes, edges), dt=1e-3)
    assert len(network) == 4  # the loop takes three steps and no more
    got = ran(network, np.eye(7)[:, :1])
    assert got[:, 0].tolist() == [1, 0, 0, 1, 0, 0, 1]


def test_the_edge_that_closes_a_loop_is_the_one_back_to_its_entrance() -> None:
    chain = [("in", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("b", "b")]
    assert closing_edges(chain, ["in"], []) == {("c", "a"), ("b", "b")}
    assert closing_edges(chain[::-1], ["in"], []) == {("c", "a"), ("b", "b")}
    assert closing_edges(chain, ["in"], ["c"]) == {("b", "b")}
    for doubtful in ([*chain, ("in", "b")], [("a", "b"), ("b", "a")]):
        with pytest.raises(UnsupportedError, match="nobody can say which"):
            closing_edges(doubtful, ["in"], [])


def test_subgraphs_are_taken_apart() -> None:
    inner = graph_of(nir.Scale(np.full(3, 2.0)))
    network = read_nir(graph_of(inner, nir.Scale(np.full(3, 5.0))), dt=1)
    assert "n0.n0" in network
    assert ran(network, np.ones((2, 3))).tolist() == [[10] * 3] * 2


# -- what is refused -------------------------------------------------------------------------


def test_whatever_is_not_known_is_refused_by_name() -> None:
    good = graph_of(nir.LIF(**parameters(3, **LEAK, v_threshold=1.0))).to_dict()

    class Changed:
        def __init__(self, **more: Any) -> None:
            self.more = more

        def to_dict(self) -> dict[str, Any]:
            return {**good, "nodes": {**good["nodes"], "n0": {**good["nodes"]["n0"], **self.more}}}

    assert "n0" in read_nir(Changed(), dt=1)
    for changed, error, told in [
        (Changed(type="Izhikevich"), UnsupportedError, "'n0': Izhikevich is not known; known are"),
        (Changed(refractory=3), UnsupportedError, "'n0': LIF has refractory, whose meaning"),
        (Changed(tau=np.full(3, np.nan)), InvalidValueError, "'n0': tau has to be finite"),
        (Changed(tau=np.zeros(3)), InvalidValueError, "tau_mem: expected time above 0"),
        (Changed(r=np.ones(4)), InvalidValueError, "expected shape"),
    ]:
        with pytest.raises(error, match=told):
            read_nir(changed, dt=1)
    integrator = graph_of(nir.IF(**parameters(3, r=1.0, v_threshold=1.0)))
    with pytest.raises(UnsupportedError, match="'n0': simulators do not agree"):
        read_nir(integrator, dt=1)
    with pytest.raises(InvalidValueError, match=r"edge \(input, n0\).*got \(5,\) and \(3,\)"):
        read_nir(graph_of(nir.Scale(np.ones(3)), shape=(5,)), dt=1)
    with pytest.raises(InvalidValueError, match="expected an HDF5 file"):
        read_nir(__file__, dt=1)


# -- writing ---------------------------------------------------------------------------------


def spiking() -> np.ndarray:
    return (np.random.default_rng(5).random((30, 4)) < 0.5).astype(float)


def own_network(**params: Any) -> tuple[Source, LIF, LIF]:
    rng = np.random.default_rng(6)
    source = Source(data=spiking().T)
    first, second = (
        LIF(shape=(5,), name="first", **params),
        LIF(shape=(2,), name="second", du=1, vth=0.4),
    )
    between = [
        Dense(weights=rng.uniform(-0.2, 0.5, s), name=f"w{s[0]}{s[1]}")
        for s in ((5, 4), (5, 5), (2, 5))
    ]
    source.s_out.connect(between[0].s_in)
    between[0].a_out.connect(first.a_in)
    first.s_out.connect([between[1].s_in, between[2].s_in])
    between[1].a_out.connect(first.a_in)
    between[2].a_out.connect(second.a_in)
    return source, first, second


@pytest.mark.parametrize("delays", [True, False])
def test_a_network_of_the_library_is_the_same_network_when_it_is_read_again(
    delays: bool, tmp_path: Path
) -> None:
    each = {"du": [0.5, 1, 0.25, 0.5, 1], "dv": [0.25, 0.5, 1, 0.75, 0.125]}
    source, first, second = own_network(**each, vth=0.8, bias_mant=0.05 * delays)
    write_nir(tmp_path / "own.nir", source, dt=2e-3, delays=delays)
    sink, monitor = Sink(shape=(2,), buffer=30), Monitor()
    second.s_out.connect(sink.a_in)
    monitor.probe(first.v, 30)
    with source:
        source.run(30, CFG)
        expected = sink.data.get().T
    assert 0 < expected.mean() < 1
    graph = nir.read(tmp_path / "own.nir")  # the reference implementation takes it, types and all
    assert sum(type(node).__name__ == "Delay" for node in graph.nodes.values()) == 3 * delays
    again = ran(read_nir(tmp_path / "own.nir", dt=2e-3, integrators="dt"), spiking())
    late = 0 if delays else 2  # connections on the way
    assert np.array_equal(again[: 30 - late], expected[late:])


def convolutions() -> tuple[Source, LIF]:
    """Two layers of pictures, channels last, and one that takes the second flattened."""
    rng = np.random.default_rng(8)
    source = Source(data=(rng.random((5, 6, 2, 20)) < 0.4).astype(float))
    first = Conv(weight=rng.uniform(-0.2, 0.6, (4, 3, 3, 1)), input_shape=(5, 6, 2), groups=2,
                 padding=(1, 0), name="first")  # fmt: skip
    second = Conv(weight=rng.uniform(-0.3, 0.4, (3, 2, 2, 4)), input_shape=first.output_shape,
                  stride=(2, 1), dilation=(1, 2), name="second")  # fmt: skip
    bias = rng.uniform(0, 0.2, first.output_shape)
    layers = [
        LIF(shape=first.output_shape, du=0.5, dv=0.25, vth=0.8, bias_mant=bias, name="a"),
        LIF(shape=second.output_shape, du=1, dv=0.1, vth=0.5, name="b"),
    ]
    size = int(np.prod(second.output_shape))
    flat = Dense(weights=rng.uniform(-0.2, 0.4, (2, size)), num_message_bits=8, name="flat")
    last = LIF(shape=(2,), du=1, dv=0.3, vth=0.4, name="last")
    source.s_out.connect(first.s_in)
    first.a_out.connect(layers[0].a_in)
    layers[0].s_out.connect(second.s_in)
    second.a_out.connect(layers[1].a_in)
    layers[1].s_out.flatten().connect(flat.s_in)
    twin = LIF(shape=second.output_shape, du=1, dv=0.1, vth=0.9, name="twin")
    second.a_out.connect(twin.a_in)
    twin.s_out.flatten().connect(flat.s_in)
    flat.a_out.connect(last.a_in)
    return source, last


def test_convolutions_are_written_with_their_channels_first(tmp_path: Path) -> None:
    source, last = convolutions()
    write_nir(tmp_path / "pictures.nir", source, dt=1e-3)
    sink = Sink(shape=(2,), buffer=20)
    last.s_out.connect(sink.a_in)
    with source:
        source.run(20, CFG)
        expected = sink.data.get().T
    assert 0 < expected.mean() < 1
    graph = nir.read(tmp_path / "pictures.nir")
    assert [*graph.nodes["a"].v_threshold.shape] == [4, 5, 4]
    turned = source.data.init.transpose(3, 2, 0, 1)
    again = ran(read_nir(tmp_path / "pictures.nir", dt=1e-3), turned)
    assert np.array_equal(again, expected)


def test_what_counts_channels_in_another_order_is_not_written(tmp_path: Path) -> None:
    conv = Conv(weight=np.ones((3, 1, 1, 2)), input_shape=(4, 4, 2), name="conv")
    flat = LIF(shape=(48,), du=1, dv=0.1, name="flat")
    conv.a_out.flatten().connect(flat.a_in)
    with pytest.raises(UnsupportedError, match=r"flat\.a_in: NIR has channels first"):
        write_nir(tmp_path / "no.nir", conv, dt=1)
    bits = Dense(weights=np.ones((1, 48)), num_message_bits=8, name="bits")
    conv = Conv(weight=np.ones((3, 1, 1, 2)), input_shape=(4, 4, 2), name="conv")
    conv.a_out.flatten().connect(bits.s_in)
    LIF(shape=(48,), du=1, dv=0.1).s_out.connect(bits.s_in)
    with pytest.raises(UnsupportedError, match="takes nothing else"):
        write_nir(tmp_path / "no.nir", conv, dt=1)
    pool = Pool(shape=(4, 4, 3), kernel_size=1, stride=1, name="pool")
    conv = Conv(weight=np.ones((3, 1, 1, 2)), input_shape=(4, 4, 2), name="conv")
    conv.a_out.connect(pool.a_in)
    with pytest.raises(UnsupportedError, match="channels of conv come last, and those of pool"):
        write_nir(tmp_path / "no.nir", conv, dt=1)


def test_a_graph_that_was_read_is_written_as_it_was(tmp_path: Path) -> None:
    for name in ("norse_layers", "norse_convolution", "snntorch_recurrent"):
        network = read_nir(DATA / f"{name}.nir", dt=1e-3, integrators="dt")
        write_nir(tmp_path / "again.nir", network.values(), dt=1e-3)
        before = nir.read(DATA / f"{name}.nir", type_check=False)
        after = nir.read(tmp_path / "again.nir")
        assert set(map(frozenset, after.edges)) == set(map(frozenset, before.edges))
        for key, node in after.nodes.items():
            assert type(node) is type(before.nodes[key])
            for field in ("weight", "bias", "tau", "r", "v_leak", "v_threshold", "v_reset"):
                if hasattr(node, field):
                    assert np.allclose(
                        getattr(node, field), getattr(before.nodes[key], field), rtol=1e-7
                    )


def test_what_nir_cannot_say_is_not_written(tmp_path: Path) -> None:
    def told(process: Any, match: str, **how: Any) -> None:
        with pytest.raises(UnsupportedError, match=match):
            write_nir(tmp_path / "never.nir", process, **{"dt": 1e-3, **how})
        assert not (tmp_path / "never.nir").exists()

    told(LIFRefractory(shape=(1,), name="r", refractory_period=2), "r: NIR has no node for a LIFR")
    told(LIF(shape=(1,), name="n", du=2048, dv=1), r"n\.du: .*got 2048")
    told(LIF(shape=(1,), name="n", du=1, dv=0, bias_mant=2), r"n\.bias_mant: .*got 2")
    told(
        LIF(shape=(1,), name="n", du=1, v=3), r"n\.v: NIR has no initial states, expected 0, got 3"
    )
    told(Dense(weights=[[1]], weight_exp=2, name="d"), r"d\.weight_exp: expected 0, got 2")
    counting, after = Sigma(shape=(1,), name="s"), Dense(weights=[[1]], name="d")
    counting.s_out.connect(after.s_in)
    told(counting, "takes all numbers but 0 for spikes")
    pair, joined = [LIF(shape=(1,), du=1, dv=1) for _ in "ab"], Dense(weights=[[1]], name="j")
    for cell in pair:
        cell.s_out.connect(joined.s_in)
    told(joined, r"j\.s_in: 2 senders, whose spikes in one step count once")
    one, other = LIF(shape=(1,), name="one", du=1, dv=1), LIF(shape=(1,), name="other", du=1, dv=1)
    there, back, into = (Dense(weights=[[1]], name=n) for n in ("there", "back", "into"))
    for a, b in ((into.a_out, one.a_in), (one.s_out, there.s_in), (there.a_out, other.a_in),
                 (other.s_out, back.s_in), (back.a_out, one.a_in)):  # fmt: skip
        a.connect(b)
    told(one, "without the steps that connections take", delays=False)
    told(
        LIF(shape=(3,), name="n", du=1, dv=[0.5, 0, 1]),
        r"n\.dv: NIR has no node of which some neurons leak and some do not, .*got 0\.0",
    )
    told(LIF(shape=(2,), name="n", du=[1, 0.5], dv=0), r"n\.du: NIR has no neuron .*got 0\.5")
    told(LIF(shape=(2,), name="n", du=1, v=[0, 4]), r"n\.v: NIR has no initial .*got 4\.0")
    told(LIF(shape=(2,), name="n", du=[1, 7], dv=1), r"n\.du: .*got 7\.0")
    begun = Sigma(shape=(2,), name="s")
    begun.sigma.init = [0, 5]
    told(begun, r"s\.sigma: NIR has no initial states, expected 0, got 5\.0")
    told(Delay([1], initial=2, name="l"), r"l\.buffer: NIR has no initial states, .*got 2\.0")
    given, after = Source(data=[[0, 1, 2]], name="in"), Dense(weights=[[1]], name="d")
    given.s_out.connect(after.s_in)
    told(given, r"in\.s_out -> d\.s_in: d has num_message_bits 0 and takes all numbers but 0")


@pytest.mark.parametrize("how", [{"bias_mant": 0.5}, {"vth": -1}, {}])
def test_steps_are_left_out_only_if_what_acts_of_itself_keeps_its_time(
    how: dict[str, float], tmp_path: Path
) -> None:
    def chain() -> tuple[LIF, Dense, LIF]:
        first, last = (LIF(shape=(1,), name=n, du=1, dv=0.5, **how) for n in ("first", "last"))
        dense = Dense(weights=[[1]], name="dense")
        first.s_out.connect(dense.s_in)
        dense.a_out.connect(last.a_in)
        return first, dense, last

    if how:
        with pytest.raises(UnsupportedError, match=r"meet 1 step\(s\) apart from here; write"):
            write_nir(tmp_path / "chain.nir", chain()[0], dt=1e-3, delays=False)
    else:
        write_nir(tmp_path / "chain.nir", chain()[0], dt=1e-3, delays=False)
    direct = Dense(weights=[[1]], name="direct")
    joined = Dense(weights=[[1]], num_message_bits=8, name="joined")
    early, late = (Source(data=np.eye(4)[:1], name=n) for n in ("early", "late"))
    early.s_out.connect(direct.s_in)
    direct.a_out.connect(joined.s_in)
    late.s_out.connect(joined.s_in)
    with pytest.raises(UnsupportedError, match=r"early and late act of themselves"):
        write_nir(tmp_path / "two.nir", early, dt=1e-3, delays=False)


@pytest.mark.parametrize(("steps", "way"), [((1, 2), "natively"), ((0, 2), "in Python: an elem")])
def test_a_delay_says_whether_it_steps_natively(steps: tuple[int, int], way: str) -> None:
    delay = Delay(steps)
    assert f"steps {way}" in delay.compile(CFG).describe()


def test_a_delay_takes_whole_numbers() -> None:
    for steps in (-1, 0.5):
        with pytest.raises(InvalidValueError, match=r"late\.steps: expected whole numbers"):
            Delay([steps], name="late")


def test_no_node_takes_the_name_of_another(tmp_path: Path) -> None:
    cell = LIF(shape=(2,), name="d_delay", du=1, dv=0.5)
    dense = Dense(weights=np.eye(2), num_message_bits=8, name="d")
    last, beside = (LIF(shape=(2,), name=n, du=1, dv=0.5) for n in ("cell", "output_cell"))
    cell.s_out.connect(dense.s_in)
    dense.a_out.connect(last.a_in)
    dense.a_out.connect(beside.a_in)
    write_nir(tmp_path / "graph", cell, dt=1)
    with h5py.File(tmp_path / "graph") as file:
        kinds = {name: node["type"][()].decode() for name, node in file["node/nodes"].items()}
    assert {kinds.pop(name) for name in ("d_delay", "cell", "output_cell")} == {"LIF"}
    assert kinds == {
        "input_d_delay": "Input", "d": "Linear", "d_delay_1": "Delay",
        "output_cell_1": "Output", "output_output_cell": "Output",
    }  # fmt: skip

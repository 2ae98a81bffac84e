"""A mistake is answered where it is made: what is wrong, where, and what to do instead.

One entry per kind of mistake. It is *refused* (an error with the given words), *doubted* (a
`LavaActorWarning` with them, and the program goes on), or *harmless* (it does what was meant).
Nothing is answered by silence.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import lava_actor
from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    RunContinuous,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import LavaActorError, LavaActorWarning, WaitTimeoutError
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.proc.dense.process import Dense, LearningDense
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor
from lava_actor.proc.sparse.process import Sparse

FLOAT, FIXED = Loihi2SimCfg(select_tag="floating_pt"), Loihi2SimCfg(select_tag="fixed_pt")

REFUSED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {}
DOUBTED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {}
HARMLESS: dict[str, Callable[[], Any]] = {}

Body = Callable[[], Any]


def refused(*words: str) -> Callable[[Body], Body]:
    return lambda body: REFUSED.setdefault(body.__name__, (body, words))[0]


def doubted(*words: str) -> Callable[[Body], Body]:
    return lambda body: DOUBTED.setdefault(body.__name__, (body, words))[0]


def harmless(body: Body) -> Body:
    return HARMLESS.setdefault(body.__name__, body)


@pytest.fixture(autouse=True)
def networks_end() -> Any:
    yield
    lava_actor.stop_all(timeout=0.5)


# --- parts -------------------------------------------------------------------------------------


def lif(shape: Any = (2,), **kwargs: Any) -> LIF:
    return LIF(shape=shape, **kwargs)


def ran(process: Any, steps: int = 1, cfg: Any = FLOAT, **options: Any) -> Any:
    process.run(steps, cfg, options or None)
    return process


class Own(AbstractProcess):
    """Does in every step what it was given."""

    def __init__(self, action: Any = None, **kwargs: Any) -> None:
        super().__init__(action=action, **kwargs)
        self.v = Var((2,), init=1)
        self.inp = InPort((2,))
        self.out = OutPort((2,))


@implements(Own, protocol=LoihiProtocol)
class PyOwn(PyLoihiProcessModel):
    v: np.ndarray = LavaPyType(np.ndarray, np.int64)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int64)

    def run_spk(self) -> None:
        if self.proc_params["action"] is not None:
            self.proc_params["action"](self)


class Bare(AbstractProcess):
    """Has one Var; each mistake gives it a model of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.v = Var((2,), init=1)


def modelled(base: Any = PyLoihiProcessModel, *, declare: bool = True, **members: Any) -> Any:
    """Run a step of `Bare` with a model that has these members."""
    if declare:
        members["v"] = LavaPyType(np.ndarray, float)
    model = implements(Bare, protocol=LoihiProtocol)(type("M", (base,), members))
    bare = Bare(name="bare")
    return ran(bare, 2, Loihi2SimCfg(exception_proc_model_map={bare: model}))


# --- connecting --------------------------------------------------------------------------------


@refused("a.a_in", "leaf", "only ports of hierarchical Processes")
def in_port_to_the_in_port_of_a_sibling() -> None:
    a, b = lif(name="a"), lif(name="b")
    a.a_in.connect(b.a_in)
    a.compile(FLOAT)


@refused("b.s_out", "leaf", "only ports of hierarchical Processes")
def out_port_to_the_out_port_of_a_sibling() -> None:
    a, b = lif(name="a"), lif(name="b")
    a.s_out.connect(b.s_out)
    ran(a)


@harmless
def an_in_port_that_nothing_is_connected_to() -> None:
    assert ran(lif(bias_mant=1)).v.get().tolist() == [1, 1]


@harmless
def an_own_model_that_receives_from_nobody() -> None:
    assert ran(Own(lambda model: model.v.__iadd__(model.inp.recv()))).v.get().tolist() == [1, 1]


@refused("a.s_out", "b.a_in", "already")
def connecting_twice() -> None:
    a, b = lif(name="a"), lif(name="b")
    a.s_out.connect(b.a_in)
    a.s_out.connect(b.a_in)


@doubted("a.s_out", "goes on without", r"stop\(\)")
def connecting_after_the_start() -> None:
    a, b = ran(lif(name="a")), lif(name="b")
    a.s_out.connect(b.a_in)


@doubted("a.s_out|b.a_in", "was compiled")
def connecting_after_compile() -> None:
    a, b = lif(name="a"), lif(name="b")
    a.compile(FLOAT)
    b.a_in.connect_from(a.s_out)


@harmless
def connecting_after_stop() -> None:
    a, b = ran(lif(vth=0, bias_mant=1)), Dense(weights=np.eye(2))
    a.stop()
    a.s_out.connect(b.s_in)
    assert ran(a, 3).runtime is b.runtime


@doubted("b.v.get", "initial value", "connection missing")
def reading_a_process_that_was_forgotten() -> None:
    a, b = lif(), lif(name="b")
    ran(a)
    b.v.get()


@harmless
def reading_initial_values_before_anything_runs() -> None:
    assert lif(v=3).v.get() == 3
    assert ran(lif()).v.get().tolist() == [0, 0]
    assert lif(v=3).v.get() == 3  # made after the other was started


REFUSED |= {
    "transposed_weights": (
        lambda: lif().s_out.connect(Dense(weights=np.ones((2, 3))).s_in),
        (r"\(2,\)", r"\(3,\)", r"\(post, pre\)", "transposed"),
    ),
    "a_shape_that_fits_neither_way": (
        lambda: lif((4,)).s_out.connect(Dense(weights=np.ones((2, 3))).s_in),
        (r"\(4,\)", r"\(3,\)"),
    ),
    "in_port_to_out_port": (
        lambda: lif(name="a").a_in.connect(lif(name="b").s_out),
        ("a.a_in", "InPort", r"b\.s_out\.connect\(a\.a_in\)"),
    ),
    "typo_of_a_port": (lambda: lif().s_uot, ("has no attribute 's_uot'",)),
    "connecting_to_a_process": (
        lambda: lif(name="a").s_out.connect(lif(name="b")),
        ("'b' itself", "a_in"),
    ),
    "connecting_to_a_class": (lambda: lif().s_out.connect(LIF), ("the class LIF", "instance")),
}


# --- choosing models ---------------------------------------------------------------------------


@refused("no ProcessModel implements .*Nobody", "@implements")
def a_process_without_a_model() -> None:
    class Nobody(AbstractProcess):
        pass

    Nobody().run(1, FLOAT)


def reading(**methods: Any) -> None:
    """Run a model with one in-port, behind a sender."""

    class P(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.inp = InPort(shape=(2,))

    model = {"inp": LavaPyType(PyInPort.VEC_DENSE, float), "__module__": __name__, **methods}
    implements(P, protocol=LoihiProtocol)(type("M", (PyLoihiProcessModel,), model))
    reader, sender = P(), lif()
    sender.s_out.connect(reader.inp)
    ran(sender, 2)


@harmless
def peeking_at_a_port_that_is_received_from() -> None:
    reading(run_spk=lambda self: self.inp.peek(), run_post_mgmt=lambda self: self.inp.recv())
    reading(run_spk=lambda self: (self.inp.peek(), max([self.inp]).recv()))


@harmless
def a_helper_with_a_name_like_a_hook() -> None:
    modelled(run_spk=lambda self: None, run_spks=lambda self: None)
    modelled(run_spikes=lambda self: None, run_pre_mgmt=lambda self: self.run_spikes())


@refused("there is no parameter 'gian'", "gain")
def a_parameter_of_another_name() -> None:
    def read(model: Any) -> None:
        model.proc_params["gian"]

    ran(Own(read, gain=1))


@harmless
def no_requirements_and_no_protocol() -> None:
    class Sole(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.v = Var((1,), init=1)

    @implements(Sole)
    class PySole(PyLoihiProcessModel):
        v: np.ndarray = LavaPyType(np.ndarray, float)

        def run_spk(self) -> None:
            self.v += 1

    gc.collect()  # what a function defines lives as long as its Process
    assert ran(Sole(), 2).v.get() == 3


@harmless
def an_equal_run_cfg_in_the_second_run() -> None:
    ran(ran(lif()), cfg=Loihi2SimCfg(select_tag="floating_pt"))


@refused("a is already compiled", "stop")
def compiling_twice() -> None:
    a = lif(name="a")
    a.compile(FLOAT)
    a.compile(FLOAT)


REFUSED |= {
    "a_wrong_tag": (
        lambda: lif().compile(Loihi2SimCfg(select_tag="floating")),
        ("select_tag", "'floating'", "floating_pt", "fixed_pt"),
    ),
    "no_run_cfg": (lambda: lif(name="a").run(1), ("a:", "run_cfg", r"Loihi2SimCfg\(")),
    "a_class_as_run_cfg": (
        lambda: lif(name="a").run(1, Loihi2SimCfg),
        ("a:", "expected a RunConfig", "got <class"),
    ),
    "a_tag_by_position": (
        lambda: Loihi2SimCfg("floating_pt"),
        ("custom_sync_domains", "select_tag='floating_pt'"),
    ),
    "a_typo_in_a_model": (
        lambda: modelled(vv=LavaPyType(np.ndarray, float)),
        ("M.vv", "has no Var or port of that name", "did you mean 'v'", "it has v"),
    ),
    "a_model_that_forgets_a_var": (
        lambda: modelled(declare=False),
        (r"bare\.v \(Var\)", "expected a class attribute 'v'", "M"),
    ),
    "a_model_that_takes_no_parameters": (
        lambda: modelled(__init__=lambda self: None),
        ("bare", "M", r"def __init__\(self, proc_params\)"),
    ),
}


DOUBTED |= {
    "a_misspelt_step": (lambda: modelled(run_spike=lambda self: None), ("M.run_spike", "run_spk")),
    "a_misspelt_guard": (
        lambda: modelled(run_spk=lambda self: None, lern_guard=lambda self: True),
        ("M.lern_guard", "lrn_guard"),
    ),
    "a_port_that_is_only_peeked_at": (
        lambda: reading(run_spk=lambda self: self.inp.probe() and self.inp.peek()),
        ("M only peeks at .*inp", "first for ever"),
    ),
    "another_run_cfg_in_the_second_run": (
        lambda: ran(ran(lif()), cfg=FIXED),
        ("keeps it", "floating_pt", "fixed_pt", r"stop\(\)"),
    ),
    "another_compile_config_in_the_second_run": (
        lambda: ran(ran(lif()), schedule="lockstep"),
        ("schedule=None", "keeps it", "'lockstep'"),
    ),
    "a_typo_in_compile_config": (
        lambda: ran(lif(), sheduler="lockstep"),
        ("'sheduler'", "did you mean 'schedule'", "pypy_channel_size"),
    ),
}


# --- making Processes --------------------------------------------------------------------------


@harmless
def keywords_that_models_read() -> None:
    Dense(weights=np.eye(2), weight_exp=1, num_weight_bits=6, sign_mode=None, name="d")
    Own(gain=3, anything=4)


@refused("LIFReset: .*'reset_intervall'", "did you mean 'reset_interval'")
def an_unknown_keyword_of_a_process_that_takes_no_others() -> None:
    from lava_actor.proc.lif.process import LIFReset

    LIFReset(shape=1, reset_intervall=3)  # type: ignore[call-arg]


@harmless
def dense_weights_for_sparse() -> None:
    assert Sparse(weights=np.eye(3)).weights.init.nnz == 3


@refused("a.*bias_mant", "integral", "0.5")
def fractions_as_fixed_point_parameters() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LavaActorWarning)
        ran(lif(name="a", bias_mant=0.5), cfg=FIXED)


@pytest.mark.parametrize("shape", [(-1,), (2.5,), 2.5, [2], "2", None, True])
def test_what_is_no_shape_is_refused_with_the_name_of_the_process(shape: Any) -> None:
    with pytest.raises(LavaActorError, match=r"a\.shape: expected a non-negative integer") as told:
        lif(shape, name="a")
    assert repr(shape) in str(told.value)


@harmless
def shapes_that_are_fine() -> None:
    assert LIF(shape=2).v.shape == LIF(shape=np.int64(2)).a_in.shape == Var(2).shape == (2,)
    assert ran(LIF(shape=0)).v.get().shape == (0,)


@refused("Named.name", "reserved")
def a_var_called_name() -> None:
    class Named(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.name = Var((1,))  # type: ignore[assignment]

    Named()


@refused("Running.run", "reserved")
def a_port_called_run() -> None:
    class Running(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.run = InPort((1,))  # type: ignore[assignment,method-assign]

    Running()


@refused("Forgetful.__init__", r"super\(\).__init__")
def no_call_of_the_base() -> None:
    class Forgetful(AbstractProcess):
        def __init__(self) -> None:
            pass

    Forgetful()


@harmless
def two_processes_of_one_name() -> None:
    a, b = lif(name="x", bias_mant=1), lif(name="x")
    a.s_out.connect(b.a_in)
    ran(a, 3)
    assert a.v.get().tolist() == [3, 3]
    assert b.v.get().tolist() == [0, 0]


@harmless
def two_random_processes_of_one_name() -> None:
    def draw(model: Any) -> None:
        model.v[:] = model.rng.integers(0, 10**9, 2)

    a, b = Own(draw, name="x"), Own(draw, name="x")
    a.out.connect(b.inp)
    ran(a)
    assert a.v.get().tolist() != b.v.get().tolist()


REFUSED |= {
    "no_shape": (lambda: LIF(), ("LIF: missing", "'shape'", "Parameters: shape, u=")),  # noqa: PLW0108  (is made in the test)
    "a_shape_by_position": (
        lambda: LIF((2,)),
        ("LIF: too many positional", r"keywords: LIF\(shape"),
    ),
    "weights_by_position": (
        lambda: Dense(np.ones((2, 2))),
        ("Dense: too many positional", r"keywords: Dense\(weights"),
    ),
    "weights_as_text": (
        lambda: Dense(weights="ones"),
        ("Dense.weights: expected real numbers", "<U"),
    ),
    "ragged_weights": (
        lambda: Dense(weights=[[1, 2], [3]]),
        ("Dense.weights", "rows of one length"),
    ),
    "weights_in_a_line": (
        lambda: Dense(weights=[1, 2]),
        ("Dense.weights", r"\(post, pre\)", r"\(2,\)"),
    ),
    "weights_of_objects": (
        lambda: Dense(weights=np.array([[None]])),
        ("Dense.weights: expected real numbers", "object"),
    ),
    "no_weights": (lambda: Dense(), ("Dense: missing", "'weights'")),  # noqa: PLW0108  (is made in the test)
    "sparse_weights_for_dense": (
        lambda: Dense(weights=scipy.sparse.eye(3, format="csr"), name="d"),
        ("d.weights", "csr", "use Sparse", "toarray"),
    ),
    "weights_with_nan_in_fixed_point": (
        lambda: ran(Dense(weights=[[1, np.nan], [0, 0]], name="d"), cfg=FIXED),
        ("d.weights", "NaN", "int"),
    ),
    "an_initial_value_of_another_shape": (
        lambda: ran(lif(v=[1, 2, 3], name="a")),
        ("a.v", r"\(3,\)", r"\(2,\)"),
    ),
    "more_neurons_than_memory": (
        lambda: lif((20_000_000_000_000,), name="big").compile(FLOAT),
        (r"big\.weights|big\.bias|big\.", "needs .* of memory", "are available"),
    ),
    "more_synapses_than_memory": (
        lambda: Dense(weights=np.broadcast_to(0.5, (10**6, 10**6)), name="big").compile(FLOAT),
        (r"big\.weights", r"\(1000000, 1000000\)", "needs 7.3 TiB"),
    ),
}


DOUBTED |= {
    "an_unknown_keyword": (lambda: lif(bias=1), ("'bias'", "did you mean 'bias_mant'", "vth")),
    "a_keyword_of_another_simulator": (
        lambda: lif(threshold=1),
        ("'threshold'", "did you mean 'vth'"),
    ),
    "weights_with_nan": (
        lambda: Dense(weights=[[1, np.nan], [0, 0]], name="d").compile(FLOAT),
        ("d.weights", "NaN", "1 of 4"),
    ),
    "fractions_as_fixed_point_weights": (
        lambda: Dense(weights=[[0.5, 1], [2.5, 0]], name="d").compile(FIXED),
        ("d.weights", "integers", "2 of 4", "lose their fraction", "0.5 becomes 0"),
    ),
    "fractions_as_sparse_fixed_point_weights": (
        lambda: Sparse(weights=scipy.sparse.csr_matrix([[0.5, 1]]), name="d").compile(FIXED),
        ("d.weights", "lose their fraction"),
    ),
    "a_negative_threshold": (
        lambda: lif(vth=-1, name="a").compile(FLOAT),
        ("a.vth", "every step"),
    ),
    "a_decay_in_units_of_the_other_model": (
        lambda: lif(du=4095, name="a").compile(FLOAT),
        ("a.du", "from 0 to 1", "4095", "1/4096"),
    ),
}


# --- reading and writing Vars ------------------------------------------------------------------


@harmless
def getting_before_the_start() -> None:
    assert lif(v=4).v.get() == 4


@refused("get", "stopped")
def getting_after_stop() -> None:
    a = ran(lif())
    a.stop()
    a.v.get()


@refused("a.v: expected a Var", "int 5", r"v\.init =", r"v\.set\(")
def assigning_to_a_var() -> None:
    lif(name="a").v = 5  # type: ignore[assignment]


@refused("a.v: expected a Var", r"v\.set\(")
def adding_to_a_var_in_place() -> None:
    a = lif(name="a")
    a.v += 1  # type: ignore[misc]


@refused("a.a_in: expected a InPort|a.a_in: expected an? InPort")
def assigning_to_a_port() -> None:
    lif(name="a").a_in = 5  # type: ignore[assignment]


@harmless
def another_var_in_the_place_of_one() -> None:
    a = lif()
    a.v = Var((2,), init=7)
    a._post_init()
    assert ran(a).v.get().tolist() == [7, 7]


@harmless
def a_var_as_an_array() -> None:
    a = ran(lif(bias_mant=[1, 2]))
    assert np.asarray(a.v).tolist() == [1, 2]
    assert (a.v + 1).tolist() == (1 + a.v).tolist() == [2, 3]
    assert (np.ones(2) - a.v).tolist() == [0, -1]
    assert (a.v[1], len(a.v), a.v.ndim, list(a.v)) == (2, 2, 1, [1, 2])
    assert (a.v > 1).tolist() == [False, True]
    assert abs(-a.v).max() == 2
    a.v[0] = 5
    assert a.v.get().tolist() == [5, 2]
    assert a.v == a.v
    assert a.v is not None
    assert len({a.v, a.u}) == 2
    assert bool(lif(0).v)
    assert np.asarray(lif(v=3).v).tolist() == [3, 3]


@refused("stopped")
def a_var_as_an_array_after_stop() -> None:
    a = ran(lif())
    a.stop()
    np.asarray(a.v)


@refused("weights.set", "started", ".init")
def assigning_to_a_weight_before_the_start() -> None:
    Dense(weights=np.eye(2)).weights[0, 0] = 1


@harmless
def assigning_to_a_weight() -> None:
    dense = ran(Dense(weights=np.eye(2)))
    dense.weights[0] = 7
    assert dense.weights.get().tolist() == [[7, 7], [0, 1]]


@refused("own.v", r"\(2,\)", r"\(7,\)", "the model has bound it")
def a_model_that_replaces_a_var_by_another_shape() -> None:
    def replace(model: Any) -> None:
        model.v = np.zeros(7)

    ran(Own(replace, name="own")).v.get()


@harmless
def a_model_that_replaces_a_var_by_a_number() -> None:
    assert ran(Own(lambda model: setattr(model, "v", 3))).v.get().tolist() == [3, 3]


REFUSED |= {
    "setting_before_the_start": (lambda: lif(name="a").v.set(3), ("a.v.set", "started", ".init")),
    "setting_another_shape": (
        lambda: ran(lif(name="a")).v.set([1, 2, 3]),
        ("a.v", r"\(2,\)", r"\(3,\)"),
    ),
    "setting_text": (lambda: ran(lif(name="a")).v.set("one"), ("a.v", "str", "numbers")),
    "setting_out_of_range": (lambda: ran(lif(name="a")).v.set(1, 5), ("a.v", "index", r"\(2,\)")),
    "a_sparse_var_as_an_array": (
        lambda: np.asarray(Sparse(weights=np.eye(2), name="d").weights),
        ("d.weights", "csr", r"\.get\(\)"),
    ),
}


# --- recording ---------------------------------------------------------------------------------


@doubted("m.get_data", "not started", "zeros")
def reading_a_monitor_that_never_ran() -> None:
    monitor = Monitor(name="m")
    monitor.probe(lif().v, 3)
    assert next(iter(monitor.get_data().values()))["v"].shape == (3, 2)


@harmless
def probing_without_a_number_of_steps() -> None:
    Monitor().probe(lif().v)


@refused("m.probe", "'x'", "another name")
def probing_two_of_one_name() -> None:
    monitor = Monitor(name="m")
    for _ in range(2):
        monitor.probe(lif(name="x").v, 3)


@harmless
def probing_two_targets_and_too_many_steps() -> None:
    a, monitor = lif(bias_mant=1), Monitor()
    monitor.probe(a.v, 5)
    monitor.probe(a.u, 2)
    monitor.run(2, FLOAT)  # through the Monitor
    data = monitor.get_data()
    assert data[a.name]["v"][:, 0].tolist() == [1, 2, 0, 0, 0]
    assert data[a.name]["u"].shape == (2, 2)


@refused("nothing called 'cell' is recorded; there is: a$")
def a_recording_of_another_name() -> None:
    a, monitor = lif(name="a"), Monitor()
    monitor.probe(a.v, 1)
    ran(a)
    monitor.get_data()["cell"]


@harmless
def reading_and_plotting_a_monitor_after_stop() -> None:
    class Axes:
        def __getattr__(self, _name: str) -> Any:
            return lambda *_args, **_kwargs: None

    a, monitor = lif(bias_mant=1), Monitor()
    monitor.probe(a.v, 2)
    ran(a, 2).stop()
    assert monitor.get_data()[a.name]["v"].tolist() == [[1, 1], [2, 2]]
    monitor.plot(Axes(), a.v)


@refused("m: a.v is not probed")
def plotting_what_was_not_probed() -> None:
    class Axes:
        def plot(self) -> None:
            pass

    Monitor(name="m").plot(Axes(), lif(name="a").v)


REFUSED |= {
    "probing_after_the_start": (
        lambda: Monitor().probe(ran(lif(name="a")).s_out, 3),
        ("probe", "'?a'? is started", r"before the start, or after stop\(\)"),
    ),
    "probing_an_in_port": (
        lambda: Monitor(name="m").probe(lif(name="a").a_in, 3),
        ("m.probe", "InPort a.a_in", "OutPort that feeds it"),
    ),
    "probing_a_process": (
        lambda: Monitor(name="m").probe(lif(name="a"), 3),
        ("m.probe", "'a'", "itself", "vth, s_out"),
    ),
    "probing_a_fraction_of_a_step": (
        lambda: Monitor(name="m").probe(lif().v, 2.5),
        ("m.probe", "steps", "2.5"),
    ),
    "plotting_into_a_figure": (
        lambda: Monitor(name="m").plot(object(), lif().v),
        ("m.plot", "axes"),
    ),
}


# --- running -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        ("10", "number of steps"),
        (10.0, "number of steps"),
        (True, "number of steps"),
        (FLOAT, "run_cfg"),
        (RunSteps, r"write RunSteps\("),
    ],
)
def test_what_is_no_condition_is_refused(condition: Any, word: str) -> None:
    with pytest.raises(LavaActorError, match=word):
        lif().run(condition, FLOAT)


@harmless
def no_steps_at_all() -> None:
    assert ran(lif(bias_mant=1), 0).v.get().tolist() == [0, 0]


@harmless
def running_and_reading_in_threads() -> None:
    a = lif(bias_mant=1, vth=10**9)
    thread = threading.Thread(target=ran, args=(a, 10))
    thread.start()
    thread.join()
    a.run(RunContinuous())
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(a.v.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    a.pause()
    assert [value.shape for value in found] == [(2,)] * 8


@refused("running", r"wait\(\) or pause\(\)")
def running_while_it_runs() -> None:
    a = lif()
    a.run(RunContinuous(), FLOAT)
    a.run(1)


@harmless
def pausing_waiting_and_stopping_before_the_run() -> None:
    a = lif()
    a.pause()
    a.wait()
    a.stop()
    with a:
        pass
    assert a.runtime is None


@doubted("7 networks are alive", "Process|lif", "stop_all")
def building_again_and_again() -> None:
    kept = [ran(lif()) for _ in range(8)]
    assert len(lava_actor.networks()) == len(kept)


@harmless
def building_again_and_again_without_keeping_them() -> None:
    for _ in range(12):
        ran(lif()).stop()
    assert lava_actor.networks() == []


REFUSED |= {
    "a_negative_number_of_steps": (lambda: lif().run(-5, FLOAT), ("num_steps", "-5")),
    "a_condition_without_a_number": (lambda: RunSteps(), ("'num_steps'",)),  # noqa: PLW0108  (is made in the test)
}


# --- what models do ----------------------------------------------------------------------------


@refused("own", "PyOwn", "run_spk of step 1", "ZeroDivisionError", "1 // 0  # here", __file__)
def an_error_in_a_step() -> None:
    def fail(model: Any) -> None:
        1 // 0  # here

    ran(Own(fail, name="own"))


@refused("too early", "bare", "could not start")
def an_error_in_a_constructor() -> None:
    def fail(self: Any, proc_params: Any) -> None:
        raise LookupError("too early")

    modelled(__init__=fail)


@harmless
def looping_for_ever() -> None:
    own = Own(lambda _model: time.sleep(10**6), name="own")
    own.run(RunSteps(1, blocking=False), FLOAT)
    with pytest.raises(WaitTimeoutError, match=r"0\.1 s"):
        own.wait(0.1)


@harmless
def printing() -> None:
    ran(Own(lambda model: print(model.time_step)))  # noqa: T201


@refused("own", "parameter 'file'")
def a_file_as_parameter() -> None:
    with open(os.devnull, "w") as file:
        ran(Own(name="own", file=file))


@harmless
def an_unseeded_global_generator() -> None:
    def draw(model: Any) -> None:
        model.v[:] = np.random.randint(0, 10**9, 2)  # noqa: NPY002

    one, other = (ran(Own(draw), seed=3).v.get().tolist() for _ in range(2))
    assert one == other


REFUSED |= {
    "leaving_by_sys_exit": (
        lambda: ran(Own(lambda _model: sys.exit(3), name="own")),
        ("own", "step 1", "SystemExit|exit"),
    ),
    "leaving_by_os_exit": (
        lambda: ran(Own(lambda _model: os._exit(3), name="own")),
        ("own", "step 1", "exit code 3|left"),
    ),
    "asking_the_user": (
        lambda: ran(Own(lambda _model: input(), name="own")),
        ("own", "step 1", "EOFError|left"),
    ),
    "a_lock_as_parameter": (
        lambda: ran(Own(name="own", lock=threading.Lock())),
        ("own", "parameter 'lock'"),
    ),
}


# --- relatives ---------------------------------------------------------------------------------


class Mine(LIF):
    """A user's own LIF, with a parameter of its own."""

    def __init__(self, gain: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)


@harmless
def keywords_of_a_subclass_for_its_own_model() -> None:
    assert Mine(shape=(2,), gain=2, colour="red").proc_params["colour"] == "red"


@doubted(r"a\.treshold: LIF has no such member", "did you mean 'vth'", r"vth\.set")
def a_value_for_a_misspelt_member() -> None:
    lif(name="a").treshold = 3


@harmless
def an_attribute_of_ones_own() -> None:
    a = lif()
    a.position = 3
    a._vt = 4


@doubted(r"a\.v: its init was assigned after", r"next reset\(\)", r"v\.set\(")
def an_initial_value_for_a_network_that_lives() -> None:
    a = ran(lif(name="a"))
    a.v.init = 5
    a.run(1)
    a.run(1)


@harmless
def an_initial_value_before_a_reset() -> None:
    a = ran(lif(vth=99))
    a.v.init = 5
    a.reset()
    a.run(1)
    assert a.v.get().tolist() == [5, 5]


@harmless
def an_initial_value_after_stop() -> None:
    a = ran(lif(vth=99))
    a.stop()
    a.v.init = 5
    assert ran(a).v.get().tolist() == [5, 5]


@refused(r"a\.v\.get: the network is stopped", r"before stop\(\)")
def reading_a_var_after_stop() -> None:
    a = ran(lif(name="a"))
    a.stop()
    a.v.get()


@doubted("s.weights: 1 of 2 do not fit into 8 bits", "-300 becomes -256")
def sparse_weights_that_the_hardware_cannot_hold() -> None:
    weights = scipy.sparse.csr_matrix(np.array([[-300, 0, 7]]))
    Sparse(weights=weights, name="s").compile(FIXED)


@doubted("p.ins: the InPorts in this list are no members of p")
def ports_in_a_list() -> None:
    class Listing(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="p")
            self.ins = [InPort((2,)), InPort((2,))]

    Listing()


@harmless
def a_list_of_ports_that_are_members() -> None:
    class Both(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = InPort((2,)), InPort((2,))
            self.ins = [self.left, self.right]

    Both()


@refused("out.send: expected numbers, got NoneType")
def sending_nothing() -> None:
    own = Own(lambda model: model.out.send(None))
    own.out.connect(lif().a_in)
    ran(own)


@doubted(r"b\.a_in is connected to a\.out", "nothing inside its Process drives")
def a_hierarchical_process_whose_inside_is_not_connected() -> None:
    class Outer(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="a")
            self.out = OutPort((2,))

    @implements(Outer)
    class Inside(AbstractSubProcessModel):
        def __init__(self, proc: Any) -> None:
            self.inner = lif()

    outer = Outer()
    outer.out.connect(lif(name="b").a_in)
    outer.compile(FLOAT)


@refused("M.run_spk", "yield or async", "runs nothing")
def a_step_that_yields() -> None:
    def steps(self: Any) -> Any:
        yield self.v

    modelled(run_spk=steps)


@refused("M.run_spk", "yield or async", "runs nothing")
def a_step_that_is_async() -> None:
    async def step(self: Any) -> None:
        pass

    modelled(run_spk=step)


@harmless
def a_property_that_fails() -> None:
    class Failing(AbstractProcess):
        @property
        def gain(self) -> Any:
            return {}.value  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'dict' object has no attribute 'value'"):
        Failing().gain


REFUSED |= {
    "reading_an_index_that_is_not_there": (
        lambda: ran(lif(name="a")).v.get(7),
        (r"a\.v", "index 7", r"shape \(2,\)"),
    ),
    "a_method_that_arrays_have": (
        lambda: lif().v.mean(),  # noqa: PLW0108  (is made in the test)
        ("'Var' object has no attribute 'mean'", r"\.get\(\)\.mean"),
    ),
    "class_and_dtype_swapped": (
        lambda: modelled(declare=False, v=LavaPyType(float, np.ndarray)),
        (r"LavaPyType\(np.ndarray, float\)", "takes the class first"),
    ),
    "options_as_a_list": (
        lambda: lif().run(1, FLOAT, ["seed"]),
        ("compile_config: expected a dict of options", "seed"),
    ),
    "a_timeout_as_text": (
        lambda: ran(lif()).wait("10"),
        ("wait: expected a timeout in seconds", "'10'"),
    ),
    "a_timeout_of_stop_as_text": (
        lambda: ran(lif()).stop("10"),
        ("stop: expected a timeout in seconds", "'10'"),
    ),
    "a_constructor_of_a_model_without_its_base": (
        lambda: modelled(__init__=lambda self, proc_params: None),
        (r"M\.__init__: call super\(\).__init__\(proc_params\)", "could not start"),
    ),
    "a_model_for_the_name_of_a_class": (
        lambda: Loihi2SimCfg(exception_proc_model_map={"LIF": PyOwn}),
        ("exception_proc_model_map", "as keys, got 'LIF'"),
    ),
    "a_channel_size_as_text": (
        lambda: ran(lif(), pypy_channel_size="big"),
        ("pypy_channel_size", "positive integer, got 'big'"),
    ),
    "a_member_that_is_not_there": (
        lambda: lif().voltage,
        ("'LIF' object has no attribute 'voltage'", "its Vars and ports are .*v.*"),
    ),
    "connecting_to_a_var": (
        lambda: lif().s_out.connect(lif(name="a").v),
        ("expected InPort or OutPort to connect, got the Var a.v$",),
    ),
    "a_symbol_with_a_digit_too_many": (
        lambda: Loihi2FLearningRule(dw="x0*y12", t_epoch=1),
        ('unknown symbol "y12"',),
    ),
}


DOUBTED |= {
    "a_misspelt_keyword_of_a_subclass": (
        lambda: Mine(shape=(2,), treshold=3),
        ("Mine", "'treshold'", "did you mean 'vth'"),
    ),
    "a_keyword_that_is_one_letter_off": (
        lambda: Dense(weights=np.eye(2), weight_=np.eye(2)),
        ("no parameter is called .weight_.", "did you mean 'weights'"),
    ),
    "setting_a_fraction_in_fixed_point": (
        lambda: ran(lif(name="a"), cfg=FIXED).v.set(1.5),
        (r"a\.v: PyLifModelBitAcc computes in integers", r"1\.5 becomes 1"),
    ),
    "setting_what_wraps_around": (
        lambda: ran(lif(name="a"), cfg=FIXED).v.set(2**40),
        (r"a\.v: 1 of 1 values do not fit into int32", "wrap around"),
    ),
    "weights_that_the_hardware_cannot_hold": (
        lambda: Dense(weights=np.array([[300, 400, 7]]), name="d").compile(FIXED),
        ("d.weights: 2 of 3 do not fit into 8 bits", "300 becomes 255", "weight_exp"),
    ),
}


# --- more of the same kinds --------------------------------------------------------------------


class Twins(AbstractProcess):
    def __init__(self) -> None:
        super().__init__(name="p")
        self.a = self.b = Var((2,))


class Outer(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.out = OutPort((2,))


@implements(Outer)
class Unfinished(AbstractSubProcessModel):
    def __init__(self, proc: Any) -> None:
        self.inner = LIF()  # type: ignore[call-arg]


def learning(after: bool = True, **rule: Any) -> None:
    """Compile synapses that learn by ``x0*y1``."""
    made = Loihi2FLearningRule(dw="x0*y1", **rule)
    synapses = LearningDense(weights=np.ones((2, 2)), learning_rule=made, name="d")
    if after:
        lif().s_out.connect(synapses.s_in_bap)
    synapses.compile(FLOAT)


REFUSED |= {
    "a_parameter_that_fits_no_population": (
        lambda: lif(name="a", vth=[1, 2, 3]).compile(FLOAT),
        (r"a\.vth: expected one number, or shape \(2,\), got shape \(3,\)",),
    ),
    "an_infinite_constant_of_a_rule": (
        lambda: Loihi2FLearningRule(dw="x0*y1", y1_tau=np.inf),
        ("y1_tau: expected >= 0, got inf, which is not finite",),
    ),
    "messages_of_negative_width": (
        lambda: Dense(weights=np.eye(2), num_message_bits=-1, name="d"),
        (r"d\.num_message_bits: expected 0 \(binary spikes\) or a number of bits, got -1",),
    ),
    "data_with_the_steps_first": (
        lambda: Source(data=np.ones((5, 2))).s_out.connect(lif().a_in),
        (r"data has shape \(…, steps\), time last: is this one transposed",),
    ),
    "the_status_of_what_does_not_run": (
        lambda: lif(name="a").runtime.status(),  # noqa: PLW0108  (is made in the test)
        (r"a\.runtime\.status: there is no runtime yet", r"run\(\)"),
    ),
    "running_a_class": (lambda: LIF.run(RunSteps(3)), (r"run belongs to an instance",)),
    "probing_with_a_class": (
        lambda: Monitor.probe(lif().v, 3),
        ("Monitor.probe belongs to an instance",),
    ),
}

DOUBTED |= {
    "infinite_weights": (
        lambda: Dense(weights=[[1, np.inf]], name="d").compile(FLOAT),
        (r"d\.weights: 1 of 2 initial values are infinite",),
    ),
    "one_var_under_two_names": (Twins, (r"p\.a and p\.b are one Var, which is called 'b'",)),
    "a_trace_without_impulse": (
        lambda: learning(y1_tau=10),
        (r"d\.y1: .* impulse is 0, so it stays 0", "y1_impulse="),
    ),
    "learning_without_the_spikes_behind": (
        lambda: learning(after=False, y1_impulse=16, y1_tau=10),
        (r"d\.s_in_bap: nothing is connected", r"s_out\.connect\(d\.s_in_bap\)"),
    ),
    "a_decay_out_of_the_range_of_fixed_point": (
        lambda: lif(name="a", dv=5000).compile(FIXED),
        (r"a\.dv: .* from 0 to 4096, got 5000",),
    ),
}


@harmless
def what_never_fires_and_names_that_are_numbers() -> None:
    lif(vth=np.inf).compile(FLOAT)
    assert lif(name=3).name == "3"
    assert lif().runtime is None


def test_a_constructor_of_a_model_is_shown_where_it_fails_and_without_frames_of_ours() -> None:
    with pytest.raises(LavaActorError, match="LIF: missing a required argument") as caught:
        Outer().compile(FLOAT)
    files = [frame.path for frame in caught.traceback]
    assert "self.inner = LIF()" in str(caught.traceback[-1].statement)
    assert sum(str(file) != __file__ for file in files) == 1, files


# --- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("mistake", REFUSED)
def test_is_refused(mistake: str) -> None:
    body, words = REFUSED[mistake]
    with pytest.raises(Exception) as caught:  # noqa: PT011  (the words tell which)
        body()
    told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    for word in words:
        assert re.search(word, told), told


@pytest.mark.parametrize("mistake", DOUBTED)
def test_is_doubted(mistake: str) -> None:
    body, words = DOUBTED[mistake]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        body()
    told = [w for w in caught if issubclass(w.category, LavaActorWarning)]
    assert [w.category for w in caught] == [LavaActorWarning] * len(told)
    assert {w.filename for w in told} == {__file__}
    assert len(told) == 1, [str(w.message) for w in told]
    for word in words:
        assert re.search(word, str(told[0].message)), str(told[0].message)


@pytest.mark.parametrize("mistake", HARMLESS)
def test_is_harmless(mistake: str) -> None:
    HARMLESS[mistake]()

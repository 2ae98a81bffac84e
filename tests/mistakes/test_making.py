"""Mistakes in making Processes: parameters, shapes, weights, names, learning rules."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import lava_actor
from lava_actor import AbstractProcess, InPort, LogConfig, Var
from lava_actor.errors import LavaActorError, LavaActorWarning
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.proc.dense.process import Dense, LearningDense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.process import LIF, LIFRefractory
from lava_actor.proc.sdn.process import Delta, SigmaDelta
from lava_actor.proc.sources.process import PoissonSource, SpikeTimes
from lava_actor.proc.sparse.process import LearningSparse, Sparse
from tests.mistakes.tables import FIXED, FLOAT, Own, Table, lif, ran

TABLE = Table()
doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


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


class Mine(LIF):
    """A user's own LIF, with a parameter of its own."""

    def __init__(self, gain: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)


@harmless
def keywords_of_a_subclass_for_its_own_model() -> None:
    assert Mine(shape=(2,), gain=2, colour="red").proc_params["colour"] == "red"


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


@harmless
def a_property_that_fails() -> None:
    class Failing(AbstractProcess):
        @property
        def gain(self) -> Any:
            return {}.value  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'dict' object has no attribute 'value'"):
        Failing().gain


class Twins(AbstractProcess):
    def __init__(self) -> None:
        super().__init__(name="p")
        self.a = self.b = Var((2,))


def learning(
    after: bool = True, kind: Any = LearningDense, given: Any = None, **rule: Any
) -> None:
    """Compile synapses that learn by ``x0*y1``."""
    made = Loihi2FLearningRule(**{"dw": "x0*y1", **rule})
    synapses = kind(weights=np.ones((2, 2)), learning_rule=made, name="d", **(given or {}))
    if after:
        lif().s_out.connect(synapses.s_in_bap)
    synapses.compile(FLOAT)


@harmless
def what_never_fires_and_names_that_are_numbers() -> None:
    lif(vth=np.inf).compile(FLOAT)
    assert lif(name=3).name == "3"
    assert lif().runtime is None


@doubted(r"Shared.v is a Var of the class", "belongs to b, and no longer to a", r"self\.v = Var\(")
def a_var_in_the_body_of_a_class() -> None:
    class Shared(AbstractProcess):
        v = Var((2,))

    Shared(name="a"), Shared(name="b")


@refused("Plain: got an unexpected keyword argument 'name'", r"takes no \*\*kwargs")
def a_name_for_a_constructor_that_takes_none() -> None:
    class Plain(AbstractProcess):
        def __init__(self) -> None:
            super().__init__()

    Plain(name="a")  # type: ignore[call-arg]


@refused("cannot|has no attribute 'LIF'", "write from lava_actor.proc.lif.process import LIF")
def importing_from_too_high() -> None:
    from lava_actor import LIF  # noqa: F401


@refused("has no attribute 'Dense'; write from lava_actor.proc.dense.process import Dense")
def taking_from_too_high() -> None:
    lava_actor.proc.Dense


TABLE.REFUSED |= {
    "a_word_for_a_mode": (
        lambda: SigmaDelta(shape=(2,), vth=1, act_mode="relu", name="d"),
        (r"d\.act_mode: expected an? ActivationMode \(UNIT, RELU\), got 'relu'",),
    ),
    "a_mode_that_is_not_there": (
        lambda: SigmaDelta(shape=(2,), vth=1, act_mode=7),
        (r"SigmaDelta\.act_mode: .*, got 7",),
    ),
    "a_word_for_a_sign_mode": (
        lambda: Dense(weights=np.eye(2), sign_mode="excitatory"),
        (r"Dense\.sign_mode: .*MIXED, EXCITATORY, INHIBITORY\), got 'excitatory'",),
    ),
    "half_an_exponent": (
        lambda: Dense(weights=np.eye(2), weight_exp=0.5),
        (r"Dense\.weight_exp: expected an integer, got 0\.5",),
    ),
    "an_exponent_as_text": (
        lambda: Delta(shape=(2,), vth=1, state_exp="2"),
        (r"Delta\.state_exp: expected an integer, got '2'",),
    ),
    "no_as_text": (
        lambda: PoissonSource(shape=(2,), rate=0.1, binary="no"),
        (r"PoissonSource\.binary: expected True or False, got 'no'",),
    ),
    "steps_of_one_neuron": (
        lambda: SpikeTimes(times=[1, 2, 3]),
        (r"SpikeTimes\.times: expected a sequence of steps for each neuron", r"\[1, 2, 3\]"),
    ),
    "saving_from_too_high": (
        lambda: lava_actor.save(lif(), "file"),
        (r"has no attribute 'save'; a Process has it: process\.save\(…\)",),
    ),
    "masked_weights": (
        lambda: Dense(weights=np.ma.masked_equal(np.eye(2), 1), name="d"),
        (r"d\.weights: expected an array without a mask", "filled"),
    ),
    "half_a_step": (
        lambda: LIFRefractory(shape=1, refractory_period=2.5, name="a"),
        (r"a\.refractory_period: expected an integer, at least 1, got 2\.5",),
    ),
    "a_buffer_of_half_a_step": (
        lambda: Sink(shape=(1,), buffer=2.5),
        (r"buffer: expected an integer, at least 1, got 2\.5",),
    ),
    "a_level_as_log_config": (
        lambda: lif(name="a", log_config="DEBUG"),
        (r"a\.log_config: expected a LogConfig, got 'DEBUG'",),
    ),
    "a_level_as_text": (
        lambda: LogConfig(level="DEBUG"),  # type: ignore[arg-type]
        (r"LogConfig\.level: expected a number such as logging\.DEBUG, got 'DEBUG'",),
    ),

    "the_sides_of_a_shape_one_by_one": (
        lambda: Var(2, 3, 4),  # type: ignore[arg-type]
        (r"Var\(shape, init, shareable\)", "got 4", "tuple"),
    ),
    "a_misspelt_constant_of_a_rule": (
        lambda: Loihi2FLearningRule(dw="x0*y1", x1_taau=3),  # type: ignore[call-arg]
        ("Loihi2FLearningRule: .*'x1_taau'", "did you mean 'x1_tau'"),
    ),
    "nothing_as_threshold": (
        lambda: ran(lif(name="a", vth=None)),
        (r"a\.vth: expected numbers, got NoneType",),
    ),
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
    "a_member_that_is_not_there": (
        lambda: lif().voltage,
        ("'LIF' object has no attribute 'voltage'", "its Vars and ports are .*v.*"),
    ),
    "a_symbol_with_a_digit_too_many": (
        lambda: Loihi2FLearningRule(dw="x0*y12", t_epoch=1),
        ('unknown symbol "y12"',),
    ),
    "a_parameter_that_fits_no_population": (
        lambda: lif(name="a", vth=[1, 2, 3]).compile(FLOAT),
        (r"a\.vth: expected one number, or shape \(2,\), got shape \(3,\)",),
    ),
    "a_square_in_a_rule": (
        lambda: Loihi2FLearningRule(dw="x0*y1**2"),
        (r'"\*\*": a square is y1\*y1, a power of two 2\^-3, at position 5',),
    ),
    "an_epoch_as_text": (
        lambda: Loihi2FLearningRule(dw="x0*y1", t_epoch="2"),  # type: ignore[arg-type]
        ("t_epoch: expected an integer, at least 1, got '2'",),
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
}


TABLE.DOUBTED |= {
    "a_negative_threshold_of_changes": (
        lambda: Delta(shape=(2,), vth=-1, name="d").compile(FLOAT),
        (r"d\.vth: .*below 0: every change is sent",),
    ),

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
    "a_misspelt_keyword_of_a_subclass": (
        lambda: Mine(shape=(2,), treshold=3),
        ("Mine", "'treshold'", "did you mean 'vth'"),
    ),
    "a_keyword_that_is_one_letter_off": (
        lambda: Dense(weights=np.eye(2), weight_=np.eye(2)),
        ("no parameter is called .weight_.", "did you mean 'weights'"),
    ),
    "weights_that_the_hardware_cannot_hold": (
        lambda: Dense(weights=np.array([[300, 400, 7]]), name="d").compile(FIXED),
        ("d.weights: 2 of 3 do not fit into 8 bits", "300 becomes 255", "weight_exp"),
    ),
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
    "payloads_that_do_not_arrive": (
        lambda: learning(dw="x0*x1", given={"graded_spike_cfg": 1}),
        (r"d\.graded_spike_cfg: payloads drive x1, but num_message_bits is 0",),
    ),
    "a_rule_for_a_tag_that_stores_nothing": (
        lambda: learning(kind=LearningSparse, dw="x0", dt="x0"),
        (r"d\.tag_1: the rule dt changes stored entries, and there is none", "give tag_1="),
    ),
    "a_decay_out_of_the_range_of_fixed_point": (
        lambda: lif(name="a", dv=5000).compile(FIXED),
        (r"a\.dv: .* from 0 to 4096, got 5000",),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()

"""Mistakes in reading and writing Vars."""

from __future__ import annotations

from typing import Any

import numpy as np

from lava_actor import AbstractProcess, AbstractSubProcessModel, Var, implements
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.sources.process import PoissonSource
from lava_actor.proc.sparse.process import Sparse
from tests.mistakes.tables import FIXED, Own, Table, lif, modelled, ran

TABLE = Table()
doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


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


@doubted(r"a\.v: 1 of 1 values are infinite", "spread")
def setting_infinity() -> None:
    ran(lif(name="a")).v.set(np.inf)


@harmless
def setting_an_infinite_threshold() -> None:
    ran(lif()).vth.set(np.inf)


@harmless
def setting_nan_in_a_model_of_ones_own() -> None:
    modelled(run_spk=lambda self: None).v.set(np.nan)


@refused(r"h\.v: no model of this network holds it", r"proc\.vars\.v\.alias\(")
def reading_a_var_that_no_inner_process_stands_for() -> None:
    class Outer(AbstractProcess):
        def __init__(self) -> None:
            super().__init__(name="h")
            self.v = Var((2,))

    @implements(Outer)
    class Inside(AbstractSubProcessModel):
        def __init__(self, proc: Any) -> None:
            self.inner = lif()

    ran(Outer()).v.get()


@doubted(r"a\.v\.value: Var has no such attribute", r"v\.set\(")
def a_value_for_an_attribute_that_a_var_has_not() -> None:
    lif(name="a").v.value = 3


@refused(r"a\.v\.shape: expected a shape when the Var is made; it stays \(2,\)")
def another_shape_for_a_var() -> None:
    lif(name="a").v.shape = (3,)


@harmless
def a_var_of_one_element_as_a_number() -> None:
    v = ran(lif(1, bias_mant=1)).v
    assert (float(v), int(v), f"{v:.1f}") == (1.0, 1, "1.0")
    assert f"{v}" == str(v)


TABLE.REFUSED |= {
    "another_shape_for_a_process": (
        lambda: setattr(lif(name="a"), "shape", (5,)),
        (r"a\.shape: expected as LIF\(shape=…\), when the Process is made",),
    ),
    "another_seed_for_a_source": (
        lambda: setattr(PoissonSource(shape=2, rate=0.1, name="p"), "seed", 3),
        (r"p\.seed: expected as PoissonSource\(seed=…\)",),
    ),
    "a_parameter_that_models_read": (
        lambda: setattr(Dense(weights=np.eye(2), name="d"), "weight_exp", 3),
        (r"d\.weight_exp: expected as Dense\(weight_exp=…\)",),
    ),
    "a_number_as_name": (
        lambda: setattr(lif(name="a"), "name", 5),
        (r"a\.name: expected a str, got 5",),
    ),
    "other_vars": (lambda: setattr(lif(), "vars", {}), (r"LIF\.vars: .*reserved",)),
    "another_shape_for_a_port": (
        lambda: setattr(lif(name="a").s_out, "shape", (5,)),
        (r"a\.s_out\.shape: expected a shape when the OutPort is made; it stays \(2,\)",),
    ),
    "setting_a_masked_array": (
        lambda: ran(lif(name="a")).v.set(np.ma.masked_equal([1, 2], 1)),
        (r"a\.v: expected an array without a mask",),
    ),

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
    "reading_an_index_that_is_not_there": (
        lambda: ran(lif(name="a")).v.get(7),
        (r"a\.v", "index 7", r"shape \(2,\)"),
    ),
    "a_method_that_arrays_have": (
        lambda: lif().v.mean(),  # noqa: PLW0108  (is made in the test)
        ("'Var' object has no attribute 'mean'", r"\.get\(\)\.mean"),
    ),
}


TABLE.DOUBTED |= {
    "a_delay_for_a_port": (
        lambda: setattr(lif(name="a").s_out, "delay", 5),
        (r"a\.s_out\.delay: OutPort has no such attribute",),
    ),
    "setting_transposed_weights": (
        lambda: ran(Dense(weights=np.ones((2, 3)), name="d")).weights.set(np.ones((3, 2))),
        (r"d\.weights: its shape is \(2, 3\)", r"\(3, 2\): is it transposed", "row by row"),
    ),
    "setting_nan": (
        lambda: ran(lif(name="a")).v.set([1, np.nan]),
        (r"a\.v: 1 of 2 values are NaN", "spread"),
    ),
    "setting_a_decay_of_the_other_numbers": (
        lambda: ran(lif(name="a")).du.set(4095),
        (r"a\.du: expected the fraction that decays", "from 0 to 1, got 4095", "1/4096"),
    ),
    "setting_a_threshold_below_rest": (
        lambda: ran(lif(name="a")).vth.set(-1),
        (r"a\.vth: -1 is below 0", "spike in every step"),
    ),
    "setting_a_decay_out_of_range": (
        lambda: ran(lif(name="a"), cfg=FIXED).dv.set(5000),
        (r"a\.dv: expected what decays per step in units of 1/4096", "0 to 4096, got 5000"),
    ),
    "setting_a_fraction_in_fixed_point": (
        lambda: ran(lif(name="a"), cfg=FIXED).v.set(1.5),
        (r"a\.v: PyLifModelBitAcc computes in integers", r"1\.5 becomes 1"),
    ),
    "setting_what_wraps_around": (
        lambda: ran(lif(name="a"), cfg=FIXED).v.set(2**40),
        (r"a\.v: 1 of 1 values do not fit into int32", "wrap around"),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()

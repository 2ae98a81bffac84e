"""Mistakes in connecting ports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    InPort,
    Loihi2SimCfg,
    OutPort,
    implements,
)
from lava_actor.errors import LavaActorError
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF
from tests.mistakes.tables import FLOAT, Own, Table, lif, ran

TABLE = Table()
doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


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


class Outer(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.out = OutPort((2,))


@implements(Outer)
class Unfinished(AbstractSubProcessModel):
    def __init__(self, proc: Any) -> None:
        self.inner = LIF()  # type: ignore[call-arg]


def test_a_constructor_of_a_model_is_shown_where_it_fails_and_without_frames_of_ours() -> None:
    with pytest.raises(LavaActorError, match="LIF: missing a required") as caught:
        Outer().compile(FLOAT)
    files = [frame.path for frame in caught.traceback]
    assert "self.inner = LIF()" in str(caught.traceback[-1].statement)
    assert sum(str(file) != __file__ for file in files) == 1, files


class Through(AbstractProcess):
    def __init__(self) -> None:
        super().__init__(name="h")
        self.inp = InPort((2,))


@doubted(r"h\.inp: what arrives is lost, as .*Dropping", r"proc\.inp\.connect\(self\.")
def an_in_port_of_a_hierarchical_process_that_is_passed_to_nothing() -> None:
    @implements(Through)
    class Dropping(AbstractSubProcessModel):
        def __init__(self, proc: Any) -> None:
            self.inner = lif()

    outer = Through()
    lif().s_out.connect(outer.inp)
    outer.compile(Loihi2SimCfg(exception_proc_model_map={Through: Dropping}))


@doubted(r"Stepping.run_spk: nothing calls it", "sub-process model has no steps")
def a_sub_process_model_with_a_step() -> None:
    @implements(Through)
    class Stepping(AbstractSubProcessModel):
        def __init__(self, proc: Any) -> None:
            self.inner = lif()
            proc.inp.connect(self.inner.a_in)

        def run_spk(self) -> None:
            pass

    Through().compile(Loihi2SimCfg(exception_proc_model_map={Through: Stepping}))


@doubted(r"a\.extra: this InPort came after the constructor and is no member", "__init__")
def a_port_that_a_made_process_gets() -> None:
    a = lif(name="a")
    a.extra = InPort((2,))
    lif().s_out.connect(a.extra)
    a.compile(FLOAT)


@refused("o: Closed is made with its Process", r"def __init__\(self, proc\)")
def a_sub_process_model_that_takes_no_process() -> None:
    class Open(AbstractProcess):
        pass

    class Closed(AbstractSubProcessModel):
        def __init__(self) -> None:
            pass

    Closed.__qualname__ = "Closed"
    implements(Open)(Closed)
    Open(name="o").compile(FLOAT)


TABLE.REFUSED |= {
    "a_part_of_a_population": (
        lambda: lif(name="a")[:10],
        (r"a\[slice\(None, 10, None\)\]: a Process is used as a whole", "weights"),
    ),
    "a_part_of_a_port": (
        lambda: lif(name="a").s_out[:1],
        (r"a\.s_out\[.*\]: a port is connected as a whole", "weights"),
    ),
    "a_chain_of_connections": (
        lambda: lif().s_out.connect(lif().a_in).connect(lif().a_in),  # type: ignore[attr-defined]
        (r"OutPort\.connect was called and returned None, which has no \.connect", "a line"),
    ),
    "connecting_a_process": (
        lambda: lif().connect(lif().a_in),
        (r"its Vars and ports are a_in, s_out.*, and a port has connect\(\)",),
    ),
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
    "connecting_to_a_var": (
        lambda: lif().s_out.connect(lif(name="a").v),
        ("expected InPort or OutPort to connect, got the Var a.v$",),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()

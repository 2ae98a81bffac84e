"""Mistakes in models: what they declare, and what they do in a step."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    PyInPort,
    PyLoihiProcessModel,
    RunSteps,
    Var,
    implements,
)
from lava_actor.errors import WaitTimeoutError
from tests.mistakes.tables import (
    FLOAT,
    Bare,
    Own,
    PyOwn,
    Table,
    lif,
    modelled,
    ran,
)

TABLE = Table()
doubted, harmless, refused = TABLE.doubted, TABLE.harmless, TABLE.refused


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
    reading(
        run_spk=lambda self: self.inp.peek(),
        run_post_mgmt=lambda self: self.inp.recv(),
        post_guard=lambda self: True,
    )
    reading(run_spk=lambda self: (self.inp.peek(), max([self.inp]).recv()))


@harmless
def a_helper_with_a_name_like_a_hook() -> None:
    modelled(run_spk=lambda self: None, run_spks=lambda self: None)
    modelled(
        run_spikes=lambda self: None,
        run_pre_mgmt=lambda self: self.run_spikes(),
        pre_guard=lambda self: True,
    )


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


@refused("out.send: expected numbers, got NoneType")
def sending_nothing() -> None:
    own = Own(lambda model: model.out.send(None))
    own.out.connect(lif().a_in)
    ran(own)


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


@refused("M.v: b .* has no Var or port of that name of its own, but one of a;")
def a_var_of_another_process() -> None:
    class Borrowing(AbstractProcess):
        def __init__(self, v: Var, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.v = v

    members = {"v": LavaPyType(np.ndarray, float), "__module__": __name__}
    implements(Borrowing, protocol=LoihiProtocol)(type("M", (PyLoihiProcessModel,), members))
    ran(Borrowing(Bare(name="a").v, name="b"))


@harmless
def a_phase_with_its_guard_and_one_that_the_model_calls_itself() -> None:
    modelled(run_post_mgmt=lambda self: None, post_guard=lambda self: True)
    modelled(run_lrn=lambda self: None, run_spk=lambda self: self.run_lrn())


TABLE.REFUSED |= {
    "a_breakpoint": (
        lambda: ran(Own(lambda _model: breakpoint(), name="own")),
        (r"breakpoint\(\): no debugger can be reached", "ActorType.Threading"),
    ),
    "a_wrong_tag": (
        lambda: lif().compile(Loihi2SimCfg(select_tag="floating")),
        ("select_tag", "'floating'", "floating_pt", "fixed_pt"),
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
    "class_and_dtype_swapped": (
        lambda: modelled(declare=False, v=LavaPyType(float, np.ndarray)),
        (r"LavaPyType\(np.ndarray, float\)", "takes the class first"),
    ),
    "a_constructor_of_a_model_without_its_base": (
        lambda: modelled(__init__=lambda self, proc_params: None),
        (r"M\.__init__: call super\(\).__init__\(proc_params\)", "could not start"),
    ),
    "a_model_for_the_name_of_a_class": (
        lambda: Loihi2SimCfg(exception_proc_model_map={"LIF": PyOwn}),
        ("exception_proc_model_map", "as keys, got 'LIF'"),
    ),
}


def _sets_its_number(model: Any) -> None:
    model.time_step = 0


TABLE.DOUBTED |= {
    "a_step_that_sets_its_number": (
        lambda: modelled(run_spk=_sets_its_number),
        ("M.run_spk: what it assigns to time_step is lost", "an attribute of your own"),
    ),
    "a_phase_without_its_guard": (
        lambda: modelled(run_post_mgmt=lambda self: None),
        ("M.run_post_mgmt: nothing calls it", "post_guard that returns True"),
    ),
    "a_misspelt_step": (lambda: modelled(run_spike=lambda self: None), ("M.run_spike", "run_spk")),
    "a_misspelt_guard": (
        lambda: modelled(run_spk=lambda self: None, lern_guard=lambda self: True),
        ("M.lern_guard", "lrn_guard"),
    ),
    "a_port_that_is_only_peeked_at": (
        lambda: reading(run_spk=lambda self: self.inp.probe() and self.inp.peek()),
        ("M only peeks at .*inp", "first for ever"),
    ),
}


test_is_refused, test_is_doubted, test_is_harmless = TABLE.tests()


def test_a_time_step_of_another_object_is_nobodys_business() -> None:
    def run_spk(model: Any) -> None:
        model.others.time_step = 3

    def begins(model: Any, proc_params: Any) -> None:
        PyLoihiProcessModel.__init__(model, proc_params)
        model.time_step = 0
        model.others = SimpleNamespace()

    modelled(run_spk=run_spk, __init__=begins)

"""Which models are seen to only read through a RefPort, in post-management."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from lava_actor import (
    AbstractProcess,
    LavaPyType,
    LoihiProtocol,
    PyLoihiProcessModel,
    PyRefPort,
    RefPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.compiler.compiler import Compiler
from lava_actor.model.ref_use import doing_more
from tests.runtime.networks import Counter, First


class Base(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)
    seen: Any = LavaPyType(int, int)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.count = 0

    def post_guard(self) -> bool:
        return self.time_step > 1


class Reads(Base):
    SCALE = 2

    @staticmethod
    def scaled(value: Any) -> Any:
        return [each * 2 for each in value]

    def run_spk(self) -> None:
        self.count += 1

    def run_post_mgmt(self) -> None:
        if self.count:
            self.seen = self.scaled(self.ref.read() + self.ref.read())[0]


class Tells(Reads):
    def run_post_mgmt(self) -> None:
        super().run_post_mgmt()
        self.count = len(str(self.seen))


class Silent(Base):
    pass


@pytest.mark.parametrize("model", [Reads, Tells, Silent])
def test_a_port_that_is_read_in_post_management_alone_is_seen_to_be(model: type) -> None:
    assert doing_more(model, "ref") is None


class Writes(Reads):
    def run_post_mgmt(self) -> None:
        self.ref.write(self.ref.read())


class ReadsBefore(Reads):
    def run_pre_mgmt(self) -> None:
        self.seen = self.ref.read()


class IsTheSameBefore(Reads):
    run_pre_mgmt = Reads.run_post_mgmt


class CallsItBefore(Reads):
    def run_pre_mgmt(self) -> None:
        self.run_post_mgmt()


class Waits(Reads):
    def run_post_mgmt(self) -> None:
        self.ref.wait()


class Lends(Reads):
    def run_post_mgmt(self) -> None:
        port = self.ref
        self.seen = port.read()


class KeepsTheMethod(Reads):
    def run_post_mgmt(self) -> None:
        self.later = self.ref.read


class HandsOut(Reads):
    def run_spk(self) -> None:
        self.proc_params["on_step"](self)


class HandsOutLater(Reads):
    def run_spk(self) -> None:
        self.later = lambda: self.seen


class Renames(Reads):
    def run_spk(self) -> None:
        me = self
        self.count = me.count


class ByName(Reads):
    def run_spk(self) -> None:
        self.later = getattr(self.count, "re" + "f", None)


class NamesIt(Reads):
    def run_spk(self) -> None:
        self.later = "ref"


class AllPorts(Reads):
    def run_spk(self) -> None:
        self.later = self.py_ports


class Replaces(Reads):
    def run_post_mgmt(self) -> None:
        self.ref = None  # type: ignore[assignment]


class Hooked(Reads):
    def __getattr__(self, name: str) -> Any:
        return self.count


def logged(method: Any) -> Any:
    @functools.wraps(method)
    def wrapper(*args: Any) -> Any:
        return method(*args)

    return wrapper


class Decorated(Reads):
    run_spk = logged(Reads.run_spk)


class Called(Reads):
    run_spk = functools.partialmethod(Reads.run_spk)


class Property(Reads):
    @property
    def port(self) -> Any:
        return self.ref


@pytest.mark.parametrize(
    "model",
    [Writes, ReadsBefore, IsTheSameBefore, CallsItBefore, Waits, Lends, KeepsTheMethod, HandsOut,
     HandsOutLater, Renames, ByName, NamesIt, AllPorts, Replaces, Hooked, Decorated, Called,
     Property],
)  # fmt: skip
def test_a_model_that_may_do_more_with_its_port_is_not(model: type) -> None:
    assert doing_more(model, "ref") is not None


class Looks(AbstractProcess):
    """Adds up what it reads."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ref = RefPort((1,))
        self.sums = Var((1,), init=0)


@implements(proc=Looks, protocol=LoihiProtocol)
class PyLooks(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)
    sums: Any = LavaPyType(int, int)

    def post_guard(self) -> bool:
        return self.time_step % 2 == 1

    def run_post_mgmt(self) -> None:
        self.sums = self.sums * 3 + self.ref.read()


def test_it_gets_the_var_as_a_message_and_reads_what_it_would_in_its_turn() -> None:
    found = []
    for config in ({}, {"taps": False}):
        counter, looks = Counter(), Looks()
        looks.ref.connect_var(counter.count)
        plan = Compiler(config).compile(counter, First())
        assert bool(plan.turns) == bool(config)
        plan.forget()
        with counter:
            counter.run(RunSteps(9), First(), config)
            found.append(looks.sums.get().tolist())
    assert found == [[sum(3 ** ((9 - t) // 2) * t for t in range(1, 10, 2))]] * 2

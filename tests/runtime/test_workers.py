"""Several actors share a process, and each is all that it would be in one of its own."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import psutil
import pytest

from lava_actor import ActorType, Loihi2SimCfg, RunSteps
from lava_actor.compiler.compiler import Compiler
from lava_actor.compiler.executable import Executable
from lava_actor.errors import (
    ActorDiedError,
    DeadlockError,
    InvalidTypeError,
    InvalidValueError,
)
from lava_actor.model.decorator import implements, requires, tag
from lava_actor.model.ports import PyOutPort
from lava_actor.model.resources import CPU
from lava_actor.model.sync.loihi_protocol import LoihiProtocol
from lava_actor.model.types import LavaPyType
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.lif.models import AbstractPyLifModelFloat
from lava_actor.proc.lif.process import LIF
from tests.conftest import launcher_pid

FLOAT = Loihi2SimCfg(select_tag="floating_pt")


class FloatLif(AbstractPyLifModelFloat):
    """What the models here have in common."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)


class Odd(LIF):
    """Its model steps in Python, which shows only once it is built."""


@implements(proc=Odd, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class OddModel(FloatLif):
    def on_start(self) -> None:
        self.bias_mant = self.bias_mant.astype(np.float32)
        print("odd")


class Touchy(LIF):
    """Its model lets nobody set a Var."""


@implements(proc=Touchy, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class TouchyModel(FloatLif):
    def on_var_update(self) -> None:
        raise ArithmeticError("not mine")


class Refusing(LIF):
    """Its model cannot be built."""


@implements(proc=Refusing, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class RefusingModel(FloatLif):
    def on_start(self) -> None:
        raise ArithmeticError("refused")


def chain(n: int, middle: type[LIF] = LIF) -> tuple[list[LIF], list[Dense]]:
    """Populations in a row, the last of which reaches the first again."""
    rng = np.random.default_rng(3)
    lifs, links = [], []
    for k in range(n):
        kind = middle if k == n // 2 else LIF
        bias = rng.uniform(0, 0.5, 9)
        lifs.append(kind(shape=(9,), du=0.3, dv=0.1, vth=1.0, bias_mant=bias, name=f"lif{k}"))
    for k in range(n):
        links.append(Dense(weights=rng.normal(0, 0.5, (9, 9)), name=f"link{k}"))
        lifs[k].s_out.connect(links[k].s_in)
        links[k].a_out.connect(lifs[(k + 1) % n].a_in)
    return lifs, links


def compiled(process: Any, placement: Any, **config: Any) -> Executable:
    executable = Compiler({"placement": placement, **config}).compile(process, FLOAT)
    executable.forget()
    return executable


# -- who shares ------------------------------------------------------------------------------------


def test_neighbours_share_a_worker() -> None:
    lifs, _ = chain(8)
    plans = compiled(lifs[0], {"workers": 2}).actors
    crossing = 0
    for k in range(8):
        workers = {
            p.worker for p in plans if p.name in (f"lif{k}", f"link{k}", f"lif{(k + 1) % 8}")
        }
        crossing += len(workers) - 1
    assert crossing == 2
    sizes = [sum(p.worker == w for p in plans) for w in (0, 1)]
    assert sum(sizes) == 16
    assert abs(sizes[0] - sizes[1]) <= 2


def test_parts_share_a_worker_with_the_parts_that_feed_them() -> None:
    lifs, links = chain(2)
    cut: dict[Any, int] = dict.fromkeys([*lifs, *links], 3)
    plans = compiled(lifs[0], cut | {"workers": 3}).actors
    assert all(plan.part is not None and plan.worker == plan.part.number for plan in plans)


def test_describe_says_who_shares_and_why_others_do_not() -> None:
    lifs, _ = chain(2)
    sink = Sink(shape=(9,), buffer=3, name="sink")
    lifs[0].s_out.connect(sink.a_in)
    text = compiled(lifs[0], {"workers": 1}).describe()
    assert "1 worker, shared by several actors each" in text
    assert text.count("in worker 0") == 5
    text = compiled(lifs[0], {"workers": 1}, schedule="lockstep").describe()
    assert "lif0 has a process of its own: the network steps in lockstep" in text
    assert "in worker" not in text


@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [(0, InvalidValueError, "at least one worker"), ("2", InvalidTypeError, "number of workers")],
)
def test_a_useless_number_of_workers_is_refused(
    workers: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        compiled(LIF(shape=(1,)), {"workers": workers})


# -- one process -----------------------------------------------------------------------------------


def processes() -> list[int]:
    """The processes of its actors: children of the service, which is a child of the launcher."""
    (service,) = psutil.Process(launcher_pid()).children()
    return [child.pid for child in service.children()]


def test_a_network_of_one_worker_has_one_process() -> None:
    lifs, _ = chain(5)
    with lifs[0]:
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
        assert len(processes()) == 1
        status = lifs[0].runtime.status()
        assert {actor.worker for actor in status} == {0}
        assert "lif0 (PyLifModelFloat) in worker 0: step 5" in str(status[0])


def test_who_lives_in_threads_shares_nothing() -> None:
    lifs, _ = chain(2)
    plans = compiled(lifs[0], {"workers": 1}, actor_type=ActorType.Threading).actors
    assert {plan.worker for plan in plans} == {None}


def test_who_shares_a_killed_process_is_named() -> None:
    lifs, _ = chain(3)
    lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
    (worker,) = processes()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ActorDiedError, match="lif0.*SIGKILL.*share its process: lif1, lif2, link0"):
        lifs[0].run(RunSteps(5))


def test_actors_of_one_worker_that_wait_for_each_other_are_a_deadlock() -> None:
    one, other = LIF(shape=(4,), name="one"), LIF(shape=(4,), name="other")
    one.s_out.connect(other.a_in)
    other.s_out.connect(one.a_in)
    with pytest.raises(DeadlockError, match="one.a_in waits for a message from other.s_out"):
        one.run(RunSteps(3), FLOAT, {"placement": {"workers": 1}})


def test_what_one_member_raises_names_it_and_concerns_the_asker_alone() -> None:
    lifs, _ = chain(3, Touchy)
    with lifs[0]:
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})
        with pytest.raises(ArithmeticError, match="not mine") as raised:
            lifs[1].v.set(np.zeros(9))
        assert "lif1" in "".join(raised.value.__notes__)
        lifs[0].run(RunSteps(5))
        assert lifs[2].v.get().any()


def test_a_member_that_cannot_be_built_is_named() -> None:
    lifs, _ = chain(3, Refusing)
    with pytest.raises(ArithmeticError, match="refused"):
        lifs[0].run(RunSteps(5), FLOAT, {"placement": {"workers": 1}})


def test_a_member_whose_step_is_pythons_moves_to_a_thread_and_computes_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = []
    for placement in ("actors", {"workers": 1}):
        lifs, links = chain(3, Odd)
        with lifs[0]:
            lifs[0].run(RunSteps(40), FLOAT, {"placement": placement})
            lifs[1].u.get()
            lifs[1].reset()
            lifs[0].run(RunSteps(20))
            found.append([x.tobytes() for lif in lifs for x in (lif.u.get(), lif.v.get())])
        assert "[lif1] odd" in capsys.readouterr().out
    assert found[0] == found[1]
    assert len(set(found[0])) == 6

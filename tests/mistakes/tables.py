"""A mistake is answered where it is made: what is wrong, where, and what to do instead.

Each module here has a `Table` with an entry per kind of mistake. It is *refused* (an error with
the given words), *doubted* (a `LavaActorWarning` with them, and the program goes on), or *harmless*
(it does what was meant). Nothing is answered by silence.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    InPort,
    LavaPyType,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyInPort,
    PyLoihiProcessModel,
    PyOutPort,
    Var,
    implements,
)
from lava_actor.errors import LavaActorWarning
from lava_actor.proc.lif.process import LIF

FLOAT, FIXED = Loihi2SimCfg(select_tag="floating_pt"), Loihi2SimCfg(select_tag="fixed_pt")

Body = Callable[[], Any]
Told = tuple[Body, tuple[str, ...]]


class Table:
    """Mistakes of one kind, and how each is answered."""

    def __init__(self) -> None:
        self.REFUSED: dict[str, Told] = {}
        self.DOUBTED: dict[str, Told] = {}
        self.HARMLESS: dict[str, Body] = {}

    def refused(self, *words: str) -> Callable[[Body], Body]:
        return lambda body: self.REFUSED.setdefault(body.__name__, (body, words))[0]

    def doubted(self, *words: str) -> Callable[[Body], Body]:
        return lambda body: self.DOUBTED.setdefault(body.__name__, (body, words))[0]

    def harmless(self, body: Body) -> Body:
        return self.HARMLESS.setdefault(body.__name__, body)

    def tests(self) -> tuple[Any, Any, Any]:
        """The tests of all entries."""

        @pytest.mark.parametrize("mistake", self.REFUSED)
        def refused(mistake: str) -> None:
            body, words = self.REFUSED[mistake]
            with pytest.raises(Exception) as caught:  # noqa: PT011  (the words tell which)
                body()
            told = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
            for word in words:
                assert re.search(word, told), told

        @pytest.mark.parametrize("mistake", self.DOUBTED)
        def doubted(mistake: str) -> None:
            body, words = self.DOUBTED[mistake]
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                body()
            told = [w for w in caught if issubclass(w.category, LavaActorWarning)]
            assert [w.category for w in caught] == [LavaActorWarning] * len(told)
            assert {Path(w.filename).parent for w in told} == {Path(__file__).parent}
            assert len(told) == 1, [str(w.message) for w in told]
            for word in words:
                assert re.search(word, str(told[0].message)), str(told[0].message)

        @pytest.mark.parametrize("mistake", self.HARMLESS)
        def harmless(mistake: str) -> None:
            self.HARMLESS[mistake]()

        return refused, doubted, harmless


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

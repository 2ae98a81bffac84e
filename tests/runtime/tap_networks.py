"""Owners of Vars, and what reads and writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse

from lava_actor import (
    AbstractProcess,
    ActorType,
    InPort,
    LavaPyType,
    LoihiProtocol,
    PyAsyncProcessModel,
    PyInPort,
    PyLoihiProcessModel,
    PyRefPort,
    PyVarPort,
    RefPort,
    Var,
    VarPort,
    implements,
)
from tests.runtime.networks import First

csr = scipy.sparse.csr_matrix
TURNS: dict[str, Any] = {"taps": False}
CONFIGS: dict[str, dict[str, Any]] = {
    "run ahead": {"schedule": "run_ahead"},
    "lockstep": {"schedule": "lockstep"},
    "threads": {"actor_type": ActorType.Threading},
    "one message per ring": {"pypy_channel_size": 1},
    "turns": TURNS,
}
every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


class Owner(AbstractProcess):
    """Holds ``values[t - 1]`` after step t (the last one from then on), of whatever kind it is."""

    def __init__(self, values: list[Any], shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(values=values, **kwargs)
        self.value = Var(shape, init=0)
        self.count = Var((1,), init=0)
        self.door = VarPort(self.value)


class _OwnerModel(PyLoihiProcessModel):
    count: np.ndarray = LavaPyType(np.ndarray, np.int64)
    door: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, float)

    def run_spk(self) -> None:
        self.count += 1
        values = self.proc_params["values"]
        self.value = values[min(self.time_step, len(values)) - 1]


@implements(proc=Owner, protocol=LoihiProtocol)
class PyOwner(_OwnerModel):
    value: np.ndarray = LavaPyType(np.ndarray, float)


class PySparseOwner(_OwnerModel):
    value: csr = LavaPyType(csr, float)


class PyNumberOwner(_OwnerModel):
    value: int = LavaPyType(int, int)


class Reader(AbstractProcess):
    """Keeps a text of everything it reads, every ``every``-th step, ``times`` times."""

    def __init__(
        self, shape: tuple[int, ...], every: int = 1, times: int = 1, where: str = "", **kwargs: Any
    ) -> None:
        super().__init__(every=every, times=times, where=where, **kwargs)
        self.ref = RefPort(shape)
        self.inp = InPort((1,))
        self.seen = Var((1,), init="")


class _ReaderModel(PyLoihiProcessModel):
    seen: str = LavaPyType(str, str)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)

    def _is_to(self, phase: str) -> bool:
        due = self.time_step % self.proc_params["every"] == 0
        return due and (self.proc_params["where"] or "post") == phase

    def run_spk(self) -> None:
        if self._is_to("spk"):
            self.ref.read()

    def post_guard(self) -> bool:
        return self._is_to("post") or self._is_to("write") or self._is_to("wait")

    def run_post_mgmt(self) -> None:
        if self.proc_params["where"] == "write":
            self.ref.write(np.zeros(self.ref.shape))
        self.ref.wait()
        for _ in range(self.proc_params["times"]):
            value = self.ref.read()
            kind = (value.dtype.str, value.shape, value.flags.writeable, value.tobytes().hex())
            value[...] = 0  # nobody else sees that
            self.seen += f"{self.time_step}: {kind}\n"


class _TappingModel(_ReaderModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True)


@implements(proc=Reader, protocol=LoihiProtocol)
class PyReader(_TappingModel):
    pass


class PyPreReader(_TappingModel):
    def pre_guard(self) -> bool:
        return True

    lrn_guard = pre_guard

    def run_pre_mgmt(self) -> None:
        self.ref.read()


class PyFreeReader(PyAsyncProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int64)
    seen: str = LavaPyType(str, str)

    def run_async(self) -> None:
        self.seen = str(self.ref.read())


class Writer(AbstractProcess):
    """Adds one to a Var in every step."""

    def __init__(self, shape: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ref = RefPort(shape)


@implements(proc=Writer, protocol=LoihiProtocol)
class PyWriter(PyLoihiProcessModel):
    ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)

    def post_guard(self) -> bool:
        return True

    def run_post_mgmt(self) -> None:
        self.ref.write(self.ref.read() + 1)


class With(First):
    """Takes the given models for the Processes they are given for."""

    def __init__(self, models: dict[type, type], **options: Any) -> None:
        super().__init__(**options)
        self.models = models

    def select(self, process: AbstractProcess, models: list[Any]) -> Any:
        return self.models.get(type(process), models[0])


def every(number: int) -> type:
    """A model that is only to read in some steps."""

    class PySeldom(PyReader):
        ref: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True, every=number)

    return PySeldom


def counting(shape: tuple[int, ...] = (3,)) -> Owner:
    return Owner([np.full(shape, float(t)) for t in range(1, 60)], shape)


def numbers_seen(reader: Reader) -> list[tuple[int, float]]:
    """Step and first element of everything that was read."""
    lines = [line.partition(": ") for line in reader.seen.get().splitlines()]
    found = [(int(step), eval(kind)) for step, _, kind in lines]
    return [(step, np.frombuffer(bytes.fromhex(k[3]), k[0])[0].item()) for step, k in found]

"""Native steps of programs outside of the package: C, ctypes, Numba; and what they are told."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    CPU,
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
    requires,
)
from lava_actor.errors import InvalidTypeError, InvalidValueError, MissingMemberError
from lava_actor.model.native import NativeStep, include_dir, stands_in_the_way
from lava_actor.model.step_functions import address_of
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.source import RingBuffer
from lava_actor.proc.lif.models import PyLifModelFloat
from lava_actor.proc.lif.process import LIF

STEP_IN_C = """
#include "step.h"

int adaptive(const la_pack *p) {
    const double *a = p->arrays[0];
    uint8_t *s = p->arrays[1];
    double *v = p->arrays[2], *w = p->arrays[3], keep = p->numbers[0];
    if (p->version < 1 || p->n_arrays != 4 || p->sizes[2] != p->n) return 7;
    for (ptrdiff_t i = 0; i < p->n; i++) {
        v[i] = keep * v[i] + a[i] - w[i];
        s[i] = v[i] > 1;
        w[i] = 0.9 * w[i] + 0.5 * s[i];
        if (s[i]) v[i] = 0;
    }
    return p->integers[0] == (int64_t)p->step ? 42 : 0;
}
"""

PROGRAM = '''
import sys
import numpy as np
from lava_actor import *
from lava_actor.model.native import NativeStep, jit
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source

way, library, fails_at = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Adaptive(AbstractProcess):
    def __init__(self, shape, fails_at):
        super().__init__(shape=shape)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self.v, self.w = Var(shape=shape), Var(shape=shape)
        self.keep, self.fails_at = Var(shape=(1,), init=0.8), Var(shape=(1,), init=fails_at)

def by_numba(a, s, v, w, numbers, integers, step):
    for i in range(len(v)):
        v[i] = numbers[0] * v[i] + a[i] - w[i]
        s[i] = v[i] > 1
        w[i] = 0.9 * w[i] + 0.5 * s[i]
        if s[i]:
            v[i] = 0

def by_ctypes():
    import ctypes
    return ctypes.CDLL(library).adaptive

ways = {"c": f"{library}:adaptive", "ctypes": by_ctypes, "numba": jit(by_numba)}
function = ways.get(way)

@implements(proc=Adaptive, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAdaptive(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: np.ndarray = LavaPyType(np.ndarray, float)
    w: np.ndarray = LavaPyType(np.ndarray, float)
    keep: np.ndarray = LavaPyType(np.ndarray, float)
    fails_at: np.ndarray = LavaPyType(np.ndarray, int)

    native_step = function and NativeStep(
        function, inputs={"a_in": float}, outputs={"s_out": bool}, state={"v": float, "w": float},
        numbers=("keep",), integers=("fails_at",),
    )

    def run_spk(self):
        assert way == "python"
        self.v[...] = self.keep * self.v + self.a_in.recv() - self.w
        spikes = self.v > 1
        self.w[...] = 0.9 * self.w + 0.5 * spikes
        self.v[spikes] = 0
        self.s_out.send(spikes)

rng = np.random.default_rng(0)
source = Source(data=(rng.random((3, 5, 30)) < 0.4).astype(float))
neurons = Adaptive((4, 5), fails_at)
dense = Dense(weights=rng.normal(1, 0.7, (20, 15)))
sink = Sink(shape=(4, 5), buffer=30)
source.s_out.reshape((15,)).connect(dense.s_in)
dense.a_out.reshape((4, 5)).connect(neurons.a_in)
neurons.s_out.connect(sink.a_in)
config = Loihi2SimCfg(select_tag="floating_pt")
print(neurons.compile(config).describe())
neurons.run(condition=RunSteps(20), run_cfg=config)
neurons.keep.set(np.array([0.5]))
neurons.run(condition=RunSteps(10), run_cfg=config)
found = [neurons.v.get(), neurons.w.get(), sink.data.get()]
print("result", found[2].sum(), *(array.tobytes().hex() for array in found))
neurons.stop()
'''


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("library")
    source, built = folder / "adaptive.c", folder / "libadaptive.so"
    source.write_text(STEP_IN_C)
    flags = ["-O2", "-shared", "-fPIC", "-ffp-contract=off", f"-I{include_dir()}"]
    subprocess.run([compiler, *flags, str(source), "-o", str(built)], check=True)
    return built


def run(folder: Path, *arguments: Any) -> subprocess.CompletedProcess[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, str(program), *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def result(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return next(line for line in done.stdout.splitlines() if line.startswith("result"))


@pytest.mark.parametrize("way", ["c", "ctypes", "numba"])
def test_a_program_brings_its_own_step(way: str, library: Path, tmp_path: Path) -> None:
    if way == "numba":
        pytest.importorskip("numba")
    native, plain = run(tmp_path, way, library, -1), run(tmp_path, "python", library, -1)
    assert result(native) == result(plain)
    assert float(result(native).split()[1]) > 0
    assert "<- PyAdaptive, steps natively" in native.stdout
    assert "<- PyAdaptive, steps in Python: PyAdaptive declares no native step" in plain.stdout


def test_a_step_that_returns_something_ends_the_run_with_an_error(
    library: Path, tmp_path: Path
) -> None:
    done = run(tmp_path, "c", library, 13)
    assert done.returncode == 1
    assert "PyAdaptive: its native step returned 42 in step 13" in done.stderr


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("no_such_step", InvalidValueError, "the catalogue has no such step"),
        ("/nowhere/lib.so:step", InvalidValueError, "/nowhere/lib.so"),
        (1234, InvalidTypeError, "expected the name of a step, .* got 1234"),
        (lambda: 1234, InvalidTypeError, "got 1234"),
    ],
)
def test_what_is_no_function_is_refused(function: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        address_of(NativeStep(function))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("step", "OwnDeclaration.native_step: expected a NativeStep, got 'step'"),
        (
            NativeStep("lif_f64", inputs={"a_inn": float}),
            "expected the name of a PyInPort, got 'a_inn' (did you mean 'a_in'?)",
        ),
        (
            NativeStep("lif_f64", outputs={"a_in": float}),
            "expected the name of a PyOutPort, got 'a_in'",
        ),
        (
            NativeStep("lif_f64", state={"v": np.float32}),
            "native_step: v is float64, the native step takes float32",
        ),
        (NativeStep("lif_f64", inputs=["a_in"]), "expected inputs as a dict, got ['a_in']"),  # type: ignore[arg-type]
        (
            NativeStep("lif_f64", inputs={"a_in": float}, stands_for=("reset_voltag",)),
            "has no method 'reset_voltag' to stand for (did you mean 'reset_voltage'?)",
        ),
        (NativeStep("lif_f64", state={"v": float}), "expected a port among inputs and outputs"),
    ],
)
def test_a_declaration_that_does_not_fit_the_model_is_refused_when_it_is_compiled(
    given: Any, message: str
) -> None:
    members = {"native_step": given, "_la_hidden_from_discovery": True}
    cls = type("OwnDeclaration", (PyLifModelFloat,), members)
    config = Loihi2SimCfg(select_tag="floating_pt", exception_proc_model_map={LIF: cls})
    errors = InvalidTypeError, InvalidValueError, MissingMemberError
    with pytest.raises(errors, match=re.escape(message)):
        LIF(shape=(3,)).compile(config)


def test_a_native_step_that_names_no_attribute_is_an_error_when_the_model_starts(
    stand: Any,
) -> None:
    step = NativeStep("lif_f64", inputs={"a_in": float}, outputs={"s_out": bool}, numbers=("vthh",))
    members = {"native_step": step, "_la_hidden_from_discovery": True}
    cls = type("OwnDeclaration", (PyLifModelFloat,), {**members, "run_spk": lambda self: None})
    made = stand(LIF(shape=(3,)), cls, {})
    with pytest.raises(MissingMemberError, match="has no attribute 'vthh'"):
        made.burst()


OWN_THRESHOLD = "OwnThreshold.spiking_activation is not that of AbstractPyLifModelFloat"


class OwnThreshold(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def spiking_activation(self) -> np.ndarray:
        return self.v > 2 * self.vth


class OwnStep(PyLifModelFloat):
    _la_hidden_from_discovery = True

    def run_spk(self) -> None:
        super().run_spk()


class Flattened(PyLifModelFloat):
    _la_hidden_from_discovery = True
    a_in: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, float)


def test_describe_says_who_steps_natively_and_why_not() -> None:
    first, second, third = LIF(shape=(3,)), LIF(shape=(3,)), LIF(shape=(3,))
    dense, source = Dense(weights=np.eye(3)), RingBuffer(data=np.ones((3, 2)))
    first.s_out.connect(dense.s_in)
    dense.a_out.connect(second.a_in)
    source.s_out.connect(third.a_in)
    source.s_out.connect(second.a_in)
    other = LIF(shape=(3,))
    third.s_out.connect(other.a_in)
    config = Loihi2SimCfg(
        select_tag="floating_pt", exception_proc_model_map={third: OwnThreshold, other: Flattened}
    )
    text = first.compile(config).describe()
    assert re.search(rf"{first.name} <- PyLifModelFloat, steps natively", text)
    assert re.search(rf"{dense.name} <- PyDenseModelFloat, steps natively", text)
    assert re.search(rf"{source.name} <- PySendModelFloat, steps natively", text)
    assert f"{third.name} <- OwnThreshold, steps natively, but {OWN_THRESHOLD}" in text
    assert f"{other.name} <- Flattened, steps in Python: a_in does not receive whole arrays" in text


class Halves(AbstractProcess):
    def __init__(self) -> None:
        super().__init__()
        self.a_in, self.s_out, self.v = InPort((4,)), OutPort((2,)), Var((4,))


@implements(Halves, protocol=LoihiProtocol)
@requires(CPU)
class PyHalves(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: np.ndarray = LavaPyType(np.ndarray, float)
    native_step = NativeStep("keep_64", inputs={"a_in": float}, outputs={"s_out": float})

    def run_spk(self) -> None:
        self.s_out.send(self.a_in.recv()[:2])


def test_describe_knows_that_a_uniform_step_takes_ports_of_one_shape() -> None:
    source, halves = RingBuffer(data=np.arange(8.0).reshape(4, 2)), Halves()
    source.s_out.connect(halves.a_in)
    text = source.compile(Loihi2SimCfg(select_tag="floating_pt")).describe()
    assert (
        "PyHalves, steps in Python: a_in has shape (4,), s_out has shape (2,), and a uniform step "
        "takes ports of one shape"
    ) in text


@pytest.mark.parametrize(
    ("kind", "feeders", "reason"),
    [
        (OwnStep, {}, "OwnStep.run_spk is not that of AbstractPyLifModelFloat"),
        (Flattened, {}, "a_in does not receive whole arrays"),
    ],
)
def test_the_reason_names_what_is_in_the_way(
    stand: Any, kind: Any, feeders: Any, reason: str
) -> None:
    assert stands_in_the_way(stand(LIF(shape=(3,)), kind, feeders).model) == reason

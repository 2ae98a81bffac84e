"""Users derive from our models and Processes and give their attributes any name.

So every name of ours there is one of three: Lava's, a documented hook, or it begins with ``_la_``.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import lava_actor
from lava_actor import (
    AbstractProcess,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    PyAsyncProcessModel,
    PyLoihiProcessModel,
    PyOutPort,
    RunSteps,
    Var,
    implements,
)
from lava_actor.learning.learning_rule import Loihi2FLearningRule
from lava_actor.model.harness import ModelHarness
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.py.convert import PyLoihiModelToPyAsyncModel
from lava_actor.model.types import LavaPyType
from lava_actor.proc.conv.models import PyConvModelFixed
from lava_actor.proc.conv.process import Conv
from lava_actor.proc.dense.learning_models import PyLearningDenseModelBitApproximate
from lava_actor.proc.dense.learning_process import LearningDense
from lava_actor.proc.dense.models import (
    AbstractPyDenseModelFloat,
    PyDelayDenseModelBitAcc,
    PyDenseModelBitAcc,
    PyDenseModelFloat,
)
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.io.sink import PyReceiveModelFloat
from lava_actor.proc.io.sink import RingBuffer as Sink
from lava_actor.proc.io.source import RingBuffer as Source
from lava_actor.proc.lif.models import (
    AbstractPyLifModelFloat,
    PyLifModelBitAcc,
    PyLifModelFloat,
    PyLifResetModelBitAcc,
)
from lava_actor.proc.lif.process import LIF, LIFReset
from lava_actor.proc.sources.models import PyPoissonSourceFloat
from lava_actor.proc.sources.process import PoissonSource
from lava_actor.proc.sparse.models import PyDelaySparseModelFloat, PySparseModelFloat
from lava_actor.proc.sparse.process import DelaySparse, Sparse
from lava_actor.process.ports.base import AbstractPort
from lava_actor.process.ports.virtual import AbstractVirtualPort

FLOAT = Loihi2SimCfg(select_tag="floating_pt")

LAVA = {
    "AbstractProcessModel": "implements_process implements_protocol required_resources tags "
    "proc_params log",
    "AbstractSubProcessModel": "find_sub_procs",
    "AbstractPyProcessModel": "model_id var_id_to_var_map py_ports var_ports "
    "add_ports_for_polling start run join _req_pause _req_stop",
    "PyLoihiProcessModel": "Phase phase time_step run_spk run_pre_mgmt run_lrn run_post_mgmt "
    "run_host_mgmt pre_guard lrn_guard post_guard host_guard",
    "PyAsyncProcessModel": "num_steps run_async check_for_stop_cmd check_for_pause_cmd",
    "_LifModel": "subthr_dynamics spiking_activation reset_voltage s_out_buff",
    "AbstractPyLifModelFixed": "scale_bias scale_threshold effective_bias effective_vth "
    "isthrscaled ds_offset dm_offset uv_bitwidth max_uv_val decay_shift decay_unity vth_shift "
    "act_shift",
    "PyTernLifModelFixed": "effective_vth_lo effective_vth_hi",
    "_Resetting": "reset_interval reset_offset",
    "_Refractory": "refractory_period process_spikes",
    "AbstractPyATRLIFModel": "subthr_dynamics",
    "AbstractPyRFModel": "resonator_dynamics",
    "AbstractSigmaModel": "sigma_dynamics",
    "AbstractDeltaModel": "delta_dynamics",
    "AbstractSigmaDeltaModel": "activation_dynamics dynamics",
    "FixedNumbers": "weight_exp num_weight_bits sign_mode",
    "AbstractPyConvModel": "a_buff",
    "AbstractPyDelayDenseModel": "get_delay_wgts_mat",
    "AbstractPyDelaySparseModel": "get_delay_wgts_mat",
    "PyLearningConnection": "recv_traces lrn_guard run_lrn sign_mode _learning_rule _shape "
    "_graded_spike_cfg _within_epoch_time_step _process_pre_spikes _process_post_spikes "
    "_compute_trace_histories _apply_learning_rules _create_learning_rule_applier _init_randoms",
    "LearningNeuronModel": "_learning_rule _shape",
    "AbstractPyDeltaEncoderModel": "encode_delta",
    "PyDeltaEncoderModelSparse": "decode_encode_delta_sparse_8",
    "AbstractPyRead": "counter",
    # parts of a hierarchical model, which are called as its attributes are
    "SubSigmaS4dDeltaLayerModel": "sparse1 sparse2 sigma_s4d_delta",
    "AbstractProcess": "id name proc_params log log_config parent_proc in_ports out_ports "
    "ref_ports var_ports vars procs runtime _runtime model model_class _model_class is_compiled "
    "_post_init _find_attr_by_type _init_proc_member_obj compile create_runtime run wait pause "
    "stop save load register_sub_procs validate_var_aliases is_sub_proc_of",
    "LearningConnectionProcess": "_learning_rule",
    "Shaped": "shape",
    "BitCheck": "shape overflowed",
    "RingBuffer": "shape",
    "Remote": "connect_var",
    "VarWire": "connect_var receive",
    "Injector": "send",
    "Extractor": "receive",
    "Allocator": "n_protos",
    "Conv": "input_shape output_shape",
    "Read": "buffer",
    "Monitor": "probe get_data plot recording data target_names",
}
"""Names of Lava's public model, by the class that has them first."""

ATTACHED = {
    "AbstractPyProcessModel": "service_to_process process_to_service",
    "AbstractProcess": "folded_view folded_view_inst_id propagate_folded_views _log_config",
}
"""Lava's names, too: since `lava_actor.compat.install` was called."""

HOOKS = {
    "AbstractProcessModel": "checkpoint_state",
    "AbstractPyProcessModel": "on_start on_var_update request_pause request_stop _pause _stop "
    "process_name rng",
    "PyLoihiProcessModel": "native_step cut steps_ready",
    "AbstractProcess": "draw reset _repr_html_",
    "Monitor": "spikes dense steps trace raster save_npz to_pandas to_neo",
}
"""Names of ours that the documentation tells of."""

MEMBERS = ("Var", "InPort", "OutPort", "RefPort", "VarPort", "Recording")


def of_package(base: type) -> list[type]:
    """The classes of the package below ``base``, and what they are mixed with."""
    for module in pkgutil.walk_packages(lava_actor.__path__, "lava_actor."):
        if "__main__" not in module.name and not module.name.startswith("lava_actor.mpi"):
            importlib.import_module(module.name)
    found: dict[type, None] = {}
    for cls in (base, *subclasses(base)):
        if cls.__module__.startswith("lava_actor."):
            found |= dict.fromkeys(c for c in cls.__mro__ if c.__module__.startswith("lava_actor."))
    return list(found)


def subclasses(base: type) -> Iterator[type]:
    for cls in base.__subclasses__():
        yield cls
        yield from subclasses(cls)


def names_of(cls: type) -> set[str]:
    """What a class defines, in its body and by its methods."""
    found = {*vars(cls), *inspect.get_annotations(cls)}
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls)))):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            found.add(node.attr)
    return {name for name in found if not (name.startswith("__") and name.endswith("__"))}


def members_of(cls: type) -> set[str]:
    """The Vars and ports that a class, or one derived from or mixed with it, declares."""
    found = set[str]()
    for kin in {base for c in (cls, *subclasses(cls)) for base in c.__mro__ if base is not object}:
        found |= {n for n, v in vars(kin).items() if isinstance(v, LavaPyType)}
        if not kin.__module__.startswith("lava_actor."):
            continue
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kin)))):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                for target, value in pairs(node):
                    made = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
                    kind = value.func.id if made else annotated(node)  # type: ignore[union-attr]
                    if kind in MEMBERS:
                        found.add(target)
    return found


def pairs(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr | None]]:
    """Attributes, or names of a class body, with what they are set to."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        one = not isinstance(target, ast.Tuple)
        targets = [target] if one else target.elts
        values = [node.value] * len(targets)
        if not one and isinstance(node.value, ast.Tuple):
            values = list(node.value.elts)
        for each, value in zip(targets, values, strict=True):
            if isinstance(each, ast.Attribute):
                yield each.attr, value
            elif isinstance(each, ast.Name):
                yield each.id, value


def annotated(node: ast.AST) -> str | None:
    return ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else None


def allowed(cls: type) -> set[str]:
    """Lava's names and hooks of a class, and of all that it is mixed with."""
    kin = {base.__name__ for c in (cls, *subclasses(cls)) for base in c.__mro__}
    tables = LAVA, ATTACHED, HOOKS
    return {name for table in tables for c in kin & table.keys() for name in table[c].split()}


@pytest.mark.parametrize("base", [AbstractProcessModel, AbstractProcess])
def test_a_name_of_ours_is_lavas_or_a_hook_or_begins_with_la(base: type) -> None:
    wrong = {
        f"{cls.__name__}.{name}"
        for cls in of_package(base)
        for name in names_of(cls) - allowed(cls) - members_of(cls) - {"_abc_impl"}
        if not name.startswith("_la_")
    }
    assert not wrong, "rename them to _la_…, or say in LAVA or HOOKS why not"


def test_the_lists_hold_no_more_than_there_is() -> None:
    there: dict[str, set[str]] = defaultdict(set)
    for base in (AbstractProcessModel, AbstractProcess):
        for cls in of_package(base):
            there[cls.__name__] |= names_of(cls)
    for table in (LAVA, HOOKS):
        for name, names in table.items():
            assert set(names.split()) <= there[name], name


def test_a_built_model_has_no_other_names() -> None:
    process = LIF(shape=(2,))
    for model in (PyLifModelBitAcc, PyLoihiModelToPyAsyncModel(PyLifModelBitAcc)):
        built = ModelHarness(model, process).model
        precisions = {f"_{name}_p" for name in process.vars.member_names}
        names = {n for n in vars(built) if not n.startswith("_la_")} - precisions
        assert names <= allowed(model) | members_of(PyLifModelBitAcc) | allowed(PyLifModelBitAcc)


# -- whatever a user calls what is his -------------------------------------------------------------


def former(model: type) -> list[str]:
    """What our attributes would be called without the prefix."""
    ours = {name[4:] for name in dir(model) if name.startswith("_la_")}
    lavas = allowed(model) | members_of(model)
    names = {n for o in ours for n in (o, f"_{o}", o.removeprefix("current_"))}
    return sorted(names - lavas - {"hidden_from_discovery", "_hidden_from_discovery"})


def never(*_: object, **__: object) -> object:
    raise AssertionError("this is the user's, and nobody else's")


WEIGHTS = np.arange(-6, 6.0).reshape(3, 4) * 8
DELAYS = np.arange(12).reshape(3, 4) % 3
PLACES = scipy.sparse.csr_matrix(WEIGHTS)
RULE = Loihi2FLearningRule(dw="x0*y1 - y0*x1", x1_impulse=16, x1_tau=5, y1_impulse=16, y1_tau=5)

CASES: dict[type, Any] = {
    PyDenseModelFloat: (lambda: Dense(weights=WEIGHTS), "s_in"),
    PyDenseModelBitAcc: (lambda: Dense(weights=WEIGHTS, weight_exp=2), "s_in"),
    PyDelayDenseModelBitAcc: (lambda: DelayDense(weights=WEIGHTS, delays=DELAYS), "s_in"),
    PySparseModelFloat: (lambda: Sparse(weights=PLACES), "s_in"),
    PyDelaySparseModelFloat: (lambda: DelaySparse(weights=PLACES, delays=2), "s_in"),
    PyConvModelFixed: (lambda: Conv(weight=np.ones((1, 2, 2, 1), int), input_shape=(4, 1, 1),
                                    padding=(1, 1)), "s_in"),
    PyLearningDenseModelBitApproximate: (
        lambda: LearningDense(weights=WEIGHTS, learning_rule=RULE), "s_in"),
    PyLifModelFloat: (lambda: LIF(shape=(4,), vth=2, dv=0.1), "a_in"),
    PyLifModelBitAcc: (lambda: LIF(shape=(4,), vth=1, dv=9), "a_in"),
    PyLifResetModelBitAcc: (lambda: LIFReset(shape=(4,), vth=1, reset_interval=3), "a_in"),
    PyReceiveModelFloat: (lambda: Sink(shape=(4,), buffer=3), "a_in"),
    PyPoissonSourceFloat: (lambda: PoissonSource(shape=(4,), rate=0.4, seed=3), None),
}  # fmt: skip


@pytest.mark.parametrize("junk", [never, 2], ids=["methods", "numbers"])
@pytest.mark.parametrize("model", CASES, ids=lambda m: m.__name__)
def test_every_former_name_is_free(model: Any, junk: object) -> None:
    make, inlet = CASES[model]
    names = dict.fromkeys(former(model), junk)
    assert names
    own = type("Own", (model,), {**names, "_la_hidden_from_discovery": True})
    process, numbers = make(), np.random.default_rng(1)
    ours, theirs = (ModelHarness(one, process) for one in (model, own))
    for name in names if junk == 2 else ():
        setattr(theirs.model, name, junk)
    for _ in range(8):
        shape = (4, 1, 1) if model is PyConvModelFixed else (4,)
        message = {} if inlet is None else {inlet: numbers.integers(0, 2, shape)}
        mine, its = (one.step(**message) for one in (ours, theirs))
        assert mine.keys() == its.keys()
        assert all(np.array_equal(mine[port], its[port]) for port in mine)
    for name in process.vars.member_names:
        held = [getattr(one, name) for one in (ours, theirs)]
        mine, its = (x.toarray() if scipy.sparse.issparse(x) else x for x in held)
        assert np.array_equal(mine, its)


class Cell(AbstractProcess):
    """What a user's model shows of itself."""

    def __init__(self) -> None:
        super().__init__(name="cell")
        self.out = OutPort(shape=(1,))
        self.seen = Var(shape=(3,))


class Own(PyLoihiProcessModel):
    """Base of models of users."""

    _la_hidden_from_discovery = True
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    seen: np.ndarray = LavaPyType(np.ndarray, float)


@implements(Cell, protocol=LoihiProtocol)
class Oscillator(Own):
    """Keeps a phase of its own, under names that the runtime might have used."""

    _rng_seed = 42
    _native_burst = _obstacle = _in_parts = "mine"

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._phase = 0.0
        self.process_name = "sensor"
        self._var_written = self._control = 3

    def run_spk(self) -> None:
        self._phase += 0.25
        self.seen[:] = self._phase, self._rng_seed, self.process_name == "sensor"


@implements(Cell, protocol=LoihiProtocol)
class Phases(Own):
    """Takes the name of Lava's attribute, too."""

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self._seed = 0

    def run_spk(self) -> None:
        self.seen[:] = int(self.phase[0]), self.process_name == "cell", self.rng.random() < 1


@pytest.mark.parametrize(
    ("model", "seen"), [(Oscillator, [1.0, 42, 1]), (Phases, [1, 1, 1])], ids=["own", "ours"]
)
def test_what_the_runtime_keeps_of_a_model_is_not_where_users_keep_theirs(
    model: Any, seen: list[float]
) -> None:
    with Cell() as cell:
        cell.run(RunSteps(4), Loihi2SimCfg(exception_proc_model_map={Cell: model}))
        assert cell.seen.get().tolist() == seen
        cell.seen.set(np.zeros(3))
        cell.run(RunSteps(1))
        assert cell.seen.get()[0] == (1.25 if model is Oscillator else 1)


class Turning(AbstractProcess):
    """Has a Var of the name of an attribute that models show."""

    def __init__(self) -> None:
        super().__init__()
        self.process_name = Var(shape=(1,), init=3)


@implements(Turning, protocol=LoihiProtocol)
class PyTurning(PyLoihiProcessModel):
    process_name: np.ndarray = LavaPyType(np.ndarray, float)  # type: ignore[assignment]

    def run_spk(self) -> None:
        self.process_name += 1

    def cut(self) -> None:
        """Not how to be cut."""


def test_a_var_may_be_called_process_name() -> None:
    with Turning() as turning:
        turning.run(RunSteps(3), FLOAT, {"placement": "auto"})
        assert turning.process_name.get() == 6


class Mine(Dense):
    """A connection of a user."""


@implements(Mine, protocol=LoihiProtocol)
class PyMine(AbstractPyDenseModelFloat):
    """Has helpers whose names were ours."""

    _columns = 2

    def scaled(self, x: np.ndarray) -> np.ndarray:
        return 1000 * x

    def activation(self, x: np.ndarray, th: float = 0.0) -> np.ndarray:
        return np.where(x > th, x, 0)

    def receive(self, more: int) -> int:
        return more

    used_weights = number = factors = scales = columns = add_weights = receive


class Softer(LIF):
    """A neuron of a user."""


@implements(Softer, protocol=LoihiProtocol)
class PySofter(AbstractPyLifModelFloat):
    """Keeps a threshold of its own, for one of its own methods."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    vth: float = LavaPyType(float, float)

    _threshold = 0.5

    def _begin(self, more: int) -> None:
        raise AssertionError("this is the user's")

    def subthr_dynamics(self, activation_in: np.ndarray) -> None:
        super().subthr_dynamics(activation_in - self._threshold)


def test_connections_and_neurons_compute_as_ever() -> None:
    weights, steps = np.array([[1.0, 2.0], [0.5, 0.25]]), 6
    source = LIF(shape=(2,), vth=0.0, bias_mant=1.0, du=1.0, dv=1.0)
    mine, softer = Mine(weights=weights), Softer(shape=(2,), vth=2.0, du=1.0, dv=0.25)
    source.s_out.connect(mine.s_in)
    mine.a_out.connect(softer.a_in)
    v = np.zeros(2)
    for step in range(1, steps + 1):
        v = 0.75 * v + (weights.sum(axis=1) if step > 1 else 0) - 0.5
        v[v > 2] = 0
    with softer:
        softer.run(RunSteps(steps), FLOAT)
        told = softer.runtime.executable.describe()
        assert "PyMine, steps natively" in told
        assert np.array_equal(softer.v.get(), v)
        assert np.array_equal(mine.a_buff.get(), weights.sum(axis=1))


class Camera(LIF):
    """A Process whose attributes have the names that ours had."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._executable = "/usr/bin/ffmpeg"
        self._home = self._settle = self._is_relative = self._doubt_lists = "mine"
        self._belongs_elsewhere = self._lava_session = self._reserved = self._is_over = "mine"
        self._log_config = self._already = "mine"


def test_attributes_of_a_process_are_free() -> None:
    with Camera(shape=(1,), bias_mant=1.0, vth=3.0) as camera:
        camera.run(RunSteps(2), FLOAT)
        assert camera.v.get() == 2
        assert camera._executable == "/usr/bin/ffmpeg"
    assert camera._home == "mine"


class Waits(PyAsyncProcessModel):
    """Has the names of what the actor gave such models."""

    _la_hidden_from_discovery = True
    seen: np.ndarray = LavaPyType(np.ndarray, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    _control = connect_control = _begin_run = _rest = 7

    def run_async(self) -> None:
        self.seen[:] = self._control, self.num_steps, self.check_for_stop_cmd()


def test_names_of_a_model_that_runs_freely_are_free() -> None:
    with Cell() as cell:
        config = Loihi2SimCfg(exception_proc_model_map={Cell: Waits})
        cell.run(RunSteps(5), config)
        assert cell.seen.get().tolist() == [7, 5, 0]


@implements(Cell, protocol=LoihiProtocol)
class Logging(Own):
    """Its `log` is no logger; what it looks up is made once."""

    def __init__(self, proc_params: Any = None) -> None:
        super().__init__(proc_params)
        self.log = False  # type: ignore[assignment]

    @functools.cached_property
    def table(self) -> np.ndarray:
        return np.arange(3.0)

    def run_spk(self) -> None:
        self.seen[:] = self.table + (100 if self.log else 0)


def test_a_log_and_a_cached_property_of_a_models_own() -> None:
    with Cell() as cell:
        cell.run(RunSteps(2), Loihi2SimCfg(exception_proc_model_map={Cell: Logging}))
        assert cell.seen.get().tolist() == [0, 1, 2]


class Shuffle(AbstractVirtualPort):
    """Permutes, with helpers of any name."""

    def __init__(self, order: list[int]) -> None:
        super().__init__((len(order),))
        self.order = order
        self.origin = self.forwards = "mine"

    def forward(self, data: np.ndarray) -> np.ndarray:
        return data[self.order]

    def moved(self, flat: np.ndarray, shape: object, index: object) -> np.ndarray:
        return flat * 0

    backward = forward

    def get_transform_func_fwd(self) -> Any:
        order = self.order
        return lambda data: data[order]

    def get_transform_func_bwd(self) -> Any:
        return lambda data: data


def test_a_virtual_port_may_have_helpers_of_any_name() -> None:
    source, sink = Source(data=np.array([[1], [2], [3]])), Sink(shape=(3,), buffer=2)
    view = Shuffle([2, 0, 1])
    source.s_out._connect_forward([view], AbstractPort, [None], assert_same_shape=False)
    view.connect(sink.a_in)
    with sink:
        sink.run(RunSteps(2), Loihi2SimCfg())
        assert sink.data.get().T.tolist() == [[3, 1, 2]] * 2

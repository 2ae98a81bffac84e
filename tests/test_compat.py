"""Programs written for Lava run unchanged: `lava.*` imports give our modules."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import cloudpickle
import numpy as np
import pytest

from lava_actor import compat
from lava_actor.compat.table import TABLE

NAMES: dict[str, list[str]] = {}
for entry in (Path(__file__).parent / "lava_paths.txt").read_text("utf-8").split():
    module, _, name = entry.partition(":")
    NAMES.setdefault(module, []).extend([name] * bool(name))


@pytest.fixture
def lava() -> Iterator[None]:
    """Aliases installed for one test."""
    compat.install()
    yield
    compat.uninstall()


@pytest.fixture
def real_lava(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for an installed Lava, with a `lava.lib` package of another distribution."""
    for package in ("magma", "proc", "lib"):
        folder = tmp_path / "lava" / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("origin = 'installed'\n")
    (tmp_path / "lava" / "proc" / "special.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("path", NAMES)
def test_every_name_that_programs_import_resolves(path: str) -> None:
    module = importlib.import_module(path)
    missing = [name for name in NAMES[path] if not hasattr(module, name)]
    assert not missing, f"{path} lacks {missing}"


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("path", sorted(TABLE))
def test_every_name_that_completion_offers_can_be_got(path: str) -> None:
    module = importlib.import_module(path)
    missing = [name for name in dir(module) if not hasattr(module, name)]
    assert not missing, f"dir({path}) names {missing}"


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("path", NAMES)
def test_a_name_is_the_very_object_of_our_module(path: str) -> None:
    module = importlib.import_module(path)
    sources = [importlib.import_module(source) for source in TABLE[path].sources]
    for name in NAMES[path]:
        owner = next((source for source in sources if hasattr(source, name)), None)
        if owner is None:
            assert TABLE[path].inner
        else:
            assert getattr(module, name) is getattr(owner, name)


@pytest.mark.usefixtures("lava")
def test_inner_parts_of_lava_can_be_imported_and_say_what_they_are_when_used() -> None:
    utils = importlib.import_module("lava.magma.compiler.utils")
    part = utils.VarInitializer
    assert part is utils.VarInitializer
    assert pickle.loads(pickle.dumps(part)) is part

    class Own(part): ...

    for use in (part, Own, lambda: part.initialize, utils.AnythingElse):
        with pytest.raises(NotImplementedError, match=r"lava\.magma\.compiler\.\w+\.\w+ is an inn"):
            use()


@pytest.mark.usefixtures("lava")
def test_programs_that_ask_for_hardware_are_told_that_there_is_none() -> None:
    system = importlib.import_module("lava.utils.system")
    assert system.Loihi2.is_loihi2_available is False
    profiler = importlib.import_module("lava.utils.profiler")
    with pytest.raises(NotImplementedError, match="hardware"):
        profiler.Profiler.init(None)
    for path in ("lava.utils.loihi2_profiler", "lava.proc.embedded_io", "lava.magma.core.model.nc"):
        assert importlib.util.find_spec(path) is None


@pytest.mark.usefixtures("lava")
def test_find_processes_follows_all_connections() -> None:
    graphs = importlib.import_module("lava.magma.compiler.compiler_graphs")
    from lava.proc.dense.process import Dense
    from lava.proc.lif.process import LIF

    one, synapses, two = LIF(shape=(1,)), Dense(weights=[[1]]), LIF(shape=(1,))
    alone = LIF(shape=(1,))
    one.s_out.connect(synapses.s_in)
    synapses.a_out.connect(two.a_in)
    assert graphs.find_processes(two) == [one, synapses, two]
    assert graphs.find_processes(two, [alone]) == [one, synapses, two, alone]


@pytest.mark.usefixtures("lava")
def test_recordings_come_back_as_lava_gives_them() -> None:
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.lif.process import LIF
    from lava.proc.monitor.process import Monitor

    cells, monitor = LIF(shape=(1,), bias_mant=64, vth=10, name="cells"), Monitor()
    monitor.probe(cells.v, 3)
    cells.run(RunSteps(3), Loihi2SimCfg(select_tag="fixed_pt"))
    data = monitor.get_data()["cells"]["v"]
    assert data.dtype == float
    data /= 64
    compat.uninstall()
    assert monitor.get_data()["cells"]["v"].dtype == np.int32
    cells.stop()
    compat.install()


@pytest.mark.usefixtures("lava")
def test_packages_show_their_modules_as_attributes() -> None:
    lava = importlib.import_module("lava")
    ours = importlib.import_module("lava_actor.process.process")
    assert lava.magma.core.process.process.AbstractProcess is ours.AbstractProcess
    assert "magma" in dir(lava)
    assert "core" in dir(lava.magma)


@pytest.mark.usefixtures("lava")
def test_the_ways_to_import_agree() -> None:
    names: dict[str, object] = {}
    exec(
        "from lava.proc import io\n"
        "import lava.proc.io.source as direct\n"
        "from lava.proc.io.source import RingBuffer\n"
        "from lava.magma.core.run_configs import *\n",
        names,
    )
    assert names["io"].source is names["direct"]  # type: ignore[attr-defined]
    assert names["direct"].RingBuffer is names["RingBuffer"]  # type: ignore[attr-defined]
    assert "Loihi2SimCfg" in names


@pytest.mark.usefixtures("lava")
def test_a_module_served_by_several_of_ours_can_be_imported_from_with_a_star() -> None:
    names: dict[str, object] = {}
    exec("from lava.frameworks.loihi2 import *", names)
    assert set(NAMES["lava.frameworks.loihi2"]) <= set(names)


@pytest.mark.usefixtures("lava")
def test_patching_a_function_through_its_lava_path_patches_ours() -> None:
    ours = importlib.import_module("lava_actor.utils.slurm")
    with mock.patch("lava.utils.slurm.try_run_command") as patched:
        assert ours.try_run_command is patched
    assert ours.try_run_command is not patched


@pytest.mark.usefixtures("lava")
def test_what_does_not_exist_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"lava\.proc\.nothing"):
        importlib.import_module("lava.proc.nothing")
    with pytest.raises(AttributeError, match=r"lava\.frameworks\.loihi2.*nothing"):
        _ = importlib.import_module("lava.frameworks.loihi2").nothing
    assert importlib.util.find_spec("lava.utils.loihi2_profiler") is None


def test_nothing_is_aliased_before_install_and_after_uninstall() -> None:
    assert not compat.installed()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("lava.magma")
    compat.install()
    compat.install()
    importlib.import_module("lava.magma.core.process.process")
    compat.uninstall()
    assert not compat.installed()
    assert not [name for name in sys.modules if name == "lava" or name.startswith("lava.")]
    compat.uninstall()


@pytest.mark.usefixtures("real_lava")
def test_an_installed_lava_steps_aside_and_comes_back() -> None:
    before = importlib.import_module("lava.magma")
    assert before.origin == "installed"
    compat.install()
    try:
        ours = importlib.import_module("lava.magma.core.process.variable")
        assert ours is importlib.import_module("lava_actor.process.variable")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("lava.proc.special")
    finally:
        compat.uninstall()
    assert importlib.import_module("lava.magma") is before
    for name in [name for name in sys.modules if name == "lava" or name.startswith("lava.")]:
        del sys.modules[name]


@pytest.mark.usefixtures("real_lava", "lava")
def test_other_members_of_the_namespace_stay_importable() -> None:
    assert importlib.import_module("lava.lib").origin == "installed"


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("path", ["lava.proc.io", "lava.frameworks.loihi2", "lava.utils.plots"])
def test_an_alias_module_travels_to_an_interpreter_without_aliases(path: str) -> None:
    parcel = cloudpickle.dumps(importlib.import_module(path))
    assert cloudpickle.loads(parcel) is importlib.import_module(path)
    program = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], input=parcel, capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().strip() == path.replace("lava.utils", "lava_actor.utils")


@pytest.mark.usefixtures("lava")
def test_classes_are_pickled_under_their_own_name() -> None:
    var = importlib.import_module("lava.magma.core.process.variable").Var
    assert b"lava_actor.process.variable" in pickle.dumps(var)


# --- whole programs ------------------------------------------------------------------------------

MODELS = """
    import numpy as np
    from lava.magma.core.decorator import implements, requires, tag
    from lava.magma.core.model.py.model import PyLoihiProcessModel
    from lava.magma.core.model.py.ports import PyInPort, PyOutPort
    from lava.magma.core.model.py.type import LavaPyType
    from lava.magma.core.process.ports.ports import InPort, OutPort
    from lava.magma.core.process.process import AbstractProcess
    from lava.magma.core.process.variable import Var
    from lava.magma.core.resources import CPU
    from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
    from lava.proc import io

    class Ramp(AbstractProcess):
        def __init__(self, *, shape, gain=1, **kwargs):
            super().__init__(shape=shape, gain=gain, **kwargs)
            self.level = Var(shape=shape, init=0)
            self.out = OutPort(shape=shape)

    class Tally(AbstractProcess):
        def __init__(self, *, shape, **kwargs):
            super().__init__(shape=shape, **kwargs)
            self.total, self.inp = Var(shape=shape, init=0), InPort(shape=shape)

    @implements(proc=Ramp, protocol=LoihiProtocol)
    @requires(CPU)
    @tag("fixed_pt")
    class PyRamp(PyLoihiProcessModel):
        level: np.ndarray = LavaPyType(np.ndarray, np.int32)
        out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

        def run_spk(self):
            from lava.magma.core.process.message_interface_enum import ActorType  # late
            self.level += self.proc_params["gain"]
            self.out.send(self.level)

    @implements(proc=Tally, protocol=LoihiProtocol)
    @requires(CPU)
    @tag("fixed_pt")
    class PyTally(PyLoihiProcessModel):
        total: np.ndarray = LavaPyType(np.ndarray, np.int32)
        inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

        def run_spk(self):
            assert io.source.RingBuffer  # an alias package among the globals
            self.total += self.inp.recv()
"""

PROGRAM = """
    import sys
    import numpy as np
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    if __name__ == "__main__":
        ramp, tally = Ramp(shape=(2,), gain=int(sys.argv[1])), Tally(shape=(2,))
        ramp.out.connect(tally.inp)
        tally.run(condition=RunSteps(num_steps=2), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        print(ramp.level.get(), tally.total.get())
        ramp.level.set(np.array([0, 100]))
        ramp.run(condition=RunSteps(num_steps=1))
        print(tally.total.get())
        ramp.stop()
"""


def run_program(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "lava_actor.compat", *arguments],
        capture_output=True, text=True, timeout=100, cwd=folder, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("models_in", ["the program", "a module beside it"])
def test_the_minimal_program_of_the_documentation_runs_unchanged(
    models_in: str, tmp_path: Path
) -> None:
    models, program = textwrap.dedent(MODELS), textwrap.dedent(PROGRAM)
    if models_in == "the program":
        (tmp_path / "program.py").write_text(models + program)
    else:
        (tmp_path / "beside.py").write_text(models)
        (tmp_path / "program.py").write_text("from beside import Ramp, Tally\n" + program)
    done = run_program("program.py", "3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[6 6] [9 9]", "[ 12 112]"]


def test_a_program_is_main_and_sees_its_arguments_folder_and_exit_code(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "neighbour.py").write_text("answer = 42\n")
    (folder / "program.py").write_text(
        textwrap.dedent("""
            import sys
            import neighbour
            import __main__
            assert __main__.neighbour is neighbour
            print(__name__, __file__, sys.argv[1:], neighbour.answer)
            sys.exit(7)
        """)
    )
    done = run_program("inner/program.py", "-x", "y", folder=tmp_path)
    assert done.returncode == 7, done.stderr
    program = tmp_path / "inner" / "program.py"
    assert done.stdout.strip() == f"__main__ {program} ['-x', 'y'] 42"


def test_a_module_runs_as_python_dash_m_does(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "import sys, lava.utils.weightutils\nprint(__name__, sys.argv[1:])\n"
    )
    done = run_program("-m", "module", "a", folder=tmp_path)
    assert done.stdout.strip() == "__main__ ['a']", done.stderr


def test_a_program_that_cannot_be_read_is_one_line_of_error(tmp_path: Path) -> None:
    done = run_program("absent.py", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "lava_actor.compat: cannot read 'absent.py': No such file or directory"
    ]


@pytest.fixture
def shares(tmp_path: Path) -> Path:
    """Folders of other distributions with a share in the namespace."""
    for root, modules in {
        "one": ("lib/first/part.py", "gadgets/part.py"),
        "two": ("lib/second/__init__.py", "proc/mine/process.py", "utils/more.py"),
    }.items():
        for module in modules:
            file = tmp_path / root / "lava" / module
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(
                "from lava.magma.core.process.process import AbstractProcess\n"
                "class Mine(AbstractProcess): ...\n"
            )
    return tmp_path


@pytest.mark.usefixtures("lava")
def test_other_shares_in_the_namespace_are_found_when_their_folder_joins(
    shares: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lava_actor.process.process import AbstractProcess

    importlib.import_module("lava.proc.lif.process")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("lava.lib")
    for root, names in {
        "one": ("lava.lib.first.part", "lava.gadgets.part"),
        "two": ("lava.lib.second", "lava.proc.mine.process", "lava.utils.more"),
    }.items():
        monkeypatch.setattr(sys, "path", [*sys.path, str(shares / root)])
        for name in names:
            assert issubclass(importlib.import_module(name).Mine, AbstractProcess)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("lava.gadgets.nothing")


def test_a_model_of_another_share_reaches_its_actor(tmp_path: Path) -> None:
    folder = tmp_path / "lava" / "lib" / "tiny"
    folder.mkdir(parents=True)
    (folder / "process.py").write_text(
        "from lava.magma.core.process.process import AbstractProcess\n"
        "from lava.magma.core.process.variable import Var\n"
        "class Tiny(AbstractProcess):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.x = Var(shape=(1,), init=1)\n"
    )
    (folder / "models.py").write_text(
        "import numpy as np\n"
        "from lava.lib.tiny.process import Tiny\n"
        "from lava.magma.core.decorator import implements, requires\n"
        "from lava.magma.core.model.py.model import PyLoihiProcessModel\n"
        "from lava.magma.core.model.py.type import LavaPyType\n"
        "from lava.magma.core.resources import CPU\n"
        "from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol\n"
        "@implements(proc=Tiny, protocol=LoihiProtocol)\n"
        "@requires(CPU)\n"
        "class PyTiny(PyLoihiProcessModel):\n"
        "    x: np.ndarray = LavaPyType(np.ndarray, int)\n"
        "    def run_spk(self):\n"
        "        self.x *= 2\n"
    )
    program = tmp_path / "program.py"
    program.write_text(
        f"import lava.proc.lif.process, sys\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        "from lava.lib.tiny.process import Tiny\n"
        "from lava.magma.core.run_conditions import RunSteps\n"
        "from lava.magma.core.run_configs import Loihi2SimCfg\n"
        "if __name__ == '__main__':\n"
        "    tiny = Tiny()\n"
        "    tiny.run(condition=RunSteps(num_steps=5), run_cfg=Loihi2SimCfg())\n"
        "    assert tiny.x.get() == 32\n"
        "    tiny.stop()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "lava_actor.compat", str(program)],
        capture_output=True, text=True, timeout=100, cwd="/", check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

"""Which models are found for a Process, in which order, and what is imported to find them."""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import cloudpickle
import pytest

from lava_actor.model import registry
from lava_actor.model.decorator import implements
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.process.process import AbstractProcess


def model_of(process: str, name: str) -> str:
    return f"@implements(proc={process})\nclass {name}(PyLoihiProcessModel): pass\n"


HEAD = """
from lava_actor.model.decorator import implements
from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.process.process import AbstractProcess
"""


class Here(AbstractProcess):
    pass


@implements(proc=Here)
class SecondByName(PyLoihiProcessModel):
    pass


@implements(proc=Here)
class FirstByName(PyLoihiProcessModel):
    pass


class Inherits(SecondByName):
    pass


class Made(AbstractProcess):
    pass


@implements(proc=Made)
class MadeModel(PyLoihiProcessModel):
    pass


class Folder:
    """A folder on sys.path to write modules into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.package = path / "some_package"

    def write(self, name: str, text: str, *, package: bool = True) -> None:
        folder = self.package if package else self.path
        folder.mkdir(exist_ok=True)
        if package:
            (folder / "__init__.py").touch()
        (folder / f"{name}.py").write_text(HEAD + text)

    def load(self, name: str) -> ModuleType:
        importlib.invalidate_caches()
        return importlib.import_module(name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    searched = dict(registry._searched)
    yield Folder(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]
    registry._searched.clear()
    registry._searched.update(searched)
    registry._problems.clear()


def names(process_class: type) -> list[str]:
    return [model.__name__ for model in registry.candidates(process_class)]


def test_models_come_in_order_of_definition_and_subclasses_of_models_count() -> None:
    assert names(Here) == ["SecondByName", "FirstByName", "Inherits"]


def test_a_model_lives_as_long_as_its_process_class_and_no_longer() -> None:
    def make() -> type[AbstractProcess]:
        class Local(AbstractProcess):
            pass

        @implements(proc=Local)
        class Model(PyLoihiProcessModel):
            pass

        return Local

    local = make()
    gc.collect()
    [model] = registry.candidates(local)
    assert model.__name__ == "Model"
    gone = weakref.ref(model)
    del local, model
    gc.collect()
    assert gone() is None


def test_models_that_functions_define_for_others_come_last_the_latest_first() -> None:
    def one() -> None:
        @implements(proc=Made)
        class A(PyLoihiProcessModel):
            pass

        @implements(proc=Made)
        class B(PyLoihiProcessModel):
            pass

    def other() -> None:
        @implements(proc=Made)
        class C(PyLoihiProcessModel):
            pass

    one()
    other()
    gc.collect()
    assert names(Made) == ["MadeModel", "C", "A", "B"]
    one()
    assert names(Made) == ["MadeModel", "A", "B", "C"]


def test_a_model_that_says_late_what_it_implements_is_found() -> None:
    class Late(AbstractProcess):
        pass

    class Model(PyLoihiProcessModel):
        pass

    Model.implements_process = Late
    assert registry.candidates(Late) == [Model]


def test_a_process_class_sent_by_value_leaves_its_models_behind() -> None:
    class Sent(AbstractProcess):
        pass

    @implements(proc=Sent)
    class Model(PyLoihiProcessModel):
        lock = threading.Lock()  # cannot be pickled

    assert pickle.loads(cloudpickle.dumps(Sent)) is Sent
    assert registry.candidates(Sent) == [Model]


def test_a_model_that_is_defined_again_replaces_the_old_one() -> None:
    class Cell(AbstractProcess):
        pass

    def run_cell() -> type:
        @implements(proc=Cell)
        class Model(PyLoihiProcessModel):
            pass

        return Model

    old, new = run_cell(), run_cell()
    assert registry.candidates(Cell) == [new]
    assert old is not new


def test_a_subclassed_process_uses_the_models_of_the_nearest_base_that_has_any() -> None:
    class Child(Here):
        pass

    class Grandchild(Child):
        pass

    assert names(Grandchild) == ["SecondByName", "FirstByName", "Inherits"]

    @implements(proc=Child)
    class ChildModel(PyLoihiProcessModel):
        pass

    assert registry.candidates(Grandchild) == [ChildModel]


def test_modules_beside_the_process_are_imported_if_nothing_fits(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("b_models", "from .process import P\n" + model_of("P", "B"))
    folder.write("a_models", "from .process import P\n" + model_of("P", "A"))
    process = folder.load("some_package.process")
    assert names(process.P) == ["A", "B"]
    assert "some_package.a_models" in sys.modules


def test_nothing_is_imported_if_the_package_holds_a_model_already(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass\n" + model_of("P", "M"))
    folder.write("script", "raise SystemExit('a script ran')")
    process = folder.load("some_package.process")
    assert names(process.P) == ["M"]
    assert "some_package.script" not in sys.modules


def test_a_model_from_elsewhere_does_not_hide_those_of_the_package(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("models", "from .process import P\n" + model_of("P", "Own"))
    process = folder.load("some_package.process")

    @implements(proc=process.P)
    class Foreign(PyLoihiProcessModel):
        pass

    assert names(process.P) == ["Own", "Foreign"]


def test_errors_of_modules_are_kept_until_the_next_search(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("broken", "import no_such_module")
    folder.write("leaves", "raise SystemExit(3)")
    process = folder.load("some_package.process")
    for _ in range(2):
        assert names(process.P) == []
        problems = registry.import_problems(process.P)
        assert [p.module for p in problems] == ["some_package.broken", "some_package.leaves"]
        assert isinstance(problems[0].error, ModuleNotFoundError)
        assert "no_such_module" in str(problems[0])


def test_a_broken_module_is_tried_again_and_leaves_no_model_behind(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("models", "from .process import P\n" + model_of("P", "Half") + "1 / 0\n")
    process = folder.load("some_package.process")
    assert names(process.P) == []
    folder.write("models", "from .process import P\n" + model_of("P", "Whole") + "\n" * 9)
    assert names(process.P) == ["Whole"]
    assert registry.import_problems(process.P) == []


def test_a_module_that_the_user_imported_in_vain_leaves_no_model_behind(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("models", "from .process import P\n" + model_of("P", "Half") + "1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        folder.load("some_package.models")
    folder.write("models", "from .process import P\n" + model_of("P", "Whole") + "\n" * 9)
    assert names(folder.load("some_package.process").P) == ["Whole"]


def test_a_module_written_after_the_search_is_found(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    process = folder.load("some_package.process")
    assert names(process.P) == []
    folder.write("models", "from .process import P\n" + model_of("P", "M"))
    assert names(process.P) == ["M"]


def test_a_model_outlives_the_module_that_a_program_dropped(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass\n" + model_of("P", "M"))
    process = folder.load("some_package.process")
    del sys.modules["some_package.process"]
    assert names(process.P) == ["M"]


class AtImport(importlib.abc.MetaPathFinder):
    """Does something when a module is about to be imported for the first time."""

    def __init__(self, name: str, action: Callable[[], object]) -> None:
        self.name, self.action = name, action

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self.name:
            sys.meta_path.remove(self)
            self.action()

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *_exc: object) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


@pytest.mark.parametrize("place", ["models", "needed"])
def test_ctrl_c_during_a_search_spoils_nothing(folder: Folder, place: str) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("needed", "")
    folder.write(
        "models", "from .process import P\n" + model_of("P", "M") + "from . import needed\n"
    )
    process = folder.load("some_package.process")
    interrupt = functools.partial(signal.raise_signal, signal.SIGINT)
    with AtImport(f"some_package.{place}", interrupt), pytest.raises(KeyboardInterrupt):
        registry.candidates(process.P)
    assert names(process.P) == ["M"]


def test_whoever_searches_while_another_thread_does_waits_for_the_models(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    folder.write("needed", "")
    folder.write(
        "models", "from . import needed\nfrom .process import P\n" + model_of("P", "M")
    )
    process = folder.load("some_package.process")
    found: dict[str, list[str]] = {}

    def search(name: str) -> None:
        found[name] = names(process.P)

    second = threading.Thread(target=search, args=("second",))
    with AtImport("some_package.needed", lambda: (second.start(), second.join(0.2))):
        search("first")
    second.join()
    assert found == {"first": ["M"], "second": ["M"]}


def test_a_search_of_another_thread_that_has_just_ended_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between our look at what is known and at what was searched."""

    class Late(AbstractProcess):
        pass

    def ends(process_class: type) -> None:
        if process_class is Late:
            members = {"_la_hidden_from_discovery": False}
            implements(proc=Late)(type("LateModel", (PyLoihiProcessModel,), members))

    monkeypatch.setattr(registry, "_import_siblings", ends)
    assert names(Late) == ["LateModel"]


def test_modules_that_look_for_models_while_they_are_imported_wait_for_no_one(
    folder: Folder,
) -> None:
    search = "from lava_actor.model import registry\nregistry.candidates(P)\n"
    folder.write("process", "class P(AbstractProcess): pass")
    both = threading.Barrier(2)
    sys.both_import = lambda: both.wait(10)  # type: ignore[attr-defined]
    for name in ("a_models", "b_models"):
        folder.write(
            name,
            "import sys\nsys.both_import()\nfrom .process import P\n"
            + search
            + model_of("P", name[0].upper()),
        )
    process = folder.load("some_package.process")
    try:
        other = threading.Thread(target=folder.load, args=("some_package.a_models",))
        other.start()
        folder.load("some_package.b_models")
        other.join()
    finally:
        del sys.both_import  # type: ignore[attr-defined]
    assert names(process.P) == ["A", "B"]


def test_test_modules_and_set_up_scripts_are_never_imported(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    for name in ("test_it", "conftest", "setup", "__main__"):
        folder.write(name, "raise SystemExit('ran')")
    process = folder.load("some_package.process")
    assert names(process.P) == []
    assert registry.import_problems(process.P) == []


def test_of_a_plain_folder_only_files_that_mention_the_process_are_imported(folder: Folder) -> None:
    folder.write("my_process", "class Special(AbstractProcess): pass", package=False)
    folder.write(
        "my_models",
        "from my_process import Special\n" + model_of("Special", "M"),
        package=False,
    )
    folder.write("my_script", "raise SystemExit('ran')", package=False)
    process = folder.load("my_process")
    assert names(process.Special) == ["M"]
    assert registry.import_problems(process.Special) == []


def test_the_running_script_is_not_imported_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("my_process", "class Special(AbstractProcess): pass", package=False)
    folder.write("my_main", "Special = None\nraise SystemExit('ran')", package=False)
    process = folder.load("my_process")
    running = str(folder.path / "my_main.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", running, raising=False)
    assert names(process.Special) == []
    assert registry.import_problems(process.Special) == []


def test_a_class_that_is_hidden_is_no_candidate() -> None:
    class Shy(AbstractProcess):
        pass

    @implements(proc=Shy)
    class Model(PyLoihiProcessModel):
        pass

    hidden = type("Hidden", (Model,), {registry.HIDDEN: True})
    assert registry.candidates(Shy) == [Model]
    assert hidden.implements_process is Shy


def factory_of(calls: str) -> str:
    return f"""
def make():
    @implements(proc=P)
    class M(PyLoihiProcessModel):
        tags = ["made"]
    return M
{calls}
"""


def test_a_function_may_make_several_models_that_have_names(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass" + factory_of("A = make(); B = make()"))
    module = folder.load("some_package.process")
    assert registry.candidates(module.P) == [module.A, module.B]
    old = module.A
    module.A = module.make()  # as a notebook's cell does that is run again
    assert registry.candidates(module.P) == [module.B, module.A]
    assert old is not module.A


def test_of_models_without_a_name_the_last_that_a_function_made_counts(folder: Folder) -> None:
    calls = "for _ in range(99): make()\nwith_a_name = make()\nlast = [make(), make()]"
    folder.write("process", "class P(AbstractProcess): pass" + factory_of(calls))
    module = folder.load("some_package.process")
    assert registry.candidates(module.P) == [module.with_a_name, module.last[1]]
    (held,) = registry._held_by(module.P).values()
    assert len(held) < 12


def test_a_function_that_is_defined_again_makes_the_old_models_go(folder: Folder) -> None:
    text = factory_of("A = make()")
    folder.write("process", "class P(AbstractProcess): pass" + text + text)
    module = folder.load("some_package.process")
    assert registry.candidates(module.P) == [module.A]

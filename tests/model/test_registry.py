"""Which models are found for a Process, in which order, and what is imported to find them."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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
    searched = set(registry._searched)
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


def test_a_model_defined_in_a_function_is_found_while_it_lives() -> None:
    def make() -> None:
        class Local(AbstractProcess):
            pass

        @implements(proc=Local)
        class Model(PyLoihiProcessModel):
            pass

        assert registry.candidates(Local) == [Model]

    gc.collect()
    before = len(registry._order)
    make()
    gc.collect()
    assert len(registry._order) == before


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


def test_a_module_is_executed_once_and_its_errors_are_kept(folder: Folder) -> None:
    folder.write("process", "class P(AbstractProcess): pass")
    count = "import sys\nsys.ran = getattr(sys, 'ran', 0) + 1\n"
    folder.write("broken", count + "import no_such_module")
    folder.write("leaves", "raise SystemExit(3)")
    process = folder.load("some_package.process")
    try:
        assert names(process.P) == []
        assert names(process.P) == []
        assert sys.ran == 1  # type: ignore[attr-defined]
    finally:
        del sys.ran  # type: ignore[attr-defined]
    problems = registry.import_problems(process.P)
    assert [p.module for p in problems] == ["some_package.broken", "some_package.leaves"]
    assert isinstance(problems[0].error, ModuleNotFoundError)
    assert "no_such_module" in str(problems[0])


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

"""Which modules a file can make a program import."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from lava_actor.checkpoint.names import Names
from lava_actor.errors import CheckpointError
from lava_actor.process.process import AbstractProcess

SOURCES = {
    "own_script": "raise SystemExit('started')",
    "own_function": "def Net(): pass\nraise SystemExit('started')",
    "own_networks": """
        from lava_actor import AbstractProcess
        if True:
            class Net(AbstractProcess):
                class Part(AbstractProcess):
                    pass
        class Other:
            pass
        def double(x):
            return 2 * x
        """,
    "own_maker": """
        from lava_actor import AbstractProcess
        Net = type(AbstractProcess)("Net", (AbstractProcess,), {"__module__": __name__})
        """,
    "own_package/__init__": "raise SystemExit('started')",
    "own_package/inner": "x = 1",
    "own_broken": "class Net(:",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Modules that nobody has imported."""
    (tmp_path / "own_package").mkdir()
    for name, source in SOURCES.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def named(path: str) -> type[AbstractProcess]:
    return Names().class_of_kind(path, AbstractProcess, "net")


@pytest.mark.parametrize(
    "path",
    [
        "own_script:Net", "own_function:Net", "own_package.inner:Net", "own_package:Net",
        "own_networks:Nothing", "own_networks.sub:Net", "own_broken:Net", "nowhere:Net", ":Net",
        "own_networks:", "..own_networks:Net", "own_package/inner:x",
    ],
)  # fmt: skip
def test_a_module_that_declares_no_such_class_is_not_even_imported(path: str) -> None:
    with pytest.raises(CheckpointError, match=r"net: |cannot import own_broken"):
        named(path)
    assert not [name for name in sys.modules if name.startswith("own_")]


def test_a_module_that_declares_the_class_is_imported() -> None:
    assert named("own_networks:Net").__name__ == "Net"
    assert named("own_networks:Net.Part").__qualname__ == "Net.Part"
    with pytest.raises(CheckpointError, match="own_networks:Other to be a AbstractProcess"):
        named("own_networks:Other")


def test_a_class_that_is_made_otherwise_needs_an_import_before() -> None:
    with pytest.raises(CheckpointError, match="import it before"):
        named("own_maker:Net")
    import own_maker  # type: ignore[import-not-found]

    assert named("own_maker:Net") is own_maker.Net


def test_functions_come_from_the_packages_of_the_classes() -> None:
    names = Names()
    with pytest.raises(CheckpointError, match="nothing that this file may name"):
        names.named("own_networks:double")
    names.class_of_kind("own_networks:Net", AbstractProcess, "net")
    assert names.named("own_networks:double")(3) == 6

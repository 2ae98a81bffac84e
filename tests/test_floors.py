"""The house has floors: a lower one never imports a higher one.

Read from the sources, not from what happens to be imported: an import inside of a function counts
like any other.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lava_actor"

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "built", "plain"}),
    frozenset({"channels"}),
    frozenset({"kernels"}),
    frozenset({"process"}),
    frozenset({"protocol"}),
    frozenset({"model"}),
    frozenset({"compiler"}),
    frozenset({"checkpoint"}),
    frozenset({"runtime", "learning"}),
    frozenset({"proc", "networks", "utils", "exchange"}),
    frozenset({"compat"}),
    frozenset({"bench"}),
    frozenset({"cli"}),
    frozenset({"mpi"}),
    frozenset({"__main__", "moved"}),
)
"""From the ground up. `lava_actor/__init__.py` is the roof: it may import every floor."""

NEIGHBOURS = frozenset({"proc", "networks", "utils", "exchange"})
"""Rooms of one floor that may import each other; all other neighbours do not know one another."""


DEPENDENCIES = frozenset({"numpy", "scipy", "multiprocess", "cloudpickle", "tqdm"})
"""What an installed package may import at module level; extras only inside of functions."""

PART_OF_THE_BUILD = frozenset({"lava_actor", "cython", "libc", "cpython"})


@dataclass(frozen=True)
class Import:
    """One import statement."""

    file: Path
    line: int
    target: str
    late: bool
    """Inside of a function, or for type checkers only."""

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def floor_of(room: str) -> int:
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise AssertionError(f"lava_actor/{room} stands on no floor: add it to FLOORS in {__file__}")


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.pyi")]
    return sorted(file for file in files if file.parent != PACKAGE or file.name != "__init__.py")


@cache
def imports(file: Path) -> list[Import]:
    text = file.read_text(encoding="utf-8")
    found = _native_imports(file, text) if file.suffix == ".pyx" else _python_imports(file, text)
    return list(found)


def _native_imports(file: Path, text: str) -> Iterator[Import]:
    pattern = re.compile(r"^(\s*)(?:from\s+([\w.]+)\s+c?import|c?import\s+([\w.]+))")
    for number, line in enumerate(text.splitlines(), 1):
        if match := pattern.match(line):
            target = _absolute(file, match[2] or match[3], 0)
            yield Import(file, number, target, late=bool(match[1]))


def _python_imports(file: Path, text: str) -> Iterator[Import]:
    def walk(node: ast.AST, late: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(file, child.lineno, alias.name, late)
            elif isinstance(child, ast.ImportFrom):
                base = _absolute(file, child.module or "", child.level)
                if base == "lava_actor":  # `from lava_actor import runtime` names a room
                    for alias in child.names:
                        yield Import(file, child.lineno, f"{base}.{alias.name}", late)
                else:
                    yield Import(file, child.lineno, base, late)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
                yield from walk(child, late or inside or typing_only)

    return walk(ast.parse(text, str(file)), late=False)


def _absolute(file: Path, module: str, level: int) -> str:
    dots = len(module) - len(module.lstrip("."))
    level, module = level or dots, module.lstrip(".")
    if not level:
        return module
    package = ("lava_actor", *file.relative_to(PACKAGE).parent.parts)
    base = package[: len(package) - level + 1]
    return ".".join((*base, module) if module else base)


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_its_own_floor_and_lower_ones(file: Path) -> None:
    own = room_of(file)
    for found in imports(file):
        parts = found.target.split(".")
        if parts[0] != "lava_actor":
            continue
        assert len(parts) > 1, f"{found.place} imports the roof: import the room it needs"
        other = parts[1]
        if other == own:
            continue
        assert floor_of(other) <= floor_of(own), (
            f"{found.place}: {own} (floor {floor_of(own)}) imports {found.target} "
            f"(floor {floor_of(other)}), which stands above it"
        )
        if floor_of(other) == floor_of(own):
            assert {own, other} <= NEIGHBOURS, (
                f"{found.place}: {own} imports {found.target}; "
                "the two share a floor and must not know each other"
            )


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_needs_nothing_but_the_declared_dependencies(file: Path) -> None:
    for found in imports(file):
        top = found.target.split(".")[0]
        if found.late or top in sys.stdlib_module_names or top in PART_OF_THE_BUILD:
            continue
        assert top in DEPENDENCIES, f"{found.place} imports {found.target}, which is no dependency"


def test_no_two_modules_import_each_other_on_whatever_way() -> None:
    graph = {_module_of(file): _imported(file) for file in PACKAGE.rglob("*.py")}
    sorter = TopologicalSorter({m: found & graph.keys() - {m} for m, found in graph.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def _module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(file: Path) -> set[str]:
    """Modules and names that a file imports when it runs: not for type checkers only."""
    tree, found = ast.parse(file.read_text(encoding="utf-8")), set()
    guards = [n for n in ast.walk(tree) if isinstance(n, ast.If)]
    for guard in guards:
        if "TYPE_CHECKING" in ast.dump(guard.test):
            guard.body.clear()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node.module or "", node.level)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                found.add(name if _is_module(name) else base)
    return found


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_the_doors_at_the_root_are_relative_links_into_the_package() -> None:
    for name in ("runtime", "channels"):
        door = ROOT / name
        if not door.is_symlink():
            pytest.fail(f"{name} at the root is no link")
        assert door.readlink() == Path("lava_actor") / name


def test_one_filter_silences_all_warnings() -> None:
    """Python code warns by `hints.warn` alone, which knows the class and the user's line."""
    callers = {
        file.relative_to(PACKAGE).as_posix()
        for file in sources()
        if file.suffix == ".py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("warnings.warn")
    }
    assert callers == {"process/hints.py"}

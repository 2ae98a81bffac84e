"""The axes of growth: their networks, their points, their table and picture."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import curves, report
from benchmarks.__main__ import chosen, options
from benchmarks.machine import Machine
from benchmarks.measure import Case, Result, WrongResultError, measure
from benchmarks.periodic import Layer, Line, Source
from benchmarks.processes import actors
from benchmarks.shapes import growth
from tests.benchmarks.contenders import carry_out, counting

ROOT = Path(__file__).resolve().parents[2]


def test_networks_of_the_growth_axes_and_their_loops_do_what_is_expected_of_them() -> None:
    line = Line(5, Source(50, 5))
    carry_out(actors("line", lambda: growth.line(line)), 1, 40)
    carry_out(growth.line_loop(line), 1, 40)
    layer = Layer(Source(200, 4), 2000)
    carry_out(actors("layer", lambda: growth.layer(layer)), 1, 40)
    carry_out(growth.layer_loop(layer), 1, 40)


def test_a_listener_that_hears_something_else_is_noticed() -> None:
    def build():
        listeners, check = growth.layer(Layer(Source(200, 4), 2000))
        listeners.v.init = np.ones(200)
        listeners.dv.init = 0.0
        return listeners, check

    with pytest.raises(WrongResultError, match="have not got what was sent"):
        carry_out(actors("wrong", build), 5)


@pytest.mark.parametrize("n_synapses", [50, 200, 2000, 40_000])
def test_a_layer_has_the_synapses_it_was_asked_for_and_none_twice(n_synapses: int) -> None:
    weights = Layer(Source(200, 4), n_synapses).weights()
    assert weights.nnz == n_synapses
    assert weights.has_canonical_format
    assert weights.indices.max() < 200
    per_listener = np.diff(weights.indptr)
    assert set(per_listener) <= {0, max(1, n_synapses // 200)}


@pytest.mark.parametrize("period", [1, 4, 25])
def test_the_same_share_of_a_source_fires_in_every_step_but_none_before_the_first(period) -> None:
    source = Source(100, period)
    assert not source.fired(0).any()
    assert {int(source.fired(step).sum()) for step in range(1, 60)} == {100 // period}


@pytest.mark.parametrize("full", [False, True])
def test_every_axis_of_growth_has_points_in_order(full: bool) -> None:
    places: dict[str, list[float]] = {}
    for case in growth.cases(full):
        places.setdefault(case.shape, []).append(case.x)
    assert list(places) == list(curves.AXES)
    for xs in places.values():
        assert len(xs) >= 3
        assert xs == sorted(set(xs))
    if full:
        ends = {shape: (xs[0], xs[-1]) for shape, xs in places.items()}
        assert ends == {
            "growth: actors": (2, 500),
            "growth: neurons": (1e2, 1e6),
            "growth: synapses": (1e4, 1e8),
            "growth: payload": (8, 64e6),
            "growth: activity": (0.001, 1),
        }


def along_the_axis_of_actors() -> list[Result]:
    contenders = (counting("fast", []), counting("slow", []))
    points = (("8", 8), ("2", 2))
    cases = [Case("growth: actors", name, "step", contenders, x=x) for name, x in points]
    return [measure(case, rounds=1, seconds=1.0) for case in cases]


def test_points_of_an_axis_become_rows_of_a_table_in_order(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(curves, "draw", lambda file, results: None)
    results = along_the_axis_of_actors()
    files = report.write(tmp_path, results, Machine.look(), 1)
    assert "growth.md" in {file.name for file in files}
    text = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert curves.table(results) in text
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == ["2", "8"]
    assert "| 2 | 250 ms | 1 s | 125 ms | 4.00 |" in text


def test_points_of_an_axis_become_one_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    # In an interpreter of its own: matplotlib keeps the files of its fonts open.
    program = (
        "import sys, pathlib; from tests.benchmarks.test_growth import *; "
        "report.plots(pathlib.Path(sys.argv[1]), along_the_axis_of_actors())"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=True)
    (file,) = tmp_path.iterdir()
    assert file.name == "growth.png"
    assert file.read_bytes().startswith(b"\x89PNG")


def test_growth_is_left_out_of_the_short_version_unless_asked_for() -> None:
    assert "growth" not in chosen(options([]))
    assert "growth" in chosen(options(["--full"]))
    assert list(chosen(options(["--only", "growth"]))) == ["growth"]


def test_the_page_about_growth_shows_every_point_of_every_axis() -> None:
    page = (ROOT / "docs/growth.md").read_text(encoding="utf-8")
    for shape, axis in curves.AXES.items():
        names = [case.name for case in growth.cases(True) if case.shape == shape]
        (table,) = re.findall(rf"^\| {axis.label} \|.*\n\|-.*\n((?:\|.*\n)+)", page, re.MULTILINE)
        assert re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE) == names
    (picture,) = re.findall(r"\]\((pictures/\w+\.png)\)", page)
    data = (ROOT / "docs" / picture).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < 60_000

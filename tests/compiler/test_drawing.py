"""Pictures of networks, and the tables that cells of a notebook show."""

from __future__ import annotations

import itertools
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lava_actor import (
    AbstractProcess,
    AbstractSubProcessModel,
    InPort,
    Loihi2SimCfg,
    LoihiProtocol,
    OutPort,
    Var,
    implements,
)
from lava_actor.compiler.drawing.graph import graph_of
from lava_actor.compiler.drawing.layout import WIDTH, arrange
from lava_actor.compiler.drawing.ways import ways
from lava_actor.errors import InvalidValueError
from lava_actor.proc.dense.process import DelayDense, Dense
from lava_actor.proc.lif.process import LIF
from lava_actor.proc.monitor.process import Monitor


class Column(AbstractProcess):
    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.inp, self.out = InPort(shape=(2,)), OutPort(shape=(2,))


@implements(Column, protocol=LoihiProtocol)
class ColumnModel(AbstractSubProcessModel):
    def __init__(self, process: Any) -> None:
        self.weights = Dense(weights=np.eye(2), name=f"{process.name} weights")
        self.cells = LIF(shape=(2,), name=f"{process.name} cells")
        process.inp.connect(self.weights.s_in)
        self.weights.a_out.connect(self.cells.a_in)
        self.cells.s_out.connect(process.out)


def random_network(seed: int, count: int) -> list[LIF]:
    """Any wiring, circles included; one Process is connected to all others at least."""
    rng = random.Random(seed)
    cells = [LIF(shape=(1,), name=f"cell {i}") for i in range(count)]
    for cell in cells[1:]:
        rng.choice(cells[:5]).s_out.connect(cell.a_in)
    for _ in range(count // 2):
        one, other = rng.sample(cells, 2)
        if other.a_in not in one.s_out.out_connections:
            one.s_out.connect(other.a_in)
    return cells


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize("seed", range(5))
def test_no_box_lies_on_another_and_no_picture_is_too_wide(seed: int) -> None:
    graph = graph_of(random_network(seed, 100)[0])
    places = arrange(graph)
    assert len(places) == 100
    for one, other in itertools.combinations(places.values(), 2):
        apart = abs(one.y - other.y) >= max(one.height, other.height)
        assert apart or one.x + one.width <= other.x or other.x + other.width <= one.x
    assert all(p.x >= 0 and p.x + p.width <= WIDTH for p in places.values())


@pytest.mark.parametrize("seed", range(3))
def test_no_connection_passes_behind_a_box(seed: int) -> None:
    """Straight parts stay clear of all boxes; curves stay in the gaps between rows."""
    graph = graph_of(random_network(seed, 100)[0])
    places = arrange(graph)
    for way in ways(graph, places):
        corners = [float(n) for n in re.findall(r"-?[\d.]+", way)]
        x, y = corners[:2]
        for kind, numbers in re.findall(r"([CL])([-\d. ]+)", way):
            to_x, to_y = map(float, numbers.split()[-2:])
            for box in places.values() if kind == "L" else ():
                below, above = max(y, to_y) <= box.y, min(y, to_y) >= box.y + box.height
                assert below or above or not box.x < x < box.x + box.width, way
            x, y = to_x, to_y
        assert min(corners) > -60
        assert max(corners[::2]) < WIDTH + 60


def test_connections_that_go_back_to_different_ports_go_beside_each_other() -> None:
    first, second, third = (LIF(shape=(1,), name=f"cell {i}") for i in range(3))
    for source, target in ((first, second), (second, third), (third, second), (third, first)):
        source.s_out.connect(target.a_in)
    graph = graph_of(first)
    back = [way for way in ways(graph, arrange(graph)) if way.count("L") == 1]
    assert len({way.split("L")[1].split()[0] for way in back}) == 2


def test_a_chain_goes_from_top_to_bottom() -> None:
    cells = [LIF(shape=(1,)) for _ in range(4)]
    for one, other in itertools.pairwise(cells):
        one.s_out.connect(other.a_in)
    places = arrange(graph_of(cells[2]))
    heights = [places[cell.id].y for cell in cells]
    assert heights == sorted(set(heights))


def test_a_picture_names_processes_ports_shapes_and_delays() -> None:
    source = LIF(shape=(3,), name="source <1>")
    delayed = DelayDense(weights=np.ones((2, 3)), delays=4, name="delayed")
    source.s_out.connect(delayed.s_in)
    monitor = Monitor()
    monitor.probe(source.v, 10)
    drawing = source.draw()
    shown = texts(str(drawing))
    for text in ("source <1>", "LIF (3,)", "DelayDense (2,)", "delays up to 4", "s_out", "s_in"):
        assert text in shown
    assert str(drawing).count("stroke-dasharray") == 1  # the Monitor looks at a Var
    assert repr(drawing) == "<drawing of 3 Processes and 2 connections>"
    assert drawing._repr_svg_() == str(drawing)


def test_a_compiled_network_is_drawn_with_its_parts_models_and_actors() -> None:
    one, other = Column("one"), Column("other")
    one.out.connect(other.inp)
    assert repr(one.draw()) == "<drawing of 2 Processes and 1 connections>"
    one.compile(Loihi2SimCfg(select_tag="floating_pt"))
    graph = graph_of(other)
    places = arrange(graph)
    assert len(graph.edges) == 3
    for column in (one, other):
        frame = places[column.id]
        for part in column.procs:
            inside = places[part.id]
            assert frame.x < inside.x
            assert inside.x + inside.width < frame.x + frame.width
            assert frame.y < inside.y
            assert inside.y + inside.height < frame.y + frame.height
    shown = texts(str(other.draw()))
    assert "one: Column" in shown
    assert any(text.startswith("actor 3: PyLifModel") for text in shown)


def test_a_picture_is_written_as_svg_only(tmp_path: Path) -> None:
    drawing = LIF(shape=(1,)).draw()
    drawing.save(tmp_path / "network.svg")
    assert ET.parse(tmp_path / "network.svg").getroot().tag.endswith("svg")
    with pytest.raises(InvalidValueError, match=r"ends in .svg, got .*network.png"):
        drawing.save(tmp_path / "network.png")


def test_the_table_of_a_process_tells_partners_and_initial_values_briefly() -> None:
    cells = LIF(shape=(1000,), bias_mant=np.arange(1000), name="<cells>")
    weights = Dense(weights=np.ones((2, 1000)), name="weights")
    cells.s_out.connect(weights.s_in)
    html = cells._repr_html_()
    assert "&lt;cells&gt;" in html
    assert "→ weights.s_in" in html
    assert "0 … 999" in html
    assert len(html) < 3000
    assert "← &lt;cells&gt;.s_out" in weights.s_in._repr_html_()
    assert "0 … 999" in cells.bias_mant._repr_html_()


def test_every_line_of_the_table_of_twenty_actors_is_short() -> None:
    network = random_network(1, 20)
    html = network[0].compile(Loihi2SimCfg(select_tag="floating_pt"))._repr_html_()
    rows = [line for line in html.splitlines() if line.startswith("<tr>")]
    assert len(rows) == 20
    for row in rows:
        text = "".join(ET.fromstring(row.replace("style=text-align:left", "")).itertext())
        assert len(text) < 100


def test_a_long_table_and_a_long_cell_are_cut() -> None:
    process = AbstractProcess()
    for i in range(50):
        setattr(process, f"var_{i}", Var(shape=(1,), init="x" * 1000))
    process._post_init()
    html = process._repr_html_()
    assert "… and 10 more members" in html
    assert "x" * 60 not in html

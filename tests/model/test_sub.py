"""Sub-process models: which Processes belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lava_actor.model.sub import AbstractSubProcessModel
from lava_actor.process.process import AbstractProcess


class Part(AbstractProcess):
    pass


class OtherPart(AbstractProcess):
    pass


class Whole(AbstractProcess):
    pass


def build(**attributes: Any) -> AbstractSubProcessModel:
    class Model(AbstractSubProcessModel):
        def __init__(self, proc: AbstractProcess) -> None:
            for name, value in attributes.items():
                setattr(self, name, value)

    return Model(Whole())


def test_the_base_class_cannot_be_instantiated() -> None:
    with pytest.raises(TypeError):
        AbstractSubProcessModel(Whole())  # type: ignore[abstract]


def test_attributes_are_found_in_alphabetical_order() -> None:
    b, a = Part(), Part()
    found = build(b=b, a=a, number=3).find_sub_procs()
    assert list(found.items()) == [("a", a), ("b", b)]


def test_lists_tuples_and_dicts_are_searched_however_deep() -> None:
    parts = [Part() for _ in range(5)]
    found = build(
        layers=[parts[0], (parts[1], [parts[2]])], named={"x": parts[3], 7: [parts[4]]}
    ).find_sub_procs()
    assert found == {
        "layers_0": parts[0],
        "layers_1_0": parts[1],
        "layers_1_1_0": parts[2],
        "named_x": parts[3],
        "named_7_0": parts[4],
    }


def test_fields_of_dataclasses_are_keyed_by_class_name_and_none_is_lost() -> None:
    @dataclass
    class Pair:
        left: Part
        right: Part
        other: OtherPart
        more: list[Part]

    pair = Pair(Part(), Part(), OtherPart(), [Part()])
    found = build(pair=pair).find_sub_procs()
    assert found == {
        "Part": pair.left,
        "Part_1": pair.right,
        "OtherPart": pair.other,
        "pair_more_0": pair.more[0],
    }


def test_an_attribute_keeps_its_name_when_a_container_would_use_it_too() -> None:
    direct, listed = Part(), Part()
    found = build(layer_0=direct, layer=[listed]).find_sub_procs()
    assert found == {"layer_0": direct, "layer_0_1": listed}


def test_a_process_in_a_list_and_as_attribute_is_one_sub_process() -> None:
    part = Part()
    assert build(part=part, parts=[part]).find_sub_procs() == {"part": part}


def test_the_implemented_process_and_its_parents_are_no_sub_processes() -> None:
    class Model(AbstractSubProcessModel):
        def __init__(self, proc: AbstractProcess) -> None:
            self.proc = proc
            self.parent = proc.parent_proc
            self.part = Part()

    top, whole = Whole(), Whole()
    top.register_sub_procs({"whole": whole})
    model = Model(whole)
    assert model.find_sub_procs() == {"part": model.part}


def test_containers_that_contain_themselves_are_searched_once() -> None:
    part = Part()
    ring: list[Any] = [part]
    ring.append(ring)
    assert build(ring=ring).find_sub_procs() == {"ring_0": part}

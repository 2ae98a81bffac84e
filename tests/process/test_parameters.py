"""ProcessParameters: set once, read like a mapping."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lava_actor import AbstractProcess
from lava_actor.process.inherited import given
from lava_actor.process.parameters import ProcessParameters


@pytest.fixture
def parameters() -> ProcessParameters:
    return ProcessParameters({"shape": (2,), "gain": 3})


def test_the_dict_is_the_one_that_was_given() -> None:
    own: dict[str, object] = {"gain": 3}
    parameters = ProcessParameters(own)
    assert parameters._parameters is own
    parameters["bias"] = 1
    assert own["bias"] == 1


def test_values_are_read_by_key(parameters: ProcessParameters) -> None:
    assert parameters["gain"] == 3
    assert parameters.get("gain") == 3
    assert parameters.get("bias") is None
    assert parameters.get("bias", 4) == 4
    with pytest.raises(KeyError) as raised:
        parameters["bias"]
    assert str(raised.value) == "there is no parameter 'bias'; there is: shape, gain"


def test_a_key_is_set_once_and_overwritten_on_purpose(parameters: ProcessParameters) -> None:
    parameters["bias"] = 1
    with pytest.raises(KeyError, match="exists already"):
        parameters["bias"] = 2
    assert parameters["bias"] == 1
    parameters.overwrite("bias", 2)
    parameters.overwrite("new", 5)
    assert parameters["bias"] == 2
    assert parameters["new"] == 5


def test_the_rest_of_a_mapping_is_there(parameters: ProcessParameters) -> None:
    assert "gain" in parameters
    assert "bias" not in parameters
    assert len(parameters) == 2
    assert list(parameters) == list(parameters.keys()) == ["shape", "gain"]
    assert dict(parameters) == {"shape": (2,), "gain": 3}
    assert dict(parameters.items())["gain"] == 3


def test_comparison_does_not_look_into_arrays() -> None:
    one = ProcessParameters({"w": np.ones(3)})
    assert one == one
    assert one != ProcessParameters({"w": np.ones(3)})
    assert len({one, one}) == 1


def test_a_constructor_hands_on_all_that_it_was_given_and_nothing_else() -> None:
    class Base(AbstractProcess):
        def __init__(self, *, gain: int, **kwargs: Any) -> None:
            super().__init__(**given(locals()))

    class Derived(Base):
        def __init__(self, *, gain: int = 1, bias: int = 2, **kwargs: Any) -> None:
            super().__init__(**given(locals()))

    expected = {"gain": 3, "bias": 2, "name": "one", "more": 4}
    assert dict(Derived(gain=3, name="one", more=4).proc_params) == expected

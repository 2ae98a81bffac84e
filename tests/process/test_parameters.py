"""ProcessParameters: set once, read like a mapping."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.process.parameters import ProcessParameters


@pytest.fixture
def parameters() -> ProcessParameters:
    return ProcessParameters({"shape": (2,), "gain": 3})


def test_the_dict_is_the_one_that_was_given() -> None:
    given: dict[str, object] = {"gain": 3}
    parameters = ProcessParameters(given)
    assert parameters._parameters is given
    parameters["bias"] = 1
    assert given["bias"] == 1


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

"""What a model refuses is taken back, whatever it held before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lava_actor.model.harness import ModelHarness
from lava_actor.model.types import LavaPyType
from lava_actor.proc.nir.models import PyNIRNeuronModel
from lava_actor.proc.nir.process import NIRNeuron
from lava_actor.protocol.values import VarSlot


class Refusing:
    """As much of a model as a Var needs."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.told: list[object] = []

    def _la_var_written(self, name: str) -> None:
        self.told.append(getattr(self, name))

    def on_var_update(self) -> None:
        raise ValueError("no")


HELD: dict[str, tuple[type, Any, Any]] = {
    "a matrix": (sparse.csr_matrix, float, sparse.csr_matrix(np.eye(2))),
    "an array": (np.ndarray, float, np.ones((2, 2))),
    "an array that cannot be written": (np.ndarray, float, np.broadcast_to(1.0, (2, 2))),
    "a list": (np.ndarray, float, [[1.0, 1.0], [1.0, 1.0]]),
    "an int": (int, int, 1),
    "a bool": (bool, bool, True),
    "a number of NumPy": (int, int, np.uint8(1)),
    "a complex number": (np.ndarray, complex, 1 + 0j),
    "nothing": (str, None, None),
}


@pytest.mark.parametrize("index", [None, (1, 1)])
@pytest.mark.parametrize(("cls", "d_type", "held"), HELD.values(), ids=HELD)
def test_whatever_a_model_held_is_there_again(
    cls: type, d_type: Any, held: Any, index: object
) -> None:
    if cls is str and index is not None:
        pytest.skip("texts are set as a whole")
    model = Refusing(held)
    slot = VarSlot(LavaPyType(cls, d_type), (2, 2), "process.value")
    given = "text" if cls is str else np.eye(2) * 0 if index is None else 0
    with pytest.raises(ValueError, match="no"):
        slot.set_in(model, "value", given, index)
    assert model.value is held
    assert len(model.told) == 2
    assert model.told[1] is held
    if cls is not str:
        shown = slot.presented(held)
        dense = shown.toarray() if sparse.issparse(shown) else np.asarray(shown)
        assert np.array_equal(np.diagonal(dense), [1, 1])


class Slow(PyNIRNeuronModel):
    """Refuses what is too fast."""

    _la_hidden_from_discovery = True

    def on_var_update(self) -> None:
        if self.tau_mem.min() < 0.01:
            raise ValueError("too fast")


def test_what_followed_from_a_refused_value_follows_from_the_old_one() -> None:
    neuron = NIRNeuron((2,), 1.0, 1.0, tau_mem=4.0, v_leak=1.0)
    steps = []
    for refused in (False, True):
        harness = ModelHarness(Slow, neuron, a_in=np.ones(2))
        if refused:
            with pytest.raises(ValueError, match="too fast"):
                harness.set("tau_mem", 0.001)
        steps.append(harness.step()["s_out"].tolist())
    assert steps[0] == steps[1]

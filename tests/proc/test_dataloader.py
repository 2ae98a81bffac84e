"""Data loaders."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.model.harness import ModelHarness
from lava_actor.proc.io.dataloader import (
    PySpikeModelFixed,
    PySpikeModelFloat,
    PyStateModelFixed,
    PyStateModelFloat,
    SpikeDataloader,
    StateDataloader,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class Holder(AbstractProcess):
    """Something that has a Var."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.held = Var(shape=shape, init=7)


SAMPLES = [(np.array([[1, 2, 3], [4, 5, 6]]) + 10 * k, k + 1) for k in range(2)]


@pytest.mark.parametrize("model", [PySpikeModelFixed, PySpikeModelFloat])
def test_samples_are_played_from_the_step_after_they_are_loaded(model) -> None:
    harness = ModelHarness(model, SpikeDataloader(dataset=SAMPLES, interval=4, offset=1))
    out = harness.run(11)
    # loaded in steps 2, 6 and 10; the fourth column is padding; after the last sample the first
    assert [row[0] for row in out["s_out"]] == [0, 0, 1, 2, 3, 0, 11, 12, 13, 0, 1]
    assert [row[0] for row in out["ground_truth"]] == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1]


def test_samples_longer_than_the_interval_are_cut() -> None:
    harness = ModelHarness(PySpikeModelFixed, SpikeDataloader(dataset=SAMPLES, interval=2))
    out = harness.run(6)
    assert [row[0] for row in out["s_out"]] == [0, 1, 2, 11, 12, 1]


def test_labels_may_be_arrays() -> None:
    dataset = [(data, np.array([label, -label])) for data, label in SAMPLES]
    loader = SpikeDataloader(dataset=dataset, interval=3)
    assert loader.ground_truth.shape == (2,)
    out = ModelHarness(PySpikeModelFixed, loader).run(5)
    np.testing.assert_array_equal(out["ground_truth"], [[0, 0]] + 3 * [[1, -1]] + [[2, -2]])


@pytest.mark.parametrize("model", [PyStateModelFixed, PyStateModelFloat])
def test_samples_are_written_to_the_var(model) -> None:
    loader, holder = StateDataloader(dataset=SAMPLES, interval=2), Holder((2, 3))
    loader.connect_var(holder.held)
    harness = ModelHarness(model, loader)
    np.testing.assert_array_equal(harness.remotes["state"].value, np.full((2, 3), 7))
    for t in range(4):
        out = harness.step()
        np.testing.assert_array_equal(harness.remotes["state"].value, SAMPLES[t // 2 % 2][0])
        assert out["ground_truth"].tolist() == [[0], [1], [1], [2]][t]


def test_a_var_of_another_shape_takes_samples_of_its_size() -> None:
    loader, holder = StateDataloader(dataset=SAMPLES), Holder((6,))
    loader.connect_var(holder.held)
    harness = ModelHarness(PyStateModelFixed, loader)
    harness.step()
    assert harness.remotes["state"].value.tolist() == [1, 2, 3, 4, 5, 6]


def test_an_unconnected_loader_runs() -> None:
    ModelHarness(PyStateModelFixed, StateDataloader(dataset=SAMPLES)).run(3)


def test_connections_that_make_no_sense_are_refused() -> None:
    loader = StateDataloader(dataset=SAMPLES)
    with pytest.raises(AssertionError, match="size of a sample"):
        loader.connect_var(Holder((5,)).held)
    holder = Holder((2, 3))
    loader.connect_var(holder.held)
    with pytest.raises(AssertionError, match="already"):
        loader.connect_var(Holder((2, 3)).held)


@pytest.mark.parametrize("make", [SpikeDataloader, StateDataloader])
def test_empty_data_sets_and_intervals_are_refused(make) -> None:
    with pytest.raises(ValueError, match="dataset"):
        make(dataset=[])
    with pytest.raises(ValueError, match="interval"):
        make(dataset=SAMPLES, interval=0)

"""The prototypes of a continual learner."""

from __future__ import annotations

import numpy as np
import pytest

from lava_actor.errors import InvalidValueError
from lava_actor.model.harness import ModelHarness
from lava_actor.proc.clp.id_broadcast.models import PyIdBroadcastModel
from lava_actor.proc.clp.id_broadcast.process import IdBroadcast
from lava_actor.proc.clp.novelty_detector.models import PyNoveltyDetectorModel
from lava_actor.proc.clp.novelty_detector.process import NoveltyDetector
from lava_actor.proc.clp.nsm.models import PyAllocatorModel, PyReadoutModel
from lava_actor.proc.clp.nsm.process import Allocator, Readout
from lava_actor.proc.clp.prototype_lif.models import PrototypeLIFBitAcc
from lava_actor.proc.clp.prototype_lif.process import PrototypeLIF


def test_an_id_is_passed_on_in_the_same_step() -> None:
    harness = ModelHarness(PyIdBroadcastModel, IdBroadcast())
    assert [harness.step(a_in=x)["s_out"].tolist() for x in (3, 0, -1)] == [[3], [0], [-1]]
    assert harness.val.tolist() == [-1]


@pytest.mark.parametrize(
    ("asked", "answered", "novel"),
    [
        ({1}, set(), {5}),  # more than three steps of waiting after the one of the question
        ({1}, {4}, set()),
        ({1, 3}, set(), {7}),  # a second question starts the waiting anew
        ({1}, {5}, set()),  # an answer in the last moment
        ({1, 8}, set(), {5, 12}),
    ],
)
def test_novelty_is_a_question_without_an_answer(asked, answered, novel) -> None:
    harness = ModelHarness(PyNoveltyDetectorModel, NoveltyDetector(t_wait=3))
    found = set()
    for t in range(1, 15):
        out = harness.step(input_aval_in=int(t in asked), output_aval_in=int(t in answered))
        if out["novelty_detected_out"][0]:
            found.add(t)
    assert found == novel


def readout(harness: ModelHarness, winner: int | None = None, label: int = 0) -> list[int]:
    spikes = np.zeros(3, dtype=np.int32)
    if winner is not None:
        spikes[winner] = 1
    out = harness.step(inference_in=spikes, label_in=label)
    return [int(out[name][0]) for name in ("user_output", "feedback", "trigger_alloc")]


def test_readout_answers_with_labels_and_learns_them() -> None:
    harness = ModelHarness(PyReadoutModel, Readout(n_protos=3, proto_labels=[0, 0, 5]))
    assert readout(harness, winner=1) == [-2, 0, 0]  # no label yet: a pseudo-label
    assert readout(harness, label=4) == [4, 0, 0]  # taken from the user
    assert readout(harness, winner=1) == [4, 0, 0]
    assert readout(harness, label=4) == [0, 1, 0]  # right
    assert readout(harness, label=9) == [0, -1, 1]  # wrong: ask for a new prototype
    assert readout(harness, winner=2, label=5) == [5, 1, 0]
    assert readout(harness) == [0, 0, 0]
    assert harness.proto_labels.tolist() == [0, 4, 5]
    assert harness.last_winner_id.tolist() == [2]


def test_an_allocator_counts() -> None:
    harness = ModelHarness(PyAllocatorModel, Allocator(n_protos=3))
    out = [int(harness.step(trigger_in=x)["allocate_out"][0]) for x in (0, 1, 1, 0, 1)]
    assert out == [0, 1, 2, 0, 3]


def test_allocation_makes_a_prototype_spike_and_is_remembered() -> None:
    process = PrototypeLIF(shape=(3,), du=4095, dv=4095, vth=20)
    harness = ModelHarness(PrototypeLIFBitAcc, process)
    out = harness.step(a_in=np.array([100, 0, 0]), a_third_factor_in=np.array([2, 2, 2]))
    assert out["s_out"].astype(int).tolist() == [0, 1, 0]
    assert out["s_out_bap"].astype(int).tolist() == [0, 1, 0]
    assert out["s_out_y1"].tolist() == [0, 127, 0]
    assert (out["s_out_y2"].tolist(), out["s_out_y3"].tolist()) == ([0] * 3, [0] * 3)
    out = harness.step(a_in=np.array([100, 0, 0]))
    assert out["s_out"].astype(int).tolist() == [1, 0, 0]
    assert out["s_out_bap"].astype(int).tolist() == [0, 0, 0]
    assert out["s_out_y1"].tolist() == [0, 127, 0]


def test_reset_clears_single_neurons() -> None:
    harness = ModelHarness(PrototypeLIFBitAcc, PrototypeLIF(shape=(2,), vth=1000))
    out = harness.step(a_in=np.array([5, 5]), reset_in=np.array([0, 1]))
    assert (harness.u.tolist(), harness.v.tolist()) == ([320, 0], [320, 0])
    assert not out["s_out"].any()


def test_prototypes_lie_in_a_line() -> None:
    with pytest.raises(InvalidValueError, match=r"shape: expected one dimension, got \(2, 3\)"):
        PrototypeLIF(shape=(2, 3))

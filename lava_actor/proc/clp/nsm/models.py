"""Models of Readout and Allocator."""

from __future__ import annotations

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._arithmetic import integral_input
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.clp.nsm.process import Allocator, Readout


@cpu_model(Readout, "fixed_pt")
class PyReadoutModel(PyLoihiProcessModel):
    """Fixed-point model of `Readout`."""

    native_step = NativeStep.of(
        np.int32,
        "read_out",
        "label_in inference_in",
        "user_output feedback trigger_alloc",
        "proto_labels last_winner_id",
        uniform=False,
    )

    inference_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    label_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    user_output: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    feedback: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    trigger_alloc: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    proto_labels: np.ndarray = LavaPyType(np.ndarray, np.int32)
    last_winner_id: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Answer inferences, take labels."""
        user_label = int(integral_input(self, "label_in", self.label_in.recv())[0])
        winners = np.flatnonzero(self.inference_in.recv())
        answer = feedback = trigger = 0
        if winners.size:
            winner = int(winners[0])
            self.last_winner_id[:] = winner
            if self.proto_labels[winner] == 0:
                self.proto_labels[winner] = -(winner + 1)
            answer = int(self.proto_labels[winner])
        if user_label != 0:
            winner = int(self.last_winner_id[0])
            label = int(self.proto_labels[winner])
            if label > 0:
                feedback = 1 if label == user_label else -1
                trigger = int(feedback < 0)
            elif label < 0:
                self.proto_labels[winner] = answer = user_label
        self.user_output.send(np.array([answer], dtype=np.int32))
        self.feedback.send(np.array([feedback], dtype=np.int32))
        self.trigger_alloc.send(np.array([trigger], dtype=np.int32))


@cpu_model(Allocator, "fixed_pt")
class PyAllocatorModel(PyLoihiProcessModel):
    """Fixed-point model of `Allocator`."""

    native_step = NativeStep.of(np.int32, "allocate", "trigger_in", "allocate_out", "next_alloc_id")

    trigger_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    allocate_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    next_alloc_id: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Hand out a number if triggered."""
        number = np.zeros(1, dtype=np.int32)
        if self.trigger_in.recv()[0] != 0:
            number[:] = self.next_alloc_id
            self.next_alloc_id += 1
        self.allocate_out.send(number)

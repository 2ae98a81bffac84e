"""Models of NoveltyDetector."""

from __future__ import annotations

import numpy as np

from lava_actor.model.native import NativeStep
from lava_actor.proc._model import LavaPyType, PyInPort, PyLoihiProcessModel, PyOutPort, cpu_model
from lava_actor.proc.clp.novelty_detector.process import NoveltyDetector


@cpu_model(NoveltyDetector, "fixed_pt")
class PyNoveltyDetectorModel(PyLoihiProcessModel):
    """Fixed-point model of `NoveltyDetector`."""

    native_step = NativeStep.of(
        np.int32,
        "novelty",
        "input_aval_in output_aval_in",
        "novelty_detected_out",
        "waiting counter",
        integers=("t_wait",),
        stands_for=("_la_wait",),
    )

    input_aval_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    output_aval_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    novelty_detected_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    waiting: np.ndarray = LavaPyType(np.ndarray, np.int32)
    counter: np.ndarray = LavaPyType(np.ndarray, np.int32)
    t_wait: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self) -> None:
        """Receive, update the waiting, signal."""
        asked = self.input_aval_in.recv()[0] != 0
        answered = self.output_aval_in.recv()[0] != 0
        novel = False
        if asked:
            self._la_wait(True)
        if answered:
            self._la_wait(False)
        elif self.counter[0] > self.t_wait[0]:
            novel = True
            self._la_wait(False)
        if self.waiting[0]:
            self.counter += 1
        self.novelty_detected_out.send(np.array([novel], dtype=np.int32))

    def _la_wait(self, on: bool) -> None:
        self.waiting[:] = on
        self.counter[:] = 0

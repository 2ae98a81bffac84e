"""In the manner of the end-to-end tutorial: images one by one, spikes counted, weights set.

The input Process turns an image into a bias, the output Process counts spikes and pauses the
network when an image is over; the main program reads the answer and goes on with the next image.
"""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

N_PIXELS, N_HIDDEN, N_CLASSES, STEPS_PER_IMAGE = 16, 20, 4, 32


class SpikeInput(AbstractProcess):
    """Reads image after image into the bias of its neurons."""

    def __init__(self, vth, images):
        super().__init__(images=images)
        self.spikes_out = OutPort(shape=(N_PIXELS,))
        self.label_out = OutPort(shape=(1,))
        self.curr_img_id = Var(shape=(1,), init=0)
        self.v = Var(shape=(N_PIXELS,), init=0)
        self.input_img = Var(shape=(N_PIXELS,))
        self.vth = Var(shape=(1,), init=vth)


class ImageClassifier(AbstractProcess):
    """Two layers."""

    def __init__(self, w0, w1):
        super().__init__(w0=w0, w1=w1)
        self.spikes_in = InPort(shape=(w0.shape[1],))
        self.spikes_out = OutPort(shape=(w1.shape[0],))
        self.w0 = Var(shape=w0.shape, init=w0)
        self.w1 = Var(shape=w1.shape, init=w1)
        self.hidden_v = Var(shape=(w0.shape[0],), init=0)
        self.out_v = Var(shape=(w1.shape[0],), init=0)


class Output(AbstractProcess):
    """Counts spikes per image and resets the classifier's voltage through a RefPort."""

    def __init__(self, n_images):
        super().__init__(n_images=n_images)
        self.spikes_in = InPort(shape=(N_CLASSES,))
        self.label_in = InPort(shape=(1,))
        self.counts = Var(shape=(N_CLASSES, n_images), init=0)
        self.labels = Var(shape=(n_images,), init=-1)
        self.reset_port = RefPort(shape=(N_CLASSES,))


@implements(proc=SpikeInput, protocol=LoihiProtocol)
@requires(CPU)
class PySpikeInput(PyLoihiProcessModel):
    spikes_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    label_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    curr_img_id: np.ndarray = LavaPyType(np.ndarray, int)
    v: np.ndarray = LavaPyType(np.ndarray, float)
    input_img: np.ndarray = LavaPyType(np.ndarray, float)
    vth: int = LavaPyType(int, int)

    def __init__(self, proc_params):
        super().__init__(proc_params=proc_params)
        self.images = proc_params["images"]

    def post_guard(self):
        """Let the network know that a new image is due."""
        return self.time_step % STEPS_PER_IMAGE == 1

    def run_post_mgmt(self):
        number = int(self.curr_img_id[0])
        self.input_img = self.images[number]
        self.v = np.zeros(self.v.shape)
        self.label_out.send(np.array([number % N_CLASSES]))
        self.curr_img_id += 1

    def run_spk(self):
        self.v[:] = self.v + self.input_img
        s_out = self.v > self.vth
        self.v[s_out] = 0
        self.spikes_out.send(s_out)


@implements(ImageClassifier)
@requires(CPU)
class PyImageClassifier(AbstractSubProcessModel):
    def __init__(self, proc):
        w0, w1 = proc.proc_params.get("w0"), proc.proc_params.get("w1")
        self.dense0 = Dense(weights=w0)
        self.lif0 = LIF(shape=(w0.shape[0],), vth=2, dv=0, du=1)
        self.dense1 = Dense(weights=w1)
        self.lif1 = LIF(shape=(w1.shape[0],), vth=2, dv=0, du=1)
        proc.spikes_in.connect(self.dense0.s_in)
        self.dense0.a_out.connect(self.lif0.a_in)
        self.lif0.s_out.connect(self.dense1.s_in)
        self.dense1.a_out.connect(self.lif1.a_in)
        self.lif1.s_out.connect(proc.spikes_out)
        proc.w0.alias(self.dense0.weights)
        proc.w1.alias(self.dense1.weights)
        proc.hidden_v.alias(self.lif0.v)
        proc.out_v.alias(self.lif1.v)


@implements(proc=Output, protocol=LoihiProtocol)
@requires(CPU)
class PyOutput(PyLoihiProcessModel):
    spikes_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    label_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    counts: np.ndarray = LavaPyType(np.ndarray, int)
    labels: np.ndarray = LavaPyType(np.ndarray, int)
    reset_port: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)

    def __init__(self, proc_params):
        super().__init__(proc_params=proc_params)
        self.current = 0

    def post_guard(self):
        return self.time_step % STEPS_PER_IMAGE == 0 and self.time_step > 1

    def run_post_mgmt(self):
        self.labels[self.current] = self.label_in.recv()[0]
        self.current += 1
        self.reset_port.write(np.zeros(N_CLASSES))
        self._req_pause = True

    def run_spk(self):
        column = self.current % self.counts.shape[1]
        self.counts[:, column] = self.counts[:, column] + self.spikes_in.recv()


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    n_images = 6
    patterns = np.kron(np.eye(N_CLASSES), np.ones(N_PIXELS // N_CLASSES))
    images = [patterns[i % N_CLASSES] * 0.9 + rng.random(N_PIXELS) * 0.1 for i in range(n_images)]
    w0 = np.vstack([patterns] * (N_HIDDEN // N_CLASSES)) * 0.4
    w1 = np.hstack([np.eye(N_CLASSES)] * (N_HIDDEN // N_CLASSES)) * 0.4

    spike_input = SpikeInput(vth=1, images=images)
    classifier = ImageClassifier(w0, np.zeros_like(w1))
    output = Output(n_images)
    spike_input.spikes_out.connect(classifier.spikes_in)
    spike_input.label_out.connect(output.label_in)
    classifier.spikes_out.connect(output.spikes_in)
    output.reset_port.connect_var(classifier.out_v)

    config = Loihi1SimCfg(select_tag="floating_pt", select_sub_proc_model=True)
    spike_input.create_runtime(run_cfg=config)
    spike_input.run(condition=RunSteps(num_steps=0))
    assert not classifier.w1.get().any()
    classifier.w1.set(w1)

    for number in range(n_images):
        output.run(condition=RunSteps(num_steps=10 * STEPS_PER_IMAGE))
        assert not output.runtime._is_running
        counts = output.counts.get()[:, number]
        assert np.argmax(counts) == output.labels.get()[number] == number % N_CLASSES, counts
        assert not classifier.out_v.get().any()
    assert spike_input.curr_img_id.get() == n_images
    assert np.array_equal(classifier.w1.get(), w1)
    spike_input.stop()

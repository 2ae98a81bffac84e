"""Messages: fan-in, fan-out, virtual ports, sparse messages, probing; a script without a guard."""

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import AbstractPort, AbstractVirtualPort, InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import RunConfig
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Tone(AbstractProcess):
    """Sends its data in every step."""

    def __init__(self, data):
        data = np.asarray(data)
        super().__init__(shape=data.shape)
        self.data, self.out = Var(data.shape, init=data), OutPort(data.shape)


@implements(proc=Tone, protocol=LoihiProtocol)
@requires(CPU)
class PyTone(PyLoihiProcessModel):
    data: np.ndarray = LavaPyType(np.ndarray, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_spk(self):
        self.out.send(self.data)


class Pluck(AbstractProcess):
    """Sends single values at single places."""

    def __init__(self, shape):
        super().__init__()
        self.out = OutPort(shape)


@implements(proc=Pluck, protocol=LoihiProtocol)
@requires(CPU)
class PyPluck(PyLoihiProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_SPARSE, int)

    def run_spk(self):
        places = np.arange(min(self.time_step, 4))
        self.out.send(places * 10 + self.time_step, places)


class Ear(AbstractProcess):
    """Keeps the last message and whether one was left."""

    def __init__(self, shape):
        super().__init__()
        self.inp = InPort(shape)
        self.heard, self.more = Var(shape, init=0), Var((1,), init=-1)


@implements(proc=Ear, protocol=LoihiProtocol)
@requires(CPU)
class PyEar(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    heard: np.ndarray = LavaPyType(np.ndarray, int)
    more: np.ndarray = LavaPyType(np.ndarray, int)

    def run_spk(self):
        peeked = self.inp.peek()
        self.heard = self.inp.recv()
        assert np.array_equal(peeked, self.heard)
        self.more[:] = self.inp.probe() and self.time_step == 1


class Index(AbstractProcess):
    """Hears sparse messages."""

    def __init__(self, shape):
        super().__init__()
        self.inp = InPort(shape)
        self.count, self.total = Var((1,), init=0), Var((1,), init=0)


@implements(proc=Index, protocol=LoihiProtocol)
@requires(CPU)
class PyIndex(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_SPARSE, int)
    count: np.ndarray = LavaPyType(np.ndarray, int)
    total: np.ndarray = LavaPyType(np.ndarray, int)

    def run_spk(self):
        values, indices = self.inp.recv()
        self.count += len(indices)
        self.total += values.sum()


class Swap(AbstractVirtualPort):
    """Exchanges the halves of a vector."""

    def get_transform_func_fwd(self):
        return lambda data: np.roll(data, data.size // 2)

    def get_transform_func_bwd(self):
        return lambda data: np.roll(data, -(data.size // 2))


class FirstModel(RunConfig):
    def select(self, some_process, some_models):
        return some_models[0]


def hear(tones, ear, steps=3):
    ear.run(RunSteps(num_steps=steps), FirstModel())
    heard = ear.heard.get()
    ear.stop()
    assert all(t.runtime is ear.runtime for t in tones)
    return heard


grid = np.arange(12).reshape(3, 4)

# three into one
tones, ear = [Tone([1, 2]) for _ in range(3)], Ear((2,))
ear.inp.connect_from([t.out for t in tones])
assert hear(tones, ear).tolist() == [3, 6]

# one into three
tone, ears = Tone([1, 2]), [Ear((2,)) for _ in range(3)]
tone.out.connect([e.inp for e in ears])
ears[0].run(RunSteps(num_steps=2), FirstModel())
assert all(e.heard.get().tolist() == [1, 2] for e in ears)
assert len(tone.runtime.executable.channel_builders) == 3
ears[2].stop()

# rearranged on the way
for way, expected in (
    (lambda p: p.transpose(), grid.T),
    (lambda p: p.reshape((6, 2)), grid.reshape(6, 2)),
    (lambda p: p.flatten(), grid.ravel()),
    (lambda p: p.transpose((1, 0)).reshape((2, 6)).flatten(), grid.T.ravel()),
):
    tone, ear = Tone(grid), Ear(expected.shape)
    way(tone.out).connect(ear.inp)
    assert np.array_equal(hear([tone], ear), expected)

# a virtual port of our own, straight and rearranged into one ear
tone, ear = Tone([1, 2, 3, 4]), Ear((4,))
swap = Swap((4,))
tone.out._connect_forward([swap], AbstractPort, [None], assert_same_shape=False)
swap.connect(ear.inp)
tone.out.connect(ear.inp)
assert hear([tone], ear).tolist() == [4, 6, 4, 6]

# two joined into one
one, two, ear = Tone([1, 2]), Tone([3]), Ear((3,))
one.out.concat_with([two.out], axis=0).connect(ear.inp)
assert hear([one, two], ear).tolist() == [1, 2, 3]

# sparse into sparse and into dense
pluck, index, ear = Pluck((6,)), Index((6,)), Ear((6,))
pluck.out.connect([index.inp, ear.inp])
pluck.run(RunSteps(num_steps=5), FirstModel())
assert ear.heard.get().tolist() == [5, 15, 25, 35, 0, 0]
assert index.count.get() == 1 + 2 + 3 + 4 + 4
assert index.total.get() == 1 + 14 + 39 + 76 + 80
pluck.stop()

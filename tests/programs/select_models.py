"""unittest: RunConfigs choose models; sub-process models, exceptions, tags."""

import unittest

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import AbstractPyProcessModel, PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU, GPU, Loihi1NeuroCore
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg, Loihi2SimCfg, RunConfig
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class Scale(AbstractProcess):
    """Multiplies by 2 (leaf models: 2.0 in float, 2 and a marker in fixed)."""

    def __init__(self, *, shape, **kwargs):
        super().__init__(shape=shape, **kwargs)
        self.a_in, self.s_out = InPort(shape), OutPort(shape)
        self.which = Var((1,), init=0)


@implements(proc=Scale, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyScaleFloat(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    which: np.ndarray = LavaPyType(np.ndarray, int)
    number = 1

    def run_spk(self):
        self.which[:] = self.number
        self.s_out.send(2 * self.a_in.recv())


@implements(proc=Scale, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyScaleFixed(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    which: np.ndarray = LavaPyType(np.ndarray, int)
    number = 2

    def run_spk(self):
        self.which[:] = self.number
        self.s_out.send(2 * self.a_in.recv())


class Double(AbstractProcess):
    """An adder of two equal summands."""

    def __init__(self, *, shape, **kwargs):
        super().__init__(shape=shape, **kwargs)
        self.a_in, self.s_out = InPort(shape), OutPort(shape)


@implements(proc=Double, protocol=LoihiProtocol)
@requires(CPU)
class PyDouble(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self):
        data = self.a_in.recv()
        self.s_out.send(data + data)


@implements(proc=Scale)
@requires(CPU)
@tag("composed")
class SubScale(AbstractSubProcessModel):
    """Scales by doubling."""

    def __init__(self, proc):
        self.double = Double(shape=proc.proc_params["shape"])
        proc.in_ports.a_in.connect(self.double.in_ports.a_in)
        self.double.out_ports.s_out.connect(proc.out_ports.s_out)


class Quadruple(AbstractProcess):
    """Two Scales in a row; only a sub-process model."""

    def __init__(self, *, shape, **kwargs):
        super().__init__(shape=shape, **kwargs)
        self.a_in, self.s_out = InPort(shape), OutPort(shape)
        self.first_which = Var((1,), init=0)


@implements(proc=Quadruple)
@requires(CPU)
class SubQuadruple(AbstractSubProcessModel):
    def __init__(self, proc):
        shape = proc.proc_params["shape"]
        self.scales = [Scale(shape=shape), Scale(shape=shape)]
        proc.in_ports.a_in.connect(self.scales[0].a_in)
        self.scales[0].s_out.connect(self.scales[1].a_in)
        self.scales[1].s_out.connect(proc.out_ports.s_out)
        proc.vars.first_which.alias(self.scales[0].which)


class Feed(AbstractProcess):
    def __init__(self, data):
        super().__init__(data=data)
        self.s_out = OutPort(np.shape(data))


@implements(proc=Feed, protocol=LoihiProtocol)
@requires(CPU)
class PyFeed(PyLoihiProcessModel):
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def run_spk(self):
        self.s_out.send(np.asarray(self.proc_params["data"]))


class Keep(AbstractProcess):
    def __init__(self, shape):
        super().__init__()
        self.a_in, self.data = InPort(shape), Var(shape, init=0)


@implements(proc=Keep, protocol=LoihiProtocol)
@requires(CPU)
class PyKeep(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    data: np.ndarray = LavaPyType(np.ndarray, float)

    def run_spk(self):
        self.data = self.a_in.recv()


class FirstOf(RunConfig):
    """Any model of a kind named by the user, else the first."""

    def __init__(self, kind, custom_sync_domains=None):
        super().__init__(custom_sync_domains=custom_sync_domains)
        self.kind = kind

    def select(self, proc, proc_models):
        for model in proc_models:
            if issubclass(model, self.kind):
                return model
        return proc_models[0]


def compute(process, config):
    feed, keep = Feed([1.5, 2.0]), Keep((2,))
    feed.s_out.connect(process.a_in)
    process.s_out.connect(keep.a_in)
    process.run(condition=RunSteps(num_steps=1), run_cfg=config)
    result = keep.data.get().tolist()
    which = process.which.get().tolist() if hasattr(process, "which") else None
    process.stop()
    return result, which


class TestSelection(unittest.TestCase):
    def test_tags(self):
        config = Loihi1SimCfg(select_tag="floating_pt")
        process = Scale(shape=(2,))
        self.assertEqual(compute(process, config), ([3.0, 4.0], [1]))
        self.assertIs(process.model_class, PyScaleFloat)

    def test_first_without_tag(self):
        self.assertEqual(compute(Scale(shape=(2,)), Loihi2SimCfg())[1], [1])

    def test_sub_process_model(self):
        process = Scale(shape=(2,))
        config = Loihi1SimCfg(
            select_sub_proc_model=True, exception_proc_model_map={Keep: PyKeep}
        )
        feed, keep = Feed([1.5, 2.0]), Keep((2,))
        feed.s_out.connect(process.a_in)
        process.s_out.connect(keep.a_in)
        process.run(RunSteps(1), config)
        self.assertIs(process.model_class, SubScale)
        self.assertEqual(keep.data.get().tolist(), [3.0, 4.0])
        self.assertEqual(process.procs.member_names, ["double"])
        self.assertIs(process.procs.double.parent_proc, process)
        process.stop()

    def test_exceptions_by_class_and_by_instance(self):
        for key in (Scale, "instance"):
            process = Scale(shape=(2,))
            exceptions = {process if key == "instance" else key: PyScaleFixed}
            config = Loihi1SimCfg(
                select_tag="floating_pt", exception_proc_model_map={**exceptions}
            )
            with_int_input = compute(process, config)
            self.assertEqual(with_int_input[1], [2])

    def test_own_run_config(self):
        process = Quadruple(shape=(2,))
        feed, keep = Feed([1.5, 2.0]), Keep((2,))
        feed.s_out.connect(process.a_in)
        process.s_out.connect(keep.a_in)
        process.run(RunSteps(1), FirstOf(AbstractPyProcessModel))
        self.assertEqual(keep.data.get().tolist(), [6.0, 8.0])
        self.assertEqual(process.first_which.get().tolist(), [1])
        self.assertEqual(len(process.procs.members), 2)
        process.pause()
        process.stop()

    def test_composed_all_the_way_down(self):
        process = Quadruple(shape=(2,))
        feed, keep = Feed([1.5, 2.0]), Keep((2,))
        feed.s_out.connect(process.a_in)
        process.s_out.connect(keep.a_in)
        executable = process.compile(FirstOf(AbstractSubProcessModel))
        names = sorted(type(p).__name__ for p in executable.process_list)
        self.assertEqual(names, ["Double", "Double", "Feed", "Keep"])
        process.run(RunSteps(1))
        self.assertEqual(keep.data.get().tolist(), [6.0, 8.0])
        process.stop()


class TestDecorators(unittest.TestCase):
    def test_inheritance(self):
        @requires(GPU)
        @tag("mine")
        class Mine(PyScaleFixed):
            pass

        self.assertIs(Mine.implements_process, Scale)
        self.assertIs(Mine.implements_protocol, LoihiProtocol)
        self.assertEqual(Mine.required_resources, [CPU, GPU])
        self.assertEqual(sorted(Mine.tags), ["bit_accurate_loihi", "fixed_pt", "mine"])
        self.assertEqual(PyScaleFixed.required_resources, [CPU])
        with self.assertRaises(AssertionError):

            @implements(proc=Double)
            class Wrong(PyScaleFixed):
                pass

        with self.assertRaises(TypeError):

            @requires(CPU())
            class WrongToo(PyScaleFixed):
                pass

        @requires([CPU, Loihi1NeuroCore])
        class Either(PyLoihiProcessModel):
            pass

        self.assertEqual(Either.required_resources, [[CPU, Loihi1NeuroCore]])


if __name__ == "__main__":
    unittest.main()

"""unittest, after the tutorial on remote memory access: RefPorts, VarPorts, implicit ones."""

import unittest

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyRefPort, PyVarPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import RefPort, VarPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg, RunConfig
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class P1(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.ref1 = RefPort(shape=(3,))
        self.var1 = Var(shape=(2,), init=17)
        self.got = Var(shape=(3,), init=1)


class P2(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.var1 = Var(shape=(3,), init=4)
        self.var_port_var1 = VarPort(self.var1)


@implements(proc=P1, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyP1Write(PyLoihiProcessModel):
    ref1: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)
    var1: np.ndarray = LavaPyType(np.ndarray, np.int32)
    got: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self):
        return self.time_step > 1

    def run_post_mgmt(self):
        self.ref1.write(np.array([5, 5, 5]) + self.time_step)
        self.ref1.wait()


@implements(proc=P1, protocol=LoihiProtocol)
@requires(CPU)
class PyP1Read(PyLoihiProcessModel):
    ref1: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)
    var1: np.ndarray = LavaPyType(np.ndarray, np.int32)
    got: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self):
        return self.time_step > 1

    def run_post_mgmt(self):
        self.got = self.ref1.read()


@implements(proc=P1, protocol=LoihiProtocol)
@requires(CPU)
class PyP1ReadEarly(PyP1Read):
    """In pre-management, which learning asks for."""

    def pre_guard(self):
        return True

    def lrn_guard(self):
        return True

    def run_pre_mgmt(self):
        self.got = self.ref1.read()

    def post_guard(self):
        return False


@implements(proc=P2, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyP2(PyLoihiProcessModel):
    var1: np.ndarray = LavaPyType(np.ndarray, np.int32)
    var_port_var1: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, int)


class Outer1(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.ref1 = RefPort(shape=(3,))


class Outer2(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.var1 = Var(shape=(3,), init=4)
        self.var_port_var1 = VarPort(self.var1)


@implements(proc=Outer1)
class SubOuter1(AbstractSubProcessModel):
    def __init__(self, proc):
        self.inner = P1()
        self.inner.ref1.connect(proc.ref_ports.ref1)


@implements(proc=Outer2)
class SubOuter2(AbstractSubProcessModel):
    def __init__(self, proc):
        self.inner = P2()
        proc.vars.var1.alias(self.inner.vars.var1)


class Cfg(RunConfig):
    """Chooses what P1 does."""

    def __init__(self, p1_model, custom_sync_domains=None):
        super().__init__(custom_sync_domains=custom_sync_domains)
        self.p1_model = p1_model

    def select(self, process, proc_models):
        return self.p1_model if isinstance(process, P1) else proc_models[0]


class TestWrite(unittest.TestCase):
    def write(self, connect):
        sender, recv = P1(), P2()
        connect(sender, recv)
        values = []
        for _ in range(4):
            sender.run(RunSteps(num_steps=1), Cfg(PyP1Write))
            values.append(recv.var1.get().tolist())
        sender.stop()
        self.assertEqual(values, [[v] * 3 for v in (4, 7, 8, 9)])

    def test_var_port(self):
        self.write(lambda s, r: s.ref1.connect(r.var_port_var1))

    def test_connect_var(self):
        self.write(lambda s, r: s.ref1.connect_var(r.var1))

    def test_from_the_other_end(self):
        self.write(lambda s, r: r.var_port_var1.connect_from(s.ref1))

    def test_hierarchies(self):
        for connect in (
            lambda s, r: s.ref1.connect(r.var_port_var1),
            lambda s, r: s.ref1.connect_var(r.var1),
        ):
            sender, recv = Outer1(), Outer2()
            connect(sender, recv)
            config = Loihi1SimCfg(select_tag="floating_pt", select_sub_proc_model=True)
            sender.run(RunSteps(num_steps=2), config)
            self.assertEqual(recv.var1.get().tolist(), [7, 7, 7])
            recv.stop()

    def test_two_writers_two_targets(self):
        class Two(AbstractProcess):
            def __init__(self):
                super().__init__()
                self.a, self.b = Var((3,), init=0), Var((3,), init=0)

        @implements(proc=Two, protocol=LoihiProtocol)
        class PyTwo(PyLoihiProcessModel):
            a: np.ndarray = LavaPyType(np.ndarray, np.int32)
            b: np.ndarray = LavaPyType(np.ndarray, np.int32)

        one, two, target = P1(), P1(), Two()
        one.ref1.connect_var(target.a)
        two.ref1.connect_var(target.b)
        target.run(RunSteps(num_steps=2), Cfg(PyP1Write))
        self.assertEqual(target.a.get().tolist(), [7, 7, 7])
        self.assertEqual(target.b.get().tolist(), [7, 7, 7])
        target.stop()


class TestRead(unittest.TestCase):
    def test_read(self):
        for connect in (
            lambda s, r: s.ref1.connect(r.var_port_var1),
            lambda s, r: s.ref1.connect_var(r.var1),
        ):
            sender, recv = P1(), P2()
            connect(sender, recv)
            sender.run(RunSteps(num_steps=1), Cfg(PyP1Read))
            self.assertEqual(sender.got.get().tolist(), [1, 1, 1])
            sender.run(RunSteps(num_steps=1))
            self.assertEqual(sender.got.get().tolist(), [4, 4, 4])
            recv.var1.set(np.array([1, 2, 3]))
            sender.run(RunSteps(num_steps=1))
            self.assertEqual(sender.got.get().tolist(), [1, 2, 3])
            sender.stop()

    def test_read_before_learning(self):
        sender, recv = P1(), P2()
        sender.ref1.connect_var(recv.var1)
        sender.run(RunSteps(num_steps=1), Cfg(PyP1ReadEarly))
        self.assertEqual(sender.got.get().tolist(), [4, 4, 4])
        sender.stop()

    def test_unconnected(self):
        for process in (P1(), P2()):
            process.run(RunSteps(num_steps=3), Cfg(PyP1Read))
            process.stop()

    def test_through_virtual_ports(self):
        class Grid(AbstractProcess):
            def __init__(self):
                super().__init__()
                self.cells = Var((1, 3), init=np.array([[7, 8, 9]]))
                self.door = VarPort(self.cells)

        @implements(proc=Grid, protocol=LoihiProtocol)
        class PyGrid(PyLoihiProcessModel):
            cells: np.ndarray = LavaPyType(np.ndarray, np.int32)
            door: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, int)

        for model, expected in ((PyP1Read, [[7, 8, 9]]), (PyP1Write, [[7, 7, 7]])):
            sender, grid = P1(), Grid()
            sender.ref1.reshape((3, 1)).transpose().connect(grid.door)
            sender.run(RunSteps(num_steps=2), Cfg(model))
            self.assertEqual(grid.cells.get().tolist(), expected)
            if model is PyP1Read:
                self.assertEqual(sender.got.get().tolist(), [7, 8, 9])
            sender.stop()


if __name__ == "__main__":
    unittest.main()

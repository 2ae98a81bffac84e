"""unittest: what a Process looks like before anything runs."""

import unittest

import numpy as np
from lava.magma.compiler.compiler import Compiler
from lava.magma.compiler.exceptions import NoProcessModelFound, ProcessAlreadyCompiled
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort, PyVarPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.interfaces import AbstractProcessMember
from lava.magma.core.process.ports.connection_config import ConnectionConfig
from lava.magma.core.process.ports.exceptions import (
    DuplicateConnectionError,
    ReshapeError,
    VarNotSharableError,
)
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort, VarPort
from lava.magma.core.process.ports.reduce_ops import ReduceSum
from lava.magma.core.process.process import (
    AbstractProcess,
    Collection,
    LogConfig,
    ProcessParameters,
    ProcessServer,
)
from lava.magma.core.process.variable import Var, VarServer
from lava.magma.core.resources import CPU
from lava.magma.core.run_configs import Loihi1SimCfg, RunConfig
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class MinimalProcess(AbstractProcess):
    def __init__(self, name=None, **kwargs):
        super().__init__(name=name, **kwargs)


class FullProcess(AbstractProcess):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        shape = kwargs.get("shape", (1,))
        self.in_port1 = InPort(shape=shape)
        self.v1 = Var(shape=shape, init=10)
        self.v2 = Var(shape=(2,), init=[20, 30])
        self.v3 = Var(shape=(1,), shareable=False)
        self.out_port1 = OutPort(shape=shape)
        self.out_port2 = OutPort(shape=shape)
        self.ref_port1 = RefPort(shape=(10,))
        self.var_port1 = VarPort(self.v2)


@implements(proc=FullProcess, protocol=LoihiProtocol)
@requires(CPU)
@tag("full")
class PyFullProcessModel(PyLoihiProcessModel):
    in_port1: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    v1: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=8)
    v2: np.ndarray = LavaPyType(np.ndarray, np.int32)
    v3: np.ndarray = LavaPyType(np.ndarray, np.int32)
    out_port1: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    out_port2: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    ref_port1: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, int)
    var_port1: PyVarPort = LavaPyType(PyVarPort.VEC_DENSE, int)


class ForgetfulProcess(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.v = Var(shape=(1,))


@implements(proc=ForgetfulProcess, protocol=LoihiProtocol)
@requires(CPU)
class PyForgetfulModel(PyLoihiProcessModel):
    """Lacks the Var."""


class FirstModel(RunConfig):
    def select(self, proc, proc_models):
        return proc_models[0]


class TestIdentity(unittest.TestCase):
    def setUp(self):
        ProcessServer().reset_server()
        VarServer().reset_server()

    def test_ids_and_names(self):
        p1, p2 = MinimalProcess(), MinimalProcess(name="Second process")
        self.assertEqual([p1.id, p2.id], [0, 1])
        self.assertEqual([p1.name, p2.name], ["Process_0", "Second process"])
        for p in (p1, p2):
            self.assertIsNone(p.runtime)
            self.assertIsNone(p.model_class)
            self.assertIsNone(p.parent_proc)
            self.assertFalse(p.is_compiled)
        server = ProcessServer()
        self.assertEqual(server.num_processes, 2)
        server.reset_server()
        self.assertEqual(server.processes, [])
        self.assertEqual(server._next_id, 0)

    def test_members(self):
        p = FullProcess(shape=(3,))
        self.assertEqual(p.in_ports.member_names, ["in_port1"])
        self.assertEqual(p.out_ports.member_names, ["out_port1", "out_port2"])
        self.assertEqual(p.ref_ports.member_names, ["ref_port1"])
        self.assertEqual(p.var_ports.member_names, ["var_port1"])
        self.assertEqual(p.vars.member_names, ["v1", "v2", "v3"])
        self.assertTrue(p.procs.is_empty())
        self.assertIs(p.in_ports.in_port1, p.in_port1)
        self.assertIs(p.vars.v2.process, p)
        self.assertEqual(p.out_ports.out_port2.name, "out_port2")
        self.assertTrue(p.vars.has(p.v1))
        self.assertEqual([v.name for v in p.vars], ["v1", "v2", "v3"])
        with self.assertRaises(AssertionError):
            p.vars.v17
        self.assertIsInstance(p.vars, Collection)
        self.assertIsInstance(p.v1, AbstractProcessMember)
        self.assertEqual(p.in_port1.shape, (3,))
        self.assertEqual(p.in_port1.size, 3)

    def test_parameters(self):
        p = FullProcess(shape=(3,), gain=7)
        self.assertIsInstance(p.proc_params, ProcessParameters)
        self.assertEqual(p.proc_params["gain"], 7)
        self.assertEqual(p.proc_params.get("loss", 5), 5)
        with self.assertRaises(KeyError):
            p.proc_params["gain"] = 8
        p.proc_params["loss"] = 6
        p.proc_params.overwrite("gain", 9)
        self.assertEqual((p.proc_params["gain"], p.proc_params["loss"]), (9, 6))

    def test_log_config(self):
        with self.assertRaises(ValueError):
            LogConfig(logs_to_file=True)
        p = FullProcess(log_config=LogConfig(file="x.log", level=20))
        self.assertEqual(p.log_config.level, 20)
        self.assertEqual(p.log_config.level_console, 40)

    def test_initial_values_are_what_get_returns(self):
        p = FullProcess()
        self.assertEqual(p.v1.get(), 10)
        self.assertEqual(p.v2.get(), [20, 30])
        with self.assertRaises(ValueError):
            p.v1.set(np.array([1]))
        self.assertIn("v1", repr(p.v1))


class TestConnections(unittest.TestCase):
    def test_symmetric(self):
        a, b = FullProcess(), FullProcess()
        a.out_port1.connect(b.in_port1)
        b.in_port1.connect_from(a.out_port2)
        self.assertEqual(a.out_port1.out_connections, [b.in_port1])
        self.assertEqual(b.in_port1.in_connections, [a.out_port1, a.out_port2])
        self.assertEqual(b.in_port1.get_src_ports(), [a.out_port1, a.out_port2])
        self.assertEqual(a.out_port1.get_dst_ports(), [b.in_port1])
        with self.assertRaises(DuplicateConnectionError):
            a.out_port1.connect(b.in_port1)

    def test_wrong_partners(self):
        a, b = FullProcess(), FullProcess(shape=(2,))
        with self.assertRaises(AssertionError):
            a.out_port1.connect(b.in_port1)
        with self.assertRaises(AssertionError):
            a.out_port1.connect(a.v1)
        with self.assertRaises(TypeError):
            a.ref_port1.connect(b.in_port1)
        with self.assertRaises(VarNotSharableError):
            RefPort((1,)).connect_var(a.v3)
        with self.assertRaises(VarNotSharableError):
            VarPort(a.v3)
        with self.assertRaises(AssertionError):
            InPort((1, 2)).connect_from([OutPort((1, 2)), OutPort((2, 1))])

    def test_references(self):
        a, b = FullProcess(), FullProcess()
        v = b.v2
        ref = RefPort((2,))
        ref.connect_var(v)
        implicit = ref.get_dst_ports()[0]
        self.assertEqual(implicit.name, "_v2_implicit_port")
        self.assertIs(implicit.process, b)
        self.assertEqual(ref.get_dst_vars(), [v])
        another = RefPort((2,))
        another.connect_var(v)
        self.assertEqual(another.get_dst_ports()[0].name, "_v2_implicit_port_1")
        other = RefPort((2,))
        other.connect(a.var_port1)
        self.assertEqual(other.get_dst_vars(), [a.v2])
        with self.assertRaises(AssertionError):
            other.connect(b.var_port1)

    def test_virtual_ports(self):
        out, into = OutPort((2, 3)), InPort((6,), reduce_op=ReduceSum)
        with self.assertRaises(ReshapeError):
            out.reshape((4,))
        out.flatten().connect(into)
        self.assertEqual(into.get_src_ports(), [out])
        self.assertEqual(out.transpose().shape, (3, 2))
        wide = OutPort((2, 3)).concat_with([OutPort((2, 4))], axis=1)
        self.assertEqual(wide.shape, (2, 7))

    def test_connection_configs(self):
        out, one, two = OutPort((1,)), InPort((1,)), InPort((1,))
        first, second = ConnectionConfig(), ConnectionConfig(num_probes=7)
        out.connect([one, two], connection_configs=[first, second])
        self.assertIs(out.connection_configs[one], first)
        self.assertIs(two.connection_configs[out], second)
        common, third, fourth = ConnectionConfig(), InPort((1,)), InPort((1,))
        out.connect([third, fourth], common)
        self.assertIs(third.connection_configs[out], common)
        self.assertIs(out.connection_configs[fourth], common)


class TestAlias(unittest.TestCase):
    def test_wrong_aliases(self):
        a, b = FullProcess(), FullProcess()
        with self.assertRaises(AssertionError):
            a.v1.alias(b.v2)
        with self.assertRaises(AssertionError):
            a.v1.alias(b.v3)
        with self.assertRaises(AssertionError):
            a.v1.alias(7)
        a.v1.alias(b.v1)
        with self.assertRaises(AssertionError):
            a.validate_var_aliases()
        a.register_sub_procs({"inner": b})
        a.validate_var_aliases()
        self.assertIs(b.parent_proc, a)
        self.assertTrue(b.is_sub_proc_of(a))
        self.assertFalse(a.is_sub_proc_of(a))


class TestCompile(unittest.TestCase):
    def test_one_builder(self):
        p = FullProcess()
        executable = p.compile(FirstModel())
        self.assertEqual(len(executable.proc_builders), 1)
        self.assertIs(p.model_class, PyFullProcessModel)
        self.assertTrue(p.is_compiled)
        self.assertIsNone(p.runtime)
        with self.assertRaises(ProcessAlreadyCompiled):
            p.compile(FirstModel())

    def test_compiler_by_hand(self):
        a, b = FullProcess(), FullProcess()
        a.out_port1.connect(b.in_port1)
        b.out_port2.connect(a.in_port1)
        config = {"pypy_channel_size": 8}
        executable = Compiler(config).compile(a, Loihi1SimCfg(select_tag="full"))
        self.assertEqual(len(executable.proc_builders), 2)
        self.assertEqual(len(executable.channel_builders), 2)
        self.assertEqual({p.name for p in executable.process_list}, {a.name, b.name})
        self.assertEqual(config, {"pypy_channel_size": 8})

    def test_no_model(self):
        p = MinimalProcess()
        with self.assertRaises(NoProcessModelFound):
            p.compile(FirstModel())
        self.assertFalse(p.is_compiled)

    def test_members_have_to_match(self):
        with self.assertRaises(AssertionError):
            ForgetfulProcess().compile(FirstModel())

    def test_select_has_to_return_a_model(self):
        class Nothing(RunConfig):
            def select(self, proc, proc_models):
                return None

        with self.assertRaises(AssertionError):
            FullProcess().compile(Nothing())

    def test_tags(self):
        with self.assertRaises(AssertionError):
            FullProcess().compile(Loihi1SimCfg(select_tag="empty"))


if __name__ == "__main__":
    unittest.main()

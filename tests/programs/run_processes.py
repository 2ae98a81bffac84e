"""unittest: running, pausing, stopping, reading and writing Vars."""

import os
import unittest

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.message_interface_enum import ActorType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg, Loihi2SimCfg, RunConfig
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.magma.runtime.runtime import Runtime


class Ramp(AbstractProcess):
    def __init__(self, *, shape, gain=1, **kwargs):
        super().__init__(shape=shape, gain=gain, **kwargs)
        self.level = Var(shape=shape, init=0)
        self.out = OutPort(shape=shape)


class Tally(AbstractProcess):
    def __init__(self, *, shape, **kwargs):
        super().__init__(shape=shape, **kwargs)
        self.total, self.inp = Var(shape=shape, init=0), InPort(shape=shape)


@implements(proc=Ramp, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyRamp(PyLoihiProcessModel):
    level: np.ndarray = LavaPyType(np.ndarray, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def run_spk(self):
        self.level += self.proc_params["gain"]
        self.out.send(self.level)


@implements(proc=Tally, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyTally(PyLoihiProcessModel):
    total: np.ndarray = LavaPyType(np.ndarray, np.int32)
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def run_spk(self):
        self.total += self.inp.recv()


class Faulty(AbstractProcess):
    def __init__(self, fails_in=2, **kwargs):
        super().__init__(fails_in=fails_in, **kwargs)
        self.a_in = InPort((1,))
        self.s_out = OutPort((1,))


@implements(proc=Faulty, protocol=LoihiProtocol)
@requires(CPU)
class PyFaulty(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_spk(self):
        if self.time_step == self.proc_params["fails_in"]:
            raise AssertionError("All the error info")


class Flag(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.flag = Var(shape=(1,), init=False)
        self.log_size = Var(shape=(1,), init=0)


@implements(proc=Flag, protocol=LoihiProtocol)
@requires(CPU)
class PyFlag(PyLoihiProcessModel):
    flag: np.ndarray = LavaPyType(np.ndarray, bool)
    log_size: np.ndarray = LavaPyType(np.ndarray, int)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.seen = []

    def post_guard(self):
        return True

    def run_post_mgmt(self):
        self.seen.append(bool(self.flag[0]))
        self.log_size = np.array([sum(self.seen)])
        self.flag = np.array([False])


class FirstModel(RunConfig):
    """Takes the first model."""

    def __init__(self, custom_sync_domains=None):
        super().__init__(custom_sync_domains=custom_sync_domains)

    def select(self, process, proc_models):
        return proc_models[0]


def network(gain=3):
    ramp, tally = Ramp(shape=(2,), gain=gain), Tally(shape=(2,))
    ramp.out.connect(tally.inp)
    return ramp, tally


class TestRun(unittest.TestCase):
    def test_documentation_example(self):
        ramp, tally = network()
        config = Loihi2SimCfg(select_tag="fixed_pt")
        tally.run(condition=RunSteps(num_steps=2), run_cfg=config)
        self.assertTrue(np.all(ramp.level.get() == [6, 6]))
        self.assertTrue(np.all(tally.total.get() == [9, 9]))
        ramp.level.set(np.array([0, 100]))
        ramp.run(condition=RunSteps(num_steps=1))
        self.assertTrue(np.all(tally.total.get() == [12, 112]))
        ramp.stop()
        self.assertFalse(ramp.runtime._is_running)

    def test_flags(self):
        ramp, _ = network()
        ramp.create_runtime(run_cfg=FirstModel())
        runtime = ramp.runtime
        flags = lambda: (runtime._is_initialized, runtime._is_started, runtime._is_running)  # noqa: E731
        self.assertEqual(flags(), (True, False, False))
        ramp.run(condition=RunContinuous())
        self.assertEqual(flags(), (True, True, True))
        ramp.pause()
        self.assertEqual(flags(), (True, True, False))
        ramp.run(condition=RunSteps(num_steps=2, blocking=False))
        self.assertEqual(flags(), (True, True, True))
        ramp.wait()
        self.assertEqual(flags(), (True, True, False))
        ramp.stop()
        self.assertEqual(flags(), (True, False, False))
        ramp.stop()

    def test_context(self):
        ramp, _ = network()
        with ramp:
            ramp.run(condition=RunContinuous(), run_cfg=FirstModel())
            self.assertTrue(ramp.runtime._is_running)
        self.assertFalse(ramp.runtime._is_running)
        self.assertFalse(ramp.runtime._is_started)

    def test_executable_and_runtime_by_hand(self):
        ramp, tally = network()
        executable = ramp.compile(FirstModel())
        runtime = Runtime(executable, ActorType.MultiProcessing)
        executable.assign_runtime_to_all_processes(runtime)
        with runtime:
            tally.run(RunSteps(4))
            self.assertEqual(runtime.get_var(tally.total.id).tolist(), [30, 30])
            runtime.set_var(tally.total.id, np.array([1, 2]))
            self.assertEqual(tally.total.get().tolist(), [1, 2])
        self.assertFalse(runtime._is_started)

    def test_needs_a_config(self):
        ramp, _ = network()
        with self.assertRaises(ValueError):
            ramp.run(condition=RunSteps(num_steps=1))

    def test_many_steps_without_blocking(self):
        ramp, tally = network(gain=1)
        for steps in (10000, 10):
            ramp.run(condition=RunSteps(num_steps=steps, blocking=False), run_cfg=FirstModel())
            ramp.wait()
        self.assertEqual(ramp.level.get()[0], 10010)
        ramp.stop()
        with self.assertRaises(RuntimeError):
            tally.total.get()

    def test_pause_then_blocking_run(self):
        ramp, _ = network(gain=1)
        ramp.run(RunSteps(200), FirstModel())
        ramp.pause()
        ramp.run(RunSteps(200))
        self.assertEqual(ramp.level.get()[0], 400)
        ramp.stop()

    def test_set_between_steps(self):
        flag = Flag()
        for number in range(1, 201):
            if flag.runtime is not None:
                flag.flag.set(np.array([True]))
            flag.run(RunSteps(1), FirstModel())
            self.assertEqual(flag.log_size.get(), number - 1)
        flag.stop()

    def test_descriptors(self):
        def once():
            ramp, _ = network()
            ramp.run(RunSteps(3), FirstModel())
            ramp.stop()
            return len(os.listdir("/proc/self/fd"))

        once()
        self.assertEqual(once(), once())


class TestErrors(unittest.TestCase):
    def fails(self, *models):
        for one, other in zip(models, models[1:], strict=False):
            one.s_out.connect(other.a_in)
        models[0].run(RunSteps(1), Loihi1SimCfg())
        with self.assertRaises(RuntimeError) as context:
            models[0].run(RunSteps(1))
        models[0].stop()
        return str(context.exception)

    def test_one_fails(self):
        self.assertIn("1 Exception(s) occurred", self.fails(Faulty()))

    def test_two_fail(self):
        self.assertIn("2 Exception(s) occurred", self.fails(Faulty(), Faulty()))

    def test_two_of_three_fail(self):
        self.assertIn("2 Exception(s) occurred", self.fails(Faulty(), Faulty(), Faulty(9)))

    def test_the_cause_is_told(self):
        self.assertIn("All the error info", self.fails(Faulty()))


if __name__ == "__main__":
    unittest.main()

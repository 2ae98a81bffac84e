"""unittest: asynchronous models, external pipes, sync domains, pauses asked for by models."""

import threading
import unittest

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import (
    PyAsyncProcessModel,
    PyLoihiModelToPyAsyncModel,
    PyLoihiProcessModel,
)
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg, RunConfig
from lava.magma.core.sync.domain import SyncDomain
from lava.magma.core.sync.protocols.async_protocol import AsyncProtocol
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.models import PyDenseModelFloat
from lava.proc.dense.process import Dense
from lava.proc.lif.models import PyLifModelFloat
from lava.proc.lif.process import LIF


class Source(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.out = OutPort(shape=(1,))


class Relay(AbstractProcess):
    def __init__(self, pause_in=None, where="post"):
        super().__init__(pause_in=pause_in, where=where)
        self.inp, self.out = InPort(shape=(1,)), OutPort(shape=(1,))
        self.steps = Var(shape=(1,), init=0)


class Store(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.inp = InPort(shape=(1,))
        self.kept = Var(shape=(10,), init=0)


class Watcher(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.rounds = Var(shape=(1,), init=0)


@implements(proc=Source, protocol=AsyncProtocol)
@requires(CPU)
class PySource(PyAsyncProcessModel):
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)

    def run_async(self):
        for number in range(self.num_steps):
            if self.check_for_stop_cmd():
                return
            self.out.send(np.array([number + 1]))


@implements(proc=Relay, protocol=LoihiProtocol)
@requires(CPU)
class PyRelay(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, int)
    steps: np.ndarray = LavaPyType(np.ndarray, int)

    def run_spk(self):
        self.steps += 1
        self.out.send(self.inp.recv())
        if self.proc_params["where"] == "spk" and self.time_step == self.proc_params["pause_in"]:
            self._req_pause = True

    def post_guard(self):
        return True

    def run_post_mgmt(self):
        if self.proc_params["where"] == "post" and self.time_step == self.proc_params["pause_in"]:
            self._req_pause = True
        if self.proc_params["where"] == "stop" and self.time_step == self.proc_params["pause_in"]:
            self._req_stop = True


@implements(proc=Store, protocol=AsyncProtocol)
@requires(CPU)
class PyStore(PyAsyncProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, int)
    kept: np.ndarray = LavaPyType(np.ndarray, int)

    def run_async(self):
        for number in range(self.num_steps):
            self.kept[number] = self.inp.recv()[0]


@implements(proc=Watcher, protocol=AsyncProtocol)
@requires(CPU)
class PyWatcher(PyAsyncProcessModel):
    rounds: np.ndarray = LavaPyType(np.ndarray, int)

    def run_async(self):
        while True:
            self.rounds += 1
            if self.check_for_stop_cmd() or self.check_for_pause_cmd():
                return


class Simple(RunConfig):
    def __init__(self, custom_sync_domains=None, models=None):
        super().__init__(custom_sync_domains=custom_sync_domains)
        self.models = models or {}

    def select(self, proc, proc_models):
        return self.models.get(type(proc), proc_models[0])


class TestAsync(unittest.TestCase):
    def test_source_relay_store(self):
        source, relay, store = Source(), Relay(), Store()
        source.out.connect(relay.inp)
        relay.out.connect(store.inp)
        source.run(condition=RunSteps(num_steps=10), run_cfg=Simple())
        self.assertEqual(store.kept.get().tolist(), list(range(1, 11)))
        source.stop()

    def test_watcher(self):
        watcher = Watcher()
        watcher.run(RunContinuous(), Simple())
        watcher.pause()
        rounds = watcher.rounds.get()[0]
        self.assertGreater(rounds, 0)
        watcher.run(RunContinuous())
        watcher.pause()
        self.assertGreater(watcher.rounds.get()[0], rounds)
        watcher.run(RunContinuous())
        watcher.stop()

    def test_converted_chain(self):
        def chain():
            lif1 = LIF(shape=(3,), du=0.1, dv=0.2, vth=1, bias_mant=np.array([0.3, 0.6, 0.9]))
            dense = Dense(weights=np.arange(6).reshape(2, 3) / 5)
            lif2 = LIF(shape=(2,), du=0.3, dv=0.1, vth=0.7)
            lif1.s_out.connect(dense.s_in)
            dense.a_out.connect(lif2.a_in)
            return lif1, dense, lif2

        models = {
            LIF: PyLoihiModelToPyAsyncModel(PyLifModelFloat),
            Dense: PyLoihiModelToPyAsyncModel(PyDenseModelFloat),
        }
        one, two = chain(), chain()
        for steps in (2, 9):
            one[0].run(RunSteps(steps), Loihi1SimCfg(select_tag="floating_pt"))
            two[0].run(RunSteps(steps), Simple(models=models))
            for name in ("u", "v"):
                for a, b in ((one[0], two[0]), (one[2], two[2])):
                    np.testing.assert_array_equal(
                        getattr(a, name).get(), getattr(b, name).get()
                    )
        one[0].stop()
        two[0].stop()


class TestExternalPipes(unittest.TestCase):
    def test_feed_and_drain(self):
        relay = Relay()
        relay.inp.flag_external_pipe()
        relay.out.flag_external_pipe(buffer_size=16)
        self.assertFalse(hasattr(relay.inp, "external_pipe_csp_send_port"))
        relay.run(condition=RunSteps(num_steps=5, blocking=False), run_cfg=Simple())
        received = []

        def feed():
            for number in range(5):
                relay.inp.external_pipe_csp_send_port.send(np.array([number]))

        def drain():
            for _ in range(5):
                received.append(int(relay.out.external_pipe_csp_recv_port.recv()[0]))

        threads = [threading.Thread(target=feed), threading.Thread(target=drain)]
        for thread in threads:
            thread.start()
        relay.wait()
        for thread in threads:
            thread.join()
        relay.stop()
        self.assertEqual(received, [0, 1, 2, 3, 4])


class TestRequests(unittest.TestCase):
    def test_pause(self):
        for where in ("spk", "post"):
            first, second = Relay(pause_in=3, where=where), Relay()
            first.out.connect(second.inp)
            first.run(condition=RunSteps(num_steps=100), run_cfg=Simple())
            self.assertFalse(first.runtime._is_running)
            self.assertTrue(first.runtime._is_started)
            self.assertEqual(first.steps.get(), 3)
            self.assertEqual(second.steps.get(), 3)
            second.run(RunSteps(num_steps=2))
            self.assertEqual(first.steps.get(), 5)
            first.stop()

    def test_stop(self):
        relay = Relay(pause_in=3, where="stop")
        relay.run(condition=RunSteps(num_steps=100), run_cfg=Simple())
        self.assertFalse(relay.runtime._is_running)
        self.assertFalse(relay.runtime._is_started)
        relay.stop()


class TestDomains(unittest.TestCase):
    def test_two_domains(self):
        first, second = Relay(), Relay()
        first.out.connect(second.inp)
        domains = [
            SyncDomain(name="front", protocol=LoihiProtocol(), processes=[first]),
            SyncDomain(name="back", protocol=LoihiProtocol(), processes=[second]),
        ]
        first.run(RunSteps(num_steps=5), Simple(custom_sync_domains=domains))
        self.assertEqual(first.steps.get(), 5)
        self.assertEqual(second.steps.get(), 5)
        names = [d.name for d in first.runtime.executable.sync_domains]
        self.assertEqual(names, ["front", "back"])
        first.stop()

    def test_contradictions(self):
        first, second = Relay(), Relay()
        first.out.connect(second.inp)
        same = [SyncDomain("same", LoihiProtocol(), [p]) for p in (first, second)]
        with self.assertRaises(AssertionError):
            first.compile(Simple(custom_sync_domains=same))
        wrong = [SyncDomain("wrong", AsyncProtocol(), [first])]
        with self.assertRaises(AssertionError):
            first.compile(Simple(custom_sync_domains=wrong))
        with self.assertRaises(AssertionError):
            RunConfig(custom_sync_domains="front")


if __name__ == "__main__":
    unittest.main()

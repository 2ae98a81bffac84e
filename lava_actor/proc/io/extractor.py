"""Extractor and VarWire: data from a running network to ordinary Python code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import NetworkError
from lava_actor.kernels.steps import Burst
from lava_actor.model.ports import PyOutPort, PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.proc._model import LavaPyType, PyLoihiProcessModel, cpu_model
from lava_actor.proc.io._piped import Configured, Free, Piped, Through, Wired
from lava_actor.proc.io.utils import ChannelConfig, wait_until_ready
from lava_actor.process import OutPort, RefPort, Var
from lava_actor.process.inherited import given

if TYPE_CHECKING:
    from lava_actor.channels import CspRecvPort


class Extractor(Piped):
    """Hands messages of a network to Python code.

    In every step the model puts what arrives into a pipe; `receive` takes from it, from any
    thread. What is left after a run can be received then.
    """

    _la_outer = "out_port"

    def receive(self) -> np.ndarray:
        """Take from the pipe.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if the network is not started yet.
        """
        channel = self._la_pipe("recv", "receive")
        with self._la_one_at_a_time:
            return self._la_config.receive(channel, np.zeros(self._la_shape))


# Any network may need one: the model is the same for all kinds of numbers.
@cpu_model(Extractor, "floating_pt", "fixed_pt", "bit_accurate_loihi")
class PyLoihiExtractorModel(Through, PyLoihiProcessModel):
    """Puts what arrives in a step into the pipe."""

    def steps_ready(self) -> int:
        """As many as there is room for items."""
        return self._la_config.steps_to_send(self.out_port.csp_ports[-1])

    def _la_native_burst(self) -> Burst:
        burst = super()._la_native_burst()
        if type(self).run_spk is PyLoihiExtractorModel.run_spk and "run_spk" not in vars(self):
            burst.first = next((port.ring for port in self.in_port.csp_ports), None)
        return burst

    def run_spk(self) -> None:
        """Receive and put."""
        self._la_config.send(self.out_port.csp_ports[-1], self.in_port.recv())


@cpu_model(Extractor, protocol=AsyncProtocol)
class PyLoihiExtractorModelAsync(Through, Free):
    """Puts what arrives into the pipe, until told to stop or pause."""

    def run_async(self) -> None:
        """Receive and put, `num_steps` times."""
        for _ in range(self.num_steps):
            pipe = self.out_port.csp_ports[-1]
            sources = self.in_port.csp_ports
            if self._la_is_to_return() or not all(
                wait_until_ready(self, source, self._la_is_to_return) for source in sources
            ):
                return
            message = self.in_port.recv()
            # not given up on a pause: the message in hand has been taken out of the network already
            if self._la_config.may_wait_to_send and not wait_until_ready(
                self, pipe, self.check_for_stop_cmd
            ):
                return
            self._la_config.send(pipe, message)


class VarWire(Wired):
    """Hands the value of a Var after every step to Python code."""

    _la_shape: tuple[int, ...] | None

    def __init__(
        self, buffer_size: int = 50, channel_config: ChannelConfig | None = None, **kwargs: object
    ) -> None:
        super().__init__(**given(locals()))
        self._la_shape = None
        self.wire_tap = RefPort(shape=(1,))
        self.out_port = OutPort(shape=(1,))
        self.out_port.flag_external_pipe(buffer_size=buffer_size)

    def connect_var(self, var: Var) -> None:
        """Choose the Var.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if there is one already: use one VarWire per Var.
        """
        if self._la_shape is not None:
            raise NetworkError(f"{self.name}.connect_var: this VarWire already taps a Var")
        self._la_shape = tuple(var.shape)
        self.wire_tap = RefPort(shape=self._la_shape)
        self.out_port = OutPort(shape=self._la_shape)
        self.out_port.flag_external_pipe(buffer_size=self._la_buffer_size)
        self._post_init()
        self.wire_tap.connect_var(var)

    def receive(self) -> np.ndarray:
        """Take from the pipe; before the network runs this may wait until it does.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if no Var is connected.
        """
        if self._la_shape is None:
            raise NetworkError(f"{self.name}.receive: no Var is connected; call connect_var first")
        with self._la_one_at_a_time:
            return self._la_config.receive(self._la_channel(), np.zeros(self._la_shape))

    def _la_channel(self) -> CspRecvPort:
        # Nobody tells a Process that its network has been started, maybe by another thread.
        while (found := getattr(self.out_port, "external_pipe_csp_recv_port", None)) is None:
            time.sleep(0.02)
        return found


@cpu_model(VarWire)
class PyLoihiVarWireModel(Configured, PyLoihiProcessModel):
    """Puts the Var's value into the pipe at the end of every step."""

    wire_tap: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, float, reads_only=True)
    out_port: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)

    def steps_ready(self) -> int:
        """As many as there is room for values."""
        return self._la_config.steps_to_send(self.out_port.csp_ports[-1])

    def post_guard(self) -> bool:
        """Every step."""
        return True

    def run_post_mgmt(self) -> None:
        """Read and put."""
        self._la_config.send(self.out_port.csp_ports[-1], self.wire_tap.read())

"""Injector: data from ordinary Python code into a running network."""

from __future__ import annotations

from numpy.typing import ArrayLike

from lava_actor.errors import NetworkError
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.proc._model import PyLoihiProcessModel, cpu_model
from lava_actor.proc.io._piped import Free, Piped, Takes
from lava_actor.proc.io.utils import wait_until_ready
from lava_actor.protocol.values import numbers


class Injector(Piped):
    """Feeds data from Python code into a network.

    `send` puts items into a pipe, from any thread; an item is there for the next step once `send`
    has returned. In every step the model takes from it what
    `channel_config` says and sends it on in the same step.
    """

    _la_outer = "in_port"

    def send(self, data: ArrayLike) -> None:
        """Put one item of the Injector's shape into the pipe.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if the network is not started yet, or the shape differs.
        InvalidTypeError
            (a `TypeError`) if these are no real numbers, or masked.
        """
        channel = self._la_pipe("send", "send")
        item = numbers(data, f"{self.name}.send")
        if item.shape != self._la_shape:
            raise NetworkError(
                f"{self.name}.send: expected an array of shape {self._la_shape}, got {item.shape}"
            )
        with self._la_one_at_a_time:
            self._la_config.send(channel, item)


# Any network may need one: the model is the same for all kinds of numbers.
@cpu_model(Injector, "floating_pt", "fixed_pt", "bit_accurate_loihi")
class PyLoihiInjectorModel(Takes, PyLoihiProcessModel):
    """Takes from the pipe in every step and sends it on."""

    def steps_ready(self) -> int:
        """As many as there are items."""
        return self._la_config.steps_to_receive(self.in_port.csp_ports[-1])

    def run_spk(self) -> None:
        """Take and send."""
        self.out_port.send(self._la_config.receive(self.in_port.csp_ports[-1], self._la_zeros))


@cpu_model(Injector, protocol=AsyncProtocol)
class PyLoihiInjectorModelAsync(Takes, Free):
    """Takes from the pipe and sends it on, until told to stop or pause."""

    def run_async(self) -> None:
        """Take and send, `num_steps` times."""
        for _ in range(self.num_steps):
            pipe = self.in_port.csp_ports[-1]
            if self._la_is_to_return() or (
                self._la_config.may_wait_to_receive
                and not wait_until_ready(self, pipe, self._la_is_to_return)
            ):
                return
            self.out_port.send(self._la_config.receive(pipe, self._la_zeros))

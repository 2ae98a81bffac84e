"""What Injector, Extractor and VarWire have in common: a pipe to Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lava_actor.errors import NetworkError
from lava_actor.model.py.async_ import PyAsyncProcessModel
from lava_actor.proc._model import LavaPyType, PyInPort, PyOutPort
from lava_actor.proc.io.utils import (
    ChannelConfig,
    PipeLock,
    validate_buffer_size,
    validate_channel_config,
    validate_shape,
)
from lava_actor.process import AbstractProcess, InPort, OutPort
from lava_actor.process.inherited import given
from lava_actor.process.parameters import ProcessParameters

if TYPE_CHECKING:
    from lava_actor.model.py.base import AbstractPyProcessModel as Model
else:
    Model = object


class Wired(AbstractProcess):
    """A Process with a pipe.

    Parameters
    ----------
    buffer_size : int
        Items the pipe holds. Where `channel_config` blocks, a full pipe holds up who writes.
    channel_config : ChannelConfig, optional
        What to do when the pipe is full or empty; default: wait.
    """

    _la_config: ChannelConfig
    _la_buffer_size: int
    _la_one_at_a_time: PipeLock

    def __init__(
        self, buffer_size: int = 50, channel_config: ChannelConfig | None = None, **kwargs: object
    ) -> None:
        channel_config = channel_config if channel_config is not None else ChannelConfig()
        validate_buffer_size(buffer_size)
        validate_channel_config(channel_config)
        super().__init__(channel_config=channel_config, **kwargs)
        self._la_config, self._la_buffer_size = channel_config, buffer_size
        self._la_one_at_a_time = PipeLock()


class Piped(Wired):
    """A Process that hands items of one shape on.

    Parameters
    ----------
    shape : tuple of int
        Shape of an item.
    """

    _la_outer: ClassVar[str]
    """Which port the pipe leads to."""

    _la_shape: tuple[int, ...]

    def __init__(
        self,
        shape: tuple[int, ...],
        buffer_size: int = 50,
        channel_config: ChannelConfig | None = None,
        **kwargs: object,
    ) -> None:
        validate_shape(shape)
        super().__init__(**given(locals()))
        self._la_shape = shape
        self.in_port = InPort(shape=shape)
        self.out_port = OutPort(shape=shape)
        getattr(self, self._la_outer).flag_external_pipe(buffer_size=buffer_size)

    def _la_pipe(self, end: str, method: str) -> Any:
        channel = getattr(getattr(self, self._la_outer), f"external_pipe_csp_{end}_port", None)
        if channel is None:
            raise NetworkError(
                f"{self.name}.{method}: the network does not exist yet; call run() or "
                f"create_runtime() first"
            )
        return channel


class Configured(Model):
    """A model that knows how its pipe behaves."""

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_config: ChannelConfig = proc_params["channel_config"]


class Through(Configured):
    """One through which messages go, into its pipe or out of it."""

    in_port: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    out_port: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)


class Takes(Through):
    """One that takes from its pipe."""

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_zeros = np.zeros(proc_params["shape"])


class Free(PyAsyncProcessModel):
    """One that runs until it is told to pause or stop."""

    def _la_is_to_return(self) -> bool:
        return self.check_for_stop_cmd() or self.check_for_pause_cmd()

"""Feeding the samples of a data set into a network, one after the other, on a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidValueError, NetworkError
from lava_actor.model.members import declares
from lava_actor.model.ports import PyRefPort
from lava_actor.model.ports.ref_port import PyRefPortVectorDense
from lava_actor.model.resources import HostCPU
from lava_actor.proc._model import LavaPyType, PyOutPort, cpu_model
from lava_actor.proc._remote import Remote
from lava_actor.proc.io._scheduled import OnSchedule, Scheduled
from lava_actor.process import OutPort, RefPort, Var
from lava_actor.process.parameters import ProcessParameters
from lava_actor.protocol.counts import whole_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class AbstractDataloader(Scheduled):
    """What both data loaders have in common: the data set, the schedule, the labels.

    The next sample (after the last one the first again) is loaded in the post-management phase of
    the steps t with ``(t - 1) mod interval == offset mod interval``.

    Parameters
    ----------
    dataset
        Indexable, with a length; items are pairs (data array, label), labels scalars or arrays. It
        travels to the actor that loads from it.
    interval
        Steps per sample, at least 1.
    offset
        In which step of the interval samples are loaded.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if the data set is empty or `interval` is below 1.
    """

    _la_data_shape: tuple[int, ...]

    def __init__(
        self,
        *,
        dataset: Sequence[tuple[ArrayLike, ArrayLike]],
        interval: int = 1,
        offset: int = 0,
        **kwargs: object,
    ) -> None:
        owner = type(self).__name__
        interval = whole_number(f"{owner}.interval", interval, 1)
        if len(dataset) == 0:
            raise InvalidValueError(f"{owner}.dataset: expected at least one sample, got none")
        super().__init__(
            interval=interval, offset=offset % interval, saved_dataset=dataset, **kwargs
        )
        data, label = dataset[0]
        self._la_data_shape = np.shape(data)
        self._la_schedule(interval, offset)
        self.ground_truth = OutPort(shape=np.shape(label) or (1,))


class SpikeDataloader(AbstractDataloader):
    """Plays samples: sends one column per step.

    A sample that is loaded in step t is played from step t + 1 on; its first `interval` columns are
    sent, columns that it does not have are zeros. With each column its label is sent; before the
    first sample both are zeros. The last axis of the data is time.

    Notes
    -----
    OutPorts: `s_out` (shape of the data without the last axis), `ground_truth` (shape of the
    labels, ``(1,)`` for scalars). Vars: `data` (one sample of `interval` columns), `interval`,
    `offset`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not self._la_data_shape:
            raise InvalidValueError(
                "SpikeDataloader.dataset: expected data with time as last axis, got scalars"
            )
        self.s_out = OutPort(shape=self._la_data_shape[:-1])
        self.data = Var(shape=(*self._la_data_shape[:-1], self.proc_params["interval"]), init=0)


class StateDataloader(AbstractDataloader, Remote):
    """Writes samples into a Var; each is there from the end of the step in which it is loaded.

    Notes
    -----
    Ports: RefPort `state`, connected by `connect_var`; OutPort `ground_truth`, which sends the
    label of the sample in place (shape of the labels, ``(1,)`` for scalars; zeros before the
    first).
    """

    _la_already = "samples already go to"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state = RefPort(shape=self._la_data_shape or (1,))

    def connect_var(self, var: Var) -> None:
        """Choose the Var that samples are written to.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if there is one already, or its size is not that of a sample.
        """
        if var.size != self.state.size:
            raise NetworkError(
                f"{self.name}.connect_var: expected a Var of the size of a sample, "
                f"{self._la_data_shape}, got one of shape {var.shape}"
            )
        super().connect_var(var)


class AbstractPyDataloaderModel(OnSchedule):
    """The schedule and the labels; subclasses say what happens with the data."""

    ground_truth: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    interval: np.ndarray = LavaPyType(np.ndarray, int)
    offset: np.ndarray = LavaPyType(np.ndarray, int)

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_dataset: Sequence[tuple[object, object]] = proc_params["saved_dataset"]
        self._la_next_sample = 0
        self._la_label = np.zeros(np.shape(self._la_dataset[0][1]) or (1,))

    def run_post_mgmt(self) -> None:
        """Load the next sample."""
        data, label = self._la_dataset[self._la_next_sample]
        self._la_next_sample = (self._la_next_sample + 1) % len(self._la_dataset)
        self._la_label = np.asarray(label).reshape(self._la_label.shape)
        self._la_load(np.asarray(data))

    def _la_load(self, data: np.ndarray) -> None:
        """Take over the data of a sample."""
        raise NotImplementedError


class AbstractPySpikeDataloaderModel(AbstractPyDataloaderModel):
    """Plays samples; subclasses declare the number type."""

    s_out: PyOutPort
    data: np.ndarray

    def __init__(self, proc_params: ProcessParameters) -> None:
        super().__init__(proc_params)
        self._la_column = 0

    def run_spk(self) -> None:
        """Send a column and its label."""
        self.s_out.send(self.data[..., self._la_column % self.data.shape[-1]])
        self.ground_truth.send(self._la_label)
        self._la_column += 1

    def _la_load(self, data: np.ndarray) -> None:
        """Start to play a sample."""
        columns = min(data.shape[-1], self.data.shape[-1])
        self.data[..., :columns] = data[..., :columns]
        self.data[..., columns:] = 0
        self._la_column = 0


class AbstractPyStateDataloaderModel(AbstractPyDataloaderModel):
    """Writes samples into a Var; subclasses declare the number type."""

    state: PyRefPortVectorDense

    def run_spk(self) -> None:
        """Send the label."""
        self.ground_truth.send(self._la_label)

    def _la_load(self, data: np.ndarray) -> None:
        """Write a sample."""
        self.state.write(data.reshape(self.state.shape))


AbstractPySpikeModel = AbstractPySpikeDataloaderModel
AbstractPyStateModel = AbstractPyStateDataloaderModel
"""The same under our own names."""


@cpu_model(SpikeDataloader, "fixed_pt", cpu=HostCPU)
@declares(np.int32, "s_out data")
class PySpikeModelFixed(AbstractPySpikeDataloaderModel):
    """Fixed-point model of `SpikeDataloader`."""


@cpu_model(SpikeDataloader, "floating_pt", cpu=HostCPU)
@declares(float, "s_out data")
class PySpikeModelFloat(AbstractPySpikeDataloaderModel):
    """Floating-point model of `SpikeDataloader`."""


@cpu_model(StateDataloader, "fixed_pt", cpu=HostCPU)
class PyStateModelFixed(AbstractPyStateDataloaderModel):
    """Fixed-point model of `StateDataloader`."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, np.int32)


@cpu_model(StateDataloader, "floating_pt", cpu=HostCPU)
class PyStateModelFloat(AbstractPyStateDataloaderModel):
    """Floating-point model of `StateDataloader`."""

    state: PyRefPortVectorDense = LavaPyType(PyRefPort.VEC_DENSE, float)

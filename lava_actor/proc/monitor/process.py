"""Monitor: records Vars and OutPorts, step by step."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np

from lava_actor.errors import (
    InvalidIndexError,
    InvalidKeyError,
    InvalidTypeError,
    InvalidValueError,
    MissingMemberError,
    RuntimeStateError,
)
from lava_actor.proc.monitor import export, pictures
from lava_actor.process import AbstractProcess, InPort, OutPort, RefPort, Var
from lava_actor.process.collection import Collection
from lava_actor.process.hints import briefly, warn
from lava_actor.process.interfaces import where
from lava_actor.process.recording import Recording
from lava_actor.protocol.counts import whole_number

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes
    from neo import Block
    from pandas import DataFrame


class _Recordings(dict[str, Any]):
    """What `get_data` returns: names what there is where a name is wrong."""

    def __getattr__(self, name: str) -> object:
        raise AttributeError(f"recordings are read by key: data[process.name][{name!r}]")

    def __missing__(self, name: str) -> object:
        raise InvalidKeyError(
            f"nothing called {name!r} is recorded; there is: {', '.join(self) or 'nothing'}"
        )


class Spikes(tuple[np.ndarray, ...]):
    """What `Monitor.spikes` returns: ``(steps, indices)`` or ``(steps, indices, values)``.

    Attributes
    ----------
    until : int
        The last step that was recorded; 0: none was.
    """

    until: int

    @property
    def steps(self) -> np.ndarray:
        """When, in ascending order."""
        return self[0]

    @property
    def indices(self) -> np.ndarray:
        """Who: flat indices into the target."""
        return self[1]

    @property
    def values(self) -> np.ndarray | None:
        """What was sent; None: ones."""
        return self[2] if len(self) > 2 else None


class Monitor(AbstractProcess):
    """Records any number of Vars and OutPorts: those that ``probe(…)`` is called with.

    A Var is sampled at the end of every step (after learning); of an OutPort, what it sends in
    every step is recorded. What is recorded lies in memory of this interpreter: it can be read
    while the network runs, after its end, and if that was a failure, up to the last step before.

    Examples
    --------
    >>> monitor = Monitor()
    >>> monitor.probe(neurons.s_out)
    >>> monitor.probe(neurons.v, every=10)
    >>> with neurons:
    ...     neurons.run(100, Loihi2SimCfg())
    >>> steps, indices = monitor.spikes(neurons.s_out)
    >>> monitor.dense(neurons.v).shape
    (10, 50)

    Attributes
    ----------
    data : dict
        ``{process name: {target name: array (num_steps, *target.shape)}}``, filled by `get_data`.
    target_names : dict
        ``{name of the Recording: [process name, target name]}``

    Notes
    -----
    Of an OutPort, only what is not zero is kept: 4 to 8 bytes per spike, and its value if it is not
    1. A message that is denser is kept as an array. Beyond a limit (``recording_memory``, an
    option of ``compile_config``) recordings go on in an unnamed file in the folder for temporary
    files.
    """

    _la_in_double_precision: ClassVar[bool] = False
    """Whether `get_data` gives integers as float64 where that is exact. `lava_actor.compat` asks
    for it: programs written for Lava divide recordings in place."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.data: dict[str, dict[str, Any]] = {}
        self.target_names: dict[str, list[str]] = {}
        for key in ("RefPorts", "VarsData1", "InPorts", "VarsData2"):
            self.proc_params[key] = []
        for key in ("n_ref_ports", "n_in_ports"):
            self.proc_params[key] = 0

    # -- before the run ---------------------------------------------------------------------

    @briefly
    def probe(
        self,
        target: Var | OutPort,
        num_steps: int | None = None,
        *,
        every: int = 1,
        index: object = None,
        last: int | None = None,
    ) -> None:
        """Record ``target``.

        Parameters
        ----------
        target : Var or OutPort
        num_steps : int, optional
            For so many steps; then recording ends, with one warning. None: as long as the network
            runs.
        every : int
            Record steps ``every``, ``2 * every`` and so on.
        index : slice, list of int, mask or other NumPy index, optional
            Record ``target[index]`` only.
        last : int, optional
            Keep what is of the last so many steps only; with `every`, one row for that many.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) if the target is neither an OutPort nor a Var of numbers.
        InvalidValueError
            (a `ValueError`) if a number makes no sense, or what is probed is already, or has the
            name of something else that is.
        InvalidIndexError
            (an `IndexError`) if the index does not fit the target.
        RuntimeStateError
            (a `RuntimeError`) if the network of the target or this Monitor is started.
        """
        self._la_check_target(target)
        name = f"{self.name}.probe"
        num_steps = None if num_steps is None else whole_number(f"{name}: num_steps", num_steps)
        every = whole_number(f"{name}: every", every, 1)
        last = None if last is None else whole_number(f"{name}: last", last, 1)
        key = _key(target)
        shape = tuple(target.shape)
        places, row = _places(f"{name}: index", shape, index)
        recording = Recording(
            shape, num_steps, every, last, places, row, ".".join(key),
            of_port=isinstance(target, OutPort),
        )  # fmt: skip
        port: RefPort | InPort
        if isinstance(target, Var):
            port = RefPort(shape=shape)
            member = self._la_add("ref_port", "var_read", "RefPorts", "VarsData1", port, recording)
            port.connect_var(target)
        else:
            port = InPort(shape=shape)
            member = self._la_add("in_port", "out_read", "InPorts", "VarsData2", port, recording)
            port.connect_from(target)
        self.target_names[member] = key
        self.data.setdefault(key[0], {})[key[1]] = 0

    def _la_check_target(self, target: object) -> None:
        if not isinstance(target, (Var, OutPort)):
            hint = ""
            if isinstance(target, AbstractProcess):
                names = [*target.vars.member_names, *target.out_ports.member_names]
                hint = f" itself; name one of {', '.join(names) or 'its Vars, which has none'}"
            elif isinstance(target, InPort):
                hint = "; probe the OutPort that feeds it, or a Var of the model"
            raise InvalidTypeError(
                f"{self.name}.probe: expected a Var or an OutPort, got {target!r}{hint}"
            )
        if isinstance(target, Var) and isinstance(target.init, str):
            raise InvalidTypeError(
                f"{self.name}.probe: expected a Var of numbers, got {target.name}, which is a text"
            )
        for process in (self, target.process):
            runtime = None if process is None else process.runtime
            if runtime is not None and not runtime.is_over:
                raise RuntimeStateError(
                    f"{self.name}.probe: the network of {process.name} is started, and goes on "
                    f"without what is probed now; probe before the start, or after stop()"
                )
        if self._la_find(target) is not None:
            owner, name = _key(target)
            raise InvalidValueError(
                f"{self.name}.probe: {name} of a Process named {owner!r} is probed already, "
                f"and recordings are kept by name; use another Monitor, or give another Process "
                f"another name"
            )

    def _la_add(
        self, port: str, recording: str, ports_key: str, data_key: str, end: object, data: Recording
    ) -> str:
        number = len(self.proc_params[ports_key])
        names = f"{port}_{number}", f"{recording}_{number}"
        ends: Collection[Any] = self.ref_ports if isinstance(end, RefPort) else self.in_ports
        for name, member in zip(names, (end, data), strict=True):
            setattr(self, name, member)
            self._init_proc_member_obj({name: member})
        ends.add_members({names[0]: end})
        self.vars.add_members({names[1]: data})
        self.proc_params[ports_key].append(names[0])
        self.proc_params[data_key].append(names[1])
        self.proc_params.overwrite(f"n_{port}s", number + 1)
        return names[1]

    # -- what was recorded ------------------------------------------------------------------

    def _la_find(self, target: Var | OutPort) -> Recording | None:
        key = _key(target)
        return next((getattr(self, n) for n, k in self.target_names.items() if k == key), None)

    def recording(self, target: Var | OutPort) -> Recording:
        """What is recorded of ``target``.

        Raises
        ------
        MissingMemberError
            (an `AttributeError`) if it is not probed.
        RuntimeStateError
            (a `RuntimeError`) if its network was never started.
        """
        if not isinstance(target, (Var, OutPort)):
            raise InvalidTypeError(f"{self.name}: expected what was probed, got {target!r}")
        found = self._la_find(target)
        if found is None:
            raise MissingMemberError(f"{self.name}: {where(target)} is not probed")
        if not found.is_bound:
            raise RuntimeStateError(
                f"{self.name}: nothing is recorded of {where(target)}: the network of this Monitor "
                f"was not started; is another one the one that ran?"
            )
        return found

    @briefly
    def spikes(self, target: Var | OutPort) -> Spikes:
        """What was not zero so far, as ``(steps, indices)``; with values unless all were one.

        Steps count from 1. Indices are flat indices into the target, also if only some of its
        elements are recorded. ``.until`` of the answer is the last step that is in it.

        Raises
        ------
        MissingMemberError, RuntimeStateError
            See `recording`.
        """
        recording = self.recording(target)
        record = recording.read()
        steps, indices, values = record.events()
        found = Spikes((steps, recording.places(indices), *([] if values is None else [values])))
        found.until = record.done
        return found

    def dense(self, target: Var | OutPort) -> np.ndarray:
        """One row for each step that was recorded so far; `steps` says which these are.

        Returns
        -------
        ndarray (steps, *shape)
            In the dtype of what is recorded. Steps that did not run are not in it.

        Raises
        ------
        MissingMemberError, RuntimeStateError
            See `recording`.
        """
        return self.trace(target)[1]

    def steps(self, target: Var | OutPort) -> np.ndarray:
        """The steps that were recorded so far: one for each row of `dense`."""
        return self.trace(target)[0]

    def trace(self, target: Var | OutPort) -> tuple[np.ndarray, np.ndarray]:
        """What `steps` and `dense` return, of one moment: also while the network runs."""
        recording = self.recording(target)
        record = recording.read()
        return recording.steps(record), recording.dense(record)

    @briefly
    def get_data(self) -> dict[str, dict[str, np.ndarray]]:
        """Return what was recorded so far, one row per step.

        With ``num_steps``, steps that did not run yet are zeros. What the last call returned stays
        in `data`.

        Returns
        -------
        dict
            ``{process name: {target name: array (num_steps, *target.shape)}}``
        """
        if any(not getattr(self, name).is_bound for name in self.target_names):
            warn(
                f"{self.name}.get_data: nothing is recorded, all is zeros: the network of this "
                f"Monitor was not started. Was a target probed after the start, or is another "
                f"network the one that ran?"
            )
        for recording, (owner, name) in self.target_names.items():
            value = getattr(self, recording).get()
            if self._la_in_double_precision and value.dtype.kind in "biu":
                double = value.astype(float)
                value = double if (double == value).all() else value
            self.data[owner][name] = value
        return _Recordings({owner: _Recordings(found) for owner, found in self.data.items()})

    # -- pictures and exports ---------------------------------------------------------------

    def _la_all(self) -> dict[str, Recording]:
        return {".".join(key): getattr(self, name) for name, key in self.target_names.items()}

    def _la_seconds(self) -> float | None:
        """What a step of the network stands for, if that was said."""
        return None if self.runtime is None else self.runtime.step_seconds

    @briefly
    def plot(self, ax: Any = None, target: Any = None, *args: Any, **kwargs: object) -> Axes:
        """Plot the recording of ``target`` over time: lines; spikes in a new figure, a raster.

        Parameters
        ----------
        ax : matplotlib axes, optional
            Where lines are drawn, of spikes too; left out, as in ``plot(neurons.v)``, a new figure.
        target : Var or OutPort
            What was probed.
        *args, **kwargs
            Further arguments of ``ax.plot``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        if isinstance(ax, (Var, OutPort)):
            args = args if target is None else (target, *args)
            ax, target = None, ax
        if ax is not None and not callable(getattr(ax, "plot", None)):
            raise InvalidTypeError(
                f"{self.name}.plot: expected matplotlib axes, such as plt.gca(), got {ax!r}"
            )
        recording = self.recording(target)
        record = recording.read()
        if ax is None and not args and recording.holds_events(record):
            return self.raster(target, None, **kwargs)
        ax = pictures.new_axes() if ax is None else ax
        steps = recording.steps(record)
        length = pictures.time_axis(ax, record.done, self._la_seconds())
        values = recording.dense(record).reshape(steps.size, recording.row_size)
        ax.plot(steps * length, values, *args, **kwargs)
        owner, name = _key(target)
        ax.set_title(owner)
        ax.set_ylabel(name)
        return ax

    @briefly
    def raster(
        self, target: Var | OutPort | None = None, ax: Axes | None = None, **kwargs: object
    ) -> Axes:
        """Draw who spiked when: one row per neuron, one mark per spike.

        Parameters
        ----------
        target : Var or OutPort, optional
            What was probed; None: every OutPort, one above the other.
        ax : matplotlib axes, optional
            Where; None: in a new figure.
        **kwargs
            Of the marks, as in ``ax.plot``.

        Returns
        -------
        matplotlib.axes.Axes
        """
        found = {name: each for name, each in self._la_all().items() if each.of_port}
        if target is not None:
            found = {where(target): self.recording(target)}
        if not any(each.is_bound for each in found.values()):
            raise RuntimeStateError(
                f"{self.name}.raster: no OutPort is probed, or the network was not started"
            )
        rows, until = [], 0
        for name, recording in found.items():
            record = recording.read()
            steps, indices, _ = record.events()
            size = math.prod(recording.target)
            rows.append((name, size, steps, recording.places(indices)))
            until = max(until, record.done)
        ax = pictures.new_axes() if ax is None else ax
        pictures.raster(ax, rows, until, self._la_seconds(), kwargs)
        return ax

    def to_pandas(self, target: Var | OutPort | None = None) -> DataFrame | dict[str, DataFrame]:
        """What was recorded, as a table of pandas: of spikes a line each, of states one per step.

        Times are in seconds if the length of a step is known (``step_length``), else in steps.

        Returns
        -------
        DataFrame, or without a target dict
            ``{"process.target": DataFrame}``
        """
        if target is not None:
            return export.table(self.recording(target), self._la_seconds())
        seconds = self._la_seconds()
        return {name: export.table(each, seconds) for name, each in self._la_all().items()}

    def save_npz(self, path: str | PathLike[str] | IO[bytes]) -> None:
        """Write what was recorded into a file that `numpy.load` reads.

        Of each target, ``process.target.until`` is the last step that is in it, ``.shape`` that of
        the target; spikes are ``.steps``, ``.indices`` and, unless all were one, ``.values``;
        states are ``.rows``, recorded at ``.steps``.
        """
        found: dict[str, Any] = {}
        for name, each in self._la_all().items():
            found.update(export.arrays(name, each))
        np.savez_compressed(path, **found)

    def to_neo(self) -> Block:
        """What was recorded, as a Block of Neo (the extra ``neo``): spike trains and signals.

        A step is a millisecond, unless its length is known (``step_length``).
        """
        return export.block(self._la_all(), self._la_seconds())


def _key(target: Var | OutPort) -> list[str]:
    """The names under which a target is recorded: of its Process, and its own."""
    return [target.process.name if target.process is not None else "", target.name]


def _places(
    where: str, shape: tuple[int, ...], index: Any
) -> tuple[np.ndarray | None, tuple[int, ...]]:
    """The flat places that an index names, and the shape of what it selects."""
    if index is None:
        return None, shape
    if isinstance(index, (list, range)):
        index = np.asarray(index) if len(index) else np.empty(0, np.intp)
    places = np.arange(np.prod(shape, dtype=np.int64), dtype=np.int32).reshape(shape)
    try:
        found = np.asarray(places[index])
    except IndexError as error:
        raise InvalidIndexError(f"{where}: expected one for shape {shape}: {error}") from None
    flat = found.reshape(-1)
    if np.unique(flat).size != flat.size:
        raise InvalidValueError(f"{where}: expected every element at most once, got some twice")
    return flat, found.shape

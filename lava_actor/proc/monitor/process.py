"""Monitor: records Vars and OutPorts, step by step."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lava_actor.errors import (
    InvalidKeyError,
    InvalidTypeError,
    InvalidValueError,
    MissingMemberError,
    RuntimeStateError,
)
from lava_actor.process.hints import warn
from lava_actor.process.ports.ports import InPort, OutPort, RefPort
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var


class _Recordings(dict[str, Any]):
    """What `get_data` returns: names what there is where a name is wrong."""

    def __missing__(self, name: str) -> Any:
        raise InvalidKeyError(
            f"nothing called {name!r} is recorded; there is: {', '.join(self) or 'nothing'}"
        )


class Monitor(AbstractProcess):
    """Records any number of Vars and OutPorts.

    A Var is sampled at the end of every step (after learning); of an OutPort, what it sends in
    every step is recorded. Recording ends, with one warning, after the number of steps given to
    `probe`.

    Examples
    --------
    >>> monitor = Monitor()
    >>> monitor.probe(neurons.v, num_steps=100)
    >>> neurons.run(RunSteps(num_steps=100), Loihi2SimCfg())
    >>> monitor.get_data()[neurons.name]["v"].shape
    (100, 10)

    Attributes
    ----------
    data : dict
        ``{process name: {target name: array (num_steps, *target.shape)}}``, filled by `get_data`.
    target_names : dict
        ``{name of the recording Var: [process name, target name]}``
    """

    in_double_precision: ClassVar[bool] = False
    """Whether `get_data` gives integers as float64 where that is exact. `lava_actor.compat` asks
    for it: programs written for Lava divide recordings in place."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data: dict[str, dict[str, Any]] = {}
        self.target_names: dict[str, list[str]] = {}
        self._targets: dict[tuple[str, str], Any] = {}
        for key in ("RefPorts", "VarsData1", "InPorts", "VarsData2"):
            self.proc_params[key] = []
        for key in ("n_ref_ports", "n_in_ports"):
            self.proc_params[key] = 0
        self.proc_params["Targets"] = {}  # what the recordings are of, for messages

    def probe(self, target: Var | OutPort, num_steps: int) -> None:
        """Record ``target`` for ``num_steps`` steps.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) if the target is neither Var nor OutPort.
        InvalidValueError
            (a `ValueError`) if ``num_steps`` is negative or no integer, or what is probed has the
            name of something else that is.
        """
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
        if not hasattr(num_steps, "__index__") or num_steps < 0:
            raise InvalidValueError(
                f"{self.name}.probe: expected 0 or more steps, got {num_steps!r}"
            )
        owner = target.process.name if target.process is not None else ""
        if self._targets.setdefault((owner, target.name), target) is not target:
            raise InvalidValueError(
                f"{self.name}.probe: another Process named {owner!r} is probed for its "
                f"{target.name} already, and recordings are kept by name; give one another name"
            )
        shape = tuple(target.shape)
        data = Var(shape=(int(num_steps), *shape), init=0)
        if isinstance(target, Var):
            member, recording = self._add("ref_port", "var_read", "RefPorts", "VarsData1", data)
            port: Any = RefPort(shape=shape)
            setattr(self, member, port)
            self._post_init()
            port.connect_var(target)
        else:
            member, recording = self._add("in_port", "out_read", "InPorts", "VarsData2", data)
            port = InPort(shape=shape)
            setattr(self, member, port)
            self._post_init()
            port.connect_from(target)
        self.target_names[recording] = [owner, target.name]
        self.proc_params["Targets"][recording] = f"{owner}.{target.name}"
        self.data.setdefault(owner, {})[target.name] = 0

    def _add(
        self, port: str, recording: str, ports_key: str, data_key: str, data: Var
    ) -> tuple[str, str]:
        number = len(self.proc_params[ports_key])
        names = f"{port}_{number}", f"{recording}_{number}"
        setattr(self, names[1], data)
        self.proc_params[ports_key].append(names[0])
        self.proc_params[data_key].append(names[1])
        self.proc_params.overwrite(f"n_{port}s", number + 1)
        return names

    def get_data(self) -> dict[str, dict[str, Any]]:
        """Return what was recorded so far; steps that did not run yet are zeros.

        Recordings live in the actor of the Monitor: read them before `stop`. What the last call
        returned stays in `data`.

        Returns
        -------
        dict
            ``{process name: {target name: array (num_steps, *target.shape)}}``

        Raises
        ------
        RuntimeStateError
            (a `RuntimeError`) if the network is stopped or has failed.
        """
        if self._is_over():
            raise RuntimeStateError(
                f"{self.name}.get_data: the network is stopped or has failed, and recordings end "
                f"with it; call get_data() before stop(), or inside of the with block"
            )
        if self.runtime is None and self.target_names:
            warn(
                f"{self.name}.get_data: nothing is recorded, all is zeros: the network of this "
                f"Monitor was not started. Was a target probed after the start, or is another "
                f"network the one that ran?"
            )
        for recording, (owner, name) in self.target_names.items():
            var: Var = getattr(self, recording)
            value = np.zeros(var.shape) if self.runtime is None else var.get()
            if self.in_double_precision and value.dtype.kind in "biu":
                double = value.astype(float)
                value = double if (double == value).all() else value
            self.data[owner][name] = value
        return _Recordings({owner: _Recordings(found) for owner, found in self.data.items()})

    def plot(self, ax: Any, target: Var | OutPort, *args: Any, **kwargs: Any) -> None:
        """Plot the recording of ``target`` over time into a matplotlib axes.

        Further arguments go to ``ax.plot``.
        """
        if not callable(getattr(ax, "plot", None)):
            raise InvalidTypeError(
                f"{self.name}.plot: expected matplotlib axes, such as plt.gca(), got {ax!r}"
            )
        owner = target.process.name if target.process is not None else ""
        if target.name not in self.data.get(owner, {}):
            raise MissingMemberError(f"{self.name}.plot: {owner}.{target.name} is not probed")
        try:
            data = self.get_data()
        except RuntimeStateError:
            data = self.data  # placeholders, unless something was read before the end
            if all(np.ndim(value) == 0 for found in data.values() for value in found.values()):
                raise
            warn(f"{self.name}.plot: the network is over; this is what get_data() returned last")
        values = data[owner][target.name]
        ax.plot(values.reshape(values.shape[0], -1), *args, **kwargs)
        ax.set_title(owner)
        ax.set_xlabel("Time step")
        ax.set_ylabel(target.name)

"""`AbstractPyProcessModel`: what all models written in Python share."""

from __future__ import annotations

import logging
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import RuntimeStateError
from lava_actor.model.model import AbstractProcessModel
from lava_actor.model.ports.base import AbstractPyPort
from lava_actor.model.ports.var_port import PyVarPort
from lava_actor.model.py.shown import Name


class AbstractPyProcessModel(AbstractProcessModel):
    """A model that runs Python code in an actor.

    The actor builds it in this order: constructor, ports, Vars, `on_start`. In the constructor
    the members of the Process are still declarations (`LavaPyType`).

    Parameters
    ----------
    proc_params, loglevel
        As for `AbstractProcessModel`.

    Attributes
    ----------
    model_id : id of the Process; None before the actor sets it
    process_name : name of the Process, empty before the actor sets it; a model may have its own
    var_id_to_var_map : {Var id: attribute name}
    rng : numpy.random.Generator
        Made when first used, after the constructor, unless the model has one of its own; seeded
        from the network's root seed and the name of the Process.
    """

    if TYPE_CHECKING:
        process_name: str
    else:
        process_name = Name()
    _la_process_name: str = ""  # the actor sets it, as it does what follows
    _la_rng_seed: int = 0
    _la_first_row: int = 0  # number of the first neuron, if this is a part of a Process

    def __init__(self, proc_params: object = None, loglevel: int = logging.WARNING) -> None:
        super().__init__(proc_params=proc_params, loglevel=loglevel)
        self.model_id: int | None = None
        self.var_id_to_var_map: dict[int, str] = {}
        self._req_pause = False
        self._req_stop = False

    @cached_property
    def rng(self) -> np.random.Generator:
        """A generator of the model's own, from the seed it was given; most models ask for none."""
        return np.random.default_rng(self._la_rng_seed)

    # -- ports ------------------------------------------------------------------------------

    @property
    def py_ports(self) -> list[AbstractPyPort]:
        """Port objects among the attributes, in order of assignment."""
        return [v for v in self.__dict__.values() if isinstance(v, AbstractPyPort)]

    @property
    def var_ports(self) -> list[PyVarPort]:
        """VarPort objects among the attributes, in order of assignment."""
        return [v for v in self.__dict__.values() if isinstance(v, PyVarPort)]

    @abstractmethod
    def add_ports_for_polling(self) -> None:
        """Name further ports to watch between commands; the runtime watches all by itself."""

    # -- hooks ------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Override to prepare what needs Vars and ports; runs once, after they are set."""

    def on_var_update(self) -> None:
        """Override to react to a `Var.set` from outside; runs after the new value is in place.

        Not called for writes through a RefPort.
        """

    def _la_var_written(self, name: str) -> None:
        """A Var got a value from outside, by `Var.set` or through a RefPort: for the library."""

    def _pause(self) -> None:
        """Override to react to a pause of a run that was to go on; runs at its last step.

        What it raises is an error of the model. Under this name since Lava's models have it.
        """

    def _stop(self) -> None:
        """Override to clean up (close a socket, save a plot); runs once, when the network ends.

        The network rests by then. The model has as long as ``stop(timeout)`` may take. What it
        raises is logged. After a failure the network ends at once, and this is not called. The
        base class calls `join`, as in Lava.
        """
        self.join()

    # -- requests ---------------------------------------------------------------------------

    def request_pause(self) -> None:
        """Ask for a pause; everybody finishes the present step.

        `run` or `wait` of the user then returns, and the next `run` goes on from there.
        """
        self._req_pause = True

    def request_stop(self) -> None:
        """Ask for the end of the network; everybody finishes the present step."""
        self._req_stop = True

    # -- driven by an actor -----------------------------------------------------------------

    def start(self) -> None:
        """Start all ports, then `run`."""
        for port in self.py_ports:
            port.start()
        self.run()

    def run(self) -> None:
        """Refuse: the actor that hosts a model drives it, see `lava_actor.runtime`.

        Raises
        ------
        RuntimeStateError
            Always. To drive a model by hand, use `lava_actor.model.harness.ModelHarness`.
        """
        raise RuntimeStateError(
            f"{type(self).__qualname__}.run: a model is driven by the actor that hosts it; "
            f"use ModelHarness to drive one by hand"
        )

    def join(self) -> None:
        """End all ports; runs once, when the network ends (`_stop`)."""
        for port in self.py_ports:
            port.join()

"""`PyAsyncProcessModel`: runs freely."""

from __future__ import annotations

from collections.abc import Callable

from lava_actor.errors import UnsupportedError
from lava_actor.model.py.base import AbstractPyProcessModel


class Control:
    """Whom a running model asks whether it is to return; the actor's main loop is like one.

    By itself it is what a model has before it is connected to its actor: nobody asks for anything.
    """

    def stop_requested(self) -> bool:
        """True once the network is to stop."""
        return False

    def pause_requested(self) -> bool:
        """True once the network is to pause."""
        return False

    def wait(self, *conditions: Callable[[], object]) -> None:
        """Wait until a condition holds or the user has asked for something; serve meanwhile."""


class PyAsyncProcessModel(AbstractPyProcessModel):
    """A model under the `AsyncProtocol`: no common steps, only messages couple it to others.

    Override `run_async`. It is called once per `run` of the user, and returning from it means
    that the model is done. It must ask `check_for_stop_cmd` and `check_for_pause_cmd` from time
    to time and return when one of them is true; while it asks, Var access and RefPorts of other
    models are served.

    Attributes
    ----------
    num_steps : int
        What the user asked for: n for ``RunSteps(n)``, `sys.maxsize` or more for a continuous
        run. What a step means is up to the model. A call that rests at a port while the network
        is paused goes on in the next run, and finds the number of that one here.
    """

    def __init__(self, proc_params: object = None) -> None:
        super().__init__(proc_params=proc_params)
        self.num_steps = 0
        self._la_control = Control()

    def add_ports_for_polling(self) -> None:
        """Nothing to add."""

    def _la_begin_run(self, num_steps: int) -> None:
        """A run begins: before `run_async`, or in the middle of a call that a pause did not end."""
        self.num_steps = num_steps

    def _la_rest(self) -> None:
        """A pause finds this model waiting at a port; called several times."""

    def _la_connect_control(self, control: Control) -> None:
        """Ask ``control`` from now on; called by the actor."""
        self._la_control = control

    def run_async(self) -> None:
        """Run until done, or until a pause or stop is asked for."""
        raise UnsupportedError(f"{type(self).__qualname__}.run_async is not implemented")

    def check_for_stop_cmd(self) -> bool:
        """True if the user wants to stop; never waits, and stays true."""
        return self._la_control.stop_requested()

    def check_for_pause_cmd(self) -> bool:
        """True if the user wants to pause; never waits, and stays true."""
        return self._la_control.pause_requested()

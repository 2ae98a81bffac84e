"""Detection of inputs that nothing answers to."""

from __future__ import annotations

from lava_actor.process import AbstractProcess, InPort, OutPort, Var
from lava_actor.process.inherited import given


class NoveltyDetector(AbstractProcess):
    """Signals novelty when an input is not answered by an output in time.

    In each step: an input starts to wait, from zero. An output ends the waiting; without one, once
    more than `t_wait` steps were waited, the waiting ends and 1 is sent; 0 is sent otherwise.

    Parameters
    ----------
    t_wait
        How many steps to wait for an answer.

    Notes
    -----
    Ports, all `(1,)`: `input_aval_in` (non-zero: an input is there), `output_aval_in` (non-zero: it
    was answered), `novelty_detected_out`. Vars `waiting`, `counter`, `t_wait`.
    """

    def __init__(
        self,
        *,
        t_wait: int,
        **inherited: object,
    ) -> None:
        super().__init__(**given(locals()))
        self.input_aval_in = InPort(shape=(1,))
        self.output_aval_in = InPort(shape=(1,))
        self.novelty_detected_out = OutPort(shape=(1,))
        self.waiting = Var(shape=(1,), init=0)
        self.counter = Var(shape=(1,), init=0)
        self.t_wait = Var(shape=(1,), init=t_wait)

"""What the loops of learning compute.

Types, layouts and lengths are checked; the numbers in a table and the pattern of a sparse matrix
are trusted: `lava_actor.learning.native` makes them.
"""

import numpy as np

BUILT_FROM: str

Table = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Products, factors, constants and targets; a row each, as ``learning.h`` declares them."""

def trace_history(
    course: np.ndarray,
    last: np.ndarray,
    decays: np.ndarray,
    impulses: np.ndarray,
    number: float,
) -> None:
    """Compute the course of traces over an epoch; see `lava_actor.learning.traces`.

    Parameters
    ----------
    course : ndarray (t_epoch + 1, traces, neurons) of float64 or int32
        The first row is given, the others are written.
    last : ndarray (neurons,) of int32
        Positions of the last spikes, 0 for none.
    decays : ndarray (traces,) of float64
    impulses : ndarray (traces,) of the type of `course`
    number : float
        The random number that rounds decaying integers.
    """

def book_spikes(
    spiking: np.ndarray,
    position: int,
    last: np.ndarray,
    traces: list[np.ndarray],
    impulses: np.ndarray,
) -> bool:
    """Note spikes, and add the impulses of neurons that spike again in the same epoch.

    Parameters
    ----------
    spiking : ndarray of int32
        The neurons, each once.
    position : int
        Present position in the epoch, from 1.
    last : ndarray (neurons,) of int64
        Positions of the last spikes, 0 for none; changed.
    traces : list of ndarray (neurons,)
        What is added to: float64 with impulses of float64, int64 with impulses of int32.
    impulses : ndarray
        One per trace. Integers saturate at 0 and 127.

    Returns
    -------
    bool
        False, and nothing done, if an argument is of another type.
    """

class Lines:
    """Variables of synapses line by line, and epochs that lines have still to go through.

    A line is what one neuron, before or behind the synapses, has with all others. No two lines
    share a synapse, so each goes through its epochs when it has to.

    Parameters
    ----------
    by_column : bool
        Whether lines are columns, of pre-synaptic neurons, or rows.
    n : int
        How many there are.
    pattern : (ndarray, ndarray), optional
        Of a sparse matrix: where the entries of each line start (int64, one more than lines), and
        the neuron on the other side of each entry (int32).
    """

    by_column: bool

    def __init__(
        self, by_column: bool, n: int, pattern: tuple[np.ndarray, np.ndarray] | None = None
    ) -> None: ...
    @property
    def waiting(self) -> int:
        """Number of epochs that some line has still to go through."""

    @property
    def nbytes(self) -> int:
        """Bytes that these epochs take."""

    def add(
        self,
        table: Table,
        variables: list[np.ndarray | None],
        histories: tuple[np.ndarray, np.ndarray],
        when: tuple[np.ndarray, np.ndarray],
        u: int,
        carry: int,
        unsettled: int,
    ) -> None:
        """Keep an epoch for all lines; after 32 of them, all lines catch up first.

        Parameters
        ----------
        table : tuple of ndarray
        variables : list of ndarray or None
            Weights, tag_2 and tag_1: matrices (post, pre) in any layout, or the entries of a sparse
            matrix, line by line. float64 with histories of float64, int32 or int64 with histories
            of int32. None if the rule does not name one.
        histories : (ndarray, ndarray)
            Traces before and after the synapses, shape (t_epoch + 1, traces, neurons); not to be
            changed afterwards.
        when : (ndarray, ndarray)
            Positions of the last spikes in the epoch, 0 for none.
        u : int
            Whether products with ``uk`` count.
        carry : int
            Added to the accumulators of fixed point before they are cut.
        unsettled : int
            One bit per target: apply its limits to all synapses. What an epoch leaves beyond
            them is remembered line by line besides.
        """

    def catch_up(self, at: np.ndarray | None = None) -> int:
        """Let lines go through the epochs that they have not gone through, in place.

        Parameters
        ----------
        at : ndarray of int32, optional
            Which; all by default.

        Returns
        -------
        int
            ``unsettled`` of the next epoch for these lines.
        """

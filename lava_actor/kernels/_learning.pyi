"""What the loops of learning compute.

Types, layouts and lengths are checked; the numbers in a table and the pattern of a sparse matrix
are trusted: `lava_actor.learning.native` makes them.
"""

from collections.abc import Callable

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

def learn_dense(
    table: Table,
    variables: list[np.ndarray | None],
    histories: tuple[np.ndarray, np.ndarray],
    when: tuple[np.ndarray, np.ndarray],
    u: int,
    carry: int,
    unsettled: int,
) -> int:
    """Change the variables of all synapses, in place.

    Parameters
    ----------
    table : tuple of ndarray
    variables : list of ndarray or None
        Weights, tag_2 and tag_1, shape (post, pre), in any layout: float64 with histories of
        float64, int32 or int64 with histories of int32. None if the rule does not name one.
    histories : (ndarray, ndarray)
        Traces before and after the synapses, shape (t_epoch + 1, traces, neurons).
    when : (ndarray, ndarray)
        Positions of the last spikes in the epoch, 0 for none.
    u : int
        Whether products with ``uk`` count.
    carry : int
        Added to the accumulators of fixed point before they are cut.
    unsettled : int
        One bit per target: apply its limits to all synapses.

    Returns
    -------
    int
        `unsettled` of the next epoch.
    """

def learn_sparse(
    table: Table,
    variables: list[np.ndarray | None],
    pattern: tuple[
        np.ndarray, np.ndarray, np.ndarray, Callable[[], tuple[np.ndarray, np.ndarray]]
    ],
    histories: tuple[np.ndarray, np.ndarray],
    when: tuple[np.ndarray, np.ndarray],
    u: int,
    carry: int,
    unsettled: int,
) -> int:
    """Change the variables of all stored entries, in place; see `learn_dense`.

    Parameters
    ----------
    variables : list of ndarray or None
        The stored entries of each.
    pattern : tuple
        Pointers of compressed rows, column and row of each entry (int32), and a function that
        returns the entries ordered by column and where each column starts (int64).
    """

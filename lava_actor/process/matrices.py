"""SciPy's sparse matrices for those who meet them, at no cost for those who do not.

Importing them takes longer, and more memory, than the rest of the library together, and every actor
is a fork that inherits the memory: of forty actors, most have never seen a sparse matrix. So they
are imported when the first one is made. What nobody imported, nobody can have made: until then,
nothing is sparse.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import scipy.sparse
_NAME = "scipy.sparse"


def _if_imported(name: str) -> Any:
    """A member of `scipy.sparse`, None if that is not imported (or being imported right now)."""
    return getattr(sys.modules.get(_NAME), name, None)


def issparse(value: object) -> TypeGuard[scipy.sparse.spmatrix | scipy.sparse.sparray]:
    """True for a sparse matrix or sparse array of SciPy."""
    of_scipy = _if_imported("issparse")
    return of_scipy is not None and bool(of_scipy(value))


def is_csr_class(cls: type) -> bool:
    """True for SciPy's two classes of compressed rows and what derives from them."""
    found = (_if_imported("csr_matrix"), _if_imported("csr_array"))
    return issubclass(cls, tuple(c for c in found if c is not None))


def check(matrix: scipy.sparse.spmatrix | scipy.sparse.sparray) -> None:
    """Raise `ValueError` if the indices of a sparse matrix lead out of it: SciPy believes them."""
    if matrix.format in ("csr", "csc", "bsr"):
        matrix.check_format(full_check=True)
    elif matrix.format == "coo":
        for places, size in ((matrix.row, matrix.shape[0]), (matrix.col, matrix.shape[1])):
            if places.size != matrix.data.size:
                raise ValueError("coo matrix: as many rows and columns as data are needed")
            if places.size and not 0 <= places.min() <= places.max() < size:
                raise ValueError(f"coo matrix: index outside of 0 … {size - 1}")


def same_places(one: scipy.sparse.csr_matrix, other: scipy.sparse.csr_matrix) -> bool:
    """Tell whether two csr matrices store entries at the same places in the same order."""
    return (
        one.shape == other.shape
        and bool((one.indptr == other.indptr).all())
        and one.indices.size == other.indices.size
        and bool((one.indices == other.indices).all())
    )


def __getattr__(name: str) -> Any:
    """Everything else of `scipy.sparse`, which is imported now."""
    if name.startswith("__"):
        raise AttributeError(name)
    from scipy import sparse

    return getattr(sparse, name)

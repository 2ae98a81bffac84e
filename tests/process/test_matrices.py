"""Sparse matrices are there when they are needed, and only then."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse

from lava_actor.process import matrices

UNSEEN = """
import sys
import numpy as np
from lava_actor import Loihi2SimCfg
from lava_actor.process import matrices
from lava_actor.proc.dense.process import Dense
from lava_actor.proc.lif.process import LIF

lif, dense = LIF(shape=(2,)), Dense(weights=np.eye(2))
lif.s_out.connect(dense.s_in)
lif.compile(Loihi2SimCfg(select_tag="floating_pt"))
assert "scipy.sparse" not in sys.modules
assert not matrices.issparse(np.eye(2)) and not matrices.is_csr_class(np.ndarray)
matrix = matrices.csr_matrix(np.eye(2))
assert "scipy.sparse" in sys.modules
assert matrices.issparse(matrix) and matrices.is_csr_class(type(matrix))
"""


def test_a_network_without_sparse_matrices_does_not_import_them() -> None:
    subprocess.run([sys.executable, "-c", UNSEEN], check=True)


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array"])
def test_compressed_rows_are_recognised(kind: str) -> None:
    cls = getattr(scipy.sparse, kind)
    assert getattr(matrices, kind) is cls
    assert matrices.is_csr_class(cls)
    assert matrices.issparse(cls(np.eye(3)))


def test_other_classes_are_no_compressed_rows() -> None:
    assert not matrices.is_csr_class(scipy.sparse.csc_matrix)
    assert matrices.issparse(scipy.sparse.csc_matrix(np.eye(3)))
    assert not matrices.issparse(np.eye(3))

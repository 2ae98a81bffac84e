"""How several messages that meet in one InPort are combined: by summing them."""

from __future__ import annotations


class AbstractReduceOp:
    """Base of the marker classes that `InPort` takes as ``reduce_op``."""


class ReduceSum(AbstractReduceOp):
    """Element-wise sum, which is also what an InPort without ``reduce_op`` does."""

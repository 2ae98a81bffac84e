"""Callbacks around runs, as run configurations accept them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence


class CallbackFx(ABC):  # noqa: B024  (its children have abstract methods)
    """Base of callbacks; its methods exchange data with hardware and do nothing here."""

    def get_data_from_runtime(self) -> None:  # noqa: B027  (optional)
        """Do nothing."""

    send_data_to_runtime = get_data_from_runtime
    get_data_from_runtime_service = send_data_to_runtime_service = get_data_from_runtime


class NxSdkCallbackFx(CallbackFx):
    """Called in the session before and after each run."""

    @abstractmethod
    def pre_run_callback(
        self, board: object = None, var_id_to_var_model_map: dict[int, object] | None = None
    ) -> None:
        """Run before the network starts."""

    @abstractmethod
    def post_run_callback(
        self, board: object = None, var_id_to_var_model_map: dict[int, object] | None = None
    ) -> None:
        """Run after the network paused or stopped."""


class IterableCallBack(NxSdkCallbackFx):
    """Calls functions before and after each run.

    Parameters
    ----------
    pre_run_fxs, post_run_fxs : sequences of callables, optional
        Each is called with the board (None on the CPU).
    """

    def __init__(
        self, pre_run_fxs: Sequence[Callable[[object], object]] | None = None,
        post_run_fxs: Sequence[Callable[[object], object]] | None = None,
    ) -> None:  # fmt: skip
        self.pre_run_fxs = list(pre_run_fxs or [])
        self.post_run_fxs = list(post_run_fxs or [])

    def pre_run_callback(
        self, board: object = None, var_id_to_var_model_map: dict[int, object] | None = None
    ) -> None:
        """Call the functions for before a run, in order."""
        for function in self.pre_run_fxs:
            function(board)

    def post_run_callback(
        self, board: object = None, var_id_to_var_model_map: dict[int, object] | None = None
    ) -> None:
        """Call the functions for after a run, in order."""
        for function in self.post_run_fxs:
            function(board)

"""Callbacks around runs."""

from __future__ import annotations

import pytest

from lava_actor.compat.lava_names.callback_fx import CallbackFx, IterableCallBack, NxSdkCallbackFx


def test_functions_are_called_in_order_with_the_board() -> None:
    calls: list[tuple[str, object]] = []
    callback = IterableCallBack(
        pre_run_fxs=[lambda b: calls.append(("pre1", b)), lambda b: calls.append(("pre2", b))],
        post_run_fxs=[lambda b: calls.append(("post", b))],
    )
    callback.pre_run_callback("board", {})
    callback.post_run_callback()
    assert calls == [("pre1", "board"), ("pre2", "board"), ("post", None)]
    IterableCallBack().pre_run_callback()
    assert isinstance(callback, NxSdkCallbackFx)


def test_what_exchanges_data_with_hardware_does_nothing() -> None:
    callback: CallbackFx = IterableCallBack()
    callback.get_data_from_runtime()
    callback.send_data_to_runtime()
    callback.get_data_from_runtime_service()
    callback.send_data_to_runtime_service()
    with pytest.raises(TypeError):
        NxSdkCallbackFx()  # type: ignore[abstract]

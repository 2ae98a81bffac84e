"""Run configurations for hardware. They select like those that simulate it.

The classes have the path under which files of networks name them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import IntEnum

from lava_actor.compiler.run_configs import AbstractLoihiRunCfg, ModelClass
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.process.hints import briefly


class EMBEDDED_ALLOCATION_ORDER(IntEnum):  # noqa: N801  (the name users import)
    """Order in which embedded processors are allocated on hardware."""

    NORMAL = 1
    REVERSED = -1


class AbstractLoihiHWRunCfg(AbstractLoihiRunCfg):
    """Accepted for programs written for hardware; selects like the simulation configurations.

    Parameters
    ----------
    callback_fxs : list, optional
    embedded_allocation_order : EMBEDDED_ALLOCATION_ORDER
        Kept, no effect.
    """

    @briefly
    def __init__(
        self, custom_sync_domains: list[SyncDomain] | None = None, select_tag: str | None = None,
        select_sub_proc_model: bool = False,
        exception_proc_model_map: Mapping[object, ModelClass] | None = None,
        callback_fxs: list[object] | None = None,
        embedded_allocation_order: EMBEDDED_ALLOCATION_ORDER = EMBEDDED_ALLOCATION_ORDER.NORMAL,
        loglevel: int = logging.WARNING,
    ) -> None:  # fmt: skip
        super().__init__(
            custom_sync_domains, select_tag, select_sub_proc_model, exception_proc_model_map,
            loglevel, callback_fxs,
        )  # fmt: skip
        self.embedded_allocation_order = embedded_allocation_order


class Loihi1HwCfg(AbstractLoihiHWRunCfg):
    """See `AbstractLoihiHWRunCfg`."""


class Loihi2HwCfg(AbstractLoihiHWRunCfg):
    """See `AbstractLoihiHWRunCfg`."""


for _cls in (EMBEDDED_ALLOCATION_ORDER, AbstractLoihiHWRunCfg, Loihi1HwCfg, Loihi2HwCfg):
    _cls.__module__ = "lava_actor.compiler.run_configs"

"""Choosing neuromorphic hardware; networks on a CPU do not need any of this."""

from __future__ import annotations

import importlib.util
import os
from enum import Enum, unique

from lava_actor.compat.lava_names import slurm
from lava_actor.errors import InvalidValueError, LavaActorError

host: str | None = None
"""Where hardware is looked for: None, "SLURM" or "ETHERNET"."""


class MissingHardwareSupportError(LavaActorError, ImportError):
    """The vendor's package that talks to hardware is not installed."""


@unique
class ChipGeneration(Enum):
    """Generations of the chip."""

    N2A2 = "N2A2"
    N3B2 = "N3B2"
    N3B3 = "N3B3"
    N3C1 = "N3C1"
    N3D1 = "N3D1"


def is_installed(module_name: str = "lava.utils.loihi2_profiler") -> bool:
    """Whether the vendor's package can be imported."""
    try:
        return importlib.util.find_spec(module_name) is not None
    except ModuleNotFoundError:  # not even its parent is there
        return False


def use_slurm_host(
    partition: str | None = None, board: str | None = None,
    loihi_gen: ChipGeneration = ChipGeneration.N3B3,
) -> None:  # fmt: skip
    """Look for hardware in a SLURM cluster.

    Raises
    ------
    MissingHardwareSupportError
        (an `ImportError`) if the vendor's package is not installed.
    InvalidValueError
        (a `ValueError`) if SLURM, the partition or the board is not available.
    """
    global host  # noqa: PLW0603 - the documented place of this setting
    _require_installed()
    slurm.enable()
    slurm.set_board(board, partition)
    slurm.set_partition(partition)
    os.environ["LOIHI_GEN"] = loihi_gen.value
    host = "SLURM"


def use_ethernet_host(
    host_address: str,
    host_binary_path: str = "nxcore/bin/nx_driver_server",
    loihi_gen: ChipGeneration = ChipGeneration.N3B3,
) -> None:
    """Look for hardware at an address in the local network.

    Raises
    ------
    MissingHardwareSupportError
        (an `ImportError`) if the vendor's package is not installed.
    InvalidValueError
        (a `ValueError`) if the address does not answer.
    """
    global host  # noqa: PLW0603 - the documented place of this setting
    _require_installed()
    if not slurm.try_run_command(["ping", host_address, "-c 1"]):
        raise InvalidValueError(
            f"loihi.use_ethernet_host: {host_address!r} does not answer (ping {host_address} -c 1)"
        )
    slurm.disable()
    os.environ["NXSDKHOST"] = host_address
    os.environ["HOST_BINARY"] = host_binary_path
    os.environ["LOIHI_GEN"] = loihi_gen.value
    host = "ETHERNET"


def _require_installed() -> None:
    if not is_installed():
        raise MissingHardwareSupportError(
            "Hardware needs the vendor's extension of Lava, which is not installed"
        )

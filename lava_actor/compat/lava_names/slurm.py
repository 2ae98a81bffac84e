"""Choosing hardware in a cluster that is managed by SLURM.

The choice is written to environment variables, where a hardware back-end looks for it; networks on
a CPU do not need any of this. Without SLURM every question is answered with "nothing there".
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TypeVar

from lava_actor.errors import InvalidValueError

COMMAND_TIMEOUT = 1.0
"""Seconds that a command may take."""
UNUSABLE = "down"
"""What the state of a board or partition that cannot be used begins with."""


@dataclass
class PartitionInfo:
    """One line of ``sinfo``."""

    name: str = ""
    available: str = ""
    timelimit: str = ""
    nodes: str = ""
    state: str = ""
    nodelist: str = ""


@dataclass
class BoardInfo:
    """One line of ``sinfo -N``."""

    nodename: str = ""
    partition: str = ""
    state: str = ""


Info = TypeVar("Info", PartitionInfo, BoardInfo)


def is_available() -> bool:
    """Whether SLURM answers on this machine."""
    return bool(try_run_command(["sinfo"]))


def enable() -> None:
    """Use SLURM from now on.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if SLURM is not available.
    """
    if not is_available():
        raise InvalidValueError("slurm.enable: SLURM does not answer on this machine (sinfo)")
    os.environ["SLURM"] = "1"
    os.environ.pop("NOSLURM", None)


def disable() -> None:
    """Do not use SLURM from now on."""
    os.environ.pop("SLURM", None)
    os.environ["NOSLURM"] = "1"


def set_board(board: str | None, partition: str | None = None) -> None:
    """Choose a board; None takes the choice back.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if there is no such board, it is down, or it is not in `partition`.
    """
    info = None if board is None else _chosen("board", board, get_board_info(board))
    if partition is not None and info is not None and info.partition.rstrip("*") != partition:
        raise InvalidValueError(
            f"slurm.set_board: board {board!r} is in partition {info.partition!r}, "
            f"not in {partition!r}"
        )
    _choose("BOARD", board)


def set_partition(partition: str | None) -> None:
    """Choose a partition; None takes the choice back.

    Raises
    ------
    InvalidValueError
        (a `ValueError`) if there is no such partition or it is down.
    """
    if partition is not None:
        _chosen("partition", partition, get_partition_info(partition))
    _choose("PARTITION", partition)


def _chosen(kind: str, name: str, info: Info | None) -> Info:
    if info is None:
        raise InvalidValueError(f"slurm.set_{kind}: there is no {kind} {name!r}")
    if info.state.startswith(UNUSABLE):
        raise InvalidValueError(f"slurm.set_{kind}: {kind} {name!r} is {info.state}")
    return info


def _choose(variable: str, name: str | None) -> None:
    os.environ.pop(variable, None)
    if name is not None:
        os.environ[variable] = name


def partition() -> str:
    """Return the chosen partition, or "Unspecified"."""
    return os.environ.get("PARTITION", "Unspecified")


def get_partitions() -> list[PartitionInfo]:
    """Return the partitions of the cluster; none without SLURM."""
    # anything shorter is no line of the table
    return [PartitionInfo(*fields[:6]) for fields in _table("sinfo") if len(fields) >= 6]


def get_partition_info(partition_name: str) -> PartitionInfo | None:
    """Return the partition of that name (without the ``*`` of the default one), or None."""
    return next((p for p in get_partitions() if p.name.rstrip("*") == partition_name), None)


def get_boards() -> list[BoardInfo]:
    """Return the boards of the cluster; none without SLURM."""
    # columns of `sinfo -N`: name of the node, number of nodes, partition, state
    return [BoardInfo(f[0], f[2], f[3]) for f in _table("sinfo", "-N") if len(f) >= 4]


def get_board_info(nodename: str) -> BoardInfo | None:
    """Return the board of that name, or None."""
    return next((b for b in get_boards() if b.nodename == nodename), None)


def try_run_command(command: list[str]) -> list[str]:
    """Run a program; return the lines of its standard output, none if it fails or is missing."""
    try:
        return subprocess.check_output(
            command, stderr=subprocess.DEVNULL, timeout=COMMAND_TIMEOUT, text=True
        ).splitlines()
    except (subprocess.SubprocessError, OSError):
        return []


def _table(*command: str) -> list[list[str]]:
    return [line.split() for line in try_run_command([*command])[1:]]

"""Settings of hardware spike I/O; kept with a connection, without effect on a CPU.

The classes have the path under which files of networks name them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum, IntEnum

from lava_actor.process.ports.wiring import ConnectionSettings


class SpikeIOInterface(IntEnum):
    """Interface of a spike I/O connection."""

    ETHERNET = 0
    PIO = 1


class SpikeIOPort(Enum):
    """Port of a spike I/O connection."""

    PIO_NORTH = "n"
    PIO_SOUTH = "s"
    PIO_EAST = "e"
    PIO_WEST = "w"
    PIO_UP = "u"
    PIO_DOWN = "d"
    ETHERNET = "p"


class SpikeIOMode(IntEnum):
    """Timing of a spike I/O connection."""

    FREE_RUNNING = 0
    TIME_COMPARE = 1


@dataclass
class ConnectionConfig(ConnectionSettings):
    """Hardware I/O settings of one connection."""

    interface: SpikeIOInterface = SpikeIOInterface.ETHERNET
    num_probes: int = 4
    ethernet_packet_len: int = 256
    ethernet_interface: str = "enp2s0"
    max_messages: int = 1024
    max_message_size: int = 4096
    spike_io_port: SpikeIOPort = SpikeIOPort.ETHERNET
    spike_io_mode: SpikeIOMode = SpikeIOMode.TIME_COMPARE
    num_time_buckets: int = 1 << 16
    ethernet_mac_address: str = "0x90e2ba01214c"
    loihi_mac_address: str = "0x0015edbeefed"
    ethernet_chip_id: tuple[int, int, int] | None = None
    ethernet_chip_idx: int | None = None


for _cls in (SpikeIOInterface, SpikeIOPort, SpikeIOMode, ConnectionConfig):
    _cls.__module__ = "lava_actor.process.ports.connection_config"
importlib.import_module(ConnectionConfig.__module__)  # this module, for those who follow the path

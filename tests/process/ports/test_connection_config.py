"""Settings of hardware I/O."""

from lava_actor.compat.lava_names.connection_config import (
    ConnectionConfig,
    SpikeIOInterface,
    SpikeIOMode,
    SpikeIOPort,
)


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = ConnectionConfig()
    assert config.interface is SpikeIOInterface.ETHERNET
    assert (config.num_probes, config.ethernet_packet_len) == (4, 256)
    assert config.ethernet_interface == "enp2s0"
    assert (config.max_messages, config.max_message_size) == (1024, 4096)
    assert config.spike_io_port is SpikeIOPort.ETHERNET
    assert config.spike_io_mode is SpikeIOMode.TIME_COMPARE
    assert config.num_time_buckets == 65536
    assert config.ethernet_mac_address == "0x90e2ba01214c"
    assert config.loihi_mac_address == "0x0015edbeefed"
    assert config.ethernet_chip_id is None
    assert config.ethernet_chip_idx is None


def test_the_numbers_are_those_of_the_hardware() -> None:
    assert [(m.name, m.value) for m in SpikeIOInterface] == [("ETHERNET", 0), ("PIO", 1)]
    assert [(m.name, m.value) for m in SpikeIOMode] == [("FREE_RUNNING", 0), ("TIME_COMPARE", 1)]
    assert {m.name: m.value for m in SpikeIOPort} == {
        "PIO_NORTH": "n", "PIO_SOUTH": "s", "PIO_EAST": "e", "PIO_WEST": "w",
        "PIO_UP": "u", "PIO_DOWN": "d", "ETHERNET": "p",
    }  # fmt: skip

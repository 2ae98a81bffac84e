"""Choosing hardware, on machines that have none."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lava_actor.compat.lava_names import loihi, slurm

PARTITIONS = """PARTITION AVAIL TIMELIMIT NODES STATE NODELIST
oheogulch* up infinite 2 idle og[1-2]
kapoho up infinite 1 down kp1""".splitlines()
BOARDS = """NODELIST NODES PARTITION STATE
og1 1 oheogulch* idle
kp1 1 kapoho down*""".splitlines()


@pytest.fixture
def cluster(monkeypatch):
    """A machine with SLURM; the environment is put back afterwards."""
    environment: dict[str, str] = {"NOSLURM": "1"}
    tables = {("sinfo",): PARTITIONS, ("sinfo", "-N"): BOARDS}
    monkeypatch.setattr(slurm, "try_run_command", lambda c: tables.get(tuple(c), []))
    monkeypatch.setattr(slurm, "os", SimpleNamespace(environ=environment))
    monkeypatch.setattr(loihi, "os", SimpleNamespace(environ=environment))
    monkeypatch.setattr(loihi, "host", None)
    return environment


def test_tables_are_read(cluster) -> None:
    assert slurm.is_available()
    assert slurm.get_partitions()[1] == slurm.PartitionInfo(
        "kapoho", "up", "infinite", "1", "down", "kp1"
    )
    assert slurm.get_boards()[1] == slurm.BoardInfo("kp1", "kapoho", "down*")
    assert slurm.get_partition_info("oheogulch") is not None
    assert slurm.get_board_info("nothing") is None


def test_choices_go_to_the_environment(cluster) -> None:
    slurm.enable()
    slurm.set_board("og1", "oheogulch")
    slurm.set_partition("oheogulch")
    assert cluster == {"SLURM": "1", "BOARD": "og1", "PARTITION": "oheogulch"}
    slurm.set_board(None)
    slurm.set_partition(None)
    slurm.disable()
    assert cluster == {"NOSLURM": "1"}


@pytest.mark.parametrize(
    "choice",
    [
        lambda: slurm.set_board("nothing"),
        lambda: slurm.set_board("kp1"),
        lambda: slurm.set_board("og1", "kapoho"),
        lambda: slurm.set_partition("nothing"),
        lambda: slurm.set_partition("kapoho"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(cluster, choice) -> None:
    with pytest.raises(ValueError, match=r"^slurm\."):
        choice()


def test_without_slurm_there_is_nothing(monkeypatch) -> None:
    monkeypatch.setattr(slurm, "try_run_command", lambda command: [])
    assert not slurm.is_available()
    assert slurm.get_partitions() == slurm.get_boards() == []
    with pytest.raises(ValueError, match="does not answer"):
        slurm.enable()


def test_a_missing_or_failing_program_prints_nothing() -> None:
    assert slurm.try_run_command(["no-such-program-here"]) == []
    assert slurm.try_run_command(["false"]) == []
    assert slurm.try_run_command(["echo", "a\nb"]) == ["a", "b"]


def test_hardware_needs_the_vendors_package() -> None:
    assert not loihi.is_installed()
    assert loihi.is_installed("json")
    with pytest.raises(ImportError):
        loihi.use_slurm_host()
    with pytest.raises(ImportError):
        loihi.use_ethernet_host("1.2.3.4")


def test_a_host_is_remembered(cluster, monkeypatch) -> None:
    monkeypatch.setattr(loihi, "is_installed", lambda: True)
    loihi.use_slurm_host(partition="oheogulch", loihi_gen=loihi.ChipGeneration.N3C1)
    assert loihi.host == "SLURM"
    assert cluster["LOIHI_GEN"] == "N3C1"
    with pytest.raises(ValueError, match="does not answer"):
        loihi.use_ethernet_host("1.2.3.4")
    monkeypatch.setattr(slurm, "try_run_command", lambda command: ["64 bytes from 1.2.3.4"])
    loihi.use_ethernet_host("1.2.3.4")
    assert loihi.host == "ETHERNET"
    assert cluster["NXSDKHOST"] == "1.2.3.4"
    assert cluster["NOSLURM"] == "1"

"""Ranks that have nothing but a network between them: each in namespaces of its own, over TCP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("mpi4py")
from tests.mpi.test_ranks import MPIEXEC, PROGRAMS, ROOT, cmdline, is_guard

if os.geteuid() or not (shutil.which("ip") and shutil.which("unshare")):
    pytest.skip("namespaces of a network need root, ip and unshare", allow_module_level=True)

NAME = f"la{os.getpid() % 100_000}"
NETWORK = f"10.213.{os.getpid() % 250}"
REACH = f"""#!/bin/bash
while [[ $1 == -* ]]; do shift; done
number=${{1##*.}}; shift
exec ip netns exec {NAME}n$number unshare -u bash -c "hostname machine$number; $*"
"""
"""What mpiexec takes for ssh."""


def ip(*words: str) -> None:
    """Change the network of this machine."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two of them; what starts programs on both."""
    reach = tmp_path_factory.mktemp("machines") / "reach"
    reach.write_text(REACH)
    reach.chmod(0o700)
    try:
        ip("link", "add", f"{NAME}b", "type", "bridge")
    except subprocess.CalledProcessError:
        pytest.skip("this machine has no bridges")
    try:
        ip("addr", "add", f"{NETWORK}.1/24", "dev", f"{NAME}b")
        ip("link", "set", f"{NAME}b", "up")
        for n in ("2", "3"):
            ip("netns", "add", f"{NAME}n{n}")
            there = ("netns", f"{NAME}n{n}")
            ip("link", "add", f"{NAME}v{n}", "type", "veth", "peer", "name", "eth0", *there)
            ip("link", "set", f"{NAME}v{n}", "master", f"{NAME}b", "up")
            ip("-n", f"{NAME}n{n}", "addr", "add", f"{NETWORK}.{n}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", f"{NAME}n{n}", "link", "set", device, "up")
        yield [
            str(MPIEXEC), "-localhost", f"{NETWORK}.1", "-launcher", "ssh", "-launcher-exec",
            str(reach), "-hosts", f"{NETWORK}.2,{NETWORK}.3", "-n", "2",
            sys.executable, "-W", "error", "-m", "lava_actor.mpi", *PROGRAMS,
        ]  # fmt: skip
    finally:
        for n in ("2", "3"):
            subprocess.run(["ip", "netns", "del", f"{NAME}n{n}"], check=False, capture_output=True)
        ip("link", "del", f"{NAME}b")


def start(folder: Path, command: list[str], *what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT, "UCX_TLS": "tcp,self"}, start_new_session=True,
    )  # fmt: skip


def test_a_rank_that_dies_on_another_machine_is_named_and_all_ends(
    machines: list[str], tmp_path: Path
) -> None:
    with start(tmp_path, machines, "endless") as started:
        assert started.stdout is not None
        assert "running" in next(started.stdout)
        family = psutil.Process(started.pid).children(recursive=True)
        guards = {said[-3]: int(said[-2]) for said in map(cmdline, family) if is_guard(said)}
        psutil.Process(guards["1"]).kill()
        told, _ = started.communicate(timeout=60)
    assert started.returncode != 0
    assert f"rank 1 has died: SIGKILL (process {guards['1']} on machine3)" in told
    _, left = psutil.wait_procs(family, timeout=60)
    assert left == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_random_networks_compute_the_same_on_several_machines(
    machines: list[str], tmp_path: Path
) -> None:
    with start(tmp_path, machines, "random_networks", "50", "54") as started:
        told, _ = started.communicate(timeout=800)
    assert (started.returncode, told) == (0, "well\n")

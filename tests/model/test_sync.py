"""Sync protocols and domains."""

from __future__ import annotations

import pytest

from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.model.sync.loihi_protocol import LoihiProtocol, Phase
from lava_actor.process.process import AbstractProcess


class P(AbstractProcess):
    pass


def test_the_phases_have_the_numbers_programs_rely_on() -> None:
    assert (Phase.SPK, Phase.PRE_MGMT, Phase.LRN, Phase.POST_MGMT, Phase.HOST) == (1, 2, 3, 4, 5)
    assert PyLoihiProcessModel.Phase is Phase


def test_a_domain_takes_protocol_instances_only() -> None:
    domain = SyncDomain("d")
    domain.set_protocol(LoihiProtocol())
    assert isinstance(domain.protocol, LoihiProtocol)
    for wrong in (LoihiProtocol, "loihi", None):
        with pytest.raises(AssertionError, match="instance"):
            domain.set_protocol(wrong)  # type: ignore[arg-type]


def test_processes_can_be_added_one_by_one_or_as_a_list() -> None:
    a, b, c = P(), P(), P()
    domain = SyncDomain("d", AsyncProtocol(), [a])
    domain.add_process(b)
    domain.add_process([c])
    assert domain.processes == [a, b, c]
    with pytest.raises(AssertionError, match="must be Processes"):
        domain.add_process("a")  # type: ignore[arg-type]

"""Sync protocols and domains."""

from __future__ import annotations

import pytest

from lava_actor.model.py.loihi import PyLoihiProcessModel
from lava_actor.model.sync.async_protocol import AsyncProtocol
from lava_actor.model.sync.domain import SyncDomain
from lava_actor.model.sync.loihi_protocol import LoihiProtocol, Phase, Proc_Function_With_Guard
from lava_actor.process.process import AbstractProcess


class P(AbstractProcess):
    pass


def test_the_phases_have_the_numbers_programs_rely_on() -> None:
    assert (Phase.SPK, Phase.PRE_MGMT, Phase.LRN, Phase.POST_MGMT, Phase.HOST) == (1, 2, 3, 4, 5)
    assert PyLoihiProcessModel.Phase is Phase
    assert LoihiProtocol.phases == [1, 2, 3, 4, 5]


def test_the_loihi_protocol_names_every_phase_method_with_its_guard() -> None:
    assert LoihiProtocol().proc_functions == [
        ("pre_guard", "run_pre_mgmt"),
        ("lrn_guard", "run_lrn"),
        ("post_guard", "run_post_mgmt"),
        ("host_guard", "run_host_mgmt"),
        (None, "run_spk"),
    ]
    assert LoihiProtocol.proc_functions[0] == Proc_Function_With_Guard("pre_guard", "run_pre_mgmt")
    for guard, method in LoihiProtocol.proc_functions:
        assert hasattr(PyLoihiProcessModel, method)
        assert guard is None or hasattr(PyLoihiProcessModel, guard)


def test_the_async_protocol_has_no_phases() -> None:
    assert AsyncProtocol().phases == []
    assert AsyncProtocol().proc_functions == []


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

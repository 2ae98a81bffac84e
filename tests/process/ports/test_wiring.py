"""Questions that are asked before two ports are connected change nothing."""

from __future__ import annotations

import pytest

from lava_actor.compat.lava_names.connection_config import ConnectionConfig
from lava_actor.process.ports import wiring
from lava_actor.process.ports.ports import InPort, OutPort


def test_a_port_is_described_by_name_and_class_or_by_shape() -> None:
    port = OutPort((2,))
    assert wiring.described(port) == "OutPort(2,) (OutPort)"
    port.name = "s_out"
    assert wiring.described(port) == "s_out (OutPort)"


@pytest.mark.parametrize("count", [1, 3])
def test_one_config_is_repeated_for_all_partners(count: int) -> None:
    config, port = ConnectionConfig(), OutPort((1,))
    assert wiring.matched_configs(port, None, count) == [None] * count
    assert wiring.matched_configs(port, config, count) == [config] * count
    assert wiring.matched_configs(port, [config], count) == [config] * count
    assert wiring.matched_configs(port, (config,) * count, count) == [config] * count


def test_a_new_connection_is_new_in_the_direction_that_is_asked_about() -> None:
    one, other = OutPort((1,)), OutPort((1,))
    wiring.check_new(one, [other], forward=True)
    one.connect(other)
    with pytest.raises(AssertionError, match="already"):
        wiring.check_new(one, [other], forward=True)
    with pytest.raises(AssertionError, match="already"):
        wiring.check_new(other, [one], forward=False)
    with pytest.raises(AssertionError, match="loop"):
        wiring.check_new(other, [one], forward=True)


def test_an_in_port_is_no_out_port() -> None:
    port = OutPort((1,))
    wiring.check_partners(port, [OutPort((1,)).flatten()], [OutPort])
    with pytest.raises(TypeError, match="expected OutPort to connect, got InPort"):
        wiring.check_partners(port, [InPort((1,))], [OutPort])
    assert port.out_connections == []

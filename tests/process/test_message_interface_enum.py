"""Kinds of actors."""

from lava_actor.process.message_interface_enum import ActorType


def test_processes_are_the_default_kind() -> None:
    assert ActorType.MultiProcessing == 0
    assert ActorType(1) is ActorType.Threading

"""Ports to try things with."""

from __future__ import annotations

from typing import Any

from lava_actor.process.ports.ports import (
    AbstractPort,
    InPort,
    OutPort,
    RefPort,
    ReshapePort,
    VarPort,
)
from lava_actor.process.process import AbstractProcess
from lava_actor.process.variable import Var

SHAPE = (1, 2, 3)


class Everything(AbstractProcess):
    def __init__(self, shape: tuple[int, ...] = SHAPE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inp = InPort(shape)
        self.out = OutPort(shape)
        self.ref = RefPort(shape)
        self.v = Var(shape)
        self.var_port = VarPort(self.v)


def out() -> OutPort:
    return OutPort(SHAPE)


def inp() -> InPort:
    return InPort(SHAPE)


def ref() -> RefPort:
    return RefPort(SHAPE)


def var_port() -> VarPort:
    return VarPort(Var(SHAPE))


def out_view() -> ReshapePort:
    return out().reshape(SHAPE)


def in_view() -> ReshapePort:
    return inp().reshape(SHAPE)


def ref_view() -> ReshapePort:
    return ref().reshape(SHAPE)


def var_view() -> ReshapePort:
    return var_port().reshape(SHAPE)


def nothing() -> None:
    return None


def a_tuple() -> tuple[InPort, ...]:
    return (inp(),)


def a_class() -> type[InPort]:
    return InPort


def a_var() -> Var:
    return Var(SHAPE)


def connections(*ports: AbstractPort) -> list[tuple[list[Any], list[Any], dict[Any, Any]]]:
    return [
        (list(p.in_connections), list(p.out_connections), dict(p.connection_configs)) for p in ports
    ]

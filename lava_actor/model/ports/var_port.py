"""Var-ports of a model: the passive end of a RefPort connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from numpy.typing import DTypeLike

from lava_actor.model.ports.base import AbstractPyRemotePort
from lava_actor.model.ports.ref_port import PyRefPort

if TYPE_CHECKING:
    from lava_actor.channels import CspRecvPort, CspSendPort
    from lava_actor.model.model import AbstractProcessModel

__all__ = [
    "PyVarPort", "PyVarPortScalarDense", "PyVarPortScalarSparse", "PyVarPortVectorDense",
    "PyVarPortVectorSparse", "RefVarTypeMapping", "var_port_class",
]  # fmt: skip


class PyVarPort(AbstractPyRemotePort):
    """Gives RefPorts of other models access to one Var of this model.

    Parameters
    ----------
    var_name : str
        The model attribute that holds the Var.
    csp_send_port, csp_recv_port : optional
        Ends of channels wired by hand, with `lava_actor.compat`. The runtime leaves them out and
        serves by itself.
    process_model, shape, d_type
        See `AbstractPortImplementation`.
    transformer : optional
        Applied to what is written through such channels.
    """

    def __init__(
        self,
        var_name: str,
        csp_send_port: CspSendPort | None,
        csp_recv_port: CspRecvPort | None,
        process_model: AbstractProcessModel,
        shape: tuple[int, ...] = (),
        d_type: DTypeLike = int,
        transformer: object = None,
    ) -> None:
        self.var_name = var_name
        ends = csp_send_port, csp_recv_port
        super().__init__(*ends, process_model, shape, d_type, transformer)


class PyVarPortVectorDense(PyVarPort, form="VEC_DENSE"):
    """Partner of `PyRefPortVectorDense`."""


class PyVarPortVectorSparse(PyVarPort, form="VEC_SPARSE"):
    """Partner of `PyRefPortVectorSparse`."""


class PyVarPortScalarDense(PyVarPort, form="SCALAR_DENSE"):
    """Partner of `PyRefPortScalarDense`."""


class PyVarPortScalarSparse(PyVarPort, form="SCALAR_SPARSE"):
    """Partner of `PyRefPortScalarSparse`."""


class RefVarTypeMapping:
    """Which VarPort class serves which RefPort class."""

    mapping: ClassVar[dict[type[PyRefPort], type[PyVarPort]]] = {
        getattr(PyRefPort, form): getattr(PyVarPort, form)
        for form in ("VEC_DENSE", "VEC_SPARSE", "SCALAR_DENSE", "SCALAR_SPARSE")
    }

    @classmethod
    def get(cls, ref_port: type[PyRefPort]) -> type[PyVarPort]:
        """Return the VarPort class for ``ref_port``; KeyError if there is none."""
        return cls.mapping[ref_port]


def var_port_class(declared: type) -> type[PyVarPort]:
    """Return the class of a VarPort object, given the class of its declaration.

    Programs declare VarPorts as VarPort, as RefPort or as anything else: it has no effect.
    """
    if isinstance(declared, type) and issubclass(declared, PyVarPort) and declared is not PyVarPort:
        return declared
    return RefVarTypeMapping.mapping.get(declared, PyVarPortVectorDense)

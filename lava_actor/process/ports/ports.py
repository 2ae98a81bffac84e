"""The ports a Process is given: OutPort and InPort for messages, RefPort and VarPort for Vars.

The other classes of ports live in `base`, `families` and `virtual`; all can be imported from here.
"""

from __future__ import annotations

from lava_actor.errors import NetworkError, PartnerTypeError, UnsupportedError
from lava_actor.process.hints import briefly
from lava_actor.process.interfaces import where
from lava_actor.process.ports.base import AbstractPort, create_port_id, is_disjoint, to_list
from lava_actor.process.ports.exceptions import VarNotSharableError
from lava_actor.process.ports.families import (
    AbstractDstPort,
    AbstractIOPort,
    AbstractRVPort,
    AbstractSrcPort,
)
from lava_actor.process.ports.paths import DESTINATION, SOURCE
from lava_actor.process.ports.reduce_ops import AbstractReduceOp, ReduceSum
from lava_actor.process.ports.virtual import (
    AbstractVirtualPort,
    ConcatPort,
    ReshapePort,
    TransposePort,
)
from lava_actor.process.ports.wiring import Configs, described
from lava_actor.process.variable import Var

__all__ = [
    "AbstractDstPort", "AbstractIOPort", "AbstractPort", "AbstractRVPort", "AbstractSrcPort",
    "AbstractVirtualPort", "ConcatPort", "ImplicitVarPort", "InPort", "OutPort", "RefPort",
    "ReshapePort", "TransposePort", "VarPort", "create_port_id", "is_disjoint", "to_list",
]  # fmt: skip

Ports = AbstractPort | list[AbstractPort]


class OutPort(AbstractIOPort, AbstractSrcPort):
    """Sends messages of one shape; every InPort it feeds gets each of them.

    Parameters
    ----------
    shape : tuple of int
    """

    _role = SOURCE

    @briefly
    def connect(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect to InPorts of other Processes, or to the OutPort of the parent Process.

        Parameters
        ----------
        ports : port or list of ports
            Of this port's shape.
        connection_configs : ConnectionSettings or list, optional
            One for all, or one per port.

        Raises
        ------
        NetworkError
            (an `AssertionError`) for a wrong partner, a mixed list or unequal shapes. Nothing is
            changed then.
        DuplicateConnectionError
            If two of the ports are connected already.
        """
        self._connect_onwards(ports, connection_configs)

    @briefly
    def connect_from(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect from OutPorts of sub-processes, or views of them; see `connect`."""
        self._connect_backward(to_list(ports), OutPort, connection_configs)


class InPort(AbstractIOPort, AbstractDstPort):
    """Receives messages; those of several sources are summed.

    Parameters
    ----------
    shape : tuple of int
    reduce_op : class, optional
        `ReduceSum`, which is also what happens without it.

    Raises
    ------
    UnsupportedError
        (a `NotImplementedError`) for another way to reduce.
    """

    def __init__(
        self, shape: tuple[int, ...], reduce_op: type[AbstractReduceOp] | None = None
    ) -> None:
        super().__init__(shape)
        if reduce_op is not None and not (
            isinstance(reduce_op, type) and issubclass(reduce_op, ReduceSum)
        ):
            raise UnsupportedError(
                f"InPort.reduce_op: expected the class ReduceSum or None, got {reduce_op!r}"
            )
        self._reduce_op = reduce_op

    _role = DESTINATION

    @briefly
    def connect(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect to InPorts of sub-processes; see `OutPort.connect`."""
        self._connect_onwards(ports, connection_configs)

    @briefly
    def connect_from(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect from OutPorts of other Processes, from the InPort of the parent, or views.

        See `OutPort.connect`.
        """
        self._connect_backward(to_list(ports), (OutPort, InPort), connection_configs)


class RefPort(AbstractRVPort, AbstractSrcPort):
    """Reads and writes one Var of another Process.

    Parameters
    ----------
    shape : tuple of int
        The Var's.
    """

    _role = SOURCE

    @briefly
    def connect(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect to a VarPort, or to the RefPort of the parent Process.

        Parameters
        ----------
        ports : port or list of one port
        connection_configs : ConnectionSettings, optional

        Raises
        ------
        NetworkError
            (an `AssertionError`) for more than one partner, now or before; for unequal shapes;
            for a VarPort of the same Process. Nothing is changed then.
        PartnerTypeError
            (an `AssertionError` and a `TypeError`) for other kinds of port.
        DuplicateConnectionError
            If the two are connected already.
        """
        partners = to_list(ports)
        self._check_multiplicity(partners, True)
        for partner in partners:
            if isinstance(partner, VarPort):
                _refuse_own(self, partner.process, where(partner))
        self._connect_onwards(partners, connection_configs)

    @briefly
    def connect_from(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect from the RefPort of a sub-process, or a view of it; see `connect`."""
        self._connect_backward(to_list(ports), RefPort, connection_configs)

    @briefly
    def connect_var(self, variables: Var | list[Var], connection_configs: Configs = None) -> None:
        """Connect to a Var of another Process; it gets an implicit VarPort for that.

        Parameters
        ----------
        variables : Var or list of one Var
        connection_configs : ConnectionSettings, optional

        Raises
        ------
        NetworkError
            (an `AssertionError`) for more than one partner, now or before; for what is no Var;
            for a Var of the same Process; for unequal shapes. Nothing is changed then.
        VarNotSharableError
            If the Var is not shareable.
        """
        found = to_list(variables)
        self._check_multiplicity(found, True)
        if not found:
            raise NetworkError(f"{described(self)}.connect_var: expected a Var, got none")
        for var in found:
            if not isinstance(var, Var):
                raise PartnerTypeError(
                    f"{described(self)}.connect_var: expected a Var, got {type(var).__name__}"
                )
            _refuse_own(self, var.process, where(var))
        # A VarPort that belongs to nobody stands in until all checks are done.
        stand_ins = [ImplicitVarPort(var) for var in found]
        self._checked(stand_ins, VarPort, connection_configs, True, True, True)
        ports = [self.create_implicit_var_port(var) for var in found]
        self._connect_forward(ports, VarPort, connection_configs)

    def get_dst_vars(self) -> list[Var]:
        """Return the Vars behind the destinations."""
        return [port.var for port in self.get_dst_ports() if isinstance(port, VarPort)]

    @staticmethod
    def create_implicit_var_port(var: Var) -> ImplicitVarPort:
        """Make a VarPort for ``var``, and make it a member of the Var's Process if it has one."""
        port = ImplicitVarPort(var)
        process = var.process
        name = stem = f"_{var.name}_implicit_port"
        number = 0
        while process is not None and _is_taken(process, name):
            number += 1
            name = f"{stem}_{number}"
        port.name = name
        if process is not None:
            port.process = process
            setattr(process, name, port)
            process.var_ports.add_members({name: port})
        return port


class VarPort(AbstractRVPort, AbstractDstPort):
    """Gives RefPorts of other Processes access to a Var.

    Parameters
    ----------
    var : Var
        Its shape is the port's.

    Raises
    ------
    NetworkError
        (an `AssertionError`) if ``var`` is no Var.
    VarNotSharableError
        If the Var is not shareable.
    """

    def __init__(self, var: Var) -> None:
        if not isinstance(var, Var):
            raise NetworkError(f"{type(self).__name__}: expected a Var, got {type(var).__name__}")
        if not var.shareable:
            raise VarNotSharableError(where(var))
        super().__init__(var.shape)
        self.var = var

    _role = DESTINATION

    @briefly
    def connect(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect to the VarPort of a sub-process; see `RefPort.connect`."""
        self._connect_onwards(ports, connection_configs)

    @briefly
    def connect_from(self, ports: Ports, connection_configs: Configs = None) -> None:
        """Connect from *the* RefPort or the VarPort of the parent, or a view of one.

        Several RefPorts may share a VarPort: each of them is connected with `RefPort.connect`.
        """
        partners = to_list(ports)
        self._check_multiplicity(partners, False)
        for partner in partners:
            if isinstance(partner, RefPort):
                _refuse_own(partner, self.process, where(self))
        self._connect_backward(partners, (RefPort, VarPort), connection_configs)


class ImplicitVarPort(VarPort):
    """A VarPort made by `RefPort.connect_var`; models need not declare it."""


OutPort._onwards = InPort, OutPort
InPort._onwards = (InPort,)
RefPort._onwards = VarPort, RefPort
VarPort._onwards = (VarPort,)


def _refuse_own(port: AbstractPort, owner: object, name: str) -> None:
    if owner is not None and owner is port.process:
        raise NetworkError(
            f"{described(port)}: expected a Var of another Process, got {name}; a model reads and "
            f"writes its own Vars as attributes"
        )


def _is_taken(process: object, name: str) -> bool:
    """Whether an attribute exists; no property is evaluated to find out."""
    return name in process.__dict__ or any(name in cls.__dict__ for cls in type(process).__mro__)

"""What all ports have in common: connections, questions about them, virtual ports.

A connection is stored on both ends, in the order in which it was made: a source has its
destinations in ``out_connections``, a destination its sources in ``in_connections``. Data flows in
that direction between message ports; between RefPorts and VarPorts, where it flows both ways, the
RefPort counts as the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partialmethod
from typing import TYPE_CHECKING, ClassVar, NoReturn, TypeVar

from lava_actor.errors import InvalidTypeError, NetworkError, UnsupportedError
from lava_actor.process.interfaces import AbstractProcessMember, where
from lava_actor.process.ports import paths, wiring
from lava_actor.process.ports.wiring import Configs, ConnectionSettings
from lava_actor.process.reaching import reachable
from lava_actor.process.tables import member_table

if TYPE_CHECKING:
    from types import ModuleType

    from lava_actor.process.ports.virtual import (
        AbstractVirtualPort,
        ConcatPort,
        ReshapePort,
        TransposePort,
    )


T = TypeVar("T")
View = TypeVar("View", bound="AbstractPort")


def create_port_id(proc_id: object, port_name: object) -> str:
    """Identifier of a port in a network."""
    return f"{proc_id}_{port_name}"


def to_list(obj: T | list[T]) -> list[T]:
    """Return ``obj`` itself if it is a list, else a list of it."""
    return obj if isinstance(obj, list) else [obj]


def is_disjoint(a: Sequence[object], b: Sequence[object]) -> bool:
    """Return True if no object is in both."""
    return {id(x) for x in a}.isdisjoint(id(x) for x in b)


class AbstractPort(AbstractProcessMember):
    """Base of all ports.

    Parameters
    ----------
    shape : tuple of int

    Attributes
    ----------
    in_connections, out_connections : list of AbstractPort
        In the order in which they were connected.
    connection_configs : {partner: ConnectionSettings}
    """

    _views: ClassVar[ModuleType]
    """What makes the virtual ports: the module `virtual`, which says so."""

    _role: ClassVar[str] = ""
    """Where the port may stand on a way of data: `paths.SOURCE`, `DESTINATION` or `VIEW`."""

    _onwards: ClassVar[tuple[type, ...]] = ()
    """What the port may be connected to."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.in_connections: list[AbstractPort] = []
        self.out_connections: list[AbstractPort] = []
        self.connection_configs: dict[AbstractPort, ConnectionSettings] = {}

    def _kind(self) -> type[AbstractPort]:
        """The base class that decides what this port may be connected to: that with a role."""
        return next(cls for cls in type(self).__mro__ if "_role" in vars(cls))

    def __repr__(self) -> str:
        """Name and shape."""
        return f"<{type(self).__name__} {where(self)}, shape {tuple(self.shape)}>"

    def _repr_html_(self) -> str:
        return member_table(self)

    def __getitem__(self, index: object) -> NoReturn:
        """Say how to connect a part of a port.

        Raises
        ------
        InvalidTypeError
            (a `TypeError`) always.
        """
        raise InvalidTypeError(
            f"{where(self)}[{index!r}]: a port is connected as a whole; which elements go where is "
            f"said by weights (post, pre), 0 where none do"
        )

    # -- making connections -----------------------------------------------------------------

    def _connect(
        self, forward: bool, ports: Sequence[AbstractPort], port_type: type | tuple[type, ...],
        connection_configs: Configs = None, assert_same_shape: bool = True,
        assert_same_type: bool = True,
    ) -> None:  # fmt: skip
        """Make ``ports`` destinations of this port, or sources; the door for virtual ports.

        Parameters
        ----------
        ports : list of AbstractPort
        port_type : class or classes
            What the ports have to be.
        connection_configs : ConnectionSettings or list, optional
        assert_same_shape : bool
            Whether the shapes have to be equal.
        assert_same_type : bool
            Whether the ports have to be of ``port_type``, and all of one kind.
        """
        terms = port_type, connection_configs, assert_same_shape, assert_same_type
        for port, config in zip(ports, self._checked(ports, *terms, forward), strict=True):
            source, destination = (self, port) if forward else (port, self)
            _link(source, destination, config)
        wiring.warn_if_late([self, *ports])

    _connect_forward = partialmethod(_connect, True)
    _connect_backward = partialmethod(_connect, False)

    def _connect_onwards(self, ports: object, connection_configs: Configs) -> None:
        """Connect to what ports of this kind lead to, as all the methods ``connect`` do."""
        partners = to_list(ports)
        self._check_multiplicity(partners, True)
        wiring.refuse_views(self, partners)
        self._connect_forward(partners, self._kind()._onwards, connection_configs)

    def _checked(
        self, ports: Sequence[AbstractPort], port_type: type | tuple[type, ...],
        connection_configs: Configs, assert_same_shape: bool, assert_same_type: bool, forward: bool,
    ) -> list[ConnectionSettings | None]:  # fmt: skip
        self._check_multiplicity(ports, forward)
        kinds = to_list(port_type) if isinstance(port_type, type) else list(port_type)
        wiring.check_partners(self, ports, kinds if assert_same_type else [AbstractPort])
        if not forward:
            for port in ports:
                port._check_multiplicity([self], True)
        if assert_same_type:
            wiring.check_one_kind(self, ports)
        if assert_same_shape:
            wiring.check_shapes(self, ports)
        wiring.check_new(self, ports, forward)
        return wiring.matched_configs(self, connection_configs, len(ports))

    def _check_multiplicity(self, ports: Sequence[object], forward: bool) -> None:
        """Message ports may have any number of partners; ports to remote Vars one."""

    # -- questions --------------------------------------------------------------------------

    def get_src_ports(self) -> list[AbstractPort]:
        """Origins of everything that arrives here, through hierarchy and virtual ports.

        In the order of the connections; ``[]`` if nothing is connected.
        """
        return self._ends("in_connections")

    def get_dst_ports(self) -> list[AbstractPort]:
        """End points of everything that leaves here; see `get_src_ports`."""
        return self._ends("out_connections")

    def _ends(self, direction: str) -> list[AbstractPort]:
        def further(port: AbstractPort) -> list[AbstractPort]:
            return list(reversed(getattr(port, direction)))

        found = reachable(further(self), further, without=[self])
        return [port for port in found if not getattr(port, direction)]

    def get_incoming_transform_funcs(self) -> dict[str, list[paths.Function]]:
        """Forward functions of the virtual ports on the way from each origin, origin first.

        Returns
        -------
        dict
            {`create_port_id` of the origin: functions}. Origins without virtual ports are left
            out. Where several paths lead here from one origin, this has the first;
            `lava_actor.process.ports.paths` has them all.
        """
        found: dict[str, list[paths.Function]] = {}
        for path in paths.incoming_paths(self):
            if path.steps:
                found.setdefault(_id_of(path.source), list(paths.functions(path)))
        return found

    def get_outgoing_transform_funcs(self) -> dict[str, list[paths.Function]]:
        """Backward functions of the virtual ports on the way to each destination.

        Returns
        -------
        dict
            {`create_port_id` of the destination: functions}, in the order in which they apply to
            data that comes back from there, so the one next to the destination is the first. The
            list may be empty. Where several paths lead to one destination, this has the first.
        """
        found: dict[str, list[paths.Function]] = {}
        for path in paths.outgoing_paths(self):
            found.setdefault(_id_of(path.destination), list(paths.backward_functions(path)))
        return found

    def get_incoming_virtual_ports(self) -> tuple[str, list[AbstractVirtualPort]]:
        """Id of the origin and the virtual ports on the way from it, origin first.

        Returns
        -------
        (str, list)
            ``("", [])`` if nothing is connected.

        Raises
        ------
        UnsupportedError
            (a `NotImplementedError`) if a ConcatPort is on the way.
        NetworkError
            (an `AssertionError`) if there are several ways: ask `paths.incoming_paths`.
        """
        found = paths.incoming_paths(self)
        return self._only_way(found, [path.source for path in found])

    def get_outgoing_virtual_ports(self) -> tuple[str, list[AbstractVirtualPort]]:
        """Id of the destination and the virtual ports on the way to it, nearest first.

        See `get_incoming_virtual_ports`.
        """
        found = paths.outgoing_paths(self)
        return self._only_way(found, [path.destination for path in found])

    def _only_way(
        self, found: list[paths.Path], ends: list[AbstractPort]
    ) -> tuple[str, list[AbstractVirtualPort]]:
        ports = [port for path in found for port, _ in path.steps]
        if any(hasattr(port, "concat_axis") for port in ports):
            raise UnsupportedError(
                f"{wiring.described(self)}: a concatenation is on the way, which has no single "
                f"list of virtual ports; ask lava_actor.process.ports.paths"
            )
        if len(found) > 1:
            raise NetworkError(
                f"{wiring.described(self)}: expected one way, got {len(found)}; ask "
                f"lava_actor.process.ports.paths"
            )
        return (_id_of(ends[0]), ports) if found else ("", [])

    # -- virtual ports ----------------------------------------------------------------------

    def reshape(self, new_shape: tuple[int, ...]) -> ReshapePort:
        """Return a view of this port in another shape, in C order.

        Raises
        ------
        ReshapeError
            If the number of elements differs; -1 is not understood.
        """
        return self._continued(self._views.ReshapePort.of(self, new_shape))

    def flatten(self) -> ReshapePort:
        """Return a one-dimensional view of this port."""
        return self.reshape((self.size,))

    def transpose(self, axes: Sequence[int] | None = None) -> TransposePort:
        """Return a view with permuted axes: ``new_shape[i] = shape[axes[i]]``.

        Parameters
        ----------
        axes : sequence of int, optional
            Each axis once; negative ones count from the end. None reverses them.

        Raises
        ------
        TransposeShapeError
            If there are not as many axes as dimensions.
        TransposeIndexError
            If an axis does not exist or comes twice.
        """
        return self._continued(self._views.TransposePort.of(self, axes))

    def concat_with(self, ports: AbstractPort | list[AbstractPort], axis: int) -> ConcatPort:
        """Return one port made of this one and ``ports``, side by side along ``axis``.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if the ports are not of one kind.
        ConcatIndexError
            If the axis does not exist.
        ConcatShapeError
            If other dimensions than that of the axis differ.
        DuplicateConnectionError
            If a port comes twice.
        """
        return self._views.ConcatPort.of(self, to_list(ports), axis)

    def _continued(self, port: View) -> View:
        self._connect_forward([port], AbstractPort, None, assert_same_shape=False)
        return port


def _link(
    source: AbstractPort, destination: AbstractPort, config: ConnectionSettings | None
) -> None:
    source.out_connections.append(destination)
    destination.in_connections.append(source)
    if config is not None:
        source.connection_configs[destination] = config
        destination.connection_configs[source] = config


def _id_of(port: AbstractPort) -> str:
    owner = port.process
    return create_port_id(None if owner is None else owner.id, port.name)

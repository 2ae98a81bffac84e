"""Ports of a Process, and how they are connected.

A connection is stored on both ends (`out_connections`, `in_connections`), in the order in which it
was made. All checks come before the first change, so that a refused call leaves nothing behind.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import InvalidTypeError, NetworkError, UnsupportedError
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.ports.connection_config import ConnectionConfig
from lava_actor.process.ports.exceptions import (
    ConcatIndexError,
    ConcatShapeError,
    DuplicateConnectionError,
    ReshapeError,
    TransposeIndexError,
    TransposeShapeError,
    VarNotSharableError,
)
from lava_actor.process.ports.reduce_ops import AbstractReduceOp, ReduceSum

if TYPE_CHECKING:
    from lava_actor.process.variable import Var

Configs = ConnectionConfig | Sequence[ConnectionConfig | None] | None


def create_port_id(proc_id: int, port_name: str) -> str:
    """Identifier of a port in a network."""
    return f"{proc_id}_{port_name}"


def to_list(obj: Any) -> list[Any]:
    """``obj`` itself if it is a list, else a list of it."""
    return obj if isinstance(obj, list) else [obj]


def is_disjoint(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """True if no element is in both."""
    return not any(x is y for x in a for y in b)


def label(port: Any) -> str:
    """``process.port``, for messages."""
    owner = getattr(port, "process", None)
    return f"{owner.name if owner is not None else '(no process)'}.{port.name or '(unnamed)'}"


class AbstractPort(AbstractProcessMember):
    """Base of all ports.

    Attributes
    ----------
    in_connections, out_connections : list of AbstractPort
    connection_configs : {partner: ConnectionConfig}
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.in_connections: list[AbstractPort] = []
        self.out_connections: list[AbstractPort] = []
        self.connection_configs: dict[AbstractPort, ConnectionConfig] = {}

    # -- making connections -----------------------------------------------------------------

    def _connect_forward(
        self,
        ports: list[Any],
        port_type: type[AbstractPort],
        connection_configs: Configs = None,
        assert_same_shape: bool = True,
        assert_same_type: bool = True,
    ) -> None:
        """Connect to ``ports``: they become destinations of this port."""
        configs = self._checked(
            ports, port_type, connection_configs, assert_same_shape, assert_same_type, True
        )
        for port, config in zip(ports, configs, strict=True):
            self.out_connections.append(port)
            port.in_connections.append(self)
            self._store(port, config)

    def _connect_backward(
        self,
        ports: list[Any],
        port_type: type[AbstractPort],
        connection_configs: Configs = None,
        assert_same_shape: bool = True,
        assert_same_type: bool = True,
    ) -> None:
        """Connect from ``ports``: they become sources of this port."""
        configs = self._checked(
            ports, port_type, connection_configs, assert_same_shape, assert_same_type, False
        )
        for port, config in zip(ports, configs, strict=True):
            port.out_connections.append(self)
            self.in_connections.append(port)
            self._store(port, config)

    def _store(self, port: AbstractPort, config: ConnectionConfig | None) -> None:
        if config is not None:
            self.connection_configs[port] = config
            port.connection_configs[self] = config

    def _checked(
        self,
        ports: list[Any],
        port_type: type[AbstractPort],
        connection_configs: Configs,
        assert_same_shape: bool,
        assert_same_type: bool,
        forward: bool,
    ) -> list[ConnectionConfig | None]:
        if not ports:
            raise NetworkError(f"{label(self)}: expected at least one port to connect, got none")
        self._check_multiplicity(ports, forward)
        if assert_same_type:
            for port in ports:
                if not isinstance(port, port_type):
                    raise NetworkError(
                        f"{label(self)} ({type(self).__name__}): expected to be connected to "
                        f"{port_type.__name__}, got {type(port).__name__}"
                    )
            _check_one_kind(self, ports)
        if assert_same_shape:
            for port in ports:
                if tuple(port.shape) != tuple(self.shape):
                    raise NetworkError(
                        f"{label(self)} has shape {self.shape}, but {label(port)} has "
                        f"{port.shape}; shapes must be equal ({_shape_hint(self, port)})"
                    )
        known = self.out_connections if forward else self.in_connections
        for position, port in enumerate(ports):
            if not is_disjoint([port], known) or not is_disjoint([port], ports[:position]):
                raise DuplicateConnectionError(
                    f"{label(self)} and {label(port)} are connected already"
                )
        return _matched_configs(self, connection_configs, len(ports))

    def _check_multiplicity(self, ports: list[Any], forward: bool) -> None:
        """Message ports may have any number of partners."""

    # -- questions --------------------------------------------------------------------------

    def get_src_ports(self) -> list[Any]:
        """Origins of everything that arrives here, through hierarchy and virtual ports."""
        return self._terminals("in_connections")

    def get_dst_ports(self) -> list[Any]:
        """End points of everything that leaves here."""
        return self._terminals("out_connections")

    def _terminals(self, direction: str) -> list[Any]:
        found: list[Any] = []
        for port in getattr(self, direction):
            further = port._terminals(direction)
            for terminal in further or [port]:
                if is_disjoint([terminal], found):
                    found.append(terminal)
        return found

    def get_incoming_transform_funcs(self) -> dict[str, list[Callable[..., Any]]]:
        """Forward functions of the virtual ports on the path from every origin, origin first."""
        from lava_actor.process.ports.paths import incoming_paths

        found: dict[str, list[Callable[..., Any]]] = {}
        for path in incoming_paths(self):
            functions = [port.get_transform_func_fwd() for port, _ in path.steps]
            if functions and path.source.process is not None:
                key = create_port_id(path.source.process.id, path.source.name)
                found.setdefault(key, []).extend(functions)
        return found

    def get_outgoing_transform_funcs(self) -> dict[str, list[Callable[..., Any]]]:
        """Backward functions of the virtual ports on the path to every destination."""
        from lava_actor.process.ports.paths import outgoing_paths

        found: dict[str, list[Callable[..., Any]]] = {}
        for path in outgoing_paths(self):
            if path.destination.process is None:
                continue
            key = create_port_id(path.destination.process.id, path.destination.name)
            functions = [port.get_transform_func_bwd() for port, _ in path.steps]
            found.setdefault(key, []).extend(functions)
        return found

    def get_incoming_virtual_ports(self) -> tuple[str, list[AbstractVirtualPort]]:
        """Id of the origin and the virtual ports on the way (one path)."""
        from lava_actor.process.ports.paths import incoming_paths

        return self._virtual_ports([(p.source, p.steps) for p in incoming_paths(self)])

    def get_outgoing_virtual_ports(self) -> tuple[str, list[AbstractVirtualPort]]:
        """Id of the destination and the virtual ports on the way (one path)."""
        from lava_actor.process.ports.paths import outgoing_paths

        return self._virtual_ports([(p.destination, p.steps) for p in outgoing_paths(self)])

    def _virtual_ports(self, paths: list[Any]) -> tuple[str, list[AbstractVirtualPort]]:
        if not paths:
            return "", []
        end, steps = paths[0]
        for port, _ in steps:
            if isinstance(port, ConcatPort):
                raise UnsupportedError(
                    f"{label(self)}: a ConcatPort is on the path; use paths.incoming_paths"
                )
        owner = end.process
        return create_port_id(owner.id if owner is not None else -1, end.name), [
            port for port, _ in steps
        ]

    # -- virtual ports ----------------------------------------------------------------------

    def reshape(self, new_shape: tuple[int, ...]) -> ReshapePort:
        """A view of this port in another shape, in C order.

        Raises
        ------
        ReshapeError
            If the number of elements differs.
        """
        if int(np.prod(new_shape, dtype=np.int64)) != self.size:
            raise ReshapeError(self.shape, new_shape)
        port = ReshapePort(tuple(new_shape), self.shape)
        self._attach(port)
        return port

    def flatten(self) -> ReshapePort:
        """A one-dimensional view of this port."""
        return self.reshape((self.size,))

    def transpose(self, axes: tuple[int, ...] | list[int] | None = None) -> TransposePort:
        """A view with permuted axes: ``new_shape[i] = shape[axes[i]]``; None reverses them.

        Raises
        ------
        TransposeShapeError, TransposeIndexError
            If ``axes`` is no permutation of the axes.
        """
        rank = len(self.shape)
        if axes is None:
            axes = tuple(reversed(range(rank)))
        if len(axes) != rank:
            raise TransposeShapeError(self.shape, axes)
        seen = set()
        for axis in axes:
            if not -rank <= axis < rank or axis % rank in seen:
                raise TransposeIndexError(self.shape, axes, axis)
            seen.add(axis % rank)
        plain = tuple(axis % rank for axis in axes)
        port = TransposePort(tuple(self.shape[axis] for axis in plain), plain)
        self._attach(port)
        return port

    def concat_with(self, ports: AbstractPort | list[AbstractPort], axis: int) -> ConcatPort:
        """One port made of this one and ``ports``, side by side along ``axis``.

        Raises
        ------
        NetworkError
            (an `AssertionError`) if the ports are not of one class.
        ConcatIndexError, ConcatShapeError
            If the axis does not exist or other dimensions differ.
        """
        parts = [self, *to_list(ports)]
        family = AbstractIOPort if isinstance(self, AbstractIOPort) else AbstractRVPort
        if isinstance(self, AbstractVirtualPort):
            family = AbstractVirtualPort  # type: ignore[assignment]
        for part in parts[1:]:
            if not isinstance(part, family) or type(part) is not type(self):
                raise NetworkError(
                    f"{label(self)}: expected ports of class {type(self).__name__} to "
                    f"concatenate, got {type(part).__name__}"
                )
        rank = len(self.shape)
        if not -rank <= axis < rank:
            raise ConcatIndexError(self.shape, axis)
        axis %= rank
        shapes = [tuple(part.shape) for part in parts]
        for shape in shapes:
            rest = shape[:axis] + shape[axis + 1 :]
            if len(shape) != rank or rest != self.shape[:axis] + tuple(self.shape[axis + 1 :]):
                raise ConcatShapeError(shapes, axis)
        return ConcatPort(parts, axis)

    def _attach(self, port: AbstractVirtualPort) -> None:
        self._connect_forward([port], AbstractPort, None, assert_same_shape=False)


def _check_one_kind(port: AbstractPort, partners: list[Any]) -> None:
    kinds = {_kind(partner) for partner in partners}
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise NetworkError(f"{label(port)}: expected ports of one kind in a list, got {names}")


def _kind(port: Any) -> type[Any]:
    for kind in (InPort, OutPort, RefPort, VarPort, AbstractVirtualPort):
        if isinstance(port, kind):
            return kind
    return type(port)


def _shape_hint(one: AbstractPort, other: AbstractPort) -> str:
    if one.size == other.size:
        return f"reshape({other.shape}) would fit"
    return f"{one.size} and {other.size} elements"


def _matched_configs(
    port: AbstractPort, configs: Configs, count: int
) -> list[ConnectionConfig | None]:
    if configs is None or isinstance(configs, ConnectionConfig):
        return [configs] * count
    found = list(configs)
    if len(found) == 1:
        found *= count
    if len(found) != count:
        raise NetworkError(
            f"{label(port)}: expected {count} connection configs, one per port, got {len(found)}"
        )
    return found


class AbstractIOPort(AbstractPort):
    """Base of message ports."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.external_pipe_flag = False
        self.external_pipe_buffer_size = 64

    def flag_external_pipe(self, buffer_size: int | None = None) -> None:
        """Make this port usable from ordinary Python code while the network runs."""
        self.external_pipe_flag = True
        if buffer_size is not None:
            self.external_pipe_buffer_size = buffer_size


class AbstractRVPort(AbstractPort):
    """Base of ports that access a Var of another Process; one partner each way."""

    def _check_multiplicity(self, ports: list[Any], forward: bool) -> None:
        if len(ports) > 1:
            raise NetworkError(
                f"{label(self)} ({type(self).__name__}): expected one partner, got {len(ports)}"
            )
        known = self.out_connections if forward else self.in_connections
        if known:
            raise NetworkError(
                f"{label(self)} ({type(self).__name__}) is connected to {label(known[0])} already"
            )


class AbstractSrcPort(ABC):  # noqa: B024  (a marker)
    """Marks ports that data leaves a Process through."""


class AbstractDstPort(ABC):  # noqa: B024  (a marker)
    """Marks ports that data enters a Process through."""


class OutPort(AbstractIOPort, AbstractSrcPort):
    """Sends messages of one shape to any number of InPorts.

    Parameters
    ----------
    shape : tuple of int
    """

    def connect(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect to InPorts of other Processes, or to the OutPort of the parent Process."""
        partners = to_list(ports)
        _require(self, partners, (InPort, OutPort), NetworkError)
        self._connect_forward(partners, AbstractIOPort, connection_configs)

    def connect_from(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect from OutPorts of sub-processes."""
        partners = to_list(ports)
        _require(self, partners, (OutPort,), NetworkError)
        self._connect_backward(partners, OutPort, connection_configs)


class InPort(AbstractIOPort, AbstractDstPort):
    """Receives messages; those of several sources are summed.

    Parameters
    ----------
    shape : tuple of int
    reduce_op : subclass of AbstractReduceOp, optional
        `ReduceSum`, which is also the default behaviour.
    """

    def __init__(
        self, shape: tuple[int, ...], reduce_op: type[AbstractReduceOp] | None = None
    ) -> None:
        super().__init__(shape)
        if reduce_op is not None and not (
            isinstance(reduce_op, type) and issubclass(reduce_op, ReduceSum)
        ):
            raise UnsupportedError(f"InPort: expected reduce_op=ReduceSum, got {reduce_op!r}")
        self._reduce_op = reduce_op

    def connect(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect to InPorts of sub-processes."""
        partners = to_list(ports)
        _require(self, partners, (InPort,), NetworkError)
        self._connect_forward(partners, InPort, connection_configs)

    def connect_from(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect from OutPorts of other Processes, or from the InPort of the parent."""
        partners = to_list(ports)
        _require(self, partners, (OutPort, InPort), NetworkError)
        self._connect_backward(partners, AbstractIOPort, connection_configs)


class RefPort(AbstractRVPort, AbstractSrcPort):
    """Reads and writes one Var of another Process in the management phases."""

    def connect(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect to a VarPort, or to the RefPort of the parent Process."""
        partners = to_list(ports)
        self._check_multiplicity(partners, True)
        _require(self, partners, (RefPort, VarPort), InvalidTypeError)
        self._connect_forward(partners, AbstractRVPort, connection_configs)

    def connect_from(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect from the RefPort of a sub-process."""
        partners = to_list(ports)
        self._check_multiplicity(partners, False)
        _require(self, partners, (RefPort,), InvalidTypeError)
        self._connect_backward(partners, RefPort, connection_configs)

    def connect_var(self, variables: Var | list[Var], connection_configs: Configs = None) -> None:
        """Connect to a Var of another Process through an implicit VarPort."""
        from lava_actor.process.variable import Var

        found = to_list(variables)
        self._check_multiplicity(found, True)
        for var in found:
            if not isinstance(var, Var):
                raise NetworkError(f"{label(self)}: expected a Var, got {type(var).__name__}")
            if not var.shareable:
                raise VarNotSharableError(str(var.name))
            if self.process is not None and var.process is self.process:
                raise NetworkError(f"{label(self)}: {var.name} is a Var of the same Process")
            if tuple(var.shape) != tuple(self.shape):
                raise NetworkError(
                    f"{label(self)} has shape {self.shape}, but Var {var.name} has {var.shape}"
                )
        self._connect_forward(
            [self.create_implicit_var_port(var) for var in found], AbstractRVPort,
            connection_configs,
        )

    def get_dst_vars(self) -> list[Var]:
        """Vars behind the destination ports."""
        return [port.var for port in self.get_dst_ports()]

    @staticmethod
    def create_implicit_var_port(var: Var) -> ImplicitVarPort:
        """A VarPort for ``var``, made a member of the Var's Process if it has one."""
        port = ImplicitVarPort(var)
        stem = f"_{var.name}_implicit_port"
        name, number = stem, 0
        process = var.process
        if process is not None:
            while hasattr(process, name):
                number += 1
                name = f"{stem}_{number}"
        port.name = name
        if process is not None:
            port.process = process
            setattr(process, name, port)
            process.var_ports.add_members({name: port})
        return port


class VarPort(AbstractRVPort, AbstractDstPort):
    """Gives RefPorts access to a shareable Var of the Process.

    Parameters
    ----------
    var : Var
    """

    def __init__(self, var: Var) -> None:
        from lava_actor.process.variable import Var

        if not isinstance(var, Var):
            raise NetworkError(f"VarPort: expected a Var, got {type(var).__name__}")
        if not var.shareable:
            raise VarNotSharableError(str(var.name))
        super().__init__(var.shape)
        self.var = var

    def _check_multiplicity(self, ports: list[Any], forward: bool) -> None:
        if forward:  # any number of RefPorts may come in, one VarPort may be led to
            super()._check_multiplicity(ports, forward)

    def connect(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect to the VarPort of a sub-process."""
        partners = to_list(ports)
        self._check_multiplicity(partners, True)
        _require(self, partners, (VarPort,), InvalidTypeError)
        self._connect_forward(partners, VarPort, connection_configs)

    def connect_from(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect from RefPorts, or from the VarPort of the parent Process."""
        partners = to_list(ports)
        if len(partners) > 1:
            raise NetworkError(f"{label(self)} (VarPort): expected one partner, got several")
        _require(self, partners, (RefPort, VarPort), InvalidTypeError)
        self._connect_backward(partners, AbstractRVPort, connection_configs)


class ImplicitVarPort(VarPort):
    """A VarPort made by `RefPort.connect_var`; models need not declare it."""


class AbstractVirtualPort(AbstractPort):
    """A port that reinterprets data on the way; made from a port, connected onwards.

    Subclasses give `get_transform_func_fwd` and `get_transform_func_bwd`: functions from array to
    array.
    """

    @property
    def process(self) -> Any:
        """Process of the first origin."""
        return self.in_connections[0].process if self.in_connections else None

    @process.setter
    def process(self, value: Any) -> None:
        raise NetworkError("the Process of a virtual port is that of its origin")

    @abstractmethod
    def get_transform_func_fwd(self) -> Callable[..., Any]:
        """Function from source data to destination data."""

    @abstractmethod
    def get_transform_func_bwd(self) -> Callable[..., Any]:
        """Function from destination data back to source data."""

    def connect(
        self,
        ports: AbstractPort | list[AbstractPort],
        connection_configs: Configs = None,
    ) -> None:
        """Connect onwards, to ports that the origin could be connected to."""
        partners = to_list(ports)
        kind = _kind(self._origin())
        if kind not in _ONWARDS:
            raise InvalidTypeError(f"{label(self)}: unknown origin {kind.__name__}")
        _require(self, partners, _ONWARDS[kind], NetworkError)
        for port in partners:
            if isinstance(port, RefPort) and port.in_connections:
                port._check_multiplicity([self], False)
        self._connect_forward(partners, AbstractPort, connection_configs)

    def _origin(self) -> AbstractPort:
        port: AbstractPort = self
        while isinstance(port, AbstractVirtualPort) and port.in_connections:
            port = port.in_connections[0]
        return port


class ReshapePort(AbstractVirtualPort):
    """The same elements in C order in another shape."""

    def __init__(self, new_shape: tuple[int, ...], old_shape: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.old_shape = tuple(old_shape)

    def get_transform_func_fwd(self) -> Callable[..., Any]:
        """Reshape to the new shape."""
        return _Reshape(self.shape)

    def get_transform_func_bwd(self) -> Callable[..., Any]:
        """Reshape to the old shape."""
        return _Reshape(self.old_shape)


class TransposePort(AbstractVirtualPort):
    """The axes permuted."""

    def __init__(self, new_shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
        super().__init__(new_shape)
        self.axes = tuple(axes)

    def get_transform_func_fwd(self) -> Callable[..., Any]:
        """Permute the axes."""
        return _Transpose(self.axes)

    def get_transform_func_bwd(self) -> Callable[..., Any]:
        """Permute the axes back."""
        return _Transpose(tuple(int(i) for i in np.argsort(self.axes)))


class ConcatPort(AbstractVirtualPort):
    """Several ports of one kind side by side along an axis; each fills its slice."""

    def __init__(self, ports: list[AbstractPort], axis: int) -> None:
        shape = list(ports[0].shape)
        rank = len(shape)
        self.concat_axis = axis % rank
        shape[self.concat_axis] = sum(int(port.shape[self.concat_axis]) for port in ports)
        super().__init__(tuple(shape))
        for position, port in enumerate(ports):
            if not is_disjoint([port], ports[:position]):
                raise DuplicateConnectionError(f"{label(port)} comes twice in a concatenation")
        for port in ports:
            port._connect_forward([self], AbstractPort, None, assert_same_shape=False)

    def slice_of(self, index: int) -> tuple[slice, ...]:
        """Where the ``index``-th origin lies in this port."""
        axis = self.concat_axis
        start = sum(int(port.shape[axis]) for port in self.in_connections[:index])
        stop = start + int(self.in_connections[index].shape[axis])
        return (*(slice(None) for _ in range(axis)), slice(start, stop))

    def get_transform_func_fwd(self) -> Callable[..., Any]:
        """Not a function of one array; see `slice_of`."""
        raise UnsupportedError(f"{label(self)}: a concatenation has one transform per origin")

    def get_transform_func_bwd(self) -> Callable[..., Any]:
        """Not a function to one array; see `slice_of`."""
        raise UnsupportedError(f"{label(self)}: a concatenation has one transform per origin")


class _Reshape:
    """A picklable reshape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(int(operator.index(n)) for n in shape)

    def __call__(self, data: Any) -> Any:
        return np.reshape(data, self.shape)


class _Transpose:
    """A picklable transpose."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def __call__(self, data: Any) -> Any:
        return np.transpose(data, self.axes)


_ONWARDS: dict[type[Any], tuple[type[Any], ...]] = {
    OutPort: (AbstractIOPort,),
    InPort: (InPort,),
    RefPort: (RefPort, VarPort),
    VarPort: (VarPort,),
}


def _require(
    port: AbstractPort, partners: list[Any], kinds: tuple[type[Any], ...], error: type[Exception]
) -> None:
    for partner in partners:
        if not isinstance(partner, kinds):
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise error(
                f"{label(port)} ({type(port).__name__}): expected {expected} to connect, got "
                f"{type(partner).__name__}"
            )

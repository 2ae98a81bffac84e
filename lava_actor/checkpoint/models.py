"""The state of a model, written and read inside of its actor.

Everything a model has as an attribute is its state, but for what the actor gave it: ports, loggers,
its names. Ports are referred to by name; so are their methods where a model keeps one. After
`restore` a model that was built as usual is the model that was saved.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from lava_actor.channels.records import Record, Recorder, read
from lava_actor.checkpoint.codec import (
    Decoder,
    Document,
    Encoder,
    checked_position,
    set_state,
    state_of,
)
from lava_actor.checkpoint.names import Names
from lava_actor.errors import CheckpointError
from lava_actor.model.ports.base import AbstractPyPort
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.process import AbstractProcess

#: What the actor gives a model, and what is the actor's.
OF_ACTOR = frozenset(
    {
        *("log", "model_id", "process_name", "var_id_to_var_map"),
        *("service_to_process", "process_to_service", "_control", "_stepper"),
    }
)

#: Attributes of in-ports that hold messages which were received and not handed out yet.
OF_PORT = ("_waiting",)


def snapshot(actor: Any, homes: Iterable[str], trusted: bool) -> tuple[Document, bool]:
    """The state of an actor that rests between two steps, and whether it needed pickle.

    Raises
    ------
    CheckpointError
        If an attribute cannot be written; the message names it.
    """
    actor.party.wait(serve=actor.servers, timeout=0)
    _check_vars(actor)
    model = actor.built.model
    ports = _ports(model)
    methods = {
        id(value): (name, method)
        for name, port in ports.items()
        for method, value in port.__dict__.items()
        if callable(value)
    }
    names = {id(port): name for name, port in ports.items()}
    channels = {
        id(end): [name, index]
        for name, port in ports.items()
        for index, end in enumerate(port.csp_ports)
    }
    stepper = model.__dict__.get("_stepper")
    given = {id(obj): keys for keys, obj in _given(actor.spec.proc_params)}

    def reference(obj: Any) -> dict[str, Any] | None:
        if obj is model:
            return {"the": "model"}
        if stepper is not None and obj is stepper:
            return {"the": "stepper"}
        if id(obj) in names:
            return {"port": names[id(obj)]}
        if id(obj) in methods:
            return {"port_method": list(methods[id(obj)])}
        if id(obj) in channels:
            return {"channel": channels[id(obj)]}
        if id(obj) in given:
            return {"given": given[id(obj)]}
        return None

    encoder = Encoder(Names(homes), reference, trusted=trusted)
    root: dict[str, Any] = {
        "base": actor.base,
        "attributes": [
            [name, encoder.add(value, f"{actor.name}: model.{name}")]
            for name, value in state_of(model).items()
            if name not in OF_ACTOR
            and names.get(id(value)) != name
            and not isinstance(value, Recorder)
        ],
        "ports": [
            [name, what, encoder.add(port.__dict__[what], f"{actor.name}.{name}.{what}")]
            for name, port in ports.items()
            for what in OF_PORT
            if what in port.__dict__
        ],
        "random": encoder.add(_global_random() if actor.own_process else None, actor.name),
        "recordings": [
            [r.name, encoder.add(vars(read(actor.records, r.number, r.limits["size"])), r.name)]
            for r in actor.spec.plan.recordings
        ],
    }
    return encoder.finish(root), encoder.pickled


def restore(actor: Any, document: Document, homes: Iterable[str], trusted: bool) -> None:
    """Give the model of an actor the state that `snapshot` returned."""
    model = actor.built.model
    ports = _ports(model)

    def port(name: Any) -> Any:
        if name not in ports:
            raise CheckpointError(f"the model has no port {name!r}")
        return ports[name]

    def resolve(kind: str, which: Any) -> Any:
        if kind == "the" and which in ("model", "stepper"):
            return model if which == "model" else model._stepper
        if kind == "port":
            return port(which)
        if kind == "port_method":
            return port(which[0]).__dict__[which[1]]
        if kind == "channel":
            return port(which[0]).csp_ports[which[1]]
        if kind == "given":
            found = _given(actor.spec.proc_params)
            return next(obj for keys, obj in found if keys == which)
        raise CheckpointError(f"unknown kind of value: {kind!r}")

    try:
        decoder = Decoder(document, Names(homes), resolve, trusted=trusted)
        _restore(actor, document, decoder, port, trusted)
    except Exception as error:
        raise CheckpointError(
            f"{actor.name}: its model cannot be restored: {type(error).__name__}: {error}"
        ) from error


def _restore(
    actor: Any,
    document: Document,
    decoder: Decoder,
    port: Callable[[Any], Any],
    trusted: bool,
) -> None:
    model, root = actor.built.model, document.root
    state = {name: decoder.value(node) for name, node in root["attributes"]}
    waiting = [(port(name), what, decoder.value(node)) for name, what, node in root["ports"]]
    numbers = decoder.value(root["random"])
    recordings = {name: Record(**decoder.value(node)) for name, node in root.get("recordings", [])}
    base = root["base"]
    if type(base) is not int or not 0 <= base <= actor.step:
        raise CheckpointError(f"expected the step of the last reset, got {base!r}")
    for name in list(model.__dict__):
        value = model.__dict__[name]
        if name not in OF_ACTOR and not isinstance(value, (AbstractPyPort, Recorder)):
            del model.__dict__[name]
    given = {*OF_ACTOR, *_ports(model), *(r.name for r in actor.spec.plan.recordings)}
    set_state(model, state, given, trusted=trusted)
    _check_vars(actor)
    if hasattr(type(model), "_check_restored"):
        model._check_restored()
    for owner, what, value in waiting:
        if what in OF_PORT:
            owner.__dict__[what] = value
    if numbers is not None and actor.own_process:
        np.random.set_state(checked_position(numbers["numpy"]))  # noqa: NPY002  (models may use the global one)
        random.setstate(numbers["random"])
    for name, record in recordings.items():
        record.write_to(model.__dict__[name])
    actor.rebase(int(base))


def _check_vars(actor: Any) -> None:
    """Refuse a model whose Vars hold what they must not; operators check themselves."""
    for var in actor.spec.plan.vars:
        if var.name in actor.built.model.__dict__:
            var.slot(actor.name).presented(getattr(actor.built.model, var.name))


def _ports(model: Any) -> dict[str, Any]:
    return {n: v for n, v in model.__dict__.items() if isinstance(v, AbstractPyPort)}


def _given(params: Any) -> Iterator[tuple[list[Any], Any]]:
    """Processes and their members among the parameters, with the keys that lead to them.

    In an actor they are copies without a function: nothing a model could have changed.
    """
    todo: list[tuple[list[Any], Any]] = [([], getattr(params, "_parameters", params))]
    seen: set[int] = set()
    while todo:
        keys, value = todo.pop()
        if isinstance(value, AbstractProcess | AbstractProcessMember):
            yield keys, value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            todo += [([*keys, key], part) for key, part in pairs if isinstance(key, str | int)]


def _global_random() -> dict[str, Any]:
    numbers = np.random.get_state(legacy=False)  # noqa: NPY002  (models may use the global one)
    return {"numpy": numbers, "random": random.getstate()}

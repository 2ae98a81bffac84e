"""The state of a model, written and read inside of its actor.

A model's state is its Vars and what it lists in ``checkpoint_state``: by default every attribute
but what the actor gave it (ports, loggers, names). Parts of the actor are referred to by how they
are reached: a port, a method of a port that the model keeps, a Process among the parameters. After
`restore` a model that was built as usual is the model that was saved.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lava_actor.channels.records import Record, RecordStore, read
from lava_actor.checkpoint.archive import NEW_NAMES
from lava_actor.checkpoint.codec import Decoder, Document, Encoder, set_state, state_of
from lava_actor.checkpoint.kinds import checked_position
from lava_actor.checkpoint.names import Names
from lava_actor.checkpoint.recut import Merge, Part, said
from lava_actor.errors import CheckpointError
from lava_actor.plain import plain
from lava_actor.process.former import renamed
from lava_actor.process.interfaces import AbstractProcessMember
from lava_actor.process.process import AbstractProcess

if TYPE_CHECKING:
    from lava_actor.channels import Party
    from lava_actor.channels._native import Server
    from lava_actor.checkpoint.arrays import Said


#: What the actor gives a model, and what is the actor's.
OF_ACTOR = frozenset(
    {
        *("log", "model_id", "_la_process_name", "var_id_to_var_map"),
        *("service_to_process", "process_to_service"),
        *("_la_control", "_la_stepper", "_la_first_row"),
    }
)

#: The attribute of in-ports that holds what was received and not handed out yet.
WAITING = "_waiting"


class Holder(Protocol):
    """Who holds a model that rests between two steps: an actor."""

    name: str
    base: int
    own_process: bool
    party: Party
    records: RecordStore | None
    spec: Any
    built: Any

    @property
    def servers(self) -> Iterable[Server]:
        """What it serves to others meanwhile."""

    @property
    def step(self) -> int:
        """The last step that is done."""


def snapshot(actor: Holder, homes: Iterable[str], trusted: bool) -> tuple[Document, bool]:
    """The state of an actor that rests between two steps, and whether it needed pickle.

    Raises
    ------
    CheckpointError
        If an attribute cannot be written; the message names it.
    """
    actor.party.wait(serve=actor.servers, timeout=0)
    _check_vars(actor)
    encoder = Encoder(Names(homes), _references(actor), trusted=trusted)
    records = actor.records
    waiting = {n: p.__dict__[WAITING] for n, p in _ports(actor).items() if WAITING in p.__dict__}
    root = {
        "base": actor.base,
        "attributes": encoder.add_state(_state(actor), f"{actor.name}: model"),
        "waiting": encoder.add_state(waiting, actor.name),
        "recordings": {
            r.name: encoder.add_state(
                vars(read(records, r.number, r.limits["size"])), f"{actor.name}.{r.name}"
            )
            for r in actor.spec.plan.recordings
            if records is not None
        },
        "random": encoder.add(_global_random() if actor.own_process else None, actor.name),
    }
    return encoder.finish(root), encoder.pickled


def restore(
    actor: Holder, pieces: Sequence[tuple[Document, Part]], homes: Iterable[str], trusted: bool
) -> None:
    """Give the model of an actor the state that `snapshot` returned.

    Several documents are those of all parts in the file that have some of the actor's rows.
    """
    landmarks = _landmarks(actor)

    def resolve(kind: str, way: Any) -> object:
        if kind != "at" or tuple(way) not in landmarks:
            raise CheckpointError(f"the model has no {kind} {way!r}")
        return landmarks[tuple(way)]

    try:
        found = []
        for document, _ in pieces:
            decoder = Decoder(document, Names(homes), resolve, trusted=trusted)
            found.append(_Saved.read(document.root, decoder, actor.built.model))
        parts = [part for _, part in pieces]
        _restore(actor, _merged(actor, found, parts), trusted)
    except Exception as error:
        raise CheckpointError(
            f"{actor.name}: its model cannot be restored: {type(error).__name__}: {error}"
        ) from error


@plain
class _Saved:
    """What `snapshot` has put into a document."""

    base: int
    state: Said
    waiting: Said
    records: dict[str, Record]
    numbers: Any

    @classmethod
    def read(cls, root: Said, decoder: Decoder, model: object) -> _Saved:
        given = root["recordings"].items()
        state = decoder.state(root["attributes"])
        if root["version"] < NEW_NAMES:
            state = renamed(model, state)
            state.pop("_la_first_row", None)  # was written once; the actor says it
        return cls(
            root["base"],
            state,
            decoder.state(root["waiting"]),
            {name: Record(**decoder.state(node)) for name, node in given},
            decoder.value(root["random"]),
        )


def _merged(actor: Holder, found: list[_Saved], parts: Sequence[Part]) -> _Saved:
    """The state of an actor out of those of the parts that have its rows."""
    plan, first = actor.spec.plan, found[0]
    if [said(part) for part in parts] == [said(plan.part)]:
        return first
    if any(any(saved.waiting.values()) or saved.records for saved in found):
        raise CheckpointError("what it has received, or recorded, cannot be divided anew")
    merge = Merge(
        [None if part is None else part.rows for part in parts],
        None if plan.part is None else plan.part.rows,
        plan.model_class.cut,
        {var.name: (var.shape, var.rows is not None) for var in plan.vars},
        actor.built.model.__dict__,
        _references(actor),
    )
    return replace(first, state=merge.state([saved.state for saved in found]))


def _restore(actor: Holder, saved: _Saved, trusted: bool) -> None:
    model, ports, base, numbers = actor.built.model, _ports(actor), saved.base, saved.numbers
    state = saved.state
    if type(base) is not int or not 0 <= base <= actor.step:
        raise CheckpointError(f"expected the step of the last reset, got {base!r}")
    for name in _state(actor).keys() & model.__dict__.keys():
        del model.__dict__[name]
    others = {name for name in state if not _is_state(actor, name)}
    set_state(model, state, others, trusted=trusted)
    _check_vars(actor)
    if hasattr(type(model), "_la_check_restored"):
        model._la_check_restored()
    for name, record in saved.records.items():
        record.write_to(_given_parts(actor)[name])
    for name, value in saved.waiting.items():
        ports[name].__dict__[WAITING] = value
    if numbers is not None and actor.own_process:
        np.random.set_state(checked_position(numbers["numpy"]))  # noqa: NPY002  (models may use the global one)
        random.setstate(numbers["random"])
    actor.base = base


def _is_state(actor: Holder, name: str) -> bool:
    """Whether an attribute of that name is state of the model."""
    model = actor.built.model
    listed = getattr(model, "_la_stepper", model).checkpoint_state
    if listed is not None and name not in listed:
        return any(var.name == name for var in actor.spec.plan.vars)
    return name not in OF_ACTOR | model._la_derived and name not in _given_parts(actor)


def _state(actor: Holder) -> dict[str, object]:
    return {n: v for n, v in state_of(actor.built.model).items() if _is_state(actor, n)}


def _check_vars(actor: Holder) -> None:
    """Refuse a model whose Vars hold what they must not; operators check themselves."""
    for var in actor.spec.plan.vars:
        if var.name in actor.built.model.__dict__:
            var.slot(actor.name).presented(getattr(actor.built.model, var.name))


def _ports(actor: Holder) -> dict[str, Any]:
    """The ports that the Process has, by name."""
    plan, held = actor.spec.plan, actor.built.model.__dict__
    names = [port.name for port in (*plan.in_ports, *plan.out_ports, *plan.ref_ports)]
    return {name: held[name] for name in [*names, *(name for name, _ in plan.var_ports)]}


def _given_parts(actor: Holder) -> dict[str, Any]:
    """What the actor gave its model as attributes: ports, and what it records with."""
    held = actor.built.model.__dict__
    return {**_ports(actor), **{r.name: held[r.name] for r in actor.spec.plan.recordings}}


def _landmarks(actor: Holder) -> dict[tuple[object, ...], object]:
    """What values of a model may refer to, by the way to it."""
    model = actor.built.model
    found: dict[tuple[object, ...], object] = {}
    found.update((("given", *keys), obj) for keys, obj in _given(actor.spec.proc_params))
    for name, port in _ports(actor).items():
        found |= {("port", name, m): v for m, v in port.__dict__.items() if callable(v)}
        found |= {("channel", name, i): end for i, end in enumerate(port.csp_ports)}
    for name, part in _given_parts(actor).items():
        found["port", name] = part
    if "_la_stepper" in model.__dict__:
        found["stepper",] = model._la_stepper
    found["model",] = model
    return found


def _references(actor: Holder) -> Callable[[object], Said | None]:
    """What stands in a file for a part of an actor."""
    ways = {id(obj): {"at": list(way)} for way, obj in _landmarks(actor).items()}
    return lambda obj: ways.get(id(obj))


def _given(params: object) -> Iterator[tuple[list[object], object]]:
    """Processes and their members among the parameters, with the keys that lead to them.

    In an actor they are copies without a function: nothing a model could have changed.
    """
    todo: list[tuple[list[object], object]] = [([], getattr(params, "_parameters", params))]
    seen: set[int] = set()
    while todo:
        keys, value = todo.pop()
        if isinstance(value, AbstractProcess | AbstractProcessMember):
            yield keys, value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            todo += [([*keys, key], part) for key, part in pairs if isinstance(key, str | int)]


def _global_random() -> dict[str, object]:
    numbers = np.random.get_state(legacy=False)  # noqa: NPY002  (models may use the global one)
    return {"numpy": numbers, "random": random.getstate()}

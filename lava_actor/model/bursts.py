"""What does the steps of a built model: natively, method by method, or by its Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lava_actor.errors import MissingMemberError
from lava_actor.kernels import steps
from lava_actor.model.native import (
    INT64,
    NativeStep,
    by_the_model,
    declaring,
    needless,
    one_by_one,
    replaced,
    stands_in_the_way,
)
from lava_actor.model.step_functions import address_of, catalogued
from lava_actor.process.hints import did_you_mean

if TYPE_CHECKING:
    from lava_actor.model.py.base import AbstractPyProcessModel

def burst_of(model: Any) -> steps.Burst:
    """Return what does steps of a built model in a row: natively if its class says how."""
    # First, since attributes are found sooner while nobody has asked for a model's `vars`.
    if type(model).native_step is None or stands_in_the_way(model) is not None:
        return steps.Burst(model)
    _check_names(model, model.native_step)
    _, declared = one_by_one(type(model), lambda name: np.size(getattr(model, name)), vars(model))
    if declared is None:
        return steps.Burst(model)
    by_hand = by_the_model(type(model), vars(model))
    return _in_parts(model, declared, by_hand) if by_hand else _native(model, declared)


def _check_names(model: AbstractPyProcessModel, declared: NativeStep) -> None:
    """Insist that there is whatever a native step looks at."""
    numbers = (*declared.numbers, *declared.limits, *declared.constants)
    for name in (*declared.state, *declared.parameters, *numbers):
        if not hasattr(model, name):
            raise MissingMemberError(
                f"{declaring(type(model)).__qualname__}.native_step: {type(model).__qualname__} of "
                f"{model._la_process_name} has no attribute {name!r}"
                + did_you_mean(name, vars(model))
            )


def _native(model: AbstractPyProcessModel, declared: NativeStep) -> steps.StepBurst:
    given = _arguments(model, declared, address_of(declared), declared.numbers, declared.limits)
    then = None if declared.then is None else _native(model, declared.then)
    return steps.StepBurst(*(*given, then))


def _in_parts(model: object, declared: NativeStep, by_hand: Mapping[str, str]) -> steps.PartBurst:
    """The methods one by one; what those in Python may change is looked at after each of them."""
    unused = needless(declared, by_hand)
    numbers = [None if name in unused else name for name in declared.numbers]
    integers: dict[object, tuple[int, int]] = {}
    for i, (name, limits) in enumerate(declared.limits.items()):
        found = declared.in_parts.get(name)
        if name in unused:
            integers[i] = limits  # keeps the place
        else:
            integers[found or name] = limits if found is None else INT64
    inlets, outlets = list(declared.inputs), list(declared.outputs)
    base = declaring(type(model))
    return steps.PartBurst(
        _arguments(model, declared, 0, numbers, integers),
        [getattr(model, name) for name in outlets],
        [
            (
                part.method,
                0 if part.function is None or _is_any_replaced(model, base, part.uses)
                or (part.method in by_hand and part.alone) else catalogued(part.function),
                part.method in by_hand or part.function is None,
                inlets.index(part.takes) if part.takes in inlets else -1,
                getattr(model, part.takes) if part.takes in inlets else None,
                outlets.index(part.takes) if part.takes in outlets else -1,
                -1 if part.gives is None else outlets.index(part.gives),
                [(name, np.dtype(dtype)) for name, dtype in part.makes.items()],
                None if part.method in by_hand else part.unless,
            )
            for part in declared.parts
        ],
        {getattr(base, part.method): i for i, part in enumerate(declared.parts)},
    )  # fmt: skip


def _is_any_replaced(model: object, base: type[object], names: Iterable[str]) -> bool:
    return replaced(type(model), base, names, vars(model)) is not None


def _arguments(
    model: object, declared: NativeStep, address: int, numbers: Sequence[str | None],
    integers: Mapping[str, tuple[int, int]] | Mapping[object, tuple[int, int]],
) -> tuple[Any, ...]:  # fmt: skip
    inputs = [(getattr(model, name), dtype) for name, dtype in declared.inputs.items()]
    outputs = [(name, getattr(model, name), dtype) for name, dtype in declared.outputs.items()]
    first = inputs[0][0] if inputs else outputs[0][1]
    return (
        model,
        address,
        [(port.native_sources(), np.dtype(dtype), port.shape, port.room) for port, dtype in inputs],
        [
            (next(iter(port.native_sinks()), None), np.dtype(dtype), port.shape,
             declared.shows.get(name))
            for name, port, dtype in outputs
        ],
        [(name, np.dtype(dtype)) for name, dtype in declared.state.items()],
        [(name, np.dtype(dtype)) for name, dtype in declared.parameters.items()],
        tuple(numbers),
        tuple((name if type(name) is str else None, *limits) for name, limits in integers.items()),
        dict(declared.constants),
        declared.uniform,
        first.shape,
        dict(declared.refuses),
    )  # fmt: skip

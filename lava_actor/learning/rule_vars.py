"""A rule in the Vars of a learning connection.

The Process shows the constants and strings of its rule as Vars. When they are set from outside, the
model makes a new rule from them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from lava_actor.errors import InvalidValueError
from lava_actor.learning import string_symbols as names
from lava_actor.learning.learning_rule import LoihiLearningRule

if TYPE_CHECKING:
    from lava_actor.learning.connection_base import PyLearningConnection

TRACES = (names.X1, names.X2, names.Y1, names.Y2, names.Y3)
CONSTANTS = tuple(f"{trace}_{kind}" for trace in TRACES for kind in ("tau", "impulse"))
TARGETS = (names.DW, names.DD, names.DT)


def rule_from_vars(
    model: PyLearningConnection,
    rule: LoihiLearningRule,
    shown: LoihiLearningRule,
    written: str = "",
) -> LoihiLearningRule | None:
    """Return `rule` with what was set in the Vars of a model; None if nothing was.

    A constant that nobody changed keeps the value it has in `rule`, even where the Var cannot hold
    it (a fraction in fixed point).

    Parameters
    ----------
    model : model of a learning connection
        Its attributes are read; if they describe no valid rule, those of `rule` are put back.
    rule, shown : LoihiLearningRule
        The present rule, and the one that the Vars showed before any was set. Left as they are.
    written : str
        A Var that has just been set, perhaps to what it held.

    Raises
    ------
    InvalidValueError
        If a string is no rule or a constant is negative.
    """
    new = copy.copy(rule)
    try:
        changed = _take_constants(model, shown, new, written) | _take_strings(model, shown, new)
    except ValueError as error:
        show(model, rule)
        raise InvalidValueError(f"{model._la_process_name}: {error}") from error
    return new if changed else None


def _take_constants(
    model: object, shown: LoihiLearningRule, new: LoihiLearningRule, written: str
) -> bool:
    changed = False
    for name in CONSTANTS:
        held = np.asarray(getattr(model, name)).reshape(-1)
        if name == written or held[0] != _as_held(model, shown, name):
            setattr(new, name, held[0])
            changed = True
    return changed


def _as_held(model: object, rule: LoihiLearningRule, constant: str) -> object:
    """Return a constant of the rule the way the Var of the model holds it."""
    return np.asarray(getattr(rule, constant)).astype(np.asarray(getattr(model, constant)).dtype)


def _take_strings(model: object, shown: LoihiLearningRule, new: LoihiLearningRule) -> bool:
    held = {target: _text(getattr(model, target)) for target in TARGETS}
    before, now = (
        {target: getattr(rule, f"{target}_str") for target in TARGETS} for rule in (shown, new)
    )
    if held == before:
        return False
    new.set_strings(**{t: now[t] if held[t] == before[t] else held[t] for t in TARGETS})
    return True


def show(model: object, rule: LoihiLearningRule) -> None:
    """Write the constants and strings of a rule to the Vars of a model."""
    for name in CONSTANTS:
        value = np.array(getattr(model, name))
        value[...] = _as_held(model, rule, name)
        setattr(model, name, value)
    show_strings(model, rule)


def show_strings(model: object, rule: LoihiLearningRule) -> None:
    """Write the strings of a rule to the Vars of a model, which cannot hold None."""
    for target in TARGETS:
        setattr(model, target, getattr(rule, f"{target}_str") or "")


def _text(held: str | None) -> str | None:
    """Return a rule string as it was set: no padding, None if there is none."""
    return (held or "").rstrip("\0") or None

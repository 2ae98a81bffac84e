"""Random numbers that do not depend on how a network is spread over processes.

Every actor gets seeds of its own, derived from one root and the name of its Process (Processes of
one name, and those without a name of their own, are told apart by their order): for the generator
``model.rng``, and, in an actor that is a process, for the global generators of NumPy and of
`random`. Never from process ids, order of start or number of cores.

The root is ``compile_config["seed"]``; without it, it is derived from the present state of NumPy's
global generator in the user's interpreter, so a program that calls ``np.random.seed`` first gets
the same run every time. Asking does not change that state.
"""

from __future__ import annotations

import functools
import hashlib
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lava_actor.errors import InvalidValueError

_DEFAULT_NAME = re.compile(r"Process_\d+")


def root_seed(compile_config: Mapping[str, object]) -> int:
    """The root of all seeds of one network.

    Raises
    ------
    InvalidValueError
        If ``compile_config["seed"]`` is no non-negative integer.
    """
    given = compile_config.get("seed")
    if given is not None:
        if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 0:
            raise InvalidValueError(
                f"compile_config['seed']: expected a non-negative integer, got {given!r}"
            )
        return int(given)
    # the generator of programs that call np.random.seed
    _, keys, position, _, _ = np.random.get_state(legacy=True)  # noqa: NPY002
    digest = hashlib.sha256(np.asarray(keys).tobytes() + str(position).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def actor_seeds(root: int, names: Sequence[str]) -> list[int]:
    """One seed per Process; Processes of one name are told apart by their order.

    Default names count as one: the numbers in them depend on what else was made before.
    """
    seen: Counter[str] = Counter()
    seeds = []
    for given in names:
        name = "Process" if _DEFAULT_NAME.fullmatch(given) else given
        digest = hashlib.sha256(f"{root}/{name}/{seen[name]}".encode()).digest()
        seeds.append(int.from_bytes(digest[:16], "little"))
        seen[name] += 1
    return seeds


@functools.cache
def global_state(seed: int) -> Any:
    """The state NumPy's global generator starts in; a service asks for it before it forks."""
    scratch = _scratch()
    scratch.seed(np.random.SeedSequence(seed).generate_state(4))
    return scratch.get_state(legacy=True)


@functools.cache
def _scratch() -> np.random.RandomState:
    return np.random.RandomState(0)


def seed_globals(seed: int) -> None:
    """Seed the generators that belong to this whole process."""
    random.seed(seed)
    np.random.set_state(global_state(seed))  # noqa: NPY002  (models may use the global generator)

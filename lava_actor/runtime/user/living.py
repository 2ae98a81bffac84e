"""Networks that are alive in this interpreter, and what a forked child does about them."""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from lava_actor.channels.interrupts import held
from lava_actor.errors import RuntimeStateError
from lava_actor.process.hints import warn

if TYPE_CHECKING:
    from lava_actor.runtime.user.network import Network

_alive: weakref.WeakKeyDictionary[Network, int] = weakref.WeakKeyDictionary()
"""Live networks with the number of their start; ended at interpreter exit."""
_numbers = itertools.count()

_MANY = 8
"""From the how manieth live network on each start warns."""


_lock = threading.RLock()
_starting = 0
"""How many networks threads are starting that do not live yet."""
_ended = False


@contextmanager
def starting() -> Iterator[None]:
    """While a network starts; what a thread starts as the interpreter ends would be nobody's."""
    global _starting  # noqa: PLW0603  (a count of this module)
    counted = 0
    try:
        with held(), _lock:
            _refuse_at_exit()
            _starting += 1
            counted = 1
        yield
    finally:
        with held(), _lock:
            _starting -= counted


def add(network: Network) -> None:
    """Count a network among the living."""
    with _lock:
        _refuse_at_exit()
        _alive[network] = next(_numbers)


def _refuse_at_exit() -> None:
    if _ended and threading.current_thread() is not threading.main_thread():
        raise RuntimeStateError("start: the interpreter is ending")


def close(seconds: float) -> None:
    """Let threads start no more networks; give up those that are half-way."""
    global _ended  # noqa: PLW0603  (as above)
    with _lock:
        _ended = True
    deadline = time.monotonic() + seconds
    while _starting and time.monotonic() < deadline:
        time.sleep(0.005)


def discard(network: Network) -> None:
    """Forget a network, if it is known."""
    with _lock:
        _alive.pop(network, None)


def networks() -> list[Any]:
    """Return the live networks of this interpreter, the oldest first."""
    with _lock:
        known = list(_alive.items())
    mine = [(number, network) for network, number in known if network.owner == os.getpid()]
    return [network for _, network in sorted(mine, key=lambda entry: entry[0])]


class Foreign:
    """In place of a ring in a forked child: says whose it is, whatever is asked."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeStateError(self._text)


def _leave_to_parent() -> None:
    global _lock, _starting  # who holds it, or starts one, is not in this process
    _lock, _starting = threading.RLock(), 0
    for network in list(_alive):
        network.leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)


def warn_of_many() -> None:
    """Warn if another network would be one of many that nobody has stopped."""
    others = networks()
    if len(others) + 1 >= _MANY:
        warn(
            f"{len(others)} networks are alive, and one more starts: "
            f"those of {'; '.join(r.members() for r in others[:_MANY])}"
            f"{'; …' if others[_MANY:] else ''}. Each keeps its actors until it is stopped: "
            f"stop() it, use it in a with block, or end all with lava_actor.stop_all(); "
            f"lava_actor.networks() lists them"
        )

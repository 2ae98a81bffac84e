"""A progress bar for a run, drawn from outside: a thread looks at the step the network is at.

The bar costs the actors nothing and holds nothing up: the step is read from shared memory, and a
front end that is slow to draw only sees fewer of its states.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lava_actor.runtime.run_conditions import AbstractRunCondition
    from lava_actor.runtime.runtime import Runtime

#: Seconds between two looks.
LOOK_SECONDS = 0.1

_all = False


def show_all() -> None:
    """Show a bar for every run of this interpreter."""
    global _all  # noqa: PLW0603  (a setting of the interpreter)
    _all = True


def shown(
    runtime: Runtime, condition: AbstractRunCondition
) -> contextlib.AbstractContextManager[None]:
    """Show the run that the block waits for, if bars are wanted."""
    if not _all or not condition.blocking:
        return contextlib.nullcontext()
    return _bar(runtime, getattr(condition, "num_steps", None))


@contextlib.contextmanager
def _bar(runtime: Runtime, steps: int | None) -> Iterator[None]:
    from tqdm.auto import tqdm

    first, over = runtime.current_step, threading.Event()
    with tqdm(total=steps, unit="step", unit_scale=True) as bar:

        def look() -> None:
            while not over.wait(LOOK_SECONDS):
                with contextlib.suppress(Exception):  # the network may end at any moment
                    bar.update(max(0, runtime.current_step - first - bar.n))

        thread = threading.Thread(target=look, name="lava_actor progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        bar.update(max(0, runtime.current_step - first - bar.n))

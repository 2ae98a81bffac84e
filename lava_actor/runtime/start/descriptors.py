"""Which files a process has open, and how many it may: asked before they are needed."""

from __future__ import annotations

import errno
import os
import resource

from lava_actor.errors import TooFewDescriptorsError


def keep_standard_ones() -> None:
    """Let standard input, output and error be the null device if they are closed.

    Else they would be the next thing that is opened: shared memory, written to by whoever prints.
    """
    for standard in range(3):
        try:
            os.fstat(standard)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null == standard:
                os.set_inheritable(null, True)
            else:  # another thread has just opened something there
                os.close(null)


def _lowest_free() -> int:
    """As many are open, or a few more: new ones get the lowest free number."""
    with open(os.devnull) as lowest:
        return lowest.fileno()


def require(more: int, what: str, *, below_hard_limit: bool = False) -> None:
    """Raise `TooFewDescriptorsError` if ``more`` cannot be opened.

    ``below_hard_limit``: the limit that counts is the one up to which a process may raise its own.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[below_hard_limit]
    if limit == resource.RLIM_INFINITY:
        return
    try:
        needed = _lowest_free() + more
    except OSError:
        needed = limit + more
    if needed > limit:
        option = "-Hn" if below_hard_limit else "-n"
        raise TooFewDescriptorsError(
            errno.EMFILE,
            f"{what} needs {needed} open files, {limit} are allowed (ulimit {option})",
        )


def allow(more: int) -> None:
    """Raise this process's limit if it has to be, as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _lowest_free() + more
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

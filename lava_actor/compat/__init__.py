"""Run programs written for Lava: `lava.*` import paths resolved to lava_actor.

::

    import lava_actor.compat
    lava_actor.compat.install()

    from lava.proc.lif.process import LIF          # lava_actor.proc.lif.process.LIF itself

or, with the program untouched, ``python -m lava_actor.compat program.py [arguments]``.

Nothing happens before `install` is called; an installed Lava stays reachable until then, and again
after `uninstall`. `table` holds which Lava module is served by which of ours.
"""

from __future__ import annotations

from lava_actor.compat.finder import install, installed, uninstall
from lava_actor.compat.table import TABLE, Alias

__all__ = ["install", "installed", "uninstall", "TABLE", "Alias"]

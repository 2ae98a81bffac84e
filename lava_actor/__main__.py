"""``python -m lava_actor``: the same as the command ``lava-actor``."""

from __future__ import annotations

from lava_actor.cli.main import main

if __name__ == "__main__":
    main()

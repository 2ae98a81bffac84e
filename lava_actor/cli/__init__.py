"""The command line: ``lava-actor`` or ``python -m lava_actor``."""

"""Names that Lava's own tests and plug-ins import and that lava_actor itself has no use for.

They work as described, stand on our channels where that makes sense, and nothing in lava_actor
depends on them.
"""

"""Getting data into and out of a network."""

from lava_actor.proc.io import (
    dataloader,
    encoder,
    extractor,
    injector,
    reset,
    sink,
    source,
    utils,
)

__all__ = [
    "dataloader", "encoder", "extractor", "injector", "reset", "sink", "source", "utils",
]  # fmt: skip

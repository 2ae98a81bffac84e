"""The MNIST handwritten digits (LeCun, Cortes, Burges, 1998)."""

from __future__ import annotations

import gzip
import os
import struct
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from lava_actor.errors import InvalidValueError, LavaActorError

SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
"""Where missing files are downloaded from."""
FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
DOWNLOAD_TIMEOUT = 60.0
"""Seconds without an answer after which a download is given up."""
IDX_UBYTE = 0x08
"""The type code of unsigned bytes in IDX files."""


class DownloadError(LavaActorError, OSError):
    """A data set could not be downloaded."""


class MnistDataset:
    """The digits as arrays; files that are missing are downloaded once.

    Parameters
    ----------
    data_path
        Folder of the four gzipped IDX files; by default ``~/.cache/lava_actor/mnist``
        (``$XDG_CACHE_HOME`` is honoured).

    Attributes
    ----------
    train_images, test_images : uint8, ``(60000, 784)`` and ``(10000, 784)``
        Row by row: ``image.reshape(28, 28)``.
    train_labels, test_labels : uint8, ``(60000,)`` and ``(10000,)``
    images, labels : the same as train_images and train_labels
    data : ``((train_images, train_labels), (test_images, test_labels))``
    data_path : Path

    Raises
    ------
    DownloadError
        (an `OSError`) if a file is missing and cannot be downloaded.
    InvalidValueError
        (a `ValueError`) if a file is not an IDX file of unsigned bytes.
    """

    def __init__(self, data_path: str | os.PathLike[str] | None = None) -> None:
        self.data_path = Path(data_path) if data_path is not None else _default_path()
        self.train_images = self.images = self._load("train_images")
        self.train_labels = self.labels = self._load("train_labels")
        self.test_images = self._load("test_images")
        self.test_labels = self._load("test_labels")
        self.data = (self.train_images, self.train_labels), (self.test_images, self.test_labels)

    def _load(self, part: str) -> np.ndarray:
        file = self.data_path / FILES[part]
        if not file.exists():
            _download(SOURCE + FILES[part], file)
        items = read_idx(file)
        return items.reshape(len(items), -1) if part.endswith("images") else items


def read_idx(file: Path) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes."""
    content = gzip.decompress(file.read_bytes())
    zeros, kind, rank = struct.unpack_from(">HBB", content)
    if zeros != 0 or kind != IDX_UBYTE:
        raise InvalidValueError(f"{file}: expected an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


def _default_path() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "lava_actor" / "mnist"


def _download(address: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    try:
        with urllib.request.urlopen(address, timeout=DOWNLOAD_TIMEOUT) as answer:
            partial.write_bytes(answer.read())
    except (urllib.error.URLError, TimeoutError) as error:
        raise DownloadError(
            f"{address}: cannot be downloaded ({error}); put it at {file}"
        ) from error
    partial.replace(file)  # a file is either complete or not there

"""The MNIST reader, on files made for the test."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from lava_actor.utils.dataloader import mnist


def write_idx(file: Path, data: np.ndarray, kind: int = mnist.IDX_UBYTE) -> None:
    head = struct.pack(f">HBB{data.ndim}I", 0, kind, data.ndim, *data.shape)
    file.write_bytes(gzip.compress(head + data.tobytes()))


def test_files_in_the_folder_are_read_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    parts = {}
    for name, file in mnist.FILES.items():
        shape = (3, 4, 5) if name.endswith("images") else (3,)
        parts[name] = rng.integers(0, 256, shape, dtype=np.uint8)
        write_idx(tmp_path / file, parts[name])
    digits = mnist.MnistDataset(tmp_path)
    for name, data in parts.items():
        np.testing.assert_array_equal(getattr(digits, name), data.reshape(3, -1).squeeze())
    assert digits.images is digits.train_images
    assert digits.labels is digits.train_labels
    assert digits.data[1] == (digits.test_images, digits.test_labels)
    assert digits.data_path == tmp_path


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.gz"
    write_idx(file, np.zeros(3, dtype=np.uint8), kind=0x0D)
    with pytest.raises(ValueError, match="IDX"):
        mnist.read_idx(file)


def test_a_failed_download_says_where_to_put_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "SOURCE", (tmp_path / "nothing").as_uri() + "/")
    with pytest.raises(OSError, match="put it at"):
        mnist.MnistDataset(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())

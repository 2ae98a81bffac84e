"""The file: a zip of a manifest and arrays that is there in full, or not at all.

Members are stored without compression, so sizes are what they say. The comment at the end of the
zip holds a digest of everything before it: a byte that was lost or changed is found before anything
else is looked at. The file is written beside its place and renamed into it when it is safe on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lava_actor.checkpoint.codec import Document
from lava_actor.errors import CheckpointError

MAGIC = "lava_actor checkpoint"

VERSION = 1
"""Raised when older readers could not understand, or would misunderstand, what is written."""

_FIRST = "format"
_MANIFEST = "manifest.json"
_MEMBER = re.compile(r"(arrays/[0-9a-f]{32}\.npy|pickles/[0-9a-f]{32}\.pickle)\Z")
_COMMENT = re.compile(rb"blake2b:([0-9a-f]{64})\Z")
_COMMENT_BYTES = 72
_CHUNK = 1 << 22
_DATE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file


# -- writing ------------------------------------------------------------------------------------


class Writer:
    """Writes one file.

    Members are written as they come; `close` adds the manifest. Blobs of equal content are stored
    once.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._sizes: dict[str, int] = {}
        self._put(_FIRST, f"{MAGIC}\nversion {VERSION}\n".encode())

    def document(self, document: Document) -> dict[str, Any]:
        """Store the blobs of a document; returns what stands for it in the manifest."""
        blobs = [self._blob(blob) for blob in document.blobs]
        return {"root": document.root, "objects": document.objects, "blobs": blobs}

    def _blob(self, blob: Any) -> str:
        if isinstance(blob, bytes):
            data, folder, suffix = memoryview(blob), "pickles", "pickle"
        else:
            with io.BytesIO() as file:
                np.lib.format.write_array(file, blob, allow_pickle=False)
                data, folder, suffix = memoryview(file.getvalue()), "arrays", "npy"
        name = f"{folder}/{hashlib.blake2b(data, digest_size=16).hexdigest()}.{suffix}"
        if name not in self._sizes:
            self._put(name, data)
        return name

    def _put(self, name: str, data: bytes | memoryview) -> None:
        with self._zip.open(zipfile.ZipInfo(name, _DATE), "w", force_zip64=True) as member:
            member.write(data)
        self._sizes[name] = len(data)

    def abandon(self) -> None:
        """Leave the file as it is, unfinished."""
        self._zip.fp = None

    def close(self, manifest: dict[str, Any]) -> None:
        """Write the manifest and the digest."""
        members = {name: size for name, size in self._sizes.items() if name != _FIRST}
        text = json.dumps({**manifest, "members": members}, allow_nan=False, indent=0)
        self._put(_MANIFEST, text.encode())
        self._zip.comment = b"blake2b:" + b"0" * 64
        self._zip.close()
        end = self._file.seek(-_COMMENT_BYTES, os.SEEK_END)
        digest = _digest(self._file, end)
        self._file.seek(end)
        self._file.write(b"blake2b:" + digest)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a file beside ``path`` and put it there when the block ends well.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to; an older file is left alone.
    """
    folder = path.resolve().parent
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=folder)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            writer = Writer(file)
            try:
                yield writer
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _permissions(path))
        os.replace(name, path.resolve())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(folder)


def _permissions(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(file: BinaryIO, end: int) -> bytes:
    """Digest of the first ``end`` bytes, as hexadecimal digits."""
    found = hashlib.blake2b(digest_size=32)
    file.seek(0)
    left = end
    while left:
        piece = file.read(min(left, _CHUNK))
        if not piece:
            break
        found.update(piece)
        left -= len(piece)
    return found.hexdigest().encode()


# -- reading ------------------------------------------------------------------------------------


@contextlib.contextmanager
def complaints(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into a `CheckpointError` that names it.

    A file may hold anything, so anything may go wrong.
    """
    try:
        yield
    except CheckpointError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise CheckpointError(f"{path}: {error}") from error
    except MemoryError as error:
        raise CheckpointError(f"{path}: not enough memory to load it") from error
    except Exception as error:
        kind = type(error).__name__
        raise CheckpointError(f"{path}: the file makes no sense ({kind}: {error})") from error


class Archive:
    """A file that was found to be whole.

    Attributes
    ----------
    manifest : dict
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = _opened(file)
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) < len(names):
            raise CheckpointError("two members have the same name")
        self._infos = dict(zip(names, infos, strict=True))
        self._check_version()
        for info in infos:
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
                raise CheckpointError(f"{info.filename} is compressed or encrypted")
            if info.file_size != info.compress_size:
                raise CheckpointError(f"{info.filename} has two sizes")
        self.manifest = self._read_manifest()
        self._check_members()

    def _check_version(self) -> None:
        info = self._infos.get(_FIRST)
        text = "" if info is None or info.file_size > 200 else self._zip.read(info).decode()
        found = re.fullmatch(rf"{MAGIC}\nversion (\d{{1,9}})\n", text)
        if found is None:
            raise CheckpointError("the file is no checkpoint")
        version = int(found[1])
        if version > VERSION:
            raise CheckpointError(
                f"expected a checkpoint of version {VERSION} or older, got version {version}: it "
                f"was written by a newer lava_actor"
            )
        if version < 1:
            raise CheckpointError(f"there is no version {version}")

    def _read_manifest(self) -> dict[str, Any]:
        if _MANIFEST not in self._infos:
            raise CheckpointError("there is no manifest")
        found = json.loads(self._zip.read(_MANIFEST), parse_constant=_refuse_constant)
        if not isinstance(found, dict):
            raise CheckpointError("the manifest is no object")
        return found

    def _check_members(self) -> None:
        said = self.manifest["members"]
        there = set(self._infos) - {_FIRST, _MANIFEST}
        if set(said) != there:
            odd = sorted(set(said) ^ there)[0]
            raise CheckpointError(f"{odd} is in the manifest or in the zip, but not in both")
        for name, size in said.items():
            if not _MEMBER.match(name):
                raise CheckpointError(f"no member may be called {name!r}")
            if self._infos[name].file_size != size:
                raise CheckpointError(f"{name} has another size than the manifest says")
            if name.startswith("pickles/") and self.manifest.get("trusted") is not True:
                raise CheckpointError(f"{name} is not announced")

    def document(self, said: dict[str, Any]) -> Document:
        """A document with its blobs; every use of an array has a copy of its own."""
        objects, blobs = said["objects"], said["blobs"]
        if not (isinstance(objects, list) and isinstance(blobs, list)):
            raise CheckpointError("a document is damaged")
        return Document(objects, said["root"], [self._load(name) for name in blobs])

    def _load(self, name: Any) -> Any:
        if name not in self.manifest["members"]:
            raise CheckpointError(f"there is no member {name!r}")
        if name.startswith("pickles/"):
            return self._zip.read(name)
        data = bytearray(self._infos[name].file_size)
        with self._zip.open(name) as member:
            place = memoryview(data)
            while place.nbytes:
                count = member.readinto(place)  # type: ignore[attr-defined]
                if not count:
                    raise CheckpointError(f"{name} ends too early")
                place = place[count:]
        return _parsed(data, name)


def _parsed(data: bytearray, name: str) -> np.ndarray:
    """The array in the bytes of an ``.npy`` file; it keeps the bytes."""
    file = io.BytesIO(memoryview(data)[: 1 << 16])
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise CheckpointError(f"{name}: unknown version of the .npy format: {version}")
    if dtype.hasobject:
        raise CheckpointError(f"{name} holds Python objects")
    size = 1
    for dimension in shape:
        size *= dimension
    start = file.tell()
    if min(shape, default=0) < 0 or size * dtype.itemsize != len(data) - start:
        raise CheckpointError(f"{name} has another size than its header says")
    if size * dtype.itemsize == 0:
        return np.empty(shape, dtype)
    flat = np.frombuffer(data, dtype, offset=start)
    return flat.reshape(shape, order="F" if fortran else "C")


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    size = file.seek(0, os.SEEK_END)
    end = size - _COMMENT_BYTES
    if end < 0:
        raise CheckpointError("the file is no checkpoint, or was cut off")
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise CheckpointError("the file is no checkpoint")
    file.seek(end)
    comment = _COMMENT.fullmatch(file.read())
    if comment is None or _digest(file, end) != comment[1]:
        raise CheckpointError("the file is no checkpoint, or damaged: its digest does not fit")
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"the file is no zip: {error}") from error


def _refuse_constant(text: str) -> Any:
    raise CheckpointError(f"the manifest holds {text}")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open a file for reading.

    Raises
    ------
    CheckpointError
        If it is damaged, of a newer version, or no checkpoint at all.
    OSError
        If there is no such file.
    """
    with open(path, "rb") as file, complaints(path):
        yield Archive(file)

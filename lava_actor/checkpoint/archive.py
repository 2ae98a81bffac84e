"""The file: a zip of a manifest and arrays that is there in full, or not at all.

Members are stored without compression, so sizes are what they say. The comment at the end of the
zip holds a digest of everything before it: a byte that was lost or changed is found before anything
else is looked at. The file is written beside its place and renamed into it when it is safe on disk.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import re
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lava_actor.channels.interrupts import held, let_through
from lava_actor.checkpoint.arrays import Part, Said
from lava_actor.checkpoint.codec import Document
from lava_actor.errors import CheckpointError

MAGIC = "lava_actor checkpoint"

VERSION = 3
"""Raised when other readers could not understand, or would misunderstand, what is written."""

OLDEST = 2
"""The first version that is still read."""

NEW_NAMES = 3
"""The first version in which names of ours begin with ``_la_``."""

_FIRST = "format"
_MANIFEST = "manifest.json"
_MEMBER = re.compile(r"(arrays/[0-9a-f]{32}\.npy|pickles/[0-9a-f]{32}\.pickle)\Z")
_COMMENT = re.compile(rb"blake2b:([0-9a-f]{64})\Z")
_COMMENT_BYTES = 72
_CHUNK = 1 << 22
_DATE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file


# -- writing ------------------------------------------------------------------------------------


class Writer:
    """Writes one file: members as they come, each content once; `close` adds the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._put(_FIRST, f"{MAGIC}\nversion {VERSION}\n".encode())

    def document(self, document: Document) -> Said:
        """Store the blobs of a document; returns what stands for it in the manifest."""
        blobs = [self._blob(blob) for blob in document.blobs]
        return {"root": document.root, "objects": document.objects, "blobs": blobs}

    def _blob(self, blob: Part) -> str:
        kind, parts = ("pickles/{}.pickle", [blob])
        if not isinstance(blob, bytes):
            kind, parts = "arrays/{}.npy", _npy(blob)
        digest = hashlib.blake2b(digest_size=16)
        for part in parts:
            digest.update(part)
        name = kind.format(digest.hexdigest())
        if name not in self._zip.NameToInfo:
            self._put(name, *parts)
        return name

    def _put(self, name: str, *parts: bytes | memoryview) -> None:
        with self._zip.open(zipfile.ZipInfo(name, _DATE), "w", force_zip64=True) as member:
            for part in parts:
                member.write(part)

    def abandon(self) -> None:
        """Leave the file as it is, unfinished."""
        self._zip.fp = None

    def close(self, manifest: Said) -> None:
        """Write the manifest and the digest."""
        self._put(_MANIFEST, json.dumps(manifest, allow_nan=False).encode())
        self._zip.comment = b"blake2b:" + b"0" * 64
        self._zip.close()
        end = self._file.seek(-_COMMENT_BYTES, os.SEEK_END)
        digest = _digest(self._file, end)
        self._file.seek(end)
        self._file.write(b"blake2b:" + digest)


def _npy(array: np.ndarray) -> list[bytes | memoryview]:
    """The bytes of an ``.npy`` file: header and memory."""
    with io.BytesIO() as file:
        described = np.lib.format.header_data_from_array_1_0(array)
        np.lib.format.write_array_header_1_0(file, described)
        header = file.getvalue()
    array = array.T if described["fortran_order"] else np.ascontiguousarray(array)
    return [header, array.reshape(-1).view(np.uint8).data if array.nbytes else b""]


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write a file beside ``path`` and put it there when the block ends well.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to; an older file is left alone.
    """
    path = path.resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "expected a file, this is a folder", str(path))
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(part, "x+b") as file:
            writer = Writer(file)
            try:
                yield writer
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # there is no older file
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    with held():  # the file is there: an interrupt comes after it
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):  # some file systems cannot
                os.fsync(folder)
        finally:
            os.close(folder)


def _digest(file: BinaryIO, end: int) -> bytes:
    """Digest of the first ``end`` bytes, as hexadecimal digits."""
    found = hashlib.blake2b(digest_size=32)
    file.seek(0)
    for start in range(0, end, _CHUNK):
        found.update(file.read(min(end - start, _CHUNK)))
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
        let_through(error)
        kind = type(error).__name__
        raise CheckpointError(f"{path}: the file makes no sense ({kind}: {error})") from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open a file for reading.

    Raises
    ------
    CheckpointError
        If it is damaged, of another version, or no checkpoint at all.
    OSError
        If there is no such file.
    """
    with open(path, "rb") as file, complaints(path):
        yield Archive(file)


class Archive:
    """A file that was found to be whole.

    Attributes
    ----------
    manifest : dict
    version : int
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = _opened(file)
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) < len(infos):
            raise CheckpointError("two members have the same name")
        self.version = self._read_version()
        for name, info in self._infos.items():
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
                raise CheckpointError(f"{name} is compressed or encrypted")
            if info.file_size != info.compress_size:
                raise CheckpointError(f"{name} has two sizes")
            if name not in (_FIRST, _MANIFEST) and not _MEMBER.match(name):
                raise CheckpointError(f"no member may be called {name!r}")
        self.manifest = json.loads(self._zip.read(_MANIFEST), parse_constant=_refuse_constant)

    def _read_version(self) -> int:
        info = self._infos.get(_FIRST)
        text = "" if info is None or info.file_size > 200 else self._zip.read(info).decode()
        found = re.fullmatch(rf"{MAGIC}\nversion (\d{{1,9}})\n", text)
        if found is None:
            raise CheckpointError("the file is no checkpoint")
        if not OLDEST <= int(found[1]) <= VERSION:
            writer = "a newer" if int(found[1]) > VERSION else "an older"
            raise CheckpointError(
                f"expected a checkpoint of version {VERSION}, got version {found[1]}: it was "
                f"written by {writer} lava_actor, which can read it"
            )
        return int(found[1])

    def document(self, said: dict[str, object]) -> Document:
        """A document with its blobs; every use of an array has a copy of its own."""
        objects, blobs = said["objects"], said["blobs"]
        if not (isinstance(objects, list) and isinstance(blobs, list)):
            raise CheckpointError("a document is damaged")
        return Document(objects, said["root"], [self._load(name) for name in blobs])

    def _load(self, name: Part) -> Part:
        if not _MEMBER.match(name) or name not in self._infos:
            raise CheckpointError(f"there is no member {name!r}")
        if name.endswith(".pickle"):
            return self._zip.read(name)
        with self._zip.open(name) as member:
            version = np.lib.format.read_magic(member)
            if version != (1, 0):
                raise CheckpointError(f"{name}: unknown version of the .npy format: {version}")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
            if dtype.hasobject:
                raise CheckpointError(f"{name} holds Python objects")
            size = math.prod(shape) * dtype.itemsize
            if min(shape, default=0) < 0 or size != self._infos[name].file_size - member.tell():
                raise CheckpointError(f"{name} has another size than its header says")
            array = np.empty(shape, dtype, "F" if fortran else "C")
            place = array.T.reshape(-1) if fortran else array.reshape(-1)
            data = place.view(np.uint8).data if size else memoryview(b"")
            for start in range(0, size, _CHUNK):
                data[start : start + _CHUNK] = member.read(_CHUNK)
        return array


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    end = file.seek(0, os.SEEK_END) - _COMMENT_BYTES
    file.seek(max(end, 0))
    comment = _COMMENT.fullmatch(file.read())
    file.seek(0)
    if file.read(4) != b"PK\x03\x04" or end < 0:
        raise CheckpointError("the file is no checkpoint, or was cut off")
    if comment is None or _digest(file, end) != comment[1]:
        raise CheckpointError("the file is no checkpoint, or damaged: its digest does not fit")
    return zipfile.ZipFile(file)


def _refuse_constant(text: str) -> object:
    raise CheckpointError(f"the manifest holds {text}")

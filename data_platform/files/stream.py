"""A file's bytes, wherever it is: local or in a bucket, gzip or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from data_platform.files.errors import FileError

CHUNK = 1 << 22
"""How many bytes are in memory at a time."""
GZIP = b"\x1f\x8b"
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """The file's content, decompressed. Raises FileError where it cannot be opened or its compression is damaged."""
    with raw(path) as stream:
        if is_compressed(stream):
            with gzip.GzipFile(fileobj=stream) as content, damage(path):
                yield content  # type: ignore[misc]
        else:
            yield stream


@contextmanager
def raw(path: str) -> Iterator[IO[bytes]]:
    """The file's bytes as they are stored."""
    try:
        stream: Any = bucket(path).open(path, "rb") if is_remote(path) else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise FileError(path, f"cannot be opened: {error.strerror or error}") from error
    with stream:
        yield stream


@contextmanager
def damage(path: str) -> Iterator[None]:
    """Turns what gzip says about a damaged file into a FileError."""
    try:
        yield
    except BROKEN as error:
        cut = isinstance(error, EOFError)
        problem = "the gzip file is cut off" if cut else f"the gzip file is damaged ({error})"
        raise FileError(path, problem, "get the whole file from its source again") from error


def is_compressed(stream: IO[bytes]) -> bool:
    """Whether gzip begins here; the stream stays where it is."""
    first = stream.read(len(GZIP))
    stream.seek(0)
    return first == GZIP


def chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def is_remote(path: str) -> bool:
    return path.startswith("s3://")


def bucket(path: str) -> Any:
    """The file system of an `s3://` address, configured as the warehouse's is."""
    from data_platform.lakehouse.storage import filesystem

    return filesystem(path)

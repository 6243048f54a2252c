"""`Files(...)`: which files a producer reads, said once, where it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from data_platform.files.errors import FileError
from data_platform.files.formats import Csv, Format
from data_platform.files.stream import bucket, is_remote


@dataclass(frozen=True, slots=True)
class Files:
    """A typed parameter's annotation: `Annotated[duckdb.DuckDBPyRelation, Files("orders/*.csv", Csv(delimiter=";"))]`.

    Each time the dataset is produced all files there are read, as one frame: the order of their names, then of their
    rows. `location` is a path or glob, from the folder `DATA_PLATFORM_FILES` unless absolute, or `s3://bucket/key*`.
    """

    location: str
    format: Format = field(default_factory=Csv)


def locate(location: str, base: str) -> Sequence[str]:
    """The files at a location, sorted; FileError where there are none. A location that is the name of a file means
    that file, even with characters that have a meaning in globs."""
    where = resolved(location, base)
    found = _remote(where) if is_remote(where) else _local(where)
    if not found:
        given = "" if where == location else f" (asked for as {location}, from {base})"
        raise FileError(where, f"there is no such file{given}", "check the path, or set DATA_PLATFORM_FILES")
    return sorted(found)


def resolved(location: str, base: str) -> str:
    """The location as an absolute path or a URI."""
    if "://" in location:
        if not is_remote(location):
            raise FileError(location, "only local files and s3:// are read", "copy the file to one of them")
        return location
    if "://" in base and not Path(location).is_absolute():
        return f"{base.rstrip('/')}/{location}"
    return str(Path(base, Path(location).expanduser()))


def _local(where: str) -> list[str]:
    if Path(where).is_file():
        return [where]
    if Path(where).is_dir():
        raise FileError(where, "is a folder", f"say which files in it, e.g. {where.rstrip('/')}/*.csv")
    found = glob(where, recursive=True) if has_magic(where) else []  # noqa: PTH207 (Path's has no absolute globs)
    return [each for each in found if Path(each).is_file()]


def _remote(where: str) -> list[str]:
    files = bucket(where)
    try:
        if has_magic(where):
            return [f"s3://{each}" for each, about in files.glob(where, detail=True).items() if about["type"] == "file"]
        return [where] if files.isfile(where) else []
    except OSError as error:
        raise FileError(where, f"the bucket cannot be listed: {error}", "check its name and the credentials") from error

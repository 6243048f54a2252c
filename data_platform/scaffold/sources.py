"""What is asked for on the command line, as sources: paths, globs and addresses in a bucket."""

from __future__ import annotations

import glob as globbing
from collections.abc import Sequence
from pathlib import Path

from data_platform.files.detect import detect
from data_platform.files.formats import Csv
from data_platform.files.records import first_names
from data_platform.files.source import locate
from data_platform.scaffold.model import ScaffoldError, Source
from data_platform.scaffold.names import dataset_names, distinct


def sources(asked: Sequence[str], domain: str, base: str) -> list[Source]:
    """One source per file, and one for a glob whose files all have the same columns.

    Raises ScaffoldError where nothing is asked for, FileError for a file that cannot be read.
    """
    if not asked:
        raise ScaffoldError("no files were named; name one file or more, or a glob")
    groups: list[tuple[str, tuple[str, ...]]] = []
    for each in asked:
        paths = tuple(locate(each, str(Path.cwd())))
        together = len(paths) > 1 and alike(paths)
        groups += [(each, paths)] if together else [(path, (path,)) for path in paths]
    groups = list(dict.fromkeys(groups))
    names = dataset_names([called(location) for location, _ in groups], domain)
    return [
        Source(name, location_of(location, base), paths, detect(paths[0]))
        for name, (location, paths) in zip(distinct(names), groups, strict=True)
    ]


def alike(paths: Sequence[str]) -> bool:
    """Whether files are written down in one way and have the same columns."""
    first, *others = [detect(path) for path in paths]
    if any(each != first for each in others):
        return False
    return not isinstance(first, Csv) or len({first_names(path, first) for path in paths}) == 1


def called(location: str) -> str:
    """What a location is called after: for a glob such as `orders/*.csv` its folder."""
    path = location.rstrip("/")
    stem = path.rpartition("/")[2].partition(".")[0]
    if globbing.has_magic(stem) and not any(character.isalnum() for character in stem):
        return path.rpartition("/")[0]
    return path


def location_of(location: str, base: str) -> str:
    """The location as code says it: relative to where the platform's files begin, or absolute."""
    if "://" in location:
        return location
    whole = Path.cwd() / Path(location).expanduser()
    absolute = Path(*whole.parts) if globbing.has_magic(str(whole)) else whole.resolve()
    return (
        absolute.relative_to(base).as_posix() if "://" not in base and absolute.is_relative_to(base) else str(absolute)
    )


def size_of(paths: Sequence[str]) -> int:
    """Bytes of some files together, as they will be read: compressed ones grow about five times."""
    from data_platform.files.stream import is_remote

    total = 0
    for path in paths:
        size = _remote_size(path) if is_remote(path) else Path(path).stat().st_size
        total += size * 5 if path.endswith((".gz", ".parquet")) else size
    return total


def _remote_size(path: str) -> int:
    from data_platform.files.stream import bucket

    return int(bucket(path).size(path) or 0)

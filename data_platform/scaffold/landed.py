"""What is asked for as landing zones: a glob, a folder, or one file as an example of those that will come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import has_magic
from pathlib import Path, PurePosixPath

from data_platform.files.detect import detect
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.names import MOMENT
from data_platform.scaffold.model import ScaffoldError, Source
from data_platform.scaffold.names import dataset_names, distinct
from data_platform.scaffold.sources import alike, called, location_of


def landing_sources(asked: Sequence[str], domain: str, base: str) -> list[Source]:
    """One source per landing zone. Raises ScaffoldError where nothing has landed there or its files are of several
    kinds, FileError for a file that cannot be read."""
    if not asked:
        raise ScaffoldError("no landing zone was named; name a folder, a glob or a file")
    locations = list(dict.fromkeys(pattern_of(each) for each in asked))
    found = [_files(each) for each in locations]
    names = distinct(dataset_names([called(each) for each in locations], domain))
    return [
        Source(name, location_of(location, base), paths, detect(paths[0]), lands=True)
        for name, location, paths in zip(names, locations, found, strict=True)
    ]


def pattern_of(asked: str) -> str:
    """The glob that means a landing zone: of a folder all files, of a file those with another time in their name."""
    if has_magic(asked):
        return asked
    folder = Folder(_whole(asked).rstrip("/"), "*")
    if not (folder.is_remote or Path(folder.root).is_dir()):
        return _like(asked)
    if listed := folder.listed():
        return f"{asked.rstrip('/')}/*{_ending(asked, [each.path for each in listed])}"
    if not folder.is_remote or asked.endswith("/"):
        raise ScaffoldError(f"{asked}: no file has landed there yet; drop one there, to learn from")
    return _like(asked)


def _like(asked: str) -> str:
    """The files that come after this one: where its name has no time, all of its kind in its folder."""
    folder, slash, name = asked.rpartition("/")
    similar = re.sub(r"\*[-_.]?\d+(?!\w)", "*", MOMENT.sub("*", name))
    return f"{folder}{slash}{similar if similar != name else '*' + suffix(name)}"


def _ending(asked: str, names: Sequence[str]) -> str:
    endings = sorted({suffix(name) for name in names})
    if len(endings) > 1:
        shown = " and ".join(f"{asked.rstrip('/')}/*{each}" for each in endings)
        raise ScaffoldError(f"{asked} has files of several kinds; name those of one dataset, one of {shown}")
    return endings[0]


def suffix(name: str) -> str:
    """What a file's name ends with: `.csv`, `.csv.gz`."""
    suffixes = PurePosixPath(name).suffixes
    return "".join(suffixes[-2:]) if suffixes[-1:] == [".gz"] else "".join(suffixes[-1:])


def _files(location: str) -> tuple[str, ...]:
    """The files that landed, of one kind."""
    folder = Folder.of(_whole(location), "/")
    paths = tuple(folder.at(each.path) for each in folder.listed())
    if not paths:
        raise ScaffoldError(f"{location}: no file has landed there yet; drop one there, to learn from")
    if len(paths) > 1 and not alike(paths):
        raise ScaffoldError(
            f"the files of {location} are not alike: they differ in their format or in their columns; give each kind a "
            "pattern of its own, as in orders-*.csv"
        )
    return paths


def _whole(location: str) -> str:
    return location if "://" in location else str(Path.cwd() / Path(location).expanduser())

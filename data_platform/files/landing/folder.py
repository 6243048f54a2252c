"""The folder or bucket prefix that files land in: what is there, its bytes as a hash, and moving a file without loss."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

REFUSED, REASON = "_refused", ".reason.json"
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", "~")
"""Endings of files that programs still write."""
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a folder lists it: `path` is below the folder, `modified` in seconds since 1970, `etag` a bucket's."""

    path: str
    size: int
    modified: float
    etag: str = ""

    @property
    def stamp(self) -> tuple[int, float, str]:
        """While this is the same, so are the bytes."""
        return self.size, self.modified, self.etag


@dataclass(frozen=True)
class Folder:
    """`root` is an absolute folder or `s3://bucket/prefix`; `pattern` the wildcards below it."""

    root: str
    pattern: str

    @classmethod
    def of(cls, location: str, base: str) -> Folder:
        """The folder before the first wildcard of a location (from `base`, unless absolute)."""
        full = location if "://" in location or location.startswith("/") else f"{base.rstrip('/')}/{location}"
        parts = full.split("/")
        place = next((i for i, part in enumerate(parts) if any(mark in part for mark in "*?[")), len(parts) - 1)
        return cls("/".join(parts[:place]) or "/", "/".join(parts[place:]))

    @property
    def is_remote(self) -> bool:
        return "://" in self.root

    @cached_property
    def _remote(self) -> Any:
        from data_platform.lakehouse.storage import filesystem

        return filesystem(self.root)

    def at(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"

    def listed(self) -> list[Listed]:
        """The files that match, sorted by name; no hidden ones, none under `_...` and none that are still written."""
        found = self._listed_remote() if self.is_remote else self._listed_local()
        return sorted((each for each in found if not ignored(each.path)), key=lambda each: each.path)

    def _listed_local(self) -> Iterator[Listed]:
        start = len(self.root.rstrip("/")) + 1
        for path in Path(self.root).glob(self.pattern):
            if (there := self.listing(str(path)[start:])) is not None:
                yield there

    def _listed_remote(self) -> Iterator[Listed]:
        self._remote.invalidate_cache()
        for key, known in self._remote.glob(self.at(self.pattern), detail=True).items():
            if known["type"] == "file":
                yield _remote_listing(key[len(self.root.removeprefix("s3://").rstrip("/")) + 1 :], known)

    def listing(self, path: str) -> Listed | None:
        """One file as it is now; None where it is gone, or no file."""
        if self.is_remote:
            self._remote.invalidate_cache()
            with suppress(FileNotFoundError):
                return _remote_listing(path, self._remote.info(self.at(path)))
            return None
        with suppress(FileNotFoundError, NotADirectoryError):
            known = Path(self.at(path)).stat()
            return Listed(path, known.st_size, known.st_mtime) if stat.S_ISREG(known.st_mode) else None
        return None

    def hash_of(self, path: str) -> str:
        """SHA-256 of the bytes, read in pieces. Raises OSError where they cannot be read."""
        digest = hashlib.sha256()
        with self._remote.open(self.at(path), "rb") if self.is_remote else Path(self.at(path)).open("rb") as file:
            while piece := file.read(CHUNK):
                digest.update(piece)
        return digest.hexdigest()

    def set_aside(self, path: str, reason: str) -> str:
        """Move a file under `_refused/`, its `reason` (JSON) beside it; never over another. Returns where it is now.

        Raises FileNotFoundError where it is gone.
        """
        name, ending = _ending(path)
        number = 0
        while True:
            number += 1
            target = f"{REFUSED}/{name}{f'.{number}' if number > 1 else ''}{ending}"
            if self._exists(target + REASON):
                continue
            self._write(target + REASON, reason)  # first: a file without its reason would be a riddle
            try:
                self.move(path, target)
            except FileExistsError:
                self._remove(target + REASON)
            except FileNotFoundError:
                self._remove(target + REASON)
                raise
            else:
                return target

    def put_back(self, aside: str, path: str) -> None:
        """Undo `set_aside`. Raises FileExistsError where another file has the name, FileNotFoundError where it is gone."""
        self.move(aside, path)
        self._remove(aside + REASON)

    def move(self, path: str, target: str) -> None:
        """Raises FileExistsError rather than overwrite, and FileNotFoundError where there is nothing to move."""
        if self.is_remote:
            if self._exists(target):
                raise FileExistsError(target)
            self._remote.copy(self.at(path), self.at(target))
            self._remote.rm_file(self.at(path))
            return
        destination = Path(self.at(target))
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.at(path), destination)  # unlike a rename it never overwrites
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:  # a file system without links
            if destination.exists():
                raise FileExistsError(target) from None
            Path(self.at(path)).rename(destination)
        else:
            Path(self.at(path)).unlink()

    def _exists(self, path: str) -> bool:
        return self._remote.exists(self.at(path)) if self.is_remote else Path(self.at(path)).exists()

    def _write(self, path: str, content: str) -> None:
        if self.is_remote:
            self._remote.pipe_file(self.at(path), content.encode())
        else:
            Path(self.at(path)).parent.mkdir(parents=True, exist_ok=True)
            Path(self.at(path)).write_text(content)

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._remote.rm_file(self.at(path)) if self.is_remote else Path(self.at(path)).unlink()


def ignored(path: str) -> bool:
    """Whether a file is nobody's delivery: hidden, ours (`_...`), or still written by the name it has."""
    return any(part.startswith((".", "_")) for part in path.split("/")) or path.lower().endswith(UNFINISHED)


def _remote_listing(path: str, known: Any) -> Listed:
    changed = known.get("LastModified")
    return Listed(path, known["size"], changed.timestamp() if changed else 0.0, str(known.get("ETag", "")).strip('"'))


def _ending(path: str) -> tuple[str, str]:
    """A path without its endings, and them: `a/b.csv.gz` is `a/b` and `.csv.gz`."""
    endings = "".join(PurePosixPath(path).suffixes[-2:]) if path.endswith(".gz") else PurePosixPath(path).suffix
    return path.removesuffix(endings) if endings else path, endings

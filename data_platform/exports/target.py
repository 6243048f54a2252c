"""Where a file is put: a local path or `s3://`; all of it at once or nothing, and never over another by accident."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_platform.exports.errors import ExportError


@contextmanager
def created(target: str, *, force: bool = False) -> Iterator[Path]:
    """A path to write to. What is there at the end becomes `target` in one step; after an exception nothing does.

    Raises ExportError where `target` is there already and `force` is false, or its folder is not.
    """
    if target.startswith("s3://"):
        yield from _in_bucket(target, force)
    else:
        yield from _in_folder(Path(target).expanduser().resolve(), force)


def _in_folder(target: Path, force: bool) -> Iterator[Path]:
    if not target.parent.is_dir():
        raise ExportError(f"{target}: there is no folder {target.parent}; make it first")
    if target.exists() and not target.is_file():
        raise ExportError(
            f"{target} is {'a folder; name a file in it' if target.is_dir() else 'no file, but a device or the like'}"
        )
    if target.exists() and not force:
        raise _taken(target)
    draft = target.with_name(f".{uuid.uuid4().hex}.{target.name}")
    try:
        yield draft
        if force:
            draft.replace(target)
        else:
            _link(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, target: Path) -> None:
    """A link, other than a rename, fails where somebody else made the file meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without links
        draft.replace(target)


def _in_bucket(target: str, force: bool) -> Iterator[Path]:
    from data_platform.lakehouse.storage import filesystem

    bucket = filesystem(target)
    bucket.invalidate_cache()
    if not force and bucket.exists(target):
        raise _taken(target)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / target.rpartition("/")[2]
        yield draft
        bucket.put_file(str(draft), target)  # an object appears when it is complete


def _taken(target: Path | str) -> ExportError:
    return ExportError(f"{target} is there already; --force replaces it")

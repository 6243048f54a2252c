"""`Reading`: how long files are being read, for their rows are fetched later than they are asked for."""

from __future__ import annotations

import atexit
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from data_platform.files.errors import FileError
from data_platform.files.formats import Format


class Reading:
    """Files being read: `with Reading() as reading: rows = read(..., reading=reading)`, for as long as the rows are needed.

    DuckDB's relations are lazy. So at the end of the block temporary copies are removed, and an error of DuckDB's
    about one of the files leaves it as a FileError with its place.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = count()
        self.sources: dict[str, tuple[str, Format]] = {}
        """What DuckDB reads: the file it comes from, and how that is written down."""

    def copy(self, path: str, form: Format, suffix: str) -> str:
        """The path of a new temporary file, a copy of `path`."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="data-platform-files-")
        made = str(Path(self._folder.name) / f"{next(self._numbers)}{suffix}")
        self.sources[made] = (path, form)
        return made

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder, self.sources = None, {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            found = None if error is None else self.located(error)
        finally:
            self.close()
        if found is not None:
            raise found from error

    def located(self, error: BaseException) -> FileError | None:
        """The place in one of these files that an error of DuckDB's is about; None where it is about something else."""
        import duckdb

        from data_platform.files.faults import fault

        if not isinstance(error, duckdb.Error):
            return None
        about = next((each for each in sorted(self.sources, key=len, reverse=True) if each in str(error)), None)
        return fault(*self.sources[about], str(error)) if about else None


KEPT = Reading()
"""What was read without a block around it: notebooks, tests."""
atexit.register(KEPT.close)

"""A file's columns as the dataset's: renamed, missing values null, spellings made canonical."""

from __future__ import annotations

from collections.abc import Container, Sequence

from data_platform.files.errors import FileError
from data_platform.files.formats import Csv, Format, Json
from data_platform.files.spelling import canonical
from data_platform.quality.sql import identifier, text


def renamed(path: str, names: Sequence[str], form: Format) -> tuple[str, ...]:
    """The dataset's names of a file's columns; FileError where two would have the same."""
    given = tuple(form.rename.get(name, name) for name in names)
    seen: dict[str, str] = {}
    for name, new in zip(names, given, strict=True):
        if other := seen.get(new.casefold()):
            raise FileError(path, f"{other} and {name} would both be {new}", "mend its format's `rename`", column=name)
        seen[new.casefold()] = name
    return given


def value(source: str, name: str, form: Csv | Json) -> str:
    """The expression of a text `source` (an expression itself) as the value of the dataset's column `name`."""
    if isinstance(form, Csv) and "" not in form.nulls:  # which DuckDB has already made null
        source = f"coalesce({source}, '')"
    nulls = [*form.nulls, *form.missing.get(name, ())]
    if nulls:
        source = f"CASE WHEN {source} IN ({', '.join(text(null) for null in nulls)}) THEN NULL ELSE {source} END"
    return canonical(source, form.spellings[name]) if name in form.spellings else source


def selected(
    path: str, names: Sequence[str], form: Csv | Json, sources: Sequence[str], nested: Container[str] = ()
) -> str:
    """What to select, of the expressions `sources`, one for each name in the file; `nested` ones are no text."""
    pairs = zip(sources, renamed(path, names, form), strict=True)
    return ", ".join(
        f"{source if name in nested else value(source, name, form)} AS {identifier(name)}" for source, name in pairs
    )

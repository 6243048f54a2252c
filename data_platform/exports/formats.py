"""The kinds of files there are."""

from __future__ import annotations

from dataclasses import dataclass

from data_platform.exports.errors import ExportError


@dataclass(frozen=True, slots=True)
class Format:
    """`copy` are the options of DuckDB's COPY, '' where we write the file ourselves; `flat` formats hold no nested values
    and no bytes, which become JSON and hexadecimal digits."""

    name: str
    mime: str
    copy: str = ""
    flat: bool = False


FORMATS = {  # by the end of a file's name
    "xlsx": Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", flat=True),
    "csv": Format("csv", "text/csv", "FORMAT csv, HEADER", flat=True),
    "csv.gz": Format("csv.gz", "application/gzip", "FORMAT csv, HEADER, COMPRESSION gzip", flat=True),
    "json": Format("json", "application/json", "FORMAT json, ARRAY true"),
    "jsonl": Format("jsonl", "application/jsonl", "FORMAT json"),
    "parquet": Format("parquet", "application/vnd.apache.parquet", "FORMAT parquet, COMPRESSION zstd"),
}


def format_named(name: str) -> Format:
    """ExportError where there is none of that name."""
    if name not in FORMATS:
        raise ExportError(f"{name!r} is no format; use one of {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of(target: str) -> Format:
    """The format that a file's name ends in; ExportError where it ends in none."""
    lower = target.lower()
    for ending in sorted(FORMATS, key=len, reverse=True):
        if lower.endswith(f".{ending}"):
            return FORMATS[ending]
    raise ExportError(f"{target}: the name must end in one of {', '.join(f'.{ending}' for ending in FORMATS)}")


def is_nested(kind: str) -> bool:
    """Whether values of DuckDB's type `kind`, in lower case, hold others."""
    return kind.endswith("]") or kind.startswith(("struct", "map", "union", "json", "variant"))

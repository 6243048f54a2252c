"""An answer written to one file, batch by batch: DuckDB writes all formats but XLSX itself."""

# pyright: reportOptionalMemberAccess=false
# (duckdb is typed as if a query might return nothing)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data_platform.contracts import Contract
from data_platform.exports.errors import ExportError
from data_platform.exports.formats import Format, format_of, is_nested
from data_platform.exports.target import created
from data_platform.lake import Library
from data_platform.lake.moment import At
from data_platform.lake.query import Answer
from data_platform.quality.sql import identifier, identifiers, text


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; `notes` are what the reader should know about it."""

    rows: int
    bytes: int
    notes: tuple[str, ...] = ()


def export_query(
    library: Library,
    query: str,
    target: str,
    form: Format | None = None,
    at: At = None,
    *,
    limit: int | None = None,
    force: bool = False,
) -> Exported:
    """The answer to a query as a file; the format is that of the file's name unless told. ExportError, LakeError."""
    form = form or format_of(target)
    with created(target, force=force) as draft:
        asked = library.ask(query, at=at, writes=[str(draft)])
        rows = write(asked, draft, form, limit=limit)
        return Exported(rows, draft.stat().st_size, asked.notes)


def export_dataset(
    library: Library,
    contract: Contract,
    draft: Path,
    form: Format,
    partitions: tuple[str, ...] | None = None,
    columns: tuple[str, ...] = (),
    where: str = "",
    at: At = None,
) -> Exported:
    """Rows of one dataset as a file at `draft`: the columns named, or all that the reader is cleared for; of some
    partitions, or of all; those for which the SQL condition `where` holds."""
    chosen = library.reader.choose(contract, columns) or [each.name for each in library.reader.columns(contract)]
    query = f"SELECT {identifiers(chosen)} FROM {identifier(contract.domain)}.{identifier(contract.name)}"
    if where:
        query += f" WHERE (\n{where}\n)"
    narrowed = {contract.dataset: partitions} if partitions is not None else {}
    asked = library.ask(query, at=at, partitions=narrowed, writes=[str(draft)])
    rows = write(asked, draft, form, sheet=contract.name)
    left_out = [library.reader.left_out(contract)] if not columns else []
    return Exported(rows, draft.stat().st_size, (*filter(None, left_out), *asked.notes))


def write(asked: Answer, draft: Path, form: Format, *, sheet: str = "answer", limit: int | None = None) -> int:
    """The number of rows written to the file `draft`, one of those that the answer may become.

    Raises LakeError for what is wrong with the query, ExportError for what the format cannot hold.
    """
    with asked.computing() as rows:
        rows = rows if limit is None else rows.limit(limit)
        if not form.copy:
            from data_platform.exports.xlsx import write_sheet

            return write_sheet(rows, draft, sheet)
        columns = [
            _fit(form, identifier(name), str(kind).lower()) for name, kind in zip(rows.columns, rows.types, strict=True)
        ]
        rows = rows.query("answer", f"SELECT {', '.join(columns)} FROM answer")
        done = rows.query("answer", f"COPY (FROM answer) TO {text(str(draft))} ({form.copy}, USE_TMP_FILE false)")
        found = done.fetchall() if done is not None else []
    if not found:
        raise ExportError(f"{draft.name} was not written")
    return int(found[0][0])


def _fit(form: Format, column: str, kind: str) -> str:
    """A column as the format can hold it: nested values and bytes in a flat one, NaN and infinity in JSON."""
    if form.flat and is_nested(kind):
        return f"CAST(to_json({column}) AS VARCHAR) AS {column}"
    if form.flat and kind == "blob":
        return f"hex({column}) AS {column}"
    if form.name.startswith("json") and kind in ("double", "float"):
        spelt = f"to_json(CAST({column} AS VARCHAR))"
        return f"CASE WHEN isfinite({column}) THEN to_json({column}) ELSE {spelt} END AS {column}"
    return column

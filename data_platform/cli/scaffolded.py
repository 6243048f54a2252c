"""What `dp scaffold` prints: what was inferred, how sure that is, and what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.cli.output import Format, console, print_json, print_table
from data_platform.cli.project import DOMAINS

if TYPE_CHECKING:
    from data_platform.scaffold.model import ColumnProfile, Findings, TableProfile
    from data_platform.scaffold.scaffold import Scaffolded


COLUMNS = ("column", "type", "sure", "missing", "distinct (about)", "proposed", "to know")


def show(done: Scaffolded, dry_run: bool, output: Format) -> None:
    if output is Format.JSON:
        print_json(as_json(done, dry_run))
        return
    told_findings(done.findings)
    if dry_run:
        for path, text in done.texts.items():
            console.rule(shown(path), align="left", style="dim")
            console.print(text, markup=False, soft_wrap=True)
    told_files(done.files, dry_run)
    if dry_run:
        return
    to_do = sum(text.count("TODO") for text in done.texts.values())
    console.print(f"\nNext: read the {to_do} TODOs in {shown(done.domain.folder)}, then")
    if done.domain.out == DOMAINS:
        for command in commands(done):
            console.print(f"  {command}", markup=False)
    console.print(f"  pytest {shown(done.domain.tests)}", markup=False)


def commands(done: Scaffolded) -> list[str]:
    """How what was written is published: all at once, or the days that landed."""
    landed = [each for each in done.findings.tables if each.source.lands]
    if not landed:
        return [f"dp materialize {done.domain.name}"]
    days = {f"{done.domain.name}.{each.name}": f" --partition {each.cut.start}" if each.cut else "" for each in landed}
    return [f"dp materialize {name}{day}  # or let the sensor of `make dev` do it" for name, day in days.items()]


def told_findings(findings: Findings) -> None:
    """The table of what was inferred, and how sure that is."""
    from data_platform.scaffold.propose import partitions_of

    for table in findings.tables:
        key = f"key ({', '.join(table.key)})" if table.key else "no key found"
        console.print(f"\n[bold]{table.name}[/bold]  {table.rows:,} rows, {key}")
        if table.source.lands:
            console.print(f"  lands in {table.source.location}; partitions: {partitions_of(table)}", markup=False)
        print_table(COLUMNS, [_row(findings, table, column) for column in table.columns])
        for note in table.key_notes:
            console.print(f"  {note}", markup=False)
    if findings.foreign_keys:
        from data_platform.scaffold.propose import told

        console.print("\n[bold]Between them[/bold]")
        for each in findings.foreign_keys:
            sure = "verified on all rows" if each.holds else "for people"
            console.print(
                f"  {each.child}.{', '.join(each.columns)} -> {told(each)}  ({sure}, {each.why})", markup=False
            )


def _row(findings: Findings, table: TableProfile, column: ColumnProfile) -> tuple[object, ...]:
    missing = f"{column.nulls / table.rows:.1%}" if column.nulls and table.rows else ""
    distinct = table.rows if table.key == (column.name,) else column.distinct  # the estimate may be off by some
    return (column.name, str(column.type), str(column.sure), missing, distinct,
            ", ".join(proposed(findings, table, column)), "; ".join(column.notes))  # fmt: skip


def proposed(findings: Findings, table: TableProfile, column: ColumnProfile) -> Iterator[str]:
    """The rules of one column in a few words."""
    from data_platform.scaffold.propose import is_required

    if table.cut and column.name == table.cut.column:
        yield "partition"
    if column.name in table.key:
        yield "key"
    elif is_required(table, column):
        yield "required"
    yield from (
        f"in {each.parent}" for each in findings.rules if (each.child, each.columns) == (table.name, (column.name,))
    )
    if column.values:
        yield f"one of {len(column.values)}"
    if column.pattern:
        yield column.pattern
    if column.range.low is not None:
        yield f">= {column.range.low:g}"
    if column.range.high is not None:
        yield f"<= {column.range.high:g}"
    if column.pii:
        yield f"{column.classification} ({column.pii})"


def told_files(files: Sequence[Path], dry_run: bool) -> None:
    if not files:
        console.print("Nothing to write: all of it is there.", style="green")
        return
    console.print(f"\n{'Would write' if dry_run else 'Wrote'} {len(files)} file{'s' if len(files) > 1 else ''}:")
    for path in files:
        console.print(f"  {shown(path)}", markup=False, soft_wrap=True)


def as_json(done: Scaffolded, dry_run: bool) -> dict[str, Any]:
    from data_platform.scaffold.propose import is_required

    return {
        "domain": done.domain.name,
        "written": not dry_run,
        "files": list(map(str, done.files)),
        "datasets": [
            {
                "dataset": f"{done.domain.name}.{table.name}",
                "location": table.source.location,
                "rows": table.rows,
                "key": list(table.key),
                "notes": list(table.key_notes),
                **_landing(table),
                "columns": [
                    {
                        "name": column.name,
                        "type": str(column.type),
                        "sure": str(column.sure),
                        "nulls": column.nulls,
                        "distinct": column.distinct,
                        "required": is_required(table, column),
                        "enum": list(column.values),
                        "pattern": column.pattern,
                        "minimum": column.range.low,
                        "maximum": column.range.high,
                        "pii": column.pii,
                        "classification": column.classification,
                        "notes": list(column.notes),
                    }
                    for column in table.columns
                ],
            }
            for table in done.findings.tables
        ],
        "foreign_keys": [
            {"child": each.child, "columns": list(each.columns), "parent": each.parent, "keys": list(each.keys),
             "missing": each.missing, "why": each.why}
            for each in done.findings.foreign_keys
        ],
    }  # fmt: skip


def _landing(table: TableProfile) -> dict[str, Any]:
    """What is only to be said of what lands."""
    if not table.source.lands:
        return {}
    cut = table.cut and {"column": table.cut.column, "granularity": "day", "start": table.cut.start,
                         "sure": str(table.cut.sure), "why": table.cut.why}  # fmt: skip
    return {"landing": True, "partition_by": cut, "unpartitioned": table.uncut}


def shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

"""Everything about some files at once: profiles, then keys, then what leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data_platform.scaffold.cuts import find_cut
from data_platform.scaffold.days import rows_by_day
from data_platform.scaffold.keys import find_key
from data_platform.scaffold.model import Findings, Source, TableProfile
from data_platform.scaffold.profile import profile
from data_platform.scaffold.relations import find_foreign_keys
from data_platform.scaffold.sources import size_of
from data_platform.scaffold.workspace import Progress, Workspace, silent, workspace


def infer(sources: Sequence[Source], on_step: Progress = silent, partition_by: str = "") -> Findings:
    """What the sources hold. FileError for one that cannot be read faithfully, ScaffoldError where `partition_by`
    cannot say the partitions of one that lands."""
    with workspace(on_step) as work:
        tables = []
        for source in sources:
            table = profile(work, source, size_of(source.paths))
            key, notes = find_key(work, table)
            table = replace(table, key=key, key_notes=notes)
            tables.append(_landed(work, table, partition_by) if source.lands else table)
        return Findings(tuple(tables), find_foreign_keys(work, tables))


def _landed(work: Workspace, table: TableProfile, partition_by: str) -> TableProfile:
    """With the partitions, within which the key counts: where there is none for all rows, there may be one for a day's."""
    cut, uncut = find_cut(work, table, partition_by)
    table = replace(table, cut=cut, uncut=uncut)
    if cut is None:
        return table
    if table.key:
        note = "unique in all files; what is published is checked within each day"
        return table if cut.column in table.key else replace(table, key_notes=(*table.key_notes, note))
    key, notes = find_key(work, table, rows_by_day(work, table, cut))
    note = ("unique within each day, which is enough: the same comes again on others",) if key else ()
    return replace(table, key=key, key_notes=(*notes, *note))

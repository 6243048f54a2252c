"""Everything about some files at once: profiles, then keys, then what leads from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data_platform.scaffold.keys import find_key
from data_platform.scaffold.model import Findings, Source
from data_platform.scaffold.profile import profile
from data_platform.scaffold.relations import find_foreign_keys
from data_platform.scaffold.sources import size_of
from data_platform.scaffold.workspace import Progress, silent, workspace


def infer(sources: Sequence[Source], on_step: Progress = silent) -> Findings:
    """What the sources hold. FileError for one that cannot be read faithfully."""
    with workspace(on_step) as work:
        tables = []
        for source in sources:
            table = profile(work, source, size_of(source.paths))
            key, notes = find_key(work, table)
            tables.append(replace(table, key=key, key_notes=notes))
        return Findings(tuple(tables), find_foreign_keys(work, tables))

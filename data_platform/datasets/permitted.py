"""Who may read what: a dataset of another domain has to be public, and a column within the reader's clearance."""

from __future__ import annotations

from collections.abc import Iterable

from data_platform.contracts import Contract


def why_not(reader: Contract, read: Contract, columns: Iterable[str], instead: str) -> list[str]:
    """Why the reader may not read these columns of a dataset, each as `reads ...` with the fix, of which leaving the
    column out (`instead`) is one."""
    if not reader.may_see(read):
        return [
            f"reads {read.dataset}, which is private to the domain {read.domain}; ask "
            f"{', '.join(read.owners) or 'its owner'} to set visibility: public, or read a public dataset of it"
        ]
    return [
        f"reads {read.dataset}.{column.name}, which is {column.classification}, but {reader.dataset} is only cleared "
        f"for {reader.clearance}; {instead}, or set clearance: {column.classification} in the contract of "
        f"{reader.dataset}"
        for column in map(read.column, columns)
        if not reader.may_read(column)
    ]

"""`dp catalog`: the datasets as a file that BI tools open."""

from __future__ import annotations

from typing import Annotated

import typer

from data_platform.cli.output import errors, progress
from data_platform.cli.sql import print_notes


def catalog(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The DuckDB file to write; an older one is replaced.")],
) -> None:
    """Write a DuckDB file for BI tools: each dataset you may see is a view `domain.name` over its published rows.

    It holds no rows: the views read the warehouse's files, as they are now. Write it again after datasets were published;
    it is swapped in one step, so that tools may have it open. DuckDB 1.0 and newer read it.

    Columns above `DATA_PLATFORM_CLEARANCE` are left out, and named.
    """
    from data_platform.exports.catalog import write_catalog
    from data_platform.lake import Library

    with progress(f"Writing {file}"):
        done = write_catalog(Library.current(), file)
    print_notes(done.notes)
    errors.print(f"{file}: {len(done.datasets)} dataset{'' if len(done.datasets) == 1 else 's'}", markup=False)

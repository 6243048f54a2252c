"""What one types: the current reader's view of the current lakehouse, as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from data_platform.lake.library import DEFAULT, Library
from data_platform.lake.moment import At
from data_platform.lake.page import ContractPage

if TYPE_CHECKING:
    import polars as pl


def datasets() -> pl.DataFrame:
    """The datasets that you may see, one row each."""
    return Library.current().datasets()


def contract(dataset: str) -> ContractPage:
    """A dataset's contract, which a notebook shows as a page. LakeError where you may not see the dataset."""
    return Library.current().contract(dataset)


def read(
    dataset: str,
    columns: Sequence[str] = (),
    partitions: str | date | Sequence[str | date] | None = None,
    at: At = None,
    frame: str = DEFAULT,
) -> Any:
    """Published rows of one dataset.

    `columns` (none: all that you are cleared for) and `partitions` (None: all; `"2026-11-02"`, a date, or several) are
    all that is loaded. `at` reads the past: a moment, a snapshot's id or a tag. `frame` is a key of FRAMES:
    "polars" (a DataFrame), "polars-lazy", "pandas", "arrow" or "duckdb".

    Raises LakeError for what does not exist or is not for you, LakehouseError for what was never published.
    """
    return Library.current().read(dataset, columns, partitions, at, frame)


def sql(
    query: str,
    params: Sequence[Any] | Mapping[str, Any] | None = None,
    at: At = None,
    frame: str = DEFAULT,
) -> Any:
    """The answer to one SELECT in DuckDB's SQL, over datasets named `domain.name`.

    `params` are bound to `$name` or `?`. Without `at` each dataset is as it is now; see `read` for `at` and `frame`.
    The query runs in memory, in UTC, and reaches nothing but the datasets it names.

    Raises LakeError with what is wrong with the query, LakehouseError for what was never published.
    """
    return Library.current().sql(query, params, at, frame)

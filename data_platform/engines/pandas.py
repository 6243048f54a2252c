"""pandas data frames, by way of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from data_platform.engines import arrow
from data_platform.quality.frames.arrow import from_pandas

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> pd.DataFrame:
    return arrow.read(plan, warehouse).to_pandas()


def convert(relation: DuckDBPyRelation, frame: str = "") -> pd.DataFrame:
    return arrow.convert(relation).to_pandas()


def relation(frame: pd.DataFrame, warehouse: str) -> DuckDBPyRelation:
    return arrow.relation(from_pandas(frame), warehouse)

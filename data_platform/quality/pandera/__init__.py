"""A contract as a pandera schema, for notebooks and unit tests: would these rows be published?

Only the shape of the answer is pandera's. What breaks a rule is decided by our own predicates (`quality/dialects`),
because pandera's backends disagree with each other and with us about null, NaN, duplicates and empty frames.

Belongs here: one module per backend, and what they share. pandera is imported by those modules only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_platform.contracts.model import Contract
from data_platform.contracts.naming import did_you_mean

if TYPE_CHECKING:
    from pandera.api.dataframe.container import DataFrameSchema

BACKENDS = ("polars", "pandas", "pyspark")


def to_pandera(contract: Contract, backend: str) -> DataFrameSchema[Any]:
    """The contract as a schema of one of BACKENDS; ValueError for another, or where its library is not installed.

    Each rule is a check of the rule's name. One whose policy is block or quarantine fails; one that warns is a
    SchemaWarning. Rules that need more than the frame (other datasets, history, SQL, a schedule) are not in the schema;
    its `metadata["not_checked"]` names them.
    """
    try:
        match backend:
            case "polars":
                from data_platform.quality.pandera.polars import schema
            case "pandas":
                from data_platform.quality.pandera.pandas import schema
            case "pyspark":
                from data_platform.quality.pandera.pyspark import schema
            case _:
                raise ValueError(f"there is no pandera backend {backend!r}; {did_you_mean(backend, BACKENDS)}")
    except ModuleNotFoundError as error:
        extra = "quality,spark" if backend == "pyspark" else "quality"
        raise ValueError(f"{error.name} is missing; run pip install 'data-platform[{extra}]'") from error
    return schema(contract)

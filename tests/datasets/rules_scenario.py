"""A dataset with rules of every time: `ads.checked`, made from `ads.raw`. One rule is about its inputs, one reads a
dataset that nothing else reads, one has a schedule; some promises nobody evaluates."""

from __future__ import annotations

from typing import Annotated

import polars as pl

from data_platform.contracts import (
    Column,
    Contract,
    Contracts,
    OnFailure,
    Policy,
    Reference,
    Rule,
    Threshold,
    Unchecked,
)
from data_platform.contracts.expressions import parse
from data_platform.contracts.model import INPUT
from data_platform.datasets import Reads, dataset

from .scenario import DAILY, DATE, DAYS, LONG, MONEY, QUARANTINE, RAW

DAY, NEXT = DAYS[0], DAYS[1]
NIGHTLY = "30 2 * * *"
WARN = OnFailure(Policy.WARN)


def expression(name: str, of: str, text: str, **more: object) -> Rule:
    """A rule between datasets, as the contract's reader builds it."""
    said = parse(text, of.partition(".")[0])
    reads = said.reads(of, "same")
    return Rule(name, "expression", (), {"expression": str(said)}, said.threshold, reads=reads, **more)  # type: ignore[arg-type]


ANNOUNCED = Contract(
    "ads", "announced", "1.0.0", (Column("day", DATE), Column("rows", LONG)), partitioning=DAILY, external=True
)
LIMITS = Contract("ads", "limits", "1.0.0", (Column("most", LONG),), external=True)
CHECKED = Contract(
    "ads",
    "checked",
    "1.0.0",
    (
        Column("id", LONG, required=True, description="The listing"),
        Column("day", DATE, required=True),
        Column("price", MONEY),
    ),
    description="Listings that were checked.",
    rules=(
        Rule("id_required", "required", ("id",)),
        Rule("price_minimum", "minimum", ("price",), {"value": 0}, on_failure=QUARANTINE),
        Rule("price_maximum", "maximum", ("price",), {"value": 100}, on_failure=WARN),
        expression("enough_came", "ads.checked", "ads.raw.count(*) >= 3", when=INPUT),
        expression("not_too_many", "ads.checked", "ads.checked.count(*) <= ads.limits.max(most)", on_failure=WARN),
        expression("as_announced", "ads.checked", "checked.count(*) == ads.announced.sum(rows)", when=NIGHTLY),
        Rule("many", "row_count", threshold=Threshold("mustBeGreaterThan", 5), when=NIGHTLY, on_failure=WARN),
    ),
    unchecked=(Unchecked("fair", "Prices are fair | as far as we know."), Unchecked("anomaly", "type: x", "soda")),
    partitioning=DAILY,
    owners=("ana@market.example",),
    team="ads",
)
CONTRACTS = Contracts.of(RAW, ANNOUNCED, LIMITS, CHECKED)
assert CHECKED.rules[5].reads == (Reference("ads.announced", ("rows",)),)


@dataset("ads.checked", contracts=CONTRACTS)
def checked(raw: Annotated[pl.LazyFrame, Reads("ads.raw", "id", "day", "price")]) -> pl.LazyFrame:
    return raw


def incoming(rows: int = 5, day: str = DAY, *, price: str = "9.50", bad: int = 0) -> pl.DataFrame:
    """Rows of `ads.raw` that its own contract takes, or would if `bad` of them had not a negative price."""
    prices = ["-1.00"] * bad + [price] * (rows - bad)
    frame = pl.DataFrame({"id": range(rows), "day": [day] * rows, "price": prices, "email": ["a@b.example"] * rows})
    return frame.with_columns(pl.col("day").str.to_date(), pl.col("price").cast(pl.Decimal(10, 2)))

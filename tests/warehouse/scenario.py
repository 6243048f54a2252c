"""A small dbt project over Python datasets: shop.orders (daily) and shop.people -> marts of the domains shop and sales.

shop.orders, shop.people -> shop.daily (daily, quarantine) -> sales.week (daily, reads 7 days)
                         -> shop.totals (whole) -> sales.best (whole)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree

import dagster as dg
import polars as pl

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    Contracts,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Rule,
)
from data_platform.datasets.testing import publish_frame
from data_platform.settings import PROJECT
from data_platform.warehouse.project import Project

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
LONG, TEXT, DATE, MONEY = ColumnType("long"), ColumnType("string"), ColumnType("date"), ColumnType("decimal", 10, 2)
DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
QUARANTINE = OnFailure(Policy.QUARANTINE, max_percent=50)

ORDERS = Contract(
    "shop",
    "orders",
    "1.0.0",
    (Column("day", DATE, required=True), Column("id", LONG), Column("person", LONG), Column("price", MONEY)),
    partitioning=DAILY,
    visibility="public",
)
PEOPLE = Contract(
    "shop",
    "people",
    "1.0.0",
    (Column("person", LONG), Column("city", TEXT), Column("email", TEXT, classification="confidential", pii="email")),
    visibility="public",
)
DAILY_SALES = Contract(
    "shop",
    "daily",
    "1.0.0",
    (Column("day", DATE, required=True), Column("city", TEXT), Column("orders", LONG), Column("revenue", MONEY)),
    rules=(
        Rule("city_required", "required", ("city",), on_failure=QUARANTINE),
        Rule("revenue_minimum", "minimum", ("revenue",), {"value": 0}),
    ),
    partitioning=DAILY,
    visibility="public",
    owners=("ana@market.example",),
    team="shop",
    tags=("core",),
)
WEEK = Contract("sales", "week", "1.0.0", (Column("day", DATE), Column("revenue", MONEY)), partitioning=DAILY)
TOTALS = Contract("shop", "totals", "1.0.0", (Column("person", LONG), Column("orders", LONG)), visibility="public")
BEST = Contract("sales", "best", "1.0.0", (Column("person", LONG), Column("orders", LONG)))
CONTRACTS = Contracts.of(ORDERS, PEOPLE, DAILY_SALES, WEEK, TOTALS, BEST)

MODELS = {
    "staging/stg_shop__orders.sql": "select * from {{ source('shop', 'orders') }}",
    "shop/shop__daily.sql": (
        "select o.day, p.city, count(*) as orders, sum(o.price) as revenue\n"
        "from {{ ref('stg_shop__orders') }} as o left join {{ source('shop', 'people') }} as p using (person)\n"
        "where o.day in ({{ partitions() }}) group by all"
    ),
    "shop/shop__totals.sql": "select person, count(*) as orders from {{ ref('stg_shop__orders') }} group by person",
    "sales/sales__week.sql": (
        "{{ config(meta={'partitions': {'shop.daily': 7}}) }}\n"
        "select days.day, sum(d.revenue) as revenue\n"
        "from (select unnest([{{ partitions() }}]) as day) as days\n"
        "join {{ ref('shop__daily') }} as d on d.day <= days.day and d.day > days.day - interval 7 day group by all"
    ),
    "sales/sales__best.sql": "select * from {{ ref('shop__totals') }} order by orders desc, person limit 1",
    "shop/shop.yml": """
version: 2
models:
  - name: shop__daily
    columns:
      - {name: orders, data_tests: [not_null]}
      - {name: city, data_tests: [{not_null: {config: {severity: warn}}}]}
  - name: shop__totals
    columns:
      - name: person
        data_tests:
          - unique
          - relationships: {arguments: {to: "source('shop', 'people')", field: person}}
""",
}


def project(
    folder: Path, changed: Mapping[str, str | None] | None = None, contracts: Mapping[str, Contract] = CONTRACTS
) -> Project:
    """The project, written below `folder`; `changed` are further models, or others, or (None) fewer."""
    root = folder / "dbt_project"
    copytree(PROJECT / "dbt_project" / "macros", root / "macros")
    profiles = (PROJECT / "dbt_project" / "profiles.yml").read_text()
    (root / "profiles.yml").write_text(profiles)
    settings = (PROJECT / "dbt_project" / "dbt_project.yml").read_text()
    (root / "dbt_project.yml").write_text(settings)
    for name, text in {**MODELS, **(changed or {})}.items():
        if text is not None:
            file = root / "models" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return Project(root, contracts)


def orders(day: str, prices: list[float], people: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"day": [day] * len(prices), "id": range(len(prices)), "person": people, "price": prices})


def publish_inputs(days: Mapping[str, pl.DataFrame]) -> None:
    people = pl.DataFrame({"person": [1, 2], "city": ["Rio", "Lima"], "email": ["a@x.example", "b@x.example"]})
    publish_frame(people, PEOPLE, ("",))
    for day, frame in days.items():
        publish_frame(frame, ORDERS, (day,))


NORMAL = {day: orders(day, [10.0, 20.0, 5.0], [1, 2, 1]) for day in DAYS}


def key(dataset: str) -> dg.AssetKey:
    return dg.AssetKey(dataset.split("."))

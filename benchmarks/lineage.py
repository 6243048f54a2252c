"""What column lineage costs: ours against dagster-dbt's `fetch_column_metadata` and sqllineage, in one run.

A model of n columns is a chain of common table expressions over two tables: a star, n functions, a join, n aggregates
and conditions, a window. Each tool gets the compiled SQL and the columns of the tables, and is asked for every column;
imports are not counted, nor is what dagster-dbt asks the database. The table also says which edges of an output a tool
misses and has besides ours; neither of the others tells kinds, or what decides the rows. sqllineage is asked with both
of its parsers. A project of models reads on from model to model.

    python benchmarks/lineage.py [--quick]
"""

from __future__ import annotations

import argparse
import gc
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from data_platform.lineage import Lineage, base
from data_platform.lineage.sql import sql_lineage

SOURCES = {"ads.listings": ["id", "owner_id"], "users.users": ["id", "country", "is_active"]}
Edges = set[tuple[str, str, str]]
"""Of each output, the tables and columns that it is made of, conditions and windows included."""


def names(columns: int) -> list[str]:
    return [f"column_{number:04}" for number in range(columns)]


def tables(columns: int) -> dict[str, list[str]]:
    return {**SOURCES, "ads.listings": [*SOURCES["ads.listings"], *names(columns)]}


def model(columns: int) -> str:
    """The outputs are `country`, `place`, and all columns."""
    every = names(columns)
    renamed = ", ".join(f"coalesce({name}, 0) AS {name}" if number % 2 else name for number, name in enumerate(every))
    summed = ", ".join(f"sum({name}) AS {name}" for name in every[::2])
    chosen = ", ".join(f"max(CASE WHEN is_active THEN {name} END) AS {name}" for name in every[1::2])
    return f"""
        WITH listings AS (SELECT * FROM ads.listings),
        owners AS (SELECT id, country, is_active FROM users.users WHERE country IS NOT NULL),
        renamed AS (SELECT id, owner_id, {renamed} FROM listings WHERE id > 0),
        joined AS (
          SELECT renamed.*, owners.country, owners.is_active FROM renamed JOIN owners ON renamed.owner_id = owners.id
        ),
        grouped AS (SELECT country, count(*) AS rows_read, {summed}, {chosen} FROM joined GROUP BY country)
        SELECT country, row_number() OVER (ORDER BY rows_read DESC) AS place, {", ".join(every)} FROM grouped"""


def ours(query: str, columns: int) -> Edges:
    found = sql_lineage(query, {name: base(name, there) for name, there in tables(columns).items()})
    return {(output, each.dataset, each.column) for output, each in found.edges() if output}


def dagster_dbt(query: str, columns: int) -> Edges:
    """What it does after an event of dbt, given what it has asked the database for."""
    from dagster_dbt import DagsterDbtTranslator
    from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata

    def typed(there: list[str]) -> dict[str, dict[str, str]]:
        return {name: {"data_type": "BIGINT"} for name in there}

    model = {
        "unique_id": "model.bench.wide",
        "resource_type": "model",
        "relation_name": "bench.wide",
        "package_name": "bench",
        "original_file_path": "wide.sql",
        "depends_on": {"nodes": [f"source.bench.{name}" for name in SOURCES]},
    }
    sources = {
        f"source.bench.{name}": {
            "unique_id": f"source.bench.{name}",
            "resource_type": "source",
            "source_name": name.split(".")[0],
            "name": name.split(".")[1],
            "relation_name": name,
            "meta": {},
            "tags": [],
            "description": "",
        }
        for name in SOURCES
    }
    manifest = {"metadata": {"adapter_type": "duckdb"}, "sources": sources, "nodes": {"model.bench.wide": model}}
    known = EventHistoryMetadata(
        typed(["country", "place", *names(columns)]), {name: typed(there) for name, there in tables(columns).items()}
    )
    with tempfile.TemporaryDirectory() as target:
        compiled = Path(target) / "compiled" / "bench" / "wide.sql"
        compiled.parent.mkdir(parents=True)
        compiled.write_text(query)
        found = _build_column_lineage_metadata(known, model, manifest, DagsterDbtTranslator(), Path(target), None)
    by_column = found["dagster/column_lineage"].deps_by_column
    return {
        (output, ".".join(each.asset_key.path), each.column_name) for output, deps in by_column.items() for each in deps
    }


def sqllineage(parser: str) -> Callable[[str, int], Edges]:
    def asked(query: str, columns: int) -> Edges:
        from sqllineage.core.metadata.dummy import DummyMetaDataProvider
        from sqllineage.runner import LineageRunner

        known = DummyMetaDataProvider(tables(columns))
        runner = LineageRunner(f"INSERT INTO bench.wide {query}", dialect=parser, metadata_provider=known)
        paths = [(path[0], path[-1]) for path in runner.get_column_lineage()]
        return {(end.raw_name, str(start.parent), start.raw_name) for start, end in paths}

    return asked


TOOLS: dict[str, Callable[[str, int], Edges]] = {
    "ours": ours,
    "dagster-dbt": dagster_dbt,
    "sqllineage, duckdb": sqllineage("duckdb"),
    "sqllineage, non-validating": sqllineage("non-validating"),
}


def seconds(work: Callable[[], object], runs: int) -> float:
    """CPU, the median."""
    spent = []
    for _ in range(runs):
        gc.collect()
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return statistics.median(spent)


def compare(console: Console, sizes: dict[int, int], runs: int) -> None:
    table = Table("columns", "tool", "CPU s", "x ours", "edges", "misses", "has besides", title="one model")
    for columns, target in sizes.items():
        found: dict[str, Edges] = {}
        costs: dict[str, float] = {}
        for name in TOOLS:
            costs[name], found[name] = measured(name, columns, runs if name == "ours" or columns < 100 else 1)
            counts = (len(found[name]), len(found["ours"] - found[name]), len(found[name] - found["ours"]))
            ratio = costs[name] / costs["ours"]
            table.add_row(str(columns), name, f"{costs[name]:.4f}", f"{ratio:.0f}", *map(str, counts))
        fastest = min(spent for name, spent in costs.items() if name != "ours")
        console.print(
            f"{columns} columns: {fastest / costs['ours']:.0f} x faster than the fastest other  (>= {target})"
        )
    console.print(table)


def measured(name: str, columns: int, runs: int) -> tuple[float, Edges]:
    query, found = model(columns), []
    TOOLS[name](model(2), 2)  # its imports
    return seconds(lambda: found.append(TOOLS[name](query, columns)), runs), found[-1]


def growth(console: Console, sizes: list[int], runs: int) -> None:
    each = {}
    for columns in sizes:
        query, there = model(columns), {name: base(name, has) for name, has in tables(columns).items()}
        sql_lineage(query, there)
        each[columns] = seconds(lambda query=query, there=there: sql_lineage(query, there), runs) / columns
    said = ", ".join(f"{columns}: {cost * 1e6:.0f} us" for columns, cost in each.items())
    console.print(
        f"a column costs, of so many: {said}; the last / the first: {each[sizes[-1]] / each[sizes[0]]:.2f}  (about 1)"
    )


def project(columns: int, models: int) -> Iterator[tuple[str, str, list[str]]]:
    """Name, query and columns; each model but the first two reads the two before it."""
    every = names(columns)
    yield "bench.model_0", f"SELECT id, {', '.join(every)} FROM ads.listings", ["id", *every]
    yield "bench.model_1", f"SELECT id, {', '.join(every)} FROM ads.listings WHERE id > 0", ["id", *every]
    for number in range(2, models):
        values = ", ".join(f"coalesce(a.{name}, b.{name}) AS {name}" for name in every)
        query = f"""WITH a AS (SELECT * FROM bench.model_{number - 1}), b AS (SELECT * FROM bench.model_{number - 2})
            SELECT a.id, {values} FROM a LEFT JOIN b ON a.id = b.id QUALIFY row_number() OVER (PARTITION BY a.id) = 1"""
        yield f"bench.model_{number}", query, ["id", *every]


def whole_project(console: Console, columns: int, models: int) -> None:
    """All models in one process, each by its own SQL alone: what is upstream is known by its columns."""
    there = list(project(columns, models))
    known = {name: base(name, has) for name, has in tables(columns).items()}
    known |= {name: base(name, has) for name, _, has in there}
    found: dict[str, Lineage] = {}
    spent = seconds(lambda: found.update((name, sql_lineage(query, known)) for name, query, _ in there), 1)
    edges = sum(1 for lineage in found.values() for _ in lineage.edges())
    opaque = sum(bool(lineage.opaque) for lineage in found.values())
    console.print(
        f"{models} models of {columns} columns: {spent:.2f} CPU s, {1000 * spent / models:.1f} ms a model, {edges} edges, "
        f"{opaque} opaque models"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small model and a small project, once")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    console = Console(width=110)
    compare(console, {20: 10} if asked.quick else {50: 10, 200: 50}, 1 if asked.quick else 5)
    growth(console, [50, 100] if asked.quick else [50, 100, 200, 500, 1000], 1 if asked.quick else 9)
    whole_project(console, *((10, 30) if asked.quick else (50, 300)))


if __name__ == "__main__":
    main()

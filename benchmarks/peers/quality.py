"""The ten rules of benchmarks/domains/bench/contracts/listings.yaml as other tools say them, over Parquet files.

Run by benchmarks/quality.py with the peers' own Python: `quality.py PEER FOLDER`. Prints, as JSON, how many checks
failed and the CPU seconds that reading and checking took, imports and set-up not counted.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parent.parent / "domains/bench/contracts/listings.yaml"
CATEGORIES = [f"category-{i:02}" for i in range(20)]
Check = Callable[[str], int]
"""Takes a glob of Parquet files, returns how many checks failed."""


def pandera_schema(pa: Any, types: dict[str, Any]) -> Any:
    """The same schema for each of pandera's backends, whose modules are alike."""
    checks = {
        "price": [pa.Check.ge(0), pa.Check.le(10000)],
        "views": [pa.Check.ge(0)],
        "category": [pa.Check.isin(CATEGORIES)],
        "city": [pa.Check.str_matches("^city-[0-9]+$")],
        "title": [pa.Check.str_length(max_value=80)],
    }
    required = ("listing_id", "day")
    columns = {name: pa.Column(kind, checks.get(name), nullable=name not in required) for name, kind in types.items()}
    return pa.DataFrameSchema(columns, unique=["listing_id"], checks=[])


def failures(validate: Callable[[], object], error: type[Exception]) -> int:
    try:
        validate()
    except error as found:
        return len(found.schema_errors)  # type: ignore[attr-defined]
    return 0


def pandera_polars() -> Check:
    import pandera.polars as pa
    import polars as pl
    from pandera.errors import SchemaErrors

    whole, text = pl.Int64, pl.String
    types = {"listing_id": whole, "day": pl.Date, "user_id": whole, "price": pl.Float64, "views": whole}
    schema = pandera_schema(pa, types | {"category": text, "city": text, "title": text})
    return lambda files: failures(lambda: schema.validate(pl.read_parquet(files), lazy=True), SchemaErrors)


def pandera_pandas() -> Check:
    import pandas as pd
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    # A nullable integer arrives as Int64 only if asked for; NumPy's types would turn it into floats.
    types = {"listing_id": "Int64", "day": object, "user_id": "Int64", "price": "Float64", "views": "Int64"}
    schema = pandera_schema(pa, types | {"category": object, "city": object, "title": object})
    whole = dict.fromkeys(("listing_id", "user_id", "views"), "Int64") | {"price": "Float64"}

    def check(files: str) -> int:
        return failures(
            lambda: schema.validate(pd.read_parquet(Path(files).parent).astype(whole), lazy=True), SchemaErrors
        )

    return check


def pandera_ibis() -> Check:
    import ibis
    import ibis.expr.datatypes as dt
    import pandera.ibis as pa
    from pandera.errors import SchemaErrors

    types = {"listing_id": dt.int64, "day": dt.date, "user_id": dt.int64, "price": dt.float64, "views": dt.int64}
    schema = pandera_schema(pa, types | {"category": dt.string, "city": dt.string, "title": dt.string})
    schema.unique = None  # its ibis backend ignores it; the query below is what a user would add

    def check(files: str) -> int:
        table = ibis.duckdb.connect().read_parquet(files)
        found = failures(lambda: schema.validate(table, lazy=True), SchemaErrors)
        keys = table.listing_id
        return found + int((keys.count() - keys.nunique()).execute() > 0)

    return check


def datacontract_cli() -> Check:
    import yaml
    from datacontract.data_contract import DataContract

    contract = yaml.safe_load(CONTRACT.read_text())

    def check(files: str) -> int:
        contract["servers"] = [{"server": "files", "type": "local", "path": files, "format": "parquet"}]
        run = DataContract(data_contract_str=yaml.safe_dump(contract), server="files").test()
        results = [str(getattr(each.result, "value", each.result)) for each in run.checks]
        assert "error" not in results, [each.reason for each in run.checks]
        return results.count("failed")

    return check


def soda() -> Check:
    import duckdb
    from soda_core.contracts import verify_contract_locally
    from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

    def column(name: str, *checks: dict) -> dict:
        return {"name": name} | ({"checks": list(checks)} if checks else {})

    def between(**bounds: float) -> dict:
        return {"invalid": {f"valid_{name}": bound for name, bound in bounds.items()}}

    contract = {
        "dataset": "files/main/listings",
        "columns": [
            column("listing_id", {"missing": None}, {"duplicate": None}),
            column("day", {"missing": None}),
            column("user_id"),
            column("price", between(min=0), {"invalid": {"qualifier": "most", "valid_max": 10000}}),
            column("views", between(min=0)),
            column("category", {"invalid": {"valid_values": CATEGORIES}}),
            column("city", {"invalid": {"valid_format": {"name": "city", "regex": "^city-[0-9]+$"}}}),
            column("title", {"invalid": {"valid_max_length": 80}}),
        ],
        "checks": [{"row_count": None}],
    }
    path = Path(sys.argv[2]).parent / "soda.yaml"
    path.write_text(json.dumps(contract))

    def check(files: str) -> int:
        connection = duckdb.connect()
        connection.execute(f"CREATE VIEW listings AS SELECT * FROM read_parquet('{files}')")
        source = DuckDBDataSourceImpl.from_existing_cursor(connection, "files")
        result = verify_contract_locally(data_sources=[source], contract_file_path=str(path), publish=False)
        assert not result.has_errors, result.get_errors_str()
        return result.number_of_checks_failed

    return check


def great_expectations() -> Check:
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    suite = gx.ExpectationSuite(
        name="listings",
        expectations=[
            gxe.ExpectColumnValuesToNotBeNull(column="listing_id"),
            gxe.ExpectColumnValuesToBeUnique(column="listing_id"),
            gxe.ExpectColumnValuesToNotBeNull(column="day"),
            gxe.ExpectColumnValuesToBeBetween(column="price", min_value=0),
            gxe.ExpectColumnValuesToBeBetween(column="price", max_value=10000),
            gxe.ExpectColumnValuesToBeBetween(column="views", min_value=0),
            gxe.ExpectColumnValuesToBeInSet(column="category", value_set=CATEGORIES),
            gxe.ExpectColumnValuesToMatchRegex(column="city", regex="^city-[0-9]+$"),
            gxe.ExpectColumnValueLengthsToBeBetween(column="title", max_value=80),
            gxe.ExpectTableRowCountToBeBetween(min_value=1),
        ],
    )
    batches = context.data_sources.add_pandas("files").add_dataframe_asset("listings")
    batch = batches.add_batch_definition_whole_dataframe("all")

    def check(files: str) -> int:
        frame = pd.read_parquet(Path(files).parent)
        result = batch.get_batch({"dataframe": frame}).validate(suite, result_format="BOOLEAN_ONLY")
        return sum(not each.success for each in result.results)

    return check


PEERS: dict[str, Callable[[], Check]] = {
    "pandera-polars": pandera_polars,
    "pandera-pandas": pandera_pandas,
    "pandera-ibis": pandera_ibis,
    "datacontract-cli": datacontract_cli,
    "soda": soda,
    "great-expectations": great_expectations,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    check = PEERS[sys.argv[1]]()
    started = time.process_time()
    failed = check(f"{sys.argv[2]}/*.parquet")
    print("\n" + json.dumps({"failed": failed, "cpu": time.process_time() - started}))

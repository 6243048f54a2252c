"""What we rely on in pyiceberg and DuckDB though their documentation does not promise it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import Table
from scenario import (
    COUNTRIES,
    DAILY,
    DAILY_AT,
    DAILY_SEEN,
    DAY_X_COUNTRY,
    HOURLY,
    HOURLY_SEEN,
    STATIC,
    order,
    orders,
    partition_of,
    put,
    staged,
)

from data_platform.contracts import Partitioning
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.filters import partition_of as partition_of_record
from data_platform.lakehouse.filters import rows_of


def loaded(lakehouse: Lakehouse) -> Table:
    return lakehouse.catalog.load_table("shop.orders")


def test_delete_and_add_files_in_one_transaction_are_one_commit(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    put(lakehouse, contract, [order(1, day=1), order(2, day=2)])
    commits: list[int] = []
    make = lakehouse.catalog.commit_table

    def counted(table, requirements, updates):  # type: ignore[no-untyped-def]
        commits.append(len(updates))
        return make(table, requirements, updates)

    lakehouse.catalog.commit_table = counted  # type: ignore[method-assign]
    before = loaded(lakehouse).snapshots()
    put(lakehouse, contract, [order(3, day=1)])
    assert len(commits) == 1
    added = loaded(lakehouse).snapshots()[len(before) :]
    assert [str(each.summary.operation.value) for each in added if each.summary] == ["delete", "append"]


CUT = {
    "date": DAILY,
    "day of timestamp": DAILY_AT,
    "day of timestamptz": DAILY_SEEN,
    "hour of timestamp": HOURLY,
    "hour of timestamptz": HOURLY_SEEN,
    "text": STATIC,
    "date x text": DAY_X_COUNTRY,
}


@pytest.mark.parametrize("shape", CUT.values(), ids=list(CUT))
def test_a_partitions_filter_drops_whole_files_and_rewrites_none(
    shape: Partitioning, lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long texts are the trap: Iceberg keeps 16 characters of a bound, and reads the file where that is too few."""
    contract = orders(shape)
    rows = [order(n, day=1 + n % 2, hour=n, country=country) for n, country in enumerate(COUNTRIES)]
    put(lakehouse, contract, rows)
    files = set(plan_read(lakehouse, contract).files)

    def reads(*arguments, **options):  # type: ignore[no-untyped-def]
        raise AssertionError("pyiceberg read a file to rewrite it")

    monkeypatch.setattr(ArrowScan, "to_table", reads)
    gone = [partition_of(contract, rows[2])]
    loaded(lakehouse).delete(rows_of(contract, gone))
    left = set(plan_read(lakehouse, contract).files)
    assert left < files
    assert sum(pq.read_metadata(path).num_rows for path in left) == sum(
        partition_of(contract, row) not in gone for row in rows
    )


@pytest.mark.parametrize("shape", CUT.values(), ids=list(CUT))
def test_a_files_partition_record_spells_its_partition(shape: Partitioning, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    row = order(1, day=3, hour=23, country=COUNTRIES[3])
    put(lakehouse, contract, [row])
    (task,) = loaded(lakehouse).scan().plan_files()
    assert partition_of_record(contract, list(task.file.partition)) == partition_of(contract, row)


def test_an_append_without_files_makes_a_snapshot(lakehouse: Lakehouse) -> None:
    publication = put(lakehouse, orders(), [])
    snapshot = loaded(lakehouse).current_snapshot()
    assert snapshot is not None and snapshot.snapshot_id == publication.snapshot_id
    assert list(loaded(lakehouse).scan().plan_files()) == []


def test_copy_tells_path_rows_and_bytes_of_each_file(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        copied = connection.execute(
            f"COPY (SELECT i, i % 2 AS p FROM range(10) t(i)) TO '{tmp_path}/out' "
            "(FORMAT parquet, RETURN_STATS, OVERWRITE_OR_IGNORE, PARTITION_BY (p))"
        )
        assert [column[0] for column in copied.description or ()][:3] == ["filename", "count", "file_size_bytes"]
        for path, rows, size, *_ in copied.fetchall():
            assert (pq.read_metadata(path).num_rows, Path(path).stat().st_size) == (rows, size)
            assert pq.read_schema(path).names == ["i"], "the partition column is not in the file"


def test_many_partitions_of_unsorted_rows_lose_no_row(lakehouse: Lakehouse) -> None:
    """DuckDB keeps at most a hundred files open; what it closes it must not write over."""
    relation = duckdb.sql(
        "SELECT i::BIGINT AS id, DATE '2026-01-01' + (hash(i) % 150)::INT AS day FROM range(600000) t(i)"
    )
    contract = orders(DAILY, columns=orders().columns[:2], rules=())
    duckdb.execute("SET partitioned_write_flush_threshold = 1000")
    try:
        written = staged(lakehouse, contract, relation)
    finally:
        duckdb.execute("RESET partitioned_write_flush_threshold")
    assert written.rows == 600_000
    assert sum(pq.read_metadata(path).num_rows for path in written.files) == 600_000
    assert len(set(written.files)) == len(written.files) >= 150


def test_a_rows_file_and_place_are_virtual_columns_that_hide_no_filename_of_the_datas_own(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.from_arrow(pa.table({"filename": ["theirs", "theirs too"]})).write_parquet(str(path))
        rows = connection.sql(f"SELECT *, file_row_number AS r FROM read_parquet('{path}', filename='f')").fetchall()
    assert rows == [("theirs", str(path), 0), ("theirs too", str(path), 1)]


def test_only_duckdbs_own_files_show_duckdb_their_not_a_number(tmp_path: Path) -> None:
    """Why the audit reads nothing but files that `stage` wrote: Arrow's statistics leave NaN out."""
    numbers = pa.table({"x": [1.0, float("nan")]})
    pq.write_table(numbers, tmp_path / "arrow.parquet")
    with duckdb.connect() as connection:
        connection.from_arrow(numbers).write_parquet(str(tmp_path / "duckdb.parquet"))
        found = {
            name: connection.sql(f"SELECT count(*) FROM '{tmp_path}/{name}.parquet' WHERE isnan(x)").fetchall()
            for name in ("arrow", "duckdb")
        }
    assert found == {"arrow": [(0,)], "duckdb": [(1,)]}


def test_dates_of_partition_records_are_days_since_1970_or_dates() -> None:
    contract = orders(DAILY)
    assert partition_of_record(contract, [20454]) == partition_of_record(contract, [date(2026, 1, 1)]) == "2026-01-01"


def test_duckdb_numbers_the_files_of_one_scan(tmp_path: Path) -> None:
    for name, rows in (("b", 2), ("a", 1)):
        duckdb.sql(f"SELECT range AS x FROM range({rows})").write_parquet(str(tmp_path / f"{name}.parquet"))
    files = f"read_parquet(['{tmp_path}/b.parquet', '{tmp_path}/a.parquet'])"
    query = f"SELECT file_index, count(*) FROM {files} GROUP BY GROUPING SETS ((), (file_index)) ORDER BY 1 NULLS FIRST"
    assert duckdb.sql(query).fetchall() == [(None, 3), (0, 2), (1, 1)]


def test_duckdb_cuts_files_by_value_and_by_size_at_once(tmp_path: Path) -> None:
    rows = "SELECT range AS x, range % 2 = 0 AS even FROM range(100000)"
    options = "FORMAT parquet, RETURN_STATS, PARTITION_BY (even), FILE_SIZE_BYTES '50KB', ROW_GROUP_SIZE 5000"
    with duckdb.connect() as connection:
        written = connection.execute(f"COPY ({rows}) TO '{tmp_path}/cut' ({options})").fetchall()
    assert len(written) > 2 and sum(count for _, count, *_ in written) == 100000
    assert all("/even=true/" in path or "/even=false/" in path for path, *_ in written)


def test_duckdb_tells_what_it_wrote_and_how_exactly(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        rows = "SELECT unnest(['a', NULL, repeat('z', 2000)]) AS \"od\"\"d\", unnest([1.5, 'nan'::DOUBLE, NULL]) AS x"
        copy = f"COPY ({rows}) TO '{tmp_path}/told.parquet' (FORMAT parquet, RETURN_STATS)"
        (_, count, _, _, told, *_), *_ = connection.execute(copy).fetchall()
    assert count == 3 and told['"od""d"']["null_count"] == told['"x"']["null_count"] == "1"
    assert (told['"x"']["min"], told['"x"']["max"], told['"x"']["nan_count"]) == ("1.5", "1.5", "1")
    long = told['"od""d"']
    assert long["min"] == "a" and (long.get("max") == "z" * 2000 or long.get("max_is_exact") != "true")


def test_properties_alone_are_set_on_whatever_the_table_is_by_then(lakehouse: Lakehouse) -> None:
    """Marking a partition as blocked loses nothing that others commit meanwhile."""
    contract = orders()
    put(lakehouse, contract, [order(1)])
    mine = loaded(lakehouse)
    snapshot = put(lakehouse, contract, [order(2)]).snapshot_id
    with loaded(lakehouse).transaction() as transaction:
        transaction.set_properties({"theirs": "1"})
    with mine.transaction() as transaction:
        transaction.set_properties({"mine": "2"})
    now = loaded(lakehouse)
    assert now.properties["theirs"] == "1" and now.properties["mine"] == "2"
    assert now.current_snapshot() is not None and now.current_snapshot().snapshot_id == snapshot  # type: ignore[union-attr]

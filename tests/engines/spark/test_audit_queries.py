"""A contract's SQL where Spark made the rows: it means what it means in DuckDB, or is refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Column, ColumnType, Contract, Rule, Threshold
from data_platform.engines.arrow import arrow_schema
from data_platform.engines.spark.audit_portable import NotPortable, portable
from data_platform.lakehouse import LakehouseError
from data_platform.quality.errors import RuleError
from tests.quality.parity.frames import spark_frame

TYPES = {
    "id": "long",
    "n": "int",
    "x": "double",
    "text": "string",
    "day": "date",
    "seen": "timestamp",
    "flag": "boolean",
}
CONTRACT = Contract("shop", "t", "1.0.0", tuple(Column(name, ColumnType(kind)) for name, kind in TYPES.items()))
TEXTS = ["", "a", "\u00a0A ", "it's", "back\\slash", "50% of it", "line\nbreak", "é日\U0001f600", None, "abc"]
ROWS = [
    f"({i}, {i % 7 - 3 if i % 5 else 'NULL'}, {('0.5', '-2.5', 'nan', 'inf', '-0.0', '1e300')[i % 6]!r}::DOUBLE, "
    f"$t[{i % 10 + 1}], "
    f"DATE '2025-12-29' + {i}, TIMESTAMP '2025-12-31 22:15:00' + INTERVAL {i * 61} MINUTE, "
    f"{('true', 'false', 'NULL')[i % 3]})"
    for i in range(20)
]
MEAN_THE_SAME = """
    count(*) | count(n) | count(DISTINCT text) | sum(n) | sum(id) | avg(n) | min(x) | max(x) | min(text) | max(text)
    count(*) FILTER (WHERE n > 0) / count(*) | count(*) / 0 | -count(*) / 0 | 0 / 0 | sum(n) / NULL
    sum(n) % 2 | -5 % 3 | count_if(flag) | bool_and(flag) | bool_or(flag) | median(n)
    quantile_cont(id, 0.9) | round(stddev(id) * 1000) | round(var_pop(id) * 1000) | sum(length(text))
    max(len(text)) | max(upper(text)) | min(lower(text)) | max(trim(text)) | count(DISTINCT trim(text))
    max(substring(text, 2, 2)) | max(concat(text, '-', lower(text))) | count(text || n)
    sum(CASE WHEN text IS NULL THEN 2 WHEN x > 0 THEN 1 ELSE 0 END) | count(*) FILTER (WHERE x > 0)
    count(*) FILTER (WHERE x = 'nan'::DOUBLE) | count(*) FILTER (WHERE text LIKE '%a%')
    count(*) FILTER (WHERE text ILIKE 'A%') | count(*) FILTER (WHERE text NOT LIKE '_')
    count(*) FILTER (WHERE text = 'it''s') | count(*) FILTER (WHERE text = 'back\\slash')
    count(*) FILTER (WHERE regexp_matches(text, '^[a-z]*$')) | count(*) FILTER (WHERE regexp_matches(text, '\\d'))
    count(*) FILTER (WHERE contains(text, '%')) | count(*) FILTER (WHERE starts_with(text, 'a'))
    count(*) FILTER (WHERE text IN ('a', '')) | count(*) FILTER (WHERE n NOT IN (1, 2))
    count(*) FILTER (WHERE n BETWEEN -1 AND 1) | count(*) FILTER (WHERE n IS DISTINCT FROM 1)
    count(*) FILTER (WHERE flag) | count(*) FILTER (WHERE NOT flag)
    count(*) FILTER (WHERE day >= DATE '2026-01-01')
    count(*) FILTER (WHERE seen < TIMESTAMP '2026-01-01 00:00:00')
    count(*) FILTER (WHERE seen + INTERVAL 1 HOUR > TIMESTAMP '2026-01-01 00:00:00') | max(year(day))
    sum(month(seen)) | sum(hour(seen)) | sum(extract(minute FROM seen)) | count(DISTINCT date_trunc('day', seen))
    count(DISTINCT date_trunc('week', seen)) | sum(date_diff('day', day, DATE '2026-02-01'))
    count(DISTINCT seen::DATE) | sum(coalesce(n, 10)) | sum(ifnull(n, 1)) | sum(nullif(n, 1)) | sum(greatest(n, 0))
    sum(least(n, id)) | sum(abs(n)) | sum(floor(n / 2)) | sum(ceil(n / 2)) | round(2.5) | max(if(n > 0, 1, 0))
    (SELECT count(*) FROM t u WHERE u.n > 0) | sum(n * 1.5) | sum(id + n) | max(n)::DOUBLE
"""
AGGREGATES = [part.strip() for line in MEAN_THE_SAME.splitlines() for part in line.split(" | ") if part.strip()]
QUERIES = [
    "SELECT max(r) FROM (SELECT row_number() OVER (PARTITION BY flag ORDER BY n DESC, id) AS r FROM t) s",
    "SELECT sum(d) FROM (SELECT N - lag(n) OVER (ORDER BY id) AS d FROM Shop.T) AS s",
    "WITH t AS (SELECT id FROM shop.t WHERE id < 5) SELECT count(*) FROM t a JOIN t b USING (id)",
    "SELECT t.id FROM t ORDER BY t.n, id LIMIT 1",
    "SELECT count(*) FROM t LEFT JOIN (SELECT n FROM t GROUP BY n HAVING count(*) > 3) u ON t.n = u.n WHERE u.n IS NULL",
    "SELECT count(*) FROM (SELECT n FROM t UNION SELECT id FROM t EXCEPT SELECT 1) s",
    "SELECT count(*) FROM t a WHERE EXISTS (SELECT 1 FROM shop.t b WHERE b.id = a.n AND b.n > 0)",
    "SELECT n FROM t WHERE id > 1000",
    "FROM t SELECT count(DISTINCT n)",
]
NOT_THERE = [
    "SELECT count(*) FROM t QUALIFY row_number() OVER (ORDER BY 1) = 1",
    "SELECT DISTINCT ON (n) id FROM t",
    "SELECT reflect('java.lang.System', 'exit', '1') FROM t",
    "SELECT java_method('java.lang.Runtime', 'x') FROM t",
    "SELECT input_file_name() FROM t",
    "SELECT version() FROM t",
    "SELECT random() FROM t",
    "SELECT uuid() FROM t",
    "SELECT hash(text) FROM t",
    "SELECT CAST(x AS INTEGER) FROM t",
    "SELECT CAST(x AS VARCHAR) FROM t",
    "SELECT TRY_CAST(text AS DOUBLE) FROM t",
    "SELECT count(*) FROM t WHERE text LIKE '50\\%'",
    "SELECT count(*) FROM t WHERE regexp_matches(text, text)",
    "SELECT round(x, 2) FROM t",
    "SELECT x // 2 FROM t",
    "SELECT substring(text, 0, 2) FROM t",
    "SELECT list_sum([1, 2]) FROM t",
    "SELECT date_diff('hour', seen, seen) FROM t",
    "SELECT * EXCLUDE (id) FROM t",
    "SELECT strftime(seen, '%Y') FROM t",
    "SELECT count(*) FROM t, range(3)",
    "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r WHERE a < 3) SELECT max(a) FROM r",
    "SELECT count(*) FROM t TABLESAMPLE 10%",
]


@pytest.mark.parametrize("query", NOT_THERE)
def test_what_has_no_equal_in_spark_is_refused_by_name(query: str) -> None:
    with pytest.raises(NotPortable, match="has no equal in Spark"):
        portable(query, {"t": "t"})


def rows() -> pa.Table:
    with duckdb.connect() as connection:
        table = connection.sql(
            f"SELECT * FROM (VALUES {', '.join(ROWS)}) v({', '.join(TYPES)})", params={"t": TEXTS}
        ).to_arrow_table()
    return table.cast(arrow_schema(CONTRACT.columns))


@pytest.mark.slow
def test_what_is_asked_in_sql_is_answered_alike(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    from data_platform.engines.spark.audit_queries import AS_DUCKDB_READS
    from data_platform.engines.spark.bench import SETTINGS
    from data_platform.engines.spark.session import with_settings

    table, names = rows(), {"t": "rows_of_t", "shop.t": "rows_of_t"}
    several = ", ".join(f"{each} AS c{i}" for i, each in enumerate(AGGREGATES))
    queries = [f"SELECT {several} FROM t", *QUERIES]
    frame = spark_frame(spark, table, tmp_path)
    with duckdb.connect() as connection, with_settings(spark, SETTINGS | AS_DUCKDB_READS):
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA shop")
        connection.register("came", table)
        connection.execute("CREATE TABLE t AS FROM came; CREATE TABLE shop.t AS FROM came")
        frame.createOrReplaceTempView("rows_of_t")
        found = [spark.sql(portable(query, names)).limit(1).collect() for query in queries]
        spark.catalog.dropTempView("rows_of_t")
        expected = [connection.execute(query).fetchone() for query in queries]
    for what, one, other in zip(AGGREGATES, found[0][0], expected[0] or (), strict=True):
        assert one == pytest.approx(other, nan_ok=True) if isinstance(one, float) else one == other, what
    for query, one, other in zip(QUERIES, found[1:], expected[1:], strict=True):
        assert (tuple(one[0]) if one else None) == other, query


@pytest.mark.slow
def test_what_fails_in_spark_is_told_in_a_sentence(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    from data_platform.engines.spark.audit_errors import told
    from data_platform.engines.spark.audit_queries import answers
    from data_platform.engines.spark.bench import SETTINGS
    from data_platform.engines.spark.session import with_settings

    def ask(query: str) -> float:
        rule = Rule("asked", "sql", (), {"query": query}, Threshold("mustBe", 0))
        with with_settings(spark, SETTINGS):
            return answers(rule, CONTRACT, {"all of it": {"shop.t": frame}})["all of it"]

    frame = spark_frame(spark, rows(), tmp_path)
    assert ask("SELECT count(*) FROM t") == 20
    assert not [view for view in spark.catalog.listTables() if "audited" in view.name]
    for query, why in {
        "SELECT sum(9223372036854775807 + id) FROM t": "overflow",
        "SELECT sum(n % 0) FROM t": "zero",
        "SELECT nothing FROM t": "nothing",
        "SELECT max(day) FROM t": "must return a number",
        "SELECT hash(n) FROM t": "no equal in Spark",
        "SELECT count(*) FROM others": "may read",
    }.items():
        with pytest.raises(RuleError, match=rf"(?is)^shop\.t: rule asked .*{why}.*: SELECT") as error:
            ask(query)
        assert "\n" not in str(error.value) and "at org.apache" not in str(error.value), error.value
    with pytest.raises(LakehouseError, match="Spark failed while it audited the staged rows") as error, told(CONTRACT):
        (tmp_path / "frame.parquet").unlink()
        frame.collect()
    assert len(str(error.value)) < 1000 and "\n" not in str(error.value)

"""What is kept of a refusal, for how long, and what `dp contracts suggest` makes of it."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.contracts import Contracts, Finding
from data_platform.datasets import dataset
from data_platform.files import Files
from data_platform.lakehouse import refusals as kept
from data_platform.lakehouse.refusals import refusals

from .scenario import CONTRACT, contract_in, frame

DAY = "2026-01-05"
QUARANTINES = CONTRACT.replace(
    "  - {property: visibility, value: public}\n",
    "  - {property: visibility, value: public}\n  - {property: onFailure, value: quarantine}\n",
)


def produce(file: Path, rows: pa.Table, partition: str = DAY) -> str:
    """Materializes the parcels as rows of a source; what Dagster is told where it fails, else ''."""

    @dataset("post.parcels", contracts=Contracts.load(file.parent.parent.parent))
    def parcels() -> pa.Table:
        return rows

    result = dg.materialize([parcels], partition_key=partition, raise_on_error=False)
    if result.success:
        return ""
    (failed,) = (each for each in result.all_events if each.is_step_failure)
    return failed.step_failure_data.error.message


def suggest(*options):
    return CliRunner().invoke(app, ["contracts", "suggest", "post.parcels", *options])


def told(*options):
    return json.loads(suggest("--format", "json", *options).stdout)


def test_a_frame_that_does_not_fit_is_kept_until_its_partition_is_published(file, lakehouse):
    message = produce(file, frame({"colour": "red"}, {"colour": None}, without="paid"))
    assert ("colour" in message and "string" in message.lower()) or "VARCHAR" in message
    assert "required column paid (boolean) is missing" in message and "dp contracts suggest post.parcels" in message
    (refusal,) = refusals(lakehouse, contract_in(file))
    assert refusal.partitions == (DAY,) and len(refusal.problems) == 2
    assert told()["version"] == {"before": "1.4.0", "after": "2.0.0"}
    assert suggest("--write").exit_code == 0
    assert produce(file, frame({"colour": "red"}, {"colour": None}, without="paid")) == ""
    assert lakehouse.existing_table("post.parcels").scan().to_arrow()["colour"].to_pylist() == ["red", None]
    assert refusals(lakehouse, contract_in(file)) == []
    assert not list(Path(lakehouse.settings.warehouse, "_refused").rglob("*.parquet"))


def test_the_rows_that_block_are_kept(file, lakehouse):
    rows = frame(*[{}] * 20, {"size": "XL"}, {"weight": "99"})
    message = produce(file, rows)
    assert "size_enum: 1 of 22 rows (4.55%) (size: one of S, M, not XL)" in message
    assert "dp contracts suggest post.parcels" in message
    (refusal,) = refusals(lakehouse, contract_in(file))
    assert dict(refusal.rules or {}) == {"size_enum": 1, "weight_maximum": 1}
    found = told()
    assert [each["what"] for each in found["changes"]] == ["also XL", "maximum 99 instead of ≤ 30"]
    assert [each["rows"] for each in found["rows"]] == [1, 1]
    assert found["rows"][0]["partitions"] == [DAY]
    assert found["rows"][0]["examples"] == [{"day": DAY, "parcel_id": "21", "size": "XL"}]
    assert suggest("--write").exit_code == 0
    assert produce(file, rows) == ""


def test_no_more_than_a_sample_is_kept_and_the_count_is_that_of_all(file, lakehouse, monkeypatch):
    monkeypatch.setattr(kept, "ROWS", 10)
    produce(file, frame(*[{"size": "XL"}] * 25))
    (refusal,) = refusals(lakehouse, contract_in(file))
    assert pq.read_metadata(refusal.rows).num_rows == 10
    assert told()["rows"][0]["rows"] == 25


def test_what_is_kept_is_not_kept_for_ever(file, lakehouse, monkeypatch):
    produce(file, frame({"size": "XL"}))
    contract = contract_in(file)
    assert kept.expire(lakehouse, contract) == 0 and len(refusals(lakehouse, contract)) == 1
    monkeypatch.setattr(kept, "KEPT", timedelta(seconds=-1))
    assert kept.expire(lakehouse, contract) == 1 and refusals(lakehouse, contract) == []


def test_only_the_last_refusal_of_a_partition_is_kept(file, lakehouse):
    produce(file, frame({"size": "XL"}))
    produce(file, frame({"size": "XXL"}))
    produce(file, frame({"day": "2026-01-06", "size": "L"}), "2026-01-06")
    assert [each.partitions for each in refusals(lakehouse, contract_in(file))] == [(DAY,), ("2026-01-06",)]
    assert told()["changes"][0]["what"] in ("also L", "also XXL, L")
    assert "XXL" in told()["patch"] and "{value: XL}" not in told()["patch"]
    assert "XXL" not in told("--partition", "2026-01-06")["patch"]


def test_duplicate_keys_are_to_be_repaired(file):
    assert produce(file, frame({"parcel_id": 7}, {"parcel_id": 7}))
    result = suggest()
    assert result.exit_code == 1 and result.stdout == ""
    assert "repair the source" in result.stderr
    assert told()["remaining"][0]["rule"] == "primary_key"


def test_rows_of_another_day_are_to_be_repaired(file):
    assert produce(file, frame({"day": "2026-01-06"}))
    assert "2026-01-06" in told()["remaining"][0]["why"]


def test_rows_in_quarantine_are_evidence_with_their_text_as_it_came(file):
    file.write_text(QUARANTINES)
    rows = frame({}, {"stops": str(2**40)}, {"size": "XL", "email": "secret@example.com"}, stops=pa.string())
    assert produce(file, rows) == ""
    found = told()
    assert {(each["column"], each["kind"]) for each in found["changes"]} == {
        ("size", "enum"),
        ("stops", "type"),
        ("stops", "bound"),
    }
    assert found["remaining"] == []
    assert {each["rows"] for each in found["rows"]} == {1}
    assert found["rows"][0]["examples"][0]["stops"] == str(2**40)
    assert "dp quarantine replay" in suggest("--write").stderr
    assert CliRunner().invoke(app, ["quarantine", "replay", "post.parcels"]).exit_code == 0
    assert "nothing waits" in suggest().stderr


def test_a_refusal_that_cannot_be_kept_is_a_refusal_all_the_same(file, lakehouse, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(kept, "_write", full)
    assert "size_enum" in produce(file, frame({"size": "XL"}))
    Path(lakehouse.settings.warehouse, "_refused").mkdir(parents=True, exist_ok=True)
    assert produce(file, frame({})) == ""


def test_nothing_refused_is_nothing_to_change(file):
    result = suggest()
    assert (result.exit_code, result.stdout) == (0, "") and "Nothing" in result.stderr


def test_a_patch_can_be_applied_by_git(file, monkeypatch):
    produce(file, frame({"size": "XL"}))
    monkeypatch.chdir(file.parent)
    subprocess.run(["git", "apply", "-"], input=suggest().stdout, text=True, check=True)
    assert "- {value: XL}" in file.read_text()
    assert told()["patch"] == ""


COMING = """\
parcel_id,day,code,size,service,weight,stops,note,email,paid
1,2026-01-05,AB1234,XL,normal,1.5,1,fragile,a@b.c,true
1,2026-01-05,AB1234,S,normal,1.5,1,fragile,a@b.c,true
"""


def test_files_that_are_to_come_are_evidence_too(file, tmp_path):
    (tmp_path / "new.csv").write_text(COMING)
    found = told("--from", str(tmp_path / "new.csv"))
    assert [each["what"] for each in found["changes"]] == ["also XL"]
    assert [each["rule"] for each in found["remaining"]] == ["primary_key"]


def test_a_file_that_drifts_is_taken_in_after_what_is_suggested(file, tmp_path, lakehouse):
    source = tmp_path / "parcels.csv"

    def materialized() -> bool:
        @dataset("post.parcels", contracts=Contracts.load(file.parent.parent.parent))
        def parcels(
            rows: Annotated[duckdb.DuckDBPyRelation, Files(str(source))],
        ) -> duckdb.DuckDBPyRelation:
            return rows

        return dg.materialize([parcels], partition_key=DAY, raise_on_error=False).success

    header, first, _ = COMING.splitlines()
    source.write_text(f"{header}\n{first.replace('XL', 'S')}\n")
    assert materialized()
    source.write_text(f"{header},depth\n{first},12\n{first.replace('1,', '3000000000,', 1)},-7\n")
    assert not materialized()
    found = told("--write")
    assert found["written"] and not found["remaining"]
    assert {(each["column"], each["kind"]) for each in found["changes"]} == {
        ("depth", "new column"),
        ("size", "enum"),
        ("parcel_id", "type"),
    }
    assert materialized()
    rows = lakehouse.existing_table("post.parcels").scan().to_arrow().sort_by("parcel_id")
    assert rows["parcel_id"].to_pylist() == [1, 3_000_000_000] and rows["depth"].to_pylist() == [12, -7]


def test_a_file_that_is_not_there_or_cannot_be_read_is_said(file, tmp_path):
    result = suggest("--from", str(tmp_path / "none.csv"))
    assert result.exit_code == 1 and "there is no such file" in result.stderr
    (tmp_path / "odd.csv").write_text(COMING + "2,too,few\n")
    result = suggest("--from", str(tmp_path / "odd.csv"))
    assert result.exit_code == 1 and "odd.csv:4" in result.stderr


def test_what_would_break_another_contract_is_not_written(file, monkeypatch):
    produce(file, frame({"size": "XL"}))
    before = file.read_bytes()
    complaints = iter([[], [Finding("labels.yaml", 1, 1, "C512", "no longer fits")]])
    monkeypatch.setattr("data_platform.contracts.catalog.check", lambda paths: next(complaints))
    result = suggest("--write")
    assert result.exit_code == 1 and "no longer fits" in result.stderr
    assert file.read_bytes() == before and [each.name for each in file.parent.iterdir()] == [file.name]


def test_masked_rows(file):
    produce(file, frame({"email": "nobody"}))
    result = suggest()
    assert result.exit_code == 1 and "nobody" not in result.output and "•••" in result.stderr


def test_a_publication_that_is_good_looks_for_no_records(file, monkeypatch):
    monkeypatch.setattr(kept, "refusals", lambda *_: pytest.fail("there are no records to read"))
    assert produce(file, frame({})) == ""

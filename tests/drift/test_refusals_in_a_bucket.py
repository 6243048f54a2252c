"""What is kept of a refusal, in a warehouse on S3."""

import pytest

from data_platform.drift import kept_evidence, suggest
from data_platform.lakehouse import Lakehouse, StructureError, publish, staging_folder
from data_platform.lakehouse.refusals import keep_frame, refusals
from data_platform.settings import Settings
from tests.buckets import make_bucket

from .scenario import contract_in, frame

pytestmark = pytest.mark.slow
DAY = "2026-01-05"


def publication(lakehouse, contract, rows):
    from data_platform.engines import engine_of

    made = engine_of(type(rows)).rows(rows, lakehouse)
    try:
        return publish(lakehouse, made.stage(contract, staging_folder(lakehouse, contract)), contract, [DAY])
    except StructureError as refused:
        keep_frame(lakehouse, contract, [DAY], made.sample, refused.problems, "run")


def test_it_is_kept_found_and_removed(file, tmp_path, s3):
    lakehouse = Lakehouse(Settings.at(tmp_path, warehouse=f"s3://{make_bucket(s3, 'lake')}/x"))
    contract = contract_in(file)
    publication(lakehouse, contract, frame({"colour": "red"}))
    publication(lakehouse, contract, frame({"size": "XL"}))
    (refusal,) = refusals(lakehouse, contract)
    assert refusal.rules == {"size_enum": 1}
    with kept_evidence(lakehouse, contract) as evidence:
        assert [each.what for each in suggest(file, evidence, lambda *_: True).changes] == ["also XL"]
    publication(lakehouse, contract, frame({"size": "M"}))
    assert refusals(lakehouse, contract) == []

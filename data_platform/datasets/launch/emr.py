"""EMR, serverless and on EKS: the job by dagster-aws' Pipes clients; context and messages pass through a bucket.

The request names where they are in the bucket, never what they say: run config may hold secrets, and AWS shows requests.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
import dagster as dg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from dagster_aws.pipes import (
    PipesEMRContainersClient,
    PipesEMRServerlessClient,
    PipesS3ContextInjector,
    PipesS3MessageReader,
)

from data_platform.datasets.launch.launched import Job, Listening, NotStarted

PATIENT = Config(retries={"mode": "standard", "max_attempts": 10})
"""A job of hours is asked about thousands of times."""
INTERVAL = 5
"""Seconds between two looks for messages: half of what a job waits between writing two batches."""
POLL = 5
"""Seconds between two looks at how a job stands."""
HOME = "/tmp/data-platform"  # noqa: S108 - in a container of the job's own


def serverless(job: Job, context: dg.AssetExecutionContext) -> Mapping[str, Any] | None:
    """Run a job of an EMR Serverless application to its end, and return its report."""
    options = job.launcher.options
    request = {"applicationId": options["application_id"]} | _request(job, "spark.emr-serverless", "sparkSubmit")
    if "timeout_minutes" in options:
        request["executionTimeoutMinutes"] = options["timeout_minutes"]
    job.where = _where(options, f"application {options['application_id']}")
    return _run(partial(_Serverless, poll_interval=POLL), "emr-serverless", job, context, request)


def containers(job: Job, context: dg.AssetExecutionContext) -> Mapping[str, Any] | None:
    """Run a job of EMR on EKS to its end, and return its report."""
    options = job.launcher.options
    where = {"virtualClusterId": options["virtual_cluster_id"], "releaseLabel": options["release_label"]}
    request = where | _request(job, "spark.kubernetes", "sparkSubmitJobDriver")
    job.where = _where(options, f"virtual cluster {options['virtual_cluster_id']}")
    waiting: Any = {"Delay": POLL, "MaxAttempts": sys.maxsize}
    return _run(partial(_Containers, waiter_config=waiting), "emr-containers", job, context, request)


def _request(job: Job, settings: str, driver: str) -> dict[str, Any]:
    """What both are asked for; they differ in where the driver's environment is set, and what the driver is called."""
    options = job.launcher.options
    conf = {f"{settings}.driverEnv.{name}": value for name, value in _environment(job).items()}
    parameters = [f"--conf {shlex.quote(f'{key}={value}')}" for key, value in {**job.launcher.conf, **conf}.items()]
    return {
        "executionRoleArn": options["execution_role"],
        "name": job.order.dataset,
        "jobDriver": {driver: {"entryPoint": options["entry_point"], "sparkSubmitParameters": " ".join(parameters)}},
        "tags": dict(options.get("tags", {})),
        **_monitoring(options),
    }


def _run(
    client: Callable[..., _Serverless | _Containers],
    service: str,
    job: Job,
    context: dg.AssetExecutionContext,
    request: dict[str, Any],
) -> Mapping[str, Any] | None:
    options, region = job.launcher.options, job.launcher.options.get("region")
    s3 = boto3.client("s3", region_name=region, config=PATIENT)
    reader = Listening(_Reader(bucket=options["bucket"], client=s3, interval=INTERVAL))
    aws: Any = boto3.client(service, region_name=region, config=PATIENT)
    pipes = client(
        client=_Discreet(aws), message_reader=reader, context_injector=_Injector(bucket=options["bucket"], client=s3)
    )
    try:
        pipes.run(context=context, start_job_run_params=request, extras=job.order.to_json())  # type: ignore[arg-type]
    except Exception:
        if reader.reported is None:
            raise
    finally:
        job.where = ", ".join(filter(None, (pipes.started, job.where)))
    return reader.reported


class _Cancelling:
    """A client of dagster-aws that knows what it started, and leaves no job behind that it cannot follow."""

    started = ""

    def _start(self, context: Any, params: Any) -> Any:
        response = super()._start(context, params)  # type: ignore[misc]
        self.started = f"job run {response.get('jobRunId') or response['id']}"
        return response

    def _wait_for_completion(self, context: Any, start_response: Any) -> Any:
        try:
            return super()._wait_for_completion(context, start_response)  # type: ignore[misc]
        except (BotoCoreError, ClientError):
            self._terminate(context, start_response)  # type: ignore[attr-defined]
            raise


class _Serverless(_Cancelling, PipesEMRServerlessClient):
    def _read_messages(self, context: Any, session: Any, response: Any) -> None:
        """They came through the bucket; the original would look for them in CloudWatch, and warn."""


class _Containers(_Cancelling, PipesEMRContainersClient):
    pass


class _Discreet:
    """AWS' client, but for the link to a dashboard, which opens it to whoever has it: dagster-aws would log it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_dashboard_for_job_run(self, **which: Any) -> str:
        return f"in EMR Studio, job run {which['jobRunId']}"


class _Reader(PipesS3MessageReader):
    """Leaves no messages behind: values that break rules are among them."""

    @contextmanager
    def get_params(self) -> Iterator[Any]:
        with super().get_params() as params:
            try:
                yield params
            finally:
                self._remove(f"{params['key_prefix']}/")

    def _remove(self, prefix: str) -> None:
        s3: Any = self.client
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            for each in page.get("Contents", ()):
                s3.delete_object(Bucket=self.bucket, Key=each["Key"])


class _Injector(PipesS3ContextInjector):
    """Leaves no context behind where the job fails, either."""

    @contextmanager
    def inject_context(self, context: Any) -> Iterator[Any]:
        entered = super().inject_context(context)
        params = entered.__enter__()
        try:
            yield params
        finally:
            entered.__exit__(None, None, None)


def _environment(job: Job) -> dict[str, str]:
    """The driver's: where the lakehouse is, as here, and what the deployment says. Refuses what a job could not reach."""
    settings, given = job.lakehouse.settings, dict(job.launcher.options.get("env", {}))
    own = {"DATA_PLATFORM_WAREHOUSE": settings.warehouse, "DATA_PLATFORM_CATALOG": settings.catalog}
    for name, value in own.items():
        if name not in given and (problem := _unreachable(name, value)):
            raise NotStarted(f"{problem}; set {name} here, or for the job (`env` in deployment.yaml)")
    return {"DATA_PLATFORM_HOME": HOME} | own | given


def _unreachable(name: str, value: str) -> str:
    """Why a job on AWS cannot use what this process uses; '' where it can."""
    if name == "DATA_PLATFORM_WAREHOUSE" and not value.startswith("s3://"):
        return f"the warehouse is the folder {value}, which no job on AWS reaches"
    if value.startswith("sqlite:"):
        return "the catalog is a file of this machine, which no job on AWS reaches"
    if "@" in value:
        return "the catalog's address holds a user, and a request to AWS is no place for secrets"
    return ""


def _monitoring(options: Mapping[str, Any]) -> dict[str, Any]:
    if "log_uri" not in options:
        return {}
    kept = {"s3MonitoringConfiguration": {"logUri": options["log_uri"]}}
    return {"configurationOverrides": {"monitoringConfiguration": kept}}


def _where(options: Mapping[str, Any], of: str) -> str:
    return f"{of}: its driver's stderr is in {options.get('log_uri', 'EMR Studio')}"

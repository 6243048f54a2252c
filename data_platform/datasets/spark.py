"""Steps with Spark: its Java and its session are there before anything else is done, made by dagster-pyspark, or the step
fails with a sentence that says what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from data_platform.datasets.errors import final
from data_platform.datasets.launch.where import launcher_of, uses_spark
from data_platform.datasets.producer import Producer
from data_platform.datasets.signature import Signature
from data_platform.deployment import SPARK_SUBMIT, Launcher, current_deployment
from data_platform.engines import Engine
from data_platform.engines.spark import masters
from data_platform.engines.spark.alive import alive
from data_platform.engines.spark.interrupt import interruptible
from data_platform.engines.spark.java import SparkUnavailable, find_java, spark_version
from data_platform.engines.spark.session import master_of, session
from data_platform.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TOOL = {"data_platform/tool": "spark"}
"""The tag of a step that uses Spark: see `operations/preload.py`."""


class SparkSessionResource(dg.ConfigurableResource):
    """The process's Spark session, for functions that make their frame of something else than datasets.

    A parameter `spark: SparkSessionResource` has it as `spark.spark_session`. `conf` is used for the session where
    there is none yet, on top of what the deployment says.
    """

    conf: dict[str, str] = Field(default_factory=dict)

    @property
    def spark_session(self) -> SparkSession:
        """Made when it is first asked for. Raises SparkUnavailable where there can be none."""
        return session({**current_deployment().conf, **self.conf}, start=_by_dagster)


def tool_tags(signature: Signature) -> dict[str, str]:
    """The tags of a step with this signature."""
    return TOOL if uses_spark(signature) else {}


@contextmanager
def spark_for(producer: Producer, context: dg.AssetExecutionContext) -> Iterator[None]:
    """Whatever Spark the producer's step needs in this process; Failure, without retries, where that cannot be had."""
    with final(SparkUnavailable):
        made = _session_of(producer, context)
    if made is None:
        yield
        return
    with final(SparkUnavailable), interruptible(made), alive(made):
        yield


def provide_session(engine: Engine) -> None:
    """The session that an engine's frames need, if any; Failure, without retries, where it cannot be had."""
    if engine.name == "spark":
        with final(SparkUnavailable):
            session(start=_by_dagster)


def why_not(producer: Producer) -> str:
    """Why this machine cannot do the producer's step, and what to do about it; '' where nothing is known against it."""
    if not uses_spark(producer.signature):
        return ""
    launcher = launcher_of(producer)
    if launcher.is_remote and not _submits(launcher):
        return ""
    try:
        if masters.is_connect(master_of(Settings.from_environment(), launcher.conf, launcher.master)):
            spark_version()
        else:
            find_java()
    except SparkUnavailable as error:
        return str(error)
    return ""


def _session_of(producer: Producer, context: dg.AssetExecutionContext) -> SparkSession | None:
    """The session for the producer's step; None where it needs none, or where its work is done elsewhere."""
    given = (getattr(context.resources, name) for name in producer.signature.resources)
    asked = next((each for each in given if isinstance(each, SparkSessionResource)), None)
    if not uses_spark(producer.signature):
        return asked.spark_session if asked else None
    launcher = launcher_of(producer)
    if _submits(launcher):
        find_java()
    if launcher.is_remote:
        return None
    return session({**launcher.conf, **(asked.conf if asked else {})}, launcher.master, _by_dagster)


def _submits(launcher: Launcher) -> bool:
    """Whether it submits jobs with the Spark that is installed here; another's `command` has its own Java."""
    return launcher.kind == SPARK_SUBMIT and "command" not in launcher.options


def _by_dagster(conf: Mapping[str, str]) -> Any:
    try:
        from dagster_pyspark import PySparkResource
    except ImportError as error:
        raise SparkUnavailable("dagster-pyspark is not installed", "pip install 'data-platform[spark]'") from error

    resource = PySparkResource(spark_config=dict(conf))
    resource.setup_for_execution(None)  # type: ignore[arg-type]  # it asks nothing of the context
    return resource.spark_session

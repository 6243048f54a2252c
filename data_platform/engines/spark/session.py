"""The one Spark session of this process, made when the first Spark dataset asks for it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from data_platform.deployment import current_deployment
from data_platform.engines.spark import masters
from data_platform.engines.spark.java import SparkUnavailable, find_java, is_submitted, spark_version
from data_platform.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ALWAYS: dict[str, str] = {
    "spark.sql.session.timeZone": "UTC",  # as everywhere here
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96, the default, has no statistics
}
USUALLY: dict[str, str] = {  # unless the deployment says otherwise
    "spark.app.name": "data-platform",
    "spark.ui.enabled": "false",  # it asks nobody who they are
    "spark.log.level": "WARN",
}
ON_ONE_MACHINE: dict[str, str] = {  # a driver whose executors are elsewhere must be within their reach
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
OUT_OF_MEMORY = "-XX:+ExitOnOutOfMemoryError"
"""A thread of Spark's that runs out of memory may leave Python waiting for it for ever."""

Start = Callable[[Mapping[str, str]], "SparkSession"]
"""Makes a session with this configuration."""


def session(conf: Mapping[str, str] | None = None, master: str = "", start: Start | None = None) -> SparkSession:
    """The session there is, whoever made it; else a new one, for the `master` and with the `conf` of the deployment.

    Raises SparkUnavailable where there is no Java, no pyspark, nobody at the master's address, or no session.
    """
    spark_version()
    if (there := _active()) is not None:
        return there
    settings = Settings.from_environment()
    wanted = configuration(settings, conf if conf is not None else current_deployment().conf, master)
    master = wanted.get("spark.remote") or wanted.get("spark.master", "")
    with _environment(_variables(settings, wanted)):
        masters.reach(master)
        interrupted = signal.getsignal(signal.SIGINT)
        try:
            return (start or _start)(wanted)
        except Exception as error:
            said = f"Spark did not start ({masters.shown(master)}): {_first_line(error)}"
            fix = "correct DATA_PLATFORM_SPARK_MASTER or the deployment's `conf`; Spark's own words are in the stderr"
            raise SparkUnavailable(said, fix) from error
        finally:
            _take_back(interrupted)


def configuration(settings: Settings, conf: Mapping[str, str], master: str = "") -> dict[str, str]:
    """All that a session is configured with: `conf` (the deployment's), and what correctness and safety ask for.

    The `master` is that of the dataset's size, else DATA_PLATFORM_SPARK_MASTER, else that of `conf`, else this machine.
    Within spark-submit, master and places are what it was told. Spark Connect's server has a configuration of its own.
    """
    if is_submitted():
        return {**conf, **ALWAYS}
    master = master_of(settings, conf, master)
    if masters.is_connect(master):
        asked = {name: value for name, value in conf.items() if name.startswith("spark.sql.")}
        return asked | ALWAYS | {"spark.remote": master}
    home = settings.home / "spark"
    derby = f'"-Dderby.system.home={home}"'
    java_options = " ".join(filter(None, (derby, OUT_OF_MEMORY, conf.get("spark.driver.extraJavaOptions"))))
    return {
        **USUALLY,
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        "spark.sql.warehouse.dir": str(home / "warehouse"),
        **(ON_ONE_MACHINE if masters.is_local(master) else {}),
        **conf,
        "spark.driver.extraJavaOptions": java_options,
        "spark.master": master,
        **ALWAYS,
    }


def master_of(settings: Settings, conf: Mapping[str, str], master: str = "") -> str:
    """Spark's master, as `configuration` finds it."""
    return master or settings.spark_master or conf.get("spark.master", masters.HERE)


def _active() -> SparkSession | None:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        return SparkSession.active()
    except PySparkException:  # there is none
        return None


def _start(conf: Mapping[str, str]) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    for name, value in conf.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _variables(settings: Settings, conf: Mapping[str, str]) -> dict[str, str]:
    """The environment in which Spark's own processes start."""
    python = {"PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON") or conf.get("spark.pyspark.python", sys.executable)}
    if is_submitted() or "spark.remote" in conf:
        return python
    scratch = settings.home / "spark" / "local"  # the driver's; that of executors elsewhere is their machine's to say
    scratch.mkdir(parents=True, exist_ok=True)
    place = {} if "spark.local.dir" in conf else {"SPARK_LOCAL_DIRS": os.environ.get("SPARK_LOCAL_DIRS", str(scratch))}
    if masters.is_local(conf["spark.master"]):  # whatever this machine thinks that its name is
        place["SPARK_LOCAL_IP"] = os.environ.get("SPARK_LOCAL_IP", conf["spark.driver.bindAddress"])
    return python | place | find_java().environment(settings.home)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _take_back(interrupted: object) -> None:
    """Whoever handles interruptions here goes on doing so: PySpark puts its own function in their place."""
    try:
        if interrupted is not signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupted)  # type: ignore[arg-type]
    except ValueError:  # not the main thread, where PySpark does no such thing
        pass


def _first_line(error: Exception) -> str:
    """What an error says, without the stack trace of the JVM."""
    lines = [line.removeprefix(": ").strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("An error occurred while calling")]
    return told[0] if told else type(error).__name__


@contextmanager
def with_settings(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """These SQL settings of the session for a while, and then what they were: the session may be the user's own."""
    before = {name: spark.conf.get(name, None) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, value)

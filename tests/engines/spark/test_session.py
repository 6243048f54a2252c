"""The session: what it is configured with, whom it calls, and what it leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from data_platform.engines.spark import masters, session
from data_platform.engines.spark.java import SparkUnavailable
from data_platform.engines.spark.session import configuration
from data_platform.settings import PROJECT, Settings
from tests.operations.processes import eventually, gone

MINE = {"spark.ui.enabled": "true", "spark.sql.session.timeZone": "Asia/Tokyo", "spark.executor.memory": "8g"}


@pytest.fixture(autouse=True)
def outside_of_spark_submit(monkeypatch):
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings.at(tmp_path)


def test_this_machine_is_the_master_unless_something_else_is_said(here, tmp_path):
    said = Settings.at(tmp_path, spark_master="yarn")
    assert configuration(here, {})["spark.master"] == "local[*]"
    assert configuration(here, {"spark.master": "spark://a:1"})["spark.master"] == "spark://a:1"
    assert configuration(said, {"spark.master": "spark://a:1"})["spark.master"] == "yarn"
    assert configuration(said, {}, "local[2]")["spark.master"] == "local[2]"  # a dataset's size knows best


def test_the_deployment_may_change_everything_but_what_correctness_asks_for(here):
    found = configuration(here, MINE)
    assert found.items() >= {"spark.ui.enabled": "true", "spark.executor.memory": "8g"}.items()
    assert found["spark.sql.session.timeZone"] == "UTC"
    assert configuration(here, {})["spark.ui.enabled"] == "false"


def test_a_driver_is_reached_from_outside_only_where_its_executors_are_outside(here):
    for master in ("local", "local[*]", "local[2,3]", "local-cluster[2,1,1024]"):
        found = configuration(here, {}, master)
        assert (found["spark.driver.host"], found["spark.driver.bindAddress"]) == ("127.0.0.1", "127.0.0.1")
    for master in ("spark://a:7077", "yarn", "k8s://https://a:443"):
        assert not [name for name in configuration(here, {}, master) if name.startswith("spark.driver.bind")]
        assert "spark.driver.host" not in configuration(here, {}, master)


def test_a_session_of_spark_connect_gets_nothing_that_is_its_servers(here):
    found = configuration(here, MINE | {"spark.sql.shuffle.partitions": "7"}, "sc://a:15002")
    assert found["spark.remote"] == "sc://a:15002" and found["spark.sql.shuffle.partitions"] == "7"
    assert all(name.startswith("spark.sql.") for name in found.keys() - {"spark.remote"})


def test_within_spark_submit_its_own_words_count(here, monkeypatch):
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert configuration(here, {}, "local[2]") == session.ALWAYS


@pytest.mark.parametrize("master", ["spark:/a", "mesos://a:5050", "local[", "sc:a", "localhost:7077"])
def test_what_is_no_master_is_refused(master):
    with pytest.raises(SparkUnavailable, match="is no master of Spark: write "):
        masters.reach(master)


def test_a_master_that_nobody_answers_for_is_told_and_no_token_with_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        for master in (f"spark://127.0.0.1:{port},nowhere.invalid:7077", f"sc://127.0.0.1:{port}/;token=hunter2"):
            with pytest.raises(SparkUnavailable, match=f"no Spark answers at .*127.0.0.1:{port}") as unreached:
                masters.reach(master)
            assert "hunter2" not in str(unreached.value) and "DATA_PLATFORM_SPARK_MASTER" in unreached.value.fix
        taken.listen()
        masters.reach(f"spark://nowhere.invalid:7077,127.0.0.1:{port}")  # one of several is enough


def test_spark_that_does_not_start_says_so_in_a_sentence(here, monkeypatch):
    def start(conf):
        assert os.environ["PYSPARK_PYTHON"] == sys.executable
        raise RuntimeError("An error occurred while calling None.x.\n: java.lang.IllegalState: no way\n\tat stack")

    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(here.home))
    monkeypatch.setattr(session, "_active", lambda: None)
    with pytest.raises(
        SparkUnavailable, match=r"^Spark did not start \(local\[1\]\): java.lang.IllegalState: no way: c"
    ):
        session.session({}, "local[1]", start)
    assert "PYSPARK_PYTHON" not in os.environ


SCENE = """
import json, os, signal, sys, threading, time

class Interrupted(BaseException):
    "As Dagster's: no KeyboardInterrupt."

def interrupt(*_):
    raise Interrupted

signal.signal(signal.SIGINT, interrupt)
from data_platform.engines.spark.interrupt import interruptible
from data_platform.engines.spark.session import session, with_settings
from data_platform.operations.step_process import fork_hazards

import pyspark.sql.functions as F
safe = fork_hazards()
spark = session()
found = {
    "safe": [*safe], "unsafe": [*fork_hazards()], "handler": signal.getsignal(signal.SIGINT) is interrupt,
    "zone": spark.conf.get("spark.sql.session.timeZone"), "jvm": spark._jvm.java.lang.ProcessHandle.current().pid(),
    "derby": spark._jvm.java.lang.System.getProperty("derby.system.home"),
    "java": list(spark._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()),
}
others = []
thread = threading.Thread(target=lambda: others.append(session()))
thread.start()
thread.join()
found["one"] = others == [spark] and session() is spark

def wait():
    while not spark.sparkContext.statusTracker().getActiveStageIds():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=wait).start()
try:
    with interruptible(spark), with_settings(spark, {"spark.sql.shuffle.partitions": "3"}):
        spark.range(10**13).select(F.sum(F.sin("id"))).collect()
except BaseException as error:
    found["interrupted"] = type(error).__name__
others = []
def idle():
    while spark.sparkContext.statusTracker().getActiveStageIds():
        time.sleep(0.05)
    others.append(spark.range(10).count())
thread = threading.Thread(target=idle)
thread.start()
thread.join(60)
print(json.dumps(found | {"idle": others, "here": os.listdir()}), flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_a_real_session_is_one_is_interrupted_with_its_jobs_and_dies_with_its_process(tmp_path):
    (tmp_path / "cwd").mkdir()
    environment = os.environ | {
        "DATA_PLATFORM_HOME": str(tmp_path / "ho me"),
        "DATA_PLATFORM_SPARK_MASTER": "local[2]",
        "PYTHONPATH": str(PROJECT),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SCENE],
        cwd=tmp_path / "cwd",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert found["zone"] == "UTC" and found["one"] and found["handler"]
    assert found["safe"] == [] and found["unsafe"] == ["a JVM of Spark"]
    assert found["interrupted"] in ("KeyboardInterrupt", "Interrupted") and found["idle"] == [10]
    assert found["here"] == [] and found["derby"] == str(tmp_path / "ho me" / "spark")
    assert "-XX:+ExitOnOutOfMemoryError" in found["java"]
    assert eventually(lambda: gone(found["jvm"]))
    assert not list((tmp_path / "ho me" / "spark" / "local").iterdir())


DYING = """
import os, signal, sys
from data_platform.engines.spark.alive import alive
from data_platform.engines.spark.driver import collect
from data_platform.engines.spark.java import SparkUnavailable
from data_platform.engines.spark.session import session

spark = session({"spark.driver.memory": "512m", "spark.driver.maxResultSize": "0"})
try:
    with alive(spark):
        if sys.argv[1] == "killed":
            os.kill(spark._jvm.java.lang.ProcessHandle.current().pid(), signal.SIGKILL)
            spark.range(3).collect()
        elif sys.argv[1] == "out of memory":
            spark._jvm.java.nio.ByteBuffer.allocate(2**30)
        else:
            raise ValueError("mine")
except (SparkUnavailable, ValueError) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("killed", "SparkUnavailable Spark's JVM ended while it worked (exit code -9); its last words are in"),
        ("out of memory", "SparkUnavailable Spark's JVM ended while it worked (out of memory); its last words are in"),
        ("not at all", "ValueError mine"),
    ],
)
def test_a_jvm_that_ends_is_told_as_such(tmp_path, how, said):
    environment = os.environ | {"DATA_PLATFORM_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", DYING, how]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert said in done.stdout, done.stderr

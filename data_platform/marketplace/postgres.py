"""The monolith's PostgreSQL: a real server from a wheel, over TCP on 127.0.0.1, needing nothing on the PATH.

Its folder holds `password` (0600), `port` (chosen once and kept), `lock`, and `cluster/` with the data and
`postgres.log` (see `cluster`; who runs it and from where: `installation`).
"""

import fcntl
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import cluster
from .cluster import NAME
from .errors import PostgresUnavailable
from .home import postgres_folder
from .installation import Account, binaries, server_account
from .ports import free_port, is_free
from .postmaster import Postmaster

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "max_wal_size": "2GB",
    "jit": "off",
}


class PostgresServer:
    """One PostgreSQL in one folder. Every method may be called again, from any process."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        self.cluster = self.folder / "cluster"
        self.data = self.cluster / "data"
        self.log = self.cluster / "postgres.log"

    @property
    def dsn(self) -> str:
        """Where to connect; known as soon as the server was started once."""
        try:
            password, port = (self.folder / "password").read_text(), (self.folder / "port").read_text()
        except FileNotFoundError:
            raise PostgresUnavailable(f"There is no database in {self.folder} yet: start it first.") from None
        return f"postgresql://{NAME}:{password}@127.0.0.1:{int(port)}/{NAME}"

    def exists(self) -> bool:
        """Whether a database was created here, running or not."""
        return (self.data / "PG_VERSION").exists()

    def is_running(self) -> bool:
        """Whether our server accepts connections; a stale pid file does not count."""
        return Postmaster(self.data).is_ready()

    def start(self) -> str:
        """Create the database if there is none, start it if it does not run, and return its DSN."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            postmaster = Postmaster(self.data)
            if postmaster.settle():
                return self.dsn
            account = server_account()
            bin = binaries(account)
            cluster.place(self.cluster, account)
            if not self.exists():
                password = self._kept("password", lambda: secrets.token_urlsafe(24))
                cluster.create(self.cluster, account, bin, password)
            postmaster.forget()
            self._launch(account, bin)
            _ensure_database_named(NAME, self.dsn)
            return self.dsn

    def stop(self) -> None:
        """Stop the server if it runs; the data stays."""
        if not Postmaster(self.data).is_alive():
            return
        with self._locked():
            Postmaster(self.data).stop(signal.SIGINT)  # PostgreSQL's "fast": sessions end, nothing is lost

    def delete(self) -> None:
        """Stop the server and delete its database and everything else in its folder, wherever that lies."""
        self.stop()
        if self.cluster.exists():
            shutil.rmtree(self.cluster.resolve())
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self, account: Account | None, bin: Path) -> None:
        port = int(self._kept("port", lambda: str(free_port(self.folder))))
        patience = time.monotonic() + 5  # after kill -9 the dead server holds its port and memory for a moment
        while not is_free(port):
            if time.monotonic() > patience:
                raise PostgresUnavailable(
                    f"Port {port} of the database in {self.folder} is in use by another program: "
                    f"stop that program, or delete {self.folder / 'port'} to have another port chosen."
                )
            time.sleep(0.1)
        options = " ".join(f"-c {key}='{value}'" for key, value in {**SETTINGS, "port": port}.items())
        arguments = ("-D", self.data.resolve(), "-l", self.log.resolve(), "-o", options, "-w", "-t", "60")
        while True:
            try:
                return cluster.run(account, bin / "pg_ctl", "start", *arguments)
            except PostgresUnavailable as error:
                last_lines = self._last_lines()
                if "shared memory block" not in last_lines or time.monotonic() > patience + 10:
                    raise PostgresUnavailable(f"{error}\nThe end of {self.log}:\n{last_lines}") from None
            time.sleep(0.3)

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:]) if self.log.exists() else "(no log)"

    def _kept(self, name: str, choose: Callable[[], str]) -> str:
        """A value chosen once and kept in the folder, readable for us alone."""
        path = self.folder / name
        if not path.exists() or not path.stat().st_size:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(choose())
        return path.read_text()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def ensure_database(home: Path) -> str:
    """The monolith's DSN, its server running: MARKETPLACE_DSN if set, else the embedded one under `home/postgres`."""
    return os.environ.get("MARKETPLACE_DSN") or PostgresServer(postgres_folder(home)).start()


def _ensure_database_named(name: str, dsn: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(f"{dsn.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

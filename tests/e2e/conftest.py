"""The marketplace with its history, and the real UI over it: what `make run` and `make dev` give a user, in a folder of
its own, on a free port, gone when the last test has ended, however it ended."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from data_platform.settings import PROJECT

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
SIZE = {"width": 1600, "height": 1000}

LIVED, DAYS, UNTIL = 11, 4, date(2026, 11, 12)
"""How long the marketplace has lived, and how many of its last days are published."""
WITHOUT = "--without tracking.visits --without ads.listing_engagement"
"""What Spark makes: tested elsewhere, and minutes of every run of these tests."""
BAD_DAY = UNTIL - timedelta(days=1)  # the simulator spoils its tenth day

RUN_SECONDS, START_SECONDS, STOP_SECONDS, PAGE_SECONDS = 900, 300, 30, 90
"""How long to wait before calling it broken. All are many times what a quiet machine needs."""

Answer = TypeVar("Answer")


def eventually(ask: Callable[[], Answer | None], seconds: float, what: str) -> Answer:
    """The first answer that is true of a question asked again and again."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s still no {what}")
        time.sleep(0.5)
    return answer


@dataclass(frozen=True)
class Platform:
    """Where the UI answers."""

    url: str

    def graphql(self, query: str, **variables: Any) -> Any:
        """The data the UI's API answers with; AssertionError with its errors."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"content-type": "application/json"})
        with urlopen(request, timeout=PAGE_SECONDS) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def answers(self) -> bool:
        """The web server is up, and the code location is loaded."""
        with suppress(URLError, OSError):
            return bool(self.graphql("{ assetNodes { id } }")["assetNodes"])
        return False


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The last days of the marketplace, one of them bad, and `make dev` over them."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install '.[test]')")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is absent (apt-get install chromium, or set CHROMIUM)")
    home = tmp_path_factory.mktemp("platform")
    environment = _environment(home)
    port = _free_port()
    *preparations, server = recipe("dev", PORT=str(port))
    with ExitStack() as stack:
        stack.callback(_end_what_is_left, home)
        stack.callback(subprocess.run, ["dp", "sources", "stop"], cwd=PROJECT, env=environment, timeout=STOP_SECONDS)
        lived = f"python -m data_platform.marketplace fill --days {LIVED} --home {home / 'marketplace'}"
        known = f"--scale 0.05 --until {UNTIL}"
        for command in (f"{lived} {known}", f"dp run --days {DAYS} {known} {WITHOUT}", *preparations):
            with running(command, environment, home / "run.log") as process:
                status = process.wait(RUN_SECONDS)
            assert status == 0, f"{command} ended with {status}:\n{_end_of(home / 'run.log')}"
        process = stack.enter_context(running(server, environment, home / "dev.log"))
        found = Platform(f"http://127.0.0.1:{port}")
        eventually(lambda: process.poll() is not None or found.answers(), START_SECONDS, f"answer from {found.url}")
        assert process.poll() is None, f"{server} ended with {process.returncode}:\n{_end_of(home / 'dev.log')}"
        yield found


@pytest.fixture(scope="package")
def browser(platform: Platform) -> Iterator[Any]:
    """Package scope, not session: playwright's event loop must be gone before other tests start theirs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty tab, which forgets everything."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_SECONDS * 1000)
    tab = browser.new_page(viewport=SIZE, timezone_id="UTC", locale="en-US")
    tab.set_default_timeout(PAGE_SECONDS * 1000)
    yield tab
    tab.close()


@pytest.fixture(scope="package")
def screenshot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, str], None]:
    """Keeps what a page looks like, in the folder E2E_SCREENSHOTS or a temporary one."""
    folder = Path(os.environ.get("E2E_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Any, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")

    return take


def recipe(target: str, **variables: str) -> list[str]:
    """The commands of a Makefile's target: the tests run what a user runs."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert found, f"no target {target} in the Makefile"
    commands = found[1].replace("\t", "").splitlines()
    return [re.sub(r"\$\((\w+)\)", lambda name: variables[name[1]], command) for command in commands]


@contextmanager
def running(command: str, environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, which is gone afterwards: asked first, then killed."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command.split(),
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_heed_interrupts,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _heed_interrupts() -> None:
    """A shell's background job ignores these, and so would all that it starts."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)


def processes_of(home: Path) -> list[int]:
    """Every process that was started with this home in its environment or its arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(bytes(home) in (folder / name).read_bytes() for name in ("environ", "cmdline")):
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def _end_what_is_left(home: Path) -> None:
    """Nothing should be; a process that left its group would otherwise outlive the tests."""
    for pid in processes_of(home):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _environment(home: Path) -> dict[str, str]:
    """What the Makefile exports, for another home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATA_PLATFORM_", "DAGSTER_"))}
    programs = Path(sys.executable).parent
    return kept | {
        "DATA_PLATFORM_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "VIRTUAL_ENV": str(programs.parent),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])

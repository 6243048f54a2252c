"""The lakehouse of `lake`'s tests (two days of listings and two users), and a mail server that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.conftest import certificate
from tests.alerts.servers import Mailbox, mail_server
from tests.lake.conftest import project, published

__all__ = ["certificate", "project", "published"]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server() as there:
        address = f"smtp://127.0.0.1:{there.port}?from=platform@market.example"
        monkeypatch.setenv("DATA_PLATFORM_ALERTS", f"log, {address}")
        yield there

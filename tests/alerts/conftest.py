"""What the alert tests share: settings for the environment, a certificate that clients trust, and `publish`."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from data_platform.alerts import notify
from data_platform.contracts import Contract
from data_platform.quality.policy import Verdict
from tests.alerts.findings import LISTINGS
from tests.alerts.servers import Endpoint, webhook

Publish = Callable[..., None]


@pytest.fixture
def publish(home: Path) -> Publish:
    """Alert as the end of a publication does."""

    def published(*verdicts: Verdict, contract: Contract = LISTINGS, run_id: str = "run-1") -> None:
        notify(contract, verdicts, run_id=run_id, home=home)

    return published


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A webhook, and nothing else, that alerts go to."""
    with webhook() as there:
        monkeypatch.setenv("DATA_PLATFORM_ALERTS", there.address)
        yield there


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context for `localhost`, of an authority that clients trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context

"""A lakehouse with two days of listings and two users; `lake` itself is about the same contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.contracts import Contracts
from data_platform.lakehouse import Lakehouse

from . import scenario


@pytest.fixture
def published(lakehouse: Lakehouse) -> Lakehouse:
    scenario.publish_listings(2, 3)
    scenario.publish_users()
    return lakehouse


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """The contracts of this project are those of the scenario."""
    monkeypatch.setattr(Contracts, "load", lambda *folders, **options: scenario.CONTRACTS)

"""The testing kit as a pytest plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_platform.datasets.testing import golden
from data_platform.datasets.testing.lakehouses import temporary_lakehouse
from data_platform.lakehouse import Lakehouse


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew, from what tests found")


def pytest_configure(config: pytest.Config) -> None:
    golden.updating = bool(config.getoption("--update-golden", default=False))


@pytest.fixture
def lakehouse(tmp_path: Path) -> Iterator[Lakehouse]:
    """A temporary, empty lakehouse."""
    with temporary_lakehouse(tmp_path) as made:
        yield made

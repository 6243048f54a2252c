"""A lakehouse in which everything was made once, for tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data_platform.datasets.testing import temporary_lakehouse
from data_platform.lakehouse import Lakehouse

from .scenario import everything


@pytest.fixture(scope="session")
def shop() -> Iterator[Lakehouse]:
    with temporary_lakehouse() as lakehouse:
        everything()
        yield lakehouse

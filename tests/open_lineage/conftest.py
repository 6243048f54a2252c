"""A catalog that every run of the test tells, and what it was told, always held against the specification."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.open_lineage.collector import Collector, collector
from tests.open_lineage.conformity import problems


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as there:
        monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", there.address)
        yield there
        assert [found for each in there.events for found in problems(each)] == []

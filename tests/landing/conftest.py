from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def landing_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files land below the test's own home."""
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(home))

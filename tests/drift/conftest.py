from pathlib import Path

import pytest

from data_platform.cli import project

from .scenario import parcels


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The parcels' contract, in the only domain that commands know of."""
    folder = tmp_path / "domains"
    monkeypatch.setattr(project, "DOMAINS", folder)
    return parcels(folder)

"""docs/notebook.ipynb runs, against a real lakehouse, and is the same on every machine."""

import json
import re
import runpy
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets.testing import publish_frame, valid_frame
from data_platform.settings import PROJECT

pytestmark = pytest.mark.slow

nbformat = pytest.importorskip("nbformat", reason="the extra `notebook`")
pytest.importorskip("ipykernel", reason="the extra `notebook`")

NOTEBOOK = PROJECT / "docs" / "notebook.ipynb"
DOMAINS = PROJECT / "data_platform" / "domains"
DAY = "2026-11-02"


@pytest.fixture
def marketplace(lakehouse):
    """One day of what the notebook reads; the same categories in all of it."""
    contracts = Contracts.load(DOMAINS)
    for name in ("ads.categories", "ads.listings", "ads.listing_stats", "users.users"):
        contract = contracts[name]
        frame = valid_frame(contract, 20, DAY)
        for column, values in (("category_id", range(1, 21)), ("parent_id", [None] * 20)):
            if column in frame.column_names:
                place, kind = frame.schema.get_field_index(column), frame.schema.field(column).type
                frame = frame.set_column(place, column, pa.array(values, kind))
        published = publish_frame(frame, contract, (DAY,) if contract.partitioning else ("",))
        assert published.published, [
            outcome for each in published.verdicts for outcome in each.outcomes if not outcome.holds
        ]


@pytest.mark.usefixtures("marketplace")
def test_every_cell_runs_and_frames_are_shown_as_tables():
    script = runpy.run_path(str(PROJECT / "docs" / "notebook.py"))
    notebook = script["tidied"](script["executed"](nbformat.read(NOTEBOOK, 4)))
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    assert sum("text/html" in each and "<table" in each["text/html"] for each in shown) == 6
    assert sum("image/png" in each for each in shown) == 1
    (past,) = [each for each in shown if "listings" in each["text/plain"] and "(1, 1)" in each["text/plain"]]
    assert "20" in past["text/plain"]
    said = "".join(output.text for cell in notebook.cells for output in cell.get("outputs", ()) if "text" in output)
    assert "LeftOut: users.users: left out, above your clearance, internal: email (confidential)" in said
    assert "the column email is confidential, above your clearance" in said
    assert not [line for line in json.dumps(notebook, indent=1).splitlines() if places(line)]


def test_the_committed_one_names_no_machine_and_was_run():
    text = NOTEBOOK.read_text()
    assert not places(text)
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert date.fromisoformat(re.findall(r"\d{4}-\d\d-\d\d", text)[0])


def places(text: str) -> list[str]:
    """Paths of the machine that ran it."""
    known = (str(PROJECT), str(Path.home()), "ipykernel_", "/tmp/", "/Users/", "site-packages")
    return [each for each in known if each in text]

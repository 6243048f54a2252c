"""`lake.read`, `lake.datasets` and `lake.contract`: one dataset as a frame, and what there is to find."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from scenario import rows_of

from data_platform import lake
from data_platform.lake import LakeError, LeftOut
from data_platform.lakehouse import LakehouseError, MissingPartitions
from tests.lake.scenario import CONTRACTS, LISTINGS, library, publish_listings

pytestmark = pytest.mark.usefixtures("published")


@pytest.mark.usefixtures("project")
def test_the_modules_functions_read_as_the_environment_says(monkeypatch):
    assert lake.read("ads.listings", columns=["listing_id"], partitions="2026-11-02").columns == ["listing_id"]
    assert lake.datasets()["dataset"].to_list() == ["ads.listings", "users.secrets", "users.users"]
    monkeypatch.setenv("DATA_PLATFORM_DOMAIN", "users, ads")
    assert "ads.raw_listings" in lake.datasets()["dataset"]
    assert lake.contract("ads.raw_listings").name == "raw_listings"


@pytest.mark.parametrize("frame", ["polars", "polars-lazy", "pandas", "arrow", "duckdb"])
def test_rows_are_any_kind_of_frame(frame):
    read = library().read("ads.listings", columns=["day", "listing_id"], partitions=date(2026, 11, 3), frame=frame)
    assert sorted(row["listing_id"] for row in rows_of(read)) == [1, 2]


def test_partitions_are_chosen():
    for chosen, rows in ((None, 4), ("2026-11-02", 2), (date(2026, 11, 2), 2), (["2026-11-02", date(2026, 11, 3)], 4)):
        assert library().read("ads.listings", partitions=chosen).height == rows


def test_the_past_is_read_by_moment():
    before = datetime.now(UTC)
    publish_listings(4)
    assert library().read("ads.listings").height == 6
    assert library().read("ads.listings", at=before).height == 4
    with pytest.raises(LakehouseError, match=r"no snapshot or tag 'gold'"):
        library().read("ads.listings", at="gold")


def test_columns_above_the_clearance_are_left_out_and_named():
    with pytest.warns(LeftOut, match="email"):
        assert library().read("users.users").columns == ["user_id", "city"]
    assert library(clearance="restricted").read("users.users").width == 4
    assert library(clearance="public").read("ads.listings", columns="price").columns == ["price"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"dataset": "ads.listngs"}, "there is no dataset 'ads.listngs'; did you mean ads.listings"),
        ({"dataset": "ads.raw_listings"}, "private to the domain ads"),
        ({"dataset": "ads.listings", "columns": ["prise"]}, "has no column 'prise'; did you mean price?"),
        ({"dataset": "users.users", "columns": ["email"]}, "the column email is confidential"),
        ({"dataset": "users.secrets"}, "every column is above your clearance"),
        ({"dataset": "users.users", "partitions": "2026-11-02"}, "is not partitioned"),
        ({"dataset": "users.users", "frame": "modin"}, "'modin' is no kind of frame; use one of polars"),
    ],
)
def test_what_cannot_be_read_says_why(arguments, said):
    with pytest.raises(LakeError, match=said):
        library().read(**arguments)


def test_a_partition_that_was_never_published_is_an_error():
    with pytest.raises(MissingPartitions, match="2026-11-09"):
        library().read("ads.listings", partitions="2026-11-09")


def test_a_contract_is_a_contract_that_displays_itself():
    page = library().contract("ads.listings")
    assert page.column_names == LISTINGS.column_names and page.to_pandera
    html, markdown = page._repr_html_(), page._repr_markdown_()
    assert "<h3>ads.listings</h3><p>All listings &lt;by&gt; day.</p>" in html
    assert "<p><b>Usage:</b> join on <code>day</code>.</p>" in html
    assert "<td style='text-align:left'>price: ≥ 0</td>" in html
    assert "| title | string |  | internal | As the seller wrote it; a \\| in it is fine. |" in markdown
    assert repr(page) == markdown


def test_every_contract_of_the_scenario_displays():
    for name in CONTRACTS:
        assert name in library("ads", "users").contract(name)._repr_html_()


def test_importing_it_loads_neither_dagster_nor_a_frame_library():
    heavy = ("dagster", "polars", "pandas", "pyarrow", "pyiceberg")
    code = f"import sys; from data_platform import lake; print([each for each in {heavy} if each in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr

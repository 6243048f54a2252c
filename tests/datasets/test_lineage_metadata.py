"""What Dagster is told about where columns come from: with every publication, and never taken back by a failed run."""

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import unquote
from xml.etree import ElementTree

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets import Reads, dataset
from data_platform.datasets.metadata import MOST_DRAWN, lineage_metadata
from data_platform.lineage import Kind, Lineage, Origin, opaque

from . import scenario
from .scenario import BAD_DAY, DAYS, STATS, Source, materialize

pytestmark = pytest.mark.usefixtures("lakehouse")

MADE = Lineage(
    {
        "day": frozenset([Origin("ads.raw", "day", Kind.IDENTITY)]),
        "listings": frozenset([Origin("ads.raw", "id", Kind.AGGREGATION)]),
    },
    frozenset([Origin("ads.raw", "day", Kind.GROUP_BY), Origin("ads.raw", "price", Kind.FILTER)]),
)


def picture(metadata: dict[str, Any]) -> str:
    """The SVG in the Markdown."""
    text = metadata["lineage"].md_str
    assert text.startswith("![Where the columns come from](<data:image/svg+xml,") and text.endswith(">)")
    inside = text.removeprefix("![Where the columns come from](<data:image/svg+xml,").removesuffix(">)")
    assert not set("<>\n\\") & set(inside), "Markdown would end the address there"
    ElementTree.fromstring(unquote(inside))
    return unquote(inside)


def listed(metadata: dict[str, Any]) -> dict[str, str]:
    return {str(row.data["column"]): str(row.data["comes from"]) for row in metadata["lineage_columns"].records}


def test_dagster_gets_the_direct_edges_and_people_get_all_of_them():
    made = lineage_metadata(STATS, MADE)
    (dep,) = made["dagster/column_lineage"].deps_by_column["listings"]
    assert (dep.asset_key, dep.column_name) == (dg.AssetKey(["ads", "raw"]), "id")
    assert made["dagster/column_lineage"].deps_by_column.keys() == {"day", "listings"}
    assert listed(made) == {
        "day": "ads.raw.day (identity)",
        "listings": "ads.raw.id (aggregation)",
        "(which rows there are)": "ads.raw.day (group by), ads.raw.price (filter)",
    }
    assert "ads.stats" in picture(made) and "filter, join" in picture(made)


def test_what_is_opaque_says_why_and_is_no_edge_for_dagster():
    made = lineage_metadata(STATS, opaque(STATS.column_names, ["ads.raw"], "a pandas function"))
    assert made["dagster/column_lineage"].deps_by_column == {}
    assert listed(made)["listings"] == "ads.raw.* (opaque: a pandas function)"
    assert "not known" in picture(made)


def test_what_is_made_of_no_dataset_has_no_lineage_to_show():
    assert lineage_metadata(STATS, Lineage({"day": frozenset(), "listings": frozenset()})) == {}


def test_of_a_very_wide_dataset_a_part_is_shown_that_stays_small():
    wide = Lineage({f"c{n}": frozenset([Origin("ads.raw", f"c{n}", Kind.TRANSFORMATION)]) for n in range(1000)})
    made = lineage_metadata(STATS, wide)
    assert len(listed(made)) == MOST_DRAWN + 1 and "(940 more columns)" in listed(made)
    assert len(made["lineage"].md_str) < 20_000
    assert len(made["dagster/column_lineage"].deps_by_column) == 1000


def materializations(result: dg.ExecuteInProcessResult, name: str) -> dict[str | None, dict[str, Any]]:
    """Metadata by partition."""
    events = [each for each in result.get_asset_materialization_events() if each.asset_key.path[-1] == name]
    return {each.partition: dict(each.materialization.metadata) for each in events}


def test_every_materialization_says_where_its_columns_come_from():
    result = materialize(scenario.raw, scenario.stats, day=DAYS[0])
    assert result.success
    made = materializations(result, "stats")[DAYS[0]]
    assert "ads.raw." in listed(made)["day"] and "ads.raw" in picture(made)
    assert "lineage" not in materializations(result, "raw")[DAYS[0]], "it comes from outside"


COPY = replace(scenario.RAW, name="copy", clearance="confidential")


@dataset("ads.copy", contracts=Contracts.of(scenario.RAW, COPY))
def copy(listings: Annotated[pl.LazyFrame, Reads("ads.raw")]) -> pl.LazyFrame:
    """Half of the bad day's prices are negative."""
    spoilt = (pl.col("day") == pl.lit(BAD_DAY).str.to_date()) & (pl.col("id") > 5)
    return listings.with_columns(price=pl.when(spoilt).then(-pl.col("price")).otherwise(pl.col("price")))


def test_a_bad_day_leaves_its_siblings_lineage_and_a_failed_run_the_last_one():
    good = {"source": Source(bad=1)}
    with dg.DagsterInstance.ephemeral() as instance:
        options = {"instance": instance, "resources": good}
        assert materialize(scenario.raw, day=DAYS[0], last=DAYS[2], **options).success
        result = materialize(copy, day=DAYS[0], last=DAYS[2], **options)
        assert not result.success
        made = materializations(result, "copy")
        assert made.keys() == {DAYS[0], DAYS[2]}
        for metadata in made.values():
            assert "ads.raw.price" in listed(metadata)["price"] or "ads.raw.*" in listed(metadata)["price"]
        assert not materialize(copy, day=BAD_DAY, **options).success
        event = instance.get_latest_materialization_event(dg.AssetKey(["ads", "copy"]))
        assert event is not None and event.asset_materialization is not None
        assert picture(dict(event.asset_materialization.metadata)) == picture(made[DAYS[2]])

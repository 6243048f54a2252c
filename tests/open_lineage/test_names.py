"""What things are called: the same in every process, and in every catalog."""

import pytest

from data_platform.lakehouse.provenance import FileRead
from data_platform.lineage.openlineage import names
from data_platform.lineage.openlineage.outsiders import folders_read

RUN = "5f0a5b0e-5a3c-4f43-9d8a-1f6c2f8f0a11"


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("/srv/warehouse/ads/listings", ("file", "/srv/warehouse/ads/listings")),
        ("/srv/warehouse/", ("file", "/srv/warehouse")),
        ("file:///srv/warehouse", ("file", "/srv/warehouse")),
        ("s3://lake/warehouse/ads/listings", ("s3://lake", "warehouse/ads/listings")),
        ("s3://lake", ("s3://lake", "/")),
        ("/", ("file", "/")),
    ],
)
def test_a_place_has_a_namespace_and_a_name(location, named):
    assert names.place(location) == named


def test_a_run_id_is_the_same_whenever_it_is_asked_for_and_differs_with_all_that_it_is_made_from():
    first = names.run_id(RUN, "ads__raw", "ads.raw", 0)
    assert first == names.run_id(RUN, "ads__raw", "ads.raw", 0)
    others = {
        names.run_id("6f0a5b0e-5a3c-4f43-9d8a-1f6c2f8f0a11", "ads__raw", "ads.raw", 0),
        names.run_id(RUN, "dbt", "ads.raw", 0),
        names.run_id(RUN, "ads__raw", "ads.stats", 0),
        names.run_id(RUN, "ads__raw", "ads.raw", 1),
    }
    assert len(others | {first}) == 5


@pytest.mark.parametrize("known", [RUN, "nightly"])
def test_the_orchestrators_run_keeps_its_id_where_that_is_a_uuid(known):
    assert (names.orchestrator_run(known) == known) is (known == RUN)


def test_files_from_outside_are_one_dataset_per_folder():
    files = [
        FileRead("/in/a.csv", 10),
        FileRead("/in/b.csv", 5),
        FileRead("s3://drop/x/c.csv", 1),
        FileRead("d/e.csv", 2),
    ]
    found = folders_read(files, "/landing/orders")
    assert [(each.namespace, each.name) for each in found] == [
        ("file", "/in"),
        ("s3://drop", "x"),
        ("file", "/landing/orders"),
    ]
    facets = found[0].inputFacets
    assert facets["subset"].inputCondition.locations == ["/in/a.csv", "/in/b.csv"]
    assert (facets["inputStatistics"].fileCount, facets["inputStatistics"].size) == (2, 15)

"""Files from outside, as a catalog is told of them."""

from __future__ import annotations

from tests.landing.scenario import ONE, drop, materialize, orders


def test_what_landed_is_an_input_by_its_folder_and_names(home, lakehouse, monkeypatch, catalog):
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(home))
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/b.csv", [(3, ONE, 30)])
    assert materialize(orders, ONE).success
    start, complete = catalog.of("shop.orders")
    (read,) = complete["inputs"]
    assert start["inputs"] == []  # nobody has looked into the folder yet
    assert (read["namespace"], read["name"]) == ("file", str(home / "landing" / "orders"))
    assert read["inputFacets"]["subset"]["inputCondition"] == {"type": "location", "locations": ["a.csv", "b.csv"]}
    assert read["inputFacets"]["inputStatistics"]["fileCount"] == 2

"""The rooms as a whole: what every domain team keeps to."""

import pytest

from data_platform.datasets.reads import Window
from data_platform.warehouse.project import current_project

from .conftest import CONTRACTS, Platform


@pytest.mark.slow
def test_there_is_a_function_or_a_model_for_every_contract(platform: Platform):
    models = current_project().marts
    assert set(platform.assets) | set(models) == {name for name, each in CONTRACTS.items() if not each.external}
    assert not set(platform.assets) & set(models)
    assert len(CONTRACTS) >= 14


def test_raw_data_stays_in_its_domain():
    assert {contract.visibility for contract in CONTRACTS.values() if contract.name.startswith("raw_")} == {"private"}


@pytest.mark.slow
def test_every_read_names_its_columns_and_uses_all_engines(platform: Platform):
    inputs = [each for asset in platform.assets.values() for each in asset.producer.signature.inputs]
    assert all(each.reads.columns for each in inputs)
    assert {asset.producer.signature.engine.name for asset in platform.assets.values()} == {
        "polars",
        "pandas",
        "arrow",
        "duckdb",
        "spark",
    }


@pytest.mark.slow
def test_only_state_is_rebuilt_from_the_whole_past(platform: Platform):
    long = {
        name
        for name, asset in platform.assets.items()
        for each in asset.producer.signature.inputs
        if isinstance(each.reads.partitions, Window) and each.reads.partitions.length > 90
    }
    assert long == {"users.users", "ads.listings"}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=str)
def test_a_contract_explains_itself(contract):
    assert contract.owners and contract.freshness and contract.tags
    assert all(column.description for column in contract.columns)
    assert contract.primary_key or contract.name.startswith("raw_")

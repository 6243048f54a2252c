"""The SQL datasets as the platform sees them before anything has run: who reads what, and where columns come from."""

from __future__ import annotations

import pytest

from data_platform.lineage import Lineage
from data_platform.lineage.model import Kind, Origin
from data_platform.warehouse.manifest import models, static_lineage
from data_platform.warehouse.project import current_project
from tests.domains.conftest import CONTRACTS

from .truth import TRUTH

MODELS = models()


@pytest.fixture(scope="module")
def lineages() -> dict[str, Lineage]:
    return dict(static_lineage())


def test_there_is_a_truth_and_a_test_of_dbts_for_every_model():
    assert set(MODELS) == set(TRUTH)
    assert all(model.tests for model in MODELS.values())
    assert len(list((current_project().folder / "models").rglob("*.sql"))) >= 12


def test_the_domains_read_each_other():
    crossed = {
        (dataset.split(".")[0], read.split(".")[0])
        for dataset, model in MODELS.items()
        for read in model.reads
        if read in MODELS
    }
    assert {("ads", "crm"), ("crm", "ads"), ("crm", "marketing"), ("marketing", "ads")} <= crossed


@pytest.mark.parametrize("dataset", TRUTH)
def test_every_column_is_known_to_come_from_somewhere_and_none_is_opaque(lineages: dict[str, Lineage], dataset: str):
    lineage = lineages[dataset]
    assert set(lineage.columns) == set(CONTRACTS[dataset].column_names)
    origins = {origin for each in [*lineage.columns.values(), lineage.rows] for origin in each}
    assert not [origin for origin in origins if origin.kind is Kind.OPAQUE]
    assert {origin.dataset for origin in origins} <= set(MODELS[dataset].reads)


def test_an_address_is_told_from_its_hash_and_from_nothing_else(lineages: dict[str, Lineage]):
    columns = lineages["marketing.email_segments"].columns
    direct = {name: {each for each in origins if each.kind.is_direct} for name, origins in columns.items()}
    assert direct["email"] == {Origin("users.users", "email", Kind.IDENTITY)}
    assert direct["email_key"] == {Origin("users.users", "email", Kind.TRANSFORMATION, masking=True)}
    of_an_email = {name for name, origins in direct.items() if "email" in {each.column for each in origins}}
    assert of_an_email == {"email", "email_key"}


def test_only_those_cleared_for_it_read_what_is_confidential(lineages: dict[str, Lineage]):
    sensitive = {
        dataset
        for dataset, lineage in lineages.items()
        for read, column in lineage.used()
        if column in ("email", "phone", "display_name") and read == "users.users"
    }
    assert sensitive == {"crm.customer_history", "crm.call_list", "marketing.email_segments"}
    assert {CONTRACTS[dataset].clearance for dataset in sensitive} == {"confidential"}

"""What commands ask about: this project's contracts and Dagster definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.cli.output import fail
from data_platform.contracts import Contract, Contracts
from data_platform.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import Definitions

DOMAINS = PROJECT / "data_platform" / "domains"


def all_contracts() -> Contracts:
    return Contracts.load(DOMAINS, cache=Settings.from_environment().home / "cache")


def contract_of(dataset: str) -> Contract:
    """The contract of a dataset named on the command line; ends the command where there is none of that name."""
    contracts = all_contracts()
    if dataset not in contracts:
        near = ", ".join(contracts.suggest(dataset))
        fail(f"no dataset {dataset!r}" + (f"; did you mean {near}?" if near else ""))
    return contracts[dataset]


def definitions() -> Definitions:
    from data_platform.definitions import defs

    return defs

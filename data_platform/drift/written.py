"""A contract and the text it stands in, edited together: each edit is read back, and may change what it says and no
more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from data_platform.contracts import Contract, ContractError, Rule
from data_platform.contracts.edit import EditError
from data_platform.contracts.files import content_of, domain_of, text_of
from data_platform.contracts.norms import Projects
from data_platform.contracts.odcs import read
from data_platform.contracts.yaml_source import Source


class Unchangeable(Exception):
    """An edit that cannot be made: the file is written in an unforeseen way, or would not be a contract any more."""


@dataclass(frozen=True)
class Written:
    """A contract as it stands in a file, or would after edits."""

    file: Path
    text: str
    contract: Contract

    @cached_property
    def document(self) -> Any:
        return Source(self.text).document

    def at(self, *path: str | int) -> Any:
        """What the document has at a path, or None."""
        found = self.document
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def place(self, column: str) -> tuple[str | int, ...]:
        """Where a column is written."""
        return ("schema", 0, "properties", self.contract.column_names.index(column))

    def edited(self, edit: Callable[[str], str], column: str) -> Written:
        """The contract after an edit that is about one column ('' for the contract's version alone).

        Unchangeable where that is no contract any more, or says something else about any other column or rule.
        """
        try:
            text = edit(self.text)
        except EditError as error:
            raise Unchangeable(str(error)) from error
        contract, findings = _read(self.file, text)
        if contract is None or findings:
            raise Unchangeable("; ".join(f"{each.message} ({each.fix})" for each in findings))
        if _others(self.contract, column) != _others(contract, column):
            raise Unchangeable("the file is written so that the change would reach further; change it by hand")
        return Written(self.file, text, contract)


def written(file: Path) -> Written:
    """The contract in a file; ContractError where it is none."""
    text = text_of(content_of(file), file)
    contract, findings = _read(file, text)
    if contract is None:
        raise ContractError(findings)
    return Written(file, text, contract)


def _read(file: Path, text: str) -> tuple[Contract | None, list[Any]]:
    return read(text, str(file), domain=domain_of(file), norms=Projects().norms(file))


def _others(contract: Contract, column: str) -> Contract:
    """All that an edit about a column leaves as it is."""
    rules = [_unlisted(rule) for rule in contract.rules if column not in rule.columns or rule.kind in _LISTING]
    columns = tuple(each for each in contract.columns if each.name != column)
    return replace(contract, columns=columns, rules=tuple(rules), version="", digest="")


_LISTING = ("type", "duplicate_values", "foreign_key")
"""Kinds of rules about several columns at once, which stay whatever is promised of one of them."""


def _unlisted(rule: Rule) -> Rule:
    return replace(rule, columns=()) if rule.kind == "type" else rule

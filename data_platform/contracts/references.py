"""Rules that read other datasets, held against the contracts of those.

A foreign key may lead to any columns, unique or not: it promises that the key is found, not how often. A query
(`type: sql`) is only held to the datasets it names; its columns are found out when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from data_platform.contracts.errors import Finding
from data_platform.contracts.expression_checks import check_aggregates
from data_platform.contracts.expressions import parse
from data_platform.contracts.files import FOLDER
from data_platform.contracts.model import BY_ID, Contract, Reference, Rule
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.values import are_comparable

Problem = tuple[str, str, str]
"""Code, message and fix."""
ReadFile = Callable[[Path], Contract | None]
"""Reads one contract's file; None where something is wrong with it, which is reported where that file is checked."""


def connect(contracts: Mapping[str, Contract], read: ReadFile) -> tuple[dict[str, Contract], list[Finding]]:
    """The contracts with every reference by id resolved, and what is wrong with the references of their rules.

    A dataset that is not among them is looked for in its domain's folder beside theirs, with `read`."""
    known: dict[str, Contract | None] = dict(contracts)
    connected: dict[str, Contract] = dict(contracts)
    findings: list[Finding] = []
    for contract in contracts.values():
        reading = [rule for rule in contract.rules if rule.reads]
        for reference in (reference for rule in reading for reference in rule.reads):
            if reference.dataset not in known and (file := _file_of(reference.dataset, contract)).is_file():
                known[reference.dataset] = read(file)
        if any(_is_by_id(rule) for rule in reading):
            rules = tuple(_named(rule, known) if _is_by_id(rule) else rule for rule in contract.rules)
            connected[contract.dataset] = contract = replace(contract, rules=rules)
            reading = [rule for rule in rules if rule.reads]
        if wrong := [(rule, problem) for rule in reading for problem in _problems(contract, rule, known)]:
            findings += _findings(contract, wrong)
    return connected, findings


def _file_of(dataset: str, beside: Contract) -> Path:
    """Where the contract of `dataset` is, seen from another contract's file."""
    domain, _, name = dataset.rpartition(".")
    folder = Path(beside.file).absolute().parent
    if folder.name == FOLDER:
        return folder.parents[1] / domain / FOLDER / f"{name}.yaml"
    return folder / f"{name}.yaml"


def _beside(contract: Contract) -> list[str]:
    """The datasets of the project a contract's file lies in, by the names of their files."""
    folder = Path(contract.file).absolute().parent
    files = folder.parents[1].glob(f"*/{FOLDER}/*.yaml") if folder.name == FOLDER else ()
    return [f"{file.parts[-3]}.{file.stem}" for file in files]


def _meant(dataset: str, known: Iterable[str]) -> str:
    """The mend for a dataset nobody knows: one of that name in another domain, else the one called most like it."""
    _, _, name = dataset.rpartition(".")
    alike = sorted(each for each in known if each.rpartition(".")[2] == name)
    return f"did you mean `{alike[0]}`?" if alike else did_you_mean(dataset, known, "see `dp datasets ls`")


def _is_by_id(rule: Rule) -> bool:
    return any(column.startswith(BY_ID) for reference in rule.reads for column in reference.columns)


def _named(rule: Rule, known: Mapping[str, Contract | None]) -> Rule:
    """The rule with the columns it names by id (BY_ID) named by name."""
    (reference,) = rule.reads
    parent = known.get(reference.dataset)
    names = {BY_ID + (column.id or column.name): column.name for column in (parent.columns if parent else ())}
    columns = tuple(names.get(column, column.removeprefix(BY_ID)) for column in reference.columns)
    return replace(rule, arguments={"columns": columns}, reads=(replace(reference, columns=columns),))


def _problems(contract: Contract, rule: Rule, known: Mapping[str, Contract | None]) -> Iterator[Problem]:
    """What is wrong with the references of one rule to other datasets."""
    for reference in rule.reads:
        if reference.dataset == contract.dataset:  # a key into itself, which `fit` has looked at
            continue
        if reference.dataset not in known:
            fix = _meant(reference.dataset, {*known, *_beside(contract)})
            yield "C514", f"`{rule.name}` is about {reference.dataset}, which does not exist", fix
        elif (other := known[reference.dataset]) is not None:
            yield from _of_other(contract, rule, reference, other)


def _of_other(contract: Contract, rule: Rule, reference: Reference, other: Contract) -> Iterator[Problem]:
    if not contract.may_see(other):
        fix = f"ask its team to set `visibility: public`, or promise something else ({', '.join(other.owners)})"
        yield "C517", f"`{rule.name}` is about {other.dataset}, which is private to the domain {other.domain}", fix
    types = {column.name: column.type for column in other.columns}
    found: list[Problem] = []
    if rule.kind == "expression":
        check_aggregates(
            lambda code, _, message, fix: found.append((code, message, fix)),
            (),
            parse(rule.arguments["expression"]),
            {other.dataset: types},
        )
    for name in reference.columns:
        if name not in types:
            if rule.kind != "expression":
                found.append(("C515", f"{other.dataset} has no column {name!r}", did_you_mean(name, types)))
        elif not contract.may_read(column := other.column(name)):
            message = f"{other.dataset}.{name} is {column.classification}; {contract.dataset} is only cleared for "
            fix = f"set `clearance: {column.classification}`, or leave the column out"
            found.append(("C517", message + contract.clearance, fix))
    if rule.kind == "foreign_key":
        for child, parent in zip(rule.columns, reference.columns, strict=True):
            kind = contract.column(child).type
            if parent in types and not are_comparable(kind, types[parent]):
                message = f"`{child}` is a {kind}, and {other.dataset}.{parent} a {types[parent]}"
                found.append(("C516", message, "relate columns of one type"))
    yield from found


def _findings(contract: Contract, wrong: Iterable[tuple[Rule, Problem]]) -> list[Finding]:
    """The problems, each at the place of its rule in the contract's file, which is read again for that."""
    from data_platform.contracts.yaml_source import Source

    source = Source(Path(contract.file).read_text("utf-8-sig"))
    return [
        Finding(contract.file, *source.locate(rule.path), code, message, fix) for rule, (code, message, fix) in wrong
    ]

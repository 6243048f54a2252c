"""All contracts of a project, by dataset: found in the domains' folders, read once per content, checked together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from data_platform.contracts.cache import ContractCache, cache_key, digest
from data_platform.contracts.errors import ContractError, Finding
from data_platform.contracts.files import content_of, contracts_in, documents_in, domain_of, in_domains, text_of
from data_platform.contracts.model import Contract
from data_platform.contracts.naming import closest
from data_platform.contracts.norms import Projects
from data_platform.contracts.references import connect


class Contracts(Mapping[str, Contract]):
    """Contracts by dataset (`<domain>.<name>`), in that order."""

    def __init__(self, contracts: Mapping[str, Contract]):
        self._contracts = dict(sorted(contracts.items()))

    @classmethod
    def load(cls, *folders: Path, cache: Path | None = None) -> Contracts:
        """Every contract under some domains folders; ContractError with all findings of all files.

        `cache` is a folder where built contracts are kept between processes; None keeps none."""
        contracts, findings = _read(in_domains(folders), cache)
        if findings:
            raise ContractError(findings)
        return cls(contracts)

    @classmethod
    def of(cls, *contracts: Contract) -> Contracts:
        """These contracts; ContractError where two describe one dataset."""
        found: dict[str, Contract] = {}
        for contract in contracts:
            if contract.dataset in found:
                raise ContractError([_twice(contract, found[contract.dataset], 1, 1)])
            found[contract.dataset] = contract
        return cls(found)

    def __getitem__(self, dataset: str) -> Contract:
        try:
            return self._contracts[dataset]
        except KeyError:
            meant = self.suggest(dataset)
            hint = f"did you mean {' or '.join(meant)}?" if meant else "see `dp datasets ls`"
            raise KeyError(f"there is no dataset {dataset!r}; {hint}") from None

    def __contains__(self, dataset: object) -> bool:
        return dataset in self._contracts

    def __iter__(self) -> Iterator[str]:
        return iter(self._contracts)

    def __len__(self) -> int:
        return len(self._contracts)

    def __repr__(self) -> str:
        return f"Contracts({', '.join(self._contracts)})"

    def suggest(self, name: str, most: int = 3) -> list[str]:
        """The datasets called most like `name`, the closest first; one of that name in another domain comes first."""
        short = name.rpartition(".")[2]
        found = [dataset for dataset in self._contracts if dataset.rpartition(".")[2] == short]
        candidates = [dataset for dataset in self._contracts if dataset not in found]
        while len(found) < most and (match := closest(name, candidates)):
            found.append(match)
            candidates.remove(match)
        return found[:most]


def check(paths: Iterable[Path], *, standard_only: bool = False) -> list[Finding]:
    """Everything wrong with some contract files, and with all those in some folders (at any depth).

    `standard_only` holds every ODCS document among them to the standard and its meaning alone, not to what this
    platform asks for besides."""
    if standard_only:
        return sorted(finding for file in dict.fromkeys(documents_in(paths)) for finding in _judge(file))
    return sorted(_read(contracts_in(paths), None)[1])


def _judge(file: Path) -> list[Finding]:
    from data_platform.contracts.odcs import judge

    try:
        return judge(text_of(content_of(file), file), str(file))
    except ContractError as unreadable:
        return unreadable.findings


def _read(files: Iterable[Path], cache: Path | None) -> tuple[dict[str, Contract], list[Finding]]:
    known, projects = ContractCache(cache), Projects()
    contracts: dict[str, Contract] = {}
    findings: list[Finding] = []
    for file in dict.fromkeys(files):
        try:
            contract, wrong = _read_one(file, known, projects)
        except ContractError as unreadable:
            findings += unreadable.findings
            continue
        findings += wrong
        if contract is None:
            continue
        if (first := contracts.setdefault(contract.dataset, contract)) is not contract:
            findings.append(_twice(contract, first, *_place_of_id(file)))

    def read(file: Path) -> Contract | None:
        try:
            return _read_one(file, known, projects)[0]
        except ContractError:
            return None

    contracts, wrong = connect(contracts, read)
    known.save()
    return contracts, [*projects.findings, *findings, *wrong]


def _read_one(file: Path, known: ContractCache, projects: Projects) -> tuple[Contract | None, list[Finding]]:
    content, norms, domain = content_of(file), projects.norms(file), domain_of(file)
    key = cache_key(content, norms)
    contract = known.get(key, str(file))
    if contract is not None and file.name == f"{contract.name}.yaml" and domain in ("", contract.domain):
        return contract, []
    from data_platform.contracts.odcs import read

    text = text_of(content, file)
    contract, findings = read(text, str(file), domain=domain, digest=digest(content), norms=norms)
    if contract is not None:
        known.put(key, contract)
    return contract, findings


def _place_of_id(file: Path) -> tuple[int, int]:
    from data_platform.contracts.yaml_source import Source

    return Source(file.read_text("utf-8-sig")).locate(("id",))


def _twice(contract: Contract, first: Contract, line: int, column: int) -> Finding:
    message = f"the dataset `{contract.dataset}` is already described in {first.file or 'another contract'}"
    return Finding(contract.file, line, column, "C310", message, "remove one of the two")

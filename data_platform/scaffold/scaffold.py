"""The whole of it: files asked for, a domain written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data_platform.contracts.files import FOLDER
from data_platform.scaffold.code import Function, assets, from_files, from_table
from data_platform.scaffold.infer import infer
from data_platform.scaffold.landed import landing_sources
from data_platform.scaffold.model import Findings, ScaffoldError
from data_platform.scaffold.propose import Proposal, propose
from data_platform.scaffold.sources import size_of, sources
from data_platform.scaffold.tables import describe
from data_platform.scaffold.tested import tests_of, tests_of_tables
from data_platform.scaffold.workspace import Progress, silent
from data_platform.scaffold.write import Domain, domain_at, write

WHOLE = (
    "--partition-by needs --landing: without it all files are read each time, so every day would read them all; add "
    "--landing, and each file is published once, into its day"
)


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """What was found, what is proposed, and the files written (or, in a dry run, that would be)."""

    domain: Domain
    findings: Findings
    proposals: tuple[Proposal, ...]
    files: tuple[Path, ...]
    texts: dict[Path, str]


def scaffold_files(
    asked: Sequence[str],
    domain: str,
    out: Path,
    *,
    base: str,
    owner: str = "",
    force: bool = False,
    dry_run: bool = False,
    on_step: Progress = silent,
    landing: bool = False,
    partition_by: str = "",
) -> Scaffolded:
    """Contracts, functions and tests for some files. `base` is where relative paths in the code begin.

    With `landing` they are folders that files keep coming to. `partition_by` is the column whose days cut what lands;
    where it is '' one is looked for.

    Raises ScaffoldError where something is wrong with what was asked for, FileError for a file that cannot be read;
    nothing is written then.
    """
    place = domain_at(domain, out)
    if partition_by and not landing:
        raise ScaffoldError(WHOLE)
    found = landing_sources(asked, domain, base) if landing else sources(asked, domain, base)
    findings = infer(found, on_step, partition_by)
    functions = [from_files(domain, each.source, partitioned=each.cut is not None) for each in findings.tables]
    size = sum(size_of(each.paths) for each in found)
    if landing:
        place = replace(place, tested=f"{domain}_landing")
    test = tests_of(domain, place.package, size, landing=landing)
    proposals = propose(findings, domain, owner)
    return _written(place, findings, proposals, functions, test, force, dry_run)


def scaffold_tables(
    dsn: str,
    tables: Sequence[str],
    domain: str,
    out: Path,
    *,
    variable: str,
    owner: str = "",
    force: bool = False,
    dry_run: bool = False,
) -> Scaffolded:
    """Contracts, functions and tests for tables of a PostgreSQL. The code has no address in it, only the name of the
    environment variable that will hold it. Raises as `scaffold_files`."""
    place = domain_at(domain, out)
    findings, queries = describe(dsn, tables)
    functions = [from_table(domain, name, query, variable) for name, query in queries.items()]
    test = tests_of_tables(domain, place.package, variable)
    return _written(place, findings, propose(findings, domain, owner), functions, test, force, dry_run)


def _written(
    place: Domain,
    findings: Findings,
    proposals: Sequence[Proposal],
    functions: Sequence[Function],
    test: str,
    force: bool,
    dry_run: bool,
) -> Scaffolded:
    """The findings as a domain's files."""
    code = place.folder / "assets.py"
    texts = _packages(place)
    texts |= {place.folder / FOLDER / f"{each.contract.name}.yaml": each.text for each in proposals}
    texts[code] = assets(place.name, functions, code.read_text("utf-8") if code.exists() else "", force)
    if force or not place.tests.exists():  # one test for all datasets of the domain: it is there, or somebody's own
        texts[place.tests] = test
    files = write(place, texts, force=force, dry_run=dry_run)
    return Scaffolded(place, findings, tuple(proposals), tuple(files), {path: texts[path] for path in files})


def _packages(place: Domain) -> dict[Path, str]:
    return {
        place.out / "__init__.py": '"""The domains, one package each."""\n',
        place.folder / "__init__.py": f'"""TODO: say what the domain `{place.name}` is about."""\n',
    }


def scaffold_domain(domain: str, out: Path, *, dry_run: bool = False) -> list[Path]:
    """An empty domain that loads."""
    place = domain_at(domain, out)
    texts = {
        **_packages(place),
        place.folder / FOLDER / ".gitkeep": "",
        place.folder / "assets.py": f'"""The datasets of the domain `{domain}`."""\n',
    }
    return write(place, {path: text for path, text in texts.items() if not path.exists()}, dry_run=dry_run)

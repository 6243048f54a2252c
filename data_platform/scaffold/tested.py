"""The test that is written beside a scaffolded domain."""

from __future__ import annotations

from string import Template

from data_platform.scaffold.code import import_lines

MOST_BYTES = 64 * 1024 * 1024
"""Files of so many bytes together are materialized whole in the test; of larger ones, the first rows are published."""

TEMPLATE = Template('''"""The datasets of `$domain` against their files. Drafted by `dp scaffold`; yours to change."""

${imports}

DATASETS = {each.contract.name: each for each in vars(assets).values() if isinstance(each, Dataset)}
$chosen
FIRST = 1_000


$rows_of


@pytest.mark.parametrize("name", FROM_FILES)
def test_the_contract_holds_for_the_first_rows(name: str) -> None:
    first = rows_of(DATASETS[name]).limit(FIRST)
    assert_contract_holds(DATASETS[name](first), DATASETS[name].contract)


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_row_that_lacks_what_is_required_is_not_published(name: str) -> None:
    dataset = DATASETS[name]
    required = [column.name for column in dataset.contract.columns if column.required]
    if not required:
        pytest.skip("nothing is required")
    first = dataset(rows_of(dataset).limit(FIRST)).to_arrow_table()
    broken = [{**row, required[-1]: None} if at == 0 else row for at, row in enumerate(first.to_pylist())]
    with pytest.raises(AssertionError, match=required[-1]):
        assert_contract_holds(first.from_pylist(broken, schema=first.schema), dataset.contract)

$published''')

CHOSEN = """\
FROM_FILES = [
    name for name, each in DATASETS.items() if each.producer.signature.files and not each.producer.signature.landing
]"""
ROWS = '''\
def rows_of(dataset: Dataset):
    """The rows of the dataset's files, or a skipped test where they are not here."""
    [source] = dataset.producer.signature.files
    types = {column.name: column.type for column in dataset.contract.columns}
    try:
        paths = locate(source.files.location, Settings.from_environment().files)
    except FileError as absent:
        pytest.skip(str(absent))
    return read(paths, source.files.format, types)'''
LANDING = "FROM_FILES = [name for name, each in DATASETS.items() if each.producer.signature.landing]"
LANDED = '''\
def rows_of(dataset: Dataset):
    """The rows of the files that are there now, which stay as they are; a skipped test where nothing has landed."""
    landing = dataset.producer.signature.landing
    folder = Folder.of(landing.location, Settings.from_environment().files)
    paths = [folder.at(each.path) for each in folder.listed()]
    if not paths:
        pytest.skip(f"nothing has landed in {landing.location}")
    return read(paths, landing.format, {column.name: column.type for column in dataset.contract.columns})'''

KIT = ("assert_contract_holds", "read_dataset", "temporary_lakehouse")
WHOLE = """
def test_every_row_of_the_files_is_published() -> None:
    chosen = [DATASETS[name] for name in FROM_FILES]
    expected = {dataset.contract.name: rows_of(dataset).shape[0] for dataset in chosen}
    with temporary_lakehouse():
        assert dg.materialize(chosen).success
        published = {dataset.contract.name: read_dataset(dataset.contract).num_rows for dataset in chosen}
    assert published == expected
"""
FIRST = """
@pytest.mark.parametrize("name", FROM_FILES)
def test_every_row_is_published(name: str) -> None:
    dataset = DATASETS[name]
    first = dataset(rows_of(dataset).limit(FIRST))
    with temporary_lakehouse():
        publish_frame(first, dataset.contract)
        assert read_dataset(dataset.contract).num_rows == first.shape[0]
"""
DAY = """
@pytest.mark.parametrize("name", FROM_FILES)
def test_every_row_of_a_partition_is_published(name: str) -> None:
    dataset = DATASETS[name]
    rows = rows_of(dataset)$limit
    partition = min(rows_by_partition(rows, dataset.contract))  # '' where it is not partitioned
    first = rows.filter(f"{partition_of_row(rows, dataset.contract)} = '{partition}'")
    with temporary_lakehouse():
        publish_frame(dataset(first), dataset.contract, [partition])
        assert read_dataset(dataset.contract).num_rows == first.shape[0]
"""


def tests_of(domain: str, package: str, size: int, *, landing: bool = False) -> str:
    """The text of the test, for datasets made of files of so many bytes: of those that are read, or of those that land
    (there, nothing is moved or taken in by the test)."""
    if landing:
        return _tests_of_landing(domain, package, size)
    is_small = size <= MOST_BYTES
    pairs = [
        *([("dagster as dg", "")] if is_small else []),
        ("pytest", ""),
        ("data_platform.datasets.dataset", "Dataset"),
        *(("data_platform.datasets.testing", each) for each in (*KIT, *(() if is_small else ("publish_frame",)))),
        ("data_platform.files", "FileError"),
        ("data_platform.files.read", "read"),
        ("data_platform.files.source", "locate"),
        ("data_platform.settings", "Settings"),
        (package, "assets"),
    ]
    imports, published = "\n".join(import_lines(pairs)), WHOLE if is_small else FIRST
    return TEMPLATE.substitute(domain=domain, imports=imports, chosen=CHOSEN, rows_of=ROWS, published=published)


def _tests_of_landing(domain: str, package: str, size: int) -> str:
    pairs = [
        ("pytest", ""),
        ("data_platform.datasets.dataset", "Dataset"),
        *(("data_platform.datasets.testing", each) for each in (*KIT, "publish_frame")),
        *(("data_platform.files.landing.arrivals", each) for each in ("partition_of_row", "rows_by_partition")),
        ("data_platform.files.landing.folder", "Folder"),
        ("data_platform.files.read", "read"),
        ("data_platform.settings", "Settings"),
        (package, "assets"),
    ]
    published = DAY.replace("$limit", "" if size <= MOST_BYTES else ".limit(FIRST)")
    imports = "\n".join(import_lines(pairs))
    return TEMPLATE.substitute(domain=domain, imports=imports, chosen=LANDING, rows_of=LANDED, published=published)


TABLES = Template('''"""The datasets of `$domain`: against their tables. Drafted by `dp scaffold`; yours to change."""

import os

$imports

DATASETS = {each.contract.name: each for each in vars(assets).values() if isinstance(each, Dataset)}


@pytest.mark.parametrize("name", DATASETS)
def test_rows_that_keep_the_contract_are_accepted(name: str) -> None:
    contract = DATASETS[name].contract
    assert_contract_holds(valid_frame(contract), contract)


@pytest.mark.skipif("$variable" not in os.environ, reason="$variable has the address of the database")
def test_every_dataset_is_published() -> None:
    with temporary_lakehouse():
        assert dg.materialize(list(DATASETS.values())).success
''')


def tests_of_tables(domain: str, package: str, variable: str) -> str:
    """The text of `tests/test_<domain>.py`, for datasets made of tables."""
    kit = ("assert_contract_holds", "temporary_lakehouse", "valid_frame")
    pairs = [
        ("dagster as dg", ""),
        ("pytest", ""),
        ("data_platform.datasets.dataset", "Dataset"),
        *(("data_platform.datasets.testing", each) for each in kit),
        (package, "assets"),
    ]
    return TABLES.substitute(domain=domain, variable=variable, imports="\n".join(import_lines(pairs)))

"""The Python of a domain: a function for each dataset, and a test that runs in seconds."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_platform.scaffold.layout import WIDTH, Node, call, node_of, quoted, render
from data_platform.scaffold.model import ScaffoldError, Source
from data_platform.scaffold.names import function_name

STANDARD, OTHERS = ("os", "pathlib", "typing"), ("adbc_driver_postgresql", "dagster", "duckdb", "pyarrow", "pytest")
FRAME = "duckdb.DuckDBPyRelation"
IMPORTS = (("typing", "Annotated"), ("duckdb", ""), ("data_platform.datasets", "dataset"))


@dataclass(frozen=True, slots=True)
class Function:
    """A producer: the dataset, the function's name and text, and the imports it needs, (module, name or '')."""

    dataset: str
    name: str
    text: str
    imports: tuple[tuple[str, str], ...]


def from_files(domain: str, source: Source, *, partitioned: bool = False) -> Function:
    """A function that reads files: those that are there, or those that land."""
    name, dataset = function_name(source.name), f"{domain}.{source.name}"
    keep = ['keep="all"'] if source.lands and not partitioned else []
    files = call("Landing" if source.lands else "Files", [quoted(source.location), node_of(source.format), *keep])
    what = "the files that landed" if source.lands else "the file" if len(source.paths) == 1 else "the files"
    text = _function(
        dataset, name, Node("rows: Annotated[", (FRAME, files), "]"), f"Every row of {what}", "return rows"
    )
    spellings = getattr(source.format, "spellings", {}).values()
    used = {type(source.format).__name__, *(type(each).__name__ for each in spellings)}
    used.add("Landing" if source.lands else "Files")
    imports = (*IMPORTS, *(("data_platform.datasets", each) for each in used))
    return Function(dataset, name, text, imports)


def _function(dataset: str, name: str, parameter: Node | str, what: str, body: str) -> str:
    signature = render(call(f"def {name}", [parameter]), 0, 0, len(f" -> {FRAME}:"))
    return (
        f'@dataset("{dataset}")\n{signature} -> {FRAME}:\n'
        f'    """{what}, as it is; what each has to be is in the contract."""\n    {body}\n'
    )


def from_table(domain: str, name: str, query: str, variable: str) -> Function:
    """A function that reads a table of a database, whose address is in an environment variable."""
    function, dataset = function_name(name), f"{domain}.{name}"
    text = (
        f'@dataset("{dataset}")\ndef {function}() -> pa.Table:\n'
        f'    """All rows as they are now; what each has to be is in the contract."""\n'
        f"    query = {_wrapped(query)}\n"
        f'    with adbc.connect(os.environ["{variable}"]) as connection, connection.cursor() as cursor:\n'
        "        cursor.execute(query)\n        return cursor.fetch_arrow_table()\n"
    )
    imports = (("os", ""), ("adbc_driver_postgresql.dbapi as adbc", ""), ("pyarrow as pa", ""), IMPORTS[2])
    return Function(dataset, function, text, imports)


def _wrapped(query: str) -> str:
    """A text literal, cut after commas into lines that are short enough."""
    lines = textwrap.wrap(query, WIDTH - 20, break_long_words=False, break_on_hyphens=False)
    if len(lines) == 1:
        return quoted(query)
    parts = [quoted(line + " ") if at < len(lines) - 1 else quoted(line) for at, line in enumerate(lines)]
    return "(\n" + "".join(f"        {part}\n" for part in parts) + "    )"


def assets(domain: str, functions: Sequence[Function], existing: str = "", force: bool = False) -> str:
    """The text of `assets.py`: `existing` with the functions that are not there (`force`: replacing those that are)."""
    try:
        tree = ast.parse(existing)
    except SyntaxError as error:
        raise ScaffoldError(
            f"{domain}/assets.py cannot be read (line {error.lineno}: {error.msg}); mend it first"
        ) from None
    places = _producers(tree, existing.splitlines())
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    text = existing or f'"""The datasets of the domain `{domain}`."""\n'
    added = []
    for each in functions:
        if each.dataset in places and force:
            text = text.replace(places[each.dataset], each.text.rstrip("\n"))
        elif each.dataset not in places:
            if each.name in names:
                raise ScaffoldError(f"{domain}/assets.py has something called {each.name} already; rename one of them")
            added.append(each.text)
    wanted = [pair for each in functions for pair in each.imports]
    return "\n\n\n".join([_with_imports(text, wanted).rstrip("\n"), *(each.rstrip("\n") for each in added)]) + "\n"


def _producers(tree: ast.Module, source: Sequence[str]) -> dict[str, str]:
    """The text of the function that produces a dataset, decorators included, by dataset."""
    found = {}
    for node in tree.body:
        for each in getattr(node, "decorator_list", ()):
            match each:
                case ast.Call(func=ast.Name(id="dataset"), args=[ast.Constant(value=str() as name), *_]):
                    found[name] = node
    lines = {name: (min(each.lineno for each in node.decorator_list), node.end_lineno) for name, node in found.items()}
    return {name: "\n".join(source[start - 1 : end]) for name, (start, end) in lines.items()}


def _with_imports(text: str, wanted: Iterable[tuple[str, str]]) -> str:
    """The text with imports it lacks, after its own."""
    tree = ast.parse(text)
    there: set[tuple[str, str]] = set()
    last = 0
    for node in tree.body:
        if isinstance(node, ast.Import):
            there |= {(f"{each.name} as {each.asname}" if each.asname else each.name, "") for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            there |= {(node.module or "", each.name) for each in node.names if not each.asname}
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        last = max(last, node.end_lineno or 0)
    missing = sorted(set(wanted) - there)
    if not missing:
        return text
    lines = text.splitlines()
    return "\n".join([*lines[:last], "", *import_lines(missing), *lines[last:]]) + "\n"


def import_lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Import statements in the order that ruff wants: the standard library, others, the platform's."""
    groups: list[list[str]] = [[], [], []]
    modules: dict[str, list[str]] = {}
    for module, name in pairs:
        modules.setdefault(module, []).append(name)
    for module, names in sorted(modules.items()):
        room = module.partition(".")[0].partition(" ")[0]
        place = 0 if room in STANDARD else 1 if room in OTHERS else 2
        if "" in names:
            groups[place].append(f"import {module}")
        if given := sorted(filter(None, names), key=lambda each: (each.islower(), each)):
            groups[place].append(f"from {module} import {', '.join(given)}")
    return "\n\n".join("\n".join(group) for group in groups if group).split("\n")

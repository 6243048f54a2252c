"""Names of datasets from names of files, names of columns from headers, and names of functions from both."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from data_platform.contracts.naming import is_name, suggested_name
from data_platform.quality.conform import RESERVED

NOISE = frozenset({"dataset", "data", "export", "dump", "table", "file", "full", "csv", "extract", "latest"})
"""Words at the end of a file's name that say nothing about what is in it."""
SHARE = 2 / 3
"""A word that more than this share of the files begin or end with is the source's name, not the dataset's."""
TAKEN = frozenset({"dataset", "duckdb", "Annotated", "Files", "Landing", "Csv", "Json", "Parquet", "dg", "pa"})


def plain(text: str) -> str:
    """A name in lower case, ASCII and underscores: `Preço (R$)` -> `preco_r`."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return suggested_name(ascii_only or "column")


def dataset_names(paths: Sequence[str], domain: str) -> list[str]:
    """One name for each file, all different: without ending, date, noise, the domain and what the files share."""
    words, before = [_words(path, domain) for path in paths], None
    while words != before:
        before = words
        words = _without_common(_without_common(words, 0), -1)
    return distinct("_".join(each) for each in words)


def column_names(header: Sequence[str]) -> dict[str, str]:
    """The header's names to the dataset's, in order; names that would be the same get a number."""
    wanted = [plain(name) if name else "column" for name in header]
    wanted = [f"{name}_value" if name in RESERVED else name for name in wanted]
    return dict(zip(header, distinct(wanted), strict=True))


def function_name(dataset: str) -> str:
    """What the function that produces a dataset is called."""
    return f"{dataset}_" if keyword.iskeyword(dataset) or dataset in TAKEN else dataset


def singular(name: str) -> str:
    """`categories` -> `category`, `orders` -> `order`; good enough to compare names with."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")):
        if name.endswith(ending) and not name.endswith(("ss", "us", "is")):
            return name.removesuffix(ending) + instead
    return name


def distinct(names: Iterable[str]) -> list[str]:
    """The same names, those that come again with a number: `a, a` -> `a, a_2`."""
    found: list[str] = []
    for name in names:
        number = 1
        while (chosen := name if number == 1 else f"{name}_{number}") in found:
            number += 1
        found.append(chosen)
    return found


def _words(path: str, domain: str) -> list[str]:
    stem = PurePosixPath(path.replace("\\", "/")).name
    while PurePosixPath(stem).suffix and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,7}", PurePosixPath(stem).suffix):
        stem = PurePosixPath(stem).stem
    stem = re.sub(r"(?<![0-9])(19|20)[0-9]{2}[-_.]?(0[1-9]|1[0-2])([-_.]?[0-3][0-9])?(?![0-9])", "_", stem)
    stem = stem.replace("*", "_").replace("?", "_")
    words = plain(stem).split("_")
    while len(words) > 1 and words[-1] in NOISE:
        words.pop()
    while len(words) > 1 and words[0] == domain:
        words.pop(0)
    return words


def _without_common(words: Sequence[list[str]], at: int) -> list[list[str]]:
    """Without the word at this end, where most files have it and it leaves a name of its own to each."""
    if len(words) < 3:
        return list(words)
    word, count = Counter(each[at] for each in words).most_common(1)[0]
    if count <= SHARE * len(words):
        return list(words)
    keep = slice(1, None) if at == 0 else slice(None, -1)
    shorter = [each[keep] if each[at] == word else each for each in words]
    names = ["_".join(each) for each in shorter]
    is_good = all(is_name(name) for name in names) and len(set(names)) == len(names)
    return shorter if is_good else list(words)


def renamed(header: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """What `rename` of a format says: only the names that change."""
    return {name: names[name] for name in header if names[name] != name}

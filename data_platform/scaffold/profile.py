"""One source, column by column: a sample suggests, one pass over all rows verifies, and what a late row contradicts is
supposed and measured again, for the columns concerned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from data_platform.files.formats import Parquet
from data_platform.quality.sql import identifier
from data_platform.scaffold import personal
from data_platform.scaffold.conclude import conclude
from data_platform.scaffold.hypotheses import Hypothesis, as_text, suppose
from data_platform.scaffold.measure import Facts, measure, present
from data_platform.scaffold.model import ColumnProfile, Source, Sure, TableProfile
from data_platform.scaffold.names import singular
from data_platform.scaffold.native import column_type
from data_platform.scaffold.workspace import Workspace

SAMPLE, CONTRADICTING, ATTEMPTS = 20_000, 500, 3
NESTED = (
    "objects or lists, kept as their JSON text; a nested type in the contract takes them apart, and refuses new parts"
)


def profile(work: Workspace, source: Source, size: int) -> TableProfile:
    """Open a source of so many bytes in the workspace, and measure all of its columns."""
    work.on_step(f"{source.name}: reading")
    source = work.open(source, size)
    types = work.types[source.name]
    sampled = _sample(work, source.name, [name for name, kind in types.items() if kind == "VARCHAR"])
    supposed: dict[str, Hypothesis | None] = dict.fromkeys(types)
    for name, values in sampled.items():
        supposed[name] = as_text(values) if isinstance(source.format, Parquet) else suppose(name, values)
    work.on_step(f"{source.name}: measuring all rows")
    facts = measure(work, source.name, supposed)
    supposed, facts = _settled(work, source.name, supposed, facts, sampled)
    columns = tuple(
        _column(source.name, name, kind, supposed[name], facts[name], sampled.get(name)) for name, kind in types.items()
    )
    rows = next(iter(facts.values())).rows if facts else 0
    return TableProfile(_spelt(source, columns, supposed), rows, columns)


def _sample(work: Workspace, name: str, columns: Sequence[str]) -> dict[str, Counter[str]]:
    """The values of the first rows, each with how often it occurs."""
    if not columns:
        return {}
    found: dict[str, Counter[str]] = {}
    for column, values in work.sample(name, columns, SAMPLE):
        counted = values.drop_null().value_counts()
        found[column] = Counter(
            dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
        )
    return found


Supposed = dict[str, Hypothesis | None]


def _settled(
    work: Workspace, name: str, supposed: Supposed, facts: dict[str, Facts],
    sampled: Mapping[str, Counter[str]],
) -> tuple[Supposed, dict[str, Facts]]:  # fmt: skip
    """The same, measured again for columns of which some value is not what the sample suggested."""
    supposed, facts = dict(supposed), dict(facts)
    for attempt in range(ATTEMPTS):
        surprising = [
            column
            for column, guess in supposed.items()
            if guess and _surprise(guess, facts[column], sampled.get(column, Counter()))
        ]
        if not surprising:
            break
        for column in surprising:
            guess = supposed[column]
            assert guess is not None
            if attempt == ATTEMPTS - 1:
                supposed[column] = replace(as_text(sampled[column]), ambiguous=_mixed(guess, facts[column]))
                continue
            counter = sampled[column] + Counter(_contradicting(work, name, column, guess))
            sampled[column].update(counter - sampled[column])
            supposed[column] = suppose(column, sampled[column])
        work.on_step(f"{name}: measuring {', '.join(surprising[:3])} again")
        facts |= measure(work, name, {column: supposed[column] for column in surprising})
    return supposed, facts


def _surprise(guess: Hypothesis, facts: Facts, sampled: Counter[str]) -> bool:
    """Whether the rows say something else than the sample: it had no value at all, or no shape holds for all of them."""
    if not guess.shapes:
        return not sampled and facts.values > 0
    return all(each.fits < _values(guess, facts) for each in facts.shapes)


def _mixed(guess: Hypothesis, facts: Facts) -> str:
    """Why a column stays text of which most values are something else."""
    values = _values(guess, facts)
    fits, shape = max(
        ((each.fits, shape.name) for each, shape in zip(facts.shapes, guess.shapes, strict=True)), default=(0, "")
    )
    return f"{values - fits:,} of {values:,} values are no {shape}" if shape else ""


def _values(guess: Hypothesis, facts: Facts) -> int:
    return facts.values - (facts.marked if guess.markers else 0)


def _contradicting(work: Workspace, name: str, column: str, guess: Hypothesis) -> list[str]:
    value = present(identifier(column), guess.markers)
    unlike = " AND ".join(f"NOT coalesce({shape.fits(value)}, TRUE)" for shape in guess.shapes)
    there = f"{identifier(column)} IS NOT NULL" + (f" AND {unlike}" if unlike else "")
    query = f"SELECT {identifier(column)} FROM {identifier(name)} WHERE {there} LIMIT {CONTRADICTING}"
    return [value for (value,) in work.rows(query)]


def _column(
    dataset: str, name: str, kind: str, guess: Hypothesis | None, facts: Facts, sampled: Counter[str] | None
) -> ColumnProfile:
    if guess is None:
        return conclude(name, singular(dataset), None, facts, column_type(kind))
    column = conclude(name, singular(dataset), guess, facts)
    if sampled and not column.pii and personal.embedded(list(sampled)):
        column = replace(column, notes=(*column.notes, "some values hold an e-mail address"))
    if sampled and all(value.startswith(("{", "[")) for value in sampled):
        column = replace(column, sure=Sure.OPEN, notes=(*column.notes, NESTED))
    return column


def _spelt(source: Source, columns: Sequence[ColumnProfile], supposed: Supposed) -> Source:
    """The source, its format knowing the spellings, and the markers of missing values, that were found."""
    if isinstance(source.format, Parquet):
        return source
    spellings = {column.name: column.spelling for column in columns if column.spelling}
    typed = [column.name for column in columns if column.type.kind != "string"]
    missing = {name: guess.markers for name in typed if (guess := supposed[name]) and guess.markers}
    return replace(source, format=replace(source.format, spellings=spellings, missing=missing))

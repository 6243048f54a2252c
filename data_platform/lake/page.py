"""A contract as a notebook shows it: a page with what people look for, as HTML, Markdown or text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape

from data_platform import markdown
from data_platform.contracts import Contract
from data_platform.contracts.rules import describe

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, names of columns, rows."""


class ContractPage(Contract):
    """A contract that displays itself; in all else the contract."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        facts = "".join(f"<li>{escape(name)}: {escape(value)}</li>" for name, value in _facts(self))
        tables = "".join(_html(table) for table in _tables(self))
        return f"<h3>{escape(self.dataset)}</h3>{_prose(self.description)}<ul>{facts}</ul>{tables}"

    def _repr_markdown_(self) -> str:
        facts = [f"- {name}: {markdown.cell(value)}" for name, value in _facts(self)]
        return "\n".join([f"### {self.dataset}", "", self.description, "", *facts, *map(_markdown, _tables(self))])

    def __repr__(self) -> str:
        return self._repr_markdown_()


def page_of(contract: Contract) -> ContractPage:
    return ContractPage(**{each.name: getattr(contract, each.name) for each in fields(contract)})


def _facts(contract: Contract) -> Iterable[tuple[str, str]]:
    """What there is to say besides columns and rules; nothing for what is not promised."""
    yield "version", f"{contract.version} ({contract.status}, {contract.visibility})"
    if contract.owners or contract.team:
        yield "owner", ", ".join([*contract.owners, *([f"team {contract.team}"] if contract.team else [])])
    if contract.partitioning:
        yield "partitions", " x ".join(f"{key.column} ({key.granularity})" for key in contract.partitioning.keys)
    if contract.primary_key:
        yield "key", ", ".join(contract.primary_key)
    if contract.freshness:
        yield "fresh within", str(contract.freshness)
    if contract.retention:
        yield "kept for", f"{contract.retention.days} days"
    if contract.tags:
        yield "tags", ", ".join(contract.tags)


def _tables(contract: Contract) -> list[Table]:
    columns = [
        (
            each.name,
            str(each.type),
            "yes" if each.required else "",
            each.classification + (f" ({each.pii})" if each.pii else ""),
            each.description,
        )
        for each in contract.columns
    ]
    rules = [(each.name, str(each.on_failure.policy), describe(each)) for each in contract.rules]
    rules += [
        (each.name, f"not checked{f' ({each.engine})' if each.engine else ''}", each.text)
        for each in contract.unchecked
    ]
    return [
        ("Columns", ("column", "type", "required", "classification", "description"), columns),
        ("Rules", ("rule", "policy", "what must hold"), rules),
    ]


def _prose(markdown: str) -> str:
    """Paragraphs, bold and code: what a description is written with."""
    marked = re.sub(
        r"\*\*(.+?)\*\*", r"<b>\1</b>", re.sub(r"`(.+?)`", r"<code>\1</code>", escape(markdown, quote=False))
    )
    return "".join(f"<p>{paragraph}</p>" for paragraph in marked.split("\n\n") if paragraph)


def _html(table: Table) -> str:
    title, names, rows = table
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<h4>{escape(title)}</h4><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""


def _markdown(table: Table) -> str:
    title, names, rows = table
    if not rows:
        return ""
    return f"\n#### {title}\n\n{markdown.table(names, rows)}"

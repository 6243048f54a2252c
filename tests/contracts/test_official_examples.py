"""Documents of every version of the standard: they hold, their broken siblings and misspelt keys do not.

Which are the standard's own, and where more of them are to be had: odcs_official/README.md. Those of `odcs_ours` use
every word of the versions of which none is here.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from data_platform.contracts.catalog import check
from data_platform.contracts.odcs import judge
from data_platform.contracts.yaml_source import Path, Source

HERE = File(__file__).parent
THEIRS = File(os.environ.get("ODCS_FOLDER") or File(__file__).resolve().parents[2].parent / "shared" / "data" / "odcs")


def _documents(folder: File) -> list[File]:
    """One file of each content: a document often stays the same over several versions."""
    return list({file.read_bytes(): file for file in sorted(folder.rglob("*.odcs.yaml"))}.values())


ALL = [*_documents(HERE / "odcs_official"), *_documents(HERE / "odcs_ours"), *_documents(THEIRS)]
NEGATIVE = [file for file in ALL if "negative-tests" in file.parts]
EXAMPLES = [file for file in ALL if file not in NEGATIVE]
FULL = HERE / "odcs_official" / "v3.2" / "full-example-v3.2.0.odcs.yaml"


def _name(file: File) -> str:
    return str(file.relative_to(HERE if file.is_relative_to(HERE) else THEIRS))


@pytest.mark.parametrize("file", EXAMPLES, ids=_name)
def test_an_example_holds(file: File) -> None:
    assert check([file], standard_only=True) == []


@pytest.mark.parametrize("file", NEGATIVE, ids=_name)
def test_an_official_negative_example_is_refused_with_its_place_and_its_mend(file: File) -> None:
    lines = file.read_text("utf-8").splitlines()
    findings = check([file], standard_only=True)
    assert findings
    for finding in findings:
        assert finding.file == str(file) and finding.message and finding.fix
        assert finding.code.startswith(("C2", "C5"))
        assert lines[finding.line - 1][finding.column - 1 :].strip()


HEAD = "version: 1.0.0\nkind: DataContract\nid: x\nstatus: active\n"
V30, V31, V32 = (f"apiVersion: {version}\n{HEAD}" for version in ("v3.0.2", "v3.1.0", "v3.2.0"))
COLUMN = "schema:\n- name: t\n  properties:\n  - name: c\n    "
STRING = COLUMN + "logicalType: string\n    "
QUALITY = STRING + "quality:\n    - "
VALID: dict[str, str] = {
    "3.0": V30 + QUALITY + "rule: duplicateCount\n      mustBe: 0\n" + "team:\n- username: a\n  comment: left\n",
    "3.0 free rule": V30 + QUALITY + "rule: between\n      customProperties: [{property: min, value: 1}]\n",
    "3.0 valid values": V30 + QUALITY + "rule: validValues\n      validValues: [a, b]\n",
    "3.0 range": V30 + QUALITY + "rule: duplicateCount\n      mustBeGreaterThan: 0\n      mustBeLessThan: 9\n",
    "3.0 nothing to compare with": V30 + QUALITY + "rule: duplicateCount\n",
    "3.1": V31 + QUALITY + "metric: nullValues\n      mustBe: 0\n",
    "3.1 in an older document": V30 + QUALITY + "metric: nullValues\n      mustBe: 0\n",
    "3.2": V32 + STRING + "enum: [{value: a}]\n",
    "3.2 in an older document": V31 + STRING + "enum: [{value: a}]\n",
    "names as anybody likes": V32 + "schema:\n- name: Order Lines\n  properties:\n  - name: Unit-Price\n",
    "a severity of one's own": V32
    + QUALITY
    + "metric: nullValues\n      mustBe: 0\n      severity: P1\n      unit: cells\n",
    "SQL of another engine": V32 + QUALITY + "type: sql\n      query: EXEC count_them\n      mustBe: 0\n",
    "a type of another engine": V32 + COLUMN + "logicalType: number\n    physicalType: NUMBER\n",
    "a key without numbers": V32 + STRING + "primaryKey: true\n    primaryKeyPosition: -1\n",
    "properties that look like ours": V32 + "customProperties: [{property: visability, value: 3}]\n",
    "durations of one's own": V32 + "slaProperties: [{property: retention, value: long}]\n",
    "promises of nested fields": V32 + COLUMN + "logicalType: object\n    properties:\n"
    "    - {name: f, logicalType: string, required: true, quality: [{metric: nullValues, mustBe: 0}]}\n",
    "dates in a format of one's own": V32 + COLUMN + "logicalType: date\n    logicalTypeOptions: {format: dd.MM.yyyy,"
    " minimum: 31.12.2020}\n",
    "a pattern only some engines run": V32 + STRING + "logicalTypeOptions: {pattern: '(?<a>x)(?!y)\\k<a>'}\n",
    "no schema": V32,
}
REFUSED: list[tuple[str, str, str, str]] = [  # what is wrong, the document, its code, where it is said
    ("unknown root key", V32 + "extra: 1\n", "C201", "extra"),
    ("unknown key of 3.0", V30 + QUALITY + "rule: rowCount\n      mustBee: 0\n", "C201", "mustBee"),
    ("unknown key in description", V31 + "description: {purpos: x}\n", "C201", "purpos"),
    ("unknown key of a server", V31 + "servers: [{server: s, type: kafka, host: h, colour: x}]\n", "C201", "colour"),
    ("enum twice", V32 + STRING + "enum: [{value: a}, {value: a}]\n", "C209", "enum"),
    ("enum empty", V32 + STRING + "enum: []\n", "C209", "enum"),
    ("enum without value", V32 + STRING + "enum: [{label: A}]\n", "C202", "{label"),
    ("version 4", V32.replace("v3.2.0", "v4.0.0"), "C206", "apiVersion"),
    ("version 2", V32.replace("v3.2.0", "v2.2.2"), "C206", "apiVersion"),
    ("kind", V32.replace("DataContract", "DataModel"), "C204", "kind"),
    ("no id", V32.replace("id: x\n", ""), "C202", "apiVersion"),
    ("dimension", V32 + QUALITY + "metric: nullValues\n      mustBe: 0\n      dimension: validity\n", "C204", "dimension"),
    ("metric", V32 + QUALITY + "metric: invalidMetric\n      mustBe: 0\n", "C204", "metric"),
    ("type of rule", V32 + QUALITY + "type: unknown\n", "C204", "type: unknown"),
    ("map without map", V32 + COLUMN + "logicalType: map\n", "C202", "name: c"),
    ("map without key", V32 + COLUMN + "logicalType: map\n    map: {value: {logicalType: string}}\n", "C202", "map: {"),
    ("map without value", V32 + COLUMN + "logicalType: map\n    map: {key: {logicalType: string}}\n", "C202", "map: {"),
    ("custom without implementation", V32 + QUALITY + "type: custom\n      engine: soda\n", "C202", "type: custom"),
    ("library without metric", V32 + QUALITY + "type: library\n      mustBe: 0\n", "C202", "type: library"),
    ("sql without query", V32 + QUALITY + "type: sql\n      mustBe: 0\n", "C202", "type: sql"),
    ("rule of nothing", V32 + QUALITY + "element: t.c\n      rule: exists\n", "C201", "element"),
    ("two operators", V32 + QUALITY + "metric: nullValues\n      mustBe: 0\n      mustNotBe: 5\n", "C501", "metric"),
    ("half a range", V32 + QUALITY + "metric: nullValues\n      mustBeBetween: [100]\n", "C209", "mustBeBetween"),
    ("relationship from", V32 + STRING + "relationships: [{from: t.c, to: u.d}]\n", "C205", "from: t.c"),
    ("relationship of nothing", V32 + "schema:\n- name: t\n  relationships: [{type: foreignKey}]\n", "C202", "{type"),
    ("unknown type", V32 + COLUMN + "logicalType: binary\n", "C204", "logicalType"),
    ("column without name", V32 + "schema:\n- name: t\n  properties: [{logicalType: string}]\n", "C202", "{logicalType"),
    ("unknown server", V32 + "servers: [{server: s, type: mongodb}]\n", "C204", "type: mongodb"),
    ("half a server", V32 + "servers: [{server: s, type: athena, stagingDir: d}]\n", "C202", "{server"),
    ("server without type", V32 + "servers: [{server: s, host: h}]\n", "C202", "{server"),
    ("service level without value", V32 + "slaProperties: [{property: latency}]\n", "C202", "{property"),
    ("synonym without term", V32 + STRING + "synonyms: [{description: d}]\n", "C202", "{description"),
    # and what no schema can say
    ("metric on the wrong level", V32 + QUALITY + "metric: rowCount\n      mustBe: 0\n", "C502", "metric"),
    ("argument", V32 + QUALITY + "metric: invalidValues\n      mustBe: 0\n      arguments: {patern: x}\n", "C504", "patern"),
    ("pattern", V32 + STRING + "logicalTypeOptions: {pattern: '('}\n", "C505", "pattern"),
    ("bounds", V32 + STRING + "logicalTypeOptions: {minLength: 9, maxLength: 2}\n", "C506", "minLength"),
    ("pattern of numbers", V32 + QUALITY.replace("string", "integer") + "metric: invalidValues\n      mustBe: 0\n"
     "      arguments: {pattern: x}\n", "C507", "metric"),
    ("limit of another type", V32 + COLUMN + "logicalType: date\n    logicalTypeOptions: {minimum: soon}\n", "C508",
     "minimum"),
    ("missing column", V32 + STRING + "description: d\n  quality: [{metric: duplicateValues, mustBe: 0,"
     " arguments: {properties: [cc]}}]\n", "C512", "{metric"),
    ("more than all", V32 + QUALITY + "metric: nullValues\n      unit: percent\n      mustBeLessThan: 200\n", "C513",
     "mustBeLessThan"),
    ("pattern of a nested field", V32 + COLUMN + "logicalType: array\n    items:\n      logicalType: object\n"
     "      properties: [{name: f, logicalType: string, logicalTypeOptions: {pattern: '('}}]\n", "C505", "pattern"),
    ("column twice", V32 + STRING + "description: d\n  - name: c\n", "C402", "name: c\n"),
]  # fmt: skip


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_what_the_standard_allows_holds(text: str) -> None:
    assert judge(text, "x.yaml") == []


@pytest.mark.parametrize(("text", "code", "where"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_the_standard_refuses_is_one_finding_at_its_place(text: str, code: str, where: str) -> None:
    findings = judge(text, "x.yaml")
    assert [finding.code for finding in findings] == [code] * len(findings) and findings
    at = text.rindex(where) if code == "C402" else text.index(where)
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    assert {(finding.line, finding.column) for finding in findings} == {(line, column)}
    assert all(finding.fix for finding in findings)


def _keys(node: Any, path: Path = ()) -> Iterator[Path]:
    """Every key of a document; not those inside what the standard leaves to others."""
    if isinstance(node, list):
        for position, item in enumerate(node):
            yield from _keys(item, (*path, position))
    elif isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key)
            if key not in ("implementation", "examples") and not (key == "value" and "customProperties" in path):
                yield from _keys(value, (*path, key))


def _misspelt(text: str, source: Source, path: Path, wrong: str) -> str:
    line, column = source.locate(path)
    lines = text.split("\n")
    before, rest = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    key = str(path[-1])
    quoted = rest[:1] in ("'", '"')
    assert rest[quoted:].startswith(key)
    lines[line - 1] = before + rest[:quoted] + wrong + rest[quoted + len(key) :]
    return "\n".join(lines)


def _each_key_once() -> list[tuple[File, Path]]:
    """Of all examples every key at every kind of place once: the hundredth column tells no more than the first."""
    seen: set[tuple[Any, ...]] = set()
    found = []
    for file in EXAMPLES:
        document = Source(file.read_text("utf-8")).document
        for path in _keys(document):
            kind = (document["apiVersion"][:4], *("*" if isinstance(step, int) else step for step in path))
            if kind not in seen:
                seen.add(kind)
                found.append((file, path))
    return found


@pytest.mark.slow
def test_a_key_misspelt_anywhere_is_refused_on_its_line() -> None:
    texts = {file: file.read_text("utf-8") for file in EXAMPLES}
    sources = {file: Source(text) for file, text in texts.items()}
    places = _each_key_once()
    assert len(places) > 200
    passed = []
    for count, (file, path) in enumerate(places):
        key = str(path[-1])
        at = 1 + count % max(len(key) - 1, 1)
        wrong = (key[:at] + key[at + 1 :], key[:at] + "z" + key[at:], key[:at] + "z" + key[at + 1 :])[count % 3]
        findings = judge(_misspelt(texts[file], sources[file], path, wrong), str(file))
        line, _ = sources[file].locate(path)
        if not any(finding.line == line and f"`{wrong}`" in finding.message for finding in findings):
            passed.append((file.name, path, wrong, [str(finding) for finding in findings]))
    assert passed == []


FULL_TEXT = FULL.read_text("utf-8")
FULL_SOURCE = Source(FULL_TEXT)
FULL_KEYS = list(_keys(FULL_SOURCE.document))
LETTERS = st.sampled_from("aeinorstxyzABS_19")


@st.composite
def one_letter_off(draw: st.DrawFn) -> tuple[Path, str]:
    path = draw(st.sampled_from(FULL_KEYS))
    key = str(path[-1])
    at = draw(st.integers(0, len(key) - 1))
    wrong = draw(
        st.one_of(
            st.just(key[:at] + key[at + 1 :]),
            st.just(key[:at] + key[at + 1 : at + 2] + key[at] + key[at + 2 :]),
            LETTERS.map(lambda letter: key[:at] + letter + key[at:]),
            LETTERS.map(lambda letter: key[:at] + letter + key[at + 1 :]),
        )
    )
    assume(wrong != key and len(wrong) > 1 and not wrong[0].isdigit())
    return path, wrong


@settings(max_examples=60, deadline=None)
@given(one_letter_off())
@example((("schema", 0, "quality"), "qualty"))
def test_any_key_one_letter_off_is_refused_on_its_line(misspelt: tuple[Path, str]) -> None:
    path, wrong = misspelt
    findings = judge(_misspelt(FULL_TEXT, FULL_SOURCE, path, wrong), FULL.name)
    line, _ = FULL_SOURCE.locate(path)
    assert any(finding.line == line and f"`{wrong}`" in finding.message for finding in findings), findings


PLACES = list({tuple("*" if isinstance(step, int) else step for step in path): path for path in FULL_KEYS}.values())
VALUES = st.sampled_from([None, True, -1, 2.5, "x", [], [1], ["a"], [[]], {}, {"a": 1}, [{}]])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
@example([(("schema", 0, "properties", 0, "quality"), [1])])
def test_no_document_is_too_odd_to_judge(changes: list[tuple[Path, Any]]) -> None:
    document = copy.deepcopy(FULL_SOURCE.document)
    for path, value in changes:
        node: Any = document
        with suppress(LookupError, TypeError):
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
    for finding in judge(json.dumps(document), FULL.name):
        assert finding.message and finding.line == 1

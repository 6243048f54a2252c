"""Every code of finding, on a contract that deserves exactly that one, at the place to mend."""

from __future__ import annotations

import pytest

from data_platform.contracts.codes import CODES
from data_platform.contracts.odcs import read

from .scenario import EXAMPLE, FILE, edited, minimal, place

Edit = tuple[str, str]
START = "start: 2026-10-01}"
STATIC = "values: [no, se]}"
QUALITY = "        quality: [{%s}]\n"
REF = "        unique: true\n"
PHOTOS = "      - name: photos\n        logicalType: array\n"
RELATED = "        relationships: [{to: %s}]\n"
OPTION_OF_A_STRUCT = (
    "logicalType: string\n" + REF,
    "logicalType: object\n        properties: [{name: a, logicalType: date}]\n"
    "        logicalTypeOptions: {minProperties: 1}\n",
)
TEXT = "      - type: text\n"


def custom(implementation: str, more: str = "") -> Edit:
    """Adds a rule of ours to the dataset."""
    return TEXT, f"      - {{type: custom, engine: data-platform, implementation: {implementation}{more}}}\n{TEXT}"


def metric(more: str) -> Edit:
    """Adds a metric to the dataset."""
    return TEXT, f"      - {{metric: {more}}}\n{TEXT}"


def relationship(more: str) -> Edit:
    """Adds a relationship to the dataset."""
    return (
        "    quality:\n      - metric: rowCount",
        f"    relationships: [{{{more}}}]\n    quality:\n      - metric: rowCount",
    )


HERE = "{type: custom, engine: data-platform, imp"
DAILY = "schedule: 0 6 * * *"
QUARANTINE = "customProperties: [{property: onFailure, value: quarantine}]"
PARTITIONS = "customProperties: [{property: partitions, value: %s}]"
STAMP = "logicalType: timestamp\n        logicalTypeOptions: {timezone: true}"
COUNTRY = "logicalType: string\n        required: true\n        partitioned"
ENUM = "        enum:\n          - value: no\n          - value: se\n"

ROWS: list[tuple[str, Edit, str, str]] = [  # code, edit, where the finding points, a word of its message or mend
    ("C101", ("tags: [m", "tags: [[m"), "description:", "quotes"),
    ("C102", ("status: active", "status: active\nid: x"), "id: x", "remove"),
    ("C103", (EXAMPLE, "- listings"), "- listings", "mapping"),
    ("C201", ("required: true", "reqired: true"), "reqired", "`required`"),
    ("C202", ("version: 1.10\n", ""), "apiVersion", "`version`"),
    ("C203", ("name: Ads", "name: [Ads]"), "name: [Ads]", "text"),
    ("C204", ("logicalType: date", "logicalType: dat"), "logicalType: dat", "`date`"),
    ("C205", (REF, REF + "        items: {logicalType: string}\n"), "items: {", "array"),
    ("C206", ("apiVersion: v3.1.0", "apiVersion: v9.1.0"), "apiVersion", "v3.2.0"),
    ("C209", ("[1, 5000000]", "[1]"), "mustBeBetween", "at least 2"),
    ("C301", ("schema:\n", "schema:\n  - name: other\n"), "name: listings", "file of its own"),
    ("C302", ("id: ads.listings", "id: listings"), "id: listings", "ads.listings"),
    ("C303", ("domain: ads\n", "domain: users\n"), "domain: users", "folder"),
    ("C304", ("- name: listings", "- name: lists"), "name: lists\n", "lists.yaml"),
    ("C305", ("name: external_ref", "name: externalRef"), "name: externalRef", "`external_ref`"),
    ("C305", ("- name: listings", "- name: Listings"), "name: Listings", "`listings`"),
    ("C306", ("- name: listings", "- name: listings__quarantine"), "name: listings__", "refused rows"),
    ("C307", ("role: owner", "role: reader"), "team:", "owner"),
    ("C307", ("role: owner", "role: owner\n      dateOut: 2026-01-01"), "team:", "owner"),
    ("C308", ("ada@example.com", "ada"), "username: ada", "e-mail"),
    ("C309", ("purpose: Every", "usage: Every"), "name: listings", "description"),
    ("C311", ("domain: ads\n", ""), "apiVersion", "`domain: ads`"),
    ("C312", ("status: active", "status: activ"), "status: activ", "`active`"),
    (
        "C402",
        ("name: external_ref", "name: title"),
        "name: title\n        logicalType: string\n        unique",
        "twice",
    ),
    ("C403", (STAMP, "physicalType: x"), "name: updated_at", "no `logicalType`"),
    (
        "C403",
        (STAMP, "logicalType: vector\n        logicalTypeOptions: {dimensions: 3}"),
        "logicalType: vector",
        "not supported",
    ),
    ("C403", (STAMP, "logicalType: integer\n        logicalTypeOptions: {format: u128}"), "format: u128", "no type"),
    ("C403", (STAMP, "logicalType: array"), "name: updated_at", "`items`"),
    ("C403", (STAMP, "logicalType: object"), "name: updated_at", "`properties`"),
    ("C403", (REF, "        semanticType: measure\n"), "semanticType", "measure"),
    ("C404", ("DECIMAL(12, 2)", "DECIMAL(40, 2)"), "physicalType: DECIMAL(40", "1 to 38"),
    ("C404", ("DECIMAL(12, 2)", "numeric"), "physicalType: numeric", "without digits"),
    ("C405", ("{name: url,", "{required: true, name: url,"), "required: true, name: url", "nested"),
    ("C405", ("{name: url,", "{logicalTypeOptions: {format: uri}, name: url,"), "format: uri}, name", "nested"),
    ("C405", (REF, REF + RELATED % "a.b.c.d"), "to: a.b.c.d", "nested"),
    ("C406", (REF, REF + "        logicalTypeOptions: {format: phone}\n"), "format: phone", "pattern"),
    ("C406", (REF, REF + "        logicalTypeOptions: {format: emial}\n"), "format: emial", "`email`"),
    ("C406", OPTION_OF_A_STRUCT, "minProperties", "sql"),
    ("C407", ("classification: confidential", "classification: secret"), "classification: secret", "public"),
    ("C501", ("        mustBeGreaterThan: 10\n", ""), "type: sql", "operator"),
    ("C501", custom("{history: rowCount, unit: percent}"), "implementation: {history", "operator"),
    ("C502", (REF, QUALITY % "metric: rowCount, mustBe: 0"), "metric: rowCount, mustBe", "the dataset"),
    ("C502", (REF, QUALITY % "name: nothing"), "{name: nothing", "no metric"),
    (
        "C503",
        ("mustBeBetween: [1, 5000000]", "mustBeBetween: [1, 50]\n        unit: percent"),
        "unit: percent\n      - metric: dup",
        "percent",
    ),
    ("C521", ("unit: percent", "unit: percents"), "unit: percents", "`percent`"),
    ("C503", custom("{history: rowCount, mustBe: 0}"), "implementation: {history", "percent, score, rows"),
    ("C503", custom("{history: rowCount, unit: seconds, mustBe: 0}"), "unit: seconds", "score"),
    (
        "C521",
        ("mustBeGreaterThan: 10\n", "mustBeGreaterThan: 10\n        unit: percent\n"),
        "unit: percent\n        sev",
        "remove",
    ),
    ("C504", custom("{history: rowCount, unit: score, lst: 3, mustBe: 0}"), "lst: 3", "`last`"),
    ("C504", custom("{history: rowCount, unit: score, last: 0, mustBe: 0}"), "last: 0", "from 1"),
    ("C504", custom("{history: rowCount, unit: score, last: 5, least: 6, mustBe: 0}"), "least: 6", "never"),
    ("C504", custom("{history: freshness, unit: seconds, mustBe: 0}"), "implementation: {history", "timestamp"),
    ("C504", custom("{history: rowCount, column: day, unit: rows, mustBe: 0}"), "column: day", "remove"),
    ("C504", metric("nullValues, mustBe: 0, arguments: {properties: title}"), "properties: title", "a list"),
    ("C504", metric("nullValues, mustBe: 0, arguments: {properties: [[a]]}"), "properties: [[a", "plain text"),
    ("C504", ("{missingValues:", "{missingValue:"), "missingValue: ", "`missingValues`"),
    ("C522", ("            arguments: {missingValues: ['', 'N/A', null]}\n", ""), "metric: missingValues", "needs"),
    ("C504", ("keepFirst: updated_at desc}", "keepFirst: updated_at down}"), "metric: duplicateValues", "desc"),
    ("C522", ("{properties: [seller_email, title], keepFirst", "{keepFirst"), "arguments: {keepFirst", "`properties`"),
    ("C505", ("pattern: '^\\S'", "pattern: '^(?!x)'"), "pattern: '^(?", "look-around"),
    ("C505", ("pattern: '^[^@]+@[^@]+$'", "pattern: '(a)\\1'"), "metric: invalidValues", "references"),
    ("C505", ("pattern: '^\\S'", "pattern: '['"), "pattern: '['", "closed"),
    ("C506", ("{minLength: 1, maxLength: 200", "{minLength: 9, maxLength: 2"), "minLength", "widen"),
    (
        "C506",
        ("{exclusiveMinimum: 0, maximum: 1000000}", "{exclusiveMinimum: 5, maximum: 5}"),
        "exclusiveMinimum",
        "widen",
    ),
    ("C506", ("{minimum: 2020-01-01}", "{minimum: 2020-01-02, maximum: 2020-01-01}"), "minimum: 2020", "widen"),
    ("C506", ("[1, 5000000]", "[9, 1]"), "mustBeBetween", "smaller"),
    (
        "C507",
        ("      - name: attributes\n", "      - name: attributes\n        unique: true\n"),
        "unique: true\n        logicalType: map",
        "nested",
    ),
    (
        "C507",
        (
            f"{STAMP}\n",
            "logicalType: boolean\n" + QUALITY % "metric: invalidValues, mustBe: 0, arguments: {pattern: x}",
        ),
        "{metric: invalidValues, mustBe",
        "string",
    ),
    ("C506", (PHOTOS, PHOTOS + "        logicalTypeOptions: {minItems: 3, maxItems: 2}\n"), "minItems: 3", "widen"),
    ("C507", (PHOTOS, PHOTOS + "        logicalTypeOptions: {uniqueItems: true}\n"), "uniqueItems", "plain values"),
    ("C507", custom("listings.title < 'm'"), HERE, "numbers"),
    ("C507", custom("{history: freshness, column: title, unit: score, mustBe: 0}"), HERE, "timestamps"),
    (
        "C507",
        metric("invalidValues, mustBe: 0, arguments: {validValues: []}"),
        "metric: invalidValues, m",
        "properties",
    ),
    ("C508", ("- value: se", "- value: 7"), "enum:", "7 is not"),
    ("C508", ("{minimum: 2020-01-01}", "{minimum: first of May}"), "minimum: first", "2026-10-01"),
    ("C508", custom("listings.listing_id >= 0.5"), HERE, "whole number"),
    (
        "C508",
        metric("missingValues, mustBe: 0, arguments: {missingValues: [1], properties: [title, day]}"),
        "{metric: miss",
        "`title`",
    ),
    ("C509", ("query: SELECT", "query: DELETE"), "query: DELETE", "SELECT"),
    ("C510", ("name: Looks like e-mail", "name: title pattern"), "metric: invalidValues", "title_pattern"),
    ("C510", ("name: Looks like e-mail", "name: schema"), "metric: invalidValues", "platform"),
    ("C509", ("query: SELECT", "query: SELECT FROM WHERE"), "query: SELECT FROM", "syntax error"),
    ("C509", ("FROM {object}", "FROM read_csv('x')"), "query: SELECT", "read_csv"),
    ("C509", ("avg(price) FROM {object}", "1 FROM 'x.parquet'"), "query: SELECT", "x.parquet"),
    ("C509", ("avg(price)", "avg({property})"), "query: SELECT", "name the column"),
    ("C511", ("engine: soda", "engine: data-platform"), 'implementation: "checks', "character 13"),
    ("C511", ("engine: soda", "engine: data_platform"), "engine: data_platform", "`data-platform`"),
    ("C511", custom("listings.count(*) > 'many'"), "implementation: listings", "not a number"),
    ("C511", custom("{history: sum, unit: rows}"), "history: sum", "freshness"),
    ("C512", ("[seller_email, title]", "[seller_mail, title]"), "metric: duplicateValues", "`seller_email`"),
    ("C512", ("value: updated_at desc", "value: update_at desc"), "name: listings", "`updated_at`"),
    ("C512", custom("{history: freshness, column: update_at, unit: score, mustBe: 0}"), HERE, "`updated_at`"),
    ("C512", custom("listings.prise > 0"), HERE, "`price`"),
    ("C512", relationship("from: listings.external_rev, to: refs.id"), "to: refs.id", "`external_ref`"),
    ("C512", (REF, REF + RELATED % "listings.listing_idd"), "to: listings.listing_idd", "`listing_id`"),
    ("C513", ("            mustBe: 0\n", "            mustBe: none\n"), "mustBe: none", "number"),
    ("C513", ("mustBeLessThan: 10\n", "mustBeLessThan: 101\n"), "mustBeLessThan: 101", "percent"),
    ("C513", custom("{history: rowCount, unit: score, mustBeBetween: 3}"), "mustBeBetween: 3", "two numbers"),
    ("C514", (REF, REF + RELATED % "'../refs.yaml#/schema/r/properties/id'"), "to: '../refs", "domain"),
    ("C515", custom("listings.sum(prise) > 0"), HERE, "`price`"),
    ("C516", custom("listings.sum(title) > 0"), HERE, "numbers"),
    ("C516", custom("listings.min(title) > 0"), HERE, "dates"),
    ("C516", custom("listings.count_distinct(photos) > 0"), HERE, "nested"),
    ("C516", custom("listings.count(* where title > 'm') > 0"), HERE, "no order"),
    ("C516", custom("listings.count(* where price > 'm') > 0"), HERE, "a number"),
    ("C516", custom("listings.count(* where price == title) > 0"), HERE, "one type"),
    ("C516", custom("listings.price == listings.title"), HERE, "one type"),
    ("C518", custom("listings.price > 0", ", scheduler: cron"), "scheduler: cron", "schedule: 0 6"),
    ("C518", custom("listings.price > 0", ", scheduler: airflow"), "scheduler: airflow", "cron, input"),
    ("C518", custom("listings.price > 0", ", schedule: 0 6 * *"), "schedule: 0 6", "five fields"),
    ("C518", custom("b.count(*) > 0", ", scheduler: input, schedule: 0 6 * * *"), "schedule: 0", "remove"),
    ("C519", custom("listings.price > 0", ", scheduler: input"), "scheduler: input", "only inputs"),
    ("C519", custom("b.count(*) < listings.count(*)", ", scheduler: input"), "scheduler: input", "only inputs"),
    ("C519", custom("{history: rowCount, unit: rows, mustBe: 0}", ", scheduler: input"), "scheduler: input", "inputs"),
    ("C519", ("severity: warning\n      - type: t", "scheduler: input\n      - type: t"), "scheduler: input", "inputs"),
    ("C520", (REF, REF + RELATED % "[r.a, r.b]"), "to: [r.a", "pair"),
    ("C520", relationship("from: [listings.title, listings.day], to: [r.a, s.b]"), "to: [r.a", "same dataset"),
    ("C520", relationship("from: lists.title, to: r.a"), "to: r.a", "name columns of ads.listings"),
    ("C520", (REF, REF + RELATED % "schema/listings/quality/id"), "to: schema", "not a column"),
    ("C520", (REF, REF + RELATED % "schema/listings/properties/idd"), "to: schema", "correct the id"),
    ("C601", ("property: visibility", "property: visability"), "property: visability", "`visibility`"),
    (
        "C601",
        ("property: costCentre", "vendor: data-platform\n    property: costCentre"),
        "property: costCentre",
        "ours",
    ),
    ("C602", ("value: public", "value: publik"), "value: publik", "`public`"),
    ("C602", ("value: M\n", "value: XXL\n"), "value: XXL", "`XL`"),
    ("C602", ("value: confidential", "value: top"), "value: top", "public"),
    ("C602", ("value: ignore", "value: drop"), "value: drop", "refuse"),
    ("C603", ("value: block", "value: blok"), "value: blok", "`block`"),
    ("C603", ("maxPercent: 1}", "maxPercent: 101}"), "maxPercent: 101", "0 to 100"),
    ("C603", ("maxPercent: 1}", "maxPercnt: 1}"), "maxPercnt", "`maxPercent`"),
    ("C603", ("{action: quarantine, maxPercent: 1}", "{action: warn, maxPercent: 1}"), "maxPercent: 1}", "remove"),
    ("C603", ("maxPercent: 1}", "maxRows: 0.5}"), "maxRows: 0.5", "whole number"),
    ("C603", ("{action: quarantine, maxPercent: 1}", "{action: block, maxRows: 1}"), "maxRows: 1}", "remove"),
    ("C602", custom("b.count(*) > 0", f", {PARTITIONS % 'some'}"), "value: some", "`same`"),
    ("C604", custom("listings.price > 0", f", {QUARANTINE}, {DAILY}"), "value: quarantine}]", "there already"),
    ("C604", custom("b.count(*) > 0", f", {QUARANTINE}, scheduler: input"), "value: quarantine}]", "there already"),
    (
        "C604",
        ("[1, 5000000]", "[1, 5]\n        customProperties: [{property: onFailure, value: quarantine}]"),
        "value: quarantine}]",
        "rows",
    ),
    ("C605", ("severity: warning", "severity: warnin"), "severity: warnin\n", "`warning`"),
    (
        "C606",
        custom("listings.price > 0", f", {PARTITIONS % 'all'}"),
        "value: all}]",
        "reads none",
    ),
    (
        "C606",
        ("property: piiCategory", "property: visibility"),
        "property: visibility\n            value: email",
        "the dataset",
    ),
    (
        "C607",
        ("property: unknownColumns\n        value: ignore", "property: visibility\n        value: public"),
        "property: visibility\n        value",
        "twice",
    ),
    (
        "C701",
        ("        partitioned: true\n        partitionKeyPosition: 2\n", ""),
        "value: {granularity: static",
        "partitioned: true",
    ),
    ("C701", (REF, "        partitioned: true\n"), "partitioned: true\n      - name: updated_at", "partitionBy"),
    ("C702", ("granularity: day", "granularity: hour"), "granularity: hour", "timestamp"),
    ("C702", ("granularity: day", "granularity: daily"), "granularity: daily", "`day`"),
    ("C702", (STATIC, "value: [no, se], " + STATIC), "value: [no", "`values`"),
    ("C703", (", " + START, "}"), "value: {granularity: day", "begin"),
    ("C703", (START, "start: 2026-13-01}"), "start: 2026-13", "not a day"),
    ("C704", (", " + STATIC, "}"), "value: {granularity: static", "values"),
    ("C704", (STATIC, "values: [no, no]}"), "no]}", "twice"),
    ("C704", (STATIC, "values: ['a|b']}"), "'a|b'", "|"),
    (
        "C705",
        ("{granularity: static, values: [no, se]}", "{granularity: day, start: 2026-10-01}"),
        "properties:",
        "time",
    ),
    ("C706", ("primaryKeyPosition: 2", "primaryKeyPosition: 1"), "primaryKeyPosition: 1\n        partitioned", "taken"),
    ("C706", ("        primaryKeyPosition: 2\n", ""), "name: listing_id", "none"),
    ("C706", (REF, "        primaryKeyPosition: 3\n"), "primaryKeyPosition: 3", "primaryKey: true"),
    ("C801", ("value: P90D", "value: ninety days"), "value: ninety", "P90D"),
    ("C801", ("unit: h", "unit: fortnight"), "value: 26", "PT6H"),
    ("C802", ("property: retention", "property: retension"), "property: retension", "`retention`"),
]

FIXED = {  # edits that break one more thing, which is mended here
    "C705": ((COUNTRY, COUNTRY.replace("string", "date")), (ENUM, "")),
    "C304": (("id: ads.listings", "id: ads.lists"),),
}


@pytest.mark.parametrize(
    ("code", "edit", "at", "word"), ROWS, ids=[f"{code}-{edit[1][:30]}" for code, edit, _, _ in ROWS]
)
def test_each_mistake_has_a_code_a_place_and_a_mend(code: str, edit: Edit, at: str, word: str) -> None:
    text = edited(edit, *FIXED.get(code, ()))
    contract, findings = read(text, FILE, domain="ads")
    assert contract is None
    matching = [finding for finding in findings if finding.code == code]
    assert matching, findings
    assert (matching[0].line, matching[0].column) == place(text, at), matching
    assert any(word in f"{finding.message} {finding.fix}" for finding in matching)
    assert all(finding.fix for finding in findings)
    also = {"C303": {"C302"}, "C305": {"C302", "C304"}, "C306": {"C302", "C304"}, "C301": {"C302", "C304", "C401"}}
    assert {finding.code for finding in findings} <= {code} | also.get(code, set())


ELSEWHERE = {
    "C310": "test_catalog",
    "C313": "test_norms",
    "C401": "below",
    "C517": "test_references",
    "C523": "test_standard",
}


def test_every_code_has_a_row() -> None:
    assert {code for code, *_ in ROWS} | ELSEWHERE.keys() == CODES.keys()


def test_a_dataset_without_columns_is_no_dataset() -> None:
    text = minimal().replace("    properties:\n      - {name: id, logicalType: integer}\n", "")
    _, findings = read(text, "clicks.yaml")
    assert [(finding.code, finding.line) for finding in findings] == [("C401", 9)]


def test_everything_wrong_is_said_at_once() -> None:
    codes = ("C302", "C308", "C312", "C406", "C407", "C605", "C801")
    edits = [next(edit for code, edit, *_ in ROWS if code == wanted) for wanted in codes]
    _, findings = read(edited(*edits), FILE, domain="ads")
    assert {finding.code for finding in findings} >= set(codes)
    assert findings == sorted(findings)


def test_what_belongs_to_others_is_left_alone() -> None:
    foreign = "      - {property: visibility, value: x, vendor: atlan}\n      - {property: teamColour, value: blue}\n"
    text = edited(("    customProperties:\n", "    customProperties:\n" + foreign))
    contract, findings = read(text, FILE, domain="ads")
    assert contract is not None and not findings
    assert contract.visibility == "public"

"""The standard's quality language, and what we add to it, as rules."""

from __future__ import annotations

import pytest

from data_platform.contracts import Contract, OnFailure, Policy, Reference, Rule, Threshold, Unchecked
from data_platform.contracts.model import INPUT, OPERATORS, PUBLICATION
from data_platform.contracts.odcs import read

from .scenario import minimal

BLOCK, WARN, QUARANTINE = (OnFailure(policy) for policy in (Policy.BLOCK, Policy.WARN, Policy.QUARANTINE))
PROPERTIES = "name: id, logicalType: integer"


def contract_of(*entries: str, column: str = f"{{{PROPERTIES}}}", rest: str = "", version: str = "v3.1.0") -> Contract:
    """ads.clicks with one column and these entries at the dataset's level."""
    quality = "".join(["    quality:\n", *(f"      - {{{entry}}}\n" for entry in entries)]) if entries else ""
    text = minimal(column=column, rest=quality + rest).replace("v3.1.0", version)
    if version.startswith("v3.0"):  # where a status was required, and a team a list of its members
        text = text.replace("version: 1.0.0\n", "version: 1.0.0\nstatus: active\n", 1)
        text = text.replace(
            "{members: [{username: ada@example.com, role: owner}]}", "[{username: a@b.co, role: owner}]"
        )
    contract, findings = read(text, "clicks.yaml")
    assert contract is not None, findings
    return contract


def rule_of(entry: str, column: str = f"{{{PROPERTIES}}}", rest: str = "", version: str = "v3.1.0") -> Rule:
    """The last rule, which is the one an entry adds."""
    return contract_of(entry, column=column, rest=rest, version=version).rules[-1]


def column_rules(column: str, **options: str) -> list[Rule]:
    """The rules of one column, but for its type."""
    return [rule for rule in contract_of(column=f"{{name: id, {column}}}", **options).rules if rule.kind != "type"]


MORE = """\
      - {name: title, logicalType: string}
      - {name: day, logicalType: date}
      - {name: photos, logicalType: array, items: {logicalType: string}}
"""
ALL = ("id", "title", "day")
METRICS = [  # at the dataset's level: the entry, its kind, columns, arguments and threshold
    ("metric: nullValues, mustBe: 0", "null_values", ALL, {}, None),
    (
        "metric: nullValues, mustBeLessThan: 5, unit: percent, arguments: {properties: [title, photos]}",
        "null_values",
        ("title", "photos"),
        {},
        Threshold("mustBeLessThan", 5, "percent"),
    ),
    (
        "metric: missingValues, mustBe: 0, arguments: {missingValues: [null, '', N/A, 0]}",
        "missing_values",
        ALL,
        {"values": ("", "N/A", 0)},
        None,
    ),
    (
        "metric: invalidValues, mustBe: 0, arguments: {validValues: [1, 2]}",
        "invalid_values",
        ("id",),
        {"values": (1, 2)},
        None,
    ),
    (
        "metric: invalidValues, mustBe: 0, arguments: {pattern: '^x'}",
        "invalid_values",
        ("title",),
        {"pattern": "^x"},
        None,
    ),
    (
        "metric: duplicateValues, mustBeLessOrEqualTo: 1, unit: percent, arguments: {properties: [id, day]}",
        "duplicate_values",
        ("id", "day"),
        {},
        Threshold("mustBeLessOrEqualTo", 1, "percent"),
    ),
    ("metric: rowCount, mustNotBe: 0", "row_count", (), {}, Threshold("mustNotBe", 0)),
]


@pytest.mark.parametrize(("entry", "kind", "columns", "arguments", "threshold"), METRICS)
def test_a_metric_of_the_dataset_is_about_the_columns_it_names_or_all_it_fits(
    entry: str, kind: str, columns: tuple[str, ...], arguments: dict, threshold: Threshold | None
) -> None:
    rule = rule_of(entry, column=f"{{{PROPERTIES}}}\n{MORE}".rstrip())
    assert (rule.kind, rule.columns, dict(rule.arguments), rule.threshold) == (kind, columns, arguments, threshold)


@pytest.mark.parametrize("unit", ["rows", "percent"])
@pytest.mark.parametrize("metric", ["nullValues", "missingValues", "invalidValues", "duplicateValues"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_fits_every_metric_in_both_units(operator: str, metric: str, unit: str) -> None:
    value = "[1, 2]" if operator.endswith("Between") else "1"
    needs = {"missingValues": ", arguments: {missingValues: [0]}", "invalidValues": ", arguments: {validValues: [0]}"}
    entry = f"{{metric: {metric}, unit: {unit}, {operator}: {value}{needs.get(metric, '')}}}"
    (rule,) = column_rules(f"logicalType: integer, quality: [{entry}]")
    expected = (1, 2) if operator.endswith("Between") else 1
    assert (rule.columns, rule.threshold) == (("id",), Threshold(operator, expected, unit))


OPTIONS = [  # a column, the rules it implies as (name, kind, arguments)
    ("logicalType: integer, logicalTypeOptions: {multipleOf: 5}", [("id_multiple_of", "multiple_of", {"value": 5})]),
    (
        "logicalType: array, items: {logicalType: integer}, "
        "logicalTypeOptions: {minItems: 1, maxItems: 9, uniqueItems: true}",
        [
            ("id_min_items", "min_items", {"value": 1}),
            ("id_max_items", "max_items", {"value": 9}),
            ("id_unique_items", "unique_items", {}),
        ],
    ),
    ("logicalType: array, items: {logicalType: integer}, logicalTypeOptions: {uniqueItems: false}", []),
    (
        "logicalType: timestamp, logicalTypeOptions: {exclusiveMinimum: '2020-01-01T00:00:00', format: yyyy}",
        [("id_exclusive_minimum", "exclusive_minimum", {"value": "2020-01-01T00:00:00"})],
    ),
    (
        "logicalType: date, logicalTypeOptions: {maximum: 2030-01-01}",
        [("id_maximum", "maximum", {"value": "2030-01-01"})],
    ),
    (
        "logicalType: time, logicalTypeOptions: {minimum: '06:00:00'}",
        [("id_minimum", "minimum", {"value": "06:00:00"})],
    ),
    *((f"logicalType: string, logicalTypeOptions: {{format: {name}}}", []) for name in ("password", "byte", "binary")),
    *(
        (
            f"logicalType: integer, logicalTypeOptions: {{format: {name}}}",
            [("id_format_minimum", "minimum", {"value": low}), ("id_format_maximum", "maximum", {"value": high})],
        )
        for name, low, high in (
            ("i8", -128, 127),
            ("u8", 0, 255),
            ("i16", -32768, 32767),
            ("u16", 0, 65535),
            ("u32", 0, 4294967295),
            ("u64", 0, 18446744073709551615),
        )
    ),
    *((f"logicalType: integer, logicalTypeOptions: {{format: {name}}}", []) for name in ("i32", "i64")),
    ("logicalType: number, logicalTypeOptions: {format: f32}", []),
]


@pytest.mark.parametrize(("column", "rules"), OPTIONS, ids=[column[:60] for column, _ in OPTIONS])
def test_an_option_is_a_rule(column: str, rules: list[tuple[str, str, dict]]) -> None:
    assert [(rule.name, rule.kind, dict(rule.arguments)) for rule in column_rules(column)] == rules


def test_a_64_bit_number_without_sign_is_stored_whole() -> None:
    (column,) = contract_of(column="{name: id, logicalType: integer, logicalTypeOptions: {format: u64}}").columns
    assert str(column.type) == "decimal(20, 0)"


@pytest.mark.parametrize("name", ["email", "uuid", "uri", "hostname", "ipv4", "ipv6"])
def test_a_format_of_text_is_a_pattern(name: str) -> None:
    (rule,) = column_rules(f"logicalType: string, logicalTypeOptions: {{format: {name}}}")
    assert (rule.name, rule.kind) == ("id_format", "pattern")


POLICIES = [  # what is said at the dataset, the column and the entry; the policy
    ("{action: quarantine, maxRows: 10}", "", "", OnFailure(Policy.QUARANTINE, None, 10)),
    ("{action: quarantine, maxRows: 10, maxPercent: 5}", "", "", OnFailure(Policy.QUARANTINE, 5, 10)),
    ("block", "{action: quarantine, maxRows: 0}", "", OnFailure(Policy.QUARANTINE, None, 0)),
    ("block", "quarantine", "{action: quarantine, maxPercent: 0.5, maxRows: 3}", OnFailure(Policy.QUARANTINE, 0.5, 3)),
    ("quarantine", "warn", "", WARN),
    ("quarantine", "warn", "block", BLOCK),
]


@pytest.mark.parametrize(("dataset", "column", "entry", "policy"), POLICIES)
def test_the_nearest_policy_holds_with_its_limits(dataset: str, column: str, entry: str, policy: OnFailure) -> None:
    def said(value: str) -> str:
        return f", customProperties: [{{property: onFailure, value: {value}}}]" if value else ""

    quality = f"quality: [{{metric: nullValues, mustBe: 0{said(entry)}}}]"
    rest = said(dataset)[2:] + "\n"
    (rule,) = column_rules(f"logicalType: integer, {quality}{said(column)}", rest=rest)
    assert rule.on_failure == policy


OWN = [  # an expression or a mapping, the rule's name, kind, columns, arguments, threshold and reads
    (
        "clicks.count(*) == views.count(*)",
        "clicks_count_is_views_count",
        "expression",
        (),
        {"expression": "ads.clicks.count(*) == ads.views.count(*)"},
        Threshold("mustBe", 0),
        (Reference("ads.views"),),
    ),
    (
        'clicks.sum(id) <= 0.99 * b.pay.sum(x where k == "a")'.replace('"', "''"),
        "clicks_sum_id_at_most_0_99_b_pay_sum_x_where_k_is_a",
        "expression",
        (),
        {"expression": "ads.clicks.sum(id) <= 0.99 * b.pay.sum(x where k == 'a')"},
        Threshold("mustBeLessOrEqualTo", 0),
        (Reference("b.pay", ("x", "k")),),
    ),
    ("clicks.id >= 0", "id_at_least_0", "comparison", ("id",), {"operator": ">=", "value": 0}, None, ()),
    ("ads.clicks.id != -2", "id_is_not_minus_2", "comparison", ("id",), {"operator": "!=", "value": -2}, None, ()),
    ("3 < clicks.id", "3_below_id", "comparison", ("id",), {"operator": ">", "value": 3}, None, ()),
    ("clicks.id < clicks.title", "id_below_title", "comparison", ("id", "title"), {"operator": "<"}, None, ()),
    (
        "clicks.day >= ''2020-01-01''",
        "day_at_least_2020_01_01",
        "comparison",
        ("day",),
        {"operator": ">=", "value": "2020-01-01"},
        None,
        (),
    ),
]


@pytest.mark.parametrize(("text", "name", "kind", "columns", "arguments", "threshold", "reads"), OWN)
def test_a_comparison_of_ours_is_a_rule(
    text: str,
    name: str,
    kind: str,
    columns: tuple[str, ...],
    arguments: dict,
    threshold: Threshold | None,
    reads: tuple[Reference, ...],
) -> None:
    more = MORE.replace("title, logicalType: string", "title, logicalType: integer")
    rule = rule_of(
        f"type: custom, engine: data-platform, implementation: '{text}'", f"{{{PROPERTIES}}}\n{more}".rstrip()
    )
    assert (rule.name, rule.kind, rule.columns, dict(rule.arguments)) == (name, kind, columns, arguments)
    assert (rule.threshold, rule.reads, rule.when) == (threshold, reads, PUBLICATION)


ALL_PARTITIONS = "customProperties: [{property: partitions, value: all}]"


@pytest.mark.parametrize(
    "entry",
    [
        "type: custom, engine: data-platform, implementation: 'views.count(*) > 0'",
        "type: sql, query: 'SELECT count(*) FROM views', mustBeGreaterThan: 0",
    ],
)
def test_a_rule_sees_the_same_partitions_of_others_unless_it_says_all(entry: str) -> None:
    assert rule_of(entry).reads == (Reference("ads.views", (), "same"),)
    assert rule_of(f"{entry}, {ALL_PARTITIONS}").reads == (Reference("ads.views", (), "all"),)


HISTORIES = [  # the mapping; its arguments and threshold
    (
        "{history: rowCount, last: 7, unit: percent, mustBeBetween: [-50, 50]}",
        {"of": "rowCount", "last": 7, "least": 3},
        Threshold("mustBeBetween", (-50, 50), "percent"),
    ),
    (
        "{history: rowCount, last: 2, unit: score, mustBeLessThan: 3.5}",
        {"of": "rowCount", "last": 2, "least": 2},
        Threshold("mustBeLessThan", 3.5, "score"),
    ),
    (
        "{history: freshness, column: day, least: 5, unit: seconds, mustBeLessThan: 7200}",
        {"of": "freshness", "last": 14, "least": 5, "column": "day"},
        Threshold("mustBeLessThan", 7200),
    ),
    (
        "{history: rowCount, unit: rows, mustBeGreaterThan: 1}",
        {"of": "rowCount", "last": 14, "least": 3},
        Threshold("mustBeGreaterThan", 1),
    ),
]


@pytest.mark.parametrize(("mapping", "arguments", "threshold"), HISTORIES)
def test_a_history_of_ours_is_a_rule(mapping: str, arguments: dict, threshold: Threshold) -> None:
    rule = rule_of(
        f"type: custom, engine: data-platform, implementation: {mapping}", f"{{{PROPERTIES}}}\n{MORE}".rstrip()
    )
    assert (rule.kind, rule.columns, dict(rule.arguments), rule.threshold) == ("history", (), arguments, threshold)


def test_at_a_column_a_freshness_rule_is_about_that_column() -> None:
    mapping = "{history: freshness, unit: score, mustBeLessThan: 3.5}"
    (rule,) = column_rules(
        f"logicalType: date, quality: [{{type: custom, engine: data-platform, implementation: {mapping}}}]"
    )
    assert (rule.columns, rule.arguments["column"]) == (("id",), "id")


TIMES = [
    ("", PUBLICATION),
    (", scheduler: input", INPUT),
    (", schedule: 0 6 * * *", "0 6 * * *"),
    (", scheduler: cron, schedule: '  0  6 * *  mon '", "0 6 * * mon"),
]


@pytest.mark.parametrize(("said", "when"), TIMES)
def test_a_rule_is_evaluated_when_it_says(said: str, when: str) -> None:
    rule = rule_of(f"type: sql, query: 'SELECT count(*) FROM views', mustBeGreaterThan: 0{said}")
    assert rule.when == when
    contract = contract_of(f"type: sql, query: 'SELECT count(*) FROM views', mustBeGreaterThan: 0{said}")
    assert contract.rules_at(when)[-1] == rule


@pytest.mark.parametrize(("said", "policy"), [("", QUARANTINE), (", schedule: 0 6 * * *", BLOCK)])
def test_rows_that_are_published_are_not_quarantined_by_a_default(said: str, policy: OnFailure) -> None:
    rest = "customProperties: [{property: onFailure, value: quarantine}]\n"
    rule = rule_of(f"metric: nullValues, mustBe: 0{said}", rest=rest)
    assert (rule.is_row_rule, rule.on_failure) == (True, policy)


QUERIES = [  # a query, as it is kept, and the datasets it reads
    ("SELECT count(*) FROM {object}; ", "SELECT count(*) FROM {object}", ()),
    ("SELECT count(*) FROM ${object}", "SELECT count(*) FROM {object}", ()),
    ("SELECT count(*) FROM {table}", "SELECT count(*) FROM {object}", ()),
    ("SELECT count(*) FROM clicks", "SELECT count(*) FROM clicks", ()),
    ("SELECT count(*) FROM ads.clicks c", "SELECT count(*) FROM ads.clicks c", ()),
    ("SELECT count(*) FROM {object} a JOIN b.pay p USING (id)", None, ("b.pay",)),
    ("SELECT count(*) FROM views, views v, ads.views", None, ("ads.views",)),
    ("WITH v AS (SELECT * FROM views) SELECT count(*) FROM v", None, ("ads.views",)),
    ("WITH views AS (SELECT * FROM views) SELECT count(*) FROM Views", None, ("ads.views",)),
    ("WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT * FROM n) SELECT max(1) FROM n", None, ()),
    ('SELECT (SELECT max(x) FROM a) - (SELECT max(x) FROM "b"."c")', None, ("ads.a", "b.c")),
    ("SELECT count(*) FROM range(3) WHERE ''from x'' IN (SELECT y FROM z) -- from w", None, ("ads.z",)),
]


@pytest.mark.parametrize(("query", "kept", "reads"), QUERIES)
def test_a_query_reads_the_datasets_it_names(query: str, kept: str | None, reads: tuple[str, ...]) -> None:
    rule = rule_of(f"type: sql, query: '{query}', mustBe: 0")
    assert rule.arguments["query"] == (kept or query).replace("''", "'").strip()
    assert tuple(each.dataset for each in rule.reads) == reads
    assert rule.threshold == Threshold("mustBe", 0)


@pytest.mark.parametrize("placeholder", ["{property}", "{column}", "${property}", "${column}"])
def test_the_column_of_a_query_has_one_placeholder(placeholder: str) -> None:
    query = f"SELECT count(*) FROM {{object}} WHERE {placeholder} > 1"
    (rule,) = column_rules(f"logicalType: integer, quality: [{{type: sql, query: '{query}', mustBeLessThan: 5}}]")
    assert rule.arguments["query"] == "SELECT count(*) FROM {object} WHERE {property} > 1"
    assert rule.columns == ("id",)


def test_a_query_may_answer_yes_or_no() -> None:
    rule = rule_of("type: sql, query: 'SELECT count(*) > 0 FROM {object}', mustBe: true")
    assert rule.threshold == Threshold("mustBe", 1)


UNCHECKED = [
    ("type: text, description: By people.", Unchecked("text", "By people.")),
    ("type: text, name: By hand, description: By people.", Unchecked("by_hand", "By people.")),
    ("type: custom, engine: soda, implementation: 'a: 1'", Unchecked("custom", "a: 1", "soda")),
    ("type: custom, engine: gx, implementation: {a: [1]}", Unchecked("custom", '{"a": [1]}', "gx")),
    ("type: custom, engine: gx, implementation: x, description: Told.", Unchecked("custom", "Told.", "gx")),
]


@pytest.mark.parametrize(("entry", "unchecked"), UNCHECKED)
def test_a_promise_nobody_here_checks_is_kept_as_such(entry: str, unchecked: Unchecked) -> None:
    contract = contract_of(entry)
    assert contract.unchecked == (unchecked,)
    assert [rule.kind for rule in contract.rules] == ["type"]


def test_the_rules_of_odcs_3_0_are_metrics_of_3_1_and_others_are_shown() -> None:
    entries = "[{rule: validValues, validValues: [1]}, {rule: duplicateCount, mustBeLessThan: 1, unit: percent}]"
    valid, duplicates = column_rules(f"logicalType: integer, quality: {entries}", version="v3.0.2")
    assert (valid.kind, dict(valid.arguments), valid.threshold) == ("invalid_values", {"values": (1,)}, None)
    assert (duplicates.kind, duplicates.threshold) == ("duplicate_values", Threshold("mustBeLessThan", 1, "percent"))
    contract = contract_of("rule: rowCount, mustBe: 3", "rule: between, description: Told.", version="v3.0.2")
    assert (contract.rules[-1].kind, contract.rules[-1].threshold) == ("row_count", Threshold("mustBe", 3))
    assert contract.unchecked == (Unchecked("between", "Told.", "library"),)


def test_each_rule_knows_its_place_in_the_file() -> None:
    contract = contract_of("metric: rowCount, mustBe: 3", column="{name: id, logicalType: integer, required: true}")
    assert [rule.path for rule in contract.rules] == [
        ("schema", 0),
        ("schema", 0, "properties", 0, "required"),
        ("schema", 0, "quality", 0),
    ]

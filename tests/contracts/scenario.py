"""The contract every test of this room speaks about: one dataset that uses the whole language."""

from __future__ import annotations

FILE = "domains/ads/contracts/listings.yaml"

EXAMPLE = """\
apiVersion: v3.1.0
kind: DataContract
id: ads.listings
version: 1.10
status: active
domain: ads
tags: [marketplace, core]
description:
  purpose: Every listing of the marketplace, one row per listing and day.
team:
  name: Ads
  members:
    - username: ada@example.com
      role: owner
    - username: bob@example.com
      role: steward
customProperties:
  - property: visibility
    value: public
  - property: clearance
    value: confidential
  - property: size
    value: M
  - property: costCentre
    value: 4711
slaProperties:
  - property: retention
    value: P90D
  - property: latency
    value: 26
    unit: h
schema:
  - name: listings
    tags: [core, daily]
    customProperties:
      - property: unknownColumns
        value: ignore
      - property: onFailure
        value: {action: quarantine, maxPercent: 5}
      - property: keepFirst
        value: updated_at desc
    properties:
      - name: listing_id
        logicalType: integer
        primaryKey: true
        primaryKeyPosition: 2
        logicalTypeOptions: {minimum: 1}
      - name: day
        logicalType: date
        primaryKey: true
        primaryKeyPosition: 1
        partitioned: true
        partitionKeyPosition: 1
        logicalTypeOptions: {minimum: 2020-01-01}
        customProperties:
          - property: partitionBy
            value: {granularity: day, start: 2026-10-01}
      - name: country
        logicalType: string
        required: true
        partitioned: true
        partitionKeyPosition: 2
        enum:
          - value: no
          - value: se
        customProperties:
          - property: partitionBy
            value: {granularity: static, values: [no, se]}
      - name: title
        logicalType: string
        required: true
        description: What the seller called it.
        logicalTypeOptions: {minLength: 1, maxLength: 200, pattern: '^\\S'}
        customProperties:
          - property: onFailure
            value: warn
      - name: price
        logicalType: number
        physicalType: DECIMAL(12, 2)
        logicalTypeOptions: {exclusiveMinimum: 0, maximum: 1000000}
        quality:
          - metric: nullValues
            mustBeLessThan: 10
            unit: percent
      - name: seller_email
        logicalType: string
        classification: confidential
        tags: [gdpr]
        customProperties:
          - property: piiCategory
            value: email
          - property: onFailure
            value: block
        quality:
          - metric: invalidValues
            name: Looks like e-mail
            mustBe: 0
            severity: error
            dimension: accuracy
            description: An address has an at sign.
            arguments: {pattern: '^[^@]+@[^@]+$'}
          - metric: missingValues
            mustBe: 0
            severity: warning
            arguments: {missingValues: ['', 'N/A', null]}
      - name: external_ref
        logicalType: string
        unique: true
      - name: updated_at
        logicalType: timestamp
        logicalTypeOptions: {timezone: true}
      - name: attributes
        logicalType: map
        map:
          key: {logicalType: string}
          value: {logicalType: string}
      - name: photos
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: url, logicalType: string}
            - {name: width, logicalType: integer, physicalType: int}
    quality:
      - metric: rowCount
        mustBeBetween: [1, 5000000]
      - metric: duplicateValues
        name: one title per seller
        mustBe: 0
        arguments: {properties: [seller_email, title], keepFirst: updated_at desc}
        customProperties:
          - property: onFailure
            value: {action: quarantine, maxPercent: 1}
      - type: sql
        name: prices are plausible
        query: SELECT avg(price) FROM {object}
        mustBeGreaterThan: 10
        severity: warning
      - type: text
        description: Titles are written by people.
      - type: custom
        engine: soda
        implementation: "checks for x: []"
"""


def edited(*edits: tuple[str, str], text: str = EXAMPLE) -> str:
    """The example with each first occurrence replaced; an edit that changes nothing is a mistake in the test."""
    for old, new in edits:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def place(text: str, part: str) -> tuple[int, int]:
    """The 1-based line and column where `part` first stands in `text`."""
    before = text[: text.index(part)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def minimal(dataset: str = "ads.clicks", column: str = "{name: id, logicalType: integer}", rest: str = "") -> str:
    """The smallest contract there is, with one column."""
    domain, _, name = dataset.partition(".")
    return f"""\
apiVersion: v3.1.0
kind: DataContract
id: {dataset}
version: 1.0.0
domain: {domain}
description: {{purpose: Somebody clicked.}}
team: {{members: [{{username: ada@example.com, role: owner}}]}}
schema:
  - name: {name}
    properties:
      - {column}
{rest}"""

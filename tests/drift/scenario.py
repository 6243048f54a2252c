"""A parcel service whose contract is written in every style there is, and what may come instead of what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from data_platform.contracts import Contract, Contracts

CONTRACT = """\
# The parcels of the day. Ask Ada before you touch it.
apiVersion: v3.1.0
kind: DataContract
id: post.parcels
version: 1.4.0   # bumped by hand until now
status: active
domain: post
description: {purpose: "What was handed in, one row per parcel."}
team: {members: [{username: ada@example.com, role: owner}]}
customProperties:
  - {property: visibility, value: public}
schema:
  - name: parcels
    properties:
      # the key
      - name: parcel_id
        logicalType: integer
        physicalType: int
        primaryKey: true
        primaryKeyPosition: 1
        description: The number on the label.
      - name: day
        logicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        customProperties:
          - {property: partitionBy, value: {granularity: day, start: "2026-01-01"}}
        description: When it was handed in.
      - {name: code, logicalType: string, required: true, logicalTypeOptions: {pattern: "^[A-Z]{2}[0-9]{4}$"}}
      - name: size
        logicalType: string
        enum:
          - value: S   # fits a letter box

          - value: M
        description: How large.   # three sizes are coming
      - {name: service, logicalType: string, enum: [{value: normal}], description: How fast.}
      - name: weight
        logicalType: number
        physicalType: decimal(6, 2)
        logicalTypeOptions:
          # kilograms
          exclusiveMinimum: 0
          maximum: 30
        description: In kilograms.
      - name: stops
        logicalType: integer
        physicalType: int
        logicalTypeOptions: {minimum: 0, maximum: 3}
        description: Depots on its way.
      - name: note
        logicalType: string
        logicalTypeOptions: {minLength: 2, maxLength: 20}
        description: What the sender wrote.
      - {name: email, logicalType: string, classification: confidential, logicalTypeOptions: {pattern: "@"}}
      - name: paid
        logicalType: boolean
        required: true
        description: Whether.
    quality:
      - {metric: rowCount, name: there are parcels, mustBeGreaterThan: 0}
# the end
"""
GOOD: dict[str, Any] = {
    "parcel_id": 1,
    "day": "2026-01-05",
    "code": "AB1234",
    "size": "S",
    "service": "normal",
    "weight": "1.25",
    "stops": 1,
    "note": "fragile",
    "email": "bea@example.com",
    "paid": True,
}


def parcels(folder: Path, text: str = CONTRACT) -> Path:
    """The contract's file in a domain of its own."""
    file = folder / "post" / "contracts" / "parcels.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    return file


def contract_in(file: Path) -> Contract:
    return Contracts.load(file.parent.parent.parent)["post.parcels"]


def frame(*rows: dict[str, Any], without: str = "", **types: pa.DataType) -> pa.Table:
    """Rows like GOOD but for what each says, numbered from 1."""
    full = [GOOD | {"parcel_id": number} | row for number, row in enumerate(rows, 1)]
    names = [name for name in dict.fromkeys(name for row in full for name in row) if name != without]
    columns = {name: [row.get(name) for row in full] for name in names}
    for name in (each for each in types if types[each] == pa.string()):
        columns[name] = [None if value is None else str(value) for value in columns[name]]
    return pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})

"""The Iceberg table a contract asks for: schema, partition spec, and how an existing table follows the contract."""

from __future__ import annotations

from itertools import count

from pyiceberg import types as iceberg
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, HourTransform, IdentityTransform, Transform

from data_platform.contracts import Column, ColumnType, Contract
from data_platform.lakehouse.errors import LakehouseError

ATTEMPTS = 12
PRIMITIVES: dict[str, iceberg.PrimitiveType] = {
    "string": iceberg.StringType(),
    "int": iceberg.IntegerType(),
    "long": iceberg.LongType(),
    "float": iceberg.FloatType(),
    "double": iceberg.DoubleType(),
    "boolean": iceberg.BooleanType(),
    "date": iceberg.DateType(),
    "time": iceberg.TimeType(),
    "timestamp": iceberg.TimestampType(),
    "timestamptz": iceberg.TimestamptzType(),
    "binary": iceberg.BinaryType(),
}


def iceberg_schema(columns: tuple[Column, ...]) -> Schema:
    """All fields are optional in the table: what is required is a rule, so that one meaning holds for every engine."""
    ids = count(1)
    return Schema(
        *(iceberg.NestedField(next(ids), each.name, _type(each.type, ids), doc=each.description) for each in columns)
    )


def _type(kind: ColumnType, ids: count[int]) -> iceberg.IcebergType:
    match kind:
        case ColumnType(kind="decimal"):
            return iceberg.DecimalType(kind.precision, kind.scale)
        case ColumnType(kind="list", element=ColumnType() as element):
            return iceberg.ListType(next(ids), _type(element, ids), element_required=False)
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as value):
            return iceberg.MapType(next(ids), _type(key, ids), next(ids), _type(value, ids), value_required=False)
        case ColumnType(kind="struct"):
            return iceberg.StructType(*(iceberg.NestedField(next(ids), n, _type(t, ids)) for n, t in kind.fields))
    return PRIMITIVES[kind.kind]


def partition_spec(contract: Contract, schema: Schema) -> PartitionSpec:
    fields = []
    for offset, key in enumerate(contract.partitioning.keys if contract.partitioning else ()):
        transform: Transform = IdentityTransform()
        name = key.column
        if key.granularity == "hour":
            transform, name = HourTransform(), f"{key.column}_hour"
        elif key.granularity == "day" and contract.column(key.column).type.kind != "date":
            transform, name = DayTransform(), f"{key.column}_day"
        source = schema.find_field(key.column).field_id
        fields.append(PartitionField(source, PARTITION_FIELD_ID_START + offset, transform, name))
    return PartitionSpec(*fields)


def follow(table: Table, contract: Contract) -> None:
    """Let the table's schema follow its contract: added columns appear, dropped ones go, types only widen.

    Raises LakehouseError where the change would need the data to be rewritten.
    """
    for _ in range(ATTEMPTS):
        try:
            return _follow(table, contract)
        except CommitFailedException:  # another writer committed meanwhile; see what is left to change
            table.refresh()
    raise LakehouseError(
        f"{contract.dataset}: {ATTEMPTS} changes of the table's schema in a row lost to other writers; run it again."
    )


def _follow(table: Table, contract: Contract) -> None:
    wanted = iceberg_schema(contract.columns)
    current = {field.name: field for field in table.schema().fields}
    _same_partitioning(table, contract, wanted)
    added = [field for field in wanted.fields if field.name not in current]
    dropped = [name for name in current if name not in contract.column_names]
    retyped = [
        field for field in wanted.fields if field.name in current and not _same(field, current[field.name].field_type)
    ]
    if not (added or dropped or retyped):
        return
    refused = [f"{field.name} was dropped and had another type" for field in added if not _fits_the_past(field, table)]
    for field in retyped:
        before = current[field.name].field_type
        if not _widens(before, field.field_type):
            refused.append(f"{field.name}: {before} -> {field.field_type}")
    if refused:
        raise LakehouseError(
            f"{contract.dataset}: the table cannot follow the contract {contract.version}: {'; '.join(refused)}. Types "
            "only widen (int to long, float to double, a larger decimal). Use another column name, publish under a new "
            "dataset name, or drop the table and backfill."
        )
    with table.update_schema() as update:
        for name in dropped:
            update.delete_column(name)
        for field in added:
            update.add_column(field.name, field.field_type, doc=field.doc)
        for field in retyped:
            update.update_column(field.name, field.field_type)


def differences(table: Table, contract: Contract) -> list[str]:
    """How the table differs from what the contract says now; the next publication follows it."""
    wanted = {field.name: field for field in iceberg_schema(contract.columns).fields}
    current = {field.name: field.field_type for field in table.schema().fields}
    found = [f"the table has no column {name} yet" for name in wanted if name not in current]
    found += [f"the table still has the column {name}" for name in current if name not in wanted]
    found += [
        f"{name} is {current[name]} in the table and {field.field_type} in the contract"
        for name, field in wanted.items()
        if name in current and not _same(field, current[name])
    ]
    return found


def widens(before: ColumnType, after: ColumnType) -> bool:
    """Whether the table of a dataset can follow a column from one type to another."""
    return _widens(_type(before, count(1)), _type(after, count(1)))


def _widens(before: iceberg.IcebergType, after: iceberg.IcebergType) -> bool:
    """Whether every old value is a new one; pyiceberg itself would let a decimal change its scale."""
    match before, after:
        case iceberg.IntegerType(), iceberg.LongType():
            return True
        case iceberg.FloatType(), iceberg.DoubleType():
            return True
        case iceberg.DecimalType(), iceberg.DecimalType():
            return before.scale == after.scale and before.precision <= after.precision
    return False


def _fits_the_past(field: iceberg.NestedField, table: Table) -> bool:
    """Whether a new column is new, or had this type when it was dropped: old files still hold it, under its name."""
    past = [old for schema in table.schemas().values() for old in schema.fields if old.name == field.name]
    return all(_same(field, old.field_type) for old in past)


def _same(wanted: iceberg.NestedField, current: iceberg.IcebergType) -> bool:
    return str(_bare(wanted.field_type)) == str(_bare(current))


def _bare(kind: iceberg.IcebergType) -> object:
    """The type without field ids, which differ between a contract and its table."""
    match kind:
        case iceberg.ListType():
            return ("list", _bare(kind.element_type))
        case iceberg.MapType():
            return ("map", _bare(kind.key_type), _bare(kind.value_type))
        case iceberg.StructType():
            return ("struct", tuple((field.name, _bare(field.field_type)) for field in kind.fields))
    return str(kind)


def _same_partitioning(table: Table, contract: Contract, wanted: Schema) -> None:
    def described(spec: PartitionSpec, schema: Schema) -> list[tuple[str, str]]:
        return [(schema.find_column_name(field.source_id) or "?", str(field.transform)) for field in spec.fields]

    asked = described(partition_spec(contract, wanted), wanted)
    has = described(table.spec(), table.schema())
    if asked != has:
        raise LakehouseError(
            f"{contract.dataset}: the contract partitions by {asked or 'nothing'} but the table by {has or 'nothing'}; "
            "publish under a new dataset name, or drop the table and backfill."
        )

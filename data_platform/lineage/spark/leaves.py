"""Where a plan begins, and where it cannot be followed."""

from __future__ import annotations

from dataclasses import replace

from data_platform.lineage.model import Kind, Lineage, Origins, through
from data_platform.lineage.spark.relation import Output, Relation, Step
from data_platform.lineage.spark.values import Value, merged

ELSEWHERE = "it reads files or a table that are none of its inputs"
ROWS = "its rows are made outside of Spark's plan (a checkpoint, an RDD, or rows from Python)"


def named(step: Step) -> Relation:
    """The name that a frame was given when it was read; of several within each other, the innermost."""
    named, (below,) = step.node.fields["identifier"], step.inputs
    schema = str(named["qualifier"] or "").strip("[]'").rpartition(", ")[2].strip("'")
    source = step.walk.sources.named(named["name"], schema)
    return below if source is None or below.sourced else _read(step, source, below.output)


def _read(step: Step, source: Lineage, output: Output) -> Relation:
    known = {name.lower(): origins for name, origins in source.columns.items()}
    columns = {}
    for name, id in output:
        if name.lower() not in known:
            reason = f"{name} is no column of the input that it is read from"
            columns[id] = Value(step.walk.sources.unknown(reason, source))
        else:
            columns[id] = Value(known[name.lower()])
    return Relation(output, columns, source.rows, sourced=True)


def files(step: Step) -> Relation:
    sources = step.walk.sources
    if sources.have_paths and (source := sources.below(step.walk.jvm.paths(step.node))) is not None:
        return _read(step, source, step.node.outputs())
    return _unknown(step, sources.unknown(ELSEWHERE))


def local(step: Step) -> Relation:
    """Rows within the plan: constants of its SQL, or what Python had."""
    if step.walk.jvm.sql(step.node).lstrip("( ").upper().startswith("VALUES"):
        return constants(step)
    return rows_from_outside(step)


def rows_from_outside(step: Step) -> Relation:
    return _unknown(step, step.walk.sources.unknown(ROWS))


def constants(step: Step) -> Relation:
    output = step.node.outputs()
    return Relation(output, {id: Value() for _, id in output})


def _unknown(step: Step, origins: Origins) -> Relation:
    output = step.node.outputs()
    sourced = any(each.sourced for each in step.inputs)
    return Relation(output, {id: Value(origins) for _, id in output}, step.rows | origins, sourced)


def python_function(step: Step) -> Relation:
    """A Python function over whole frames, or groups of them: it decides on the rows, too."""
    found = step.scope.used(step.node.expressions("functionExpr"), Kind.IDENTITY)
    keys = step.used("groupingAttributes", Kind.GROUP_BY)
    for each, count in zip(step.inputs, ("leftGroupingLen", "rightGroupingLen"), strict=False):
        keyed = each.values(len(each.output))[: step.node.fields.get(count) or 0]
        keys |= through(merged(keyed), Kind.GROUP_BY)
    return replace(_unknown(step, found), rows=step.rows | found | keys)


def not_understood(step: Step) -> Relation:
    """An operator that nobody has taught us."""
    reason = f"Spark's operator {step.node.name} is not understood"
    if not step.inputs:
        return replace(_unknown(step, found := step.walk.sources.unknown(reason)), unknown=found)
    found = through(merged(step.scope.columns.values()) | step.rows, Kind.OPAQUE, reason=reason)
    return replace(_unknown(step, found), unknown=found)

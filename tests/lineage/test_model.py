"""The edge model, its algebra, and the facet it is recorded as."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_platform.lineage import ANY, Kind, Lineage, Origin, base, opaque, through
from data_platform.lineage.facet import from_facet, from_json, to_facet, to_json

AGE = Origin("users.users", "age", Kind.IDENTITY)
NAME = Origin("users.users", "name", Kind.IDENTITY)

USES = [
    # what it is  used as         becomes
    ("IDENTITY", "IDENTITY", "IDENTITY"),
    ("IDENTITY", "TRANSFORMATION", "TRANSFORMATION"),
    ("IDENTITY", "AGGREGATION", "AGGREGATION"),
    ("IDENTITY", "FILTER", "FILTER"),
    ("IDENTITY", "OPAQUE", "OPAQUE"),
    ("TRANSFORMATION", "IDENTITY", "TRANSFORMATION"),
    ("TRANSFORMATION", "TRANSFORMATION", "TRANSFORMATION"),
    ("TRANSFORMATION", "AGGREGATION", "AGGREGATION"),
    ("TRANSFORMATION", "JOIN", "JOIN"),
    ("AGGREGATION", "IDENTITY", "AGGREGATION"),
    ("AGGREGATION", "TRANSFORMATION", "AGGREGATION"),
    ("AGGREGATION", "AGGREGATION", "AGGREGATION"),
    ("AGGREGATION", "SORT", "SORT"),
    ("AGGREGATION", "OPAQUE", "OPAQUE"),
    ("WINDOW", "IDENTITY", "WINDOW"),
    ("WINDOW", "TRANSFORMATION", "WINDOW"),
    ("WINDOW", "AGGREGATION", "WINDOW"),
    ("WINDOW", "FILTER", "FILTER"),
    ("CONDITIONAL", "GROUP_BY", "GROUP_BY"),
    ("FILTER", "OPAQUE", "OPAQUE"),
    ("OPAQUE", "IDENTITY", "OPAQUE"),
    ("OPAQUE", "AGGREGATION", "OPAQUE"),
    ("OPAQUE", "FILTER", "OPAQUE"),
    ("OPAQUE", "OPAQUE", "OPAQUE"),
]


@pytest.mark.parametrize(("kind", "used_as", "becomes"), USES)
def test_what_was_used_one_way_and_then_another(kind: str, used_as: str, becomes: str) -> None:
    (found,) = through([Origin("users.users", "age", Kind(kind))], Kind(used_as))
    assert found == Origin("users.users", "age", Kind(becomes))


@pytest.mark.parametrize("kind", Kind)
def test_a_mask_stays(kind: Kind) -> None:
    (masked,) = through([AGE], Kind.TRANSFORMATION, masking=True)
    (found,) = through([masked], kind)
    assert masked.masking and found.masking


def test_the_first_reason_for_being_opaque_stays() -> None:
    (once,) = through([AGE], Kind.OPAQUE, reason="a lambda")
    (twice,) = through([once], Kind.OPAQUE, reason="pandas")
    assert (once.reason, twice.reason) == ("a lambda", "a lambda")


def test_a_dataset_is_read_as_it_is() -> None:
    assert base("users.users", ["age", "name"]) == Lineage({"age": frozenset([AGE]), "name": frozenset([NAME])})


def test_opaque_says_why_for_every_output_and_for_the_rows() -> None:
    found = opaque(["a", "b"], ["users.users"], "pandas")
    assert found.opaque == {"a": "pandas", "b": "pandas", "": "pandas"}
    assert found.used("a") == {("users.users", ANY)}
    assert not base("users.users", ["age"]).opaque


def test_what_is_used_holds_what_decides_the_rows() -> None:
    lineage = Lineage(
        {"a": frozenset([AGE]), "n": frozenset()}, frozenset([Origin("users.users", "name", Kind.FILTER)])
    )
    assert lineage.used("a") == lineage.used() == {("users.users", "age"), ("users.users", "name")}
    assert lineage.used("n") == lineage.used("no such output") == {("users.users", "name")}


def test_edges_come_in_a_fixed_order() -> None:
    lineage = Lineage({"b": frozenset([NAME, AGE]), "a": frozenset([AGE])}, frozenset([NAME]))
    assert [(output, origin.column) for output, origin in lineage.edges()] == [
        ("b", "age"),
        ("b", "name"),
        ("a", "age"),
        ("", "name"),
    ]


def test_the_facet_is_openlineages() -> None:
    (masked,) = through([AGE], Kind.TRANSFORMATION, masking=True)
    lineage = Lineage(
        {"hashed": frozenset([masked]), "n": frozenset()}, frozenset([Origin("ads.ads", "id", Kind.JOIN)])
    )
    assert to_facet(lineage, "somewhere") == {
        "fields": {
            "hashed": {
                "inputFields": [
                    {
                        "namespace": "somewhere",
                        "name": "users.users",
                        "field": "age",
                        "transformations": [
                            {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "", "masking": True}
                        ],
                    }
                ]
            },
            "n": {"inputFields": []},
        },
        "dataset": [
            {
                "namespace": "somewhere",
                "name": "ads.ads",
                "field": "id",
                "transformations": [{"type": "INDIRECT", "subtype": "JOIN", "description": "", "masking": False}],
            }
        ],
    }


def test_a_column_used_in_several_ways_is_one_input_field() -> None:
    origins = frozenset([AGE, *through([AGE], Kind.CONDITIONAL)])
    (field,) = to_facet(Lineage({"a": origins}))["fields"]["a"]["inputFields"]
    assert [each["subtype"] for each in field["transformations"]] == ["CONDITIONAL", "IDENTITY"]


def test_a_facet_of_another_tool_may_lack_the_dataset_part() -> None:
    facet = to_facet(base("users.users", ["age"]))
    assert from_facet({"fields": facet["fields"]}) == base("users.users", ["age"])


names = st.text(min_size=1, max_size=8)
origins = st.frozensets(st.builds(Origin, names, names, st.sampled_from(Kind), st.booleans(), st.text(max_size=20)))
lineages = st.builds(Lineage, st.dictionaries(names, origins, max_size=4), origins)


@given(lineages)
def test_what_is_recorded_is_read_back(lineage: Lineage) -> None:
    recorded = to_json(lineage)
    assert from_json(recorded) == lineage
    assert to_json(from_json(recorded)) == recorded == json.dumps(json.loads(recorded), separators=(",", ":"))


@given(origins, st.sampled_from(Kind), st.sampled_from([Kind.IDENTITY, Kind.TRANSFORMATION, Kind.AGGREGATION]))
def test_nothing_appears_and_nothing_is_lost_by_a_use(origins: frozenset[Origin], kind: Kind, direct: Kind) -> None:
    used = through(origins, kind)
    assert {(each.dataset, each.column) for each in used} == {(each.dataset, each.column) for each in origins}
    assert through(used, kind) == used
    assert not any(each.kind.is_direct for each in through(used, direct)) or kind.is_direct

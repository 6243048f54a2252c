"""A part of the graph on paper: a tree, Mermaid's text, JSON and a picture."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from data_platform.lineage.graph import ROWS, Graph, picture_of
from data_platform.lineage.model import Kind, Lineage, Origin, opaque
from data_platform.lineage.render import as_json, mermaid, svg, tree

from .test_graph import GRAPH, REASON, lineage

UP = """\
ads.stats.revenue comes from
├─ ads.listings.price       aggregation
│  ├─ ads.raw.price         transformation
│  └─ which rows ads.listings has
│     └─ ads.raw.at         sort
├─ ads.listings.status      conditional
│  └─ ads.raw.status        identity
└─ which rows ads.stats has
   ├─ ads.listings.status   filter (see above)
   └─ ads.views.listing_id  join"""

DOWN = """\
ads.stats.revenue goes into
├─ crm.mart.revenue                  identity
├─ ml.scores.listing_id              opaque: a Python function
├─ ml.scores.score                   opaque: a Python function
└─ ml.scores (which rows there are)  opaque: a Python function"""

OF_A_DATASET = """\
crm.mart comes from
├─ score
│  └─ ml.scores.score    identity
└─ revenue
   └─ ads.stats.revenue  identity

crm.mart goes into
└─ which rows there are
   └─ ops.count (which rows there are)  its rows"""


def test_a_tree_has_both_sides_and_shows_everything_once():
    part = GRAPH.around("ads.stats", "revenue", up=2, down=1)
    assert "\n".join(tree(part)) == f"{UP}\n\n{DOWN}"


def test_a_tree_of_a_dataset_has_a_branch_per_column():
    assert "\n".join(tree(GRAPH.around("crm.mart"))) == OF_A_DATASET


def test_of_a_source_a_tree_says_that_nothing_is_recorded():
    assert tree(GRAPH.around("ads.raw", "price", up=3, down=0)) == ["ads.raw.price comes from nothing that is recorded"]


def test_mermaid_has_a_box_per_dataset_an_arrow_per_pair_and_no_loose_quotes():
    odd = Graph({"a.x": ('o"dd',)}, {"a.x": Lineage({'o"dd': frozenset([Origin("a.y", "<b>", Kind.IDENTITY)])})})
    text = mermaid(odd.around("a.x"))
    assert text.splitlines()[0] == "flowchart LR"
    assert '["o&quot;dd"]' in text and '["&lt;b>"]' in text
    text = mermaid(GRAPH.around("ads.stats", up=1, down=1))
    assert len(re.findall("subgraph", text)) == len(re.findall(r"^  end$", text, re.MULTILINE)) == 5
    assert re.search(r'n\d+ -->\|"aggregation"\| n\d+', text) and re.search(r'n\d+ -\.->\|"filter"\| n\d+', text)
    assert re.search(rf'n\d+ ==>\|"opaque: {REASON}"\| n\d+', text)
    named = set(re.findall(r"(n\d+)\[", text))
    assert set(re.findall(r"\b(n\d+)\b", text)) == named


def test_json_has_every_edge_with_the_kinds_of_openlineage():
    made = json.loads(json.dumps(as_json(GRAPH.around("ads.stats", "revenue"))))
    assert (made["dataset"], made["column"]) == ("ads.stats", "revenue")
    assert {
        "from": {"dataset": "ads.listings", "column": "status"},
        "to": {"dataset": "ads.stats", "column": None},
        "kind": "FILTER",
        "masking": False,
        "reason": "",
    } in made["up"]
    assert {each["kind"] for each in made["down"]} == {"IDENTITY", "OPAQUE"}


def drawn(part, **options) -> ElementTree.Element:
    return ElementTree.fromstring(svg(part, **options))


def texts(picture: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in picture.iter() if each.tag.endswith(("text", "tspan")) and each.text]


def test_a_picture_names_every_dataset_and_column_and_what_its_lines_mean():
    found = texts(drawn(GRAPH.around("ads.stats", up=1, down=1)))
    for name in ("ads.stats", "ads.listings", "ads.views", "ml.scores", "crm.mart", "revenue", "price"):
        assert name in found, name
    assert "which rows there are" in found
    assert {"same value", "aggregated", "not known", "filter, join, grouping, order, condition"} <= set(found)
    assert "transformed" not in found, "no such line is there"


def test_boxes_stand_apart_and_what_comes_first_stands_left():
    boxes = {}
    for group in drawn(GRAPH.around("crm.mart", up=9, down=1)).iter():
        if group.tag.endswith("rect"):
            boxes[len(boxes)] = [float(group.attrib[name]) for name in ("x", "y", "width", "height")]
    rectangles = list(boxes.values())
    for place, (x, y, width, height) in enumerate(rectangles):
        for other_x, other_y, other_width, other_height in rectangles[place + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or y + height <= other_y
            assert apart or other_y + other_height <= y
    picture = svg(GRAPH.around("crm.mart", up=9, down=0))
    order = sorted(
        ("ads.raw", "ads.listings", "ads.stats", "ml.scores", "crm.mart"), key=lambda name: left(picture, name)
    )
    assert order == ["ads.raw", "ads.listings", "ads.stats", "ml.scores", "crm.mart"]


def left(picture: str, name: str) -> float:
    found = re.search(rf"<text x='([\d.]+)'[^>]*>{re.escape(name)}</text>", picture)
    assert found, name
    return float(found[1])


def test_a_wide_dataset_is_drawn_up_to_a_number_of_columns_and_says_how_many_are_left():
    wide = picture_of(
        "a.wide", Lineage({f"c{n}": frozenset([Origin("a.x", f"c{n}", Kind.IDENTITY)]) for n in range(500)})
    )
    assert "440 more" in texts(drawn(wide, most=60))
    assert len(svg(wide, most=60)) < 12_000
    assert "c499" in texts(drawn(wide))


@pytest.mark.parametrize("column", [ROWS, "a\"b<c>&'d", "größe"])
def test_names_of_any_kind_are_drawn(column):
    odd = picture_of("a.odd", Lineage({column or "x": frozenset([Origin("a.x", column or "y", Kind.IDENTITY)])}))
    assert (column or "x") in texts(drawn(odd))


def test_what_is_opaque_or_made_of_nothing_can_be_drawn_too():
    drawn(picture_of("a.x", opaque(["n"], ["a.y"], REASON)))
    drawn(picture_of("a.x", Lineage({})))
    drawn(picture_of("a.x", lineage("", n="")))

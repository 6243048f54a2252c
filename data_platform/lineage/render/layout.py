"""Where the boxes of a picture are: datasets in columns by how far they are from the one asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_platform.lineage.graph import ROWS, Edge, Node, Part

ROW, HEAD, FOOT, ACROSS, BETWEEN, MARGIN, CHARACTER = 15, 20, 6, 110, 14, 8, 6.7
ROWS_LABEL = 20
"""How many characters "which rows there are" has."""


@dataclass(slots=True)
class Box:
    """A dataset with the columns that are drawn, and how many are left out."""

    dataset: str
    columns: list[str]
    left_out: int = 0
    left: float = 0
    top: float = 0

    @property
    def width(self) -> float:
        longest = max([len(self.dataset) + 1, *(len(name) if name else ROWS_LABEL for name in self.columns)])
        return longest * CHARACTER + 12

    @property
    def height(self) -> float:
        return HEAD + FOOT + ROW * (len(self.columns) + bool(self.left_out))

    def middle(self, node: Node) -> float:
        """Where an edge meets the column; what is not drawn is met at the head."""
        place = self.columns.index(node.column) if node.column in self.columns else -1
        return self.top + HEAD + ROW * place + 8 + 2


def arranged(part: Part, edges: Sequence[Edge], columns: Sequence[str], left_out: int) -> dict[str, Box]:
    """Every dataset in its place: what is upstream to the left of what is made from it."""
    boxes = _boxes(part, edges, columns, left_out)
    levels = _levels(part, edges)
    rank: dict[str, float] = {}
    x = float(MARGIN)
    for level in sorted(set(levels.values())):
        mine = [box for name, box in boxes.items() if levels[name] == level]
        mine.sort(key=lambda box: (_wish(box, edges, rank), box.dataset))
        y = float(MARGIN)
        for box in mine:
            box.left, box.top = x, y
            y += box.height + BETWEEN
            rank[box.dataset] = box.top + box.height / 2
        x += max(box.width for box in mine) + ACROSS
    _centre(boxes, levels)
    return boxes


def _boxes(part: Part, edges: Iterable[Edge], columns: Sequence[str], left_out: int) -> dict[str, Box]:
    found = {part.focus.dataset: Box(part.focus.dataset, [], left_out)}
    if part.focus.column == ROWS:
        found[part.focus.dataset].columns += columns
    else:
        found[part.focus.dataset].columns.append(part.focus.column)
    for edge in edges:
        for node in (edge.target, edge.source):
            box = found.setdefault(node.dataset, Box(node.dataset, []))
            if node.column not in box.columns:
                box.columns.append(node.column)
    for box in found.values():
        box.columns.sort(key=lambda name: name == ROWS)  # stable: the rest in the order met
    return found


def _levels(part: Part, edges: Sequence[Edge]) -> dict[str, int]:
    """By dataset, how many steps it is from the one asked about, the longest way; those above are negative."""
    level = {part.focus.dataset: 0}
    for sign, mine in ((-1, part.up), (1, part.down)):
        links = {(edge.source.dataset, edge.target.dataset) for edge in mine if edge in edges}
        pairs = {(target, source) if sign < 0 else (source, target) for source, target in links if source != target}
        for _ in range(len(pairs) + 1):
            changed = False
            for near, far in pairs:
                if near in level and abs(level[near]) + 1 > abs(level.get(far, 0)) and far != part.focus.dataset:
                    level[far] = sign * (abs(level[near]) + 1)
                    changed = True
            if not changed or max(map(abs, level.values())) > len(pairs):  # datasets that read each other in a circle
                break
    return {name: level.get(name, 0) for name in {node.dataset for e in edges for node in e[:2]} | level.keys()}


def _wish(box: Box, edges: Iterable[Edge], rank: dict[str, float]) -> float:
    """Near to what it is joined with, as far as that has its place."""
    near = [rank[e.source.dataset] for e in edges if e.target.dataset == box.dataset and e.source.dataset in rank]
    return sum(near) / len(near) if near else 0.0


def _centre(boxes: dict[str, Box], levels: dict[str, int]) -> None:
    """The columns of boxes on one middle line."""
    heights = dict.fromkeys(levels.values(), 0.0)
    for name, box in boxes.items():
        heights[levels[name]] = max(heights[levels[name]], box.top + box.height)
    tallest = max(heights.values())
    for name, box in boxes.items():
        box.top += (tallest - heights[levels[name]]) / 2

"""As a picture: a box per dataset with the columns concerned, what comes first on the left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from data_platform.lineage.graph import ROWS, Edge, Node, Part
from data_platform.lineage.model import ANY, Kind
from data_platform.lineage.render.layout import ROW, Box, arranged

MARGIN, CHARACTER, TITLE = 8, 6.7, 12
FONT = "11px monospace"


@dataclass(frozen=True, slots=True)
class Style:
    """How edges of some kinds are drawn; `name` is what the legend calls them."""

    name: str
    colour: str
    dash: str = ""


SAME = Style("same value", "#868e96")
CHANGED = Style("transformed", "#1c7ed6")
AGGREGATED = Style("aggregated", "#7048e8")
INDIRECT = Style("filter, join, grouping, order, condition", "#adb5bd", "4 3")
OPAQUE = Style("not known", "#e8590c", "1 3")
STYLES: dict[Kind, Style] = {
    Kind.IDENTITY: SAME,
    Kind.TRANSFORMATION: CHANGED,
    Kind.AGGREGATION: AGGREGATED,
    Kind.OPAQUE: OPAQUE,
}
ORDER = (INDIRECT, SAME, CHANGED, AGGREGATED, OPAQUE)
"""What is drawn later is on top; of several between the same two columns only the last is drawn."""


def svg(part: Part, most: int = 0) -> str:
    """One SVG document; with `most`, of the columns asked about only so many, and how many are left out is said."""
    columns = part.columns[:most] if most and part.focus.column == ROWS else part.columns
    left = set(part.columns).difference(columns)
    edges = [
        each
        for each in dict.fromkeys([*part.up, *part.down])
        if not any(node.dataset == part.focus.dataset and node.column in left for node in (each.source, each.target))
    ]
    boxes = arranged(part, edges, columns, len(left))
    right = max(box.left + box.width for box in boxes.values()) + MARGIN
    bottom = max(box.top + box.height for box in boxes.values()) + MARGIN
    drawn = _strongest(edges)
    legend = [style for style in ORDER if any(style is each for each in drawn.values())]
    right = max(right, MARGIN + sum(_wide(style) for style in legend))
    height = bottom + (20 if legend else 0)
    said = f"Where the columns of {part.focus} come from" if part.up else str(part.focus)
    return "".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{right:.0f}' height='{height:.0f}' "
            f"style='font:{FONT};background:#fff'><title>{escape(said)}</title>",
            *_lines(drawn, boxes),
            *(_box(box, is_focus=name == part.focus.dataset) for name, box in boxes.items()),
            *_legend(legend, bottom),
            "</svg>",
        ]
    )


def _strongest(edges: Iterable[Edge]) -> dict[tuple[Node, Node], Style]:
    found: dict[tuple[Node, Node], Style] = {}
    for each in edges:
        style = STYLES.get(each.kind, INDIRECT) if each.kind else INDIRECT
        known = found.get((each.source, each.target))
        if known is None or ORDER.index(style) > ORDER.index(known):
            found[each.source, each.target] = style
    return found


def _lines(drawn: dict[tuple[Node, Node], Style], boxes: dict[str, Box]) -> Iterable[str]:
    """One path per style: a picture of many edges stays small."""
    for style in ORDER:
        paths = []
        for (source, target), each in drawn.items():
            if each is not style:
                continue
            begin, end = boxes[source.dataset], boxes[target.dataset]
            x, y, z, w = begin.left + begin.width, begin.middle(source), end.left, end.middle(target)
            bend = max(24, (z - x) / 2)
            paths.append(f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {z - bend:.0f} {w:.0f} {z:.0f} {w:.0f}")
        if paths:
            dash = f" stroke-dasharray='{style.dash}'" if style.dash else ""
            yield f"<path fill='none' stroke='{style.colour}'{dash} d='{''.join(paths)}'/>"


def _box(box: Box, *, is_focus: bool) -> str:
    ink = "#364fc7" if is_focus else "#495057"
    x, y = box.left, box.top
    fill = "#edf2ff" if is_focus else "#f8f9fa"
    frame = (
        f"<rect x='{x:.0f}' y='{y:.0f}' width='{box.width:.0f}' height='{box.height:.0f}' rx='4' fill='{fill}' "
        f"stroke='{ink}'/><text x='{x + 6:.0f}' y='{y + TITLE + 1:.0f}' fill='{ink}' font-weight='bold'>"
        f"{escape(box.dataset)}</text>"
    )
    names = "".join(
        f"<tspan x='{x + 6:.0f}' dy='{ROW}'{_slanted(name)}>{escape(label(name))}</tspan>" for name in box.columns
    )
    more = f"<tspan x='{x + 6:.0f}' dy='{ROW}' font-style='italic'>{box.left_out} more</tspan>" if box.left_out else ""
    return f"{frame}<text y='{y + TITLE + 3:.0f}' fill='#212529'>{names}{more}</text>"


def label(column: str) -> str:
    return {ROWS: "which rows there are", ANY: "any column"}.get(column, column)


def _slanted(column: str) -> str:
    return " font-style='italic'" if column in (ROWS, ANY) else ""


def _wide(style: Style) -> float:
    return 36 + CHARACTER * len(style.name)


def _legend(styles: Iterable[Style], top: float) -> Iterable[str]:
    x = float(MARGIN)
    for style in styles:
        dash = f" stroke-dasharray='{style.dash}'" if style.dash else ""
        yield (
            f"<path stroke='{style.colour}'{dash} d='M{x:.0f} {top + 8:.0f}h20'/>"
            f"<text x='{x + 24:.0f}' y='{top + 12:.0f}' fill='#495057'>{style.name}</text>"
        )
        x += _wide(style)

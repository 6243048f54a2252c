"""A part of the graph as text, as a diagram in Mermaid's language, as JSON, or as a picture.

Belongs here: pure functions from a `Part` to text. Does not: what is looked up, where it is printed.
"""

from data_platform.lineage.render.as_json import as_json
from data_platform.lineage.render.mermaid import mermaid
from data_platform.lineage.render.svg import svg
from data_platform.lineage.render.tree import tree

__all__ = ["as_json", "mermaid", "svg", "tree"]

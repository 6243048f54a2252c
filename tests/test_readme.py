"""The README tells the truth."""

import re
import runpy

from data_platform.settings import PROJECT

README = (PROJECT / "README.md").read_text()


def test_the_picture_of_the_graph_is_the_graph():
    graph = runpy.run_path(str(PROJECT / "docs" / "graph.py"))
    assert graph["with_graph"](README) == README, "run: python docs/graph.py"


def test_every_make_target_it_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)\b", README)) - {"and"} <= targets


def test_every_variable_it_names_is_read_somewhere():
    code = "".join(path.read_text() for path in (PROJECT / "data_platform").rglob("*.py"))
    for name in re.findall(r"^\| `((?:DATA_PLATFORM|MARKETPLACE)_[A-Z]+)`", README, re.MULTILINE):
        assert name in code

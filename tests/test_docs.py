"""The documentation: it builds without a warning, and the code in it is code."""

import ast
import os
import re
import subprocess
import sys

import pytest
import yaml

from data_platform.settings import PROJECT

DOCS = PROJECT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
PYTHON = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_what_a_page_shows_as_python_is_python_and_imports_what_there_is(page):
    for indent, code in PYTHON.findall(page.read_text()):
        tree = ast.parse("\n".join(line.removeprefix(indent) for line in code.splitlines()))
        imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
        for each in imports:
            if (each.module or "").startswith("data_platform"):
                exec(ast.unparse(each), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_what_a_page_shows_as_yaml_is_yaml(page):
    for indent, text in re.findall(r"^( *)```yaml\n(.*?)^\1```$", page.read_text(), re.MULTILINE | re.DOTALL):
        assert yaml.safe_load("\n".join(line.removeprefix(indent) for line in text.splitlines()))


def test_every_page_is_in_the_navigation():
    named = re.findall(r"[\w/-]+\.md", (PROJECT / "mkdocs.yml").read_text())
    there = {page.relative_to(DOCS).as_posix() for page in PAGES}
    assert set(named) - {"reference/cli.md"} == there  # which is made of the commands themselves


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_reaches_nothing_outside(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "dp scaffold dataset" in (tmp_path / "reference" / "cli.html").read_text()
    for page in tmp_path.rglob("*.html"):
        assert not re.search(r'<(script|link|img)[^>]+(src|href)="https?://', page.read_text()), page

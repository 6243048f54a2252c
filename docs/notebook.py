"""The notebook's outputs, from the lakehouse that the environment names (`make run` fills one).

python docs/notebook.py        # runs docs/notebook.ipynb and writes it back
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"
PLACE = re.compile(r"\S*ipykernel_\d+\S*:\d+: ")
"""Where a warning comes from: a file that only this machine had."""
WARNED = re.compile(r"^  .*\n", re.MULTILINE)
"""The line that warned, which is in the cell above."""


def executed(notebook: Any) -> Any:
    """The notebook with the outputs of all cells; nbclient's CellExecutionError where one fails."""
    from nbclient import NotebookClient
    from traitlets.config import Config

    NotebookClient(
        notebook, timeout=120, kernel_name="python3", config=Config({"KernelManager": {"transport": "ipc"}})
    ).execute()
    return notebook


def tidied(notebook: Any) -> Any:
    """Without all that would be different the next time, or on another machine."""
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for place, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"cell-{place}"
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type != "stream":
                output.metadata = {}
            elif output.name == "stderr":
                output.text = WARNED.sub("", PLACE.sub("", output.text))
    return notebook


def main() -> None:
    nbformat.write(tidied(executed(nbformat.read(NOTEBOOK, 4))), NOTEBOOK)


if __name__ == "__main__":
    main()

"""`python -m data_platform.warehouse.baking PROJECT OUT`: what `bake.baked` runs in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from data_platform.warehouse.bake import COMPILED, PARSED, slim
from data_platform.warehouse.dbt import Failed, invoke


def main(folder: Path, scratch: Path) -> None:
    """Write both files to the folder `out` in `scratch`; raises Failed with what dbt says is wrong."""
    parsed: Any = invoke(["parse"], folder, scratch / "target").result
    out = scratch / "out"
    out.mkdir()
    (out / PARSED).write_bytes(parsed.to_msgpack())
    invoke(["compile", "--no-populate-cache"], folder, scratch / "target", manifest=parsed)
    (out / COMPILED).write_text(slim(parsed.writable_manifest().to_dict(omit_none=False)), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Failed as failed:
        sys.exit(str(failed))

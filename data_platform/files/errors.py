"""A file that cannot be read faithfully: which, where in it, what is wrong, and what to do."""

from __future__ import annotations


class FileError(Exception):
    """A file that cannot be read as it says it is. `line` counts from 1 and is 0 where no line is at fault; `column`
    is the name of the column at fault, or ''."""

    def __init__(self, path: str, problem: str, fix: str = "", *, line: int = 0, column: str = ""):
        self.path, self.problem, self.fix, self.line, self.column = path, problem, fix, line, column
        place = path + (f":{line}" if line else "") + (f", column {column}" if column else "")
        super().__init__(f"{place}: {problem}" + (f"; {fix}" if fix else ""))

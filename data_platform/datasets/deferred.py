"""Frame types that a module imports for type checkers only, so that loading definitions does not import their library:

from __future__ import annotations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any


class Deferred(dict[str, Any]):
    """The names that a function's annotations may use beside its module's own, looked up when one is asked for: a stand-in
    with the module and the name of the class that a type checker would see."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self._function = inspect.unwrap(function)
        self._imported: dict[str, type] | None = None

    def __missing__(self, name: str) -> Any:
        if name in self._function.__globals__:
            raise KeyError(name)
        if self._imported is None:
            self._imported = dict(_imported_for_checkers(self._function))
        return self._imported[name]


def _imported_for_checkers(function: Callable[..., Any]) -> Iterator[tuple[str, type]]:
    try:
        module = ast.parse(inspect.getsource(inspect.getmodule(function)))  # type: ignore[arg-type]
    except (OSError, TypeError, SyntaxError):  # made in a console or by exec
        return
    for statement in module.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for each in statement.body:
                if isinstance(each, ast.ImportFrom) and each.module:
                    for alias in each.names:
                        yield alias.asname or alias.name, type(alias.name, (), {"__module__": each.module})

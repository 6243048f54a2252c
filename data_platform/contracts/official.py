"""A document as the official package's model, once the standard's schema has judged it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_platform.contracts.foreign import judgeable
from data_platform.contracts.legacy import modern
from data_platform.contracts.report import Problem, Report
from data_platform.contracts.standard import problems
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard


def official(report: Report, document: dict[str, Any]) -> OpenDataContractStandard | None:
    """The model of `document`; None where next to nothing of it can be read.

    What the model cannot hold is left out, so that the meaning of the rest is checked, too. The schema has reported it;
    if ever it had not, it is reported here, for nothing a contract says may vanish."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    report.against_standard(problems(document))
    is_unheard_of = report.is_clean
    known = {field.alias or name for name, field in OpenDataContractStandard.model_fields.items()}
    readable = modern(document if report.norms else judgeable(document))
    readable = copy.deepcopy({key: value for key, value in readable.items() if key in known})
    while True:
        try:
            return OpenDataContractStandard.model_validate(readable)
        except ValidationError as error:
            places = {_place(readable, wrong["loc"]) for wrong in error.errors()} - {()}
        if not places:
            return None
        for place in places:
            if not any(other != place and other[: len(place)] == place for other in places):  # the most exact ones
                _remove(readable, place)
                if is_unheard_of:
                    report.against_standard([Problem(place, "C209", "this cannot be read", "write it plainly")])


def _place(document: Any, location: Sequence[str | int]) -> Path:
    """The key nearest to where the model met something it cannot hold; () where it is the whole document.

    A location may name one of the model's alternatives (`Team`) in the middle, which is nothing in the document."""
    steps: list[str | int] = []
    for step in location:
        if _has(document, step):
            document = document[step]
            steps.append(step)
    while steps and isinstance(steps[-1], int):
        steps.pop()
    return tuple(steps)


def _has(node: Any, step: str | int) -> bool:
    return step in node if isinstance(node, dict) else isinstance(node, list) and step in range(len(node))


def _remove(document: Any, place: Path) -> None:
    for step in place[:-1]:
        document = document[step]
    del document[place[-1]]

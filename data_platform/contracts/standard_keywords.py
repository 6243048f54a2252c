"""Three keywords of JSON schema, said so that an author can use them, and several times faster than jsonschema's own.

jsonschema decides which keys `unevaluatedProperties` has seen by validating everything below once more per level, and
blames every key of an object of which one is wrong. Here keys are collected from the schema alone; only conditions
(`if`) look at the document, and only when a key is not known unconditionally. What the standard's schema refuses is
refused here, too, but for a malformed second operator, which `thresholds` refuses for being the second
(tests/contracts/test_standard.py compares the two on mutated documents).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

ANY = object()
"""Stands for an instance that meets every condition."""


class Keywords:
    """The keywords for one schema, whose references are all to its own `$defs`."""

    def __init__(self, root: Mapping[str, Any]):
        self._root = root
        self._unconditional: dict[int, frozenset[str]] = {}

    def table(self) -> dict[str, Callable[..., Iterator[ValidationError]]]:
        return {
            "unevaluatedProperties": self.unevaluated_properties,
            "additionalProperties": self.additional_properties,
            "required": self.required,
        }

    def unevaluated_properties(self, validator: Any, allowed: Any, instance: Any, schema: Any) -> Any:
        """No key but those some applicable part of the schema names."""
        if allowed is not False or not isinstance(instance, dict):
            return
        always = self._unconditional.get(id(schema))
        if always is None:
            always = self._unconditional[id(schema)] = frozenset(self._names(validator, schema, None))
        if not always.issuperset(instance):
            now = self._names(validator, schema, instance)
            for key in instance:
                if key not in now:
                    yield _unknown(key, self._names(validator, schema, ANY))

    @staticmethod
    def additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Any:
        """No key but those of `properties` (the standard uses it only in that form)."""
        if allowed is False and isinstance(instance, dict):
            known = set(schema.get("properties", ()))
            for key in instance:
                if key not in known:
                    yield _unknown(key, known)

    @staticmethod
    def required(validator: Any, keys: list[str], instance: Any, schema: Any) -> Any:
        """One error per missing key, placed where the key should be."""
        if isinstance(instance, dict):
            for key in keys:
                if key not in instance:
                    yield ValidationError(f"{key!r} is a required property", validator="required", path=(key,))

    def _names(self, validator: Any, schema: Any, instance: Any) -> set[str]:
        """The keys `schema` names: unconditionally (instance None), under any condition (ANY), or for an instance."""
        if not isinstance(schema, dict):
            return set()
        names = set(schema.get("properties", ()))
        if reference := schema.get("$ref"):
            names |= self._names(validator, self._definition(reference), instance)
        for keyword in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(keyword, ()):
                names |= self._names(validator, part, instance)
        if instance is not None and "if" in schema and self._holds(validator, schema["if"], instance):
            names |= self._names(validator, schema.get("then"), instance)
        return names

    @staticmethod
    def _holds(validator: Any, condition: Any, instance: Any) -> bool:
        return instance is ANY or validator.evolve(schema=condition).is_valid(instance)

    def _definition(self, reference: str) -> Any:
        node: Any = self._root
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        return node


def _unknown(key: str, known: set[str]) -> ValidationError:
    return ValidationError(f"unknown key {key}", validator="unknown", path=(key,), validator_value=sorted(known))

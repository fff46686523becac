"""Checks records and rows against the JSON Schemas, fast and without leaking values.

jsonschema-rs judges; where it has no wheel, jsonschema judges alone. Both read our
schemas alike, because those keep to a portable subset: the test suite holds one to
the other. No schema is ever fetched from a network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import msgspec

import decamp_schemas
from decamp.errors import TransferError

__all__ = [
    "encodable",
    "field_names",
    "has_schema",
    "identity_fields",
    "is_named_after_a_person",
    "mark_of_others",
    "person_fields",
    "require_valid",
    "required_fields",
    "row_check",
    "rows_check",
    "validator",
    "volatile_fields",
]

_MASK = "[value]"


class Validator(Protocol):
    """Judges one JSON value."""

    def is_valid(self, value: Any) -> bool:
        """Tell whether the value is valid."""
        ...

    def problems(self, value: Any) -> list[str]:
        """Say what is wrong, each with its JSON pointer (RFC 6901), without any value."""
        ...


def encodable(value: Any) -> bool:
    """Tell whether a value can be written as UTF-8 JSON; half an emoji cannot."""
    try:
        msgspec.json.encode(value)
    except (UnicodeEncodeError, TypeError, ValueError):
        return False
    return True


class _Fast:
    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema_rs

        self._inner = jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, offline=True, mask=_MASK
        )

    def is_valid(self, value: Any) -> bool:
        try:
            return self._inner.is_valid(value)
        except (ValueError, UnicodeError, RecursionError):
            return False  # not a JSON value at all: NaN, lone surrogates, other types

    def problems(self, value: Any) -> list[str]:
        try:
            errors = list(self._inner.iter_errors(value))
        except (ValueError, UnicodeError, RecursionError) as error:
            return [f"(root): not a JSON value ({type(error).__name__})"]
        return [f"{_pointer(error.instance_path)}: {error.message}" for error in errors]


class _Plain:
    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema

        kind = jsonschema.Draft202012Validator
        self._inner = kind(schema, format_checker=kind.FORMAT_CHECKER)

    def is_valid(self, value: Any) -> bool:
        return bool(self._inner.is_valid(value))

    def problems(self, value: Any) -> list[str]:
        return [
            f"{_pointer(error.absolute_path)}: does not fit {error.validator!r}"
            for error in self._inner.iter_errors(value)
        ]


def _pointer(path: Any) -> str:
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in path]
    return "/" + "/".join(parts) if parts else "(root)"


def _compile(schema: dict[str, Any]) -> Validator:
    try:
        return _Fast(schema)
    except ImportError:
        return _Plain(schema)


@cache
def validator(name: str) -> Validator:
    """Compile the schema of this name, once.

    Raises:
        KeyError: There is no such schema.
    """
    return _compile(decamp_schemas.load(name))


@cache
def _rows_validator(kind: str) -> Validator:
    schema = decamp_schemas.load(kind)
    return _compile({"$schema": schema["$schema"], "type": "array", "items": schema})


def rows_check(kind: str) -> Callable[[Sequence[dict[str, Any]]], bool]:
    """Give the function that judges a whole batch of rows at once."""
    return _rows_validator(kind).is_valid


def row_check(kind: str) -> Validator:
    """Give the validator of one row."""
    return validator(kind)


@cache
def has_schema(kind: str) -> bool:
    """Tell whether a kind has a schema; kinds of community plugins may have none."""
    return kind in decamp_schemas.names()


@cache
def identity_fields(kind: str) -> tuple[str, ...]:
    """List the fields that make two rows of this kind equal (``x-identity``)."""
    return _marked(kind, "x-identity")


@cache
def volatile_fields(kind: str) -> tuple[str, ...]:
    """List the fields that change by themselves and make no difference (``x-volatile``)."""
    return _marked(kind, "x-volatile") if has_schema(kind) else ()


@cache
def field_names(kind: str) -> frozenset[str]:
    """List the fields that the schema of a kind describes; none of a kind without a schema."""
    return frozenset(decamp_schemas.load(kind)["properties"]) if has_schema(kind) else frozenset()


@cache
def required_fields(kind: str) -> frozenset[str]:
    """List the fields that a record of this kind must have."""
    return (
        frozenset(decamp_schemas.load(kind).get("required", ()))
        if has_schema(kind)
        else frozenset()
    )


@cache
def person_fields(kind: str) -> Mapping[str, str]:
    """List the fields that may name another person, each with how (``x-person``).

    ``name``: it is a name, or a list of them; ``address``: it may be a link to a profile;
    ``path``: keys of the source, which may have names in them; ``raw``: it came as it was, so names may be anywhere in it; ``known``: it may hold names,
    of which only known ones can be told; ``id``: it may be made of any of these. A field that
    is not listed names nobody, or is free text. None are listed of a kind without a schema.
    """
    if not has_schema(kind):
        return {}
    properties: Mapping[str, Any] = decamp_schemas.load(kind)["properties"]
    return {name: schema["x-person"] for name, schema in properties.items() if "x-person" in schema}


@cache
def mark_of_others(kind: str) -> tuple[str, str] | None:
    """Give the field and the value of it by which another person's row is told (``x-other``)."""
    properties: Mapping[str, Any] = decamp_schemas.load(kind)["properties"]
    found = (
        (name, schema["x-other"]) for name, schema in properties.items() if "x-other" in schema
    )
    return next(found, None)


@cache
def is_named_after_a_person(kind: str) -> bool:
    """Tell whether collections of this kind of row are named after people."""
    return bool(decamp_schemas.load(kind).get("x-person") == "collection")


def _marked(kind: str, keyword: str) -> tuple[str, ...]:
    properties: Mapping[str, Any] = decamp_schemas.load(kind)["properties"]
    return tuple(name for name, schema in properties.items() if schema.get(keyword))


def require_valid(name: str, document: Mapping[str, Any]) -> None:
    """Check a document that decamp writes for others.

    Raises:
        TransferError: It is not valid: a fault of ours.
    """
    problems = validator(name).problems(document)
    if problems:
        raise TransferError(f"decamp made a {name} that its own schema refuses: {problems[0]}")

"""The schemas by themselves, against their classes, and one validator against the other."""

from __future__ import annotations

import copy
import json
import random
import types
import typing
from collections.abc import Iterator
from typing import Any

import attrs
import jsonschema
import pytest

import decamp_schemas
from decamp import records
from decamp.validation import _compile, _Plain, encodable, identity_fields, volatile_fields

NAMES = decamp_schemas.names()
CLASSES = {
    "profile": records.Profile,
    "post": records.Post,
    "conversation": records.Conversation,
    "message": records.Message,
    "event": records.Event,
    "segment": records.SegmentHeader,
    "section": records.Section,
}


def subschemas(schema: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield where, schema
    for name, part in schema.get("properties", {}).items():
        yield from subschemas(part, f"{where}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from subschemas(schema["items"], f"{where}/[]")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_schema_and_its_example_is_valid(name: str) -> None:
    schema = decamp_schemas.load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:decamp:schema:v1:{name}"
    for example in schema["examples"]:
        assert _compile(schema).problems(example) == []
        assert _Plain(schema).problems(example) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described_and_exemplified(name: str) -> None:
    for where, schema in subschemas(decamp_schemas.load(name)):
        assert schema.get("description"), where
        if not where.endswith("[]"):
            assert "examples" in schema, where
            for example in schema["examples"]:
                assert _Plain(schema).problems(example) == [], where


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_to_the_portable_subset(name: str) -> None:
    """Both validators read these alike; see the module `decamp.validation`."""
    text = decamp_schemas.text(name)
    assert not any(f"\\\\{letter}" in text for letter in "dwsDWSpb")
    for where, schema in subschemas(decamp_schemas.load(name)):
        assert "$ref" not in schema, where
        assert "multipleOf" not in schema, where
        assert schema.get("format", "date-time") == "date-time", where
        if "pattern" in schema:
            assert "maxLength" in schema, where


@pytest.mark.parametrize(("name", "kind"), CLASSES.items())
def test_classes_and_schemas_have_the_same_fields(name: str, kind: type) -> None:
    compare(decamp_schemas.load(name), kind, name)


def compare(schema: dict[str, Any], kind: type, where: str) -> None:
    hints = typing.get_type_hints(kind)
    fields = {field.name.rstrip("_"): field for field in attrs.fields(kind)}
    assert set(fields) == set(schema["properties"]), where
    for name, field in fields.items():
        required = name in schema.get("required", ())
        assert (field.default is attrs.NOTHING) == required, f"{where}/{name}"
        compare_type(schema["properties"][name], hints[field.name], f"{where}/{name}")


def compare_type(schema: dict[str, Any], hint: Any, where: str) -> None:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        assert set(schema["enum"]) == set(args), where
    elif origin is tuple:
        assert schema["type"] == "array", where
        compare_type(schema["items"], args[0], f"{where}/[]")
    elif attrs.has(hint):
        compare(schema, hint, where)
    elif hint is not Any:
        names = {str: "string", int: "integer", bool: "boolean", dict: "object"}
        assert schema["type"] == names[origin or hint], where


@pytest.mark.parametrize(("name", "kind"), CLASSES.items())
def test_records_go_to_classes_and_back(name: str, kind: type) -> None:
    for example in decamp_schemas.load(name)["examples"]:
        assert records.to_record(records.from_record(kind, example)) == example


def test_a_record_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Post"):
        records.from_record(records.Post, {"type": "film", "audience": "public"})


HOSTILE = [
    *(None, True, -1, 0, 1, 2**53 + 1, 1.5, "", "x", [], {}, [1], {"a": 1}, "\n", "2023-05-01"),
    *("2023-02-30T12:00:00Z", "2023-05-01T12:00:00Z\n", "2023-05-01T24:00:00Z", "２０２３"),
    *("2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "2023-05-01T12:00:00+00:00", "NL", "nl"),
]


def mutations(value: Any, chance: random.Random) -> Any:
    """Change one place of a document."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            del value[key]
        else:
            value[key] = mutations(value[key], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.7:
        index = chance.randrange(len(value))
        value[index] = mutations(value[index], chance)
        return value
    return copy.deepcopy(chance.choice(HOSTILE))


@pytest.mark.parametrize("name", NAMES)
def test_both_validators_agree_on_mutated_documents(name: str) -> None:
    schema = decamp_schemas.load(name)
    fast, plain = _compile(schema), _Plain(schema)
    chance = random.Random(name)
    for _ in range(400):
        document = copy.deepcopy(schema["examples"][0])
        for _ in range(chance.randint(1, 3)):
            document = mutations(document, chance)
        assert fast.is_valid(document) == plain.is_valid(document), json.dumps(document)


def test_problems_name_the_place_and_never_the_value() -> None:
    for judge in (_compile(decamp_schemas.load("post")), _Plain(decamp_schemas.load("post"))):
        found = judge.problems({"type": "video", "audience": "my secret", "caption": 7})
        assert any(problem.startswith("/audience") for problem in found)
        assert "my secret" not in " ".join(found)


def test_identity_and_volatile_fields_come_from_the_schemas() -> None:
    assert identity_fields("message") == ("time", "side", "text")
    assert identity_fields("event") == ("time", "object", "text", "person")
    assert volatile_fields("post") == volatile_fields("profile") == ("counts",)


@pytest.mark.parametrize("value", [float("nan") and object(), {"a": "\ud83d"}, {1.5: object()}])
def test_what_cannot_be_written_is_known(value: Any) -> None:
    assert not encodable(value)

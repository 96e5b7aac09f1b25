"""JSON Schema, each part of a document checked once.

The cases of a table repeat most of their parts: what a `$ref` has found valid is not looked at again.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import jsonschema
from jsonschema.validators import extend

from credpool_conformance.json_values import Json

_USUAL: Final = jsonschema.Draft202012Validator
_REF: Final = "$ref"


def validator(schema: Mapping[str, object]) -> jsonschema.Draft202012Validator:
    """Return a validator that remembers which parts were valid."""
    valid: set[tuple[str, str]] = set()

    def once(
        inner: jsonschema.Draft202012Validator,
        reference: str,
        value: Json,
        around: Mapping[str, object],
    ) -> Iterator[jsonschema.ValidationError]:
        part = reference, json.dumps(value)
        if part in valid:
            return
        errors = [*_USUAL.VALIDATORS[_REF](inner, reference, value, around)]
        yield from errors
        if not errors:
            valid.add(part)

    remembering = extend(_USUAL, {_REF: once})  # type: ignore[no-untyped-call]
    made: jsonschema.Draft202012Validator = remembering(schema)
    return made

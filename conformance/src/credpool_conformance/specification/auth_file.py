"""Check the file that a testee has written against the specification's JSON Schema.

Spec: storage.  What is wrong is told by its place and kind, and never by its value.
"""

import json
from functools import cache

import jsonschema

from credpool_conformance.data import find
from credpool_conformance.json_values import Json


def faults(content: bytes) -> list[str]:
    """List what keeps a file from being valid."""
    try:
        document: Json = json.loads(content.decode("utf-8"))
    except ValueError:
        return ["not JSON in UTF-8"]
    found = sorted(_validator().iter_errors(document), key=lambda error: error.json_path)
    return [_told(error) for error in found]


def _told(error: jsonschema.ValidationError) -> str:
    place = "/".join(map(str, error.absolute_path)) or "the document"
    return f"{place}: {error.validator} must be {json.dumps(error.validator_value)}"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    path = find().spec / "schemas" / "auth.schema.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))

"""The fields of `auth.json`, as the chapter's tables and as a JSON Schema."""

import json
from pathlib import Path

import jsonschema
import pytest

from tools.sources.specification import Specification, load
from tools.tables.auth_file import auth_schema, auth_tables

ROOT = Path(__file__).parents[2]
HERMES = {
    "version": 1,
    "updated_at": "2026-07-20T08:15:00+00:00",
    "active_provider": "nous",
    "providers": {"nous": {"access_token": "not-ours", "tls": {"insecure": False}}},
    "suppressed_sources": {"anthropic": ["env:ANTHROPIC_TOKEN"]},
    "credential_pool": {
        "nous": [
            {
                "id": "a1b2c3",
                "label": "someone@example.org",
                "auth_type": "oauth",
                "priority": 0,
                "source": "device_code",
                "access_token": "not-ours",
                "refresh_token": "nor-this",
                "last_status": "exhausted",
                "last_status_at": 1795392000.25,
                "last_error_code": 429,
                "last_error_reason": None,
                "last_error_message": None,
                "last_error_reset_at": None,
                "expires_at": "2026-07-20T09:15:00+00:00",
                "agent_key": "not-ours",
                "agent_key_expires_at": "2026-07-20T09:15:00+00:00",
                "request_count": 3,
            }
        ],
        "custom:local": [],
    },
}


@pytest.fixture(scope="module")
def spec() -> Specification:
    """Read the repository's own specification."""
    return load(ROOT)


def test_a_file_of_hermes_agent_is_valid(spec: Specification) -> None:
    """What Hermes Agent 0.19 writes, nulls and its own fields included, fits the schema."""
    schema = auth_schema(spec)

    assert isinstance(schema, dict)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not list(jsonschema.Draft202012Validator(schema).iter_errors(HERMES))


def test_every_field_of_the_table_is_in_the_schema(spec: Specification) -> None:
    """Type, values and inner fields are the table's."""
    written = json.loads(json.dumps(auth_schema(spec)))
    row = written["$defs"]["row"]["properties"]

    assert row["auth_type"]["enum"] == ["api_key", "oauth", None]
    assert row["expires_at"]["type"] == ["string", "number", "null"]
    assert row["claim"]["required"] == ["holder", "until"]
    assert row["model_cooldowns"]["additionalProperties"]["properties"]["until"]["type"]


def test_the_tables_say_what_is_a_secret_and_whose_a_field_is(spec: Specification) -> None:
    """A row of the table has the field, its type in words, whether it is secret, and whose it is."""
    tables = auth_tables(spec)

    assert "| `version` | `1` |  | Hermes Agent |" in tables["auth-document"]
    assert "| `refresh_token` | text | yes | Hermes Agent |" in tables["auth-row"]
    assert "| `claim` | `holder`, `until` |  | this specification |" in tables["auth-row"]

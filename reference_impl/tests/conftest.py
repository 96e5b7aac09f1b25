"""What several test modules share: replies made from the specification's examples."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import HealthCheck, settings

from credpool.providers.reply import Reply

# how fast a busy machine draws examples says nothing about the code
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

NOW = 1795392000.0
_MOMENT = re.compile(r"\$(epoch_ms|epoch|iso|date)\+(\d+)")


@pytest.fixture(scope="session")
def reply_of() -> Callable[[Mapping[str, object]], Reply]:
    """Return how an example becomes a reply whose moments lie around the specification's now."""
    return _reply_of


def _reply_of(example: Mapping[str, object]) -> Reply:
    body = _filled(example.get("body", ""))
    headers = _filled(example.get("headers", {}))
    assert isinstance(headers, dict)
    return Reply(
        status=int(str(example.get("status", 429))),
        headers={name: str(value) for name, value in headers.items()},
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
    )


def _filled(value: object) -> object:
    match value:
        case str() if found := _MOMENT.fullmatch(value):
            return _moment(found[1], NOW + int(found[2]))
        case str():
            return _MOMENT.sub(lambda f: str(_moment(f[1], NOW + int(f[2]))), value)
        case list():
            return [_filled(item) for item in value]
        case dict():
            return {name: _filled(item) for name, item in value.items()}
        case _:
            return value


def _moment(form: str, moment: float) -> object:
    match form:
        case "epoch":
            return int(moment)
        case "epoch_ms":
            return int(moment * 1000)
        case "iso":
            return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
        case _:
            return formatdate(moment, usegmt=True)

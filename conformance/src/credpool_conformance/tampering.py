"""Compare the requests that reached the provider with the one that the caller made.

Spec: security.  A pool authenticates a request, and changes nothing else about it.
"""

import json
from collections.abc import Iterator, Mapping

from credpool_conformance.book.yaml_lines import Json, fields, text
from credpool_conformance.mock import MOVED_PATH, Request
from credpool_conformance.observed import Observed
from credpool_conformance.situation import PLACEHOLDER, Situation


def tampering(seen: Observed, situation: Situation) -> list[str]:
    """List what was changed on the way, each kind once."""
    if seen.progress is None:
        return []
    made = seen.progress.request
    changes: dict[str, None] = {}
    for item in seen.wire:
        if not item.request.is_token and not item.request.path.startswith(MOVED_PATH):
            changes.update(dict.fromkeys(_changes(made, item.request, situation)))
    return [*changes]


def _changes(made: Mapping[str, Json], request: Request, situation: Situation) -> Iterator[str]:
    if request.method != made["method"]:
        yield f"method {request.method}"
    wanted, _, asked = text(made["path"]).partition("?")
    path, _, query = request.path.partition("?")
    # a provider's credential may travel in the query, beside what the caller asks for
    if path != situation.base_path + wanted or not set(asked.split("&")) <= {"", *query.split("&")}:
        yield f"path {request.path}"
    credentials = {canary.value for canary in situation.canaries.of(PLACEHOLDER)}
    for name, value in fields(made["headers"]).items():
        if any(credential in text(value) for credential in credentials):
            continue
        arrived = [found for key, found in request.headers if key == name.lower()]
        # The provider's own flags may be added to a list, never put in its place.
        is_list = name.lower() in situation.list_headers
        kept = set(_list(text(value))) <= set(_list(*arrived)) if is_list else arrived == [value]
        if not kept:
            yield f"header {name}: {', '.join(arrived) or 'missing'}"
    if _parsed(request.body) != made["body"]:
        yield "body"


def _list(*values: str) -> list[str]:
    return [item.strip() for value in values for item in value.split(",")]


def _parsed(body: str) -> Json:
    try:
        parsed: Json = json.loads(body)
    except ValueError:
        return body
    return parsed

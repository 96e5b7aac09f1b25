"""Compare the requests that reached the provider with the one that the caller made.

Spec: security.  A pool authenticates a request, and changes nothing else about it.
"""

import json
from collections.abc import Iterable, Iterator

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import MOVED_PATH, Request
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.testee.observed import CallerRequest, Observed
from credpool_conformance.testee.setup import PLACEHOLDER, Setup


def tampering(seen: Observed, setup: Setup) -> list[str]:
    """List what was changed on the way, each kind once."""
    made = seen.progress.request if seen.progress else None
    if made is None:
        return []
    changes: dict[str, None] = {}
    for item in seen.wire:
        request = item.request
        if request.path.startswith(MOVED_PATH):
            found = _headers(made, request, setup) if request.origin is Origin.MAIN else ()
        else:
            found = () if request.is_token else _changes(made, request, setup)
        changes.update(dict.fromkeys(found))
    return [*changes]


def sent_headers(seen: Observed, names: Iterable[str]) -> Json:
    """Tell what some headers held, in each request to the provider."""
    requests = [item.request for item in seen.wire if not item.request.is_token]
    return {
        name: [next((v for k, v in request.headers if k == name), None) for request in requests]
        for name in names
    }


def _changes(made: CallerRequest, request: Request, setup: Setup) -> Iterator[str]:
    if request.method != made.method:
        yield f"method {request.method}"
    wanted, _, asked = made.path.partition("?")
    path, _, query = request.path.partition("?")
    # a provider's credential may travel in the query, beside what the caller asks for
    own = {part for part in asked.split("&") if not _is_credential(part, setup)}
    if path != setup.base_path + wanted or not own <= {"", *query.split("&")}:
        yield f"path {request.path}"
    yield from _headers(made, request, setup)
    if _parsed(request.body) != made.body:
        yield "body"


def _headers(made: CallerRequest, request: Request, setup: Setup) -> Iterator[str]:
    for name, value in made.headers.items():
        if _is_credential(value, setup) or name.lower() in setup.account_headers:
            continue
        arrived = [found for key, found in request.headers if key == name.lower()]
        # The provider's own flags may be added to a list, never put in its place.
        is_list = name.lower() in setup.list_headers
        kept = set(_list(value)) <= set(_list(*arrived)) if is_list else arrived == [value]
        if not kept:
            yield f"header {name}: {', '.join(arrived) or 'missing'}"


def _is_credential(written: str, setup: Setup) -> bool:
    """Tell whether a part of the caller's request is the credential that the pool replaces."""
    return any(canary.value in written for canary in setup.canaries.of(PLACEHOLDER))


def _list(*values: str) -> list[str]:
    return [item.strip() for value in values for item in value.split(",")]


def _parsed(body: str) -> Json:
    try:
        parsed: Json = json.loads(body)
    except ValueError:
        return body
    return parsed

"""Compare the requests that reached the provider with the one that the caller made.

Spec: security.  A pool authenticates a request, and changes nothing else about it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from credpool_conformance.json_values import Json
from credpool_conformance.provider.requests import MOVED_PATH, Request
from credpool_conformance.scenarios.scenario import Origin
from credpool_conformance.testee.observed import CallerRequest, Observed
from credpool_conformance.testee.setup import PLACEHOLDER, Setup

ANOTHER: Final = "another request:"
"""How a request is told that has nothing of the caller's."""


def own_requests(seen: Observed, setup: Setup, most: int | None) -> list[Request]:
    """List the requests to the provider that carry the caller's: at most so many, if that is known.

    Of too many, those that differ from the caller's are left out first: who asks for a list of models
    besides has changed nothing in the caller's request.
    """
    requests = [item.request for item in seen.wire if not item.request.is_token]
    made = seen.progress.request if seen.progress else None
    if made is None or most is None or len(requests) <= most:
        return requests
    alike = [not any(_changed(made, request, setup)) for request in requests]
    surplus = len(requests) - most
    others = [at for at, same in enumerate(alike) if not same][:surplus]
    return [request for at, request in enumerate(requests) if at not in others][:most]


def tampering(seen: Observed, setup: Setup, requests: Iterable[Request]) -> list[str]:
    """List what was changed on the way, each kind once."""
    made = seen.progress.request if seen.progress else None
    if made is None:
        return []
    return [*dict.fromkeys(change for r in requests for change in _changed(made, r, setup))]


def sent_headers(requests: Iterable[Request], names: Iterable[str]) -> Json:
    """Tell what some headers held, in each request to the provider."""
    found = [*requests]
    return {
        name: [next((v for k, v in request.headers if k == name), None) for request in found]
        for name in names
    }


def _changed(made: CallerRequest, request: Request, setup: Setup) -> Iterable[str]:
    if request.path.startswith(MOVED_PATH):
        return _headers(made, request, setup) if request.origin is Origin.MAIN else ()
    return _changes(made, request, setup)


def _changes(made: CallerRequest, request: Request, setup: Setup) -> Iterator[str]:
    wanted, _, asked = made.path.partition("?")
    path, _, query = request.path.partition("?")
    is_elsewhere = path != setup.base_path + wanted
    if is_elsewhere and request.method != made.method:
        yield f"{ANOTHER} {request.method} {request.path}"  # whose headers are nobody's
        return
    if request.method != made.method:
        yield f"method {request.method}"
    # a provider's credential may travel in the query, beside what the caller asks for
    own = {part for part in asked.split("&") if not _is_credential(part, setup)}
    if is_elsewhere or not own <= {"", *query.split("&")}:
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

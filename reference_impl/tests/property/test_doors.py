"""One answer at every door, and one entry's fault is one entry's: for any secret, URL and label."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import httpx2
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credpool import Pool, Secret
from credpool.errors import UnusableSecret
from credpool.httpx2 import PoolAuth
from credpool.model.credential import bare, is_placeholder, url_flaw
from credpool.model.messages import Grant
from credpool.providers.grant import read_token_reply
from credpool.providers.registry import provider
from credpool.providers.reply import Reply
from credpool.providers.wire import origin
from credpool.rules.given import entries_of, usable_secret
from credpool.seed import Surroundings
from credpool.seed.references import References
from credpool.seed.values import secrets_in
from credpool.stores.auth_json.codec import decode
from credpool.testing import FakeClock

HOME: Final = "https://api.openai.com/v1"
GOOD: Final = "sk-good"
ODD: Final = " \n\r\t\"'“\x00\x1c\x85é\ud800\ufeff\u200b=:/[]@"
PIECES: Final = ("sk-1", "Bearer ", "OPENAI_API_KEY=", "https://", "h", "99999", *ODD)
texts = st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(
    st.characters(exclude_categories=()), max_size=12
)
hosts = st.sampled_from(
    ["h", "127.0.0.1", "1.2.3.4.5", "0.0.0.256", "[::1]", "a_b.", "-"]
) | st.text("abc.-_~%:@[]^<>\\é", min_size=1, max_size=6)
ports = st.sampled_from(["", ":", ":1", ":65536", ":٣"]) | st.integers(-1, 70000).map(":{}".format)
paths = st.sampled_from(["", "/", "/v1", "/v1/"]) | st.text("/?#%é^<>{}|\\:@", max_size=5)
urls = texts | st.builds("http{}://{}{}{}".format, st.sampled_from(["", "s"]), hosts, ports, paths)


def in_a_row(value: str) -> Secret | None:
    """Return the secret of a row of `auth.json`."""
    row = {"id": "a", "access_token": value}
    text = json.dumps({"version": 1, "credential_pool": {"openai": [row]}})
    return decode(text, "openai").entries[0].secret


def in_a_variable(value: str) -> Secret | None:
    """Return the secret that a variable holds."""
    found, _ = Surroundings(environ={"OPENAI_API_KEY": value}).find("openai")
    return found[0].secret if found else None


def in_a_configuration(value: str) -> Secret | None:
    """Return the secret of a custom endpoint."""
    listed = {"name": "one", "base_url": HOME, "api_key": value}
    around = Surroundings(environ={}, config={"custom_providers": [listed]})
    found, _ = around.find("custom:one")
    return found[0].secret if found else None


def behind_a_reference(value: str) -> Secret | None:
    """Return the secret to which a reference leads."""
    found = References(variables={"KEY": value}, folder=None).resolve("env:KEY")
    return found if isinstance(found, Secret) else None


def from_a_token_endpoint(value: str) -> Secret | None:
    """Return the token of a reply."""
    body = json.dumps({"access_token": value}).encode()
    grant = read_token_reply(Reply(200, {}, body), now=0)
    return grant.secret if isinstance(grant, Grant) else None


def in_code(value: str) -> Secret | None:
    """Return the secret of the entry that `Pool.from_keys` makes."""
    try:
        return entries_of(provider("openai"), [value], None)[0].secret
    except UnusableSecret:
        return None


def typed(value: str) -> Secret | None:
    """Return the secret that a person adds."""
    try:
        return usable_secret(value)
    except UnusableSecret:
        return None


DOORS: Final[Mapping[str, Callable[[str], Secret | None]]] = MappingProxyType(
    {
        "a row": in_a_row,
        "a variable": in_a_variable,
        "a configuration": in_a_configuration,
        "a reference": behind_a_reference,
        "a token endpoint": from_a_token_endpoint,
        "code": in_code,
        "a person": typed,
    }
)


LISTS: Final = frozenset({"a variable", "a configuration", "a reference"})
"""The doors whose values may be in quotes, or lists of which the first secret is looked at."""

ONE_AT_A_TIME: Final = frozenset({"code", "a person"})
"""The doors where a comma is refused, as a list is not what was asked for."""


@pytest.mark.parametrize("door", DOORS)
@given(value=texts)
@settings(max_examples=150)
def test_every_door_gives_the_same_answer(door: str, value: str) -> None:
    """What can be sent comes through as it will be sent; of the rest nothing is ever sent."""
    expected = Secret(secrets_in(value)[0] if door in LISTS else value)
    assume(not any(map(is_placeholder, (value, *secrets_in(value)))))
    assume(door not in ONE_AT_A_TIME or "," not in value)
    assume(not bare(value).startswith(("env:", "file:", "keyring:", "cmd:")))

    found = DOORS[door](value)

    if expected.flaw is None:
        assert found == expected
    else:
        assert found is None or found.flaw == expected.flaw


@given(value=urls)
@settings(max_examples=400)
def test_what_is_taken_for_a_url_is_one(value: str) -> None:
    """Nothing that passes the check is refused by the client that sends there."""
    home = bare(value).rstrip("/")
    usable = url_flaw(home) is None

    url = httpx2.URL(home + "/chat/completions") if usable else None

    assert url is None or (url.host and origin(str(url)) == origin(home))


rows = st.fixed_dictionaries(
    {"access_token": texts},
    optional={
        "base_url": urls,
        "token_url": urls,
        "refresh_token": texts,
        "label": texts,
        "expires_at_ms": st.sampled_from([1000, 10**15, 10**30]),
        "auth_type": st.sampled_from(["api_key", "oauth"]),
        "client_id": texts,
        "owner": texts,
    },
)


def answered(request: httpx2.Request) -> httpx2.Response:
    """Answer the good key alone; a key that comes as it is written is refused like any other."""
    good = request.headers.raw[-1][1] == f"Bearer {GOOD}".encode()
    return httpx2.Response(200 if good else 401, json={})


@given(bad=st.lists(rows, max_size=4), first=st.integers(0, 4))
@settings(max_examples=200)
def test_one_entrys_fault_is_one_entrys(bad: list[dict[str, object]], first: int) -> None:
    """Whatever stands in the other rows, a call is answered with the one good key."""
    placed = [row | {"id": f"bad-{n}", "priority": n} for n, row in enumerate(bad)]
    good = {"id": "good", "access_token": GOOD, "priority": min(first, len(bad))}
    text = json.dumps({"version": 1, "credential_pool": {"openai": [*placed, good]}})
    entries = [e for e in decode(text, "openai").entries if not e.refreshable]
    pool = Pool.from_entries("openai", entries, clock=FakeClock())

    with httpx2.Client(transport=httpx2.MockTransport(answered), auth=PoolAuth(pool)) as client:
        response = client.post(f"{HOME}/chat/completions", json={"model": "gpt-5"})

    assert response.status_code == 200


def test_a_door_is_open() -> None:
    """The doors of this test let a good key through, so that none passes for being shut."""
    found = {name: door(f" {GOOD}\n") for name, door in DOORS.items()}

    assert found == dict.fromkeys(DOORS, Secret(GOOD))

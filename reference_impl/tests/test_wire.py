"""Which headers carry a credential, and where they may go."""

import base64
import json

import pytest

from credpool.model.entry import Entry
from credpool.model.errors import BadInput, WrongOrigin
from credpool.model.secret import Secret
from credpool.model.terms import AuthType, EntryId
from credpool.providers.registry import provider
from credpool.providers.wire import (
    SESSION_HEADER,
    base_url,
    origin,
    seal,
    target,
    without_credential,
)

OPENAI = "https://api.openai.com/v1"
ELSEWHERE = "https://proxy.example:8443/openai"


def entry(*, base: str | None = None, login: bool = False) -> Entry:
    """Return an entry, of an endpoint of its own if one is named."""
    auth = AuthType.OAUTH if login else AuthType.API_KEY
    return Entry(id=EntryId("a"), secret=Secret("sk-a"), base_url=base, auth_type=auth)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://api.openai.com/v1/x?y=z", "https://api.openai.com:443", id="https"),
        pytest.param("http://127.0.0.1/x", "http://127.0.0.1:80", id="http"),
        pytest.param("http://[::1]:8080/x", "http://::1:8080", id="a port of its own"),
        pytest.param("HTTPS://API.OpenAI.com", "https://api.openai.com:443", id="any case"),
        pytest.param(
            "https://api.openai.com@evil.example", "https://evil.example:443", id="a user"
        ),
        pytest.param("ws://host", "ws://host:0", id="a scheme without a usual port"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    """Two URLs are of one origin when all three agree, written or not."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("own", "name", "expected"),
    [
        pytest.param(ELSEWHERE + "/", "openai", ELSEWHERE, id="its own"),
        pytest.param(None, "openai", OPENAI, id="the provider's"),
        pytest.param(None, "generic", "", id="nobody has said"),
    ],
)
def test_an_entry_belongs_to_one_endpoint(own: str | None, name: str, expected: str) -> None:
    """The entry's own endpoint precedes its provider's."""
    assert base_url(entry(base=own), provider(name)) == expected


def test_a_login_may_belong_elsewhere_than_a_key() -> None:
    """A plan's login is valid at the plan's address, and draws on another purse at the API's."""
    xai = provider("xai")

    assert base_url(entry(), xai) == "https://api.x.ai/v1"
    assert base_url(entry(login=True), xai) == "https://cli-chat-proxy.grok.com/v1"
    assert base_url(entry(login=True, base=ELSEWHERE), xai) == ELSEWHERE


class TestTarget:
    """Key and URL are swapped together."""

    @pytest.mark.parametrize(
        "url", [OPENAI + "/chat/completions", "https://api.openai.com/v2/other", OPENAI]
    )
    def test_a_request_to_the_entrys_origin_stays(self, url: str) -> None:
        """Nothing is changed about a request that goes where the entry belongs."""
        assert target(url, entry(), provider("openai"), list) is None

    @pytest.mark.parametrize("path", ["", "/chat/completions?x=1"])
    def test_a_request_to_another_endpoint_of_the_pool_moves(self, path: str) -> None:
        """What was meant for another entry's endpoint goes to this entry's."""
        moved = target(OPENAI + path, entry(base=ELSEWHERE), provider("openai"), lambda: [OPENAI])

        assert moved == ELSEWHERE + path

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("https://evil.example/v1/chat", id="a stranger"),
            pytest.param("http://api.openai.com/v1/chat", id="without encryption"),
            pytest.param("https://api.openai.com:444/v1/chat", id="another port"),
            pytest.param("https://api.openai.com.evil.example/v1/chat", id="a longer name"),
            pytest.param("https://api.openai.com@evil.example/v1/chat", id="a user name"),
        ],
    )
    def test_a_request_to_anybody_else_is_refused(self, url: str) -> None:
        """A secret is sent to no other origin, and the error says which one it may go to."""
        with pytest.raises(WrongOrigin, match=r"belong to https://api\.openai\.com:443") as caught:
            target(url, entry(), provider("openai"), lambda: [OPENAI])

        assert caught.value.asked == origin(url)
        assert caught.value.allowed == "https://api.openai.com:443"

    def test_an_entry_that_belongs_nowhere_is_not_sent(self) -> None:
        """An entry without an address, of a provider without one, asks for its address."""
        with pytest.raises(BadInput, match="give the entry its base_url"):
            target(ELSEWHERE, entry(), provider("generic"), list)


class TestSeal:
    """How a credential travels."""

    def test_a_bearer_takes_the_place_of_every_other_credential(self) -> None:
        """Whatever the caller had put there is dropped, in whichever header."""
        sealed = seal(entry(), provider("openai"), {"authorization": "Bearer placeholder"})

        assert (sealed.name, sealed.value) == (b"authorization", b"Bearer sk-a")
        credentials = {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"}
        assert sealed.drop == {*credentials, SESSION_HEADER.encode()}
        assert sealed.plain == ()

    @pytest.mark.parametrize(
        ("name", "header"), [("anthropic", b"x-api-key"), ("gemini", b"x-goog-api-key")]
    )
    def test_a_bare_key_travels_in_its_providers_header(self, name: str, header: bytes) -> None:
        """A provider with a header of its own gets the key without a scheme."""
        sealed = seal(entry(), provider(name), {})

        assert (sealed.name, sealed.value) == (header, b"sk-a")

    def test_a_caller_that_says_bearer_is_answered_so(self) -> None:
        """Where the caller's placeholder is a bearer token, the key goes the same way."""
        sealed = seal(entry(), provider("anthropic"), {"authorization": "Bearer placeholder"})

        assert (sealed.name, sealed.value) == (b"authorization", b"Bearer sk-a")

    def test_a_caller_that_says_both_gets_the_providers_own(self) -> None:
        """With both headers present the provider's own one counts."""
        both = {"authorization": "Bearer placeholder", "x-api-key": "placeholder"}

        assert seal(entry(), provider("anthropic"), both).name == b"x-api-key"

    @pytest.mark.parametrize(
        ("present", "sent"),
        [
            pytest.param({}, b"oauth-2025-04-20", id="alone"),
            pytest.param({"anthropic-beta": "x, y"}, b"x,y,oauth-2025-04-20", id="beside others"),
            pytest.param(
                {"anthropic-beta": "oauth-2025-04-20,x"}, b"oauth-2025-04-20,x", id="once"
            ),
        ],
    )
    def test_what_a_login_needs_besides_is_added(
        self, present: dict[str, str], sent: bytes
    ) -> None:
        """A header that a credential needs is added to the caller's list, never put in its place."""
        sealed = seal(entry(login=True), provider("anthropic"), present)

        assert sealed.plain == ((b"anthropic-beta", sent),)
        assert b"anthropic-beta" in sealed.drop

    def test_a_type_that_the_provider_does_not_list_travels_as_its_first(self) -> None:
        """A login at a provider of keys alone is sent as a key would be."""
        assert seal(entry(login=True), provider("openrouter"), {}).name == b"authorization"

    def test_its_picture_hides_the_secret(self) -> None:
        """A seal may be printed."""
        sealed = seal(entry(), provider("openai"), {})

        assert repr(sealed) == "Seal(name=b'authorization', value=***)"


GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        pytest.param("", "", id="no query"),
        pytest.param("?key=k", "", id="alone"),
        pytest.param("?alt=sse&key=k&n=1", "?alt=sse&n=1", id="in the middle"),
        pytest.param("?k%65y=k&alt=sse#here", "?alt=sse#here", id="encoded, before a fragment"),
        pytest.param("?key=k#here", "#here", id="alone, before a fragment"),
        pytest.param("?keys=1&alt=key", "?keys=1&alt=key", id="other names"),
    ],
)
def test_a_credential_in_a_query_is_taken_out(asked: str, sent: str) -> None:
    """What the registry names goes, and the rest of the URL stays as it was written."""
    assert without_credential(GEMINI + asked, provider("gemini")) == GEMINI + sent


def test_a_query_is_the_callers_where_no_credential_travels_in_it() -> None:
    """A parameter of that name is the provider's affair."""
    url = f"{OPENAI}/models?key=k"

    assert without_credential(url, provider("openai")) == url


def token(account: object) -> Secret:
    """Return a token that names an account."""
    claims = json.dumps({"https://api.openai.com/auth": {"chatgpt_account_id": account}})
    return Secret(f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.made-up")


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        pytest.param(token("account-1"), "account-1", id="named"),
        pytest.param(Secret("no-token"), None, id="no JSON web token"),
        pytest.param(token("zwölf"), None, id="what no header can carry"),
        pytest.param(token("one\r\ntwo"), None, id="two lines"),
        pytest.param(token(12), None, id="no text"),
    ],
)
def test_a_login_names_its_account(secret: Secret, named: str | None) -> None:
    """The header is the pool's where the token names an account, and else the caller's."""
    login = Entry(id=EntryId("a"), secret=secret, auth_type=AuthType.OAUTH)

    sealed = seal(login, provider("chatgpt"), {"chatgpt-account-id": "the-callers"})

    assert dict(sealed.plain).get(b"chatgpt-account-id") == (named.encode() if named else None)
    assert (b"chatgpt-account-id" in sealed.drop) == (named is not None)

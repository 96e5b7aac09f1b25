"""Logins as messages: by a code, by a browser, and what their tokens say."""

import base64
import hashlib
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from credpool.login.app import LoginApp, read_login
from credpool.login.device import (
    Prompt,
    Waiting,
    after_poll,
    device_request,
    poll_request,
    read_device,
)
from credpool.login.entries import Login
from credpool.login.pkce import authorize, exchange_request, read_callback
from credpool.model.errors import LoginFailed, NoLogin, UnknownProvider
from credpool.model.secret import Secret
from credpool.providers.grant import TokenRequest
from credpool.providers.reply import Reply

NOW = 1795392000.0
APP = LoginApp(
    client_id="mine",
    token_url="https://auth.example/token",
    device_url="https://auth.example/device",
    authorize_url="https://auth.example/authorize",
    scope="openid",
    client_secret=Secret("made-up-client-secret"),
)
TOLD = {
    "device_code": "made-up-device",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://auth.example/go",
    "interval": 7,
    "expires_in": 600,
}
TOKENS = {"access_token": "made-up-access", "refresh_token": "made-up-refresh", "expires_in": 60}


def reply(status: int, body: object) -> Reply:
    """Return a reply with a JSON body."""
    return Reply(status, {}, json.dumps(body).encode())


def token(claims: object) -> str:
    """Return a token that nobody has signed."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.unsigned"


def waiting(**told: object) -> Waiting:
    """Return a login that has been prompted."""
    return read_device(reply(200, TOLD | told), now=NOW)


def polled(status: int, body: object, **told: object) -> Login | Waiting:
    """Return what a poll leads to."""
    return after_poll(APP, waiting(**told), reply(status, body), now=NOW + 7)


def why(failed: pytest.ExceptionInfo[LoginFailed]) -> NoLogin:
    """Return how a login failed."""
    return failed.value.why


class TestApp:
    """Whose client it is, and where."""

    def test_takes_the_token_endpoint_from_the_registry(self) -> None:
        """A provider that the registry knows needs no address."""
        app = LoginApp.at("openai", client_id="mine")

        assert app.token_url == "https://auth.openai.com/api/accounts/oauth/token"

    def test_prefers_the_operators_endpoints(self) -> None:
        """What the operator names counts."""
        app = LoginApp.at("openai", client_id="mine", token_url="https://mine.example/token")

        assert app.token_url == "https://mine.example/token"

    def test_needs_a_token_endpoint(self) -> None:
        """A provider without a known endpoint has to be told one."""
        with pytest.raises(LoginFailed, match="give its address as token_url"):
            LoginApp.at("generic", client_id="mine")

    def test_knows_no_other_provider(self) -> None:
        """A name that the registry does not have is an error."""
        with pytest.raises(UnknownProvider):
            LoginApp.at("nobody", client_id="mine")

    def test_hides_its_secret(self) -> None:
        """Neither the client nor its requests show the secret."""
        shown = f"{APP!r} {device_request(APP)!r} {poll_request(APP, waiting())!r} {waiting()!r}"

        assert "made-up" not in shown


class TestDevice:
    """A login with a code."""

    def test_asks_for_a_code(self) -> None:
        """The client and the scope are named."""
        assert device_request(APP) == TokenRequest(
            "https://auth.example/device",
            {"client_id": "mine", "client_secret": "made-up-client-secret", "scope": "openid"},
        )

    def test_asks_for_a_code_only_where_it_is_known_where(self) -> None:
        """Without an endpoint there is a sentence that says what to do."""
        with pytest.raises(LoginFailed, match="no device endpoint is known"):
            device_request(replace(APP, device_url=None))

    def test_prompts_what_it_was_told(self) -> None:
        """Address and code are shown as they are."""
        found = waiting()

        assert found.prompt == Prompt("https://auth.example/go", "WDJB-MJHT")
        assert (found.at, found.until) == (NOW + 7, NOW + 600)

    @pytest.mark.parametrize("interval", [None, 0, -3, "soon"])
    def test_asks_every_five_seconds_by_default(self, interval: object) -> None:
        """A provider that names no interval is asked every five seconds."""
        assert waiting(interval=interval).interval == 5.0

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(None, id="no reply"),
            pytest.param(reply(404, TOLD), id="a refusal"),
            pytest.param(reply(200, {}), id="nothing in it"),
            pytest.param(reply(200, TOLD | {"user_code": 7}), id="a code that is none"),
        ],
    )
    def test_ends_without_a_code(self, answer: Reply | None) -> None:
        """A device endpoint that gives no code ends the login."""
        with pytest.raises(LoginFailed) as failed:
            read_device(answer, now=NOW)

        assert why(failed) is NoLogin.NO_TOKEN

    def test_asks_with_the_device_code(self) -> None:
        """The question has the grant type of RFC 8628."""
        assert poll_request(APP, waiting()).form == {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": "made-up-device",
            "client_id": "mine",
            "client_secret": "made-up-client-secret",
        }

    @pytest.mark.parametrize("status", [200, 400])
    def test_waits_while_nobody_has_finished(self, status: int) -> None:
        """A pending login is asked for again after the interval."""
        assert polled(status, {"error": "authorization_pending"}) == replace(waiting(), at=NOW + 14)

    @pytest.mark.parametrize("status", [200, 400, 429])
    def test_slows_down(self, status: int) -> None:
        """Each request to slow down costs five seconds, for good."""
        assert polled(status, {"error": "slow_down"}) == replace(
            waiting(), interval=12.0, at=NOW + 19
        )

    def test_bears_a_bad_second(self) -> None:
        """Neither an outage nor silence ends the login."""
        assert polled(503, {}) == replace(waiting(), at=NOW + 14)
        assert after_poll(APP, waiting(), None, now=NOW + 7) == replace(waiting(), at=NOW + 14)

    @pytest.mark.parametrize(
        ("error", "expected"),
        [("access_denied", NoLogin.DENIED), ("expired_token", NoLogin.EXPIRED)],
    )
    def test_ends_when_it_is_told_so(self, error: str, expected: NoLogin) -> None:
        """A refusal and an ended code end the login."""
        with pytest.raises(LoginFailed) as failed:
            polled(400, {"error": error})

        assert why(failed) is expected

    def test_ends_when_the_code_will_have_ended(self) -> None:
        """Nobody waits for a question that comes too late."""
        with pytest.raises(LoginFailed) as failed:
            polled(400, {"error": "authorization_pending"}, expires_in=10)

        assert why(failed) is NoLogin.EXPIRED

    def test_brings_tokens(self) -> None:
        """The tokens' time runs from now."""
        found = polled(200, TOKENS)

        assert isinstance(found, Login)
        assert found.grant.secret == Secret("made-up-access")
        assert found.grant.expires_at == NOW + 67


class TestTokens:
    """What a token reply says of the login."""

    def test_keeps_the_client_and_what_was_told(self) -> None:
        """The next refresh needs the client; scope and type are the provider's word."""
        found = read_login(APP, reply(200, TOKENS | {"scope": "all", "token_type": "B"}), now=NOW)

        assert found.stored == {
            "client_id": "mine",
            "client_secret": "made-up-client-secret",
            "scope": "all",
            "token_type": "B",
        }
        assert "made-up" not in repr(found)

    @pytest.mark.parametrize(
        ("told", "account", "name"),
        [
            pytest.param({}, None, None, id="nothing"),
            pytest.param({"id_token": token({"sub": "s"})}, "s", None, id="a person"),
            pytest.param({"access_token": token({"sub": "s"})}, "s", None, id="an access token"),
            pytest.param(
                {"id_token": token({"email": "e@x"})}, "e@x", "e@x", id="an address for want of it"
            ),
            pytest.param(
                {
                    "id_token": token(
                        {
                            "sub": "s",
                            "https://api.openai.com/auth": {"chatgpt_account_id": "w"},
                        }
                    )
                },
                "s/w",
                None,
                id="a workspace",
            ),
            pytest.param({"account": {"uuid": "u"}}, "u", None, id="beside the tokens"),
            pytest.param({"id_token": "a.b.c"}, None, None, id="no JSON in it"),
            pytest.param({"id_token": "a.%.c"}, None, None, id="no base64 in it"),
            pytest.param({"id_token": token(["sub"])}, None, None, id="a list"),
            pytest.param({"id_token": 7}, None, None, id="a number"),
        ],
    )
    def test_tells_whose_login_it_is(
        self, told: dict[str, object], account: str | None, name: str | None
    ) -> None:
        """The account is that of the claims, or of the reply; an unreadable token tells nothing."""
        found = read_login(APP, reply(200, TOKENS | told), now=NOW)

        assert (found.account, found.name) == (account, name)

    @pytest.mark.parametrize(
        "answer", [None, reply(200, {}), reply(401, {"error": "invalid_client"})]
    )
    def test_ends_without_a_token(self, answer: Reply | None) -> None:
        """A reply without a token ends the login."""
        with pytest.raises(LoginFailed) as failed:
            read_login(APP, answer, now=NOW)

        assert why(failed) is NoLogin.NO_TOKEN


class TestBrowser:
    """A login in this machine's browser."""

    asked = authorize(
        APP, "http://127.0.0.1:1/callback", state=Secret("st-ate"), verifier=Secret("v" * 64)
    )

    def test_prompts_with_a_challenge(self) -> None:
        """The address has the digest of the verifier, and never the verifier."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.asked.url).query).items()}

        digest = hashlib.sha256(b"v" * 64).digest()
        assert query == {
            "response_type": "code",
            "client_id": "mine",
            "redirect_uri": "http://127.0.0.1:1/callback",
            "scope": "openid",
            "state": "st-ate",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        assert "st-ate" not in repr(self.asked)

    def test_adds_to_an_address_that_has_a_query(self) -> None:
        """What the operator wrote in the address stays."""
        app = replace(APP, authorize_url="https://auth.example/authorize?tenant=7")

        asked = authorize(app, "http://127.0.0.1:1/", state=Secret("s"), verifier=Secret("v"))

        assert asked.url.startswith("https://auth.example/authorize?tenant=7&response_type=code")

    def test_needs_an_address(self) -> None:
        """Without an endpoint there is a sentence that says what to do."""
        with pytest.raises(LoginFailed, match="no authorize endpoint is known"):
            authorize(replace(APP, authorize_url=None), "", state=Secret("s"), verifier=Secret("v"))

    def test_takes_the_code(self) -> None:
        """The right state brings the code, and the exchange proves the verifier."""
        code = read_callback(self.asked, "state=st-ate&code=made-up-code")

        assert exchange_request(APP, self.asked, code).form == {
            "grant_type": "authorization_code",
            "code": "made-up-code",
            "redirect_uri": "http://127.0.0.1:1/callback",
            "code_verifier": "v" * 64,
            "client_id": "mine",
            "client_secret": "made-up-client-secret",
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("code=c", NoLogin.WRONG_STATE),
            ("code=c&state=other", NoLogin.WRONG_STATE),
            ("error=access_denied&state=other", NoLogin.WRONG_STATE),
            ("error=access_denied&state=st-ate", NoLogin.DENIED),
            ("error=server_error&state=st-ate", NoLogin.NO_TOKEN),
            ("state=st-ate", NoLogin.NO_TOKEN),
        ],
    )
    def test_ends_without_a_code(self, query: str, expected: NoLogin) -> None:
        """A stranger's state counts before anything that is said with it."""
        with pytest.raises(LoginFailed) as failed:
            read_callback(self.asked, query)

        assert why(failed) is expected

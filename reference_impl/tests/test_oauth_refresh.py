"""The exchange of a refresh token, as messages."""

import json
from dataclasses import replace

import pytest

from credpool.model.entry import Entry
from credpool.model.messages import Grant
from credpool.model.secret import Secret
from credpool.model.terms import AuthType, EntryId
from credpool.providers.grant import (
    Refusal,
    TokenRequest,
    read_token_reply,
    token_request,
)
from credpool.providers.registry import provider
from credpool.providers.reply import Reply

NOW = 1795392000.0
GONE = provider("chatgpt").terminal
LOGIN = Entry(
    id=EntryId("a"),
    auth_type=AuthType.OAUTH,
    secret=Secret("made-up-access"),
    refresh_token=Secret("made-up-refresh"),
    token_url="https://auth.example/token",
)


def read(status: int, body: object) -> Grant | Refusal:
    """Return what the token endpoint's answer means."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_token_reply(Reply(status, {}, raw), now=NOW, gone=GONE)


class TestRequest:
    """What is posted, and where."""

    def test_is_the_refresh_grant(self) -> None:
        """The refresh token is posted to the entry's own endpoint."""
        assert token_request(LOGIN, provider("generic")) == TokenRequest(
            "https://auth.example/token",
            {"grant_type": "refresh_token", "refresh_token": "made-up-refresh"},
        )

    def test_names_the_operators_client(self) -> None:
        """A client id comes with the entry, and from nowhere else."""
        asked = token_request(replace(LOGIN, extra={"client_id": "mine"}), provider("generic"))

        assert isinstance(asked, TokenRequest)
        assert asked.form["client_id"] == "mine"

    def test_proves_a_confidential_client(self) -> None:
        """A client secret goes with the client id, and is not shown."""
        client = {"client_id": "mine", "client_secret": "made-up-client-secret"}

        asked = token_request(replace(LOGIN, extra=client), provider("generic"))

        assert isinstance(asked, TokenRequest)
        assert asked.form["client_secret"] == "made-up-client-secret"
        assert "made-up-client-secret" not in repr(asked)

    def test_names_no_client_of_another_kind(self) -> None:
        """A client id that is no text is not sent."""
        asked = token_request(replace(LOGIN, extra={"client_id": 7}), provider("generic"))

        assert isinstance(asked, TokenRequest)
        assert "client_id" not in asked.form

    def test_goes_to_the_providers_endpoint_by_default(self) -> None:
        """An entry that names no endpoint uses the registry's."""
        asked = token_request(replace(LOGIN, token_url=None), provider("openai"))

        assert isinstance(asked, TokenRequest)
        assert asked.url == "https://auth.openai.com/api/accounts/oauth/token"

    @pytest.mark.parametrize(
        "entry",
        [
            pytest.param(replace(LOGIN, token_url=None), id="nobody knows where"),
            pytest.param(replace(LOGIN, refresh_token=None), id="there is nothing to exchange"),
        ],
    )
    def test_is_not_made_when_it_cannot_be(self, entry: Entry) -> None:
        """Without an endpoint or a grant there is a refusal, and it is not for good."""
        refusal = token_request(entry, provider("generic"))

        assert refusal == Refusal(
            terminal=False, message="no token endpoint is known; set token_url"
        )

    def test_hides_the_tokens_in_its_picture(self) -> None:
        """A token request may be printed."""
        asked = token_request(LOGIN, provider("generic"))

        assert repr(asked) == "TokenRequest(url='https://auth.example/token', form=***)"


class TestReply:
    """What the token endpoint's answer means."""

    @pytest.mark.parametrize("lasts", [3600, 3600.0, "3600"], ids=["whole", "broken", "text"])
    def test_may_be_new_tokens(self, lasts: float | str) -> None:
        """Both tokens and the expiry are read, whether that is a number or says one."""
        body = {"access_token": "new", "refresh_token": "next", "expires_in": lasts}

        assert read(200, body) == Grant(
            secret=Secret("new"), refresh_token=Secret("next"), expires_at=NOW + 3600
        )

    @pytest.mark.parametrize(
        "more",
        [
            pytest.param({}, id="nothing"),
            pytest.param({"refresh_token": "", "expires_in": None}, id="nothing of use"),
            pytest.param({"refresh_token": 5, "expires_in": "soon"}, id="something else"),
            pytest.param({"expires_in": 10**400}, id="longer than there are numbers"),
            pytest.param({"expires_in": True}, id="a yes"),
        ],
    )
    def test_may_be_an_access_token_alone(self, more: dict[str, object]) -> None:
        """What else the reply could have said is unknown when it does not."""
        assert read(200, {"access_token": "new", **more}) == Grant(secret=Secret("new"))

    @pytest.mark.parametrize("code", sorted(GONE))
    @pytest.mark.parametrize("status", [200, 400, 401, 403])
    def test_may_end_the_grant(self, code: str, status: int) -> None:
        """A terminal code is for good, under whichever status of a refusal."""
        refusal = read(status, {"error": code})

        said = f"the token endpoint answered {status}, {code}"
        assert refusal == Refusal(terminal=True, message=said)

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_may_be_a_bad_minute(self, status: int) -> None:
        """A throttled or broken endpoint ends no grant, whatever its body says."""
        refusal = read(status, {"error": "invalid_grant"})

        assert isinstance(refusal, Refusal)
        assert not refusal.terminal

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            pytest.param(400, {"error": "invalid_request"}, id="another error"),
            pytest.param(200, {"access_token": ""}, id="an empty token"),
            pytest.param(200, {"access_token": 5}, id="a token that is not text"),
            pytest.param(200, b"<html>", id="a page"),
            pytest.param(201, {"access_token": "new"}, id="another success"),
        ],
    )
    def test_may_be_no_answer(self, status: int, body: object) -> None:
        """What is neither tokens nor the end of the grant is a refusal for now."""
        refusal = read(status, body)

        assert isinstance(refusal, Refusal)
        assert not refusal.terminal

"""Logging in and refreshing from the command, over real HTTP on the loopback address."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credpool import AuthType, Entry, EntryId, Secret
from credpool.cli.logins import Client
from credpool.stores import JsonFileStore
from credpool.testing import FakeReply, FakeRequest
from credpool.testing.server import Server

if TYPE_CHECKING:
    from conftest import Command

Keep = Callable[..., None]
Serve = Callable[..., str]
DEVICE = {
    "device_code": "made-up",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://a.example",
}
ASKED = FakeReply.json({**DEVICE, "interval": 0.001})
OVER = FakeReply.json({**DEVICE, "interval": 0.001, "expires_in": 0.0001})
TOKENS = FakeReply.json({"access_token": "made-up-access-1234", "refresh_token": "made-up-refresh"})
MINE = ("login", "openai", "--client-id", "mine")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return how to start an authorisation server with its replies, in order."""
    servers: list[Server] = []

    def start(*replies: FakeReply) -> str:
        left = list(replies)

        def answer(request: FakeRequest) -> FakeReply:
            del request
            return left.pop(0)

        servers.append(Server(answer))
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for server in servers:
        server.stop()


def at(url: str) -> tuple[str, ...]:
    """Name the endpoints of a server."""
    return ("--device-url", f"{url}/device", "--token-url", f"{url}/token")


def a_login(url: str) -> Entry:
    """Return an entry with a login that the server at that address has granted."""
    return Entry(
        id=EntryId("a"),
        label="me",
        auth_type=AuthType.OAUTH,
        secret=Secret("made-up-old-1234"),
        refresh_token=Secret("made-up-grant-1234"),
        token_url=f"{url}/token",
    )


def secret_of(path: Path) -> Secret | None:
    """Read the secret of the store's only entry."""
    (entry,) = JsonFileStore(path, "openai").load().entries
    return entry.secret


def test_a_person_logs_in_with_a_code(credpool: "Command", serve: Serve, path: Path) -> None:
    """Where to go and what to type is said on stderr; the tokens are said nowhere."""
    ran = credpool(*MINE, *at(serve(ASKED, TOKENS)), "--json")

    assert (ran.code, ran.entries[0]["auth_type"]) == (0, "oauth")
    assert "Open https://a.example on any device, and type the code WDJB-MJHT" in ran.err
    assert "made-up-access" not in ran.out + ran.err
    assert secret_of(path) == Secret("made-up-access-1234")


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        pytest.param([ASKED, FakeReply.error(400, "access_denied")], "was refused", id="denied"),
        pytest.param([OVER], "nobody has typed the code in time", id="timed out"),
        pytest.param([ASKED, FakeReply.json({})], "without a token", id="no token"),
        pytest.param([FakeReply.error(500)], "answered 500 without a code", id="no code"),
    ],
)
def test_a_login_that_comes_to_nothing(
    credpool: "Command", serve: Serve, path: Path, replies: list[FakeReply], said: str
) -> None:
    """The code is 6, the sentence has a next step, and the pool is as it was."""
    ran = credpool(*MINE, *at(serve(*replies)))

    assert (ran.code, ran.out) == (6, "")
    assert said in ran.err
    assert "log in again" in ran.err
    assert JsonFileStore(path, "openai").load().entries == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("login openai", "needs --client-id", id="no client"),
        pytest.param("login openai --client-id mine", "--device-url", id="no endpoint"),
        pytest.param("login groq --client-id mine", "takes API keys alone", id="no logins there"),
        pytest.param(
            "refresh openai", "has no login that can be refreshed", id="nothing to refresh"
        ),
    ],
)
def test_a_login_that_cannot_begin(credpool: "Command", line: str, said: str) -> None:
    """The command line is wrong, and the sentence says what to write."""
    ran = credpool(*line.split())

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_login_is_refreshed_on_demand(
    credpool: "Command", serve: Serve, keep: Keep, path: Path
) -> None:
    """However long the old token lasts; the new one is kept and not said."""
    keep(a_login(serve(TOKENS)))

    ran = credpool("refresh", "openai")

    assert (ran.code, ran.err) == (0, "Refreshed a (me) of openai.\n")
    assert secret_of(path) == Secret("made-up-access-1234")


def test_a_refresh_that_fails_is_told(
    credpool: "Command", serve: Serve, keep: Keep, path: Path
) -> None:
    """The old token is kept while it is good; a grant that is over is dead, and says so."""
    keep(a_login(serve(FakeReply.error(503))))
    down = credpool("refresh", "openai", "me")
    keep(a_login(serve(FakeReply.error(400, "invalid_grant"))))
    over = credpool("refresh", "openai", "me")

    assert (down.code, over.code) == (6, 6)
    assert "got no new tokens; the old one is still valid; try again in a minute" in down.err
    assert "log in again" in over.err
    assert secret_of(path) == Secret("made-up-old-1234")
    assert "auth_revoked, log in again" in credpool("list").out


def test_a_key_is_not_refreshed(credpool: "Command", keep: Keep) -> None:
    """It has no other token to become."""
    keep(Entry(id=EntryId("k"), secret=Secret("sk-0123456789abcdef")))

    ran = credpool("refresh", "openai", "k")

    assert (ran.code, "k is not a login that can be refreshed" in ran.err) == (6, True)


def test_a_borrowed_login_is_read_again(
    credpool: "Command", around: dict[str, str], path: Path
) -> None:
    """The variable holds what it held: nothing is newer, and the entry is not blamed."""
    around["OPENAI_API_KEY"] = "sk-0123456789abcdef"

    ran = credpool("refresh", "openai", "1")

    assert (ran.code, "nothing newer" in ran.err) == (6, True)
    assert "sk-0123456789" not in path.read_text(encoding="utf-8")
    assert credpool("status").code == 0


class Answering:
    """Answer questions in turn, and note them."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    def ask(self, question: str, default: str = "") -> str:
        """Return the next answer."""
        del default
        self.asked.append(question)
        return next(self._answers)


def test_a_person_is_asked_for_what_is_missing() -> None:
    """With a device endpoint nobody is asked for another; what was given is not asked again."""
    by_code, by_browser = (
        Answering("mine", "https://a/device", "", ""),
        Answering("", "https://a/go", "", "all"),
    )

    first = Client().asked(by_code)  # type: ignore[arg-type]
    second = Client(client_id="mine").asked(by_browser)  # type: ignore[arg-type]

    assert (first.client_id, first.device_url, first.authorize_url) == (
        "mine",
        "https://a/device",
        None,
    )
    assert (second.device_url, second.authorize_url, second.scope) == ("", "https://a/go", "all")
    assert len(by_code.asked) == len(by_browser.asked) == 4

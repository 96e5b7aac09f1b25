"""`credpool test`: one question with each key, to its own address, and nothing is changed."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from jsonschema import Draft202012Validator

from credpool import Entry, PoolState, Secret
from credpool.cli.providers import trial
from credpool.cli.providers.answers import Answer, report
from credpool.cli.providers.trial import AT_ONCE, MOST_READ, Trial, try_all
from credpool.model.terms import AuthType, EntryId
from credpool.providers import registry
from credpool.testing import FakeProvider, FakeReply

if TYPE_CHECKING:
    from conftest import Command

NOW = 1795392000.0
Handler = Callable[[httpx2.Request], object]
SCHEMA = Path(__file__).parents[3] / "spec/schemas/trials.schema.json"


def key(name: str) -> str:
    """Return a secret."""
    return f"sk-{name}-0123456789abcdef"


def entry(name: str, **more: object) -> Entry:
    """Make an entry with a key of its own."""
    return Entry(id=EntryId(name), **{"label": name, "secret": Secret(key(name)), **more})  # type: ignore[arg-type]


def pool(*entries: Entry, provider: str = "openai") -> PoolState:
    """Make a pool."""
    return PoolState(key=provider, provider=provider, entries=entries)


def asked(handler: Handler, *states: PoolState, patience: float = trial.PATIENCE) -> list[Trial]:
    """Ask with all entries, and let the handler answer."""
    transport = httpx2.MockTransport(handler)  # type: ignore[arg-type]
    return try_all(states, transport=transport, patience=patience)


def answers(trials: list[Trial]) -> dict[str, str]:
    """Return what came of each question."""
    rows = report(trials, now=NOW)["entries"]
    assert isinstance(rows, list)
    return {row["id"]: row["answer"] for row in rows if isinstance(row, dict)}  # type: ignore[misc]


@pytest.fixture
def served(path: Path) -> Iterator[FakeProvider]:
    """Serve an endpoint of the operator's own, and list it in the configuration."""
    money = FakeReply.error(429, "insufficient_quota", "You exceeded your current quota")
    capped = FakeReply.error(429, "rate_limit_exceeded", "slow down", {"retry-after": "60"})
    refused = FakeReply.error(401, "invalid_api_key", f"Incorrect API key: {key('refused')}")
    script = {"poor": [money] * 2, "capped": [capped] * 2, "refused": [refused] * 2}
    with FakeProvider({key(name): replies for name, replies in script.items()}) as provider:
        path.parent.mkdir(exist_ok=True)
        listed = f"custom_providers:\n- {{name: box, base_url: {provider.url}/v1}}\n"
        path.with_name("config.yaml").write_text(listed, encoding="utf-8")
        yield provider


def test_each_key_is_asked_with_and_nothing_changes(
    credpool: "Command", served: FakeProvider, path: Path
) -> None:
    """Well, refused, without money, capped: one request each, and the file is as it was."""
    for name in ("well", "poor", "capped", "refused", "off"):
        credpool("add", "custom:box", "--label", name, stdin=key(name))
    credpool("disable", "custom:box", "off")
    before = path.read_bytes()

    ran = credpool("test", "custom:box")
    told = credpool("test", "--json")

    assert ran.code == told.code == 1
    rows = {row["label"]: row for row in json.loads(told.out)["entries"]}
    assert {request.path for request in served.requests} == {"v1/models"}
    assert sorted(served.secrets) == sorted(
        2 * [key(n) for n in ("well", "poor", "capped", "refused")]
    )
    assert rows["off"]["answer"] == "not_asked"
    words = {
        line.split()[2].strip("()"): line for line in ran.out.splitlines() if "custom:box" in line
    }
    assert "ok" in words["well"]
    assert "out of money" in words["poor"]
    assert "capped" in words["capped"]
    assert "1 min left" in words["capped"]
    assert "refused" in words["refused"]
    assert "make a new key" in ran.err
    assert "0123456789abcdef" not in ran.out + ran.err + told.out
    assert path.read_bytes() == before
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(json.loads(told.out))


def test_the_code_says_whether_all_is_well(credpool: "Command", served: FakeProvider) -> None:
    """Nobody asked is not well; a pool that is not there is a mistake."""
    assert credpool("test").code == 1
    credpool("add", "custom:box", stdin=key("well"))

    assert credpool("test", "custom:box").code == 0
    assert credpool("test", "nobody").code == 2
    assert len(served.requests) == 1


@pytest.mark.parametrize("name", registry.names())
def test_a_key_goes_to_its_own_address_alone(name: str) -> None:
    """The header is the provider's, the host its own, and a GET is all that is sent."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={"data": []})

    base = "https://own.example/v1"
    for way in registry.provider(name).credentials:
        sent.clear()
        kind = {"auth_type": way.auth_type}
        trials = asked(
            answer, pool(entry("a", **kind), entry("b", base_url=base, **kind), provider=name)
        )

        home = way.base_url or registry.provider(name).base_url
        expected = [home, base] if home else [base]
        hosts = [str(httpx2.URL(url).host) for url in expected]
        assert [r.url.host for r in sent] == (hosts if way.question else [])
        assert all(r.method == "GET" and not r.content for r in sent)
        assert all(
            dict(r.headers.raw)[way.header.encode()].endswith(b"0123456789abcdef") for r in sent
        )
        unasked = {t.not_asked for t in trials} - {"has no base_url, and neither has its provider"}
        assert way.question or unasked == {"no harmless question is known"}


def test_no_redirect_is_followed() -> None:
    """Wherever it leads, no key goes there; the answer is unclear."""
    sent: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(str(request.url))
        return httpx2.Response(307, headers={"location": "https://evil.example/models"})

    assert answers(asked(answer, pool(entry("a")))) == {"a": "unclear"}
    assert sent == ["https://api.openai.com/v1/models"]


def test_entries_of_one_key_share_one_question() -> None:
    """The provider sees a key, not a row."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200)

    found = asked(answer, pool(entry("a"), entry("b", secret=Secret(key("a")))))

    assert answers(found) == {"a": "ok", "b": "ok"}
    assert len(sent) == 1


def test_questions_are_asked_at_once_and_not_too_many() -> None:
    """All that may be under way wait for each other here, and nobody else has been let in."""
    under_way, most = 0, 0
    meet = asyncio.Barrier(AT_ONCE)

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await meet.wait()
        under_way -= 1
        return httpx2.Response(200)

    found = asked(answer, pool(*(entry(f"e{n}") for n in range(2 * AT_ONCE))))

    assert {*answers(found).values()} == {"ok"}
    assert most == AT_ONCE


def test_a_provider_that_does_not_answer_holds_nobody_up() -> None:
    """Its entry has no answer; the other has one."""

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if key("mute") in str(request.headers.raw):
            await asyncio.Event().wait()
        return httpx2.Response(200)

    found = asked(answer, pool(entry("mute"), entry("well")), patience=0.5)

    assert answers(found) == {"mute": "no_answer", "well": "ok"}


def test_an_endless_reply_is_read_to_a_limit() -> None:
    """What comes after it is not waited for."""
    read = 0

    async def endless() -> object:
        nonlocal read
        while True:
            read += 1
            yield b"x" * MOST_READ

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401, content=endless())  # type: ignore[arg-type]

    assert answers(asked(answer, pool(entry("a")))) == {"a": "refused"}
    assert read <= 2


def test_a_broken_connection_is_no_answer() -> None:
    """It is the network's fault, or the host's name."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    assert answers(asked(answer, pool(entry("a")))) == {"a": "no_answer"}


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, {"data": []}, Answer.OK),
        (401, {"error": {"message": "no"}}, Answer.REFUSED),
        (402, {"error": {"message": "pay"}}, Answer.NO_MONEY),
        (403, {"error": {"message": "no"}}, Answer.REFUSED),
        (404, {}, Answer.UNCLEAR),
        (429, {"error": {"message": "slow"}}, Answer.CAPPED),
        (500, {}, Answer.NO_ANSWER),
        (503, {}, Answer.NO_ANSWER),
    ],
)
def test_what_an_answer_means(status: int, body: object, answer: Answer) -> None:
    """It is read by the rules by which a failing call is."""
    found = asked(lambda _: httpx2.Response(status, json=body), pool(entry("a")))

    assert answers(found) == {"a": answer.value}


def test_an_entry_without_a_key_is_not_asked_with(caplog: pytest.LogCaptureFixture) -> None:
    """Nor is one that cannot be sent, and no key is in a log."""
    caplog.set_level(logging.DEBUG)
    bad = entry("bad", secret=Secret("sk-\nbad"))
    found = asked(lambda _: httpx2.Response(200), pool(entry("none", secret=None), bad, entry("a")))

    assert answers(found) == {"none": "not_asked", "bad": "not_asked", "a": "ok"}
    assert "0123456789abcdef" not in caplog.text


def test_a_login_whose_question_nobody_knows_is_not_asked() -> None:
    """What is documented for a key need not hold for a login."""
    login = entry("login", auth_type=AuthType.OAUTH)

    found = asked(lambda _: httpx2.Response(200), pool(login, provider="anthropic"))

    assert answers(found) == {"login": "not_asked"}

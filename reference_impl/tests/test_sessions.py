"""Sessions that stay with the entry that answered them."""

from itertools import repeat

import httpx2
import pytest
from openai import OpenAI

from credpool import Policy, Pool, Strategy
from credpool._engine.sessions import Sessions
from credpool.httpx2 import PoolAuth
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.testing import FakeClock, FakeProvider, FakeReply

URL = "https://api.openai.com/v1/chat/completions"
KEYS = ["sk-a", "sk-b", "sk-c"]
CHAT, TALK = {"x-credpool-session": "chat"}, {"x-credpool-session": "talk"}
NO_MONEY = FakeReply.error(402, None, "Insufficient credits")


@pytest.fixture
def provider() -> FakeProvider:
    """Return a provider that answers everyone."""
    return FakeProvider()


def client(provider: FakeProvider, pool: Pool) -> httpx2.Client:
    """Return a client of the pool's."""
    transport = httpx2.MockTransport(provider.handler(httpx2.Response))
    return httpx2.Client(auth=PoolAuth(pool), transport=transport)


@pytest.mark.parametrize("strategy", ["round_robin", "least_used", "quota_aware"])
def test_a_session_stays_and_the_others_take_turns(strategy: str, provider: FakeProvider) -> None:
    """Two sessions keep a key each, and calls without one are spread as the strategy says."""
    pool = Pool.from_keys("openai", KEYS, strategy=strategy)

    with client(provider, pool) as http:
        for headers in (CHAT, TALK, CHAT, TALK, CHAT, None, None):
            http.post(URL, headers=headers, json={})

    turns = ["sk-c", "sk-a"] if strategy == "round_robin" else ["sk-c", "sk-c"]
    assert provider.secrets == ["sk-a", "sk-b", "sk-a", "sk-b", "sk-a", *turns]
    assert [e.request_count for e in pool.state.entries] == [
        provider.secrets.count(key) for key in KEYS
    ]


def test_a_session_at_home_reads_and_writes_nothing(provider: FakeProvider) -> None:
    """A call that stays takes the fast way: its pool decides nothing again."""
    pool = Pool.from_keys("openai", KEYS)

    with client(provider, pool) as http:
        http.post(URL, headers=CHAT, json={})
        indexes = dict(engine_of(pool)._stored.view.indexes)  # noqa: SLF001  made again when anything was decided
        http.post(URL, headers=CHAT, json={})

    assert engine_of(pool)._stored.view.indexes == indexes  # noqa: SLF001


def test_a_session_goes_over_when_its_entry_is_out() -> None:
    """The key that answers in place of the session's own is the session's from then on."""
    provider = FakeProvider({"sk-a": [FakeReply.json({}), NO_MONEY]})
    pool = Pool.from_keys("openai", KEYS, policy=Policy(max_concurrent=1))

    with client(provider, pool) as http:
        for _ in range(2):
            http.post(URL, headers=CHAT, json={})
        pool.reset()
        http.post(URL, headers=CHAT, json={})
        http.post(URL, json={})

    assert provider.secrets == ["sk-a", "sk-a", "sk-b", "sk-b", "sk-a"]


def test_no_request_names_its_session(provider: FakeProvider) -> None:
    """The header ends at the pool."""
    with client(provider, Pool.from_keys("openai", KEYS)) as http:
        http.post(URL, headers=CHAT, json={})

    assert [request.header("x-credpool-session") for request in provider.requests] == [None]


def test_an_sdk_names_a_session_for_each_conversation() -> None:
    """A copy of the SDK's client with a default header is a conversation of its own."""
    with FakeProvider({key: repeat(_said()) for key in KEYS}) as provider:
        url = f"{provider.url}/v1"
        pool = Pool.from_keys("openai", KEYS, strategy="round_robin", base_url=url)
        with httpx2.Client(auth=PoolAuth(pool)) as http_client:
            sdk = OpenAI(api_key="from-the-pool", base_url=url, http_client=http_client)
            chats = [
                sdk.with_options(default_headers={"x-credpool-session": name})
                for name in ("ann", "bob")
            ]
            for chat in (*chats, *chats, *chats):
                chat.chat.completions.create(model="gpt-5", messages=[])

    assert provider.secrets == ["sk-a", "sk-b"] * 3
    assert not [r for r in provider.requests if r.header("x-credpool-session")]


def _said() -> FakeReply:
    message = {"role": "assistant", "content": "Hello."}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "gpt-5"}
    return FakeReply.json({**whole, "choices": [choice]})


class TestSessions:
    """What is remembered."""

    @pytest.fixture
    def sessions(self) -> Sessions:
        """Return a memory of two sessions."""
        return Sessions(most=2)

    def test_forgets_in_time(self, sessions: Sessions) -> None:
        """A session is remembered until its time, and not at it."""
        sessions.settle("chat", EntryId("a"), 10.0)

        assert sessions.home("chat", 9.9) == "a"
        assert sessions.home("chat", 10.0) is None
        assert sessions.home("talk", 0.0) is None

    def test_forgets_whoever_was_silent_for_longest(self, sessions: Sessions) -> None:
        """Of more sessions than fit, the one whose latest success is the oldest goes."""
        sessions.settle("chat", EntryId("a"), 10.0)
        sessions.settle("talk", EntryId("b"), 10.0)
        sessions.settle("chat", EntryId("c"), 10.0)

        sessions.settle("speak", EntryId("d"), 10.0)

        assert [sessions.home(s, 0.0) for s in ("chat", "talk", "speak")] == ["c", None, "d"]

    def test_the_policy_says_for_how_long(self, provider: FakeProvider) -> None:
        """After `affinity_ttl` a session begins again."""
        clock = FakeClock()
        policy = Policy(affinity_ttl=60.0)
        strategy = Strategy.ROUND_ROBIN.value
        pool = Pool.from_keys("openai", KEYS, strategy=strategy, policy=policy, clock=clock)

        with client(provider, pool) as http:
            http.post(URL, headers=CHAT, json={})
            clock.sleep(clock.now() + 59, "retry")
            http.post(URL, headers=CHAT, json={})
            clock.sleep(clock.now() + 60, "retry")
            http.post(URL, headers=CHAT, json={})

        assert provider.secrets == ["sk-a", "sk-a", "sk-b"]

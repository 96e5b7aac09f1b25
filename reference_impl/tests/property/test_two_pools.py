"""The minimal pool and the library do the same with the same replies, whatever these are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import httpx
import minimal
from hypothesis import given, settings
from hypothesis import strategies as st
from minimal.pool import exhaustion

import credpool
from credpool.httpx import PoolAuth
from credpool.stores import MemoryStore

URL = "http://provider.test/v1"
NOW = 1795392000.0
NEVER = 10.0**9
"""The minimal pool has no probes, so the library makes none either."""

CAPPED = {"error": {"code": "usage_limit_reached"}}
REPLIES = [
    *((status, {}, {}) for status in (200, 307, 400, 401, 402, 403, 429, 429, 500, 503)),
    *((429, {"retry-after": seconds}, {}) for seconds in ("0", "5", "40")),
    (402, {"retry-after": "100"}, {}),
    (401, {}, {"error": {"code": "token_revoked"}}),
    (429, {}, {"error": {"code": "context_length_exceeded"}}),
    (429, {}, CAPPED),
    (429, {"retry-after": "30"}, CAPPED),
]
Reply = tuple[int, dict[str, str], dict[str, object]]
Answer = Callable[[httpx.Request], httpx.Response]
Known = Callable[[], list[tuple[object, ...]]]


@dataclass
class World:
    """A provider that gives each secret its replies in turn, and a clock that a wait moves on."""

    script: list[Reply]
    time: float = NOW

    def __post_init__(self) -> None:
        self.counts: dict[bytes, int] = {}
        self.transport = httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the next reply, by the secret that is on the wire."""
        secret = {name.lower(): value for name, value in request.headers.raw}[b"authorization"]
        turn = self.counts[secret] = self.counts.get(secret, 0) + 1
        status, headers, body = self.script[(turn * 7 + secret[-1]) % len(self.script)]
        return httpx.Response(status, headers=headers, json=body)

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, until: float, _why: str = "") -> None:
        """Let the time pass."""
        self.time = max(self.time, until)


@dataclass(frozen=True)
class Setting:
    """What both pools are given."""

    secrets: list[str]
    priorities: list[int]
    strategy: str
    policy: Mapping[str, object]


def small_pool(given_: Setting, world: World) -> tuple[Answer, Known]:
    """Return how the minimal pool answers, and what it then knows."""
    entries = [
        minimal.Entry(str(place), minimal.Secret(secret), URL, priority=given_.priorities[place])
        for place, secret in enumerate(given_.secrets)
    ]
    policy = minimal.Policy(**given_.policy)
    pool = minimal.open_pool("generic", entries, strategy=given_.strategy, policy=policy)
    wait = lambda seconds: world.sleep(world.time + seconds)  # noqa: E731
    client = minimal.PoolClient(
        pool, clock=world.now, sleep=wait, base_url=URL, transport=world.transport
    )

    def known() -> list[tuple[object, ...]]:
        pool = client.pool
        reasons = exhaustion(pool, {}, world.time).reasons
        until = {name: None if end == inf else end for name, (_, end) in reasons.items()}
        counts = {entry.id: pool.known(entry.secret).count for entry in pool.entries}
        return [(i, reasons[i][0], until[i], counts[i]) for i in reasons]

    return client.send, known


def large_pool(given_: Setting, world: World) -> tuple[Answer, Known]:
    """Return how the library answers, and what it then knows."""
    entries = tuple(
        credpool.Entry(
            id=str(place),
            label=str(place),
            secret=credpool.Secret(secret),
            base_url=URL,
            priority=given_.priorities[place],
        )
        for place, secret in enumerate(given_.secrets)
    )
    words = {"first_429": credpool.First429(given_.policy["first_429"]), "probe_after": NEVER}
    state = credpool.PoolState(
        key="generic",
        provider="generic",
        entries=entries,
        strategy=credpool.Strategy(given_.strategy),
        policy=credpool.Policy(**{**given_.policy, **words}),
    )
    pool = credpool.Pool(MemoryStore(state), clock=world, dice=lambda: 0.0, base_url=URL)
    client = httpx.Client(transport=world.transport)

    def known() -> list[tuple[object, ...]]:
        told = credpool.events.report.report_pool(pool.state, now=world.time)["entries"]
        return [(e["id"], e.get("class"), e.get("until"), e["request_count"]) for e in told]

    return lambda request: client.send(request, auth=PoolAuth(pool)), known


Make = Callable[[Setting, World], tuple[Answer, Known]]


def story(make: Make, given_: Setting, script: list[Reply], waits: list[int]) -> list[object]:
    """Return what a pool does in some calls."""
    world = World(script)
    answer, known = make(given_, world)
    told: list[object] = []
    for seconds in waits:
        world.time += seconds
        try:
            response = answer(httpx.Request("POST", f"{URL}/responses", json={}))
            seen = (response.status_code, response.headers.get("x-should-retry"))
        except (minimal.PoolExhausted, credpool.PoolExhausted) as error:
            seen = ("exhausted", error.exhaustion.returns_at)
        told.append((seen, world.time, dict(world.counts), known()))
    return told


settings_ = st.integers(1, 4).flatmap(
    lambda size: st.builds(
        Setting,
        secrets=st.lists(st.sampled_from(["sk-1", "sk-2", "sk-3"]), min_size=size, max_size=size),
        priorities=st.lists(st.integers(0, 1), min_size=size, max_size=size),
        strategy=st.sampled_from(["fill_first", "round_robin", "least_used"]),
        policy=st.fixed_dictionaries(
            {"first_429": st.sampled_from(["retry", "rotate"])},
            optional={
                "max_retry_wait": st.sampled_from([0.0, 3.0, 50.0]),
                "sole_cooldown": st.sampled_from([0.0, 5.0, 100.0]),
            },
        ),
    )
)


@settings(max_examples=150)
@given(
    settings_,
    st.lists(st.sampled_from(REPLIES), min_size=5, max_size=12),
    st.lists(st.sampled_from([0, 1, 10, 61]), min_size=1, max_size=8),
)
def test_two_pools_tell_one_story(given_: Setting, script: list[Reply], waits: list[int]) -> None:
    """Both send the same requests, wait as long, deliver the same and know the same afterwards."""
    small = story(small_pool, given_, script, waits)

    large = story(large_pool, given_, script, waits)

    assert small == large

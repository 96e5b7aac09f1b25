"""What is left of an entry's quota, and whom `quota_aware` chooses."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import yaml

from credpool import Pool
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Entry, Window
from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId
from credpool.pool import engine_of
from credpool.providers.data import quota
from credpool.providers.quota import (
    MOST_WINDOWS,
    joined,
    latest_of,
    next_reset,
    read_windows,
    remaining,
)
from credpool.providers.reply import Reply
from credpool.rules.select import Index, available, choose
from credpool.stores import JsonFileStore
from credpool.testing import FakeClock, FakeProvider, FakeReply

NOW = 1795392000.0
SPEC = Path(__file__).parents[2] / "spec" / "tables" / "quota.yaml"
TABLE = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
EXAMPLES = [
    pytest.param(example.get("window", row["id"]), example, id=f"{row['id']}-{n}")
    for row in TABLE["rows"]
    for n, example in enumerate(row["examples"], start=1)
]
REQUESTS = {"x-ratelimit-limit-requests": "100", "x-ratelimit-reset-requests": "60"}


def test_the_rows_are_the_specifications() -> None:
    """The library reads the rows of the specification's table, which has examples of each."""
    assert TABLE["now"] == NOW
    assert [row["id"] for row in quota()] == [row["id"] for row in TABLE["rows"]]
    assert all(row["examples"] for row in TABLE["rows"])


@pytest.mark.parametrize(("row", "example"), EXAMPLES)
def test_example_reads_as_stated(
    row: str, example: Mapping[str, object], reply_of: Callable[[Mapping[str, object]], Reply]
) -> None:
    """An example tells of its row's window what the specification says, and of no other."""
    reply, left, resets = example["reply"], example["left"], example["resets"]
    assert isinstance(reply, dict)

    found = read_windows(reply_of(reply).headers, now=NOW)

    if left is None or resets is None:
        assert found == {}
    else:
        assert list(found) == [row]
        assert found[row].left == pytest.approx(left)
        assert found[row].until == pytest.approx(NOW + float(str(resets)))


def test_a_stranger_cannot_make_it_grow() -> None:
    """Windows of ever new names, and names without an end, are known up to a bound."""
    known: Mapping[str, Window] = {}
    for n in range(100):
        name = f"anthropic-ratelimit-unified-{n}h"
        told = {f"{name}-utilization": "0.5", f"{name}-reset": str(int(NOW) + n + 1)}
        known = joined(known, read_windows(told, now=NOW))
    long = "x" * 65
    told = {f"x-codex-{long}-used-percent": "1", f"x-codex-{long}-reset-at": str(int(NOW) + 1)}
    listed = {"ratelimit": ",".join(f'"{n}";r=1;t=9' for n in range(999)), "ratelimit-policy": ""}
    listed["ratelimit-policy"] = listed["ratelimit"].replace(";r=1;t=9", ";q=2")

    assert len(known) == MOST_WINDOWS
    assert "unified-99h" in known
    assert read_windows(told, now=NOW) == {}
    assert len(read_windows(listed, now=NOW)) <= MOST_WINDOWS


def test_a_window_of_a_list_has_a_short_name() -> None:
    """An item without a name, or with one that nobody would write, is passed over."""
    names = ('"day"', f'"{"x" * 65}"', "")
    told = {
        "ratelimit": ",".join(f"{name};r=1;t=9" for name in names),
        "ratelimit-policy": ",".join(f"{name};q=2" for name in names),
    }

    assert len(read_windows(told, now=NOW)) == 1


def test_a_reset_is_read_by_the_providers_clock() -> None:
    """A moment is corrected by the reply's `Date`, as a hint is."""
    told = {
        "anthropic-ratelimit-unified-5h-utilization": "0.5",
        "anthropic-ratelimit-unified-5h-reset": str(int(NOW) + 3600),
        "date": "Mon, 23 Nov 2026 00:30:00 GMT",
    }

    found = read_windows(told, now=NOW)

    assert found["unified-5h"].until == NOW + 1800


@pytest.mark.parametrize(
    ("windows", "left", "reset"),
    [
        pytest.param({}, None, math.inf, id="nothing is known"),
        pytest.param({"5h": Window(0.3, NOW + 1)}, 0.3, NOW + 1, id="one window"),
        pytest.param(
            {"5h": Window(0.9, NOW + 9), "7d": Window(0.1, NOW + 99)}, 0.1, NOW + 9, id="the least"
        ),
        pytest.param(
            {"5h": Window(0.0, NOW), "7d": Window(0.4, NOW + 99)}, 0.4, NOW + 99, id="reset now"
        ),
        pytest.param({"5h": Window(0.0, NOW)}, 1.0, math.inf, id="whole again"),
    ],
)
def test_the_least_window_counts_until_it_resets(
    windows: Mapping[str, Window], left: float | None, reset: float
) -> None:
    """The emptiest window that runs is what is left; one that has reset is whole."""
    assert remaining(windows, now=NOW) == left
    assert next_reset(windows, now=NOW) == reset


def pool(last: str | None = None, **left: tuple[int, float | None]) -> PoolState:
    """Return a pool of entries with a request count and a fraction that is left."""
    return PoolState(
        key="p",
        provider="generic",
        entries=tuple(
            Entry(id=EntryId(name), secret=Secret(f"sk-{name}"), request_count=count)
            for name, (count, _) in left.items()
        ),
        strategy=Strategy.QUOTA_AWARE,
        last=None if last is None else EntryId(last),
        quotas={
            EntryId(name): {"w": Window(fraction, NOW + 60)}
            for name, (_, fraction) in left.items()
            if fraction is not None
        },
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(pool("b", a=(0, 0.9), b=(9, 0.2)), "b", id="the last one is kept"),
        pytest.param(pool("b", a=(1, None), b=(9, 0.2)), "b", id="kept before an unknown one"),
        pytest.param(pool("b", a=(9, 0.3), b=(0, 0.19)), "a", id="it runs low"),
        pytest.param(pool(None, a=(0, 0.3), b=(9, 0.5)), "b", id="most left"),
        pytest.param(pool("c", a=(9, 0.5), b=(1, 0.5), c=(0, 0.1)), "b", id="as much: by count"),
        pytest.param(pool("c", a=(1, 0.5), b=(1, 0.5), c=(0, 0.1)), "a", id="as much: by order"),
        pytest.param(pool("a", a=(0, 0.1), b=(9, None)), "b", id="unknown before little"),
        pytest.param(pool("b", a=(1, None), b=(9, 0.1), c=(3, 0.4)), "c", id="enough first"),
        pytest.param(pool("b", a=(1, None), b=(0, None)), "b", id="nothing is known: by count"),
        pytest.param(pool("a", a=(0, 0.01), b=(9, 0.02)), "b", id="all are low: most left"),
        pytest.param(pool("a", a=(3, 0.9), b=(0, None)), "b", id="a new one is asked"),
    ],
)
def test_quota_aware_keeps_what_has_enough(state: PoolState, expected: str) -> None:
    """Rule and index agree on the entry that is kept, or on the next."""
    ready = available(state, now=NOW, model=None)

    found = choose(state, ready, now=NOW, draw=0.0)

    assert found is not None
    assert found.id == expected
    assert Index(state, now=NOW, model=None).pick(0.0, state.last).id == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param((0.5, 86400, True), (0.9, 172800, True), "a", id="the earlier deadline"),
        pytest.param((0.5, 86400, True), (0.9, 86401, True), "b", id="as good as at once"),
        pytest.param((0.5, 86400, True), (0.9, 3600, False), "a", id="within the hour is none"),
        pytest.param((0.5, -1, True), (0.9, 86400, True), "a", id="a long one has ended"),
        pytest.param((0.5, -1, False), (0.9, 86400, True), "b", id="a short one has ended"),
        pytest.param((0.01, 86400, True), (0.9, 172800, True), "b", id="too little left"),
    ],
)
def test_quota_aware_spends_first_what_resets_first(
    a: tuple[float, float, bool], b: tuple[float, float, bool], expected: str
) -> None:
    """Rule and index agree; the latest selection was the other's, with more left."""
    windows = [Window(left, NOW + seconds, lasts=long) for left, seconds, long in (a, b)]
    state = replace(
        pool("b", a=(1, None), b=(0, None)),
        quotas={EntryId(name): {"w": w} for name, w in zip("ab", windows, strict=True)},
    )

    found = choose(state, available(state, now=NOW, model=None), now=NOW, draw=0.0)

    assert found is not None
    assert found.id == expected
    assert Index(state, now=NOW, model=None).pick(0.0, state.last).id == expected


def test_new_entries_are_asked_in_turn() -> None:
    """The index asks each of them once, and then stays as the rule does."""
    state = pool("a", a=(9, 0.5), b=(0, None), c=(0, None))
    index = Index(state, now=NOW, model=None)

    picked, last = [], state.last
    for _ in range(4):
        last = index.pick(0.0, last).id
        picked.append(last)

    assert picked[:2] == ["b", "c"]
    assert picked[2:] == ["a", "a"], "what told nothing is not new any more"


def test_plans_whose_week_has_ended_are_asked_in_turn_until_one_tells() -> None:
    """Overlapping calls spread: as long as no reply has told anything, each is as new as the other."""
    ended = {"w": Window(0.5, NOW - 1, lasts=True)}
    state = replace(
        pool("a", a=(0, None), b=(0, None)),
        quotas={EntryId(name): ended for name in "ab"},
    )
    index = Index(state, now=NOW, model=None)

    assert [index.pick(0.0, state.last).id for _ in range(4)] == ["a", "b", "a", "b"]


def test_a_window_is_long_from_the_reply_that_told_it_early() -> None:
    """A later reply that comes within its last hour does not make it a short one."""
    early = read_windows(told(3601), now=NOW)
    late = read_windows(told(60), now=NOW)

    assert [w.lasts for w in early.values()] == [True]
    assert [w.lasts for w in late.values()] == [False]
    assert [w.lasts for w in joined(early, late).values()] == [True]


def told(seconds: int) -> dict[str, str]:
    """Return the headers of a reply with a window that resets so late."""
    name = "x-ratelimit-{}-requests"
    return {
        name.format("limit"): "100",
        name.format("remaining"): "50",
        name.format("reset"): f"{seconds}s",
    }


def test_the_index_expires_when_a_deadline_is_none_any_more() -> None:
    """An hour before it resets, an entry is as good as one that has no deadline."""
    state = replace(pool(a=(1, 0.9)), quotas={EntryId("a"): {"w": Window(0.9, NOW + 7200)}})

    assert Index(state, now=NOW, model=None).expires == NOW + 3600


def test_the_index_expires_when_a_window_resets() -> None:
    """What a reset changes is looked at again at that moment."""
    state = pool("a", a=(0, 0.1), b=(0, 0.15))

    assert Index(state, now=NOW, model=None).expires == NOW + 60


def test_what_is_left_is_kept_for_the_next_program(tmp_path: Path) -> None:
    """Any strategy reads it once a minute; the pool's thread writes it, and another pool lists it."""
    now = 1_800_000_000.0
    clock = FakeClock(now)
    path = tmp_path / "auth.json"

    def told(used: str) -> FakeReply:
        name = "anthropic-ratelimit-unified-5h"
        headers = {f"{name}-utilization": used, f"{name}-reset": str(int(now) + 900)}
        return FakeReply.json({}, headers=headers)

    with FakeProvider({"sk-one": [told("0.25"), told("0.5"), told("0.75")]}) as server:
        pool = Pool.open("openai", path=path, clock=clock)
        take = Entry(id=EntryId("a"), secret=Secret("sk-one"), base_url=server.url)
        engine_of(pool).change(lambda state: replace(state, entries=(take,)))
        seen = []
        with httpx2.Client(auth=PoolAuth(pool)) as client:
            for _ in range(3):
                client.get(f"{server.url}/models")
                pool.flush()
                seen.append(JsonFileStore(path, "openai").load().entries[0].windows)
                clock.advance(30)

    assert [w["unified-5h"].left for w in seen] == [0.75, 0.75, 0.25]
    assert seen[0]["unified-5h"].until == now + 900


def test_windows_of_two_programs_are_joined() -> None:
    """The later period counts, and within one the lower fraction."""
    known = {"5h": Window(0.5, 10.0), "7d": Window(0.5, 10.0), "x": Window(0.1, 5.0)}

    found = latest_of(known, {"5h": Window(0.4, 10.0), "7d": Window(0.6, 10.0), "x": Window(1, 9)})

    assert found == {"5h": Window(0.4, 10.0), "7d": Window(0.5, 10.0), "x": Window(1, 9)}
    assert latest_of(known, None) is known

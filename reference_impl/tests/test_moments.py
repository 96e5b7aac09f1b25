"""How far a stored moment is believed: a clock was wrong when it was written, or is wrong now."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from credpool import (
    Cooldown,
    Entry,
    EntryId,
    FailureClass,
    Policy,
    Pool,
    PoolExhausted,
    PoolState,
    Secret,
    open_pool,
)
from credpool.clock import Why
from credpool.httpx2 import PoolAuth
from credpool.model.entry import Claim
from credpool.model.terms import FOREVER
from credpool.pool import engine_of
from credpool.providers import registry
from credpool.rules.moments import LONGEST_DEFAULT, Reading, read
from credpool.seed import Surroundings, view_pool
from credpool.stores.memory import MemoryStore
from credpool.testing import FakeClock, FakeProvider, FakeReply

NOW = 1_795_392_000.0
A = EntryId("a")
DAY = 86400.0
YEAR = 365 * DAY
LONGEST = Policy().max_cooldown
CLAIM = Policy().claim_ttl


def cooldown(*, since: float, until: float) -> Cooldown:
    """Return a cooldown with these moments."""
    return Cooldown(failure=FailureClass.RATE_LIMITED, since=since, until=until)


def pool_of(*entries: Entry, policy: Policy | None = None) -> PoolState:
    """Return a pool as it is stored."""
    policy = policy or Policy()
    return PoolState(key="openai", provider="openai", entries=entries, policy=policy)


def key(name: str = "a", **moments: object) -> Entry:
    """Return a key with these moments."""
    return replace(Entry(id=EntryId(name), secret=Secret(f"sk-{name}")), **moments)  # type: ignore[arg-type]


def believed(entry: Entry, *, now: float = NOW, policy: Policy | None = None) -> Entry:
    """Return what is believed of an entry at its first reading."""
    (found,) = read(pool_of(entry, policy=policy), now=now).state.entries
    return found


@pytest.mark.parametrize(
    ("stored", "since", "until"),
    [
        pytest.param((NOW - 60, NOW + 60), NOW - 60, NOW + 60, id="honest"),
        pytest.param((NOW - 60, NOW + YEAR), NOW - 60, NOW - 60 + LONGEST, id="too long"),
        pytest.param((NOW - 60, NOW - 30), NOW - 60, NOW - 30, id="over"),
        pytest.param((NOW + YEAR, NOW + YEAR + 60), NOW, NOW + 60, id="written a year ahead"),
        pytest.param((NOW + 30, NOW + 90), NOW, NOW + 60, id="written 30 s ahead"),
        pytest.param((NOW + 1, NOW + YEAR), NOW, NOW + LONGEST, id="ahead and too long"),
        pytest.param((NOW + YEAR, NOW + 60), NOW, NOW + 60 - YEAR, id="ends before it begins"),
        pytest.param((0.0, NOW + 60), 0.0, NOW + 60, id="without a beginning"),
        pytest.param((0.0, NOW + YEAR), 0.0, NOW + LONGEST, id="too long without a beginning"),
        pytest.param((NOW + YEAR, FOREVER), NOW, FOREVER, id="dead stays dead"),
    ],
)
def test_a_cooldown_is_believed_as_far_as_one_can_be(
    stored: tuple[float, float], since: float, until: float
) -> None:
    """It keeps its length up to the longest there is, and begins by now; so does a model's."""
    original = cooldown(since=stored[0], until=stored[1])

    entry = believed(key(cooldown=original, models={"m": original}))

    assert entry.cooldown == entry.models["m"] == cooldown(since=since, until=until)


@pytest.mark.parametrize(
    ("policy", "longest"),
    [
        pytest.param(Policy(max_cooldown=3600.0), LONGEST_DEFAULT, id="a default is longer"),
        pytest.param(
            Policy(cooldowns={FailureClass.RATE_LIMITED: YEAR}), YEAR, id="set for its class"
        ),
        pytest.param(Policy(sole_cooldown=YEAR), YEAR, id="set for a sole entry"),
        pytest.param(Policy(max_cooldown=2 * YEAR), 2 * YEAR, id="set for hints"),
    ],
)
def test_the_longest_cooldown_is_the_longest_that_can_be_started(
    policy: Policy, longest: float
) -> None:
    """What this pool itself may have started is believed."""
    stored = key(cooldown=cooldown(since=NOW, until=NOW + 10 * YEAR))

    entry = believed(stored, policy=policy)

    assert entry.cooldown == cooldown(since=NOW, until=NOW + longest)


def test_no_default_of_the_registry_is_longer() -> None:
    """The longest default is that of the decision table."""
    rules = [rule for name in registry.names() for rule in registry.provider(name).rules]

    assert rules
    assert max(rule.cooldown or 0.0 for rule in rules) <= LONGEST_DEFAULT


@pytest.mark.parametrize(
    ("stored", "claim"),
    [
        pytest.param(NOW + CLAIM, Claim(holder="h", until=NOW + CLAIM), id="just taken"),
        pytest.param(NOW - 1, Claim(holder="h", until=NOW - 1), id="over"),
        pytest.param(
            NOW + DAY, Claim(holder="h", until=NOW + CLAIM, doubtful=True), id="a day ahead"
        ),
    ],
)
def test_a_claim_is_believed_for_as_long_as_one_lasts(stored: float, claim: Claim) -> None:
    """No claim ends later than one that is taken now, and one that would is doubtful."""
    assert believed(key(claim=Claim(holder="h", until=stored))).claim == claim


def test_a_probe_of_the_future_was_made_now() -> None:
    """It neither blocks the next one for a year nor allows it at once."""
    assert believed(key(probed_at=NOW + YEAR)).probed_at == NOW
    assert believed(key(probed_at=NOW - YEAR)).probed_at == NOW - YEAR


def test_what_is_believed_whole_is_not_touched() -> None:
    """The pool of honest moments is the stored one itself, and nothing is remembered of it."""
    honest = pool_of(
        key(), key("b", cooldown=cooldown(since=NOW - 1, until=NOW + 1), probed_at=NOW)
    )

    found = read(honest, now=NOW)

    assert found == Reading(state=honest, at=NOW, stored={}, believed={})
    assert found.state is honest


def test_the_first_reading_counts() -> None:
    """A moment that is read again ends when the first reading has said, whatever else changed."""
    far = cooldown(since=NOW + YEAR, until=NOW + YEAR + 60)
    stored = pool_of(key(cooldown=far, models={"m": far}, claim=Claim(holder="h", until=NOW + DAY)))
    first = read(stored, now=NOW)
    counted = stored.change({A: replace(stored.entries[0], request_count=7)})

    (entry,) = read(counted, now=NOW + 30, before=first).state.entries

    assert entry.cooldown == entry.models["m"] == cooldown(since=NOW, until=NOW + 60)
    assert entry.claim == Claim(holder="h", until=NOW + CLAIM, doubtful=True)
    assert entry.request_count == 7


def test_another_moment_is_read_for_the_first_time() -> None:
    """What replaces a moment that was read before counts from its own first reading."""
    stored = pool_of(key(claim=Claim(holder="h", until=NOW + DAY)))
    first = read(stored, now=NOW)
    taken = stored.change({A: key(claim=Claim(holder="other", until=NOW + 2 * DAY))})

    (entry,) = read(taken, now=NOW + 30, before=first).state.entries

    assert entry.claim == Claim(holder="other", until=NOW + 30 + CLAIM, doubtful=True)


def test_a_clock_that_goes_back_reads_for_the_first_time() -> None:
    """What was read in the future says nothing."""
    stored = pool_of(key(claim=Claim(holder="h", until=NOW + CLAIM)))
    first = read(stored, now=NOW)

    (entry,) = read(stored, now=NOW - YEAR, before=first).state.entries

    assert entry.claim == Claim(holder="h", until=NOW - YEAR + CLAIM, doubtful=True)


def test_what_is_stored_stays() -> None:
    """A change keeps each moment that is not its own as it was, however little it is believed."""
    far, claim = (
        cooldown(since=NOW + YEAR, until=NOW + 2 * YEAR),
        Claim(holder="h", until=NOW + DAY),
    )
    stored = pool_of(
        key(cooldown=far, models={"m": far}, claim=claim, probed_at=NOW + DAY), key("b")
    )
    found = read(stored, now=NOW)
    mine = cooldown(since=NOW, until=NOW + 2 * LONGEST)
    counted = replace(found.state.entries[0], request_count=1)
    changed = replace(counted, cooldown=mine, models={**counted.models, "other": mine})

    original = found.as_stored(found.state.change({A: changed}))
    untouched = found.as_stored(found.state)

    assert original.entries[0] == key(
        request_count=1, cooldown=mine, models={"m": far, "other": mine}, claim=claim,
        probed_at=NOW + DAY,
    )  # fmt: skip
    assert untouched.entries[0] is stored.entries[0]
    assert found.as_stored(replace(found.state, entries=())).entries == ()


def ask(pool: Pool, url: str) -> int:
    """Call once, and return the status of the reply."""
    with httpx2.Client(auth=PoolAuth(pool)) as client:
        return client.get(f"{url}/v1/models").status_code


LIMITED = FakeReply.json({"error": {"message": "slow down"}}, status=429)
STEPS = [
    pytest.param(YEAR, id="set forward by a year"),
    pytest.param(-YEAR, id="set back by a year"),
    pytest.param(8 * 3600.0, id="a machine that slept"),
    pytest.param(-30.0, id="corrected by -30 s"),
    pytest.param(30.0, id="corrected by 30 s"),
]


@pytest.mark.parametrize("step", STEPS)
def test_an_entry_returns_although_the_clock_was_moved(step: float) -> None:
    """A cooldown lasts for no longer than its length, counted by the clock as it is now."""
    clock = FakeClock(NOW)
    with FakeProvider({"sk-a": [LIMITED, LIMITED]}) as provider:
        entry = key(base_url=f"{provider.url}/v1")
        pool = Pool.from_entries("generic", [entry], clock=clock)
        assert ask(pool, provider.url) == 429
        known = pool.state.entries[0].cooldown
        assert known is not None

        clock.advance(step)
        read_again = pool.state.entries[0].cooldown
        clock.advance(known.until - known.since)

        assert read_again is not None
        assert read_again.until <= clock.now()
        assert ask(pool, provider.url) == 200


class Impatient(FakeClock):
    """A clock at which nobody waits for longer than a claim lasts, so that no test does."""

    def sleep(self, until: float, why: Why, /) -> None:
        """Be at that moment, unless it has been too long."""
        super().sleep(until, why)
        assert sum(self.waits) <= CLAIM + 1e-3, "waited for longer than a claim lasts"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moved", [-YEAR, YEAR], ids=["written behind", "written ahead"])
def test_no_call_waits_longer_than_a_claim_lasts(step: float, moved: float) -> None:
    """Whoever needs a claimed login alone waits for `claim_ttl` at most, and then refreshes it."""
    clock = Impatient(NOW)
    with FakeProvider() as provider:
        login = key(
            refresh_token=Secret("rt-a"),
            expires_at=1.0,
            base_url=f"{provider.url}/v1",
            token_url=f"{provider.url}/token",
            claim=Claim(holder="gone", until=NOW + moved + CLAIM),
        )
        pool = Pool.from_entries("generic", [login], clock=clock)
        clock.advance(step)

        status = ask(pool, provider.url)

        assert status == 200
        assert sum(clock.waits) <= CLAIM + 1e-3
        assert pool.state.entries[0].claim is None


def test_nobody_waits_for_a_doubtful_claim_beside_another_entry() -> None:
    """The call goes on with an entry that no claim holds up, and the claimed one is left alone."""
    clock = Impatient(NOW)
    with FakeProvider() as provider:
        base_url = f"{provider.url}/v1"
        login = key(
            refresh_token=Secret("rt-a"),
            expires_at=1.0,
            base_url=base_url,
            token_url=f"{provider.url}/token",
            claim=Claim(holder="gone", until=NOW + DAY),
        )
        second = replace(
            login, id=EntryId("b"), secret=Secret("sk-b"), refresh_token=Secret("rt-b")
        )
        pool = Pool.from_entries(
            "generic", [login, second, key("c", base_url=base_url)], clock=clock
        )

        status = ask(pool, provider.url)

        assert (status, provider.secrets, clock.waits) == (200, ["sk-c"], [])


def test_a_probe_of_the_future_blocks_for_one_interval() -> None:
    """An entry whose probe was stored a year ahead is probed an interval after it was read."""
    clock = FakeClock(NOW)
    with FakeProvider() as provider:
        out = cooldown(since=NOW - 7200, until=NOW + DAY)
        entry = key(base_url=f"{provider.url}/v1", cooldown=out, probed_at=NOW + YEAR)
        pool = Pool.from_entries("generic", [entry], clock=clock)
        with pytest.raises(PoolExhausted):
            ask(pool, provider.url)

        clock.advance(pool.policy.probe_interval)

        assert ask(pool, provider.url) == 200


@pytest.mark.parametrize("change", [Pool.flush, lambda pool: pool.reset("b")])
def test_a_clock_that_is_behind_destroys_nothing(change: Callable[[Pool], None]) -> None:
    """What a machine with a wrong clock writes leaves others' moments in the store as they were."""
    claim = Claim(holder="h", until=NOW + 30)
    out = cooldown(since=NOW - 10, until=NOW + 3600)
    store = MemoryStore(pool_of(key(cooldown=out, claim=claim), key("b", cooldown=out)))
    pool = Pool(store, clock=FakeClock(NOW - YEAR))
    engine_of(pool).used(pool.state.entries[0])

    change(pool)

    (entry, _) = store.load().entries
    assert (entry.cooldown, entry.claim) == (out, claim)


def test_a_pool_is_viewed_as_it_is_opened(tmp_path: Path) -> None:
    """Who looks at a file from a wrong clock is shown what a call would find."""
    row = {
        "id": "a",
        "access_token": "sk-a",
        "last_status": "exhausted",
        "last_status_at": NOW + YEAR,
        "last_error_reset_at": NOW + YEAR + 60,
    }
    text = json.dumps({"version": 1, "credential_pool": {"openai": [row]}})
    (tmp_path / "auth.json").write_text(text)
    around, clock = Surroundings(environ={}, folder=tmp_path), FakeClock(NOW)

    viewed = view_pool("openai", around, clock=clock)

    (entry,) = viewed.entries
    assert entry == open_pool("openai", around, clock=clock).state.entries[0]
    assert entry.cooldown is not None
    assert entry.cooldown.until == NOW + 60

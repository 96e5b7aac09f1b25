"""Whatever moments a store holds, and however the clock moves, nothing lasts longer than it can."""

from hypothesis import given
from hypothesis import strategies as st

from credpool import Cooldown, Entry, EntryId, FailureClass, Policy, PoolState, Secret
from credpool.model.entry import Claim
from credpool.model.messages import AwaitClaim, Call, Claimed
from credpool.model.terms import FOREVER
from credpool.rules.moments import Reading, read
from credpool.rules.refresh import claim

NOW = 1_795_392_000.0
YEARS = 10 * 365 * 86400.0
POLICY = Policy()

MOMENTS = st.one_of(
    st.floats(min_value=-120.0, max_value=120.0),
    st.floats(min_value=-YEARS, max_value=YEARS),
).map(lambda seconds: NOW + seconds)
SINCE = st.one_of(st.just(0.0), MOMENTS)
UNTIL = st.one_of(st.just(FOREVER), MOMENTS)
COOLDOWNS = st.builds(Cooldown, failure=st.sampled_from(FailureClass), since=SINCE, until=UNTIL)
CLAIMS = st.builds(Claim, holder=st.just("gone"), until=MOMENTS)
ENTRIES = st.builds(
    Entry,
    id=st.just(EntryId("a")),
    secret=st.just(Secret("at")),
    refresh_token=st.just(Secret("rt")),
    expires_at=st.just(1.0),
    cooldown=st.one_of(st.none(), COOLDOWNS),
    models=st.dictionaries(st.sampled_from(["m", "n"]), COOLDOWNS),
    claim=st.one_of(st.none(), CLAIMS),
    probed_at=st.one_of(st.none(), MOMENTS),
)  # fmt: skip
AHEAD = st.lists(st.floats(min_value=0.0, max_value=86400.0), max_size=5)
MOVES = st.lists(st.floats(min_value=-YEARS, max_value=YEARS), max_size=5)


def pool_of(entry: Entry) -> PoolState:
    """Return a pool of one login."""
    return PoolState(key="openai", provider="openai", entries=(entry,), policy=POLICY)


@given(ENTRIES, AHEAD)
def test_nothing_lasts_longer_than_it_can_from_its_first_reading(
    stored: Entry, steps: list[float]
) -> None:
    """However often it is read again, a cooldown and a claim end when the first reading has said."""
    reading, now = None, NOW
    for step in [0.0, *steps]:
        now += step
        reading = read(pool_of(stored), now=now, before=reading)

    assert reading is not None
    (entry,) = reading.state.entries
    for cooldown in filter(None, (entry.cooldown, *entry.models.values())):
        assert cooldown.until == FOREVER or cooldown.until <= NOW + POLICY.max_cooldown
    assert entry.claim is None or entry.claim.until <= NOW + POLICY.claim_ttl
    assert entry.dead is stored.dead


@given(ENTRIES, MOVES)
def test_no_call_is_held_up_longer_than_a_claim_lasts(stored: Entry, moves: list[float]) -> None:
    """At any time by any clock, who is told to wait is told to wait for `claim_ttl` at most."""
    reading: Reading | None = None
    now = NOW
    for move in [0.0, *moves]:
        now += move
        reading = read(pool_of(stored), now=now, before=reading)
        event = Claimed(Call(started=now), EntryId("a"), Secret("at"), "me")

        action = claim(reading.state, event, now=now, draw=0.0).action

        assert not isinstance(action, AwaitClaim) or action.until <= now + POLICY.claim_ttl


@given(ENTRIES, MOMENTS)
def test_what_is_stored_comes_back(stored: Entry, now: float) -> None:
    """A change that has nothing to do with them puts every stored moment back."""
    state = pool_of(stored)
    reading = read(state, now=now)

    assert reading.as_stored(reading.state) == state

"""The index against the rule it stands for, and the rule against what it promises."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from credpool.model.entry import Cooldown, Entry, Window
from credpool.model.policy import Strategy
from credpool.model.secret import Secret
from credpool.model.state import PoolState
from credpool.model.terms import EntryId, FailureClass
from credpool.rules.select import Index, available, choose

NOW = 1795392000.0
times = st.integers(min_value=0, max_value=20)
windows = st.dictionaries(
    st.sampled_from(["5h", "7d"]),
    st.builds(
        Window, st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), times.map(lambda later: NOW + later)
    ),
    max_size=2,
)
draws = st.floats(min_value=0, max_value=1, exclude_max=True)


@st.composite
def pools(draw: st.DrawFn) -> PoolState:
    """Make a pool of which some entries are out for a while, or have no secret."""
    rows = draw(
        st.lists(st.tuples(st.integers(0, 5), st.none() | times, st.booleans()), max_size=6)
    )
    entries = tuple(
        Entry(
            id=EntryId(str(n)),
            secret=Secret(f"sk-{n}") if n == 0 or has_secret else None,
            request_count=count,
            cooldown=None if until is None else _out(NOW + until),
        )
        for n, (count, until, has_secret) in enumerate(rows)
    )
    last = draw(st.none() | st.sampled_from([EntryId(str(n)) for n in range(8)]))
    quotas = draw(st.lists(st.none() | windows, min_size=len(rows), max_size=len(rows)))
    return PoolState(
        key="p",
        provider="openai",
        entries=entries,
        strategy=draw(st.sampled_from(Strategy)),
        last=last,
        quotas={EntryId(str(n)): known for n, known in enumerate(quotas) if known is not None},
    )


def _out(until: float) -> Cooldown:
    return Cooldown(failure=FailureClass.RATE_LIMITED, since=NOW, until=until)


def _used(state: PoolState, entry: Entry) -> PoolState:
    """Return the pool after a request with that entry."""
    now = state.change({entry.id: replace(entry, request_count=entry.request_count + 1)})
    return replace(now, last=entry.id)


@given(pools(), st.lists(st.tuples(times, draws), max_size=30))
def test_the_index_answers_as_the_rule_does(
    state: PoolState, calls: list[tuple[int, float]]
) -> None:
    """Rebuilt when it expires, the index gives the rule's own sequence of choices."""
    index = Index(state, now=NOW, model=None)

    for later, draw in sorted(calls, key=lambda c: c[0]):
        now = NOW + later
        if index.expires <= now:
            index = Index(state, now=now, model=None)
        expected = choose(state, available(state, now=now, model=None), now=now, draw=draw)
        assert bool(index.ready) == (expected is not None)
        if expected is not None:
            assert index.pick(draw, state.last).id == expected.id
            state = _used(state, expected)


@given(pools(), st.lists(st.tuples(st.booleans(), draws), max_size=30))
def test_the_indexes_of_several_models_answer_as_the_rule_does(
    state: PoolState, calls: list[tuple[bool, float]]
) -> None:
    """One index for a model that some entries are out for, one for all others: one sequence."""
    halved = {
        e.id: replace(e, models={"m": _out(NOW + 60)}) for e in state.entries if int(e.id) % 2
    }
    state = replace(state.change(halved), quotas={})
    for e in state.entries:  # what ends is another test's matter
        state = state.change({e.id: replace(e, cooldown=None)})
    of_all = Index(state, now=NOW, model=None)
    of_one = Index(state, now=NOW, model="m", counts=of_all.counts)

    for is_one, draw in calls:
        index, model = (of_one, "m") if is_one else (of_all, None)
        expected = choose(state, available(state, now=NOW, model=model), now=NOW, draw=draw)
        if expected is not None:
            assert index.pick(draw, state.last).id == expected.id
            state = _used(state, expected)


@given(st.lists(st.integers(min_value=0, max_value=40), min_size=1, max_size=8))
def test_filling_up_is_the_repeated_minimum(counts: list[int]) -> None:
    """Under `least_used`, level by level is the same as the lowest count each time."""
    entries = tuple(
        Entry(id=EntryId(str(n)), secret=Secret(f"sk-{n}"), request_count=c)
        for n, c in enumerate(counts)
    )
    state = PoolState(key="p", provider="openai", entries=entries, strategy=Strategy.LEAST_USED)
    index = Index(state, now=NOW, model=None)

    for _ in range(60):
        lowest = min(range(len(counts)), key=counts.__getitem__)
        assert index.pick(0.0, None).id == str(lowest)
        counts[lowest] += 1


@given(pools(), draws, times)
def test_whoever_is_chosen_is_available(state: PoolState, draw: float, later: int) -> None:
    """No strategy chooses an entry that is out or has no secret."""
    ready = available(state, now=NOW + later, model=None)

    chosen = choose(state, ready, now=NOW + later, draw=draw)

    assert (chosen is None) == (not ready)
    if chosen is not None:
        assert chosen.secret is not None
        assert chosen.blocked(NOW + later) is None


@given(st.integers(min_value=1, max_value=10_000))
def test_the_largest_draw_is_the_last_entry(size: int) -> None:
    """A draw just below one never points behind the last entry."""
    assert int((1 - 2**-53) * size) == size - 1
